"""The ordinary week as a grid of half hours, and back. Pure.

A cell is painted when all of it is free. What fits no cell (early, late, or not on the half hour) is the *rest*: it is
shown beside the grid and kept as it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import time

from experts.availability.core.time_intervals import covers, subtract, union

WeeklyHours = tuple[int, time, time]
FIRST_MIN, LAST_MIN, CELL_MIN, END_MIN = 7 * 60, 20 * 60, 30, 24 * 60
DAYS = 7
STARTS = range(FIRST_MIN, LAST_MIN, CELL_MIN)


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """Half an hour of a weekday (0 = Monday), by the minute of the day at which it starts."""

    weekday: int
    start_min: int

    @property
    def key(self) -> str:
        """`0-0730`: how a form names it."""
        return f"{self.weekday}-{self.start:%H%M}"

    @property
    def start(self) -> time:
        return clock(self.start_min)

    @property
    def end(self) -> time:
        return clock(self.start_min + CELL_MIN)


def clock(minute: int) -> time:
    """24:00 is 00:00, as an end."""
    return time(*divmod(minute % END_MIN, 60))


def minute(at: time) -> int:
    return at.hour * 60 + at.minute


def cells() -> Iterator[Cell]:
    """Every cell of the grid, day by day."""
    return (Cell(day, start) for day in range(DAYS) for start in STARTS)


def split(week: Iterable[WeeklyHours]) -> tuple[set[Cell], list[WeeklyHours]]:
    """The cells that are free throughout, and the rest."""
    free = _by_day(week)
    painted = {one for one in cells() if covers(free[one.weekday], one.start_min, one.start_min + CELL_MIN)}
    taken = _by_day((one.weekday, one.start, one.end) for one in painted)
    rest = [(day, clock(start), clock(end)) for day in sorted(free) for start, end in subtract(free[day], taken[day])]
    return painted, rest


def join(painted: Iterable[Cell], rest: Iterable[WeeklyHours]) -> list[WeeklyHours]:
    """The week again; what touches becomes one stretch."""
    free = _by_day([*((one.weekday, one.start, one.end) for one in painted), *rest])
    return [(day, clock(start), clock(end)) for day in sorted(free) for start, end in free[day]]


def _by_day(week: Iterable[WeeklyHours]) -> dict[int, list[tuple[int, int]]]:
    """Merged minutes of each day."""
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for day, start, end in week:
        found[day].append((minute(start), minute(end) or END_MIN))
    return defaultdict(list, {day: union(some) for day, some in found.items()})
