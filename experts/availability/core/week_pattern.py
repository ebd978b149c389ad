"""The weeks of one person: stretches of every week, and of every second, third or fourth week from a start. Pure.

Weeks begin on Monday. A stretch that does not recur every week counts from the week of its start on, and that week is
the first in which it holds.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, time, timedelta
from functools import cache
from typing import NamedTuple, Protocol

from experts.availability.core.time_intervals import Hours, Week, length_min, over_midnight, subtract

MOST_WEEKS = 4
"""The longest rhythm: every fourth week."""
SUNDAY = 6
ALWAYS = (1, None)
"""How often, and since when: every week, without a start."""
ONE_WEEK = timedelta(days=7)
_FULL_DAY_MIN = 24 * 60


class WeekSpan(NamedTuple):
    """From `start` to `end` (00:00 is 24:00) on a weekday (0 = Monday) of every `every`-th week.

    `since` is the Monday of the first week; None where it always held, which only every week can.
    """

    weekday: int
    start: time
    end: time
    every: int = 1
    since: date | None = None

    @property
    def hours(self) -> Hours:
        return self.start, self.end

    @property
    def always(self) -> bool:
        """Every week, without a start."""
        return (self.every, self.since) == ALWAYS


class Row(Protocol):
    """A stretch as the database keeps it."""

    weekday: int
    start: time
    end: time
    every: int
    since: date | None


Pattern = Sequence[WeekSpan]
Weeks = Callable[[date], Week]
"""The week that holds on a day."""


def of_rows(rows: Iterable[Row]) -> list[WeekSpan]:
    return in_order(WeekSpan(row.weekday, row.start, row.end, row.every, row.since) for row in rows)


def monday(day: date) -> date:
    """The first day of its week."""
    return day - timedelta(days=day.weekday())


def holds(span: WeekSpan, day: date) -> bool:
    """Whether a stretch counts in the week of `day`."""
    if span.since is None:
        return True
    passed = (monday(day) - span.since).days // 7
    return passed >= 0 and passed % span.every == 0


def weeks(pattern: Iterable[WeekSpan]) -> Weeks:
    """The week of each day; each is put together once."""
    spans = list(pattern)

    @cache
    def of_week(first_day: date) -> Week:
        found: dict[int, list[Hours]] = {}
        for span in spans:
            if holds(span, first_day):
                found.setdefault(span.weekday, []).append(span.hours)
        return found

    return lambda day: of_week(monday(day))


def in_order(pattern: Iterable[WeekSpan]) -> list[WeekSpan]:
    return sorted(pattern, key=lambda one: (one[:4], one.since or date.min))


def split_at_midnight(pattern: Iterable[WeekSpan]) -> Iterator[WeekSpan]:
    """The same with no stretch over midnight: the night of a Sunday ends in the week after."""
    for span in pattern:
        if not over_midnight(span.hours) or span.end == time():
            yield span
            continue
        yield span._replace(end=time())
        since = span.since + ONE_WEEK if span.since and span.weekday == SUNDAY else span.since
        yield span._replace(weekday=(span.weekday + 1) % 7, start=time(), since=since)


def overlapping(pattern: Iterable[WeekSpan]) -> tuple[WeekSpan, WeekSpan] | None:
    """Two stretches that share time in some week; none passes midnight. They may touch."""
    for first, second in itertools.combinations(in_order(pattern), 2):
        if first.weekday == second.weekday and _share_time(first, second) and _share_a_week(first, second):
            return first, second
    return None


def joined(first: Iterable[WeekSpan], second: Iterable[WeekSpan]) -> list[WeekSpan]:
    """Both together: what overlaps or touches in the same rhythm becomes one stretch, and what is free every week
    anyway is free in no other rhythm. None passes midnight."""
    found = []
    rhythms: dict[tuple[int, int, date | None], list[tuple[int, int]]] = {}
    for span in [*first, *second]:
        begins = span.start.hour * 60 + span.start.minute
        stretch = (begins, begins + length_min(span.hours))
        rhythms.setdefault((span.weekday, span.every, span.since), []).append(stretch)
    for (weekday, every, since), stretches in rhythms.items():
        always = [] if (every, since) == ALWAYS else rhythms.get((weekday, *ALWAYS), [])
        for start, end in subtract(stretches, always):
            found.append(WeekSpan(weekday, _clock(start), _clock(end), every, since))
    return in_order(found)


def hours_a_week(pattern: Iterable[WeekSpan]) -> float:
    """Hours of a week on average."""
    return sum(length_min(span.hours) / span.every for span in pattern) / 60


def _clock(minute: int) -> time:
    return time(*divmod(minute % _FULL_DAY_MIN, 60))


def _share_time(first: WeekSpan, second: WeekSpan) -> bool:
    """`first` does not start later."""
    return over_midnight(first.hours) or second.start < first.end


def _share_a_week(first: WeekSpan, second: WeekSpan) -> bool:
    if first.since is None or second.since is None:
        return True  # one of them is every week without a start
    apart = (second.since - first.since).days // 7
    return apart % math.gcd(first.every, second.every) == 0
