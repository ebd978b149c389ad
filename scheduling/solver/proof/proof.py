"""Optimality of small problems by decomposition (logic-based Benders).

The master chooses an option (who meets, in which window) for every case; options know their lateness exactly and
their effort from below. What was chosen is then tried for real by the exact model: each session alone, those at the
same time, those of one day, all together. What fails becomes a cut, and what costs more raises the price:

    infeasible set S of options      not all of S, nor of options that include them
    S costs V at least               effort of their windows >= V wherever all of S, or options that include them, are

Once the whole choice can be had at the master's price it is optimal. Every master optimum on the way is a valid bound,
level by level. Removing cases from a plan never makes it infeasible or dearer unless a chair must attend; where that
matters a cut holds for sessions of the very same cases alone. Fairness is left out: it is no sum over sessions, so
effort stays a lower bound there.
"""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from scheduling.solver.columns.pricing import Pricer
from scheduling.solver.core import assembly, cpsat, objectives
from scheduling.solver.core.plan import LEVELS, Bound, Plan
from scheduling.solver.core.problem import Case, Problem
from scheduling.solver.core.stopping import stopping
from scheduling.solver.core.timeline import State
from scheduling.solver.exact import goals, model, solution
from scheduling.solver.proof import bounds, options
from scheduling.solver.proof import option_master as master
from scheduling.solver.proof.bounds import Relaxed
from scheduling.solver.proof.option_master import Cut, Master
from scheduling.solver.proof.options import Option

FEW, FEW_S = 12, 0.5


