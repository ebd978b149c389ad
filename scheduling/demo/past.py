"""The meetings of the past week, so that a newcomer sees the whole loop: held, recommended, followed up, closed.

One meeting has no record yet, some recommendations are still to be written, one look is due today, one is overdue.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from cases.models import Case, Outcome
from cases.services import aftercare, materials, workflow
from cases.services.aftercare import Todo, Words
from cases.states import CaseStatus
from experts.availability import working_days
from experts.models import Expert, Qualification
from mdt_portal import lifecycle
from mdt_portal.models import AuditEvent, StatusEvent, User
from scheduling.demo import referrals, vignettes
from scheduling.demo.people import Hired
from scheduling.demo.referrals import World
from scheduling.demo.teams import Formed
from scheduling.models import AgendaItem, Attendance, Session
from scheduling.problem.places import places
from scheduling.sessions import confirmation, meetings, session_services
from scheduling.states import InvitationStatus

CASES = 3
CASE_MIN = 20
REFERRED_BEFORE = timedelta(days=5)
MEETS_AT = time(15)
TEXTS = (
    (
        "按讨论意见先完善分期检查，一周内开始系统治疗；两个疗程后复查，再评估手术。",
        "Complete the staging and start systemic treatment within a week; assess for surgery after two cycles.",
    ),
    (
        "目前可切除，建议手术；术前请麻醉科评估心肺功能，术后标本补做分子检测。",
        "Resectable now: operate. Anaesthesia assesses heart and lungs before; molecular tests on the specimen.",
    ),
    (
        "暂不手术。先控制合并症并加强营养支持，四周后复查影像，再决定下一步。",
        "No operation for now. Treat the comorbidities, support nutrition, repeat the imaging in four weeks.",
    ),
)
TODOS = (
    ("完善影像检查", "Repeat the imaging"),
    ("与家属谈话并签署知情同意", "Talk to the family and take the consent"),
)
WHY_WITHOUT_ONE = ("一位专家手术未结束，会前已提交书面意见", "One of us was in theatre and had sent a written opinion")
WHY_PARTLY = ("床位紧张，检查推迟三天", "No bed free: the imaging was put off by three days")


ADDED = ("病理补充报告已到，与讨论意见一致。", "The supplementary pathology report has come; it agrees with the above.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meeting:
    """`ago`: how many working days ago; `late_min` is None where nobody has kept a record. `then` says of each case
    what happened afterwards, in days from today: the next look, or "write", "close", "partly", "not_needed"."""

    ago: int
    late_min: int | None
    then: Sequence[int | str] = ()


MEETINGS = (
    _Meeting(ago=5, late_min=0, then=("close", -2, 0)),
    _Meeting(ago=4, late_min=14, then=("partly", 9, "not_needed")),
    _Meeting(ago=2, late_min=3, then=("close", 5, 12)),
    _Meeting(ago=1, late_min=4, then=(14, "write", "write")),
    _Meeting(ago=1, late_min=None),
)


def hold(world: World, formed: Sequence[Formed], hired: Sequence[Hired]) -> None:
    """Hold these meetings, one team after the other, at the first hospital that has teams."""
    site = formed[0].site
    here = [one for one in formed if one.site is site and one.group != "general"]
    known = _qualified(one for one in hired if one.site is site)
    week = working_days.calendar(site.row)
    local = world.now.astimezone(site.row.tz)
    for number, plan in enumerate(MEETINGS):
        day = local.date()
        for _ in range(plan.ago):
            day = _worked_before(week, day)
        team = here[number % len(here)]
        starts = datetime.combine(day, MEETS_AT if plan.late_min is not None else time(10), site.row.tz)
        _Meet(replace(world, sites=[site]), team, known, starts).run(plan, local.date())


def _worked_before(week: working_days.Calendar, day: date) -> date:
    day -= timedelta(days=1)
    while not week.works(day):
        day -= timedelta(days=1)
    return day


def _qualified(hired: Iterable[Hired]) -> Mapping[str, list[tuple[Expert, int, str]]]:
    """Who may sit for a discipline: the expert, their title's rank, their sub-specialty."""
    people = {one.expert.pk: one for one in hired}
    found = defaultdict(list)
    for row in Qualification.objects.filter(expert__in=people).select_related("discipline").order_by("pk"):
        one = people[row.expert_id]
        found[row.discipline.key].append((one.expert, one.rank, row.sub_specialty))
    return found


@contextmanager
def _at(moment: datetime) -> Iterator[None]:
    """What is done inside stands in the records as done at that moment."""
    rows = (StatusEvent.objects.all(), AuditEvent.objects.all())
    last = [row.order_by("-pk").values_list("pk", flat=True).first() or 0 for row in rows]
    yield
    for row, pk in zip(rows, last, strict=True):
        row.filter(pk__gt=pk).update(at=moment)


def _name(user: User, chinese: bool) -> str:
    return user.name_zh if chinese else user.name_en


