"""Promises that are kept for a few minutes. What a hold owns is free again when it ends."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from mdt_portal import lifecycle
from mdt_portal.models import User
from scheduling.models import Attendance, Hold, RoomBooking
from scheduling.states import HoldStatus


def expire() -> int:
    """End all holds whose time is over; returns how many."""
    return sum(
        _end(pk, HoldStatus.EXPIRED, by=None, why="hold.expired")
        for pk in Hold.objects.filter(status=HoldStatus.HELD, expires_at__lte=timezone.now()).values_list(
            "pk", flat=True
        )
    )


@transaction.atomic
def _end(pk: int, to: HoldStatus, *, by: User | None, why: str) -> bool:
    hold = Hold.objects.select_for_update(skip_locked=True).filter(pk=pk, status=HoldStatus.HELD).first()
    if hold is None:
        return False
    Attendance.objects.filter(hold=hold).update(active=False)
    RoomBooking.objects.filter(hold=hold).update(active=False)
    lifecycle.move(hold, to, by=by, why=why)
    return True
