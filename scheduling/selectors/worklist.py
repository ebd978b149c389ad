"""What needs a hand now: cases near their limit, seats, answers, materials, plans. Reads only.

Each entry has one kind, one sentence and one action. Those with a limit come in the order of it, the others after them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from cases.catalogue import reviews, rulebook
from cases.models import ApprovalDecision, Case, HeldMatch, MaterialItem, RuleApproval, Tier, Urgency
from cases.selectors import case_queue
from cases.states import AWAITING_FACTS, WITH_A_PLACE, CaseStatus, MaterialStatus, RuleStatus
from experts import roles
from experts.availability import special_days
from experts.models import Discipline, Expert, Role
from mdt_portal import access, shell
from mdt_portal.i18n import clock, phrases
from mdt_portal.models import User
from scheduling.explain import unplaced
from scheduling.models import AgendaItem, Attendance, Invitation, PlanningRun, Seat, Session, TimeRequest
from scheduling.resources import hit_text, hits
from scheduling.sessions import suggestions
from scheduling.states import LIVE_SESSIONS, InvitationStatus, RunStatus, TimeRequestStatus

SOON = timedelta(hours=24)
SEATS_AHEAD = timedelta(days=14)
FAILED_FOR = timedelta(days=2)
REFUSED_FOR = timedelta(days=2)
MOST = 200
"""Enough for any morning; what lies behind it shows itself when the first ones are done."""

KINDS: dict[str, str | Promise] = {
    "case": gettext_lazy("Case, unplaced"),
    "late": gettext_lazy("Late in the plan"),
    "facts": gettext_lazy("Facts missing"),
    "decision": gettext_lazy("To be decided"),
    "team": gettext_lazy("No team"),
    "identity": gettext_lazy("Identity in doubt"),
    "approval": gettext_lazy("Rules to approve"),
    "sent_back": gettext_lazy("Rules sent back"),
    "review": gettext_lazy("Rules to review"),
    "materials": gettext_lazy("Materials"),
    "time_requested": gettext_lazy("Time asked for"),
    "seat": gettext_lazy("Seat open"),
    "hit": gettext_lazy("Cannot stay"),
    "holidays": gettext_lazy("Holidays"),
    "silent": gettext_lazy("No answer"),
    "quorum": gettext_lazy("Not yet confirmed"),
    "record": gettext_lazy("Record missing"),
    "recommend": gettext_lazy("Recommendation"),
    "follow_up": gettext_lazy("Follow-up"),
    "run": gettext_lazy("Plan to review"),
    "failed": gettext_lazy("Plan failed"),
    "draft": pgettext_lazy("kind of work", "Draft"),
}
GOING_ON = frozenset({"facts", "record", "recommend", "follow_up"})
"""Kinds whose work is a form of its own: once it is saved, the next one of the list follows."""
ICONS = {
    "case": "queue",
    "late": "clock",
    "facts": "help",
    "decision": "help",
    "team": "pools",
    "identity": "person",
    "approval": "filecheck",
    "sent_back": "undo",
    "review": "catalogue",
    "materials": "clip",
    "time_requested": "person",
    "seat": "personx",
    "hit": "block",
    "holidays": "today",
    "silent": "bell",
    "quorum": "hold",
    "record": "filecheck",
    "recommend": "file",
    "follow_up": "bell",
    "run": "run",
    "failed": "warn",
    "draft": "refer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`due` is the limit that breaks next; `since` how long it has waited where there is none. An `emergency` goes
    before everything else."""

    kind: str
    what: str
    detail: str
    url: str
    action: str
    due: datetime | None = None
    since: datetime | None = None
    emergency: bool = False
    dialog: str = ""
    """The address of a dialog in which the work can be done without leaving the page, where there is one."""

    @property
    def label(self) -> str:
        return str(KINDS[self.kind])

    @property
    def icon(self) -> str:
        return ICONS[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Entries under one heading; `total` counts those that are not shown too."""

    label: str
    entries: list[Entry]
    total: int


def entries(user: User, now: datetime) -> list[Entry]:
    """Everything that waits for this reader, the nearest limit first. A constant number of queries."""
    found = [*_cases(user, now), *_time_requests(user, now), *_sessions(user, now), *_hit(user, now), *_runs(user, now)]
    return in_order([*found, *_identities(user), *_holidays(user, now), *_catalogue(user, now)], now)


def in_order(found: Iterable[Entry], now: datetime) -> list[Entry]:
    """Emergencies first, then the nearest limit."""
    far = datetime.max.replace(tzinfo=now.tzinfo)
    return sorted(found, key=lambda entry: (not entry.emergency, entry.due or far, entry.since or far, entry.what))


def grouped(found: Iterable[Entry], now: datetime, *, most: int | None = None) -> list[Group]:
    """The entries under their headings, at most so many shown in all, each heading with the number of all of its own;
    an empty one is left out."""
    groups: list[tuple[str, list[Entry]]] = [
        (_("Emergencies"), []),
        (_("Limit broken"), []),
        (_("Limit within 24 hours"), []),
        (_("Limit in more than 24 hours"), []),
        (_("No hard limit"), []),
    ]
    for entry in found:
        place = 4 if entry.due is None else 1 if entry.due < now else 2 if entry.due < now + SOON else 3
        place = 0 if entry.emergency else place
        groups[place][1].append(entry)
    shown, left = [], most
    for label, members in groups:
        part = members if left is None else members[:left]
        left = None if left is None else left - len(part)
        if part:
            shown.append(Group(label=label, entries=part, total=len(members)))
    return shown


# Cases ----------------------------------------------------------------------------------------------------------------


def _cases(user: User, now: datetime) -> Iterator[Entry]:
    """Among them each required case that the newest plan could not place, or only after its limit."""
    awaited = MaterialItem.objects.filter(case=OuterRef("pk"), status=MaterialStatus.MISSING)
    pool = access.visible(user, Case.objects.waiting()).order_by()
    plans = unplaced.Newest(set(pool.values_list("team__institution", flat=True).distinct()))
    left = Q(tier=Tier.REQUIRED) & plans.left_out()
    waiting = Q(status=CaseStatus.WAITING) & (case_queue.near(now) | case_queue.blocked_by("materials") | left)
    late = Q(tier=Tier.REQUIRED, place_at__gt=now) & Q(place_at__gt=F("due_at"))
    placed = Q(status__in=WITH_A_PLACE) & (Q(Exists(awaited)) | late)
    drafts = Q(status=CaseStatus.DRAFT, referrer=user)
    wanted = waiting | placed | drafts | Q(status__in=(*AWAITING_FACTS, CaseStatus.TO_DECIDE))
    place = AgendaItem.objects.filter(case=OuterRef("pk"), active=True).values("start")[:1]
    known = Case.objects.annotate(place_at=Subquery(place))
    rows = case_queue.rows(access.visible(user, known.filter(wanted)))
    cases = list(rows.select_related(None).select_related("patient", "team")[:MOST])
    groups = case_queue.groups_of(cases)
    why = plans.why(case for case in cases if case.status == CaseStatus.WAITING)
    leads = _leads(user)
    for case in cases:
        entry = _case(case, case_queue.block(case, groups), str(why.get(case.pk, "")), now, leads=leads)
        acts = leads or case.referrer_id == user.pk
        yield entry if acts else _to_read(entry, reverse("case", args=[case.public_id]))


def _leads(user: User) -> bool:
    """Whether the reader repairs things; managers and auditors only look."""
    return access.can(user, "plan.request", None)


def _to_read(entry: Entry, url: str) -> Entry:
    """The same news for somebody who may look but not act."""
    return replace(entry, url=url, action=pgettext("look at it", "Open"), dialog="")


def _case(case: Case, block: case_queue.Block | None, why: str, now: datetime, *, leads: bool) -> Entry:
    address = reverse("case", args=[case.public_id])
    kind, action, url = "case", _("See why"), address
    detail = why or _("No plan has found a place for it yet.")
    if case.status == CaseStatus.DRAFT:
        kind, action, detail = "draft", _("Finish"), _("Nobody works on it until it is submitted.")
        url = reverse("case_edit", args=[case.public_id])
    elif over := _over(case, now):
        kind, detail = "late", _("Its place in the plan begins %(span)s after the limit.") % {"span": clock.span(over)}
        url = reverse("why_not", args=[case.public_id]) if leads else address
    elif case.status in WITH_A_PLACE:
        kind, action, url = "materials", _("Open checklist"), f"{address}#materials"
        detail = _("It has a place in the plan. Missing: %(things)s") % {"things": case_queue.names(_missing(case))}
    elif block is None and leads and case.status == CaseStatus.WAITING:
        url = reverse("why_not", args=[case.public_id])
    elif block is not None:
        kind, detail = block.kind, block.text
        actions = {"facts": _("Supply facts"), "team": _("Choose team"), "materials": _("Open checklist")}
        action = (actions | {"decision": _("Decide") if leads else pgettext("look at it", "Open")})[kind]
        if kind == "facts":
            url = reverse("case_edit", args=[case.public_id])
        elif kind == "materials":
            url = f"{address}#materials"
    if case.tier:
        detail = _("%(tier)s. %(detail)s") % {"tier": Tier(case.tier).label, "detail": detail}
    emergency = case.urgency == Urgency.EMERGENCY and kind != "draft"
    if emergency:
        detail = _("%(tier)s. %(detail)s") % {"tier": Urgency.EMERGENCY.label, "detail": detail}
    return Entry(
        kind=kind,
        what=about(case),
        detail=detail,
        url=url,
        action=action,
        due=case.due_at if kind != "draft" else None,
        since=case.created_at,
        emergency=emergency,
        dialog=_dialog(case, kind),
    )


def _dialog(case: Case, kind: str) -> str:
    """Where a team is chosen, or the checklist ticked off, without leaving the list."""
    name = {"team": "case_team", "materials": "case_materials"}.get(kind)
    return reverse(name, args=[case.public_id]) if name else ""


def _over(case: Case, now: datetime) -> float:
    """By how many minutes a required case misses its limit at the place that it has, while that can be mended."""
    place: datetime | None = case.place_at  # type: ignore[attr-defined]
    if place is None or case.due_at is None or place <= now or case.tier != Tier.REQUIRED:
        return 0
    return max(0, (place - case.due_at).total_seconds() / 60)


def about(case: Case) -> str:
    return pgettext("parts of a line", " · ").join(
        filter(None, (case.number, case_queue.about(case), case_queue.whom(case)))
    )


def _missing(case: Case) -> list[MaterialItem]:
    return case.missing  # type: ignore[attr-defined]


def _identities(user: User) -> Iterator[Entry]:
    """One line for all records that may be of known patients, the oldest of them first."""
    if not access.can(user, "identity.review"):
        return
    held = list(access.visible(user, HeldMatch.objects.open()).order_by("pk").values_list("held_at", flat=True))
    if held:
        words = ngettext("%(n)d record may be of a known patient", "%(n)d records may be of known patients", len(held))
        yield Entry(
            kind="identity",
            what=words % {"n": len(held)},
            detail=_("Nothing was joined. Compare both, then join them or keep them apart."),
            url=reverse("identities"),
            action=pgettext("two records", "Compare"),
            since=held[0],
        )


def _catalogue(user: User, now: datetime) -> Iterator[Entry]:
    """Rules that wait for this reader's approval, that were sent back to them, or that are due for review."""
    if not access.can(user, "catalogue.edit"):
        return
    asked = Q(decision="") & ~Q(requested_by=user)
    later = Exists(RuleApproval.objects.filter(rules=OuterRef("rules"), pk__gt=OuterRef("pk")))
    sent_back = Q(~later, decision=ApprovalDecision.SENT_BACK, requested_by=user, rules__status=RuleStatus.DRAFT)
    rows = RuleApproval.objects.filter(asked | sent_back).select_related("requested_by", "decided_by").distinct()
    for one in rows.prefetch_related("rules").order_by("pk")[:MOST]:
        names = phrases.listed(rule.name for rule in one.rules.all())
        if one.decision:
            said = {"who": one.decided_by, "why": one.answer}
            detail = _("Sent back by %(who)s: %(why)s") % said
        else:
            detail = _("%(who)s asks: %(why)s") % {"who": one.requested_by, "why": one.reason}
        yield Entry(
            kind="sent_back" if one.decision else "approval",
            what=names,
            detail=detail,
            url=reverse("rule_approval", args=[one.public_id]),
            action=pgettext("look at it", "Open") if one.decision else _("Approve or send back"),
            since=one.decided_at or one.requested_at,
        )
    zone = clock.zone(getattr(shell.home(user), "zone", None))
    due = reviews.due(rulebook.today(zone, at=now))
    if days := [day for day in due.order_by("review_by").values_list("review_by", flat=True) if day]:
        words = ngettext("%(n)d rule is due for review", "%(n)d rules are due for review", len(days))
        yield Entry(
            kind="review",
            what=words % {"n": len(days)},
            detail=_("Look whether it still holds. What stays needs one click and a note."),
            url=f"{reverse('catalogue')}?review=due",
            action=pgettext("look at it", "Open"),
            since=datetime.combine(days[0], time(), zone),
        )


def _time_requests(user: User, now: datetime) -> Iterator[Entry]:
    """What experts said who were asked to come although off duty, while their case still waits; one line a case."""
    said = Q(status=TimeRequestStatus.AGREED, start__gt=now) | Q(
        status=TimeRequestStatus.REFUSED, answered_at__gt=now - REFUSED_FOR
    )
    mine = Q(case__team__institution__in=roles.reach(user, Role.COORDINATOR), case__status=CaseStatus.WAITING)
    rows = TimeRequest.objects.filter(said, mine).select_related("expert", "case__patient", "case__team__institution")
    seen: set[int] = set()
    for row in rows.order_by("status", "start")[:MOST]:  # a yes comes before a no
        if row.case_id in seen:
            continue
        seen.add(row.case_id)
        agreed = row.status == TimeRequestStatus.AGREED
        local = row.start.astimezone(row.case.team.institution.tz) if row.case.team else row.start
        said_words = _("%(expert)s comes on %(when)s. Plan again, and the case can get its place.")
        detail = said_words if agreed else _("%(expert)s cannot come on %(when)s. See what else would help.")
        yield Entry(
            kind="time_requested",
            what=about(row.case),
            detail=detail % {"expert": row.expert, "when": phrases.line(clock.day(local.date()), clock.hour(local))},
            url=reverse("run_new") if agreed else reverse("why_not", args=[row.case.public_id]),
            action=_("Plan again") if agreed else _("Why not?"),
            due=row.case.due_at,
            emergency=row.case.urgency == Urgency.EMERGENCY,
        )


# Sessions -------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Seats:
    """The required seats of one session about which something must be done; disciplines and experts as ids."""

    open: set[int] = field(default_factory=set)
    pending: int = 0
    late: list[int] = field(default_factory=list)


def _sessions(user: User, now: datetime) -> Iterator[Entry]:
    if not access.can(user, "plan.view", None):
        return
    leads = _leads(user)
    ahead = Session.objects.filter(status__in=LIVE_SESSIONS, start__gt=now, start__lt=now + SEATS_AHEAD)
    coming = access.visible(user, ahead)
    seats = _seats(coming, now)
    bad = Q(pk__in=[pk for pk, one in seats.items() if one.open or one.late])
    unsure = Q(pk__in=[pk for pk, one in seats.items() if one.pending], start__lt=now + SOON)
    sessions = list(coming.filter(bad | unsure).select_related("team", "institution").order_by("start", "pk")[:MOST])
    words = _Words(seats[session.pk] for session in sessions)
    suggested = suggestions.of_sessions(session.pk for session in sessions)
    for session in sessions:
        entry = _session(session, now, seats[session.pk], words, suggested.get(session.pk, ()))
        if entry is not None:
            yield entry if leads else _to_read(entry, reverse("session", args=[session.public_id]))


def _seats(coming: QuerySet[Session], now: datetime) -> dict[int, _Seats]:
    """Of those sessions about which something could be said, by id. Two queries, which bring a few numbers for each
    seat instead of everything about it."""
    sessions = coming.order_by().values("pk")
    found: dict[int, _Seats] = defaultdict(_Seats)
    required = Seat.objects.filter(item__active=True, optional=False).order_by()
    lacking = required.filter(item__session__in=sessions, attendance=None)
    for session, discipline in lacking.values_list("item__session_id", "discipline_id"):
        found[session].open.add(discipline)
    silent = Attendance.objects.filter(
        Exists(required.filter(attendance=OuterRef("pk"))),
        session__in=sessions,
        invitation__status=InvitationStatus.PENDING,
    )
    for session_, expert, answer_by in silent.values_list("session_id", "expert_id", "invitation__answer_by"):
        assert session_ is not None
        found[session_].pending += 1
        if answer_by < now:
            found[session_].late.append(expert)
    return found


class _Words:
    """The names behind the ids in `seats`."""

    def __init__(self, seats: Iterable[_Seats]) -> None:
        rows = list(seats)
        self.disciplines = Discipline.objects.in_bulk({pk for one in rows for pk in one.open})
        self.experts = Expert.objects.in_bulk({pk for one in rows for pk in one.late})


def _session(
    session: Session, now: datetime, seats: _Seats, words: _Words, declined: Iterable[Invitation]
) -> Entry | None:
    """The worst that can be said of its seats: one is open, somebody is silent, or it is soon and unconfirmed."""
    address = reverse("session", args=[session.public_id])
    if seats.open:
        kind, action = "seat", _("Choose deputy")
        what = phrases.listed(sorted(words.disciplines[pk].name for pk in seats.open))
        detail = _("Nobody sits there: %(n)d required seats are open.") % {"n": len(seats.open)}
        if len(seats.open) == 1:
            detail = _("Nobody sits there. The session cannot be confirmed without this seat.")
        detail = phrases.sentences(detail, *(_suggested(row, session) for row in declined))
    elif seats.late:
        kind, action, late = "silent", _("Call list"), len(seats.late)
        what = ngettext("%(n)d person silent", "%(n)d people silent", late) % {"n": late}
        names = phrases.listed(words.experts[pk].name for pk in seats.late)
        detail = _("No answer in time: %(names)s") % {"names": names}
    elif seats.pending and session.start < now + SOON:
        kind, action = "quorum", _("Call list")
        what = ngettext("%(n)d answer awaited", "%(n)d answers awaited", seats.pending) % {"n": seats.pending}
        detail = _("It is soon, and not all have accepted.")
    else:
        return None
    return Entry(
        kind=kind,
        what=f"{session.team.name} · {what}",
        detail=detail,
        url=address if seats.open else f"{reverse('calls')}?session={session.public_id}",
        action=action,
        due=session.start,
    )


def _suggested(row: Invitation, session: Session) -> str:
    """`Zhou Min: Suggests Liu Yun.`"""
    return phrases.labelled(row.attendance.expert.name, suggestions.words(row, session.institution.tz))


def _hit(user: User, now: datetime) -> Iterator[Entry]:
    """Sessions that cannot stay as they are published: leave, closures, days off and the like; one line each."""
    if not access.can(user, "plan.view", None):
        return
    leads = _leads(user)
    coming = access.visible(user, Session.objects.filter(status__in=LIVE_SESSIONS, start__gt=now))
    for found in list(hits.now(coming).values())[:MOST]:
        session = found[0].session
        url = reverse("session", args=[session.public_id])
        entry = Entry(
            kind="hit",
            what=f"{session.team.name} · {phrases.listed(dict.fromkeys(hit_text.short(one) for one in found))}",
            detail=hit_text.when(session),
            url=f"{url}#hit",
            action=_("Mend"),
            due=session.start,
        )
        yield entry if leads else _to_read(entry, url)


# Holidays -------------------------------------------------------------------------------------------------------------


def _holidays(user: User, now: datetime) -> Iterator[Entry]:
    """Next year's holidays, once the government's notice is due, until somebody has compared them with it."""
    if not _leads(user):
        return
    hospitals = roles.institutions(user, Role.COORDINATOR)
    for hospital, year in special_days.to_compare(hospitals, now):
        yield Entry(
            kind="holidays",
            what=_("Holidays of %(year)d, %(hospital)s") % {"year": year, "hospital": hospital.name},
            detail=_("They are predicted. The State Council's notice is due: compare the days and set what differs."),
            url=f"{reverse('special_days')}?hospital={hospital.public_id}",
            action=pgettext("compare dates with a notice", "Compare"),
            since=special_days.due_from(hospital, year),
        )


# Plans ----------------------------------------------------------------------------------------------------------------


def _runs(user: User, now: datetime) -> Iterator[Entry]:
    """Plans that wait for a decision, and the newest run where it failed."""
    if not access.can(user, "plan.view", None):
        return
    fresh = Q(status=RunStatus.PROPOSED) | Q(status=RunStatus.FAILED, finished_at__gt=now - FAILED_FOR)
    rows = access.visible(user, PlanningRun.objects.filter(fresh)).defer("problem", "progress")
    newest = access.visible(user, PlanningRun.objects.all()).order_by("-pk").values_list("pk", flat=True).first()
    for run in rows[:20]:
        url = reverse("run", args=[run.public_id])
        if run.status == RunStatus.PROPOSED:
            yield Entry(
                kind="run",
                what=_("Plan %(run)s is ready") % {"run": run},
                detail=_("Look at what changes, then publish or discard it."),
                url=url,
                action=_("Review"),
                since=run.finished_at,
            )
        elif run.pk == newest:
            yield Entry(
                kind="failed",
                what=_("Plan %(run)s failed") % {"run": run},
                detail=_("The published plan is untouched. See why, and plan again."),
                url=url,
                action=_("See why"),
                since=run.finished_at,
            )