class _Meet:
    """One meeting of one team: its cases are referred, placed, discussed and followed up."""

    def __init__(self, world: World, team: Formed, known: Mapping[str, list[tuple[Expert, int, str]]], start: datetime):
        self.world, self.team, self.known, self.start = world, team, known, start
        self.rng = world.rng
        self.by = User.objects.filter(username="coordinator").first()

    def run(self, plan: _Meeting, today: date) -> None:
        cases = [self._referred(own=isinstance(then, int)) for then in plan.then or ("",) * CASES]
        session = self._placed(cases)
        if plan.late_min is None:
            return
        self._recorded(session, plan)
        for case, then in zip(cases, plan.then, strict=True):
            case.refresh_from_db()
            if then not in ("write", "not_needed"):
                self._followed(case, then, today)

    def _referred(self, *, own: bool) -> Case:
        """A routine case of the team; `own` ones come from the account that newcomers sign in with."""
        choice = [one for one in vignettes.of_groups([self.team.group], "required") if not one.urgent]
        drawn = vignettes.draw(self.rng.choice(choice or vignettes.of_groups([self.team.group])), self.rng)
        drawn = replace(drawn, facts=replace(drawn.facts, urgency="routine"))
        at = self.start - REFERRED_BEFORE
        world = self.world
        shown = User.objects.filter(username="referrer").first()
        if own and shown is not None:
            world = replace(world, referrers={self.team.site.row.pk: [shown]})
        with _at(at):
            case = referrals.referred(world, drawn, at=at)
            case = workflow.submit(case, by=case.referrer, at=at)
            if case.team_id != self.team.row.pk:
                case = workflow.assign_team(case, by=self.by, team=self.team.row)
            for item in case.materials.select_related("case"):
                materials.receive(item, by=case.referrer, at=at)
        return case

    def _placed(self, cases: Sequence[Case]) -> Session:
        """On one agenda, twenty minutes each, and everybody has accepted."""
        rows = [case for case in cases if case.status == CaseStatus.WAITING]
        with _at(self.start - timedelta(days=2)):
            session = session_services.place(
                None,
                team_id=self.team.row.pk,
                institution_id=self.team.site.row.pk,
                room_id=self.team.site.rooms[0].pk,
                start=self.start,
                end=self.start + timedelta(minutes=CASE_MIN * len(rows)),
            )
            agenda = [
                session_services.Entry(
                    case=case, start=self.start + timedelta(minutes=CASE_MIN * n), people=self._people(case)
                )
                for n, case in enumerate(rows)
            ]
            session_services.set_agenda(session, agenda, remote=(), by=self.by)
            AgendaItem.objects.filter(session=session).update(minutes=CASE_MIN)
            for case in rows:
                lifecycle.move(case, CaseStatus.PLANNED, by=self.by, why="case.planned")
            for one in Attendance.objects.filter(session=session).select_related("invitation", "expert__user"):
                said = self.start - timedelta(days=1)
                lifecycle.move(one.invitation, InvitationStatus.ACCEPTED, by=one.expert.user, answered_at=said)
            confirmation.settle(session, by=self.by)
        return session

    def _people(self, case: Case) -> dict[int, int]:
        """Somebody for each required seat, those of the team first; nobody sits twice."""
        core = {one.expert.pk for one in self.team.core}
        taken: dict[int, int] = {}
        for place in places(case):
            fitting = [
                expert.pk
                for expert, rank, sub in self.known.get(place.discipline, ())
                if rank >= place.min_rank and place.sub_specialty in ("", sub) and expert.pk not in taken.values()
            ]
            if fitting and not place.optional:
                taken[place.id] = min(fitting, key=lambda pk: (pk not in core, pk))
        return taken

    def _recorded(self, session: Session, plan: _Meeting) -> None:
        """Everybody came but one, where there are enough."""
        start = session.start + timedelta(minutes=plan.late_min or 0)
        end = session.end + timedelta(minutes=self.rng.choice([0, 5, 8]))
        people = list(meetings.invited(session).values_list("pk", flat=True))
        items = list(meetings.agenda(session))
        said = {
            item.case_id: meetings.CaseOutcome(
                outcome=Outcome.NOT_NEEDED if then == "not_needed" else Outcome.DISCUSSED
            )
            for item, then in zip(items, plan.then, strict=True)
        }
        kept = end + timedelta(minutes=20)
        with _at(kept):
            came = people[1:] if plan.late_min and len(people) > 4 else people
            why = WHY_WITHOUT_ONE[not self._chinese(items[0].case)]
            meetings.record(
                session, by=self.by, start=start, end=end, came=came, cases=said, quorum_reason=why, now=kept
            )

    @staticmethod
    def _chinese(case: Case) -> bool:
        return any("\u3400" < letter < "\u9fff" for letter in case.diagnosis)

    def _followed(self, case: Case, then: int | str, today: date) -> None:
        """Signed the next morning, or late in the evening; then looked at."""
        assert case.referrer is not None
        signer = self.team.row.chair.user or self.by or case.referrer
        signed = self.start + timedelta(hours=self.rng.choice([3, 18]))
        text, todo = self.rng.choice(TEXTS), self.rng.choice(TODOS)
        chinese = self._chinese(case)
        days = then if isinstance(then, int) else -1
        words = Words(
            text=text[not chinese],
            todos=[Todo(what=todo[not chinese], who=self.team.core[-1].expert, due=today + timedelta(days=days))],
            next_follow_up_on=max(today + timedelta(days=days), signed.astimezone(self.team.site.row.tz).date()),
            who=_name(case.referrer, chinese),
        )
        with _at(signed):
            aftercare.conclude(case, by=signer, words=words, at=signed)
        if then == "partly":
            later = signed + timedelta(hours=2)
            with _at(later):
                aftercare.add_addendum(case, by=signer, text=ADDED[not chinese], at=later)
        if then in ("close", "partly"):
            self._followed_up(case, partly=then == "partly", today=today, chinese=chinese)

    def _followed_up(self, case: Case, *, partly: bool, today: date, chinese: bool) -> None:
        at = max(datetime.combine(today - timedelta(days=1), time(10), self.start.tzinfo), self.start)
        assert case.referrer is not None
        with _at(at):
            if partly:
                again = {"next_follow_up_on": today + timedelta(days=6), "who": _name(case.referrer, chinese)}
                note = WHY_PARTLY[not chinese]
                aftercare.record_follow_up(case, by=case.referrer, outcome="partly", note=note, at=at, **again)  # type: ignore[arg-type]
            else:
                aftercare.record_follow_up(case, by=case.referrer, outcome="out", at=at)
