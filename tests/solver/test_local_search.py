"""The local search: exact deltas, no rule broken, never worse, and moves that one can see."""

from dataclasses import replace

import pytest

from scheduling.solver import rules
from scheduling.solver.core import objectives
from scheduling.solver.core.plan import Unplaced
from scheduling.solver.core.problem import Choice, Weights
from scheduling.solver.greedy import greedy
from scheduling.solver.local_search import local_search
from scheduling.solver.local_search.local_search import LocalSearch
from scheduling.solver.solve import stands_alone
from tests.solver.builders import (
    DAY,
    case,
    expert,
    optional,
    plan,
    planned,
    problem,
    random_problem,
    room,
    session,
    team,
)

GUESTS = Weights(session_short=0, session_long=0, standing_discount=0, attendance=0, optional_missing=1, wait=0)


def lonely(*cases, windows=((480, 540),), **given):
    """Each case with a team of its own."""
    teams = tuple(team(c.id, windows=windows) for c in cases)
    return problem([replace(c, team=c.id) for c in cases], teams=teams, **{"changeover_min": 0, **given})


def improved(of, start, seconds=0.3, **given):
    found = local_search.improved(of, start, seconds, **given)
    assert rules.violations(of, found) == []
    assert found.goals == objectives.goals(of, found) <= start.goals
    return found


def as_plan(of, search):
    sessions = search.state.sessions()
    placed = {item.case for one in sessions for item in one.cases}
    left = tuple(Unplaced(case=c.id) for c in of.cases if c.id not in placed)
    return replace(plan(of), sessions=sessions, unplaced=left)


@pytest.mark.parametrize("seed", range(40))
def test_deltas_are_exact_and_no_rule_breaks(seed):
    """After any number of steps, accepted or taken back, the cost is that of the plan and the plan is valid."""
    of = random_problem(seed, cases=9)
    search = LocalSearch(of, greedy.general(of), seed)
    for pushes in (0, 40):
        steps = iter(range(pushes))
        search.place(lambda steps=steps: next(steps, None) is None)
        for number in range(60):
            before = search.state.cost, search.state.clashes.total, search.state.sessions()
            search.state.mark()
            search._step(heat=2.0)
            if number % 3 == 0:
                search.state.undo()
                assert (search.state.cost, search.state.clashes.total) == before[:2]
                assert set(map(str, search.state.sessions())) == set(map(str, before[2]))
        now = as_plan(of, search)
        assert rules.violations(of, now) == []
        assert search.state.cost == search.state.factors.sum(objectives.goals(of, now))


@pytest.mark.parametrize("seed", range(10))
def test_it_never_answers_worse(seed):
    of = random_problem(seed, cases=9)
    improved(of, greedy.general(of), 0.1, seed=seed)


def test_a_chain_of_moves_finds_a_place():
    """Case 3 fits only where case 1 sits, case 1 only where case 2 does; the room holds one at a time."""
    first, second, third = ((480, 510),), ((510, 540),), ((540, 570),)
    cases = (case(1, [[1]]), case(2, [[2]]), case(3, [[3]]))
    of = problem(
        [replace(c, team=c.id) for c in cases],
        teams=tuple(team(i, windows=((480, 570),)) for i in (1, 2, 3)),
        experts=(expert(1, free=first + second), expert(2, free=second + third), expert(3, free=first)),
        changeover_min=0,
    )
    start = plan(
        of,
        session(1, 480, 510, planned(1, 480, 1)),
        session(2, 510, 540, planned(2, 510, 2), team=2),
    )
    found = improved(of, start)
    assert {item.case: item.start_min for one in found.sessions for item in one.cases} == {1: 510, 2: 540, 3: 480}


def test_a_guest_comes_where_the_meeting_moves():
    of = lonely(case(1, [[1]]), replace(case(2, [[2]]), optional=(optional(7, 1),)), rooms=(room(1), room(2)))
    of = replace(of, weights=GUESTS)
    start = plan(
        of,
        session(1, 480, 510, planned(1, 480, 1)),
        session(2, 480, 510, planned(2, 480, 2), team=2, room=2),
    )
    assert (start.goals.effort, improved(of, start).goals.effort) == (1, 0)


def test_people_change_to_make_way():
    """Only person 1 can take case 2, and there is but one time; case 1 may have person 2 as well."""
    of = lonely(case(1, [[1, 2]]), case(2, [[1]]), rooms=(room(1), room(2)), windows=((480, 510),))
    start = plan(of, session(1, 480, 510, planned(1, 480, 1)))
    found = improved(of, start)
    assert {i.case: i.seats[1] for one in found.sessions for i in one.cases} == {1: 2, 2: 1}


def test_confirmed_sessions_and_pins_stay():
    fixed = session(1, 480, 510, planned(1, 480, 1))
    of = lonely(case(1, [[1]]), case(2, [[1]]), case(3, [[2]]), rooms=(room(1), room(2)))
    of = replace(of, fixed=(fixed,), pins=(Choice(case=3, from_min=510),))
    found = improved(of, plan(of, fixed))
    starts = {item.case: item.start_min for one in found.sessions for item in one.cases}
    assert starts == {1: 480, 2: 510, 3: 510}


def test_travel_between_sites_is_kept():
    """Two cases at two sites, an hour's way apart, in a window of 90 minutes: not both."""
    of = problem(
        [case(1, [[1]]), replace(case(2, [[1]]), team=2)],
        sites=(1, 2),
        travel_min=((1, 2, 60),),
        teams=(team(1, windows=((480, 570),)), team(2, site=2, windows=((480, 570),))),
        rooms=(room(1), room(2, site=2)),
        experts=(expert(1, sites=frozenset({1, 2})),),
    )
    assert improved(of, plan(of)).goals.required_unplaced == 1
    wider = replace(of, teams=tuple(replace(t, windows=((480, 600),)) for t in of.teams))
    assert improved(wider, plan(wider)).goals.required_unplaced == 0


def test_caps_are_kept():
    of = lonely(case(1, [[1]]), case(2, [[1]]), rooms=(room(1), room(2)))
    of = replace(of, experts=(expert(1, max_sessions_day=1), expert(2), expert(3)))
    assert improved(of, plan(of)).goals.required_unplaced == 1
    days = ((480, 540), (DAY + 480, DAY + 540))
    of = replace(of, teams=tuple(replace(t, windows=days) for t in of.teams))
    assert improved(of, plan(of)).goals.required_unplaced == 0


def test_it_is_called_where_sessions_cannot_be_shared():
    assert stands_alone(lonely(case(1), case(2)))
    assert not stands_alone(problem([case(1), case(2)]))
