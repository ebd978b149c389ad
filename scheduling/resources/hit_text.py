"""What hits a published session, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext as _

from mdt_portal.i18n import clock, phrases
from scheduling.models import Session
from scheduling.resources.impact import Cause, Hit


def short(hit: Hit) -> str:
    """`Zhang Wei: on leave`, `the room is closed`."""
    words = str(Cause(hit.cause).label)
    return phrases.labelled(hit.expert.name, words) if hit.expert else words


def when(session: Session) -> str:
    """When it takes place and where, and that nobody has changed it."""
    local = session.start.astimezone(session.institution.tz)
    place = session.room.name if session.room else _("by video")
    line = phrases.line(clock.day(local.date()), clock.hour(local), place)
    return phrases.sentences(line, _("It is still published."))
