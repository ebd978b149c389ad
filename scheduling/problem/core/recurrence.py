"""Recurrence rules (RFC 5545) by days: read, checked in every part, and written out in bounded time. Pure.

A rule that holds is expanded by asking of each day whether it is one of the rule's, so the time depends on the days
that are asked about and never on the rule. What is not in a rule by days is refused: times of day, exceptions, Easter.
"""

from __future__ import annotations

import calendar
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
DAILY, WEEKLY, MONTHLY, YEARLY = "DAILY", "WEEKLY", "MONTHLY", "YEARLY"
FREQUENCIES = (DAILY, WEEKLY, MONTHLY, YEARLY)
TIMES_OF_DAY = {"BYHOUR", "BYMINUTE", "BYSECOND"}
LONGEST_TEXT = 500
"""Characters of a pasted text; more is not read."""
MOST_INTERVAL = 366
MOST_COUNT = 1000
COUNTED_DAYS = 10 * 366
"""A rule with a count ends after so many days at the latest."""
MOST_DAYS = 3 * 366
"""Days that are written out at once at most."""

_BOUNDS = {
    "INTERVAL": (1, MOST_INTERVAL),
    "COUNT": (1, MOST_COUNT),
    "BYMONTH": (1, 12),
    "BYMONTHDAY": (1, 31),
    "BYYEARDAY": (1, 366),
    "BYWEEKNO": (1, 53),
    "BYSETPOS": (1, 366),
}
_FROM_THE_END = {"BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS"}
_ONLY_WITH = {
    "BYMONTHDAY": (DAILY, MONTHLY, YEARLY),
    "BYYEARDAY": (YEARLY,),
    "BYWEEKNO": (YEARLY,),
}
_NAMED = re.compile(r"([+-]?\d{1,3})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_UNTIL = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z?))?", re.ASCII)
_OTHERS = re.compile(r"(?:^|[\s;]|(?<=\w))(EXDATE|RDATE|EXRULE)\b")

Why = Literal[
    "shape", "unknown", "twice", "frequency", "number", "bounds", "weekday", "until", "together", "count_and_until",
    "times_of_day", "exceptions", "positions",
]  # fmt: skip


class BadRule(ValueError):
    """A text is no rule by days. `why` says what is wrong, `part` and `value` where: `INTERVAL`, `0`."""

    def __init__(self, why: Why, part: str = "", value: str = "") -> None:
        super().__init__(why, part, value)
        self.why, self.part, self.value = why, part, value


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule that holds. `weekdays` are (place, weekday): place 0 is every one, -1 the last; weekday 0 is Monday."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: date | None = None
    weekdays: tuple[tuple[int, int], ...] = ()
    months: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    year_days: tuple[int, ...] = ()
    weeks: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()
    week_start: int = 0
    text: str = ""
    """As it is kept: one line without name and start, in capitals, its end as a day."""


# Reading --------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=512)
def read(text: str, *, zone: ZoneInfo | None = None) -> Rule:
    """The rule that a text holds, pasted from a calendar or typed: `RRULE:` and `DTSTART` fall away, an end in UTC
    becomes the day that it is in `zone`. Raises BadRule."""
    parts = _parts(_one_line(text))
    unknown = next((name for name in parts if name not in _READERS), None)
    if unknown in TIMES_OF_DAY:
        raise BadRule("times_of_day", unknown or "")
    if unknown is not None:
        raise BadRule("unknown", unknown)
    frequency = parts.get("FREQ", "")
    if frequency not in FREQUENCIES:
        raise BadRule("frequency", "FREQ", frequency)
    for name, fitting in _ONLY_WITH.items():
        if name in parts and frequency not in fitting:
            raise BadRule("together", name, frequency)
    weekdays = _weekdays(parts["BYDAY"]) if "BYDAY" in parts else ()
    if any(place for place, _day in weekdays) and (frequency not in (MONTHLY, YEARLY) or "BYWEEKNO" in parts):
        raise BadRule("together", "BYDAY", "BYWEEKNO" if "BYWEEKNO" in parts else frequency)
    if "COUNT" in parts and "UNTIL" in parts:
        raise BadRule("count_and_until")
    if "BYSETPOS" in parts and not any(name.startswith("BY") and name != "BYSETPOS" for name in parts):
        raise BadRule("positions", "BYSETPOS")
    until = _until(parts["UNTIL"], zone) if "UNTIL" in parts else None
    if until is not None:
        parts["UNTIL"] = f"{until:%Y%m%d}".zfill(8)
    return Rule(
        frequency=frequency,
        interval=_number("INTERVAL", parts.get("INTERVAL", "1")),
        count=_number("COUNT", parts["COUNT"]) if "COUNT" in parts else None,
        until=until,
        weekdays=weekdays,
        months=_numbers("BYMONTH", parts),
        month_days=_numbers("BYMONTHDAY", parts),
        year_days=_numbers("BYYEARDAY", parts),
        weeks=_numbers("BYWEEKNO", parts),
        positions=_numbers("BYSETPOS", parts),
        week_start=_weekday(parts.get("WKST", "MO")),
        text=";".join(f"{name}={value}" for name, value in parts.items()),
    )


