"""Experts keep their time. Callers ask `access.require(user, "expert.change_availability", expert)` first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, time
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from experts.availability import free_time, weekly_hours
from experts.availability.core import week_pattern
from experts.availability.core.time_intervals import (
    ONE_DAY,
    intersect,
    on_day,
    over_midnight,
)
from experts.availability.core.week_pattern import WeekSpan
from experts.models import AvailabilityException, ExceptionKind, Expert, Leave, WeeklyAvailability
from mdt_portal import audit
from mdt_portal.errors import RuleError
from mdt_portal.i18n import clock
from mdt_portal.models import User

LONGEST_LEAVE_DAYS = 3 * 366
UTC_ZONE = ZoneInfo("UTC")
"""To compare times of the wall with each other."""


@transaction.atomic
def set_week(
    expert: Expert, hours: Iterable[WeekSpan | weekly_hours.WeeklyHours], *, by: User | None
) -> list[WeeklyAvailability]:
    """Replace the weeks of somebody by `hours` (weekday with 0 = Monday, from, to, how often, from which week on).

    Hours may touch, not overlap in any week. An end at 00:00 is 24:00; what passes midnight is kept as two stretches.
    """
    wanted = weekly_hours.checked_pattern(hours)
    _lock(expert)
    expert.weekly_availability.all().delete()
    rows = WeeklyAvailability.objects.bulk_create(
        WeeklyAvailability(expert=expert, **span._asdict()) for span in wanted
    )
    audit.record("expert.week_set", by=by, subject=expert, stretches=len(rows))
    return rows


@transaction.atomic
def add_stretch(expert: Expert, span: WeekSpan, *, by: User | None) -> list[WeeklyAvailability]:
    """One more stretch of somebody's weeks, such as every second Tuesday."""
    _lock(expert)
    return set_week(expert, [*week_pattern.of_rows(expert.weekly_availability.all()), span], by=by)


@transaction.atomic
def remove_stretch(expert: Expert, span: WeekSpan, *, by: User | None) -> list[WeeklyAvailability]:
    """The weeks of somebody without one stretch; nothing happens where it is gone already."""
    _lock(expert)
    left = [one for one in week_pattern.of_rows(expert.weekly_availability.all()) if one != span]
    return set_week(expert, left, by=by)


@transaction.atomic
def add_exception(
    expert: Expert, *, day: date, start: time, end: time, kind: str, note: str = "", by: User | None
) -> AvailabilityException:
    """One day's departure from the week; what is taken wins over what is added. Those of one kind may not overlap.

    It may pass midnight: an end at or before the start lies on the next day. Refused: a day that is over.
    """
    weekly_hours.ends_after(start, end)
    _not_over(expert, day + ONE_DAY if over_midnight((start, end)) else day, field="date")
    _lock(expert)
    wanted = on_day(day, (start, end), UTC_ZONE)
    near = expert.availability_exceptions.filter(date__range=(day - ONE_DAY, day + ONE_DAY), kind=kind)
    clash = next((one for one in near if intersect([wanted], [on_day(one.date, (one.start, one.end), UTC_ZONE)])), None)
    if clash is not None:
        raise weekly_hours.overlap(
            _("There is an entry for that day already, from %(start)s to %(end)s.")
            % {"start": f"{clash.start:%H:%M}", "end": f"{clash.end:%H:%M}"},
            field="start",
        )
    row = AvailabilityException.objects.create(
        expert=expert, date=day, start=start, end=end, kind=ExceptionKind(kind), note=note
    )
    audit.record("expert.exception_added", by=by, subject=expert, day=str(day), kind=str(kind))
    return row


@transaction.atomic
def remove_exception(exception: AvailabilityException, *, by: User | None) -> None:
    audit.record(
        "expert.exception_removed", by=by, subject=exception.expert, day=str(exception.date), kind=exception.kind
    )
    exception.delete()


@transaction.atomic
def add_leave(
    expert: Expert,
    *,
    first_day: date,
    last_day: date,
    start: time | None = None,
    end: time | None = None,
    note: str = "",
    by: User | None,
) -> Leave:
    """Days away, both included: whole ones, or with `start` and `end` those hours of each of them.

    Leaves of one person may not share a day. Refused: what is over, and more than three years.
    """
    if (start is None) != (end is None):
        text = _("Give both times, or none for whole days.")
        raise RuleError(text, code="one_time_missing", fields={"start" if start is None else "end": [text]})
    if start is not None and end is not None:
        weekly_hours.ends_after(start, end)
    if last_day < first_day:
        raise RuleError(
            _("The last day lies before the first day."),
            code="ends_before_start",
            fields={"last_day": [_("Choose the first day or a later one.")]},
        )
    _not_over(expert, last_day, field="last_day")
    if (last_day - first_day).days >= LONGEST_LEAVE_DAYS:
        text = _("A leave lasts three years at most. Who stays away longer ends their work at the hospital.")
        raise RuleError(text, code="too_long", fields={"last_day": [text]})
    _lock(expert)
    if clash := expert.leaves.filter(first_day__lte=last_day, last_day__gte=first_day).first():
        raise weekly_hours.overlap(
            _("There is a leave from %(first)s to %(last)s already.")
            % {"first": clock.full_day(clash.first_day), "last": clock.full_day(clash.last_day)},
            field="first_day",
        )
    row = Leave.objects.create(expert=expert, first_day=first_day, last_day=last_day, start=start, end=end, note=note)
    audit.record("expert.leave_added", by=by, subject=expert, first_day=str(first_day), last_day=str(last_day))
    return row


@transaction.atomic
def remove_leave(leave: Leave, *, by: User | None) -> None:
    audit.record(
        "expert.leave_removed",
        by=by,
        subject=leave.expert,
        first_day=str(leave.first_day),
        last_day=str(leave.last_day),
    )
    leave.delete()


def _lock(expert: Expert) -> None:
    """Two changes of one person's time come one after the other, so that neither misses the other's overlap."""
    Expert.objects.select_for_update().get(pk=expert.pk)


def _not_over(expert: Expert, last_day: date, *, field: str) -> None:
    """Raise RuleError for what lies wholly before today, by the expert's own clock: nobody could plan for it."""
    today = timezone.now().astimezone(free_time.zone_of(expert, timezone.now().date())).date()
    if last_day < today:
        text = _("That is over already: it lies before today, %(today)s.") % {"today": today}
        raise RuleError(text, code="past", fields={field: [text]})
