"""What does this hit? What is published, held or recurring, and would be touched by a change of people, rooms or days.

The functions `of_…` answer before something is saved, each for one kind of change; `scheduling/resources/hits.py` says
what is hit as things stand. Both give the same `Hit`. Reads only; nothing here writes or tells anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.db import models
from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from experts.availability import free_time, working_days
from experts.availability.core import week_pattern
from experts.availability.core.time_intervals import ONE_DAY, Stretch, covers, intersect, leave_stretches, on_day
from experts.availability.core.week_pattern import WeekSpan
from experts.availability.weekly_hours import WeeklyHours
from experts.models import Affiliation, Expert, Institution, Team
from experts.roster import person_cards
from scheduling.models import Attendance, Block, BlockKind, Hold, Room, Seat, Session
from scheduling.problem import blocks
from scheduling.states import LIVE_SESSIONS, InvitationStatus

AHEAD_DAYS = 366
"""So far ahead standing times are looked at."""
MOST_NAMED = 5
SEATS = Prefetch("seats", queryset=Seat.objects.filter(item__active=True))


class Cause(models.TextChoices):
    LEAVE = "leave", _("on leave")
    TAKEN = "taken", _("not free that day")
    WEEK = "week", _("not free at this time of the week any more")
    HOLIDAY = "holiday", _("day off")
    CLOSURE = "closure", _("the room is closed")
    ROOM = "room", _("the room is not in use any more")
    DEPARTURE = "departure", _("does not work there any more")
    SKILL = "skill", _("does not sit for this discipline any more")
    PERSON = "person", _("is not active any more")
    TEAM = "team", _("the team is not active any more")


ANOTHER_ROOM = (Cause.CLOSURE, Cause.ROOM)
ANOTHER_TIME = (Cause.HOLIDAY, Cause.TEAM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One published session that cannot stay as it is. `attendance` is the part of the person who is missing; None
    where the whole session is hit."""

    session: Session
    cause: Cause
    attendance: Attendance | None = None

    @property
    def cause_label(self) -> str:
        return str(Cause(self.cause).label)

    @property
    def answer(self) -> str:
        """What the person has said so far."""
        asked = self.attendance.invitation if self.attendance else None  # type: ignore[attr-defined]
        return str(InvitationStatus(asked.status).label) if asked else ""

    @property
    def expert(self) -> Expert | None:
        return self.attendance.expert if self.attendance else None


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockDate:
    """One coming date of a standing time that would fall out."""

    block: Block
    date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    hits: list[Hit] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    dates: list[BlockDate] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.hits or self.holds or self.dates)

    @property
    def need(self) -> str:
        """What its sessions need: another `person`, `room` or `time`."""
        cause = self.hits[0].cause if self.hits else None
        return "room" if cause in ANOTHER_ROOM else "time" if cause in ANOTHER_TIME else "person"

    @property
    def first_dates(self) -> list[BlockDate]:
        return self.dates[:MOST_NAMED]

    @property
    def more_dates(self) -> int:
        return len(self.dates[MOST_NAMED:])

    @property
    def sessions(self) -> list[Session]:
        return list(dict.fromkeys(hit.session for hit in self.hits))


# People ---------------------------------------------------------------------------------------------------------------


def of_leave(
    expert: Expert, *, first_day: date, last_day: date, start: time | None = None, end: time | None = None
) -> Impact:
    """Days away: whole ones, or the same hours of each."""
    if last_day < first_day:
        return Impact()
    hours = (start, end) if start is not None and end is not None else None
    zone = free_time.zone_of(expert, first_day)
    today = timezone.now().astimezone(zone).date()
    return _away(expert, leave_stretches(max(first_day, today), last_day, hours, zone), Cause.LEAVE)


def of_taken(expert: Expert, *, day: date, start: time, end: time) -> Impact:
    """Hours of one day."""
    return _away(expert, [on_day(day, (start, end), free_time.zone_of(expert, day))], Cause.TAKEN)


