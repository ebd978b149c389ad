"""Holidays and make-up working days: what a country's calendar says, and where a hospital departs from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import holidays
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from experts.availability.core.time_intervals import DayKind
from experts.availability.working_days import MONDAY_TO_FRIDAY, Calendar, calendar, public_days
from experts.models import CalendarDay, Institution
from mdt_portal import audit
from mdt_portal.errors import RuleError
from mdt_portal.models import User

CHINA = "CN"
NOTICE_MONTH = 11
AHEAD = timedelta(days=366)
LANGUAGES = {"zh": ("zh_CN", "zh_TW"), "en": ("en_US", "en_GB")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day out of the ordinary. `own` is the hospital's entry, if any; `public` says that the country lists it."""

    date: date
    kind: DayKind
    name: str
    public: bool
    own: CalendarDay | None
    predicted: bool = False
    """The country lists it, but its government has not yet said which days of that year it will be."""


def ahead(institution: Institution, first_day: date) -> list[Day]:
    """The special days of the twelve months from `first_day`, in order."""
    last_day = first_day + AHEAD
    own = {row.date: row for row in institution.calendar_days.filter(date__range=(first_day, last_day))}  # type: ignore[attr-defined]
    names = _names(institution.holiday_country, first_day, last_day)
    known = calendar(institution)
    found = []
    for day in sorted({*own, *names}):
        row = own.get(day)
        public = names.get(day, "")
        name = (row.name if row else "") or public
        predicted = row is None and day in names and is_predicted(institution, day.year)
        found.append(Day(date=day, kind=known.kind(day), name=name, public=day in names, own=row, predicted=predicted))
    return found


# China decides each year's holidays by a notice -----------------------------------------------------------------------


def is_predicted(institution: Institution, year: int) -> bool:
    """Whether the holidays of a year are only what the calendar foretells: the notice is not known to the calendar, and
    nobody at the hospital has compared them with it."""
    if institution.holiday_country != CHINA or institution.holidays_checked >= year:
        return False
    off, make_up = public_days(CHINA, year)
    return bool(off) and not any(day.year == year for day in make_up)  # each notice names days worked in exchange


def due_from(institution: Institution, year: int) -> datetime:
    """When the State Council's notice about a year is due: from early November of the year before."""
    return datetime(year - 1, NOTICE_MONTH, 1, tzinfo=institution.tz)


def to_compare(hospitals: Iterable[Institution], now: datetime) -> list[tuple[Institution, int]]:
    """Hospitals and the years whose predicted holidays should be compared with the notice by now."""
    return [
        (one, year)
        for one in hospitals
        for year in (now.astimezone(one.tz).year, now.astimezone(one.tz).year + 1)
        if due_from(one, year) <= now and is_predicted(one, year)
    ]


@transaction.atomic
def compared(institution: Institution, year: int, *, by: User | None) -> None:
    """Somebody has compared the holidays of a year with the notice, and set what differs: they are facts now."""
    row = Institution.objects.select_for_update(no_key=True).get(pk=institution.pk)
    if not is_predicted(row, year):
        return
    row.holidays_checked = year
    row.save(update_fields=["holidays_checked"])
    audit.record("calendar.compared", by=by, subject=row, year=year)


@transaction.atomic
def set_day(institution: Institution, day: date, *, working: bool, name: str = "", by: User | None) -> CalendarDay:
    """A day off, or a make-up working day; a second entry for the same day replaces the first.

    What says only what the calendar says already is refused, so that the table shows real departures.
    """
    own = institution.calendar_days.filter(date=day).first()  # type: ignore[attr-defined]
    if own is None and _without(institution).works(day) is working:
        said = _("That day is worked anyway.") if working else _("That day is not worked anyway.")
        raise RuleError(said, code="says_nothing_new", fields={"date": [said]})
    row, _new = CalendarDay.objects.update_or_create(
        institution=institution, date=day, defaults={"working": working, "name": name}
    )
    audit.record("calendar.day_set", by=by, subject=institution, day=str(day), working=working)
    return row


@transaction.atomic
def remove_day(row: CalendarDay, *, by: User | None) -> None:
    """From now on the day is what the country's calendar and the week say."""
    audit.record("calendar.day_removed", by=by, subject=row.institution, day=str(row.date), working=row.working)
    row.delete()


def _without(institution: Institution) -> Calendar:
    """The hospital's calendar without its own entries."""
    known = calendar(institution)
    return Calendar(weekdays=known.weekdays or MONDAY_TO_FRIDAY, country=known.country)


def _names(country: str, first_day: date, last_day: date) -> dict[date, str]:
    """The public holidays and their make-up days by date, with names in the reader's language where there are any."""
    if not country:
        return {}
    found: dict[date, str] = {}
    for year in range(first_day.year, last_day.year + 1):
        off, make_up = public_days(country, year)
        titles = _titles(country, year) if off else {}
        found |= {day: titles.get(day, "") for day in off}
        found |= {day: _("Worked in exchange for a holiday") for day in make_up}
    return {day: name for day, name in found.items() if first_day <= day <= last_day}


def _titles(country: str, year: int) -> dict[date, str]:
    wanted = LANGUAGES["zh" if (translation.get_language() or "").startswith("zh") else "en"]
    spoken = getattr(holidays.country_holidays(country), "supported_languages", ())
    language = next((one for one in wanted if one in spoken), None)
    return dict(holidays.country_holidays(country, years=[year, year + 1], language=language))


def days_in(rows: list[Day]) -> Iterator[tuple[date, list[Day]]]:
    """By month, as (its first day, its days)."""
    months: dict[date, list[Day]] = {}
    for one in rows:
        months.setdefault(one.date.replace(day=1), []).append(one)
    return iter(months.items())
