"""All ways in which cases of a team can meet: the columns of the proof for small problems.

An option = (cases that share a session, window of the team or confirmed session, latest start of each case). Its
lateness is exact. Its effort is a lower bound, with people counted as a clique of seats; `proof` raises it to what the
exact model says where that matters.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from scheduling.solver.core import objectives
from scheduling.solver.core.problem import Case, Problem, Span
from scheduling.solver.core.timeline import back, bits, within
from scheduling.solver.exact.variables import Meeting
from scheduling.solver.proof import bounds
from scheduling.solver.proof.bounds import Relaxed

MOST_OPTIONS = 30_000
Cell = tuple[int, int, bool]


@dataclass(slots=True, kw_only=True)
class Option:
    """One column; `starts` are the session starts that are possible, `effort` only ever rises."""

    meeting: Meeting
    cases: tuple[Case, ...]
    starts: int
    late: int
    suggested: int
    effort: int
    exact: bool = False

    @property
    def cell(self) -> Cell:
        """The team's window, or the confirmed session."""
        meeting = self.meeting
        return (meeting.team, meeting.window[0] if meeting.base is None else meeting.base, meeting.base is None)

    def of(self, cases: Iterable[Case], latest: Mapping[int, int] | None = None) -> "Option":
        """The same window or confirmed session for these cases."""
        kept = tuple(cases)
        times = {case.id: (latest or self.meeting.latest)[case.id] for case in kept}
        return replace(self, meeting=replace(self.meeting, cases=tuple(times), latest=times), cases=kept)

    @property
    def minutes(self) -> int:
        return sum(case.duration_min for case in self.cases)

    def includes(self, other: "Option") -> bool:
        """The same session with more cases, or with tighter times."""
        mine, theirs = self.meeting.latest, other.meeting.latest
        return self.cell == other.cell and all(case in mine and mine[case] <= theirs[case] for case in theirs)


def of_team(relaxed: Relaxed, cases: Sequence[Case], days: Mapping[int, int] | None = None) -> Iterator[Option]:
    """Every group in every window, and added to every confirmed session of the team; no later than `days` late."""
    latest = {case.id: objectives.MOST_DAYS_LATE for case in cases} if days is None else days
    for group, minutes, mask in bounds.groups(relaxed, cases, latest):
        possible = mask & relaxed.meetings(minutes) if _may_chair(relaxed, group) else 0
        for window in relaxed.team.windows:
            there = possible & within(*window, relaxed.grain)
            if there:
                yield from _by_lateness(relaxed, group, there, window, latest)
        for base in relaxed.bases:
            if bounds.extension(relaxed, group, minutes, mask, base) is not None:
                window = next((a, b) for a, b in relaxed.team.windows if a <= base.start_min < b)
                yield from _by_lateness(relaxed, group, relaxed.at(base), window, latest, base.id)


def _may_chair(relaxed: Relaxed, group: Sequence[Case]) -> bool:
    chairs = set(relaxed.team.chairs)
    return not chairs or any(chairs & set(place.candidates) for case in group for place in case.places)


def _by_lateness(
    relaxed: Relaxed,
    group: Sequence[Case],
    mask: int,
    window: Span,
    most: Mapping[int, int],
    base: int | None = None,
) -> Iterator[Option]:
    """One option for each combination of days late that the window leaves open, mostly one alone."""
    for days in product(*(_days(relaxed, case, mask, window, most[case.id]) for case in group)):
        latest = {case.id: _latest(case, late, window) for case, late in zip(group, days, strict=True)}
        starts = mask
        for case in group:
            starts &= _reach(relaxed, case, latest[case.id], relaxed.problem.max_session_min)
        if not starts:
            continue
        meeting = Meeting(
            team=relaxed.team.id, cases=tuple(case.id for case in group), window=window, latest=latest, base=base
        )
        option = Option(meeting=meeting, cases=tuple(group), starts=starts, late=0, suggested=0, effort=0)
        option.late = sum(case.weight * late for case, late in zip(group, days, strict=True) if case.required)
        option.suggested = sum(case.weight * late for case, late in zip(group, days, strict=True) if not case.required)
        effort = least_effort(relaxed, option)
        if effort is not None:
            option.effort = effort
            yield option


def _days(relaxed: Relaxed, case: Case, mask: int, window: Span, most: int) -> list[int]:
    """The days late, `most` at most, that are possible from these session starts on."""
    grain, first = relaxed.grain, (mask & -mask).bit_length() - 1
    own = relaxed.case_starts(case) & within(first * grain, window[1] - case.duration_min + 1, grain)
    return sorted({days for start in bits(own) if (days := objectives.days_late(case, start * grain)) <= most})


def _latest(case: Case, days: int, window: Span) -> int:
    end = window[1] - case.duration_min
    return end if days == objectives.MOST_DAYS_LATE else min(end, case.due_min + days * objectives.DAY_MIN)


def _reach(relaxed: Relaxed, case: Case, latest: int, length: int) -> int:
    own = relaxed.case_starts(case) & within(0, latest + 1, relaxed.grain)
    return back(own, (length - case.duration_min) // relaxed.grain)


def least_effort(relaxed: Relaxed, option: Option) -> int | None:
    """A lower bound over long and short sessions; None where the option cannot be."""
    problem = relaxed.problem
    if option.meeting.base is not None:
        base = problem.fixed_of[option.meeting.base]
        return bounds.extension(relaxed, option.cases, option.minutes, option.starts, base)
    found = []
    for length, price, starts in lengths(relaxed, option):
        first, last = (starts & -starts).bit_length() - 1, starts.bit_length() - 1
        effort = price + bounds.waits_and_moves(relaxed, option.cases, first, last, length)
        effort -= problem.weights.standing_discount * bounds.may_stand(relaxed, first, last)
        people = bounds.clique(relaxed, option.cases, starts, length, frozenset())
        found.append(effort + problem.weights.attendance * people)
    return min(found, default=None)


def lengths(relaxed: Relaxed, option: Option) -> Iterator[tuple[int, int, int]]:
    """Long and short: the most minutes, the price, and the session starts from which all cases fit in."""
    weights, most = relaxed.problem.weights, relaxed.problem.max_session_min
    long = weights.session_long if most > objectives.SHORT_SESSION_MIN else weights.session_short
    for length, price in {(most, long), (min(most, objectives.SHORT_SESSION_MIN), weights.session_short)}:
        starts = option.starts if option.minutes <= length else 0
        for case in option.cases:
            starts &= _reach(relaxed, case, option.meeting.latest[case.id], length)
        if starts:
            yield length, price, starts


def all_of(
    problem: Problem,
    relaxed: Iterable[Relaxed],
    cases: Sequence[Case],
    days: Mapping[int, int] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> list[Option] | None:
    """None where there are too many, a window is longer than a day, or it is stopped before all are found."""
    options: list[Option] = []
    placeable = [case for case in cases if days is None or case.id in days]
    for one in relaxed:
        if any(b - a > objectives.DAY_MIN for a, b in one.team.windows):
            return None
        for option in of_team(one, [case for case in placeable if case.team == one.team.id], days):
            options.append(option)
            if len(options) > MOST_OPTIONS or stop():
                return None
    return options
