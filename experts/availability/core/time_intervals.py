"""When somebody is free: arithmetic of half-open intervals, and weeks of wall-clock time turned into UTC. Pure.

Intervals are pairs `(start, end)` with `start <= moment < end`. A list is *merged* when it is sorted and its intervals
neither overlap nor touch; every function here returns merged lists.
"""

from __future__ import annotations

import enum
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

T = TypeVar("T", bound=Any)  # anything ordered: moments, or the solver's minutes
Stretch = tuple[datetime, datetime]
Hours = tuple[time, time]
Week = Mapping[int, Sequence[Hours]]
"""The hours of each weekday, 0 = Monday; a missing weekday has none."""

MONDAY = 0
ONE_DAY = timedelta(days=1)
ONE_MINUTE = timedelta(minutes=1)


# Interval arithmetic -----------------------------------------------------------------------------
def union(intervals: Iterable[tuple[T, T]]) -> list[tuple[T, T]]:
    """Merge: what touches or overlaps becomes one; empty intervals vanish."""
    merged: list[tuple[T, T]] = []
    for start, end in sorted(interval for interval in intervals if interval[0] < interval[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def intersect(first: Iterable[tuple[T, T]], second: Iterable[tuple[T, T]]) -> list[tuple[T, T]]:
    """What is in both."""
    a, b = union(first), union(second)
    both, i, j = [], 0, 0
    while i < len(a) and j < len(b):
        start, end = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if start < end:
            both.append((start, end))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return both


def subtract(first: Iterable[tuple[T, T]], second: Iterable[tuple[T, T]]) -> list[tuple[T, T]]:
    """What is in `first` and not in `second`."""
    taken = union(second)
    left = []
    for start, end in union(first):
        for taken_start, taken_end in taken[bisect_left(taken, start, key=lambda one: one[1]) :]:
            if taken_start >= end:
                break
            if start < taken_start:
                left.append((start, taken_start))
            start = max(start, taken_end)
        if start < end:
            left.append((start, end))
    return left


def covers(intervals: Sequence[tuple[T, T]], start: T, end: T) -> bool:
    """Whether one interval of a merged list holds all of `[start, end)`."""
    at = bisect_left(intervals, start, key=lambda one: one[1])
    while at < len(intervals) and intervals[at][1] <= start:
        at += 1
    return at < len(intervals) and intervals[at][0] <= start and end <= intervals[at][1]


# Wall-clock time ---------------------------------------------------------------------------------
@lru_cache(maxsize=20_000)
def local_moment(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The UTC moment at which clocks in `zone` show `clock` on `day`.

    A time that is shown twice means the first; one that is skipped means the moment of the change. So a later wall
    time is never an earlier moment, and hours that touch on the wall touch in UTC.
    """
    local = datetime.combine(day, clock, zone)
    moment = local.astimezone(UTC)
    before, after = local.utcoffset(), local.replace(fold=1).utcoffset()
    if before is None or after is None or before >= after:
        return moment
    minutes = range(int((after - before).total_seconds()) // 60 + 1)
    earliest = moment - (after - before)
    changed = bisect_left(
        minutes, True, key=lambda m: (earliest + m * ONE_MINUTE).astimezone(zone).utcoffset() == after
    )
    return earliest.replace(second=0, microsecond=0) + changed * ONE_MINUTE


def days(first_day: date, last_day: date) -> Iterator[date]:
    """Both days included."""
    return (first_day + n * ONE_DAY for n in range((last_day - first_day).days + 1))


def over_midnight(hours: Hours) -> bool:
    """Whether the hours end on the next day: an end at 00:00 is 24:00, and one before the start is past midnight."""
    return hours[1] <= hours[0]


LONGEST_NIGHT_MIN = 16 * 60
"""Hours that end before they begin and would be longer are a mistake, not a night."""


def too_long(hours: Hours) -> bool:
    """Whether an end before the start means a mistake rather than a stretch over midnight. The whole day is none."""
    return over_midnight(hours) and hours[1] != time() and length_min(hours) > LONGEST_NIGHT_MIN


def split_at_midnight(week: Iterable[tuple[int, time, time]]) -> list[tuple[int, time, time]]:
    """Weekly hours (weekday, from, to) of which none passes midnight: what does becomes two stretches."""
    found = []
    for day, start, end in week:
        if over_midnight((start, end)) and end != time():
            found += [(day, start, time()), ((day + 1) % 7, time(), end)]
        else:
            found.append((day, start, end))
    return found


def length_min(hours: Hours) -> int:
    """Minutes on the wall; at most a day."""
    start, end = (one.hour * 60 + one.minute for one in hours)
    return end - start + (24 * 60 if over_midnight(hours) else 0)


def on_day(day: date, hours: Hours, zone: ZoneInfo) -> Stretch:
    """The hours that begin on a day; they may reach into the next one."""
    last_day = day + ONE_DAY if over_midnight(hours) else day
    return local_moment(day, hours[0], zone), local_moment(last_day, hours[1], zone)


def whole_days(first_day: date, last_day: date, zone: ZoneInfo) -> Stretch:
    return local_moment(first_day, time(), zone), local_moment(_day_after(last_day), time(), zone)


def _day_after(day: date) -> date:
    return day + ONE_DAY if day < date.max else day


def leave_stretches(first_day: date, last_day: date, hours: Hours | None, zone: ZoneInfo) -> list[Stretch]:
    """A leave in UTC: its whole days as one stretch, or the same hours of each day."""
    if hours is None:
        return [whole_days(first_day, last_day, zone)]
    return [on_day(day, hours, zone) for day in days(first_day, last_day)]


# The week and its departures ---------------------------------------------------------------------
class DayKind(enum.Enum):
    ORDINARY = "ordinary"  # follows its weekday
    OFF = "off"  # a holiday
    MAKE_UP = "make_up"  # worked in exchange for a holiday


DayKinds = Callable[[date], DayKind]


def every_day_ordinary(day: date) -> DayKind:
    return DayKind.ORDINARY


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """One day's departure from the week."""

    day: date
    hours: Hours
    adds: bool


def hours_of(week: Week, day: date, kind: DayKind) -> Sequence[Hours]:
    """The hours of `day`: none on a holiday; a make-up day without hours of its own works like a Monday."""
    if kind is DayKind.OFF:
        return ()
    own = week.get(day.weekday(), ())
    return own or (week.get(MONDAY, ()) if kind is DayKind.MAKE_UP else ())


def weekly_intervals(
    week: Week | Callable[[date], Week],
    *,
    zone: ZoneInfo,
    first_day: date,
    last_day: date,
    kinds: DayKinds = every_day_ordinary,
) -> list[Stretch]:
    """The hours of a week, day by day from `first_day` to `last_day` (both included), as UTC moments.

    Where not every week is the same, `week` says which one holds on a day.
    """
    return union(
        on_day(day, hours, zone)
        for day in days(first_day, last_day)
        for hours in hours_of(week(day) if callable(week) else week, day, kinds(day))
    )


def free_intervals(
    week: Week | Callable[[date], Week],
    departures: Iterable[Departure],
    leaves: Iterable[tuple[date, date]],
    *,
    zone: ZoneInfo,
    first_day: date,
    last_day: date,
    kinds: DayKinds = every_day_ordinary,
) -> list[Stretch]:
    """When somebody is free, from `first_day` to `last_day` by the clock of `zone` (both included).

    What is taken wins over what is added; nothing gives time back in a leave. Time that is added counts on a holiday
    too, since somebody offered that very day.
    """
    added, taken = [], [whole_days(first, last, zone) for first, last in leaves]
    for departure in departures:
        begins = first_day - ONE_DAY if over_midnight(departure.hours) else first_day
        if begins <= departure.day <= last_day:
            (added if departure.adds else taken).append(on_day(departure.day, departure.hours, zone))
    weekly = weekly_intervals(week, zone=zone, first_day=first_day, last_day=last_day, kinds=kinds)
    return subtract([*weekly, *added], taken)
