"""The earliest times that can be kept: from the published week, for a saved case and for one that is being typed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.core import signing

from cases.models import Case
from cases.services import workflow
from experts.models import Expert, Leave
from mdt_portal.errors import RuleError
from scheduling.models import Seat, Session
from scheduling.problem import single_case
from scheduling.publishing import earliest_slots, publication
from scheduling.sessions import invitations
from scheduling.solver import rules
from tests import factories
from tests.scheduling import worlds
from tests.scheduling.worlds import World

pytestmark = pytest.mark.django_db

TUESDAY = 1


def clock(world: World, text: str, *, day: int = TUESDAY) -> datetime:
    return factories.moment(factories.monday() + timedelta(days=day), text, world.hospital)


def seated(world: World, *numbers: int) -> dict[int, Expert]:
    return {place: world.experts[number] for place, number in enumerate(numbers, 1)}


def publish(world: World, *sessions: Any) -> None:
    publication.publish(world.offer(*sessions), by=world.coordinator)


def starts(slots: Iterable[earliest_slots.Slot]) -> list[datetime]:
    return [slot.start for slot in slots]


def soon(world: World) -> datetime:
    """Late on the Sunday before the week: what is offered begins on Monday."""
    return factories.moment(factories.monday(), "00:00", world.hospital) - timedelta(hours=3)


def test_the_earliest_times_of_an_empty_week_with_room_people_and_limit() -> None:
    world = worlds.small(1)
    case = world.cases[0]
    slots = earliest_slots.earliest_slots(case, 3, now=soon(world))
    eight = clock(world, "08:00", day=0)
    assert starts(slots) == [eight + timedelta(hours=n) for n in range(3)]
    first = slots[0]
    assert (first.end - first.start, first.session, first.late_min) == (timedelta(minutes=15), None, 0)
    assert first.room in world.rooms
    assert [one.discipline.key for one in first.attendees] == ["RADIOL", "PATH", "THORSURG"]  # type: ignore[union-attr]
    assert {one.expert for one in first.attendees} <= set(world.experts)
    assert not any(one.remote or one.optional for one in first.attendees)


def test_a_published_session_is_joined_after_its_cases() -> None:
    world = worlds.small(2)
    publish(world, world.meeting(0, "08:00", [seated(world, 0, 2, 4)]))
    first = earliest_slots.earliest_slots(world.cases[1], 1, now=soon(world))[0]
    assert (first.start, first.session) == (clock(world, "08:15", day=0), Session.objects.get())


def test_a_time_after_the_limit_says_by_how_much() -> None:
    world = worlds.small(1)
    case = world.cases[0]
    case.due_at = clock(world, "07:00", day=0)
    assert earliest_slots.earliest_slots(case, 1, now=soon(world))[0].late_min == 60


def test_a_session_with_an_open_seat_is_not_joined_and_keeps_its_time() -> None:
    world = worlds.small(2)
    publish(world, world.meeting(0, "08:00", [seated(world, 0, 2, 4)]))
    invitations.decline(Session.objects.get().attendances.get(expert=world.experts[4]).invitation, by=world.coordinator)
    slots = earliest_slots.earliest_slots(world.cases[1], 2, now=soon(world))
    assert all(slot.session is None and slot.start >= clock(world, "08:15", day=0) for slot in slots)


def test_a_session_that_a_leave_has_hit_is_not_joined() -> None:
    world = worlds.small(2)
    publish(world, world.meeting(0, "08:00", [seated(world, 0, 2, 4)]))
    Leave.objects.create(expert=world.experts[0], first_day=factories.monday(), last_day=factories.monday())
    first = earliest_slots.earliest_slots(world.cases[1], 1, now=soon(world))[0]
    assert first.session is None
    assert world.experts[0] not in {one.expert for one in first.attendees} or first.start.date() > factories.monday()


def test_each_time_offered_keeps_every_rule() -> None:
    world = worlds.small(3)
    publish(world, world.meeting(0, "08:00", [seated(world, 0, 2, 4), seated(world, 1, 3, 4)]))
    case = world.cases[2]
    for slot in earliest_slots.earliest_slots(case, 5, now=soon(world)):
        seen = single_case.around(case, now=soon(world))
        fit = earliest_slots.fit(case, earliest_slots.claimed(slot.key), seen)
        sessions = [one for one in earliest_slots.plan_of(seen).sessions if one is not fit.old] + [fit.new]
        assert rules.violations(seen.problem, seen_plan(seen, sessions)) == []


def seen_plan(seen: Any, sessions: list[Any]) -> Any:
    from dataclasses import replace

    return replace(earliest_slots.plan_of(seen), sessions=tuple(sessions), unplaced=())


def test_a_case_that_is_typed_gets_the_promise_of_one_that_is_handed_in() -> None:
    world = worlds.small(1)
    saved = world.cases[0]
    typed = Case(
        institution=world.hospital,
        team=world.team,
        code=saved.code,
        requirement=saved.requirement,
        tier=saved.tier,
        minutes=saved.minutes,
        due_at=saved.due_at,
        submitted_at=saved.submitted_at,
        status=saved.status,
    )
    shown = [(slot.start, slot.room, [one.expert for one in slot.attendees]) for slot in both(saved, world)]
    assert [(slot.start, slot.room, [one.expert for one in slot.attendees]) for slot in both(typed, world)] == shown
    assert Case.objects.count() == 1


def both(case: Case, world: World) -> list[earliest_slots.Slot]:
    return earliest_slots.earliest_slots(case, 3, now=soon(world))


def test_imagine_writes_nothing_and_answers_as_submit_does() -> None:
    hospital = factories.institution()
    imagined = workflow.imagine(code="Z99.9", institution=hospital, urgency="routine")
    assert (imagined.pk, imagined.status, Case.objects.count()) == (None, "to_decide", 0)
    with pytest.raises(RuleError):
        workflow.imagine(code="nonsense", institution=hospital)


def test_no_promise_for_what_does_not_wait_or_has_no_seat_or_team() -> None:
    world = worlds.small(1)
    case = world.cases[0]
    assert earliest_slots.earliest_slots(factories.case(at=world.hospital)) == []
    world.team.active = False
    world.team.save()
    assert earliest_slots.earliest_slots(Case.objects.get(pk=case.pk)) == []


def test_materials_that_are_missing_hold_a_routine_case_back_and_move_the_promise() -> None:
    world = worlds.small(1)
    lacking = factories.case_waiting(team=world.team, seats=[("RADIOL", 3)], missing=["imaging"])
    assert earliest_slots.held_back(lacking) == ["imaging"]
    assert earliest_slots.held_back(world.cases[0]) == []
    now = soon(world)
    ready = earliest_slots.earliest_slots(world.cases[0], 1, now=now)[0]
    later = earliest_slots.earliest_slots(lacking, 1, now=now)[0]
    assert ready.start < later.start
    assert later.start >= now + timedelta(days=3)  # three working days: the hospital's lead time
    lacking.urgency = "urgent"
    assert earliest_slots.held_back(lacking) == []


def test_a_key_that_the_portal_did_not_give_is_refused() -> None:
    forged = signing.dumps({"start": "2026-01-01T00:00:00+00:00"}, salt="something else")
    for key in ("", "nonsense", forged):
        with pytest.raises(RuleError):
            earliest_slots.claimed(key)


def test_what_moving_an_unconfirmed_session_would_gain() -> None:
    world = worlds.small(2)
    world.hospital.max_session_min = 15
    world.hospital.save()
    for room in world.rooms[1:]:
        room.active = False
        room.save()
    publish(world, world.meeting(TUESDAY, "08:00", [seated(world, 0, 2, 4)]))
    case = Case.objects.select_related("team__institution").get(pk=world.cases[1].pk)
    now = clock(world, "18:30", day=0) - timedelta(days=1)  # more than a day before: nothing is frozen yet
    Leave.objects.create(expert=world.experts[4], first_day=factories.monday(), last_day=factories.monday())
    assert earliest_slots.earliest_slots(case, 1, now=now)[0].start == clock(world, "08:30")
    found = earliest_slots.gain(case, to=world.coordinator, now=now)
    assert found is not None and found.slot is not None
    assert found.slot.start == clock(world, "08:00")
    assert [(move.case, move.start) for move in found.moves] == [(world.cases[0], clock(world, "08:30"))]
    assert Seat.objects.filter(item__session__start=clock(world, "08:00")).exists()  # nothing was written


def test_a_referrer_learns_that_a_coordinator_could_help_and_nothing_of_other_patients() -> None:
    world, case, now = in_the_way()
    assert earliest_slots.gain(case, to=case.referrer, now=now) == earliest_slots.Gain(slot=None)
    found = earliest_slots.gain(case, to=world.coordinator, now=now)
    assert found is not None and found.slot is not None
    assert [(move.case, move.before, move.earlier) for move in found.moves] == [
        (world.cases[0], clock(world, "10:00"), True)
    ]
    assert found.moves[0].start < found.moves[0].before
    assert found.hidden == 0


def in_the_way() -> tuple[worlds.World, Case, datetime]:
    """A case could only begin when another one begins, which could begin earlier."""
    world = worlds.small(1)
    publish(world, world.meeting(TUESDAY, "10:00", [seated(world, 0, 2, 4)]))
    factories.expert("DERM", at=world.hospital, hours=[(TUESDAY, time(10), time(10, 15))])
    waiting = factories.case_waiting(team=world.team, seats=[("DERM", 3)])
    case = Case.objects.select_related("team__institution", "referrer").get(pk=waiting.pk)
    return world, case, clock(world, "18:30", day=0) - timedelta(days=3)


def test_queries_do_not_grow_with_the_week(django_assert_max_num_queries: Any) -> None:
    world = worlds.small(6)
    for number in (1, 5):
        people = [seated(world, 0, 2, 4)] * number
        Session.objects.all().delete()
        Case.objects.filter(pk__in=[case.pk for case in world.cases]).update(status="waiting")
        publish(world, world.meeting(number - 1, "08:00", people))
        with django_assert_max_num_queries(36):
            earliest_slots.earliest_slots(world.cases[5], now=soon(world))
