"""Coordinators keep the rooms of their hospitals. Callers ask for `pool.edit` of the room's hospital first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, time

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from experts.availability import weekly_hours
from experts.models import Institution
from mdt_portal import audit
from mdt_portal.errors import RuleError
from mdt_portal.models import User
from scheduling.models import Room, RoomClosure, RoomHours

MOST_SEATS = 500
Hours = Iterable[tuple[int, time, time]]


@transaction.atomic
def save(
    room: Room | None,
    *,
    institution: Institution,
    name_en: str,
    name_zh: str,
    capacity: int,
    equipment: Sequence[str],
    active: bool,
    hours: Hours,
    by: User | None,
) -> Room:
    """Write a room; None makes a new one. Without hours of its own it follows the hospital's opening hours."""
    wrong: dict[str, list[str]] = {}
    if not (name_en or name_zh):
        wrong["name_zh"] = [_("Give a name in at least one language.")]
    if not 1 <= capacity <= MOST_SEATS:
        wrong["capacity"] = [_("Choose a number from 1 to %(most)d.") % {"most": MOST_SEATS}]
    if wrong:
        raise RuleError(" ".join(text for texts in wrong.values() for text in texts), code="invalid", fields=wrong)
    row = Room() if room is None else Room.objects.select_for_update().get(pk=room.pk)
    values = {
        "institution": institution,
        "name_en": name_en,
        "name_zh": name_zh,
        "capacity": capacity,
        "equipment": sorted(set(equipment)),
        "active": active,
    }
    fields = [name for name, value in values.items() if room is None or getattr(row, name) != value]
    for name, value in values.items():
        setattr(row, name, value)
    row.save()
    if _set_hours(row, weekly_hours.checked(hours)):
        fields.append("hours")
    if fields:
        audit.record("room.added" if room is None else "room.changed", by=by, subject=row, fields=fields)
    return row


@transaction.atomic
def close(room: Room, *, start: datetime, end: datetime, reason: str, by: User | None) -> RoomClosure:
    """The room cannot be used for a while. Published sessions stay: see impact.of_closure."""
    if end <= start:
        words = _("The end must lie after the start.")
        raise RuleError(words, code="ends_before_start", fields={"end": [words]})
    if end <= timezone.now():
        words = _("That time is over already.")
        raise RuleError(words, code="past", fields={"end": [words]})
    row = RoomClosure.objects.create(room=room, start=start, end=end, reason=reason)
    audit.record("room.closed", by=by, subject=room, start=start.isoformat(), end=end.isoformat())
    return row


@transaction.atomic
def reopen(closure: RoomClosure, *, by: User | None) -> None:
    audit.record("room.reopened", by=by, subject=closure.room, start=closure.start.isoformat())
    closure.delete()


def _set_hours(room: Room, wanted: Sequence[tuple[int, time, time]]) -> bool:
    rows = room.hours  # type: ignore[attr-defined]
    if list(rows.order_by("weekday", "start").values_list("weekday", "start", "end")) == wanted:
        return False
    rows.all().delete()
    RoomHours.objects.bulk_create(
        RoomHours(room=room, weekday=weekday, start=start, end=end) for weekday, start, end in wanted
    )
    return True
