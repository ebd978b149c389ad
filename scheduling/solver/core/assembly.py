"""Sessions put together as a plan."""

from collections.abc import Iterable

from scheduling.solver.core import objectives
from scheduling.solver.core.plan import Plan, PlannedSession, Unplaced
from scheduling.solver.core.problem import Problem
from scheduling.solver.core.timeline import State


def plan_of(problem: Problem, sessions: Iterable[PlannedSession]) -> Plan:
    """The plan of these sessions, in order of start; every case in none of them is unplaced."""
    planned = tuple(sorted(sessions, key=lambda session: (session.start_min, session.id)))
    placed = {item.case for session in planned for item in session.cases}
    return Plan(
        status="feasible",
        goals=objectives.goals_of(problem, planned),
        sessions=planned,
        unplaced=tuple(Unplaced(case=case.id) for case in problem.cases if case.id not in placed),
    )


def plan_of_state(state: State) -> Plan:
    """The plan of what is placed in the state."""
    return plan_of(state.problem, state.sessions.values())