def of_week(expert: Expert, hours: Iterable[WeekSpan | WeeklyHours]) -> Impact:
    """Other weeks: what lies in the time that is free now, and would not any more."""
    return of_weeks({expert: hours})[expert.pk]


def of_weeks(wanted: Mapping[Expert, Iterable[WeekSpan | WeeklyHours]]) -> dict[int, Impact]:
    """The same for several people, by their ids. The queries do not grow with the people."""
    weeks = {
        expert.pk: list(week_pattern.split_at_midnight(WeekSpan(*one) for one in hours))
        for expert, hours in wanted.items()
    }
    rows = list(_coming(*wanted))
    lost: dict[int, list[Attendance]] = {pk: [] for pk in weeks}
    if rows:
        begin, end = min(row.start for row in rows), max(row.end for row in rows)
        now = free_time.free(wanted, begin, end)
        then = free_time.free(wanted, begin, end, weeks=weeks)
        for row in rows:
            pk = row.expert_id
            if covers(now[pk], row.start, row.end) and not covers(then[pk], row.start, row.end):
                lost[pk].append(row)
    return {pk: _of_rows(some, Cause.WEEK) for pk, some in lost.items()}


def of_departure(work: Affiliation, until: date) -> Impact:
    """Somebody's last day at a hospital: the sessions there, and wherever they join from there while they work nowhere
    else."""
    lost = Q(session__institution=work.institution_id) | Q(hold__team__institution=work.institution_id)
    last = _last_elsewhere(person_cards.present(work.expert.affiliations.exclude(pk=work.pk)))
    if last is not None:
        lost |= Q(start__gte=_midnight(work, last))
    rows = _coming(work.expert).filter(lost, start__gte=_midnight(work, until), start__gt=timezone.now())
    return _of_rows(rows, Cause.DEPARTURE)


def of_person_end(expert: Expert) -> Impact:
    """Nobody may ask this person any more."""
    return _of_rows(_coming(expert), Cause.PERSON)


def of_skills(expert: Expert, skills: Iterable[tuple[int, str]]) -> Impact:
    """Other disciplines (id and sub-specialty): the seats for which they would not sit any more."""
    kept = set(skills)
    rows = _coming(expert).filter(session__isnull=False).prefetch_related(SEATS)
    return _of_rows([row for row in rows if any(without_skill(seat, kept) for seat in row.seats.all())], Cause.SKILL)


def without_skill(seat: Seat, skills: set[tuple[int, str]]) -> bool:
    """Whether somebody with these skills may not take the seat."""
    discipline, sub = seat.discipline_id, seat.sub_specialty
    return (discipline, sub) not in skills if sub else all(discipline != one for one, _sub in skills)


def _away(expert: Expert, stretches: Sequence[Stretch], cause: Cause) -> Impact:
    if not stretches:
        return Impact()
    near = _coming(expert).filter(start__lt=stretches[-1][1], end__gt=stretches[0][0])
    return _of_rows([row for row in near if intersect([(row.start, row.end)], stretches)], cause)


def _coming(*experts: Expert) -> QuerySet[Attendance]:
    """Their time that is taken up from now on, by sessions in force and by holds that keep their promise."""
    now = timezone.now()
    held = Q(hold__in=Hold.objects.live(now))
    rows = Attendance.objects.active().filter(
        held | Q(session__status__in=LIVE_SESSIONS), expert__in=experts, end__gt=now
    )
    return rows.select_related(
        "expert", "invitation", "session__team", "session__room", "session__institution", "hold"
    ).order_by("start")


def _of_rows(rows: Iterable[Attendance], cause: Cause) -> Impact:
    found = list(rows)
    return Impact(
        hits=[Hit(session=row.session, cause=cause, attendance=row) for row in found if row.session],
        holds=[row.hold for row in found if row.hold],
    )


