"""What publishing a proposal would change, for people: changes, who is told what, what stays without a place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, npgettext

from cases.models import Case
from experts.models import Expert, Team
from mdt_portal import access
from mdt_portal.i18n import clock, phrases
from mdt_portal.models import User
from scheduling.explain import change_reasons, solver_text
from scheduling.models import Proposal, Room
from scheduling.problem.core import plan_diff
from scheduling.problem.core.horizon import Horizon
from scheduling.problem.core.plan_diff import ChangeKind, PlanChange
from scheduling.problem.snapshot import Snapshot
from scheduling.publishing import changed_since, publication
from scheduling.selectors import progress
from scheduling.solver.core.plan import Plan, PlannedSession
from scheduling.states import RunStatus

KEEP_S = 600
MOST_NEWS = 2  # that the page shows of one person
PARTS = {ChangeKind.PEOPLE: "person"}  # the word of the part diff_row, where it differs from the kind's own


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRow:
    """One change, as the part `diff_row` takes it."""

    kind: str
    what: Team | str
    detail: str
    before: str
    after: str
    notified: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifiedPerson:
    expert: Expert
    what: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A case that stays without a place; `case` is None where the reader may not see it."""

    case: Case
    reasons: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    rows: list[ReviewRow]
    unchanged: int
    notified: list[NotifiedPerson]
    left: list[Left]
    hidden: int
    levels: list[progress.Level]
    quality: str
    sessions: int
    placed: int
    stale: bool
    since: list[changed_since.ChangeSince]
    obstacles: str
    counts: Mapping[str, int]

    @property
    def figures(self) -> list[dict[str, Any]]:
        def tile(label: str, kind: ChangeKind) -> dict[str, Any]:
            count = self.counts.get(kind, 0)
            return {"label": label, "value": count, "note": npgettext("unit", "session", "sessions", count)}

        tiles = [
            tile(_("New"), ChangeKind.NEW),
            tile(_("Moved"), ChangeKind.MOVED),
            tile(_("Person changed"), ChangeKind.PEOPLE),
            tile(_("Cancelled"), ChangeKind.CANCELLED),
        ]
        if self.counts.get(ChangeKind.AGENDA):
            tiles.insert(3, tile(_("Agenda changed"), ChangeKind.AGENDA))
        notified = {"label": _("Will be told"), "value": len(self.notified), "note": _("one message each")}
        return [*tiles, notified | {"unit": npgettext("unit", "person", "people", len(self.notified))}]


def of(proposal: Proposal, user: User, *, with_reasons: bool = False) -> Review:
    """Compare the proposal with what is published now; of one that was published, what that changed. `with_reasons`
    tries what each change buys, for seconds."""
    plan = Plan.from_json(proposal.plan)
    changes: list[PlanChange] = []
    said: list[str] = []
    obstacles = ""
    if proposal.run.status == RunStatus.PROPOSED:
        changes, seen = publication.preview(proposal)
        obstacles = publication.obstacles(proposal, seen)
        if with_reasons:
            tried = [change for change in changes if change.kind != ChangeKind.SAME]
            said = reasons(proposal, tried, seen, user)
    elif proposal.changes is not None:
        changes = plan_diff.from_json(proposal.changes)
    unchanged = sum(change.kind == ChangeKind.SAME for change in changes)
    changes = [change for change in changes if change.kind != ChangeKind.SAME]
    run = proposal.run
    horizon = Horizon.around(run.horizon_start, run.horizon_days, run.institutions.order_by("pk")[0].tz)
    words = Words(horizon, changes)
    stale = publication.is_stale(proposal)
    goals, bound = list(plan.goals), list(plan.bound) if plan.bound else None
    left, hidden = words.left(plan, user)
    return Review(
        rows=[words.row(change, reason) for change, reason in zip(changes, said or [""] * len(changes), strict=True)],
        unchanged=unchanged,
        notified=words.notified(),
        left=left,
        hidden=hidden,
        levels=progress.levels(goals, bound, proposal.figures),
        quality=progress.within(goals, bound),
        sessions=len(plan.sessions),
        placed=sum(len(session.cases) for session in plan.sessions),
        stale=stale,
        since=changed_since.of(proposal) if stale and run.status == RunStatus.PROPOSED else [],
        obstacles=obstacles,
        counts={kind: sum(change.kind == kind for change in changes) for kind in ChangeKind},
    )


def reasons(proposal: Proposal, changes: Sequence[PlanChange], seen: Snapshot, user: User) -> list[str]:
    """What each of these changes buys, in the reader's words. Tried once for each state of what is published, and kept
    for a while: the trying takes seconds."""
    key = f"reasons:{proposal.pk}:{sorted(seen.base_versions.items())}".replace(" ", "")
    found = cache.get(key)
    if found is None:
        found = change_reasons.costs(changes, publication.as_of_now(proposal, seen), seen)
        cache.set(key, found, KEEP_S)
    return change_reasons.texts(changes, found, seen, user)


