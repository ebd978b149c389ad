"""Reminding by hand: one person, a session, a day. The clock reminds once by itself (`invitations.remind`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from mdt_portal import audit, outbox
from mdt_portal.models import User
from scheduling.models import Invitation
from scheduling.states import LIVE_SESSIONS, InvitationStatus

QUIET = timedelta(hours=1)
"""Nobody is reminded twice within this time, whoever asks for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminded:
    """How many mails were promised, and how many were not: reminded a while ago; without an address."""

    sent: int
    quiet: int
    unreachable: int


@transaction.atomic
def remind(invited: Iterable[Invitation], *, by: User) -> Reminded:
    """Promise a mail to those of the invitations that still wait for an answer; the rest is left alone."""
    now = timezone.now()
    rows = Invitation.objects.select_for_update(of=("self",)).select_related("attendance__expert__user")
    open_ = rows.filter(
        pk__in=[one.pk for one in invited],
        status=InvitationStatus.PENDING,
        attendance__active=True,
        attendance__session__status__in=LIVE_SESSIONS,
        attendance__session__start__gt=now,
    )
    sent, quiet, unreachable = 0, 0, 0
    for one in open_.order_by("pk"):
        expert = one.attendance.expert
        if one.reminded_at and one.reminded_at > now - QUIET:
            quiet += 1
        elif not (expert.email or (expert.user and expert.user.email)):
            unreachable += 1
        else:
            outbox.put("notification.reminder", invitation=one.pk)
            audit.record("invitation.reminded", by=by, subject=one)
            one.reminded_at = now
            one.save(update_fields=["reminded_at"])
            sent += 1
    return Reminded(sent=sent, quiet=quiet, unreachable=unreachable)