def _midnight(work: Affiliation, last_day: date) -> datetime:
    """When that day is over, by the hospital's clock."""
    return datetime.combine(last_day + ONE_DAY, time(), work.institution.tz)


def _last_elsewhere(others: Iterable[Affiliation]) -> date | None:
    """The last day of any other work: long ago where there is none, None where one has no end."""
    days = [other.until for other in others]
    return None if None in days else max((day for day in days if day), default=date(1970, 1, 1))


# Rooms, days, teams ---------------------------------------------------------------------------------------------------


def of_closure(room: Room, *, start: datetime, end: datetime) -> Impact:
    """A room that cannot be used for a while."""
    begin = max(start, timezone.now())
    if end <= begin:
        return Impact()
    return Impact(
        hits=_hits(Session.objects.filter(room=room), begin, end, Cause.CLOSURE),
        holds=list(Hold.objects.live(timezone.now()).filter(room=room, start__lt=end, end__gt=begin)),
        dates=list(_dates(Block.objects.filter(room=room), begin, end)),
    )


def of_room_end(room: Room) -> Impact:
    """A room that is not used any more."""
    now = timezone.now()
    return Impact(
        hits=_hits(Session.objects.filter(room=room), now, None, Cause.ROOM),
        holds=list(Hold.objects.live(now).filter(room=room)),
        dates=list(_dates(Block.objects.filter(room=room), now, now + timedelta(days=AHEAD_DAYS))),
    )


def of_day_off(institution: Institution, day: date) -> Impact:
    """A day on which the hospital does not work; nothing where that is so already."""
    if not working_days.calendar(institution).works(day):
        return Impact()
    start, end = on_day(day, (time(), time()), institution.tz)
    begin = max(start, timezone.now())
    at = Hold.objects.live(timezone.now()).filter(team__institution=institution)
    return Impact(
        hits=_hits(Session.objects.filter(institution=institution), begin, end, Cause.HOLIDAY),
        holds=list(at.filter(start__lt=end, end__gt=begin)),
        dates=list(_dates(Block.objects.filter(team__institution=institution).exclude(recurrence=""), begin, end)),
    )


def of_team_end(team: Team) -> Impact:
    """A team that meets no more."""
    now = timezone.now()
    return Impact(
        hits=_hits(Session.objects.filter(team=team), now, None, Cause.TEAM),
        holds=list(Hold.objects.live(now).filter(team=team)),
        dates=list(_dates(Block.objects.filter(team=team), now, now + timedelta(days=AHEAD_DAYS))),
    )


def _hits(rows: QuerySet[Session], begin: datetime, end: datetime | None, cause: Cause) -> list[Hit]:
    near = rows.filter(status__in=LIVE_SESSIONS, end__gt=begin)
    if end is not None:
        near = near.filter(start__lt=end)
    sessions = near.select_related("team", "room", "institution").order_by("start")
    return [Hit(session=one, cause=cause) for one in sessions]


def _dates(rows: QuerySet[Block], begin: datetime, end: datetime) -> Iterator[BlockDate]:
    """The dates of standing times that touch a stretch of time, those on which the hospital works; soonest first."""
    standing = list(rows.filter(kind=BlockKind.STANDING).select_related("team__institution", "room"))
    known = working_days.calendars({one.team.institution_id: one.team.institution for one in standing}.values())
    found = []
    for block in standing:
        zone = block.team.institution.tz
        first = begin.astimezone(zone).date()
        count = min((end.astimezone(zone).date() - first).days + 1, AHEAD_DAYS)
        for day in blocks.days(block, first, count):
            start, last = on_day(day, (block.start, block.end), zone)
            works = not block.recurrence or known[block.team.institution_id].works(day)
            if works and start < end and last > begin:
                found.append(BlockDate(block=block, date=day))
    return iter(sorted(found, key=lambda one: (one.date, one.block.start)))
