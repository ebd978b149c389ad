"""One row of a day as the cells of a table: bars of a time axis, one after the other, without gaps. Pure.

Times are minutes since midnight by the hospital's clock. Where bars overlap, the one of the higher rank is seen: what
happens (a session) before what forbids (a closure, a leave) before what offers (a standing slot, free time).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

STEP_MIN = 5
DAY_MIN = 24 * 60
RANKS = ("free", "slot", "away", "closed", "busy", "session")
"""The kinds of bars, the lowest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Something that fills a stretch; `label` is what stands in it, `detail` what is said about it."""

    kind: str
    start_min: int
    end_min: int
    label: str = ""
    detail: str = ""
    url: str = ""
    hue: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCell:
    """A stretch of the axis: `span` steps wide; `bar` is None where there is nothing."""

    start_min: int
    end_min: int
    span: int
    bar: Bar | None


def axis(rows: Sequence[Sequence[Bar]], *, ordinary: tuple[int, int]) -> tuple[int, int]:
    """The full hours that are shown: the ordinary ones, and whatever sessions lie outside of them."""
    bars = [bar for row in rows for bar in row if bar.kind in ("session", "busy", "slot")]
    first = min([ordinary[0], *(bar.start_min for bar in bars)])
    last = max([ordinary[1], *(bar.end_min for bar in bars)])
    return max(0, first // 60 * 60), min(DAY_MIN, -(-last // 60) * 60)


def cells(bars: Sequence[Bar], first_min: int, last_min: int) -> list[DayCell]:
    """The row between two moments, cut wherever another bar is seen; rounded outwards to whole steps."""
    steps = (last_min - first_min) // STEP_MIN
    seen: list[Bar | None] = [None] * steps
    for bar in sorted(bars, key=lambda one: (RANKS.index(one.kind), -one.start_min)):
        begin = max(0, (bar.start_min - first_min) // STEP_MIN)
        end = min(steps, -(-(bar.end_min - first_min) // STEP_MIN))
        seen[begin:end] = [bar] * max(0, end - begin)
    found: list[DayCell] = []
    begin = 0
    for index in range(1, steps + 1):
        if index == steps or seen[index] is not seen[begin]:
            start, end = first_min + begin * STEP_MIN, first_min + index * STEP_MIN
            found.append(DayCell(start_min=start, end_min=end, span=index - begin, bar=seen[begin]))
            begin = index
    return found
