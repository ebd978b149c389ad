"""Tells the experts' own pages what they have said yes to, and counts what a week asks of them. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from experts.availability import engagements, free_time
from experts.availability.engagements import Engagement
from experts.models import Expert
from scheduling.models import Attendance, Session
from scheduling.problem.core.horizon import Horizon
from scheduling.sessions import meetings
from scheduling.states import LIVE_SESSIONS, InvitationStatus

WEEKS = 2
LED_AHEAD = timedelta(days=7)
RECORDED_WITHIN = timedelta(hours=12)
MOST_LED = 8


def accepted(expert: Expert) -> list[Engagement]:
    """The coming seats that were accepted."""
    rows = _coming(expert).filter(invitation__status=InvitationStatus.ACCEPTED)
    return [
        Engagement(
            key=row.invitation.public_id,
            what=row.meeting.team.name,
            where=row.meeting.institution.name,
            start=row.start,
            end=row.end,
            url=reverse("invitation", args=[row.invitation.public_id]),
        )
        for row in rows.select_related("invitation", "session__team", "session__institution")
    ]


def _coming(expert: Expert) -> QuerySet[Attendance]:
    return Attendance.objects.active().filter(expert=expert, session__status__in=LIVE_SESSIONS, end__gt=timezone.now())


engagements.read_from(accepted)


# Sessions that one leads ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class LedSession:
    """A session that the reader chairs: `begun` while it should be going on, `recordable` once it may be recorded."""

    session: Session
    begun: bool
    recordable: bool


def led(expert: Expert, *, now: datetime) -> list[LedSession]:
    """The sessions of the next days that this expert chairs, with or without a seat of their own, the first first; one
    that has begun stays until it is recorded or half a day is over. One query."""
    rows = Session.objects.live().filter(team__chair=expert, end__gt=now - RECORDED_WITHIN, start__lt=now + LED_AHEAD)
    return [
        LedSession(session=one, begun=one.start <= now, recordable=meetings.may_be_recorded(one, now))
        for one in rows.select_related("team", "room", "institution").order_by("start", "pk")[:MOST_LED]
    ]


# Load -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekLoad:
    """What one week asks of somebody; `unanswered` sessions are counted among `sessions`."""

    monday: date
    sessions: int
    minutes: int
    unanswered: int
    max_sessions: int
    max_minutes: int

    @property
    def full(self) -> bool:
        return self.sessions >= self.max_sessions or self.minutes >= self.max_minutes


def load(expert: Expert, *, now: datetime) -> list[WeekLoad]:
    """This week and the next, by the expert's own clock; what is held for a promise counts like in every plan."""
    zone = free_time.zone_of(expert, now.date())
    weeks = Horizon.around(now.astimezone(zone).date(), 7 * WEEKS, zone)
    rows = list(
        Attendance.objects.active()
        .filter(expert=expert, start__gte=weeks.start, start__lt=weeks.end)
        .exclude(Q(hold__isnull=False) & Q(hold__expires_at__lte=now))
        .select_related("invitation")
    )
    return [
        _week(expert, Horizon(weeks.first_day + timedelta(days=7 * number), 7, zone), rows) for number in range(WEEKS)
    ]


def _week(expert: Expert, week: Horizon, rows: list[Attendance]) -> WeekLoad:
    inside = [row for row in rows if week.start <= row.start < week.end]
    asked = [row for row in inside if row.session_id and row.invitation.status == InvitationStatus.PENDING]
    return WeekLoad(
        monday=week.first_day,
        sessions=len(inside),
        minutes=sum(row.length_min for row in inside),
        unanswered=len(asked),
        max_sessions=expert.max_sessions_week,
        max_minutes=expert.max_minutes_week,
    )
