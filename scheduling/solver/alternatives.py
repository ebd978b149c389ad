"""Alternatives to one plan: fastest, least expert time, fairest, least change.

Each keeps the first three levels of the shared plan and continues its search with other weights for effort; least
change begins with what is published instead. An alternative is never worse than the shared plan in what its name says;
where nothing better is found, it is that plan.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from scheduling.solver.core import objectives, presence
from scheduling.solver.core.plan import Plan
from scheduling.solver.core.problem import Problem, Weights
from scheduling.solver.greedy import greedy
from scheduling.solver.neighbourhood import warm
from scheduling.solver.neighbourhood.decompose import Coordinator, Worker

MUCH = 50
STILL_SHARE, GIVING_WAY_SHARE = 0.4, 0.7  # of the time left: with what is published standing still, then giving way


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
    own = replace(problem, weights=KINDS[kind].weigh(problem.weights))
    if kind == "fairest" and own.fair_target_min is None:
        own = replace(own, fair_target_min=sum(e.load_min for e in own.experts) // max(1, len(own.experts)))
    hunt = Hunt(problem, plan, KINDS[kind].measure, seconds=seconds, seed=seed, should_stop=should_stop)
    if kind == "least_change" and hunt.shared:
        _from_what_is_published(hunt, own)
    if kind != "least_change" or hunt.best == hunt.shared > 0:
        hunt.search(own, plan, share=1)
    chosen = replace(hunt.chosen, goals=hunt.goals, bound=None, status="feasible")
    return Alternative(kind=kind, plan=chosen, measure=hunt.best, shared_measure=hunt.shared)


class Hunt:
    """The plan that is best by one measure, then by its goals, of those seen that keep the first three levels of the
    shared plan."""

    def __init__(
        self,
        problem: Problem,
        shared: Plan,
        measure: Callable[[Problem, Plan], int],
        *,
        seconds: float,
        seed: int,
        should_stop: Callable[[], bool],
    ) -> None:
        self.problem, self.measure, self.seed, self.should_stop = problem, measure, seed, should_stop
        self.chosen, self.goals = shared, objectives.goals(problem, shared)
        self.shared = self.best = measure(problem, shared)
        self.levels = tuple(self.goals)[:3]
        self.deadline = time.monotonic() + seconds

    def over(self) -> bool:
        return time.monotonic() >= self.deadline or self.should_stop()

    def reaches(self, plan: Plan | Coordinator) -> bool:
        return tuple(plan.goals)[:3] <= self.levels

    def consider(self, plan: Plan) -> None:
        value, goals = self.measure(self.problem, plan), objectives.goals(self.problem, plan)
        if self.reaches(plan) and (value, goals) < (self.best, self.goals):
            self.chosen, self.best, self.goals = plan, value, goals

    def search(self, own: Problem, start: Plan, *, share: float, first: Sequence[int] = ()) -> Plan:
        """From `start` on, by the weights of `own`, for a share of the time that is left, or to the end of it if the
        levels are reached meanwhile; the teams named first have their turns first until then."""
        until = time.monotonic() + share * max(0.0, self.deadline - time.monotonic())
        coordinator, worker = Coordinator.start(own, start, self.seed), Worker(own, stop=self.over)
        turn = 0
        while not self.over():
            reached = self.reaches(coordinator)
            if not reached and time.monotonic() >= until:
                break
            seconds = min(1.0, max(0.1, self.deadline - time.monotonic()))
            aimed = first[turn % len(first)] if first and not reached else None
            task = coordinator.next_task(seconds, first=aimed)
            if task is None:
                break
            turn += 1
            if coordinator.accept(task.id, worker.work(task)):
                self.consider(coordinator.plan())
        return coordinator.plan()


def _from_what_is_published(hunt: Hunt, own: Problem) -> None:
    """Least change: what is published stands still and the rest finds its place around it; only where that costs more
    than the shared plan does, the published give way, at a high price, the teams of the suffering cases first."""
    kept = warm.as_published(own)
    if kept is None:
        return
    start = warm.around(own, kept, hunt.over)
    hunt.consider(start)
    settled = hunt.search(warm.still(own, kept), start, share=STILL_SHARE)
    if not hunt.reaches(settled):
        hunt.search(own, settled, share=GIVING_WAY_SHARE, first=_suffering(own, settled))


def _suffering(problem: Problem, plan: Plan) -> list[int]:
    """The teams of unplaced and late cases, those whose limit is nearest first."""
    starts = {item.case: item.start_min for session in plan.sessions for item in session.cases}
    late = [case for case in problem.cases if objectives.days_late(case, starts.get(case.id, case.due_min + 1))]
    return list(dict.fromkeys(case.team for case in sorted(late, key=greedy.urgency)))
