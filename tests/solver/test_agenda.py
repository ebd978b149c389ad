"""Stage 2: the order of a session's cases, decided where one can see it."""

from dataclasses import replace

import pytest

from scheduling.solver import rules
from scheduling.solver.columns import agenda
from scheduling.solver.core import presence
from scheduling.solver.core.problem import Seat
from scheduling.solver.greedy import greedy
from tests.solver.builders import case, expert, plan, planned, problem, random_problem, session


def ordered(of, published):
    """The cases of the only session, in their order after polishing."""
    found = agenda.polished(of, published)
    assert rules.violations(of, found) == []
    assert found.goals <= published.goals
    (only,) = found.sessions
    return [item.case for item in sorted(only.cases, key=lambda item: item.start_min)]


def one_session(of, *items, until):
    return plan(of, session(1, 480, until, *items))


def with_discipline(of_case, name):
    first, *rest = of_case.seats
    return replace(of_case, seats=(Seat(id=first.id, discipline=name, candidates=first.candidates), *rest))


def test_complex_cases_come_first():
    of = problem([case(1, [[1]], duration_min=15), case(2, [[1], [2]], duration_min=30)])
    assert ordered(of, one_session(of, planned(1, 480, 1), planned(2, 495, 1, 2), until=525)) == [2, 1]


def test_nobody_waits_for_a_case_between_two_of_theirs():
    """Expert 2 sits on the two simple cases: presence weighs more than the complex one's first place."""
    of = problem([case(1, [[1], [2]], duration_min=15), case(2, [[1]], duration_min=60), case(3, [[1], [2]])])
    items = planned(1, 480, 1, 2), planned(2, 495, 1), planned(3, 555, 1, 2)
    order = ordered(of, one_session(of, *items, until=585))
    assert abs(order.index(1) - order.index(3)) == 1


@pytest.mark.parametrize("name", ["RADIOL", "PATH", "rad", "path"])
def test_radiology_and_pathology_stand_together(name):
    """Two radiologists, each for one case: nobody's presence changes, yet the discipline's cases stand together."""
    people = tuple(expert(i) for i in (1, 2, 3, 4))
    cases = [
        case(1, [[2], [1]], duration_min=15),
        case(2, [[4], [1]]),
        case(3, [[3], [1]], duration_min=45),
    ]
    items = planned(1, 480, 2, 1), planned(2, 495, 4, 1), planned(3, 525, 3, 1)
    plain = problem(cases, experts=people)
    assert ordered(plain, one_session(plain, *items, until=570)) == [3, 2, 1]
    named = problem([with_discipline(c, name) if c.id != 2 else c for c in cases], experts=people)
    assert ordered(named, one_session(named, *items, until=570)) in ([3, 1, 2], [2, 3, 1])


def test_a_late_case_is_not_paid_for_with_order():
    """The complex case first would make the simple one late."""
    of = problem([case(1, [[1]], due_min=480), case(2, [[1], [2]], duration_min=60)])
    assert ordered(of, one_session(of, planned(1, 480, 1), planned(2, 510, 1, 2), until=570)) == [1, 2]


def test_people_who_come_later_are_not_called_earlier():
    of = problem([case(1, [[1]]), case(2, [[1], [2]], duration_min=60)])
    late = tuple(replace(e, free=((510, 600),)) if e.id == 2 else e for e in of.experts)
    of = replace(of, experts=late)
    assert ordered(of, one_session(of, planned(1, 480, 1), planned(2, 510, 1, 2), until=570)) == [1, 2]


def test_the_break_stays():
    cases = [case(1, duration_min=15), case(2), case(3, [[1], [2]], duration_min=45)]
    of = problem(cases, break_after_min=60, break_min=15)
    items = planned(1, 480, 1), planned(2, 495, 1), planned(3, 540, 1, 2)
    assert ordered(of, one_session(of, *items, until=585)) == [3, 2, 1]


def test_confirmed_sessions_keep_their_order():
    fixed = session(1, 480, 525, planned(1, 480, 1), planned(2, 495, 1, 2))
    of = problem([case(1, [[1]], duration_min=15), case(2, [[1], [2]])], fixed=(fixed,))
    assert ordered(of, plan(of, fixed)) == [1, 2]


@pytest.mark.parametrize("seed", range(30))
def test_polishing_breaks_no_rule_and_shortens_presence(seed):
    of = random_problem(seed, cases=9)
    before = greedy.general(of)
    after = agenda.polished(of, before)
    assert rules.violations(of, after) == []
    assert after.goals <= before.goals
    minutes = [sum(presence.minutes_by_expert(one.sessions, of).values()) for one in (after, before)]
    assert minutes[0] <= minutes[1] or after.goals < before.goals


def test_a_long_list_is_ordered_too():
    """26 cases of 5 minutes: more than the programme can hold whole, and still done at once."""
    of = problem(
        [case(i, [[1], [2]] if i % 2 else [[1]], duration_min=5) for i in range(1, 27)],
        grain_min=5,
        max_session_min=300,
    )
    items = (planned(i, 475 + 5 * i, *((1, 2) if i % 2 else (1,))) for i in range(1, 27))
    order = ordered(of, one_session(of, *items, until=610))
    assert [i % 2 for i in order] == [1] * 13 + [0] * 13
