"""When experts are free and institutions open, read from the database. Sessions already planned are not subtracted:
the solver's snapshot and the commit do that, each under its own locks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q

from experts.availability import working_days
from experts.availability.core import week_pattern
from experts.availability.core.time_intervals import (
    ONE_DAY,
    Departure,
    Hours,
    Stretch,
    days,
    every_day_ordinary,
    free_intervals,
    intersect,
    weekly_intervals,
)
from experts.availability.core.week_pattern import Pattern, WeekSpan
from experts.models import (
    Affiliation,
    AvailabilityException,
    ExceptionKind,
    Expert,
    Institution,
    Leave,
    OpeningHours,
    WeeklyAvailability,
    WeeklyTime,
)


@dataclass(slots=True)
class _Kept:
    """What one expert wrote down about their time."""

    week: list[WeekSpan] = field(default_factory=list)
    departures: list[Departure] = field(default_factory=list)
    leaves: list[tuple[date, date]] = field(default_factory=list)


def free(
    experts: Iterable[Expert], start: datetime, end: datetime, *, weeks: Mapping[int, Pattern] | None = None
) -> dict[int, list[Stretch]]:
    """The merged UTC intervals of `[start, end)` in which each expert is free for MDT work, by the expert's id.

    The clock and the holidays are those of the main employer on the day of `start`. The number of queries is the
    same for one expert and for all. With `weeks`, as if those were theirs, by the expert's id.
    """
    ids = [expert.pk for expert in experts]
    homes = _homes(ids, start.date())
    known = working_days.calendars({home.pk: home for home in homes.values()}.values())
    # One day more on either side: the same moment is another date in another zone.
    kept = _kept(ids, start.date() - ONE_DAY, end.date() + ONE_DAY)
    found = {}
    for pk in ids:
        home = homes.get(pk)
        zone = clock_at(home)
        found[pk] = intersect(
            free_intervals(
                week_pattern.weeks(kept[pk].week if weeks is None else weeks[pk]),
                kept[pk].departures,
                kept[pk].leaves,
                zone=zone,
                first_day=start.astimezone(zone).date(),
                last_day=end.astimezone(zone).date(),
                kinds=known[home.pk].kind if home else every_day_ordinary,
            ),
            [(start, end)],
        )
    return found


def home_of(expert: Expert, on: date) -> Institution | None:
    """The main employer on a day, by whose clock and calendar this expert's time is kept."""
    return _homes([expert.pk], on).get(expert.pk)


def zones(experts: Iterable[Expert], on: date) -> dict[int, ZoneInfo]:
    """The clock of each expert on a day, by id; one query."""
    ids = [expert.pk for expert in experts]
    homes = _homes(ids, on)
    return {pk: clock_at(homes.get(pk)) for pk in ids}


def clock_at(home: Institution | None) -> ZoneInfo:
    """The clock of whoever has this main employer."""
    return home.tz if home else ZoneInfo(settings.TIME_ZONE)


def zone_of(expert: Expert, on: date) -> ZoneInfo:
    """The clock by which this expert's time is kept on a day."""
    return zones([expert], on)[expert.pk]


def main_employer(work: Iterable[Affiliation], on: date) -> Institution | None:
    """Of all the work of one person the main employer on a day; any employer where none is the main one."""
    then = [one for one in work if (one.since or on) <= on <= (one.until or on)]
    first = max(then, key=lambda one: (one.home, one.since or date.min, one.pk), default=None)
    return first.institution if first else None


def _homes(ids: list[int], on: date) -> dict[int, Institution]:
    """The main employer of each expert who has one on a day, by the expert's id."""
    work: dict[int, list[Affiliation]] = defaultdict(list)
    then = Q(since__isnull=True) | Q(since__lte=on), Q(until__isnull=True) | Q(until__gte=on)
    for one in Affiliation.objects.filter(*then, expert__in=ids).select_related("institution").order_by():
        work[one.expert_id].append(one)
    return {pk: home for pk, rows in work.items() if (home := main_employer(rows, on))}


def _kept(ids: list[int], first_day: date, last_day: date) -> dict[int, _Kept]:
    kept: dict[int, _Kept] = defaultdict(_Kept)
    weekly = WeeklyAvailability.objects.filter(expert__in=ids)
    for pk, *span in weekly.values_list("expert", *WeekSpan._fields):
        kept[pk].week.append(WeekSpan(*span))
    departures = AvailabilityException.objects.filter(expert__in=ids, date__range=(first_day, last_day))
    for pk, day, start, end, kind in departures.values_list("expert", "date", "start", "end", "kind"):
        kept[pk].departures.append(Departure(day=day, hours=(start, end), adds=kind == ExceptionKind.ADDS))
    leaves = Leave.objects.filter(expert__in=ids, first_day__lte=last_day, last_day__gte=first_day)
    for leave in leaves:
        if leave.hours is None:
            kept[leave.expert_id].leaves.append((leave.first_day, leave.last_day))
        else:
            kept[leave.expert_id].departures += [
                Departure(day=day, hours=leave.hours, adds=False)
                for day in days(max(leave.first_day, first_day), min(leave.last_day, last_day))
            ]
    return kept


def week_of(rows: Iterable[WeeklyTime]) -> dict[int, list[Hours]]:
    """Rows of weekly time as the week that `availability` counts with."""
    week: dict[int, list[Hours]] = defaultdict(list)
    for row in rows:
        week[row.weekday].append((row.start, row.end))
    return week


def opening(
    institution: Institution, first_day: date, days: int, *, known: working_days.Calendar | None = None
) -> list[Stretch]:
    """When sessions may be held at `institution`: its hours on the `days` days from `first_day`, in UTC."""
    rows = OpeningHours.objects.filter(institution=institution)
    return open_hours(institution, rows, first_day, days, known=known)


def open_hours(
    institution: Institution,
    rows: Iterable[WeeklyTime],
    first_day: date,
    days: int,
    *,
    known: working_days.Calendar | None = None,
) -> list[Stretch]:
    """The same for any weekly hours kept at `institution`, such as those of a room.

    Pass the institution's calendar as `known` when many rooms are asked about.
    """
    return weekly_intervals(
        week_of(rows),
        zone=institution.tz,
        first_day=first_day,
        last_day=first_day + timedelta(days=days - 1),
        kinds=(known or working_days.calendar(institution)).kind,
    )
