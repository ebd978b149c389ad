"""Calendar weeks and months as pages speak of them: `2026-W48` and `2026-11` in an address. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from mdt_portal.i18n import clock

YEARS = range(2000, 2200)
"""Pages show no other: the first and the last day that a date can be have no neighbours to lead to."""


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """The week that begins on `monday`."""

    monday: date

    @classmethod
    def around(cls, day: date) -> Week:
        return cls(day - timedelta(days=day.weekday()))

    @classmethod
    def parse(cls, text: str) -> Week | None:
        """`2026-W48`, or None for anything else."""
        try:
            monday = datetime.strptime(f"{text}-1", "%G-W%V-%u").date()  # noqa: DTZ007  a date has no zone
        except ValueError:
            return None
        return cls(monday) if monday.year in YEARS else None

    def __str__(self) -> str:
        return f"{self.monday:%G-W%V}"

    @property
    def number(self) -> int:
        return self.monday.isocalendar().week

    @property
    def title(self) -> str:
        return _("Week %(number)d") % {"number": self.number}

    @property
    def month(self) -> Month:
        """The month to which most of the week belongs."""
        return Month.around(self.day(3))

    def plus(self, weeks: int) -> Week:
        return Week(self.monday + timedelta(days=7 * weeks))

    def day(self, index: int) -> date:
        return self.monday + timedelta(days=index)

    def start(self, zone: ZoneInfo) -> datetime:
        """Monday's midnight by the clock of `zone`."""
        return datetime(self.monday.year, self.monday.month, self.monday.day, tzinfo=zone)

    def end(self, zone: ZoneInfo) -> datetime:
        return self.plus(1).start(zone)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """The month that begins on `first`."""

    first: date

    @classmethod
    def around(cls, day: date) -> Month:
        return cls(day.replace(day=1))

    @classmethod
    def parse(cls, text: str) -> Month | None:
        """`2026-11`, or None for anything else."""
        try:
            first = datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007  a date has no zone
        except ValueError:
            return None
        return cls(first) if first.year in YEARS else None

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"

    def __contains__(self, day: date) -> bool:
        return (day.year, day.month) == (self.first.year, self.first.month)

    @property
    def title(self) -> str:
        return clock.month(self.first)

    @property
    def next(self) -> Month:
        return Month.around(self.first + timedelta(days=31))

    @property
    def previous(self) -> Month:
        return Month.around(self.first - timedelta(days=1))

    def weeks(self) -> list[Week]:
        """Every week that has a day of the month."""
        week, last = Week.around(self.first), self.next.first - timedelta(days=1)
        found = []
        while week.monday <= last:
            found.append(week)
            week = week.plus(1)
        return found


def span(first: date, last: date) -> str:
    """`Mon 23 Nov – Sun 6 Dec`"""
    return _("%(first)s – %(last)s") % {"first": clock.day(first), "last": clock.day(last)}


def span_title(first: date, days: int) -> str:
    """`week 48`, or `weeks 48–49`, of a horizon that begins on a Monday; for the middle of a sentence."""
    begin, end = Week.around(first), Week.around(first + timedelta(days=days - 1))
    if begin == end:
        return _("week %(number)d") % {"number": begin.number}
    return _("weeks %(first)d–%(last)d") % {"first": begin.number, "last": end.number}
