"""An expert is asked to come for one case although off duty. Nobody's time is taken: only their yes adds it.

ask ──▶ asked ──agree──▶ agreed (the time is added to their calendar)
             └─refuse──▶ refused
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.models import Case
from experts.availability import free_time, time_keeping
from experts.availability.core.time_intervals import ONE_DAY, Stretch, intersect, leave_stretches, on_day
from experts.models import AvailabilityException, ExceptionKind, Expert, Leave
from mdt_portal import audit, lifecycle, outbox
from mdt_portal.errors import RuleError
from mdt_portal.models import User
from scheduling.models import TimeRequest
from scheduling.states import TimeRequestStatus


@transaction.atomic
def ask(case: Case, *, by: User | None, expert: Expert, start: datetime, end: datetime, note: str = "") -> TimeRequest:
    """Ask once; the expert gets a mail that names no patient. The same question again is the same row."""
    if start <= timezone.now():
        raise RuleError(_("This time is over."), code="impossible")
    if away({expert.pk: (start, end)}):
        raise RuleError(_("%(expert)s is away at this time.") % {"expert": expert.name}, code="away")
    row, is_new = TimeRequest.objects.get_or_create(
        case=case,
        expert=expert,
        start=start,
        status=TimeRequestStatus.OPEN,
        defaults={"end": end, "note": note.strip(), "by": by},
    )
    if is_new:
        outbox.put("notification.time_request", request=row.pk)
        audit.record("expert.time_requested", by=by, subject=expert, case=case.pk, start=start.isoformat())
    return row


@transaction.atomic
def agree(request: TimeRequest, *, by: User | None) -> TimeRequest:
    """The expert comes: the time is added to their calendar, in which they may take it back."""
    request = _locked(request)
    first = request.start.astimezone(free_time.zone_of(request.expert, request.start.date()))
    last = request.end.astimezone(first.tzinfo)
    if first.date() != last.date():
        raise RuleError(_("This time runs past midnight; it cannot be added."), code="impossible")
    added = time_keeping.add_exception(
        request.expert,
        day=first.date(),
        start=first.time(),
        end=last.time(),
        kind=ExceptionKind.ADDS,
        note=_("agreed for one case"),
        by=by,
    )
    now = timezone.now()
    lifecycle.move(request, TimeRequestStatus.AGREED, by=by, why="time.agreed", answered_at=now, added=added)
    return request


@transaction.atomic
def refuse(request: TimeRequest, *, by: User | None) -> TimeRequest:
    request = _locked(request)
    lifecycle.move(request, TimeRequestStatus.REFUSED, by=by, why="time.refused", answered_at=timezone.now())
    return request


def away(asked: Mapping[int, Stretch]) -> set[int]:
    """Those of the asked (id and stretch) who are on leave then, or took the time away: adding it would not count."""
    if not asked:
        return set()
    first, last = min(start for start, _end in asked.values()), max(end for _start, end in asked.values())
    # one day more on either side: the same moment is another date in another zone
    days = (first.date() - ONE_DAY, last.date() + ONE_DAY)
    found = set()
    for leave in Leave.objects.filter(expert__in=asked, first_day__lte=days[1], last_day__gte=days[0]).select_related(
        "expert"
    ):
        zone = free_time.zone_of(leave.expert, leave.first_day)
        spans = leave_stretches(max(leave.first_day, days[0]), min(leave.last_day, days[1]), leave.hours, zone)
        if intersect([asked[leave.expert_id]], spans):
            found.add(leave.expert_id)
    taken = AvailabilityException.objects.filter(expert__in=asked, kind=ExceptionKind.TAKES, date__range=days)
    for row in taken.select_related("expert"):
        zone = free_time.zone_of(row.expert, row.date)
        if intersect([asked[row.expert_id]], [on_day(row.date, (row.start, row.end), zone)]):
            found.add(row.expert_id)
    return found


def _locked(request: TimeRequest) -> TimeRequest:
    return TimeRequest.objects.select_for_update(of=("self",)).select_related("expert", "case").get(pk=request.pk)
