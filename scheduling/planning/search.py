"""From a problem to offers: the search over all helpers, and what can be told of it while it goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from scheduling.distributed.distributed_crew import DistributedCrew
from scheduling.models import PlanningRun
from scheduling.planning import incumbents, offers, runs
from scheduling.planning.core import figures
from scheduling.planning.offers import Offer
from scheduling.solver import solve
from scheduling.solver.core.plan import PlannedSession
from scheduling.solver.core.problem import Problem
from scheduling.solver.neighbourhood import warm

ALTERNATIVES_SHARE = 0.3  # of the time limit
LEAST_SHARE = 0.2  # of the limit for a search that goes on where a lost worker stopped
MOST_POINTS = 150


def compute(
    run: PlanningRun, problem: Problem, *, watch: Callable[[SearchProgress], None], should_stop: Callable[[], bool]
) -> list[Offer]:
    """The balanced plan first. Ends within the run's limit (plus about a second), or soon after it is asked to stop."""
    resumed, may_search = incumbents.resume(run, problem), runs.may_search(run)
    left = max(LEAST_SHARE * run.seconds, run.seconds - resumed.seconds) if may_search else 0.0
    whole = solve.Clock(limit_s=left, should_stop=should_stop)
    share = ALTERNATIVES_SHARE if run.alternatives and may_search else 0.0
    clock = solve.Clock(limit_s=whole.limit_s * (1 - share), should_stop=should_stop)

    progress = SearchProgress(problem, clock, seconds_before=resumed.seconds)
    search = progress.search
    search.start(resumed.plan or warm.first_plan(problem, clock.over), run.seed)
    watch(progress)
    if not clock.over():
        _search(progress, problem, clock)
    plan = search.finish()
    progress.phase = "alternatives" if share else "done"
    if not share:
        return [Offer.of(problem, plan)]
    seconds = min(whole.left, share * whole.limit_s)
    return offers.offers(problem, plan, seconds=seconds, seed=run.seed, should_stop=should_stop)


def _search(progress: SearchProgress, problem: Problem, clock: solve.Clock) -> None:
    if progress.search.small:  # the exact model ends those sooner than a helper could come
        progress.search.run()
        return
    progress.crew = DistributedCrew(problem, lambda: progress.search.coordinator.sessions, clock.over)
    try:
        progress.search.run(team=progress.crew)
    finally:
        progress.crew.dismiss()


class SearchProgress:
    """A search as its run's row shows it: where it improved, and how it stands now."""

    def __init__(self, problem: Problem, clock: solve.Clock, *, seconds_before: float) -> None:
        self.search = solve.Search(problem, clock, self._note)
        self.crew: DistributedCrew | None = None
        self.phase = ""
        self._seconds_before = seconds_before
        self._steps: list[dict[str, Any]] = []

    @property
    def seconds(self) -> float:
        """Of search, those of a lost worker included."""
        return self._seconds_before + self.search.clock.seconds

    @property
    def version(self) -> int:
        return self.search.coordinator.version

    def sessions(self) -> Iterable[PlannedSession]:
        return self.search.coordinator.sessions.values()

    def points(self) -> list[dict[str, Any]]:
        now = asdict(figures.counts(self.search.problem, list(self.sessions())))
        return [*self._steps, self._point() | {"counts": now}]

    def _note(self, progress: solve.Progress) -> None:
        self.phase = progress.phase
        self._steps = thinned([*self._steps, self._point()])

    def _point(self) -> dict[str, Any]:
        search, crew = self.search, self.crew
        return {
            "seconds": round(search.clock.seconds, 2),
            "phase": self.phase,
            "goals": list(search.coordinator.goals),
            "bound": list(search.bound) if search.bound else None,
            "tasks_done": crew.done if crew else search.coordinator.tasks_done,
            "tasks_helped": crew.helped if crew else 0,
            "tasks_lost": crew.lost if crew else 0,
            "workers": crew.workers if crew else 1,
        }


def thinned(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every other of the older half, once there are too many: the chart keeps its shape, the row its size."""
    if len(points) <= MOST_POINTS:
        return points
    half = len(points) // 2
    return [*points[:half:2], *points[half:]]
