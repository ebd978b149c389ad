"""Where a search begins: an empty week, or what is published with the rest placed around it."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from scheduling.solver import rules
from scheduling.solver.core import assembly, objectives
from scheduling.solver.core.plan import Plan, PlannedSession
from scheduling.solver.core.problem import Problem
from scheduling.solver.core.timeline import State
from scheduling.solver.greedy import greedy
from scheduling.solver.neighbourhood import repair

TRIES = 3


def first_plan(problem: Problem, stop: Callable[[], bool] = greedy.NO_STOP) -> Plan:
    """The better of the two; a search that begins anew every time would move people for no reason."""
    empty = greedy.first_plan(problem, stop)
    kept = as_published(problem)
    return empty if kept is None else min(around(problem, kept, stop), empty, key=lambda plan: plan.goals)


def as_published(problem: Problem) -> tuple[PlannedSession, ...] | None:
    """What is published as far as the rules allow it now: same times, people replaced where they must be, cases without
    a place left out. None where nothing is published, or the sessions that are left do not fit together."""
    if not problem.previous:
        return None
    listed = [*problem.fixed, *(session for session in problem.previous if _known(problem, session))]
    published = Plan(status="feasible", goals=objectives.NOTHING, sessions=tuple(listed), unplaced=())
    plan = assembly.plan_of_state(repair.substituted(problem, published)[0])
    return None if rules.violations(problem, plan) else plan.sessions


def still(problem: Problem, kept: tuple[PlannedSession, ...]) -> Problem:
    """The problem in which what stands does not move; cases may still join it."""
    return replace(problem, fixed=kept)


def around(problem: Problem, kept: tuple[PlannedSession, ...], stop: Callable[[], bool] = greedy.NO_STOP) -> Plan:
    """What stands, untouched, and the rest placed where it fits, case by case."""
    state = State(still(problem, kept), kept)
    greedy.complete(state, greedy.unplaced_cases(state), stop)
    return assembly.plan_of_state(State(problem, state.sessions.values()))


def sound(problem: Problem, sessions: Iterable[PlannedSession]) -> Plan | None:
    """A valid plan of these without those that break a rule; None if that does not come about in a few rounds."""
    chosen = tuple(sessions)
    for _ in range(TRIES):
        plan = assembly.plan_of_state(State(problem, chosen))
        if not rules.violations(problem, plan):
            return plan
        unsound = repair.broken(problem, plan)
        chosen = tuple(session for session in chosen if session.id not in unsound)
    return None


def last_valid(problem: Problem, plans: Iterable[Plan]) -> Plan:
    """The first of these that the rules let pass; else the best that is left of one without what breaks them; else what
    is confirmed alone. A rule that the search does not know costs sessions, never the plan."""
    tried = []
    for plan in plans:
        if not rules.violations(problem, plan):
            return plan
        tried.append(plan)
    parts = (sound(problem, plan.sessions) for plan in tried)
    found = [part for part in parts if part is not None]
    return min(found, key=lambda plan: plan.goals, default=assembly.plan_of_state(State(problem, problem.fixed)))


def _known(problem: Problem, session: PlannedSession) -> bool:
    """Whether the problem knows everything that the session names, and asks for all of its cases."""
    return (
        session.id not in problem.fixed_of
        and session.team in problem.team_of
        and session.site in problem.sites
        and (session.room is None or session.room in problem.room_of)
        and session.people() <= problem.expert_of.keys()
        and all(item.case in problem.case_of for item in session.cases)
    )
