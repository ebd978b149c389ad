"""Calendar weeks as pages speak of them: `2026-W48` in an address, `Week 48` in words. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from mdt_portal.i18n import clock


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
            return cls(datetime.strptime(f"{text}-1", "%G-W%V-%u").date())  # noqa: DTZ007  a date has no zone
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"{self.monday:%G-W%V}"

    @property
    def number(self) -> int:
        return self.monday.isocalendar().week

    @property
    def title(self) -> str:
        return _("Week %(number)d") % {"number": self.number}

    def plus(self, weeks: int) -> Week:
        return Week(self.monday + timedelta(days=7 * weeks))

    def day(self, index: int) -> date:
        return self.monday + timedelta(days=index)

    def start(self, zone: ZoneInfo) -> datetime:
        """Monday's midnight by the clock of `zone`."""
        return datetime(self.monday.year, self.monday.month, self.monday.day, tzinfo=zone)

    def end(self, zone: ZoneInfo) -> datetime:
        return self.plus(1).start(zone)


def span(first: date, last: date) -> str:
    """`Mon 23 Nov – Sun 6 Dec`"""
    return _("%(first)s – %(last)s") % {"first": clock.day(first), "last": clock.day(last)}


def span_title(first: date, days: int) -> str:
    """`week 48`, or `weeks 48–49`, of a horizon that begins on a Monday; for the middle of a sentence."""
    begin, end = Week.around(first), Week.around(first + timedelta(days=days - 1))
    if begin == end:
        return _("week %(number)d") % {"number": begin.number}
    return _("weeks %(first)d–%(last)d") % {"first": begin.number, "last": end.number}