@dataclass
class Proof:
    """The state of one proof: options, cuts, the best plan, and what is proven; `days` late at most, where given."""

    problem: Problem
    stop: Callable[[], bool] = lambda: False
    days: Mapping[int, int] | None = None
    options: list[Option] | None = None
    cuts: list[Cut] = field(default_factory=list)
    proven: dict[str, int | None] = field(default_factory=lambda: dict.fromkeys(LEVELS))

    def __post_init__(self) -> None:
        self.cp = cpsat.load()
        self.whole, self.problem = self.problem, replace(self.problem, fair_target_min=None)
        teams = tuple(replace(team, chairs=()) for team in self.problem.teams)
        self.unchaired = replace(self.problem, teams=teams)
        self.state = State(self.problem, self.problem.fixed)
        pricer = Pricer(state=self.state)
        self.relaxed = {team.id: Relaxed(pricer, team.id) for team in self.problem.teams}
        self.cases = [case for case in self.problem.cases if case.id not in self.state.placed]
        self.fixed = bounds.fixed_part(self.problem)
        self._tried: dict[tuple[frozenset[int], bool], int] = {}
        self.options = options.all_of(self.problem, self.relaxed.values(), self.cases, self.days, self.stop)

    @property
    def left(self) -> float:
        return 0.0 if self.stop() else self.deadline - time.monotonic()

    def run(self, best: Plan, seconds: float) -> tuple[Plan, Bound]:
        """The plan, perhaps a better one, and what is proven; may be called again and goes on from there."""
        self.best, self.deadline = best, time.monotonic() + seconds
        for index in range(len(LEVELS) if self.options is not None else 0):
            if not self._settle(index):
                break
        return self.best, Bound(**self.proven)

    def effort(self, levels: bounds.TeamBound, seconds: float) -> int | None:
        """A lower bound of effort at these levels 1 to 3, the confirmed part left out."""
        if self.options is None:
            return None
        self.best, self.deadline = assembly.plan_of(self.whole, self.problem.fixed), time.monotonic() + seconds
        for index, level in enumerate(LEVELS[:-1]):
            self.proven[level] = getattr(levels, level) + master.confirmed(self.fixed, index)
        self._settle(len(LEVELS) - 1)
        low = self.proven["effort"]
        return None if low is None else low - (self.fixed.effort or 0)

    def _settle(self, index: int) -> bool:
        """Whether the level's optimum is known, the levels above being at theirs."""
        level = LEVELS[index]
        while self.left > 0:
            choice = self._master(index).choose(self.left, self.stop)
            if choice is None:
                return False
            self.proven[level] = max(self.proven[level] or 0, choice.bound + master.confirmed(self.fixed, index))
            if self.proven[level] == tuple(self.best.goals)[index]:
                return True
            if not choice.optimal:
                return False
            if self._realised(choice.options, index):
                return self.proven[level] == tuple(self.best.goals)[index]
        return False

    def _master(self, index: int) -> Master:
        return Master(
            cp_model=self.cp,
            cases=self.cases,
            options=self.options or [],
            cuts=self.cuts,
            limits=[
                (self.proven[level] or 0) - master.confirmed(self.fixed, i) for i, level in enumerate(LEVELS[:index])
            ],
        )

    def _realised(self, chosen: list[Option], index: int) -> bool:
        """Whether the choice can be had as it is priced; else there is a new cut or a higher price."""
        priced = index == len(LEVELS) - 1
        raised = [self._raised(option) for option in chosen if priced]
        if any(raised):
            return False
        for group in parts(chosen):
            target = sum(option.effort for option in group)
            key = frozenset(id(option) for option in group), priced
            if self._tried.get(key) == target:
                continue
            value = self._try(group, priced)
            self._tried[key] = target
            if value is None or (priced and value > target):
                self.cuts.append(self._infeasible(group) if value is None else self._dearer(group, value))
                return False
        return True

    def _infeasible(self, group: Sequence[Option]) -> Cut:
        """As few cases as possible that cannot be in these sessions, or in these windows however they are grouped."""
        seats = [(option, case) for option in group for case in option.cases]
        if any(self.chaired(option) for option in group) and self._possible(seats, False):
            return Cut(options=tuple(group), alone=True)
        apart = len(group) > 1 and not self._possible(seats, True)
        for seat in list(seats):
            rest = [other for other in seats if other is not seat]
            if rest and self.left > 0 and not self._possible(rest, apart):
                seats = rest
        if apart:
            return Cut(options=tuple(option.of([case]) for option, case in seats), apart=True)
        return Cut(options=tuple(_joined(seats, False)))

    def _dearer(self, group: Sequence[Option], effort: int) -> Cut:
        return Cut(options=tuple(group), effort=effort, alone=any(self.chaired(option) for option in group))

    def _possible(self, seats: Sequence[tuple[Option, Case]], apart: bool) -> bool:
        meetings = [replace(option.meeting, apart=apart) for option in _joined(seats, apart)]
        return self._solved(model.build(self.unchaired, self.cp, meetings))[1] != self.cp.INFEASIBLE

    def _raised(self, option: Option) -> bool:
        """Asks the exact model once; whether the option became dearer."""
        before = option.effort
        if not option.exact:
            value = self._try([option], True)
            option.exact = True
            if value is None:
                self.cuts.append(self._infeasible([option]))
                return True
            option.effort = max(option.effort, value)
        for other in self.options or ():
            if other.effort < option.effort and not self.chaired(option) and other.includes(option):
                other.effort = option.effort
        return option.effort > before

    def chaired(self, option: Option) -> bool:
        return bool(self.problem.team_of[option.meeting.team].chairs)

    def _try(self, group: Sequence[Option], priced: bool) -> int | None:
        """The least effort of these sessions together, or a lower bound of it; None if they cannot be together."""
        exact = model.build(self.problem, self.cp, [option.meeting for option in group])
        base = self.fixed.effort or 0
        target = sum(option.effort for option in group)
        if priced:
            goal = goals.effort(exact)
            exact.model.add(goal >= target + base)
            exact.model.minimize(goal)
        solver, status = self._solved(exact)
        if status == self.cp.INFEASIBLE:
            return None
        if status in (self.cp.OPTIMAL, self.cp.FEASIBLE):
            self._keep(solution.plan_of(exact, solver))
            return math.ceil(solver.best_objective_bound - 1e-6) - base if priced else target
        return target

    def _solved(self, exact: model.Exact) -> tuple[Any, Any]:
        """Few sessions are mostly a matter of milliseconds: neither presolving nor a watch for a stop is worth it."""
        if len(exact.slots) <= FEW:
            solver = self._solver(min(self.left, FEW_S))
            solver.parameters.cp_model_presolve = False
            status = solver.solve(exact.model)
            if status in (self.cp.OPTIMAL, self.cp.INFEASIBLE):
                return solver, status
        solver = self._solver(self.left)
        with stopping(solver, self.stop):
            return solver, solver.solve(exact.model)

    def _solver(self, seconds: float) -> Any:
        solver = self.cp.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.max_time_in_seconds = max(0.05, seconds)
        return solver

    def _keep(self, plan: Plan) -> None:
        whole = assembly.plan_of(self.whole, plan.sessions)
        if whole.goals < self.best.goals:
            self.best = whole


def _joined(seats: Sequence[tuple[Option, Case]], apart: bool) -> list[Option]:
    """The sessions with these of their cases; one for all of a window where they may be grouped at will."""
    found: dict[object, list[tuple[Option, Case]]] = defaultdict(list)
    for option, case in seats:
        found[option.cell if apart else id(option)].append((option, case))
    return [
        theirs[0][0].of([case for _, case in theirs], {case.id: o.meeting.latest[case.id] for o, case in theirs})
        for theirs in found.values()
    ]


def parts(chosen: Sequence[Option]) -> Iterator[list[Option]]:
    """Sessions at the same time, of one day, of one week, all."""
    seen = set()
    for size in (1, objectives.DAY_MIN, 7 * objectives.DAY_MIN):
        groups: list[list[Option]] = []
        for option in sorted(chosen, key=lambda option: option.meeting.window):
            begin = option.meeting.window[0]
            near = groups and (
                begin < max(o.meeting.window[1] for o in groups[-1])
                or begin // size == groups[-1][0].meeting.window[0] // size
            )
            if near:
                groups[-1].append(option)
            else:
                groups.append([option])
        for group in groups:
            if frozenset(map(id, group)) not in seen:
                seen.add(frozenset(map(id, group)))
                yield group
    if frozenset(map(id, chosen)) not in seen:
        yield list(chosen)
