"""What is published stays where it is as far as the rules and the goals above effort allow."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import instances
from scheduling.solver import alternatives, rules
from scheduling.solver.core import objectives
from scheduling.solver.core.problem import Weights
from scheduling.solver.greedy import greedy
from scheduling.solver.neighbourhood import warm
from scheduling.solver.solve import solve
from tests.solver.builders import DAY, case, decided_problem, expert, plan, planned, problem, session, team

TWO_MORNINGS = team(windows=((480, 540), (DAY + 480, DAY + 540)))


def moved(of, found):
    now = {item.case: item.start_min for s in found.sessions for item in s.cases}
    return sorted(ident for ident, old in objectives.before(of).items() if now.get(ident) != old.start_min)


def least_change(of, shared, seconds=1.0):
    found = alternatives.alternative(of, shared, "least_change", seconds=seconds)
    assert rules.violations(of, found.plan) == []
    assert tuple(found.plan.goals)[:3] <= tuple(objectives.goals(of, shared))[:3]
    return found


def grown(name):
    """An instance whose plan was published before an eighth of its cases came in."""
    whole = instances.load(name)
    fresh = {one.id for one in whole.cases[::8]}
    published = greedy.first_plan(replace(whole, cases=tuple(c for c in whole.cases if c.id not in fresh)))
    return replace(whole, previous=published.sessions)


def test_a_few_new_cases_move_nothing_that_is_published():
    """A plan made anew moves some; nothing has to move."""
    of = grown("S-3")
    anew = greedy.first_plan(of)
    found = least_change(of, anew, seconds=3)
    assert moved(of, anew)
    assert moved(of, found.plan) == []
    assert found.measure == 0 < found.shared_measure


def test_a_plan_begins_with_what_is_published():
    of = grown("S-3")
    first = warm.first_plan(of)
    assert first.goals < greedy.first_plan(of).goals
    assert moved(of, first) == []


def test_it_moves_fewer_than_a_balanced_plan_that_finds_moving_cheap():
    """Both cases in one session save an attendance and a session; leaving the published one alone is also a plan."""
    cheap = Weights(moved_case=1, changed_person=1, wait=0)
    of = problem(
        [case(1, [[1]]), case(2, [[1]], release_min=DAY)],
        teams=(TWO_MORNINGS,),
        previous=(session(1, 480, 510, planned(1, 480, 1)),),
        weights=cheap,
    )
    balanced = solve(of, seconds=2)
    assert moved(of, balanced) == [1]
    assert moved(of, least_change(of, balanced).plan) == []


def test_what_must_give_way_does_and_only_that():
    """The new case can only be discussed when one of the two published ones is; the limit is a goal above effort."""
    of = problem(
        [case(1, [[1]]), case(2, [[2]]), case(3, [[3]], due_min=500)],
        teams=(team(windows=((480, 510), (DAY + 480, DAY + 540), (2 * DAY + 480, 2 * DAY + 510))),),
        previous=(session(1, 480, 510, planned(1, 480, 1)), session(2, DAY + 480, DAY + 510, planned(2, DAY + 480, 2))),
    )
    shared = plan(
        of,
        session(1, 480, 510, planned(3, 480, 3)),
        session(2, DAY + 480, DAY + 510, planned(1, DAY + 480, 1)),
        session(3, 2 * DAY + 480, 2 * DAY + 510, planned(2, 2 * DAY + 480, 2)),
    )
    assert moved(of, shared) == [1, 2]
    assert moved(of, least_change(of, shared).plan) == [1]


def test_who_left_is_replaced_and_the_session_stays():
    of = problem(
        [case(1, [[1, 2]]), case(2, [[3]])],
        experts=(expert(1, free=((DAY + 480, DAY + 540),)), expert(2), expert(3)),
        teams=(TWO_MORNINGS,),
        previous=(session(1, 480, 540, planned(1, 480, 1), planned(2, 510, 3)),),
    )
    [kept] = warm.as_published(of)
    assert [(item.case, item.start_min, dict(item.seats)) for item in kept.cases] == [
        (1, 480, {1: 2}),
        (2, 510, {1: 3}),
    ]


def test_a_case_without_a_place_leaves_and_the_others_stay():
    of = problem(
        [case(1, [[1]]), case(2, [[3]])],
        experts=(expert(1, free=((DAY + 480, DAY + 540),)), expert(2), expert(3)),
        teams=(TWO_MORNINGS,),
        previous=(session(1, 480, 540, planned(1, 480, 1), planned(2, 510, 3)),),
    )
    assert moved(of, warm.first_plan(of)) == [1]


def test_a_session_that_names_what_is_gone_is_no_start():
    of = problem([case(1, [[1]])], previous=(session(1, 480, 510, planned(1, 480, 9)),))
    assert warm.as_published(of) == ()
    assert warm.first_plan(of).unplaced == ()
    assert warm.as_published(problem([case(1)])) is None


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_a_plan_around_what_is_published_breaks_no_rule(seed):
    of = decided_problem(seed)
    first = warm.first_plan(of)
    assert rules.violations(of, first) == []
    assert first.goals <= greedy.first_plan(of).goals


@pytest.mark.parametrize("seed", range(6))
def test_least_change_keeps_its_word_where_much_is_decided(seed):
    of = decided_problem(seed)
    shared = greedy.first_plan(of)
    found = least_change(of, shared, seconds=0.5)
    assert found.measure <= found.shared_measure
