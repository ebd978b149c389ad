"""Which days an institution works: its weekdays, the public holidays of its country, and its own special days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import holidays

from experts.availability.core.time_intervals import ONE_DAY, DayKind, local_moment
from experts.models import CalendarDay, Institution, OpeningHours

MONDAY_TO_FRIDAY = frozenset(range(5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """An institution's days. `special` holds its own entries, which win over the public holidays of `country`."""

    weekdays: frozenset[int] = MONDAY_TO_FRIDAY
    country: str = ""
    special: Mapping[date, bool] = field(default_factory=dict)

    def kind(self, day: date) -> DayKind:
        if day in self.special:
            return DayKind.MAKE_UP if self.special[day] else DayKind.OFF
        if self.country:
            off, make_up = public_days(self.country, day.year)
            if day in make_up:
                return DayKind.MAKE_UP
            if day in off:
                return DayKind.OFF
        return DayKind.ORDINARY

    def works(self, day: date) -> bool:
        kind = self.kind(day)
        return kind is DayKind.MAKE_UP or (kind is DayKind.ORDINARY and day.weekday() in self.weekdays)

    def next_monday(self, after: date) -> date:
        """The first Monday after `after` that is worked."""
        day = after + timedelta(days=7 - after.weekday())
        while not self.works(day):
            day += timedelta(days=7)
        return day


@lru_cache(maxsize=64)
def public_days(country: str, year: int) -> tuple[frozenset[date], frozenset[date]]:
    """The public holidays of a year, and the weekend days worked in exchange; empty for an unknown country."""
    if country not in holidays.list_supported_countries():
        return frozenset(), frozenset()
    # The exchange for a New Year may lie in December, so the year after has to be asked too.
    found = holidays.country_holidays(country, years=[year, year + 1])
    return frozenset(found), frozenset(found.weekend_workdays)


def calendars(institutions: Iterable[Institution]) -> dict[int, Calendar]:
    """The calendar of each institution by its id, in two queries."""
    institutions = list(institutions)
    special: dict[int, dict[date, bool]] = defaultdict(dict)
    weekdays: dict[int, set[int]] = defaultdict(set)
    for pk, day, working in CalendarDay.objects.filter(institution__in=institutions).values_list(
        "institution", "date", "working"
    ):
        special[pk][day] = working
    for pk, weekday in OpeningHours.objects.filter(institution__in=institutions).values_list("institution", "weekday"):
        weekdays[pk].add(weekday)
    return {
        one.pk: Calendar(
            weekdays=frozenset(weekdays[one.pk]) or MONDAY_TO_FRIDAY,
            country=one.holiday_country,
            special=special[one.pk],
        )
        for one in institutions
    }


def calendar(institution: Institution) -> Calendar:
    return calendars([institution])[institution.pk]


def add_working_days(
    institution: Institution, moment: datetime, days: int, *, known: Calendar | None = None
) -> datetime:
    """The same clock time `days` working days later (`days` may be negative). Pass `known` to ask the database once.

    Days that are not worked do not count; from a Friday, one working day later is Monday.
    """
    known = known or calendar(institution)
    local = moment.astimezone(institution.tz)
    day, step = local.date(), ONE_DAY if days > 0 else -ONE_DAY
    left = abs(days)
    while left:
        day += step
        left -= known.works(day)
    clock = local.time().replace(fold=0)
    return local_moment(day, clock, institution.tz) if days else moment.astimezone(UTC)


def next_working_monday(institution: Institution, after: date) -> date:
    """The first Monday after `after` that the institution works."""
    return calendar(institution).next_monday(after)
