"""A small hospital in the middle of its work: every kind of row in every state that a page may have to show."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time, timedelta

from django.urls import reverse
from django.utils import timezone

from cases.catalogue import approvals, rulebook
from cases.diagnoses import code_maps
from cases.models import Case, CatalogueRule
from cases.services import workflow
from cases.states import CaseStatus, MaterialStatus, RuleStatus
from experts.availability import special_days, time_keeping, week_templates, working_days
from experts.availability.core.week_pattern import WeekSpan
from experts.models import ExceptionKind, Expert, Institution, Role
from mdt_portal import outbox, saved_views
from mdt_portal.models import User
from scheduling.board import moves
from scheduling.board.dry_run import Where
from scheduling.demo import answers
from scheduling.demo.accounts import ACCOUNTS
from scheduling.demo.seed import seed
from scheduling.explain import time_requests
from scheduling.models import (
    Hold,
    Invitation,
    PlacementConstraint,
    PlacementConstraintKind,
    PlanningRun,
    Room,
    RoomClosure,
    Session,
    TimeRequest,
)
from scheduling.planning import placement_constraints, runs, worker
from scheduling.publishing import earliest_slots, holds, publication
from scheduling.resources import room_services
from scheduling.sessions import invitations
from scheduling.states import InvitationStatus, RunStatus, SessionStatus
from tests import factories


@dataclass
class Busy:
    """The hospital, and whoever may look at it, by the name of their account."""

    hospital: Institution
    week: date
    users: dict[str, User]
    links: dict[str, str] = field(default_factory=dict)
    """The links of mails to experts, by what they show."""

    @property
    def coordinator(self) -> User:
        return self.users["coordinator"]


def busy() -> Busy:
    """Seeded, planned and answered like the demo; then what else can happen in a week happens once."""
    seed("clinic", number=1, now=timezone.now())
    Institution.objects.update(hold_min=240)
    hospital = Institution.objects.get()
    names = [account.username for account in ACCOUNTS]
    users = {user.username: user for user in User.objects.filter(username__in=names)}
    users["newcomer"] = factories.user(Role.COORDINATOR, at=factories.institution())  # where there is nothing yet
    world = Busy(hospital=hospital, week=working_days.next_working_monday(hospital, _today(hospital)), users=users)
    later = _kept_for_later(4)
    _a_published_week(world)
    later.update(status=CaseStatus.WAITING)
    _a_catalogue_in_work(world)
    _a_pool_with_gaps(world)
    _by_hand(world)
    _answers_of_every_kind(world)
    _runs_of_every_kind(world)
    _one_that_cannot_be_met(world)
    while outbox.deliver():
        pass
    User.objects.update(seen_at=timezone.now() - timedelta(days=2))
    return world


def _today(hospital: Institution) -> date:
    return timezone.now().astimezone(hospital.tz).date()


def _complete():  # type: ignore[no-untyped-def]
    return Case.objects.waiting().exclude(materials__status=MaterialStatus.MISSING)


def _kept_for_later(count: int):  # type: ignore[no-untyped-def]
    """Some cases that the first plan does not see."""
    chosen = list(_complete().order_by("-due_at").values_list("pk", flat=True)[:count])
    rows = Case.objects.filter(pk__in=chosen)
    rows.update(status=CaseStatus.LISTED)
    return rows


def _a_published_week(world: Busy) -> None:
    run = _computed(world, seconds=4)
    publication.publish(run.proposals.get(), by=world.coordinator)
    answers.give(seed=1)


def _computed(world: Busy, **options: object) -> PlanningRun:
    run = runs.request_run(
        by=world.coordinator,
        institutions=[world.hospital],
        horizon_start=world.week,
        **options,  # type: ignore[arg-type]
    )
    worker.execute(run.pk)
    run.refresh_from_db()
    assert run.status == RunStatus.PROPOSED, run.failure
    return run


def _a_catalogue_in_work(world: Busy) -> None:
    for row in CatalogueRule.objects.filter(key__in=["LUNG-3B", "BREAST"]):
        raw = rulebook.raw_of(row)
        rulebook.save_draft(raw | {"minutes": 25}, by=world.users["catalogue"], reason="Guideline of the year")
    rulebook.save_draft(
        rulebook.raw_of(CatalogueRule.objects.get(key="LUNG-3B", version=1))
        | {"id": "TRACHEA", "name_en": "Trachea, stage IIIB", "name_zh": "气管癌 IIIB期", "icd10": ["C33"]},
        by=world.users["catalogue"],
        reason="Asked for by the lung team",
    )
    on = rulebook.today()
    approvals.ask(
        CatalogueRule.objects.filter(key__in=["BREAST", "TRACHEA"], status=RuleStatus.DRAFT),
        by=world.users["catalogue"],
        valid_from=on,
        reason="Guideline of the year",
        not_before=on,
    )
    CatalogueRule.objects.filter(key="BREAST", version=1).update(review_by=on)
    code_maps.count_unmapped(
        [("http://snomed.info/sct", "999000001", "Lung cancer")] * 3 + [("", "C34.1", "Cancer of the upper lobe")]
    )


def _a_pool_with_gaps(world: Busy) -> None:
    by = world.coordinator
    room = Room.objects.order_by("-pk").first()
    assert room is not None
    day = world.week + timedelta(days=2)
    room_services.close(
        room,
        start=factories.moment(day, "08:00", world.hospital),
        end=factories.moment(day, "18:00", world.hospital),
        reason="Repair",
        by=by,
    )
    week_templates.save(
        None,
        institution=world.hospital,
        name_en="Two clinic mornings",
        name_zh="两个门诊上午",
        week=[WeekSpan(0, time(8), time(12)), WeekSpan(3, time(8), time(12), 2, world.week)],
        by=by,
    )
    special_days.set_day(world.hospital, world.week + timedelta(days=12), working=True, name="Make-up day", by=by)
    for expert in Expert.objects.filter(user__username__in=["expert", "chair"]):
        day = world.week + timedelta(days=8)
        time_keeping.add_stretch(expert, WeekSpan(5, time(9), time(12), 2, day), by=expert.user)
        time_keeping.add_leave(expert, first_day=day, last_day=day + timedelta(days=2), note="Congress", by=expert.user)
        for kind, clock in ((ExceptionKind.ADDS, 19), (ExceptionKind.TAKES, 9)):
            time_keeping.add_exception(
                expert, day=world.week, start=time(clock), end=time(clock + 1), kind=kind, note="Clinic", by=expert.user
            )


def _by_hand(world: Busy) -> None:
    """A case is placed on the board, one is held, one is wished for, one booked by promise, one withdrawn."""
    by = world.coordinator
    waiting = [case for case in _complete().order_by("due_at") if earliest_slots.asks_for_a_time(case)]
    held, booked, constrained = waiting[0], waiting[1], waiting[2]
    holds.confirm(holds.hold(booked, earliest_slots.earliest_slots(booked, 1)[0].key, by=by), by=by)
    slot = earliest_slots.earliest_slots(held, 1)[0]
    holds.hold(held, slot.key, by=by)
    placement_constraints.add(
        constrained, by=by, kind=PlacementConstraintKind.FORBID, room=Room.objects.first(), reason="No lift"
    )
    placement_constraints.add(
        constrained,
        by=by,
        kind=PlacementConstraintKind.PIN,
        start=slot.start,
        end=slot.start + timedelta(days=3),
        reason="Asked",
    )
    session = Session.objects.live().order_by("-start").first()
    assert session is not None
    moves.move_session(
        session, Where(start=session.start + timedelta(days=7), room=session.room), by=by, acknowledged=True
    )
    listed = Case.objects.filter(status=CaseStatus.NEEDS_FACTS).first()
    assert listed is not None
    workflow.withdraw(listed, by=by, reason="Treated elsewhere")
    saved_views.keep(by=by, page="queue", name="Required", filters={"tier": "required"}, known=["tier"])


def _answers_of_every_kind(world: Busy) -> None:
    """A no with another time, a session that takes place now, one that was cancelled; the seeded week has held ones."""
    mine = Invitation.objects.filter(status=InvitationStatus.PENDING, attendance__session__isnull=False)
    declined, accepted, asked = mine.exclude(attendance__expert__user__username__in=["expert", "chair"])[:3]
    links = {"declined": declined, "accepted": accepted, "asked": asked, "declining": asked}
    world.links = {name: invitations.link(one) for name, one in links.items()} | {"dead": "/answer/nonsense/"}
    world.links["declining"] += "?no"
    invitations.accept(accepted, by=None)
    start = declined.attendance.start + timedelta(days=1)
    invitations.decline(
        declined, by=None, reason="theatre", note="A long list", offered=[(start, start + timedelta(hours=1))]
    )
    team = Session.objects.live().first().team
    expert = Expert.objects.get(user=world.users["expert"])
    for status, start in (
        (SessionStatus.CANCELLED, timezone.now() + timedelta(days=28)),
        (SessionStatus.IN_PROGRESS, timezone.now() - timedelta(minutes=10)),
    ):
        people = [] if status == SessionStatus.CANCELLED else [expert]
        factories.session(team, start=start, experts=people, status=status)


def _runs_of_every_kind(world: Busy) -> None:
    """One to review that is not stale and offers alternatives, and one of each other state."""
    _computed(world, seconds=6, horizon_days=14, alternatives=True)
    for status in (RunStatus.QUEUED, RunStatus.CANCELLED, RunStatus.DISCARDED, RunStatus.SUPERSEDED):
        factories.run(world.hospital, status=status, requested_by=world.coordinator)
    now = timezone.now()
    factories.run(world.hospital, status=RunStatus.FAILED, failure={"code": "lost"}, requested_by=world.coordinator)
    factories.run(
        world.hospital,
        status=RunStatus.RUNNING,
        requested_by=world.coordinator,
        started_at=now,
        heartbeat_at=now,
        lease_until=now + timedelta(days=1),
    )


def _one_that_cannot_be_met(world: Busy) -> None:
    """A case asks for somebody whom the hospital does not have; an expert is asked to come for another."""
    team = Session.objects.live().first().team
    factories.case_waiting(team=team, seats=[("RADIOL", 4), ("NOBODY", 3)], missing=["imaging", "pathology"])
    expert = Expert.objects.get(user=world.users["expert"])
    start = factories.moment(world.week + timedelta(days=5), "09:00", world.hospital)
    case = Case.objects.waiting().last()
    assert case is not None
    time_requests.ask(case, by=world.coordinator, expert=expert, start=start, end=start + timedelta(hours=1))
    assert TimeRequest.objects.exists()


# Addresses to which no link need lead ---------------------------------------------------------------------------------


def one_of_each_state() -> list[str]:
    """The pages of one row in each of its states."""
    places = []
    for name, model in (("case", Case), ("session", Session), ("run", PlanningRun), ("invitation", Invitation)):
        first = {row.status: row.public_id for row in model.objects.order_by("-pk")}  # type: ignore[attr-defined]
        places += [reverse(name, args=[public_id]) for public_id in first.values()]
    newest = Case.objects.waiting().order_by("-pk")[:1]
    places += [reverse(name, args=[case.public_id]) for case in newest for name in ("why_not", "case")]
    places += [reverse("time_request", args=[row.public_id]) for row in TimeRequest.objects.all()]
    places += [
        reverse("case", args=[row.case.public_id]) for row in (*Hold.objects.all(), *PlacementConstraint.objects.all())
    ]
    places += [reverse("room", args=[row.room.public_id]) for row in RoomClosure.objects.all()]
    return list(dict.fromkeys(places))


def with_nothing_to_show() -> list[str]:
    """Lists whose filter leaves nothing, and pages that ask for something first."""
    lists = ("queue", "catalogue", "people", "search")
    places = [f"{reverse(name)}?q=no-such-words" for name in lists]
    return [*places, reverse("search"), f"{reverse('search')}?q=C34", f"{reverse('rule_tester')}?code=C34.1&stage=IIIB"]
