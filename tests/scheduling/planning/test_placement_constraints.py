"""Pins and bans: what is refused, what the next plan obeys, and who may set them."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from experts.models import Expert
from mdt_portal.errors import RuleError, StaleState
from scheduling.models import PlacementConstraint, PlacementConstraintKind, PlanningRun, Session
from scheduling.planning import placement_constraints, runs
from scheduling.problem import snapshot
from scheduling.problem.core.horizon import Horizon
from scheduling.publishing import publication
from scheduling.solver.core.plan import Plan
from scheduling.states import SessionStatus
from tests import factories
from tests.scheduling import worlds

pytestmark = pytest.mark.django_db
PIN, FORBID = PlacementConstraintKind.PIN, PlacementConstraintKind.FORBID


@pytest.fixture
def small() -> worlds.World:
    return worlds.small(cases=2)


def add(small: worlds.World, kind: str = PIN, case: int = 0, **parts: Any) -> PlacementConstraint:
    return placement_constraints.add(small.cases[case], by=small.coordinator, kind=kind, **parts)


def afternoon(day: int) -> dict[str, Any]:
    on = factories.monday() + timedelta(days=day)
    return {"start": factories.moment(on, "14:00"), "end": factories.moment(on, "18:00")}


def planned(small: worlds.World) -> Plan:
    return Plan.from_json(small.propose(seconds=1).plan)


def refused(small: worlds.World, *args: Any, **parts: Any) -> str:
    with pytest.raises(RuleError) as caught:
        add(small, *args, **parts)
    return str(caught.value.code)


def problem_of(small: worlds.World) -> Any:
    horizon = Horizon.around(factories.monday(), 7, small.hospital.tz)
    return snapshot.read([small.hospital], horizon).problem


# What the next plan obeys ---------------------------------------------------------------------------------------------


def test_a_pinned_time_room_and_person_hold(small: worlds.World) -> None:
    add(small, expert=small.experts[1], room=small.rooms[1], **afternoon(3))
    add(small, FORBID, case=1, expert=small.experts[1])
    sessions = planned(small).sessions
    (pinned,) = [one for one in sessions if small.cases[0].pk in {item.case for item in one.cases}]
    (item,) = [item for item in pinned.cases if item.case == small.cases[0].pk]
    horizon = Horizon.around(factories.monday(), 7, small.hospital.tz)
    assert afternoon(3)["start"] <= horizon.moment(item.start_min) < afternoon(3)["end"]
    assert pinned.room == small.rooms[1].pk
    assert small.experts[1].pk in item.people()
    others = [one for session in sessions for one in session.cases if one.case == small.cases[1].pk]
    assert small.experts[1].pk not in others[0].people()


def test_a_withdrawn_wish_is_not_obeyed(small: worlds.World) -> None:
    constraint = add(small, FORBID, room=small.rooms[0])
    assert [choice.room for choice in problem_of(small).forbidden] == [small.rooms[0].pk]
    placement_constraints.withdraw(constraint, by=small.coordinator)
    assert problem_of(small).forbidden == ()
    assert (constraint.active, constraint.ended_by) == (False, small.coordinator)
    with pytest.raises(StaleState):
        placement_constraints.withdraw(constraint, by=small.coordinator)


def test_a_plan_that_a_later_pin_contradicts_is_not_published(small: worlds.World) -> None:
    proposal = small.propose(seconds=1)
    room = Plan.from_json(proposal.plan).sessions[0].room
    add(small, FORBID, room=next(one for one in small.rooms if one.pk == room))
    with pytest.raises(publication.StalePlan, match="combination that is forbidden"):
        publication.publish(proposal, by=small.coordinator)
    assert not Session.objects.exists()


def test_a_published_case_moves_to_where_it_is_pinned(small: worlds.World) -> None:
    first = add(small, **afternoon(2))
    publication.publish(small.propose(seconds=1), by=small.coordinator)
    placement_constraints.withdraw(first, by=small.coordinator)
    add(small, **afternoon(4))
    publication.publish(small.propose(seconds=1), by=small.coordinator)
    item = small.cases[0].items.get(active=True)
    assert afternoon(4)["start"] <= item.start < afternoon(4)["end"]


def test_a_pin_that_came_before_the_case_was_confirmed_binds_no_plan(small: worlds.World) -> None:
    add(small, **afternoon(4))
    publication.publish(small.propose(seconds=1), by=small.coordinator)
    session = small.cases[0].items.get(active=True).session
    Session.objects.filter(pk=session.pk).update(status=SessionStatus.CONFIRMED)
    assert problem_of(small).pins == ()
    assert refused(small, room=small.rooms[0]) == "immovable"


def test_a_wish_for_somebody_who_is_gone_has_no_effect(small: worlds.World) -> None:
    add(small, FORBID, expert=small.experts[0])
    Expert.objects.filter(pk=small.experts[0].pk).update(active=False)
    assert problem_of(small).forbidden == ()


def test_a_time_outside_the_days_that_are_planned_leaves_no_start(small: worlds.World) -> None:
    add(small, **afternoon(21))
    (pin,) = problem_of(small).pins
    assert pin.from_min == pin.to_min == 7 * 1440
    assert [left.case for left in planned(small).unplaced] == [small.cases[0].pk]


# What is refused ------------------------------------------------------------------------------------------------------


def test_nothing_at_all_and_impossible_parts(small: worlds.World) -> None:
    elsewhere = factories.room()
    bare = factories.room(at=small.hospital, equipment=[])
    small.cases[0].equipment = ["video"]
    small.cases[0].save()
    stranger = factories.expert("DERM", at=small.hospital)
    yesterday = timezone.now() - timedelta(days=1)
    assert refused(small) == "empty"
    for parts in (
        {"room": elsewhere},
        {"room": bare},
        {"expert": stranger},
        {"end": yesterday},
        {"start": afternoon(3)["end"], "end": afternoon(3)["start"]},
    ):
        assert refused(small, **parts) == "impossible", parts
    assert add(small, FORBID, room=bare).room == bare


def test_pins_that_contradict_each_other(small: worlds.World) -> None:
    add(small, room=small.rooms[0], **afternoon(3))
    assert refused(small, room=small.rooms[1]) == "contradiction"
    assert refused(small, **afternoon(4)) == "contradiction"
    assert refused(small, FORBID, room=small.rooms[0]) == "contradiction"
    assert refused(small, room=small.rooms[0], **afternoon(3)) == "known"
    add(small, room=small.rooms[0])
    add(small, FORBID, room=small.rooms[1])
    add(small, FORBID, room=small.rooms[0], **afternoon(4))


def test_two_people_pinned_to_one_seat(small: worlds.World) -> None:
    add(small, expert=small.experts[0])
    assert refused(small, expert=small.experts[1]) == "contradiction"
    add(small, expert=small.experts[2])


def test_a_case_that_is_not_to_be_planned(small: worlds.World) -> None:
    draft = factories.case(at=small.hospital, team=small.team)
    with pytest.raises(RuleError, match="waits for a place"):
        placement_constraints.add(draft, by=small.coordinator, kind=PIN, room=small.rooms[0])


# Plan again -----------------------------------------------------------------------------------------------------------


def test_planning_again_asks_the_same_and_names_the_first_run(small: worlds.World) -> None:
    first = small.request(horizon_days=14, seconds=7)
    again = runs.request_again(first, by=small.coordinator)
    again = PlanningRun.objects.get(pk=again.pk)
    assert again.based_on == first
    assert (again.horizon_start, again.horizon_days, again.seconds) == (first.horizon_start, 14, 7)
    assert list(again.institutions.all()) == [small.hospital]
