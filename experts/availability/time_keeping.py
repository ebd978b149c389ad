"""Experts keep their time. Callers ask `access.require(user, "expert.change_availability", expert)` first."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import date, time

from django.db import transaction
from django.utils.translation import gettext as _

from experts.models import AvailabilityException, ExceptionKind, Expert, Leave, Weekday, WeeklyAvailability
from mdt_portal import audit
from mdt_portal.errors import RuleError
from mdt_portal.models import User

WeeklyHours = tuple[int, time, time]


@transaction.atomic
def set_week(expert: Expert, hours: Iterable[WeeklyHours], *, by: User | None) -> list[WeeklyAvailability]:
    """Replace the ordinary week by `hours` (weekday with 0 = Monday, from, to). Hours may touch, not overlap."""
    wanted = sorted(hours)
    for weekday, start, end in wanted:
        _ends_after(start, end)
        if weekday not in Weekday.values:
            raise RuleError(_("There is no weekday %(number)s.") % {"number": weekday}, code="unknown_weekday")
    for first, second in itertools.pairwise(wanted):
        if first[0] == second[0] and second[1] < first[2]:
            raise _overlap(
                _("%(weekday)s has two stretches that overlap: from %(first)s and from %(second)s.")
                % {"weekday": Weekday(first[0]).label, "first": f"{first[1]:%H:%M}", "second": f"{second[1]:%H:%M}"},
                field="start",
            )
    _lock(expert)
    expert.weekly_availability.all().delete()
    rows = WeeklyAvailability.objects.bulk_create(
        WeeklyAvailability(expert=expert, weekday=weekday, start=start, end=end) for weekday, start, end in wanted
    )
    audit.record("expert.week_set", by=by, subject=expert, stretches=len(rows))
    return rows


@transaction.atomic
def add_exception(
    expert: Expert, *, day: date, start: time, end: time, kind: str, note: str = "", by: User | None
) -> AvailabilityException:
    """One day's departure from the week; what is taken wins over what is added. Those of one kind may not overlap."""
    _ends_after(start, end)
    _lock(expert)
    same_day = expert.availability_exceptions.filter(date=day, kind=kind, start__lt=end, end__gt=start)
    if clash := same_day.first():
        raise _overlap(
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
def add_leave(expert: Expert, *, first_day: date, last_day: date, note: str = "", by: User | None) -> Leave:
    """Whole days away, both included. Leaves of one person may not overlap."""
    if last_day < first_day:
        raise RuleError(
            _("The last day lies before the first day."),
            code="ends_before_start",
            fields={"last_day": [_("Choose the first day or a later one.")]},
        )
    _lock(expert)
    if clash := expert.leaves.filter(first_day__lte=last_day, last_day__gte=first_day).first():
        raise _overlap(
            _("There is a leave from %(first)s to %(last)s already.")
            % {"first": clash.first_day, "last": clash.last_day},
            field="first_day",
        )
    row = Leave.objects.create(expert=expert, first_day=first_day, last_day=last_day, note=note)
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


def _ends_after(start: time, end: time) -> None:
    if end <= start:
        raise RuleError(
            _("The end must lie after the start."),
            code="ends_before_start",
            fields={"end": [_("Choose a time after %(start)s.") % {"start": f"{start:%H:%M}"}]},
        )


def _overlap(message: str, *, field: str) -> RuleError:
    return RuleError(message, code="overlap", fields={field: [message]})
