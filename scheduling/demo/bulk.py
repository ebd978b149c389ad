"""The same traces as `materials.receive` leaves, for thousands of items at once: an alliance in a minute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from cases.models import Case, MaterialItem
from cases.states import MATERIAL_LIFECYCLE, MaterialStatus
from mdt_portal.models import AuditEvent, StatusEvent


@dataclass(frozen=True, slots=True)
class Arrival:
    """A material that came in at a moment."""

    item: MaterialItem
    case: Case
    at: datetime


def receive(arrivals: Sequence[Arrival]) -> None:
    """Move all items to received, with an event and a record for each."""
    now = timezone.now()
    events, records = [], []
    for one in arrivals:
        old, new = one.item.status, MaterialStatus.RECEIVED
        if not MATERIAL_LIFECYCLE.allows(old, new):
            raise ValueError(f"{one.item} is {old}")
        events.append(
            StatusEvent(
                subject_type=one.item._meta.label_lower,
                subject_id=one.item.pk,
                old=old,
                new=new,
                by=one.case.referrer,
                at=now,
            )
        )
        records.append(
            AuditEvent(
                action="material.received",
                by=one.case.referrer,
                subject_type=one.case._meta.label_lower,
                subject_id=one.case.pk,
                params={"code": one.item.code},
            )
        )
        one.item.status, one.item.changed_at = new, one.at
    MaterialItem.objects.bulk_update([one.item for one in arrivals], ["status", "changed_at"], batch_size=1000)
    StatusEvent.objects.bulk_create(events, batch_size=2000)
    AuditEvent.objects.bulk_create(records, batch_size=2000)
