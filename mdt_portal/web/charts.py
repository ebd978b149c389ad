"""Pictures from numbers: where the lines of a chart run. No reads; the template draws them as SVG without a style."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import pgettext

Point = tuple[float, float]  # seconds, value

LEFT, RIGHT, TOP, BOTTOM = 56, 560, 20, 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The best plan found and the proven bound over time, as steps."""

    best: str  # SVG paths; empty while there is no point
    bound: str
    between: str
    end: Point | None  # where the newest best stands
    bound_end: Point | None
    best_label_y: float
    bound_label_y: float
    rows: tuple[Tick, ...]
    columns: tuple[Tick, ...]


def progress(best: Sequence[Point], bound: Sequence[Point], *, seconds: float, limit_s: float) -> Progress:
    """The chart of a run after `seconds` of at most `limit_s`. Lower is better."""
    values = [value for __, value in (*best, *bound)]
    low, high, step = _scale(min(values, default=0), max(values, default=1))
    span_s = max(limit_s, seconds, 1)

    def place(point: Point) -> Point:
        x = LEFT + (RIGHT - LEFT) * min(point[0], span_s) / span_s
        y = BOTTOM - (BOTTOM - TOP) * (point[1] - low) / (high - low)
        return round(x, 1), round(y, 1)

    upper = [place(p) for p in _until(best, seconds)]
    lower = [place(p) for p in _until(bound, seconds)]
    end, bound_end = (upper[-1] if upper else None), (lower[-1] if lower else None)
    best_y, bound_y = (end or (0, TOP))[1] + 4, (bound_end or (0, BOTTOM))[1] + 4
    if bound_y - best_y < 16:  # labels side by side would cover each other
        middle = (best_y + bound_y) / 2
        best_y, bound_y = middle - 8, middle + 8
    rows = [low + step * n for n in range(round((high - low) / step) + 1)]
    return Progress(
        best=_steps(upper),
        bound=_steps(lower),
        between=f"{_steps(upper)}{_back(lower)}Z" if upper and lower else "",
        end=end,
        bound_end=bound_end,
        best_label_y=round(best_y, 1),
        bound_label_y=round(bound_y, 1),
        rows=tuple(Tick(at=place((0, value))[1], label=f"{value:,.0f}") for value in rows),
        columns=tuple(Tick(at=place((t, low))[0], label=_seconds(t)) for t in (span_s * n / 4 for n in range(5))),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two bars of one row, before and after, in hundredths of the longest bar of the chart."""

    before: float
    after: float


def pairs(rows: Sequence[tuple[float, float]]) -> list[Pair]:
    """The bars of a chart of values before and after, one pair a row; a little is never shown as nothing."""
    longest = max((value for row in rows for value in row), default=0) or 1

    def width(value: float) -> float:
        return max(round(100 * value / longest, 1), 0.5) if value > 0 else 0

    return [Pair(before=width(before), after=width(after)) for before, after in rows]


def _scale(low: float, high: float) -> tuple[float, float, float]:
    """Round limits with three to six rows between them."""
    width = max(high - low, 1)
    power = 10 ** math.floor(math.log10(width / 3))
    step = next(power * factor for factor in (1, 2, 5, 10) if width / (power * factor) <= 5)
    step = max(step, 1)
    bottom, top = math.floor(low / step) * step, math.ceil(high / step) * step
    return bottom, max(top, bottom + step), step


def _until(points: Sequence[Point], seconds: float) -> list[Point]:
    """The points so far, the newest value drawn on until now."""
    if not points:
        return []
    return [*points, (max(seconds, points[-1][0]), points[-1][1])]


def _steps(points: Sequence[Point]) -> str:
    if not points:
        return ""
    (x, y), *rest = points
    return f"M{x} {y}" + "".join(f"H{x}V{y}" for x, y in rest)


def _back(points: Sequence[Point]) -> str:
    """The same steps from right to left, to close the area."""
    (x, y), *rest = reversed(points)
    return f"L{x} {y}" + "".join(f"V{y}H{x}" for x, y in rest)


def _seconds(length: float) -> str:
    return pgettext("time span", "%(s).0f s") % {"s": length}
