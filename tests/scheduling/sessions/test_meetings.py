"""The record of a meeting: what it moves, what it refuses, and how it is corrected."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from cases.models import Case, Outcome
from cases.selectors import case_queue
from cases.services import aftercare
from cases.services.aftercare import Words
from cases.states import CaseStatus, MaterialStatus
from experts.models import CalendarDay, Role
from mdt_portal.errors import RuleError, StaleState
from mdt_portal.models import AuditEvent, OutboxMessage, StatusEvent
from scheduling.models import AgendaItem, PublishedPlan, Seat, Session
from scheduling.sessions import meetings, session_services
from scheduling.sessions.meetings import CaseOutcome
from scheduling.states import SessionStatus
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def over() -> Session:
    return factories.meeting_over()


def outcomes(session: Session, *codes: str, note: str = "") -> dict[int, CaseOutcome]:
    """What is said of the cases in the order of the agenda; `discussed` of those that are not named."""
    items = list(session.items.order_by("start"))
    given = [*codes, *["discussed"] * (len(items) - len(codes))]
    return {item.case_id: CaseOutcome(outcome=Outcome(one), note=note) for item, one in zip(items, given, strict=True)}


def record(session: Session, *codes: str, note: str = "", **fields: Any) -> Session:
    people = [one.pk for one in meetings.invited(session)]
    times = {"start": session.start + timedelta(minutes=4), "end": session.end}
    row = Session.objects.get(pk=session.pk)
    given: Mapping[str, Any] = {**times, "came": people, "cases": outcomes(session, *codes, note=note)} | fields
    return meetings.record(row, by=None, **given)


def states(session: Session) -> list[str]:
    return list(Case.objects.filter(items__session=session).order_by("items__start").values_list("status", flat=True))


def test_discussed_cases_go_on_and_the_others_wait_again(over: Session) -> None:
    record(over, "materials")
    over.refresh_from_db()
    assert over.status == SessionStatus.HELD
    assert over.actual_start == over.start + timedelta(minutes=4)
    assert states(over) == [CaseStatus.WAITING, CaseStatus.DISCUSSED]
    items = list(over.items.order_by("start").values_list("outcome", "active"))
    assert items == [("materials", False), ("discussed", True)]
    events = StatusEvent.objects.filter(subject_type="scheduling.session", subject_id=over.pk)
    assert list(events.values_list("new", flat=True)) == ["in_progress", "held"]
    assert AuditEvent.objects.get(action="session.recorded").params == {"discussed": 1, "cases": 2}


def test_materials_that_were_missing_are_awaited_again(over: Session) -> None:
    """Else the next plan would bring the case straight back to the same table."""
    first, second = (item.case for item in over.items.order_by("start"))
    for code in ("imaging", "pathology"):
        first.materials.create(code=code, status=MaterialStatus.RECEIVED)
    cases = {first.pk: CaseOutcome(outcome=Outcome.MATERIALS), second.pk: CaseOutcome(outcome=Outcome.DISCUSSED)}
    with pytest.raises(RuleError, match="Say which materials were missing") as refused:
        record(over, cases=cases)
    assert list(refused.value.fields) == [f"missing_{first.pk}"]
    with pytest.raises(RuleError, match="Not on the checklist"):
        record(over, cases=cases | {first.pk: CaseOutcome(outcome=Outcome.MATERIALS, missing=frozenset({"genes"}))})
    record(over, cases=cases | {first.pk: CaseOutcome(outcome=Outcome.MATERIALS, missing=frozenset({"imaging"}))})
    assert dict(first.materials.values_list("code", "status")) == {"imaging": "missing", "pathology": "received"}
    assert first in Case.objects.filter(case_queue.blocked_by("materials"))


def test_the_referrer_of_a_case_that_waits_again_is_told(over: Session) -> None:
    record(over, "no_time")
    case = over.items.order_by("start")[0].case
    message = OutboxMessage.objects.get(kind="notification.referrer")
    assert message.payload == {"user": case.referrer_id, "cases": [case.pk]}


def test_a_plan_that_was_computed_before_is_stale_afterwards(over: Session) -> None:
    before = PublishedPlan.objects.get(institution=over.institution_id).version
    record(over, "no_time")
    assert PublishedPlan.objects.get(institution=over.institution_id).version == before + 1


def test_what_nobody_needs_any_more_is_withdrawn(over: Session) -> None:
    record(over, "not_needed")
    assert states(over) == [CaseStatus.WITHDRAWN, CaseStatus.DISCUSSED]


def test_a_session_that_never_got_all_its_answers_may_have_met() -> None:
    over = factories.meeting_over()
    Session.objects.update(status=SessionStatus.PUBLISHED)
    Case.objects.update(status=CaseStatus.PLANNED)
    record(over)
    assert states(over) == [CaseStatus.DISCUSSED, CaseStatus.DISCUSSED]


def test_who_came_is_on_record_even_without_an_answer(over: Session) -> None:
    silent, present = meetings.invited(over)
    silent.invitation.status = "expired"
    silent.invitation.save()
    over.attendances.filter(pk=silent.pk).update(active=False)
    record(over, came=[silent.pk], quorum_reason="The report was read out.")
    assert dict(over.attendances.values_list("pk", "came")) == {silent.pk: True, present.pk: False}


def test_who_was_replaced_cannot_have_come(over: Session) -> None:
    first = meetings.invited(over)[0]
    over.attendances.filter(pk=first.pk).update(active=False)
    first.invitation.status = "replaced"
    first.invitation.save()
    with pytest.raises(RuleError):
        record(over, came=[first.pk])


# Who came against what the cases need ---------------------------------------------------------------------------------


def test_nobody_came_is_refused_unless_somebody_says_why(over: Session) -> None:
    """FAULTS: a meeting that nobody attended was recorded as discussed without a word."""
    with pytest.raises(RuleError, match="Nobody came") as refused:
        record(over, came=[])
    assert list(refused.value.fields) == ["quorum_reason"]
    assert states(over) == [CaseStatus.CONFIRMED, CaseStatus.CONFIRMED]
    row = record(over, came=[], quorum_reason="  Decided by telephone. ")
    assert (row.status, row.people_came, row.quorum_reason) == ("held", 0, "Decided by telephone.")
    kept = AuditEvent.objects.get(action="session.recorded").params
    assert kept == {"discussed": 2, "cases": 2, "quorum_reason": "Decided by telephone."}


@pytest.mark.parametrize(
    ("codes", "refused"), [((), True), (("absent", "discussed"), True), (("absent", "no_time"), False)]
)
def test_a_required_seat_counts_for_the_cases_that_are_called_discussed(
    over: Session, codes: tuple[str, ...], refused: bool
) -> None:
    first = meetings.invited(over)[0]
    if refused:
        with pytest.raises(RuleError, match="Empty: Path"):
            record(over, *codes, came=[first.pk])
    else:
        assert record(over, *codes, came=[first.pk]).seats_missing == []


def test_a_seat_that_is_only_welcome_may_be_empty(over: Session) -> None:
    first = meetings.invited(over)[0]
    Seat.objects.exclude(attendance=first).update(optional=True)
    row = record(over, came=[first.pk])
    assert (row.seats_needed, row.seats_missing, row.quorum_reason) == (2, [], "")


@pytest.mark.parametrize(
    ("disciplines", "rank", "enough"),
    [(["PATH"], 3, True), (["PATH"], 2, False), (["RADIOL"], 4, False), (["RADIOL", "PATH"], 3, True)],
)
def test_a_colleague_of_the_discipline_and_title_fills_the_seat_of_who_stayed_away(
    disciplines: list[str], rank: int, enough: bool
) -> None:
    team = factories.team()
    radiologist = factories.expert("RADIOL", at=team.institution)
    declined = factories.expert("PATH", at=team.institution)
    other = factories.expert(*disciplines, at=team.institution, rank=rank)
    over = factories.meeting_over(team, experts=[radiologist, declined])
    spare = factories.attendance(over, other)
    came = [spare.pk, *over.attendances.filter(expert=radiologist).values_list("pk", flat=True)]
    if enough:
        assert record(over, came=came).seats_missing == []
    else:
        with pytest.raises(RuleError, match="Path"):
            record(over, came=came)


def test_one_person_fills_one_seat_of_a_case_and_moves_up_where_that_helps() -> None:
    """Two seats, two people: the one of both disciplines leaves the seat of radiology to who knows nothing else."""
    team = factories.team()
    both = factories.expert("RADIOL", "PATH", at=team.institution)
    away = factories.expert("PATH", at=team.institution)
    over = factories.meeting_over(team, cases=1, experts=[both, away])
    spare = factories.attendance(over, factories.expert("RADIOL", at=team.institution))
    came = list(over.attendances.filter(expert=both).values_list("pk", flat=True))
    with pytest.raises(RuleError, match="Empty: "):
        record(over, came=came)
    assert record(over, came=[*came, spare.pk]).seats_missing == []


def test_a_correction_asks_again_and_drops_a_reason_that_is_not_needed(over: Session) -> None:
    row = record(over, came=[], quorum_reason="Decided by telephone.")
    row = record(over, version=row.version, quorum_reason="Decided by telephone.")
    assert (row.people_came, row.seats_missing, row.quorum_reason) == (2, [], "")
    with pytest.raises(RuleError, match="Nobody came"):
        record(over, version=row.version, came=[])


def test_the_database_keeps_no_record_without_quorum_that_says_nothing(over: Session) -> None:
    record(over)
    for lacks in ({"people_came": 0}, {"seats_missing": ["PATH"]}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Session.objects.update(**lacks)


@pytest.mark.parametrize(
    ("day", "goal"),
    [(date(2026, 3, 5), date(2026, 3, 6)), (date(2026, 3, 6), date(2026, 3, 9)), (date(2026, 3, 3), date(2026, 3, 5))],
    ids=["Thursday", "Friday", "the day before a day off"],
)
def test_the_recommendation_is_wanted_by_the_end_of_the_next_working_day(day: date, goal: date) -> None:
    team = factories.team()
    CalendarDay.objects.create(institution=team.institution, date=date(2026, 3, 4), working=False)
    over = factories.meeting_over(team, cases=1, start=factories.moment(day, "14:00", team.institution))
    record(over, now=over.end + timedelta(hours=1))
    assert Case.objects.get().recommend_by == factories.moment(goal, "23:59", team.institution)


# What cannot have been ------------------------------------------------------------------------------------------------


def test_a_session_that_has_not_begun_has_no_record() -> None:
    coming = factories.meeting_over(days_ago=-7)
    with pytest.raises(RuleError, match="not begun"):
        record(coming)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("end", lambda over: {"end": over.start}),
        ("end", lambda over: {"end": timezone.now() + timedelta(minutes=5)}),
        ("start", lambda over: {"start": over.start - timedelta(hours=13)}),
    ],
)
def test_times_that_cannot_be_are_refused(over: Session, field: str, wrong: Any) -> None:
    with pytest.raises(RuleError) as refusal:
        record(over, **wrong(over))
    assert list(refusal.value.fields) == [field]
    assert states(over) == [CaseStatus.CONFIRMED] * 2


def test_another_reason_wants_words(over: Session) -> None:
    with pytest.raises(RuleError, match="Say why"):
        record(over, "other", note=" ")
    record(over, "other", note="The patient has left the hospital.")
    assert over.items.get(outcome="other").note == "The patient has left the hospital."


def test_a_record_must_speak_of_every_case(over: Session) -> None:
    only = dict(list(outcomes(over).items())[:1])
    with pytest.raises(StaleState, match="agenda"):
        record(over, cases=only)


def test_a_session_that_was_called_off_has_no_record(over: Session) -> None:
    session_services.cancel(over, by=None, reason="Fire alarm")
    with pytest.raises(StaleState):
        record(over)


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (Session, {"status": "held"}),
        (AgendaItem, {"outcome": "discussed", "active": False}),
        (AgendaItem, {"outcome": "no_time", "active": True}),
        (AgendaItem, {"outcome": "other", "active": False}),
        (Case, {"status": "discussed"}),
    ],
)
def test_the_database_refuses_what_must_never_be(over: Session, model: Any, change: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.update(**change)


# Twice, and corrected -------------------------------------------------------------------------------------------------


def test_who_is_second_is_told_so_and_changes_nothing(over: Session) -> None:
    record(over)
    for version in (None, over.version):
        with pytest.raises(StaleState):
            record(over, "no_time", "no_time", version=version)
    assert states(over) == [CaseStatus.DISCUSSED, CaseStatus.DISCUSSED]


def test_a_record_is_corrected_both_ways(over: Session) -> None:
    row = record(over, "absent")
    first_recorded = row.recorded_at
    row = record(over, "discussed", "no_time", version=row.version, came=[], quorum_reason="Decided by mail.")
    assert states(over) == [CaseStatus.DISCUSSED, CaseStatus.WAITING]
    assert list(over.items.order_by("start").values_list("active", flat=True)) == [True, False]
    assert set(over.attendances.values_list("came", flat=True)) == {False}
    assert row.recorded_at == first_recorded
    record(over, "discussed", "not_needed", version=row.version)
    assert states(over) == [CaseStatus.DISCUSSED, CaseStatus.WITHDRAWN]


def test_a_draft_does_not_stand_in_the_way_of_a_correction_and_a_signature_does(over: Session) -> None:
    row = record(over)
    first, second = (item.case for item in over.items.order_by("start"))
    by = factories.user(Role.COORDINATOR, at=over.institution)
    words = Words(text="Operate.", next_follow_up_on=timezone.now().date() + timedelta(days=9), who="Nurse Li")
    aftercare.draft(first, by=by, words=words)
    aftercare.conclude(second, by=by, words=words)
    with pytest.raises(RuleError, match="is signed; it counts as discussed"):
        record(over, "no_time", "no_time", version=row.version)
    record(over, "no_time", version=row.version)
    assert states(over) == [CaseStatus.WAITING, CaseStatus.FOLLOWING_UP]
    assert first.recommendation.text == "Operate."


def test_what_was_withdrawn_stays_withdrawn(over: Session) -> None:
    row = record(over, "not_needed")
    with pytest.raises(RuleError, match="gone on"):
        record(over, "discussed", version=row.version)


def test_a_case_with_a_new_place_is_not_pulled_back(over: Session) -> None:
    row = record(over, "no_time")
    case = over.items.order_by("start")[0].case
    factories.session(over.team, cases=[case], start=timezone.now() + timedelta(days=3))
    with pytest.raises(RuleError, match="gone on"):
        record(over, "discussed", version=row.version)


def test_after_a_day_the_record_is_closed(over: Session) -> None:
    row = record(over)
    late: datetime = timezone.now() + timedelta(days=1, minutes=1)
    with pytest.raises(RuleError, match="one day"):
        record(over, version=row.version, now=late)
    assert not meetings.may_be_recorded(row, late)
