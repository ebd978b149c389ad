"""The master of the proof: an option for every case, or none, at the least cost of one goal level.

    x[o]        option o takes place; out[c] = case c stays unplaced
    extra[w]    what the sessions in window w cost beyond the prices of their options

Each case is in one option or out; the sessions of one window fit into it; a confirmed session is extended once; the
levels above are held; and the cuts that the proof has found so far hold.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from scheduling.solver.core import objectives
from scheduling.solver.core.plan import LEVELS
from scheduling.solver.core.problem import Case
from scheduling.solver.core.stopping import stopping
from scheduling.solver.proof.bounds import TeamBound
from scheduling.solver.proof.options import Cell, Option

ANY = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """These options together, or such as include them, cost at least `effort`; None = they cannot be.

    `alone`: only sessions of the very same cases. `apart`: also where one session takes in several of them.
    """

    options: tuple[Option, ...]
    effort: int | None = None
    alone: bool = False
    apart: bool = False


@dataclass(slots=True, kw_only=True)
class Choice:
    """What the master chose, and the bound of its level."""

    options: list[Option]
    bound: int
    optimal: bool


def confirmed(fixed: TeamBound, index: int) -> int:
    """What confirmed sessions add to a level."""
    return getattr(fixed, LEVELS[index]) or 0


class Master:
    """One integer programme over the options; rebuilt for every step, since it is small."""

    def __init__(
        self,
        *,
        cp_model: Any,
        cases: Sequence[Case],
        options: Iterable[Option],
        cuts: Iterable[Cut],
        limits: Sequence[int],
    ) -> None:
        """`limits` are those of the levels above the one to be minimised."""
        self.cp, self.model, self.cases = cp_model, cp_model.CpModel(), cases
        late, suggested = [*limits, ANY, ANY, ANY][1:3]
        self.options = [o for o in options if o.late <= late and o.suggested <= suggested]
        self.x = [self.model.new_bool_var("") for _ in self.options]
        self.out = {case.id: self.model.new_bool_var("") for case in cases}
        self.extra: dict[Cell, Any] = {}
        self._cover()
        self._cells()
        for cut in cuts:
            self._cut(cut)
        levels = [self.unplaced(), self.late(), self.suggested(), self.effort()]
        for level, limit in zip(levels, limits, strict=False):
            self.model.add(level <= limit)
        self.model.minimize(levels[len(limits)])

    def _sum(self, values: Iterable[int]) -> Any:
        return self.cp.LinearExpr.weighted_sum(self.x, list(values))

    def unplaced(self) -> Any:
        return sum(case.weight * self.out[case.id] for case in self.cases if case.required)

    def late(self) -> Any:
        return self._sum(option.late for option in self.options)

    def suggested(self) -> Any:
        days = objectives.UNPLACED_DAYS
        missing = sum(days * case.weight * self.out[case.id] for case in self.cases if not case.required)
        return self._sum(option.suggested for option in self.options) + missing

    def effort(self) -> Any:
        return self._sum(option.effort for option in self.options) + sum(self.extra.values())

    def _cover(self) -> None:
        by_case = {ident: [flag] for ident, flag in self.out.items()}
        for flag, option in zip(self.x, self.options, strict=True):
            for case in option.cases:
                by_case[case.id].append(flag)
        for flags in by_case.values():
            self.model.add_exactly_one(flags)

    def _cells(self) -> None:
        self.by_cell: dict[Cell, list[int]] = defaultdict(list)
        for i, option in enumerate(self.options):
            self.by_cell[option.cell].append(i)
        for (_, _, opened), inside in self.by_cell.items():
            if not opened:
                self.model.add_at_most_one(self.x[i] for i in inside)
                continue
            begin, end = self.options[inside[0]].meeting.window
            flags, minutes = [self.x[i] for i in inside], [self.options[i].minutes for i in inside]
            self.model.add(self.cp.LinearExpr.weighted_sum(flags, minutes) <= end - begin)

    def _cut(self, cut: Cut) -> None:
        theirs = [self._at_least(cut, option) for option in cut.options]
        if not all(theirs):
            return
        count = sum(self.x[i] for flags in theirs for i in flags) - len(theirs) + 1
        if cut.effort is None:
            self.model.add(count <= 0)
            return
        holds = self.model.new_bool_var("")
        self.model.add(count <= holds)
        spent = sum(self._spent(cell) for cell in {option.cell for option in cut.options})
        self.model.add(spent >= cut.effort).only_enforce_if(holds)

    def _spent(self, cell: Cell) -> Any:
        if cell not in self.extra:
            self.extra[cell] = self.model.new_int_var(0, ANY, "")
        inside = self.by_cell[cell]
        flags, efforts = [self.x[i] for i in inside], [self.options[i].effort for i in inside]
        return self.cp.LinearExpr.weighted_sum(flags, efforts) + self.extra[cell]

    def _at_least(self, cut: Cut, option: Option) -> list[int]:
        """The options that include this one; one that includes two of the cut's is one session, not both."""
        near = ((i, self.options[i]) for i in self.by_cell[option.cell])
        if cut.alone:
            return [i for i, own in near if own.includes(option) and len(own.cases) == len(option.cases)]
        others = [o for o in cut.options if o is not option and o.cell == option.cell and not cut.apart]
        return [i for i, own in near if own.includes(option) and not any(map(own.includes, others))]

    def choose(self, seconds: float, stop: Callable[[], bool]) -> Choice | None:
        solver = self.cp.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.linearization_level = 2
        solver.parameters.max_time_in_seconds = max(0.05, seconds)
        with stopping(solver, stop):
            status = solver.solve(self.model)
        if status not in (self.cp.OPTIMAL, self.cp.FEASIBLE):
            return None
        return Choice(
            options=[option for flag, option in zip(self.x, self.options, strict=True) if solver.value(flag)],
            bound=math.ceil(solver.best_objective_bound - 1e-6),
            optimal=status == self.cp.OPTIMAL,
        )
