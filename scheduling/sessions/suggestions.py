"""What somebody who declines suggests instead: a colleague who could come, or other times. Stored with the answer.

A suggestion books nothing. The coordinator sees it beside the open seat and acts on it, by the usual services.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo

from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from experts.availability.core.time_intervals import Stretch
from experts.models import Expert
from mdt_portal.errors import RuleError
from mdt_portal.i18n import clock, phrases
from scheduling.models import Attendance, Invitation
from scheduling.sessions import substitutes
from scheduling.states import InvitationStatus

MAX_OFFERS = 2


def check(attendance: Attendance, *, offered: Sequence[Stretch], deputy: Expert | None) -> None:
    """Refuse times that nobody can use, and a colleague who cannot come."""
    if len(offered) > MAX_OFFERS:
        raise _wrong(_("Please offer at most %(n)d times.") % {"n": MAX_OFFERS}, field="offered")
    for start, end in offered:
        if end <= start:
            raise _wrong(_("The end must lie after the start."), field="offered")
        if start <= timezone.now():
            raise _wrong(_("Please offer a time that lies ahead."), field="offered")
    if deputy is not None and deputy not in substitutes.instead_of(attendance):
        message = _("%(expert)s cannot take this seat at this time.") % {"expert": deputy}
        raise _wrong(message, field="deputy")


def _wrong(message: str, *, field: str) -> RuleError:
    return RuleError(message, code=f"{field}_impossible", fields={field: [message]})


def stored(offered: Iterable[Stretch]) -> list[list[str]]:
    """Stretches as the invitation keeps them."""
    return [[start.isoformat(), end.isoformat()] for start, end in sorted(offered)]


def offers(invitation: Invitation) -> list[Stretch]:
    """The other times at which the person could come."""
    found = []
    for pair in invitation.offered:
        start, end = (parse_datetime(text) for text in pair)
        if start and end:
            found.append((start, end))
    return found


def offer_words(invitation: Invitation, zone: tzinfo) -> str:
    """`Tue 24 Nov 14:00–15:00, Thu 26 Nov 08:00–09:00`, by the hospital's clock."""
    return phrases.listed(_stretch(start.astimezone(zone), end.astimezone(zone)) for start, end in offers(invitation))


def _stretch(start: datetime, end: datetime) -> str:
    return f"{clock.day(start.date())} {start:%H:%M}–{end:%H:%M}"


def words(invitation: Invitation, zone: tzinfo) -> str:
    """What is suggested, in whole sentences; empty where it is nothing."""
    said = []
    if invitation.deputy is not None:
        said.append(_("Suggests %(deputy)s.") % {"deputy": invitation.deputy.name})
    if invitation.offered:
        said.append(_("Could come: %(times)s.") % {"times": offer_words(invitation, zone)})
    return phrases.sentences(*said)


def of_sessions(sessions: Iterable[int]) -> dict[int, list[Invitation]]:
    """The answers of these sessions (ids) that suggest something, by session. One query."""
    found: dict[int, list[Invitation]] = defaultdict(list)
    rows = Invitation.objects.filter(
        ~Q(offered=[]) | Q(deputy__isnull=False),
        attendance__session__in=list(sessions),
        attendance__active=False,
        status=InvitationStatus.DECLINED,
    )
    for row in rows.select_related("attendance__expert", "deputy").order_by("answered_at", "pk"):
        if row.attendance.session_id is not None:
            found[row.attendance.session_id].append(row)
    return found
