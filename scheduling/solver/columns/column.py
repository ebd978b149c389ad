"""Columns: one session pattern each, i.e. a team, a start, cases in order, people on their seats, and possible rooms.

A column may extend a confirmed session (its *base*): cases are added after those that it has.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from scheduling.solver.core.plan import PlannedCase, PlannedSession
from scheduling.solver.core.problem import Case, Problem, Span

Price = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Column:
    """`price` = (required_late, suggested, effort) of what it adds; `rooms`: the free ones of those that suit."""

    team: int
    site: int
    start_min: int
    end_min: int
    items: tuple[PlannedCase, ...]
    stays: dict[int, Span]
    rooms: tuple[int | None, ...]
    suits: tuple[int | None, ...]
    price: Price
    base: int | None = None
    kept: tuple[PlannedCase, ...] = ()

    def session(self, ident: int, room: int | None) -> PlannedSession:
        return PlannedSession(
            id=ident,
            team=self.team,
            site=self.site,
            room=room,
            start_min=self.start_min,
            end_min=self.end_min,
            cases=(*self.kept, *self.items),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where in a session its cases start, counted from its start, breaks and grain observed."""

    offsets: tuple[int, ...]
    length: int


def layout(problem: Problem, cases: Sequence[Case], base: PlannedSession | None = None) -> Layout:
    """Without gaps but for the grain and the breaks; after the cases of the base."""
    grain, most, rest = problem.grain_min, problem.break_after_min, problem.break_min
    done = [(i.start_min - base.start_min, problem.case_of[i.case].duration_min) for i in base.cases] if base else []
    stretch, end = 0, 0
    for offset, minutes in sorted(done):
        if offset - end >= rest:
            stretch = offset
        end = max(end, offset + minutes)
    offsets = []
    for case in cases:
        offset = -(-end // grain) * grain
        if offset - end >= rest > 0 and end:
            stretch = offset
        if most and end > stretch and offset + case.duration_min - stretch > most:
            offset = stretch = -(-(end + rest) // grain) * grain
        offsets.append(offset)
        end = offset + case.duration_min
    return Layout(offsets=tuple(offsets), length=max(end, base.end_min - base.start_min if base else 0))


def layout_of(session: PlannedSession, items: Sequence[PlannedCase]) -> Layout:
    """As the session has it, for some of its cases."""
    offsets = tuple(item.start_min - session.start_min for item in items)
    return Layout(offsets=offsets, length=session.end_min - session.start_min)
