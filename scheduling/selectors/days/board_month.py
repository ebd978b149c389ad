"""One month of a hospital as a calendar: what is planned on each day, which seats are open, which days are off."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from experts.availability import working_days
from experts.models import Institution
from mdt_portal import access
from mdt_portal.i18n import clock, phrases
from mdt_portal.models import User
from scheduling.models import Session
from scheduling.selectors import quorum
from scheduling.selectors.weeks import Month, Week
from scheduling.states import SessionStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthSession:
    hour: str
    team: str
    url: str
    hue: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthDay:
    """`inside`: the day is one of this month; `open`: required seats without a person; `off`: nobody works."""

    date: date
    inside: bool
    today: bool
    off: bool
    sessions: list[MonthSession]
    open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthWeek:
    week: Week
    days: list[MonthDay]


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthBoard:
    """The sums are those of the month's own days."""

    month: Month
    weeks: list[MonthWeek]
    sessions: int
    confirmed: int
    open: int


def of(user: User, institution: Institution, month: Month) -> MonthBoard:
    """The month's weeks, whole ones, in a number of queries that does not depend on how full they are."""
    zone, weeks = institution.tz, month.weeks()
    rows = Session.objects.filter(institution=institution).exclude(status=SessionStatus.CANCELLED)
    inside = access.visible(user, rows.overlapping(weeks[0].start(zone), weeks[-1].end(zone)))
    sessions = list(inside.select_related("team", "room", "institution").order_by("start", "pk"))
    states = quorum.of(sessions, now=timezone.now())
    by_day: dict[date, list[Session]] = defaultdict(list)
    for session in sessions:
        by_day[session.start.astimezone(zone).date()].append(session)
    calendar, today = working_days.calendar(institution), timezone.now().astimezone(zone).date()

    def day(on: date) -> MonthDay:
        return MonthDay(
            date=on,
            inside=on in month,
            today=on == today,
            off=not calendar.works(on),
            sessions=[_session(one, states[one.pk]) for one in by_day[on]],
            open=sum(states[one.pk].open for one in by_day[on]),
        )

    own = [one for on, found in by_day.items() if on in month for one in found]
    return MonthBoard(
        month=month,
        weeks=[MonthWeek(week=one, days=[day(one.monday + timedelta(days=n)) for n in range(7)]) for one in weeks],
        sessions=len(own),
        confirmed=sum(one.status != SessionStatus.PUBLISHED for one in own),
        open=sum(states[one.pk].open for one in own),
    )


def _session(session: Session, state: quorum.Quorum) -> MonthSession:
    local = session.start.astimezone(session.institution.tz)
    place = session.room.name if session.room else _("by video")
    return MonthSession(
        hour=clock.hour(local),
        team=session.team.name,
        url=reverse("session", args=[session.public_id]),
        hue=state.hue,
        detail=phrases.line(clock.hour(local), session.team.name, place, state.label),
    )
