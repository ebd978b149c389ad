"""Which published sessions are hit as things stand: by leave, closures, days off, departures, ended roles and teams.

What somebody agreed to afterwards is no hit: whoever accepted after they changed their ordinary week wants to come.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from experts.availability import free_time, working_days
from experts.availability.core.time_intervals import (
    ONE_DAY,
    DayKind,
    Stretch,
    covers,
    intersect,
    leave_stretches,
    on_day,
)
from experts.models import Affiliation, AvailabilityException, ExceptionKind, Expert, Leave, Qualification
from mdt_portal.models import AuditEvent
from scheduling.models import Attendance, RoomClosure, Session
from scheduling.resources.impact import SEATS, Cause, Hit, without_skill
from scheduling.states import COMING_SESSIONS


def now(rows: QuerySet[Session]) -> dict[int, list[Hit]]:
    """By id, those of the sessions that are still to come and cannot stay as they are, with what hits each. The number
    of queries is the same for one and for all."""
    coming = rows.filter(status__in=COMING_SESSIONS, end__gt=timezone.now())
    return of(coming.select_related("team", "room", "institution").order_by("start", "pk"))


def of(
    sessions: Iterable[Session], *, known: Mapping[int, working_days.Calendar] | None = None
) -> dict[int, list[Hit]]:
    """The same for sessions that are read already, with their team, room and hospital; `known` are the calendars of
    these hospitals, by id, where they are read too."""
    moment = timezone.now()
    coming = [one for one in sessions if one.status in COMING_SESSIONS and one.end > moment]
    if not coming:
        return {}
    if known is None:
        known = working_days.calendars({one.institution_id: one.institution for one in coming}.values())
    found: dict[int, list[Hit]] = defaultdict(list)
    for hit in [*_whole(coming, known), *_people(coming)]:
        found[hit.session.pk].append(hit)
    return dict(found)


# Whole sessions -------------------------------------------------------------------------------------------------------


def _whole(sessions: list[Session], known: Mapping[int, working_days.Calendar]) -> list[Hit]:
    closed: dict[int, list[Stretch]] = defaultdict(list)
    begin, end = min(one.start for one in sessions), max(one.end for one in sessions)
    closures = RoomClosure.objects.filter(room__in={one.room_id or 0 for one in sessions}, start__lt=end, end__gt=begin)
    for room, first, last in closures.values_list("room", "start", "end"):
        closed[room].append((first, last))
    found = []
    for session in sessions:
        day = session.start.astimezone(session.institution.tz).date()
        if not session.team.active:
            found.append(Hit(session=session, cause=Cause.TEAM))
        if known[session.institution_id].kind(day) is DayKind.OFF:
            found.append(Hit(session=session, cause=Cause.HOLIDAY))
        if session.room is not None and not session.room.active:
            found.append(Hit(session=session, cause=Cause.ROOM))
        elif intersect([(session.start, session.end)], closed[session.room_id or 0]):
            found.append(Hit(session=session, cause=Cause.CLOSURE))
    return found


# People ---------------------------------------------------------------------------------------------------------------


def _people(sessions: list[Session]) -> list[Hit]:
    by_id = {one.pk: one for one in sessions}
    attendances = list(
        Attendance.objects.active()
        .filter(session__in=by_id)
        .select_related("expert", "invitation")
        .prefetch_related(SEATS)
        .order_by("start", "pk")
    )
    known = _Known(attendances, by_id)
    found = []
    for row in attendances:
        session = by_id[row.session_id or 0]
        cause = known.cause(row, session)
        if cause is not None:
            found.append(Hit(session=session, cause=cause, attendance=row))
    return found


class _Known:
    """What is kept of the people who come to some sessions, read at once."""

    def __init__(self, rows: list[Attendance], sessions: Mapping[int, Session]) -> None:
        experts = {row.expert_id: row.expert for row in rows}
        self.away: dict[int, list[tuple[Cause, Stretch]]] = defaultdict(list)
        self.work: dict[int, list[Affiliation]] = defaultdict(list)
        self.skills: dict[int, set[tuple[int, str]]] = defaultdict(set)
        self.week_set: dict[int, datetime] = {}
        self.free: dict[int, list[Stretch]] = {}
        if not rows:
            return
        begin, end = min(row.start for row in rows), max(row.end for row in rows)
        for one in Affiliation.objects.filter(expert__in=experts).select_related("institution").order_by("home"):
            self.work[one.expert_id].append(one)
        for pk, discipline, sub in Qualification.objects.filter(expert__in=experts).values_list(
            "expert", "discipline", "sub_specialty"
        ):
            self.skills[pk].add((discipline, sub))
        self._read_absences(experts, begin, end)
        self._read_weeks(experts, rows, begin, end)

    def _read_absences(self, experts: Mapping[int, Expert], begin: datetime, end: datetime) -> None:
        first, last = begin.date() - ONE_DAY, end.date() + ONE_DAY
        zones = {pk: free_time.clock_at(free_time.main_employer(self.work[pk], begin.date())) for pk in experts}
        for leave in Leave.objects.filter(expert__in=experts, first_day__lte=last, last_day__gte=first):
            days = max(leave.first_day, first), min(leave.last_day, last)
            stretches = leave_stretches(*days, leave.hours, zones[leave.expert_id])
            self.away[leave.expert_id] += [(Cause.LEAVE, one) for one in stretches]
        taken = AvailabilityException.objects.filter(
            expert__in=experts, kind=ExceptionKind.TAKES, date__range=(first, last)
        )
        for row in taken:
            stretch = on_day(row.date, (row.start, row.end), zones[row.expert_id])
            self.away[row.expert_id].append((Cause.TAKEN, stretch))

    def _read_weeks(
        self, experts: Mapping[int, Expert], rows: Iterable[Attendance], begin: datetime, end: datetime
    ) -> None:
        """The time of those who changed their week after somebody was asked, and have not said yes since."""
        events = AuditEvent.objects.filter(
            action="expert.week_set", subject_type=Expert._meta.label_lower, subject_id__in=experts
        ).order_by("at")
        self.week_set = {pk: at for pk, at in events.values_list("subject_id", "at") if pk}  # the newest one wins
        doubtful = {row.expert_id for row in rows if self._invited_before(row)}
        self.free = free_time.free([experts[pk] for pk in doubtful], begin, end)

    def _invited_before(self, row: Attendance) -> bool:
        changed, asked = self.week_set.get(row.expert_id), row.invitation
        if changed is None or asked.sent_at is None or asked.sent_at >= changed:
            return False
        return asked.answered_at is None or asked.answered_at < changed

    def cause(self, row: Attendance, session: Session) -> Cause | None:
        """Why this person cannot come, the plainest reason first; None where nothing speaks against it."""
        if not row.expert.active:
            return Cause.PERSON
        if self._left(row, session):
            return Cause.DEPARTURE
        for cause, stretch in self.away[row.expert_id]:
            if intersect([(row.start, row.end)], [stretch]):
                return cause
        if any(without_skill(seat, self.skills[row.expert_id]) for seat in row.seats.all()):
            return Cause.SKILL
        if self._invited_before(row) and not covers(self.free[row.expert_id], row.start, row.end):
            return Cause.WEEK
        return None

    def _left(self, row: Attendance, session: Session) -> bool:
        """Whether they worked there once and do not on the day; or join from elsewhere and work nowhere then."""
        day = session.start.astimezone(session.institution.tz).date()
        works = self.work[row.expert_id]
        here = [one for one in works if one.institution_id == session.institution_id] or works
        return bool(here) and all(one.until is not None and one.until < day for one in here)
