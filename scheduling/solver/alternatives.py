"""Alternatives to one plan: fastest, least expert time, fairest, least change.

Each keeps the first three levels of the shared plan and continues its search with other weights for effort. An
alternative is never worse than the shared plan in what its name says; where nothing better is found, it is that plan.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from scheduling.solver import objectives, presence
from scheduling.solver.decompose import Coordinator, Worker
from scheduling.solver.plan import Plan
from scheduling.solver.problem import Problem, Weights

MUCH = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """`measure` is what the kind promises to keep low; the plan's goals are those of the problem as it was asked."""

    kind: str
    plan: Plan
    measure: int
    shared_measure: int


def waiting_minutes(problem: Problem, plan: Plan) -> int:
    """From release to discussion, over all cases placed; one without a place counts as waiting to the end."""
    starts = {item.case: item.start_min for session in plan.sessions for item in session.cases}
    return sum(max(0, starts.get(case.id, problem.horizon_min) - case.release_min) for case in problem.cases)


def attendances(_problem: Problem, plan: Plan) -> int:
    return sum(len(session.people()) for session in plan.sessions)


def load_spread(problem: Problem, plan: Plan) -> int:
    """Sum of squared loads in quarter hours: falls when work moves from the loaded to the idle."""
    minutes = presence.minutes_by_expert(plan.sessions, problem)
    return sum(((expert.load_min + minutes.get(expert.id, 0)) // 15) ** 2 for expert in problem.experts)


def changes(problem: Problem, plan: Plan) -> int:
    """Cases moved and people changed against what was published."""
    one_each = replace(problem, weights=replace(problem.weights, moved_case=1, changed_person=1))
    terms = objectives.effort_terms(one_each, plan.sessions)
    return terms["moved_case"] + terms["changed_person"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    measure: Callable[[Problem, Plan], int]
    weigh: Callable[[Weights], Weights]


KINDS: dict[str, Kind] = {
    "fastest": Kind(measure=waiting_minutes, weigh=lambda w: replace(w, wait=MUCH)),
    "least_expert_time": Kind(
        measure=attendances, weigh=lambda w: replace(w, attendance=MUCH, session_long=w.session_short)
    ),
    "fairest": Kind(measure=load_spread, weigh=lambda w: replace(w, fairness=MUCH)),
    "least_change": Kind(measure=changes, weigh=lambda w: replace(w, moved_case=20 * MUCH, changed_person=5 * MUCH)),
}


def alternatives(
    problem: Problem,
    plan: Plan,
    *,
    seconds: float = 20.0,
    seed: int = 1,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[Alternative]:
    """One per kind, from the shared plan on, the time split evenly."""
    share = seconds / len(KINDS)
    return [alternative(problem, plan, kind, seconds=share, seed=seed, should_stop=should_stop) for kind in KINDS]


def alternative(
    problem: Problem,
    plan: Plan,
    kind: str,
    *,
    seconds: float,
    seed: int = 1,
    should_stop: Callable[[], bool] = lambda: False,
) -> Alternative:
    measure = KINDS[kind].measure
    own = replace(problem, weights=KINDS[kind].weigh(problem.weights))
    if kind == "fairest" and own.fair_target_min is None:
        own = replace(own, fair_target_min=sum(e.load_min for e in own.experts) // max(1, len(own.experts)))
    shared = best = measure(problem, plan)
    chosen = plan
    deadline = time.monotonic() + seconds

    def over() -> bool:
        return time.monotonic() >= deadline or should_stop()

    coordinator, worker = Coordinator.start(own, plan, seed), Worker(own, stop=over)
    while not over():
        task = coordinator.next_task(min(1.0, max(0.1, deadline - time.monotonic())))
        if task is None:
            break
        if coordinator.accept(task.id, worker.work(task)):
            now = coordinator.plan()
            value = measure(problem, now)
            if value < best:
                chosen, best = now, value
    chosen = replace(chosen, goals=objectives.goals(problem, chosen), bound=None, status="feasible")
    return Alternative(kind=kind, plan=chosen, measure=best, shared_measure=shared)
