"""The promise: slots that keep every rule, and what one session that is not confirmed could make room for."""

from dataclasses import replace

import pytest

from benchmarks import instances
from scheduling.solver import rules
from scheduling.solver.core.plan import Plan, PlannedCase, Unplaced
from scheduling.solver.core.problem import Case, Problem
from scheduling.solver.explain import earliest_slots
from scheduling.solver.greedy import greedy
from tests.solver.builders import case, plan, planned, problem, session


def kept(of: Problem, published: Plan, slot: earliest_slots.Slot) -> Plan:
    """The published plan with the slot in it."""
    item = PlannedCase(case=slot.case, start_min=slot.start_min, seats=slot.seats, optional=slot.optional)
    asked = of.case_of[slot.case]
    sessions = list(published.sessions)
    base = next((one for one in sessions if one.id == slot.session), None)
    if base is None:
        number = max(one.id for one in sessions) + 1
        site = of.team_of[asked.team].site
        sessions.append(session(number, slot.start_min, slot.end_min, item, team=asked.team, site=site, room=slot.room))
    else:
        sessions.remove(base)
        sessions.append(replace(base, end_min=max(base.end_min, slot.end_min), cases=(*base.cases, item)))
    unplaced = tuple(left for left in published.unplaced if left.case != slot.case)
    return replace(published, sessions=tuple(sessions), unplaced=unplaced)


def asking(hospital: Problem, published: Plan, listed: Case) -> tuple[Problem, Plan, Case]:
    """The hospital with one more case, like `listed`."""
    asked = replace(listed, id=10_000 + listed.id)
    return (
        replace(hospital, cases=(*hospital.cases, asked)),
        replace(published, unplaced=(*published.unplaced, Unplaced(case=asked.id))),
        asked,
    )


@pytest.mark.parametrize("number", range(6))
def test_every_promised_slot_keeps_every_rule(number: int) -> None:
    hospital = instances.load("M-1")
    of, published, asked = asking(hospital, greedy.smart(hospital), hospital.cases[7 * number])
    slots = earliest_slots.earliest(of, published, asked, 5)
    assert slots
    for slot in slots:
        assert rules.violations(of, kept(of, published, slot)) == []


def test_sessions_of_its_own_are_apart_and_joining_one_is_not_hidden_by_them() -> None:
    asked = case(99, [[2]])
    of = problem([case(1, [[1]]), asked])
    published = plan(of, session(1, 510, 540, planned(1, 510, 1)))
    close = earliest_slots.earliest(of, published, asked, 3)
    apart = earliest_slots.earliest(of, published, asked, 3, apart_min=60)
    assert [(slot.start_min, slot.session) for slot in close] == [(540, 1), (570, None), (600, None)]
    assert [(slot.start_min, slot.session) for slot in apart] == [(540, 1), (600, None), (660, None)]


def in_the_way(**given: object) -> tuple[Problem, Plan, Case]:
    """The only expert and the only room meet at 08:00 for case 1; a second case of theirs waits."""
    asked = case(99, [[1]])
    of = problem([case(1, [[1]], **given), asked], max_session_min=30)
    return of, plan(of, session(1, 480, 510, planned(1, 480, 1))), asked


def test_a_session_that_nobody_confirmed_could_make_room() -> None:
    of, published, asked = in_the_way()
    assert [slot.start_min for slot in earliest_slots.earliest(of, published, asked, 1)] == [525]
    found = earliest_slots.gain(of, published, asked)
    assert found is not None
    assert (found.slot.start_min, found.moved) == (480, {1: 525})


def test_nobody_moves_over_their_own_limit() -> None:
    of, published, asked = in_the_way(due_min=500)
    assert earliest_slots.gain(of, published, asked) is None


def test_what_is_confirmed_is_not_asked_to_move() -> None:
    of, published, asked = in_the_way()
    assert earliest_slots.gain(replace(of, fixed=published.sessions), published, asked) is None


def test_nothing_to_gain_where_nobody_is_in_the_way() -> None:
    asked = case(99, [[2]])
    of = problem([case(1, [[1]]), asked])
    assert earliest_slots.gain(of, plan(of, session(1, 540, 570, planned(1, 540, 1))), asked) is None