class Words:
    """Names and clock times for the ids and minutes of a plan."""

    def __init__(self, horizon: Horizon, changes: Sequence[PlanChange]) -> None:
        self.horizon, self.changes = horizon, changes
        sessions = [one for change in changes for one in (change.old, change.new) if one is not None]
        self.teams = Team.objects.in_bulk({session.team for session in sessions})
        self.rooms = Room.objects.in_bulk({session.room for session in sessions if session.room})
        self.people = Expert.objects.in_bulk({pk for session in sessions for pk in session.people()})

    # Changes -----------------------------------------------------------------------------------------------------

    def row(self, change: PlanChange, reason: str = "") -> ReviewRow:
        session = change.new or change.old
        assert session is not None
        before, after = self._before_and_after(change)
        return ReviewRow(
            kind=PARTS.get(change.kind, str(change.kind)),
            what=self.teams.get(session.team, ""),
            detail=self._detail(change, session),
            before=before,
            after=after,
            notified=len(change.notified),
            reason=reason,
        )

    def _detail(self, change: PlanChange, session: PlannedSession) -> str:
        cases = ngettext("%(n)d case", "%(n)d cases", len(session.cases)) % {"n": len(session.cases)}
        if change.kind in (ChangeKind.PEOPLE, ChangeKind.AGENDA):
            return phrases.line(self._when(session), cases)
        people = len(session.people())
        return phrases.line(cases, ngettext("%(n)d person", "%(n)d people", people) % {"n": people})

    def _before_and_after(self, change: PlanChange) -> tuple[str, str]:
        old, new = change.old, change.new
        if change.kind == ChangeKind.PEOPLE:
            return self._names(change.leaves), self._names(change.joins)
        if change.kind == ChangeKind.AGENDA and old and new:
            return self._agenda(old), self._agenda(new)
        before = self._place(old) if old else ""
        after = self._place(new) if new else (_("none") if old else "")
        return before, after

    def _names(self, experts: Iterable[int]) -> str:
        return phrases.listed(sorted(str(self.people[pk]) for pk in experts if pk in self.people))

    def _agenda(self, session: PlannedSession) -> str:
        return _("%(cases)s until %(time)s") % {
            "cases": ngettext("%(n)d case", "%(n)d cases", len(session.cases)) % {"n": len(session.cases)},
            "time": clock.hour(self._local(session.end_min)),
        }

    def _place(self, session: PlannedSession) -> str:
        room = self.rooms.get(session.room) if session.room else None
        return phrases.line(self._when(session), room or _("by video"))

    def _when(self, session: PlannedSession) -> str:
        start, end = self._local(session.start_min), self._local(session.end_min)
        return phrases.line(clock.day(start.date()), f"{clock.hour(start)}–{clock.hour(end)}")

    def _local(self, minute: int) -> datetime:
        return self.horizon.moment(minute).astimezone(self.horizon.zone)

    # Who is told -------------------------------------------------------------------------------------------------

    def notified(self) -> list[NotifiedPerson]:
        news: dict[int, list[str]] = defaultdict(list)
        for change in self.changes:
            if change.kind == ChangeKind.SAME:
                continue
            for experts, session, template in (
                (change.joins, change.new, _("New seat: %(what)s")),
                (change.shifted, change.new, _("Changed: %(what)s")),
                (change.leaves, change.old, _("Not needed any more: %(what)s")),
            ):
                for expert in experts:
                    if session is not None:
                        news[expert].append(template % {"what": self._short(session)})
        notified = [
            NotifiedPerson(expert=self.people[pk], what=_shortened(what))
            for pk, what in news.items()
            if pk in self.people
        ]
        return sorted(notified, key=lambda one: str(one.expert))

    def _short(self, session: PlannedSession) -> str:
        start = self._local(session.start_min)
        return phrases.line(self.teams.get(session.team, ""), clock.day(start.date()), clock.hour(start))

    # What stays without a place ----------------------------------------------------------------------------------

    def left(self, plan: Plan, user: User) -> tuple[list[Left], int]:
        """The cases that got no place, nearest limit first, and the number of those that the reader may not see."""
        reasons = {one.case: [_as_json(reason) for reason in one.reasons] for one in plan.unplaced}
        names = solver_text.names_of([reason["params"] for of_case in reasons.values() for reason in of_case])
        seen = access.visible(user, Case.objects.filter(pk__in=reasons))
        cases = Case.objects.filter(pk__in=seen.values("pk")).nearest_limit_first()
        rows = [
            Left(
                case=case,
                reasons=[solver_text.unplaced_text(reason, names, self.horizon) for reason in reasons[case.pk]]
                or [_("The plan found no place for it.")],
            )
            for case in cases
        ]
        return rows, len(reasons) - len(rows)


def _shortened(what: list[str]) -> list[str]:
    """The first two pieces of news, and how many more there are."""
    if len(what) <= MOST_NEWS:
        return what
    rest = len(what) - MOST_NEWS + 1
    return [*what[: MOST_NEWS - 1], ngettext("and %(n)d more", "and %(n)d more", rest) % {"n": rest}]


def _as_json(reason: Any) -> dict[str, Any]:
    return {"code": reason.code, "params": dict(reason.params)}
