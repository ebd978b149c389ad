"""The rules have the last word: a rule that the search does not know costs sessions, never the whole plan."""

from collections.abc import Callable

import pytest

from scheduling.solver import rules
from scheduling.solver.greedy import greedy
from scheduling.solver.neighbourhood import warm
from scheduling.solver.rules.registry import RULES, Violation
from scheduling.solver.solve import solve
from tests.solver.builders import DAY, case, plan, planned, problem, session, team

NewRule = Callable[[Callable[..., bool]], None]
MORNINGS = team(windows=((480, 540), (DAY + 480, DAY + 540)))


@pytest.fixture
def new_rule(monkeypatch: pytest.MonkeyPatch) -> NewRule:
    """A hard rule of which greedy, columns and models know nothing: `broken` says whether a session breaks it."""

    def add(broken: Callable[..., bool]) -> None:
        def judge(board):
            for one in board.sessions:
                if one.id not in board.problem.fixed_of and broken(one):
                    yield Violation(code="new", session=one.id)

        monkeypatch.setitem(RULES, "new", judge)

    return add


def two_days():
    """One case that must be today, one that must be tomorrow."""
    return problem([case(1, due_min=540), case(2, release_min=DAY)], teams=(MORNINGS,))


def test_what_breaks_the_rule_goes_and_the_rest_stays(new_rule: NewRule) -> None:
    new_rule(lambda one: one.start_min >= DAY)
    found = solve(two_days(), seconds=1)
    assert rules.violations(two_days(), found) == []
    assert [item.case for one in found.sessions for item in one.cases] == [1]
    assert [left.case for left in found.unplaced] == [2]
    assert found.status == "feasible"


def test_an_earlier_plan_that_passes_is_taken_before_anything_is_thrown_away(new_rule: NewRule) -> None:
    of = two_days()
    worse = plan(
        of, session(1, 495, 525, planned(1, 495, 1)), session(2, DAY + 480, DAY + 510, planned(2, DAY + 480, 1))
    )
    new_rule(lambda one: one.start_min == 480)
    assert warm.last_valid(of, [greedy.first_plan(of), worse]) == worse


def test_where_no_session_passes_the_confirmed_ones_are_left(new_rule: NewRule) -> None:
    new_rule(lambda one: True)
    found = solve(two_days(), seconds=1)
    assert (found.sessions, [left.case for left in found.unplaced]) == ((), [1, 2])
