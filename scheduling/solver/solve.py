"""solve(problem): the best plan within the limit, never an empty answer.

Greedy first; small problems go straight to the proof, which finds their optimum on the way, large ones whose sessions
cannot be shared to the local search. Then tasks of the coordinator, in this process or over several, until time is up,
somebody stops it, or the bound proves every level. Bounds are computed on the side, one team at a time. What is left of
a small problem's time goes to the proof again.
"""

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from scheduling.solver.columns import agenda
from scheduling.solver.core.plan import Bound, Goals, Plan, Unplaced
from scheduling.solver.core.problem import Problem
from scheduling.solver.exact import model
from scheduling.solver.explain import explain
from scheduling.solver.neighbourhood import crew, warm
from scheduling.solver.neighbourhood.decompose import Answer, Coordinator, Exchange, Task
from scheduling.solver.proof import bounds, proof, team_proof

TASK_S = 8.0
SETTLED_AFTER = 12
PROOF_SHARE, SEARCH_UNTIL = 0.6, 0.8  # of a small problem's time
HUGE_TEAMS = 60
LOCAL_SHARE = 0.95  # of the time, where sessions cannot be shared
BOUND_SHARE, HUGE_BOUND_SHARE = 0.35, 0.1  # of all workers' time, until every team has its bound
POLISH_S = 1.0  # beyond the limit, or after a stop
WORTH_STARTING_S = 8.0  # processes take two seconds to start


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
    search = Search(problem, clock, on_progress or (lambda _: None))
    search.start(warm.first_plan(problem, clock.over), problem.limits.seed if seed is None else seed)
    if not clock.over():
        search.run(problem.limits.workers if workers is None else workers)
    return search.finish()


