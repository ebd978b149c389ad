"""An expert's calendar feed (RFC 5545): every attendance under one UID for ever, with a SEQUENCE that rises.

The address is the secret, since calendar programs cannot log in. So it names no patient and no case, it can be
renewed (the old address is dead at once), and it ends with the expert's account.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

import icalendar
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from experts.models import Expert
from mdt_portal import audit
from mdt_portal.i18n import phrases
from mdt_portal.models import User
from scheduling.models import Attendance, AttendanceMode, Session
from scheduling.states import InvitationStatus, SessionStatus

PAST = timedelta(days=60)
REFRESH = timedelta(minutes=15)


@transaction.atomic
def renew(expert: Expert, *, by: User) -> str:
    """A new address for the feed; the old one is dead."""
    expert.calendar_key = secrets.token_urlsafe(32)
    expert.save(update_fields=["calendar_key"])
    audit.record("calendar.renewed", by=by, subject=expert)
    return address(expert)


@transaction.atomic
def close(expert: Expert, *, by: User) -> None:
    """No feed any more."""
    expert.calendar_key = ""
    expert.save(update_fields=["calendar_key"])
    audit.record("calendar.closed", by=by, subject=expert)


def address(expert: Expert) -> str:
    """Where a calendar program finds the feed; empty while there is none."""
    if not expert.calendar_key:
        return ""
    return settings.MDT_PUBLIC_URL + reverse("calendar", args=[expert.calendar_key])


def by_key(key: str) -> Expert | None:
    """Whose feed this is; nobody's once the account is closed."""
    rows = Expert.objects.filter(calendar_key=key, active=True).exclude(user__is_active=False)
    return rows.select_related("user").first() if key else None


def feed(expert: Expert) -> bytes:
    """The feed in the active language. Three queries, however many appointments."""
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//MDT Portal//MDT Portal//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", _("MDT: %(who)s") % {"who": expert.name})
    calendar.add("refresh-interval", REFRESH, parameters={"value": "DURATION"})
    rows = Attendance.objects.filter(expert=expert, session__isnull=False, end__gt=timezone.now() - PAST)
    rows = rows.select_related("invitation", "session__team", "session__room", "session__institution")
    latest: dict[int, Attendance] = {}
    for row in rows.order_by("active", "pk"):  # of one session the row in force wins
        if row.session_id is not None:
            latest[row.session_id] = row
    for row in sorted(latest.values(), key=lambda one: (one.start, one.pk)):
        calendar.add_component(_event(row))
    return bytes(calendar.to_ical())


def _event(row: Attendance) -> icalendar.Event:
    session, event = row.meeting, icalendar.Event()
    event.add("uid", f"{row.public_id}@mdt-portal")
    event.add("sequence", row.sequence + (0 if _stands(row, session) else 1))
    event.add("dtstamp", row.invitation.sent_at or session.published_at)
    event.add("dtstart", row.start)
    event.add("dtend", row.end)
    event.add("status", _status(row, session))
    event.add("summary", _summary(row, session))
    event.add("location", _place(row, session))
    event.add("url", settings.MDT_PUBLIC_URL + reverse("session", args=[session.public_id]))
    event.add("transp", "OPAQUE" if _stands(row, session) else "TRANSPARENT")
    return event


def _stands(row: Attendance, session: Session) -> bool:
    return row.active and session.status != SessionStatus.CANCELLED


def _status(row: Attendance, session: Session) -> str:
    if not _stands(row, session):
        return "CANCELLED"
    return "CONFIRMED" if row.invitation.status == InvitationStatus.ACCEPTED else "TENTATIVE"


def _summary(row: Attendance, session: Session) -> str:
    if _stands(row, session) and row.invitation.status == InvitationStatus.PENDING:
        return _("%(team)s (please answer)") % {"team": session.team.name}
    return session.team.name


def _place(row: Attendance, session: Session) -> str:
    if row.mode == AttendanceMode.REMOTE or session.room is None:
        return _("By video")
    return phrases.line(session.room.name, session.institution.name)
