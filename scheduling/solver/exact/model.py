"""The exact model for small problems, solved by CP-SAT level by level until proven.

`variables` holds the variables, `rules` one function per hard rule, `goals` one per goal; `solution` reads a plan back.
"""

from collections.abc import Callable, Sequence
from typing import Any

from scheduling.solver.core import cpsat
from scheduling.solver.core.plan import Bound, Plan
from scheduling.solver.core.problem import Problem
from scheduling.solver.exact import goals
from scheduling.solver.exact.rules import BY_CONSTRUCTION, CONSTRAINTS, post
from scheduling.solver.exact.variables import Exact, Meeting

__all__ = ["BY_CONSTRUCTION", "CONSTRAINTS", "Exact", "Meeting", "build", "fits", "solve"]

MOST_CASES = 24


def fits(problem: Problem) -> bool:
    weights = problem.weights
    return len(problem.cases) <= MOST_CASES and weights.session_short <= weights.session_long


def build(problem: Problem, cp_model: Any, meetings: Sequence[Meeting] | None = None) -> Exact:
    exact = Exact(problem, cp_model, meetings)
    post(exact)
    return exact


def solve(
    problem: Problem,
    hint: Plan | None = None,
    seconds: float = 10.0,
    workers: int = 1,
    stop: Callable[[], bool] = lambda: False,
    known: Bound | None = None,
) -> tuple[Plan | None, Bound]:
    """The best plan found and what is proven; never worse than the hint on the levels it finishes."""
    return goals.minimise(build(problem, cpsat.load()), hint, seconds, workers, stop, known)
