"""A plan fitted around sessions that stand, and what leaving one session as it was would cost."""

from dataclasses import replace

import pytest

from scheduling.solver import rules
from scheduling.solver.core.problem import Weights
from scheduling.solver.explain import unchanged
from scheduling.solver.greedy import greedy
from scheduling.solver.neighbourhood import rebase
from tests.solver.builders import case, expert, plan, planned, problem, random_problem, room, session, team

TWO_TEAMS = {"teams": (team(windows=((480, 600),)), team(2, windows=((480, 600),))), "rooms": (room(1), room(2))}


def where(plan_):
    return {item.case: (item.start_min, session.id) for session in plan_.sessions for item in session.cases}


def test_what_holds_stays_and_what_clashes_is_planned_anew():
    """Somebody booked the only expert of case 2 at its time; case 1 is nobody's business."""
    of = problem([case(1, [[1]]), case(2, [[2]], team=2), case(3, [[2]], team=2)], **TWO_TEAMS)
    wanted = (session(1, 480, 510, planned(1, 480, 1)), session(2, 480, 510, planned(2, 480, 2), team=2, room=2))
    booked = session(7, 480, 510, planned(3, 480, 2), team=2, room=2)
    found = rebase.around(of, [booked], wanted)
    assert where(found.plan) == {1: (480, 1), 2: (510, 7), 3: (480, 7)}
    assert (found.kept, found.lost) == ({1}, set())
    assert rules.violations(replace(of, fixed=(booked,)), found.plan) == []


def test_a_case_that_finds_no_place_waits_and_the_rest_holds():
    of = problem(
        [case(1, [[1]]), case(2, [[2]], team=2, duration_min=60), case(3, [[2]], team=2, duration_min=90)],
        **TWO_TEAMS,
    )
    wanted = (session(1, 480, 510, planned(1, 480, 1)), session(2, 480, 540, planned(2, 480, 2), team=2, room=2))
    booked = session(7, 480, 570, planned(3, 480, 2), team=2, room=2)
    found = rebase.around(of, [booked], wanted)
    assert where(found.plan) == {1: (480, 1), 3: (480, 7)}
    assert (found.kept, found.lost) == ({1}, {2})


def test_people_who_are_away_by_now_are_replaced_at_the_same_time():
    of = problem([case(1, [[1, 2]])], experts=(expert(1, free=()), expert(2)))
    found = rebase.around(of, [], [session(1, 480, 510, planned(1, 480, 1))])
    assert [item.seats for one in found.plan.sessions for item in one.cases] == [{1: 2}]
    assert where(found.plan) == {1: (480, 1)}
    assert found.kept == set()


def test_cases_and_people_that_are_gone_do_not_stop_the_rest():
    of = problem([case(1, [[1]]), case(2, [[1]])])
    old = session(1, 480, 570, planned(9, 480, 1), planned(1, 510, 1), planned(2, 540, 8))
    found = rebase.around(of, [], [old])
    assert set(where(found.plan)) == {1, 2}
    assert rules.violations(of, found.plan) == []


def test_what_stands_and_breaks_a_rule_by_itself_cannot_be_fitted():
    of = problem([case(1, [[1]])], experts=(expert(1, free=()),))
    assert rebase.around(of, [session(1, 480, 510, planned(1, 480, 1))], []) is None


@pytest.mark.parametrize("seed", range(8))
def test_a_fitted_plan_keeps_every_rule(seed):
    """Random weeks: the plan of one is fitted around a session of another plan of the same week."""
    of = random_problem(seed, cases=6)
    whole = greedy.general(of)
    for one in whole.sessions:
        if one.id in of.fixed_of:
            continue
        late = replace(one, id=90)
        found = rebase.around(of, (*of.fixed, late), whole.sessions)
        if found is not None:
            assert rules.violations(replace(of, fixed=(*of.fixed, late), pins=(), forbidden=()), found.plan) == []
            assert late in found.plan.sessions or any(s.id == 90 for s in found.plan.sessions)


# What a change buys ---------------------------------------------------------------------------------------------------


def test_leaving_a_session_as_it_was_loses_the_case_that_took_its_time():
    old = session(1, 480, 510, planned(1, 480, 1))
    of = problem(
        [case(1, [[1]]), case(2, [[1, 2]], due_min=490, duration_min=60)],
        teams=(team(windows=((480, 570),)),),
        previous=(old,),
    )
    wanted = plan(of, session(1, 480, 570, planned(2, 480, 2), planned(1, 540, 1)))
    found = unchanged.cost(of, wanted, old, wanted.sessions[0])
    assert (found.unplaced, found.broken) == ((), ())
    assert found.late == {2: 20}
    longer = replace(of, cases=(of.cases[0], replace(of.cases[1], duration_min=75)))
    assert unchanged.cost(longer, replace(wanted, sessions=wanted.sessions), old, wanted.sessions[0]).unplaced == (2,)


def test_a_session_that_cannot_stay_says_which_rule():
    old = session(1, 480, 510, planned(1, 480, 1))
    of = problem([case(1, [[1, 2]])], experts=(expert(1, free=((600, 700),)), expert(2)), previous=(old,))
    wanted = plan(of, session(1, 480, 510, planned(1, 480, 2)))
    found = unchanged.cost(of, wanted, old, wanted.sessions[0])
    assert [one.code for one in found.broken] == ["expert_free"]


def test_a_change_that_buys_nothing_says_so_and_one_that_saves_a_session_how_much():
    old = (session(1, 480, 510, planned(1, 480, 1)), session(2, 600, 630, planned(2, 600, 1)))
    free = Weights(moved_case=0, changed_person=0)  # moving costs nothing, so a session saved is a gain
    of = problem([case(1, [[1]]), case(2, [[1]])], previous=old, weights=free)
    joined = plan(of, session(1, 480, 540, planned(1, 480, 1), planned(2, 510, 1)))
    saved = unchanged.cost(of, joined, old[1], None)
    assert (saved.more["sessions"], saved.more["attendances"]) == (1, 1)
    of = replace(of, weights=Weights())
    needless = plan(of, session(1, 540, 570, planned(1, 540, 1)), old[1])
    assert unchanged.cost(of, needless, old[0], needless.sessions[0]).nothing