_READERS = {"FREQ", "UNTIL", "BYDAY", "WKST", *_BOUNDS}


def _one_line(text: str) -> str:
    """The rule alone. A field of one line glues pasted lines together, so the names are looked for, not the lines."""
    if len(text) > LONGEST_TEXT:
        raise BadRule("shape")
    text = unicodedata.normalize("NFKC", text).strip().upper()
    text = re.sub(r"\r?\n[ \t]", "", text)  # a long line of a calendar file goes on after a blank
    text = re.sub(r"DTSTART[^\n]*?(?=RRULE:|\n|$)", "", text)
    if found := _OTHERS.search(text):
        raise BadRule("exceptions", found[1])
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) != 1 or lines[0].count("RRULE:") > 1:
        raise BadRule("shape")
    return re.sub(r"\s+", "", lines[0].removeprefix("RRULE:")).rstrip(";")


def _parts(line: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in line.split(";"):
        name, equals, value = part.partition("=")
        if not (name and equals and value):
            raise BadRule("shape", part)
        if name in parts:
            raise BadRule("twice", name)
        parts[name] = value
    return parts


def _numbers(name: str, parts: dict[str, str]) -> tuple[int, ...]:
    return tuple(sorted({_number(name, one) for one in parts[name].split(",")})) if name in parts else ()


def _number(name: str, text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,4}", text):
        raise BadRule("number", name, text)
    number = int(text)
    least, most = _BOUNDS[name]
    size = abs(number) if name in _FROM_THE_END else number
    if not least <= size <= most:
        raise BadRule("bounds", name, text)
    return number


def bounds(name: str) -> tuple[int, int]:
    """The least and the greatest number that a part may hold."""
    return _BOUNDS[name]


def _weekdays(text: str) -> tuple[tuple[int, int], ...]:
    found = set()
    for one in text.split(","):
        match = _NAMED.fullmatch(one)
        if match is None or (match[1] is not None and not 1 <= abs(int(match[1])) <= 53):
            raise BadRule("weekday", "BYDAY", one)
        found.add((int(match[1] or 0), DAYS.index(match[2])))
    return tuple(sorted(found))


def _weekday(text: str) -> int:
    if text not in DAYS:
        raise BadRule("weekday", "WKST", text)
    return DAYS.index(text)


def _until(text: str, zone: ZoneInfo | None) -> date:
    match = _UNTIL.fullmatch(text)
    if match is None:
        raise BadRule("until", "UNTIL", text)
    numbers = [int(one) for one in match.groups()[:6] if one]
    if len(numbers) == 6:
        numbers[5] = min(numbers[5], 59)  # a leap second
    try:
        moment = datetime(*numbers, tzinfo=UTC)  # type: ignore[misc,arg-type]
        return moment.astimezone(zone).date() if match[7] and zone else moment.date()
    except (ValueError, OverflowError):
        raise BadRule("until", "UNTIL", text) from None


# Writing out ----------------------------------------------------------------------------------------------------------


def days(rule: Rule, begin: date, first_day: date, last_day: date) -> list[date]:
    """The days of a rule that begins on `begin`, of those from `first_day` to `last_day`, both included.

    Never more than MOST_DAYS from `first_day` are looked at; with a count, COUNTED_DAYS from `begin`.
    """
    last = min(_later(first_day, MOST_DAYS - 1), last_day, rule.until or last_day)
    if rule.count is None:
        return list(_matching(rule, begin, max(begin, first_day), last))
    found = []
    for number, day in enumerate(_matching(rule, begin, begin, min(last, _later(begin, COUNTED_DAYS - 1)))):
        if number == rule.count:
            break
        if day >= first_day:
            found.append(day)
    return found


def _later(day: date, by: int) -> date:
    return date.fromordinal(min(day.toordinal() + by, date.max.toordinal()))


def _matching(rule: Rule, begin: date, first: date, last: date) -> Iterator[date]:
    begun = _Begun(rule, begin)
    return (
        day
        for day in map(date.fromordinal, range(first.toordinal(), last.toordinal() + 1))
        if begun.in_turn(day) and begun.fits(day) and (not rule.positions or day in begun.chosen(day))
    )


class _Begun:
    """A rule with its beginning, which supplies what the rule leaves open: the weekday, the day of month or year."""

    def __init__(self, rule: Rule, begin: date) -> None:
        self.rule, self.begin = rule, begin
        self.months, self.month_days, self.weekdays = rule.months, rule.month_days, rule.weekdays
        if not (rule.weekdays or rule.month_days or rule.year_days or rule.weeks):
            if rule.frequency == WEEKLY:
                self.weekdays = ((0, begin.weekday()),)
            elif rule.frequency != DAILY:
                self.month_days = (begin.day,)
                if rule.frequency == YEARLY:
                    self.months = rule.months or (begin.month,)
        self.sets: dict[int, set[date]] = {}

    def in_turn(self, day: date) -> bool:
        """Whether the day, week, month or year is one of every `interval`."""
        return (self._period(day) - self._period(self.begin)) % self.rule.interval == 0

    def fits(self, day: date) -> bool:
        """Whether every part of the rule allows the day."""
        rule = self.rule
        return (
            (not self.months or day.month in self.months)
            and (not self.month_days or _one_of(self.month_days, day.day, _month_length(day)))
            and (not rule.year_days or _one_of(rule.year_days, day.timetuple().tm_yday, _year_length(day.year)))
            and (not rule.weeks or _one_of(rule.weeks, *_week_number(day, rule.week_start)))
            and (not self.weekdays or any(self._named(day, place, name) for place, name in self.weekdays))
        )

    def _named(self, day: date, place: int, name: int) -> bool:
        if day.weekday() != name:
            return False
        if not place:
            return True
        if self.rule.frequency == YEARLY and not self.rule.months:
            number, length = day.timetuple().tm_yday, _year_length(day.year)
        else:
            number, length = day.day, _month_length(day)
        return place == (number - 1) // 7 + 1 or place == -((length - number) // 7 + 1)

    def chosen(self, day: date) -> set[date]:
        """The days of its period that stand on the wanted positions among those that fit."""
        key = self._period(day)
        if key not in self.sets:
            fitting = [one for one in self._days(day) if self.fits(one)]
            self.sets[key] = {
                fitting[place - 1 if place > 0 else place]
                for place in self.rule.positions
                if abs(place) <= len(fitting)
            }
        return self.sets[key]

    def _period(self, day: date) -> int:
        if self.rule.frequency == DAILY:
            return day.toordinal()
        if self.rule.frequency == WEEKLY:
            return self._week(day)
        return day.year if self.rule.frequency == YEARLY else day.year * 12 + day.month

    def _week(self, day: date) -> int:
        return (day.toordinal() - 1 - self.rule.week_start) // 7

    def _days(self, day: date) -> list[date]:
        """All days of the period in which the day lies."""
        if self.rule.frequency == DAILY:
            return [day]
        if self.rule.frequency == WEEKLY:
            first, length = self._week(day) * 7 + 1 + self.rule.week_start, 7
        elif self.rule.frequency == MONTHLY:
            first, length = day.replace(day=1).toordinal(), _month_length(day)
        else:
            first, length = date(day.year, 1, 1).toordinal(), _year_length(day.year)
        end = min(first + length, date.max.toordinal() + 1)
        return [date.fromordinal(one) for one in range(max(first, 1), end)]


def _one_of(wanted: tuple[int, ...], number: int, length: int) -> bool:
    """Whether the number-th of `length` is wanted, counted from the front or (negative) from the end."""
    return number in wanted or number - length - 1 in wanted


def _month_length(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _year_length(year: int) -> int:
    return 365 + calendar.isleap(year)


@lru_cache(maxsize=4096)
def _week_number(day: date, week_start: int) -> tuple[int, int]:
    """The week of its year in which a day lies, and how many that year has; week 1 has four days of its year."""
    ordinal = day.toordinal()
    fourth = ordinal - (ordinal - 1 - week_start) % 7 + 3  # the day that says to which year the week belongs
    year = date.fromordinal(min(max(fourth, 1), date.max.toordinal())).year
    number = (fourth - date(year, 1, 1).toordinal()) // 7 + 1
    first_weekday = (date(year, 1, 1).weekday() - week_start) % 7
    has_more = first_weekday == 3 or (first_weekday == 2 and calendar.isleap(year))
    return number, 52 + has_more
