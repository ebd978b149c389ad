"""Counter tables: what would be in the way of a presence, for every start at once, kept up to date move by move.

A *line* is what can be in one place at a time: an expert at one site (or remotely), a room, a team. Whatever takes up a
line adds its weight to two running sums over the grid of starts,

    begun[x] = weight of all that begins before x        over[x] = weight of all that has ended by x

so that `begun[to] - over[from]` is exactly the weight of what overlaps `[from, to)`: one subtraction of two rows prices
all starts. Hours off duty, closed rooms and closed team windows weigh `WALL`, which no search tears down.
Times are cells of the grain; what ends off the grain takes its last cell whole, which is stricter and never wrong.
"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from scheduling.solver.core.problem import Problem, Span, merged
from scheduling.solver.core.timeline import bits, minus, within

WALL = 1 << 20
MOST_REMEMBERED = 20_000
Row = npt.NDArray[np.int64]
Lines = npt.NDArray[np.intp]


class Counters:
    """`count` lines over the cells; sums begin anew after each closed cell in `closing`, which no window crosses."""

    def __init__(self, count: int, closing: Sequence[int]) -> None:
        cells = closing[-1] + 1 if closing else 0
        self.begun = np.zeros((count, cells + 1), np.int32)
        self.over = np.zeros((count, cells + 1), np.int32)
        self._until = [closing[bisect_left(closing, k)] for k in range(cells)]

    def add(self, lines: Lines | int, from_cell: int, to_cell: int, weight: int) -> None:
        while from_cell < to_cell:
            until = self._until[from_cell]
            self.begun[lines, from_cell + 1 : until + 1] += weight
            if to_cell <= until:
                self.over[lines, to_cell : until + 1] += weight
            from_cell = until + 1

    def at(self, line: int, from_cell: int, to_cell: int) -> int:
        return int(self.begun[line, to_cell]) - int(self.over[line, from_cell])

    def of(self, lines: Lines, from_cell: int, to_cell: int) -> list[int]:
        return (self.begun[lines, to_cell] - self.over[lines, from_cell]).tolist()  # type: ignore[no-any-return]

    def windows(self, lines: Lines, begin: int, end: int, count: int) -> Row:
        """Per line the weight that overlaps `[k + begin, k + end)`, for each start k below `count`."""
        return self.begun[lines, end : end + count] - self.over[lines, begin : begin + count]  # type: ignore[no-any-return]


class Grid:
    """The lines of a problem, with all that no plan can change already entered."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.grain = problem, problem.grain_min
        self.minutes, closing = self._open_minutes()
        self.cells = len(self.minutes)
        seen = [0] * (problem.horizon_min // self.grain + 2)
        for minute in self.minutes:
            seen[minute // self.grain + 1] = 1
        self._cell = list(accumulate(seen))
        self._own: dict[tuple[tuple[int, ...], int], Lines] = {}
        self._lines: dict[int, dict[int | None, int]] = {}  # per expert: site (None: remotely) -> line
        self._reach: dict[tuple[tuple[int, ...], int], list[tuple[Lines, int]]] = {}
        sites, count = {team.site for team in problem.teams}, 0
        for expert in problem.experts:
            ways = [*sorted(expert.sites & sites), *([None] if expert.remote else [])]
            self._lines[expert.id] = {way: count + i for i, way in enumerate(ways)}
            count += len(ways)
        self.people = Counters(count, closing)
        self.extras = Counters(count, closing)
        self.rooms = Counters(len(problem.rooms), closing)
        self.teams = Counters(len(problem.teams), closing)
        self.room_line = {room.id: i for i, room in enumerate(problem.rooms)}
        self.team_line = {team.id: i for i, team in enumerate(problem.teams)}
        for expert in problem.experts:
            for line in self._lines[expert.id].values():
                self._close(self.people, line, expert.free)
        for room in problem.rooms:
            self._close(self.rooms, self.room_line[room.id], room.free)
        for team in problem.teams:
            self._close(self.teams, self.team_line[team.id], team.windows)

    def _open_minutes(self) -> tuple[list[int], list[int]]:
        """The cells in which some team could meet, each stretch with a closed cell after it, and which these are."""
        mask = 0
        for start, end in merged(window for team in self.problem.teams for window in team.windows):
            mask |= within(start // self.grain * self.grain, min(end, self.problem.horizon_min), self.grain)
        after = mask << 1 & ~mask
        cells = list(bits(mask | after))
        return [k * self.grain for k in cells], [i for i, k in enumerate(cells) if after >> k & 1]

    def _close(self, counters: Counters, line: int, open_: Sequence[Span]) -> None:
        for start, end in minus([(0, self.problem.horizon_min)], open_):
            counters.add(line, *self.span(start, end), WALL)

    def cell(self, minute: int) -> int:
        return self._cell[minute // self.grain]

    def span(self, from_min: int, to_min: int) -> Span:
        """The cells touched; the ends of what lies outside all windows coincide."""
        last = len(self._cell) - 1
        begin, end = max(0, from_min // self.grain), max(0, -(-to_min // self.grain))
        return self._cell[min(last, begin)], self._cell[min(last, end)]

    def line(self, expert: int, site: int) -> int | None:
        """The line that an attendance at a session of this site takes; None where the expert cannot attend."""
        here = site in self.problem.expert_of[expert].sites
        return self._lines[expert].get(site if here else None)

    def reach(self, experts: tuple[int, ...], site: int) -> list[tuple[Lines, int]]:
        """All lines that presences of these people at this site block, by the minutes of travel around them."""
        known = self._reach.get((experts, site))
        if known is None:
            by_travel: dict[int, list[int]] = {}
            for expert in experts:
                here = site in self.problem.expert_of[expert].sites
                for way, line in self._lines[expert].items():
                    travel = self.problem.travel(site, way) if here and way is not None else 0
                    by_travel.setdefault(travel, []).append(line)
            known = [(np.array(lines, np.intp), travel) for travel, lines in by_travel.items()]
            if len(self._reach) < MOST_REMEMBERED:
                self._reach[experts, site] = known
        return known

    def lines(self, experts: tuple[int, ...], site: int) -> Lines:
        """The line of each at sessions of this site."""
        known = self._own.get((experts, site))
        if known is None:
            known = np.array([self.line(expert, site) for expert in experts], np.intp)
            if len(self._own) < MOST_REMEMBERED:
                self._own[experts, site] = known
        return known

    def attend(self, counters: Counters, experts: tuple[int, ...], site: int, stay: Span, weight: int) -> None:
        """Enters presences (or, with a negative weight, takes them out again)."""
        for lines, travel in self.reach(experts, site):
            counters.add(lines, *self.span(stay[0] - travel, stay[1] + travel), weight)

    def book(self, room: int, stay: Span, weight: int) -> None:
        gap = self.problem.changeover_min
        self.rooms.add(self.room_line[room], *self.span(stay[0] - gap, stay[1] + gap), weight)

    def meet(self, team: int, stay: Span, weight: int) -> None:
        self.teams.add(self.team_line[team], *self.span(*stay), weight)

    def close(self, expert: int, stay: Span, weight: int) -> None:
        """Days at a cap: walls on all lines of the expert."""
        for line in self._lines[expert].values():
            self.people.add(line, *self.span(*stay), weight)
