"""The exact model for small problems, solved by CP-SAT level by level until proven.

`exact` holds the variables, `exact_rules` one function per hard rule, `exact_goals` one per goal.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from scheduling.solver.core import cpsat, objectives
from scheduling.solver.core.plan import Bound, Plan, PlannedCase, PlannedSession, Unplaced
from scheduling.solver.core.problem import Case, Problem
from scheduling.solver.exact.rules import BY_CONSTRUCTION, CONSTRAINTS, post
from scheduling.solver.exact.variables import Exact, Meeting

__all__ = ["BY_CONSTRUCTION", "CONSTRAINTS", "Exact", "Meeting", "build", "fits", "read", "solve"]

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
    from scheduling.solver.exact import goals

    return goals.minimise(build(problem, cpsat.load()), hint, seconds, workers, stop, known)


def read(exact: Exact, solver: Any) -> Plan:
    """The solution as a plan; sessions shrink to their cases."""
    sessions = []
    for k, slot in enumerate(exact.slots):
        if not solver.value(exact.live[k]):
            continue
        members = [case for case in exact.cases_of(k) if solver.value(exact.member[case.id, k])]
        items = sorted((_item(exact, solver, case) for case in members), key=lambda item: item.start_min)
        end = max(item.start_min + exact.problem.case_of[item.case].duration_min for item in items)
        fixed = slot.fixed
        sessions.append(
            PlannedSession(
                id=fixed.id if fixed else max(exact.problem.fixed_of, default=0) + 1 + k,
                team=slot.team,
                site=slot.site,
                room=next((room for room, here in exact.rooms_of(k).items() if solver.value(here)), None),
                start_min=fixed.start_min if fixed else items[0].start_min,
                end_min=max(end, fixed.end_min) if fixed else end,
                cases=tuple(items),
            )
        )
    return of(exact.problem, sessions)


def of(problem: Problem, sessions: Iterable[PlannedSession]) -> Plan:
    """The plan of these sessions; every case in none of them is unplaced."""
    planned = tuple(sorted(sessions, key=lambda session: (session.start_min, session.id)))
    placed = {item.case for session in planned for item in session.cases}
    return Plan(
        status="feasible",
        goals=objectives.goals_of(problem, planned),
        sessions=planned,
        unplaced=tuple(Unplaced(case=case.id) for case in problem.cases if case.id not in placed),
    )


def _item(exact: Exact, solver: Any, case: Case) -> PlannedCase:
    chosen: dict[str, dict[int, int]] = {"seat": {}, "optional": {}}
    for (ident, kind, place, expert), fills in exact.fills.items():
        if ident == case.id and solver.value(fills):
            chosen[kind][place] = expert
    return PlannedCase(
        case=case.id, start_min=solver.value(exact.start[case.id]), seats=chosen["seat"], optional=chosen["optional"]
    )