class Search:
    """One run: the coordinator's state, the bounds of the teams so far, and what is told to whoever watches."""

    def __init__(self, problem: Problem, clock: Clock, tell: OnProgress) -> None:
        self.problem, self.clock, self.tell = problem, clock, tell
        self.bound: Bound | None = None
        self.parts: dict[int, bounds.TeamBound] = {}
        self.first_plan_s = 0.0
        self.unbounded = sorted({case.team for case in problem.cases}, reverse=True)
        self.teams = len(self.unbounded)
        self.last_gain = 0
        self.share = HUGE_BOUND_SHARE if self.teams > HUGE_TEAMS else BOUND_SHARE
        self.bounding_since: float | None = None
        self.bounding_s = 0.0
        self.small = model.fits(problem)
        self.proof: proof.Proof | None = None

    def start(self, plan: Plan, seed: int) -> None:
        self.first_plan_s = self.clock.seconds
        self.first = plan
        self.coordinator = Coordinator.start(self.problem, plan, seed)
        self._say("greedy")

    def run(self, workers: int = 1, team: crew.Crew | None = None) -> None:
        """Whoever drives the search over hosts brings a crew of its own; it is dismissed at the end."""
        if not self.problem.cases:
            return
        if stands_alone(self.problem) and not self.small:
            self._search_locally(LOCAL_SHARE * self.clock.left)
        if self.small:
            self._prove(PROOF_SHARE * self.clock.left)
        if not self._done():
            self.share *= max(1, workers)
            team = team or self._crew(workers)
            try:
                self._drive(team)
            finally:
                team.dismiss()
        if self.small and not self._done():
            self._prove(self.clock.left)
        if self.small and not self._done():
            self._solve_exactly(workers)

    def _done(self) -> bool:
        return self._proven() or self.clock.over()

    def _crew(self, workers: int) -> crew.Crew:
        alone = workers <= 1 or self.clock.left < WORTH_STARTING_S or multiprocessing.current_process().daemon
        return crew.Alone(self.problem, self.clock.over) if alone else crew.Processes(self.problem, workers)

    def _search_locally(self, seconds: float) -> None:
        from scheduling.solver.local_search import local_search  # noqa: PLC0415 - loads numpy

        seed, over = self.coordinator.seed, self.clock.over
        start = self.coordinator.plan()
        self._adopt(local_search.improved(self.problem, start, seconds, stop=over, seed=seed, watch=self._adopt))

    def _adopt(self, plan: Plan) -> None:
        if plan.goals < self.coordinator.goals:
            self._go_on_from(plan)
            self._say("search")

    def _go_on_from(self, plan: Plan) -> None:
        """A better plan that no task brought; versions go on rising, so that whoever watches sees the change."""
        now = self.coordinator
        self.coordinator = Coordinator.start(self.problem, plan, now.seed, version=now.version + 1)
        self.last_gain = 0

    def _prove(self, seconds: float) -> None:
        """Small problems: which cases meet in which window, with a proof."""
        if self.proof is None:
            self.proof = proof.Proof(self.problem, self.clock.over)
        if self.proof.options is not None:
            self.unbounded = []
            self._learn(*self.proof.run(self.coordinator.plan(), seconds))

    def _solve_exactly(self, workers: int) -> None:
        """What the proof leaves open, such as fairness: the whole model at once, for the rest of the time."""
        plan = self.coordinator.plan()
        self._learn(*model.solve(self.problem, plan, self.clock.left, workers, self.clock.over, self.bound))

    def _learn(self, best: Plan | None, proven: Bound) -> None:
        if best is not None and best.goals < self.coordinator.goals:
            self._go_on_from(best)
        self.bound = _higher(self.bound, proven, self.coordinator.goals)
        self._say("proof")

    def _drive(self, team: crew.Crew) -> None:
        """Keeps everybody busy with tasks, and now and then a bound, until nothing is left to gain."""
        while not self._done() and not self._settled():
            while team.has_room() and not self.clock.over():
                work = self._next_work()
                if work is None:
                    break
                team.hand_out(work)
            for result in team.results():
                self._take(result)

    def _next_work(self) -> crew.Work | None:
        """Bounds have their share of the time, one at once, until all teams have theirs; small problems first."""
        if self.unbounded and (self.small or self._bound_is_due()):
            self.bounding_since = self.clock.seconds
            team = self.unbounded.pop()
            return crew.BoundTask(team=team, seconds=min(5.0, self.clock.left), tight=team in self.parts)
        return self.coordinator.next_task(max(0.1, min(TASK_S, self.clock.left)))

    def _bound_is_due(self) -> bool:
        return self.bounding_since is None and self.bounding_s <= self.share * self.clock.seconds

    def _bounded(self) -> None:
        if self.bounding_since is not None:
            self.bounding_s += self.clock.seconds - self.bounding_since
            self.bounding_since = None

    def _take(self, result: crew.Result) -> None:
        if isinstance(result, crew.Lost):
            if isinstance(result.work, Task):
                self.coordinator.forget(result.work.id)
            else:
                self._bounded()
                self.unbounded.append(result.work.team)
        elif isinstance(result, crew.TeamBounded):
            self._bounded()
            self._learn_of_team(result)
        else:
            before = self.coordinator.goals
            if self._accepted(result) and self.coordinator.goals < before:
                self.last_gain = self.coordinator.tasks_done
                self._forget_what_cannot_be()
                self._say("search")

    def _accepted(self, result: Answer | Exchange) -> bool:
        if isinstance(result, Exchange):
            return self.coordinator.accept_unasked(result)
        return self.coordinator.accept(result.task, result)

    def _learn_of_team(self, result: crew.TeamBounded) -> None:
        known = self.parts.get(result.team)
        self.parts[result.team] = result.part if known is None else team_proof.higher(known, result.part)
        if known is None and len(self.parts) == self.teams and not self.small:
            self.unbounded = sorted(self.parts, reverse=True)
        if len(self.parts) == self.teams:
            parts = bounds.bound(list(self.parts.values()), bounds.fixed_part(self.problem))
            if impossible(parts, self.coordinator.goals):
                self._forget_bounds()
            else:
                self.bound = _higher(self.bound, parts, self.coordinator.goals)
                self._say("proof")

    def _forget_what_cannot_be(self) -> None:
        if self.bound is not None and impossible(self.bound, self.coordinator.goals):
            self._forget_bounds()

    def _forget_bounds(self) -> None:
        """Somebody has answered nonsense, and nobody can tell who: nothing is proven by teams any more."""
        self.bound, self.parts, self.unbounded = None, {}, []

    def _settled(self) -> bool:
        """Small problems: the search has come to rest, or had its share of the time."""
        rest = self.coordinator.tasks_done - self.last_gain > SETTLED_AFTER
        return self.small and not self.unbounded and (rest or self.clock.seconds > SEARCH_UNTIL * self.clock.limit_s)

    def _proven(self) -> bool:
        return self.bound is not None and self.bound.proves(self.coordinator.goals)

    def _say(self, phase: str) -> None:
        self.tell(
            Progress(seconds=round(self.clock.seconds, 3), goals=self.coordinator.goals, bound=self.bound, phase=phase)
        )

    def finish(self) -> Plan:
        """The incumbent, each agenda in its best order, with its reasons; a bound ends below the first level unmet. The
        rules have the last word: should they refuse it, an earlier plan that passes takes its place."""
        plan = warm.last_valid(self.problem, self._from_best_to_first())
        self.coordinator.goals = plan.goals
        stated = valid_bound(self.bound, plan.goals)
        self._say("done")
        return replace(
            plan,
            status="optimal" if stated is not None and stated.proves(plan.goals) else "feasible",
            bound=stated,
            unplaced=reasons(self.problem, plan),
            first_plan_s=round(self.first_plan_s, 3),
            seconds=round(self.clock.seconds, 3),
        )

    def _from_best_to_first(self) -> Iterator[Plan]:
        best = self.coordinator.plan()
        yield agenda.polished(self.problem, best, Clock(limit_s=POLISH_S).over)
        yield best
        yield self.first


