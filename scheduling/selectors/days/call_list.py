"""Whom to call about the coming sessions: who has not answered first, with the numbers. Reads only.

Numbers are shown to whoever may change the session, and to nobody else.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo

from django.db.models import Exists, OuterRef, Q, QuerySet

from experts import roles
from experts.models import Discipline, Expert, Role
from mdt_portal.i18n import clock
from mdt_portal.models import User
from scheduling.models import Attendance, Invitation, Seat, Session
from scheduling.states import LIVE_SESSIONS, InvitationStatus

MOST_DAYS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Callee:
    """One person of a session; `late`: the time to answer is over; `optional`: no required seat waits for them."""

    attendance: Attendance
    invitation: Invitation
    disciplines: list[Discipline]
    late: bool
    optional: bool

    @property
    def expert(self) -> Expert:
        return self.attendance.expert

    @property
    def email(self) -> str:
        return self.expert.email or (self.expert.user.email if self.expert.user else "")


@dataclass(slots=True, kw_only=True)
class SessionCalls:
    """A session with those who are silent, late ones first, and those who have accepted."""

    session: Session
    silent: list[Callee] = field(default_factory=list)
    accepted: list[Callee] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDay:
    """A day with coming sessions; `silent` people have not answered yet."""

    date: date
    label: str
    silent: int


def sessions(user: User, now: datetime) -> QuerySet[Session]:
    """The coming sessions that the reader may change."""
    coming = Session.objects.filter(status__in=LIVE_SESSIONS, start__gt=now)
    return coming if user.is_superuser else coming.filter(institution__in=roles.reach(user, Role.COORDINATOR))


def unanswered(coming: QuerySet[Session]) -> QuerySet[Invitation]:
    """The invitations to these sessions that wait for an answer."""
    return Invitation.objects.filter(
        status=InvitationStatus.PENDING, attendance__active=True, attendance__session__in=coming.values("pk")
    )


def on_day(coming: QuerySet[Session], day: date, zone: tzinfo) -> QuerySet[Session]:
    first, last = clock.midnights(day, zone)
    return coming.filter(start__gte=first, start__lt=last)


def days(user: User, now: datetime, zone: tzinfo) -> list[CallDay]:
    """The next days with sessions, each with how many people are silent. Two queries."""
    coming = sessions(user, now)
    silent: dict[date, int] = defaultdict(int)
    for start in coming.order_by("start").values_list("start", flat=True)[:200]:
        silent.setdefault(start.astimezone(zone).date(), 0)
    for start in unanswered(coming).values_list("attendance__session__start", flat=True):
        silent[start.astimezone(zone).date()] += 1
    found = sorted(silent)[:MOST_DAYS]
    return [CallDay(date=day, label=clock.day(day), silent=silent[day]) for day in found]


def first_day(known: list[CallDay], today: date) -> date | None:
    """Tomorrow's sessions, or those of the next day that has any; today's where there are no later ones."""
    later = [day.date for day in known if day.date > today]
    return later[0] if later else known[0].date if known else None


def of(coming: QuerySet[Session], now: datetime) -> list[SessionCalls]:
    """The sessions with their people, in a constant number of queries."""
    found = {
        one.pk: SessionCalls(session=one)
        for one in coming.select_related("team", "room", "institution").order_by("start", "pk")
    }
    required = Seat.objects.filter(attendance=OuterRef("pk"), item__active=True, optional=False)
    rows = (
        Attendance.objects.filter(session__in=list(found), active=True)
        .filter(Q(invitation__status__in=[InvitationStatus.PENDING, InvitationStatus.ACCEPTED]))
        .select_related("expert__user", "invitation")
        .annotate(is_required=Exists(required))
        .order_by("start", "pk")
    )
    seats = _disciplines(list(found))
    for row in rows:
        invitation: Invitation = row.invitation
        callee = Callee(
            attendance=row,
            invitation=invitation,
            disciplines=seats[row.pk],
            late=invitation.status == InvitationStatus.PENDING and invitation.answer_by < now,
            optional=not row.is_required,
        )
        calls = found[row.session_id]  # type: ignore[index]
        (calls.silent if invitation.status == InvitationStatus.PENDING else calls.accepted).append(callee)
    for calls in found.values():
        calls.silent.sort(key=lambda one: (one.optional, not one.late, one.invitation.answer_by))
    return list(found.values())


def _disciplines(sessions_: list[int]) -> dict[int, list[Discipline]]:
    """What each person sits for, by attendance."""
    rows = Seat.objects.filter(item__session__in=sessions_, item__active=True, attendance__isnull=False)
    found: dict[int, dict[int, Discipline]] = defaultdict(dict)
    for seat in rows.select_related("discipline").order_by("pk"):
        found[seat.attendance_id][seat.discipline_id] = seat.discipline  # type: ignore[index]
    return defaultdict(list, {pk: list(known.values()) for pk, known in found.items()})
