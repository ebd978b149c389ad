"""First plans in well under a second: the three baselines, and `general`, which takes any problem.

`general` places case by case, required first, each where the goal tuple grows least: in a new session, in one that
exists (people seated anew), or after the cases of a confirmed one. Nothing that is placed is given up.
"""

from collections.abc import Callable, Iterable

from scheduling.solver import rules
from scheduling.solver.columns.column import Column, Price
from scheduling.solver.columns.pricing import Pricer
from scheduling.solver.core import assembly
from scheduling.solver.core.plan import Plan
from scheduling.solver.core.problem import Case, Problem
from scheduling.solver.core.timeline import State
from scheduling.solver.greedy import blocks
from scheduling.solver.greedy.baselines import fcfs, smart, weekly

__all__ = ["fcfs", "first_plan", "general", "insert", "smart", "weekly"]

MOST_FOR_BOTH = 600
NO_STOP: Callable[[], bool] = lambda: False  # noqa: E731


def first_plan(problem: Problem, stop: Callable[[], bool] = NO_STOP) -> Plan:
    """The warm start: `general`; on office half-days `smart` completed, or the better of both where that is quick."""
    if not blocks.fits(problem):
        return general(problem, stop)
    warm_plan = smart(problem)
    if rules.violations(problem, warm_plan):
        return general(problem, stop)
    warm = State(problem, warm_plan.sessions)
    complete(warm, unplaced_cases(warm), stop)
    plan = assembly.plan_of_state(warm)
    if len(problem.cases) > MOST_FOR_BOTH:
        return plan
    return min(plan, general(problem, stop), key=lambda plan: plan.goals)


def general(problem: Problem, stop: Callable[[], bool] = NO_STOP) -> Plan:
    """A valid plan for any problem."""
    state = State(problem, problem.fixed)
    complete(state, unplaced_cases(state), stop)
    return assembly.plan_of_state(state)


def urgency(case: Case) -> tuple[bool, int, int, int]:
    return not case.required, case.due_min, -case.weight, case.id


def unplaced_cases(state: State) -> list[Case]:
    return sorted((case for case in state.problem.cases if case.id not in state.placed), key=urgency)


def complete(state: State, cases: Iterable[Case], stop: Callable[[], bool] = NO_STOP) -> list[Case]:
    """Inserts what it can; answers the cases that found no place."""
    pricer, left = Pricer(state=state, tries=8), []
    for case in cases:
        if stop() or not insert(pricer, case):
            left.append(case)  # noqa: PERF401 - insert acts, a comprehension would hide it
    return left


def insert(pricer: Pricer, case: Case) -> bool:
    """Puts one case where the goals grow least; answers whether there was a place."""
    state = pricer.state
    best: tuple[Price, Column, int | None] | None = None
    alone = pricer.price([case], stubborn=True)
    if alone:
        best = (alone[0].price, alone[0], None)
    for ident in sorted(state.team_sessions[case.team]):
        found = _joined(pricer, case, ident)
        if found and (best is None or found[0] < best[0]):
            best = (*found, ident)
    if best is None:
        return False
    _, column, replaced = best
    _replace(state, column, replaced)
    return True


def _replace(state: State, column: Column, ident: int | None) -> None:
    room = column.rooms[0]
    session = column.session(ident if ident is not None else state.new_id(), room)
    if ident is not None:
        state.remove(ident)
    state.add(session)


def _joined(pricer: Pricer, case: Case, ident: int) -> tuple[Price, Column] | None:
    """The case added to a session: what that adds to the goals, and the column that replaces the session."""
    state, problem = pricer.state, pricer.state.problem
    session = state.sessions[ident]
    minutes = sum(problem.case_of[item.case].duration_min for item in session.cases) + case.duration_min
    if minutes > problem.max_session_min:
        return None
    state.remove(ident)
    try:
        if ident in problem.fixed_of:
            columns = pricer.price([case], session)
            return (columns[0].price, columns[0]) if columns else None
        order = sorted([*(problem.case_of[item.case] for item in session.cases), case], key=lambda c: c.release_min)
        here = state.starts.times(session.start_min, session.start_min + 1)
        columns = pricer.price(order, inside=here)
        if not columns:
            return None
        before = pricer.price_session(session)
        late, suggested, effort = (a - b for a, b in zip(columns[0].price, before, strict=True))
        return (late, suggested, effort), columns[0]
    finally:
        state.add(session)