def stands_alone(problem: Problem) -> bool:
    """Whether most cases are the only one of their team: no session can be shared, so that columns gain little."""
    size = Counter(case.team for case in problem.cases)
    return 2 * sum(1 for case in problem.cases if size[case.team] == 1) > len(problem.cases)


def _higher(one: Bound | None, two: Bound, goals: Goals) -> Bound:
    """Of two valid bounds the one that proves more."""
    if one is None:
        return two
    depth = [_met(bound, goals) for bound in (one, two)]
    if depth[0] != depth[1]:
        return one if depth[0] > depth[1] else two
    return max((one, two), key=lambda bound: tuple(-1 if low is None else low for low in bound))


def _met(bound: Bound, goals: Goals) -> int:
    """How many levels from the top meet their bound."""
    return next((i for i, (low, value) in enumerate(zip(bound, goals, strict=True)) if low != value), 4)


def impossible(bound: Bound, goals: Goals) -> bool:
    """Whether a bound lies above what a plan has reached, at a level at which it says something."""
    depth = _met(bound, goals)
    low = tuple(bound)[depth] if depth < len(tuple(goals)) else None
    return low is not None and low > tuple(goals)[depth]


def valid_bound(bound: Bound | None, goals: Goals) -> Bound | None:
    """A level's bound counts only while all levels above meet theirs; null ends it."""
    if bound is None or impossible(bound, goals):
        return None
    kept: list[int | None] = []
    for low in bound:
        met = all(a == b for a, b in zip(kept, goals, strict=False))
        kept.append(low if met else None)
    return Bound(required_unplaced=kept[0], required_late=kept[1], suggested=kept[2], effort=kept[3])


def reasons(problem: Problem, plan: Plan) -> tuple[Unplaced, ...]:
    """Every case without a place, with the smallest set of reasons."""
    explainer = explain.Explainer(problem, plan)
    return tuple(Unplaced(case=left.case, reasons=explainer.reasons(left.case)) for left in plan.unplaced)
