"""One day of a hospital on a time axis, by rooms, teams or people: sessions, standing slots, who is free or busy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from experts.availability import free_time, working_days
from experts.models import Expert, Institution, Leave, Team
from mdt_portal import access
from mdt_portal.i18n import clock, phrases
from mdt_portal.models import User
from scheduling.board.core import day_cells
from scheduling.board.core.day_cells import Bar, DayCell
from scheduling.models import Attendance, Block, Room, RoomClosure, Session
from scheduling.problem import blocks
from scheduling.selectors import quorum
from scheduling.states import InvitationStatus, SessionStatus

ORDINARY_MIN = (8 * 60, 18 * 60)
MOST_PEOPLE = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRow:
    name: str
    note: str
    cells: list[DayCell]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBoard:
    """`hours` are the full hours above the axis, each twelve steps wide."""

    day: date
    by: str
    hours: list[int]
    rows: list[DayRow]
    sessions: int


def of(user: User, institution: Institution, day: date, *, by: str = "room") -> DayBoard:
    """The day of one hospital by `room`, `team` or `person`, in a number of queries that does not depend on how full it
    is."""
    return _DayReader(user, institution, day).board(by)


class _DayReader:
    def __init__(self, user: User, institution: Institution, day: date) -> None:
        self.institution, self.day, self.zone = institution, day, institution.tz
        self.start, self.end = clock.midnights(day, self.zone)
        rows = Session.objects.filter(institution=institution).exclude(status=SessionStatus.CANCELLED)
        inside = access.visible(user, rows.overlapping(self.start, self.end))
        self.sessions = list(inside.select_related("team", "room").order_by("start", "pk"))
        self.quorums = quorum.of(self.sessions, now=timezone.now())
        self.slots = self._slots()

    def board(self, by: str) -> DayBoard:
        named = {"team": self._teams, "person": self._people}.get(by, self._rooms)()
        first, last = day_cells.axis([bars for _name, _note, bars in named], ordinary=ORDINARY_MIN)
        return DayBoard(
            day=self.day,
            by=by,
            hours=list(range(first // 60, last // 60)),
            rows=[DayRow(name=name, note=note, cells=day_cells.cells(bars, first, last)) for name, note, bars in named],
            sessions=len(self.sessions),
        )

    # Bars --------------------------------------------------------------------------------------------------------

    def _minute(self, at: datetime) -> int:
        """Minutes since midnight by the wall clock; what lies outside the day ends with it."""
        if at <= self.start:
            return 0
        if at >= self.end:
            return day_cells.DAY_MIN
        local = at.astimezone(self.zone)
        return local.hour * 60 + local.minute

    def _bar(self, kind: str, start: datetime, end: datetime, **words: str) -> Bar:
        return Bar(kind=kind, start_min=self._minute(start), end_min=self._minute(end), **words)

    def _hours(self, start: datetime, end: datetime) -> str:
        return f"{clock.hour(start.astimezone(self.zone))}–{clock.hour(end.astimezone(self.zone))}"

    def _session(self, session: Session, start: datetime, end: datetime, *, label: str, hue: str = "") -> Bar:
        state = self.quorums[session.pk]
        detail = phrases.line(
            self._hours(start, end),
            session.team.name,
            session.room.name if session.room else _("by video"),
            state.label,
        )
        url = reverse("session", args=[session.public_id])
        return self._bar("session", start, end, label=label, detail=detail, url=url, hue=hue or state.hue)

    def _slots(self) -> dict[int, list[tuple[Block, datetime, datetime]]]:
        """The stretches of this day in which each team may meet."""
        found: dict[int, list[tuple[Block, datetime, datetime]]] = defaultdict(list)
        rows = Block.objects.filter(team__institution=self.institution, team__active=True)
        calendar = working_days.calendar(self.institution)
        for block in rows.select_related("team__institution", "room"):
            for start, end in blocks.stretches(block, self.day, 1, known=calendar):
                found[block.team_id].append((block, start, end))
        return found

    def _slot(self, block: Block, start: datetime, end: datetime, label: str) -> Bar:
        words = phrases.line(_("standing slot"), self._hours(start, end), block.team.name)
        return self._bar("slot", start, end, label=label, detail=words)

    # Rows --------------------------------------------------------------------------------------------------------

    def _rooms(self) -> list[tuple[str, str, list[Bar]]]:
        used = {session.room_id for session in self.sessions}
        rooms = Room.objects.filter(Q(institution=self.institution, active=True) | Q(pk__in=used - {None}))
        bars: dict[int | None, list[Bar]] = defaultdict(list)
        for session in self.sessions:
            bars[session.room_id].append(self._session(session, session.start, session.end, label=session.team.name))
        for slots in self.slots.values():
            for block, start, end in slots:
                if block.room_id:
                    bars[block.room_id].append(self._slot(block, start, end, block.team.name))
        closed = RoomClosure.objects.filter(room__in=rooms, start__lt=self.end, end__gt=self.start)
        for one in closed:
            words = pgettext("room", "Closed")
            bars[one.room_id].append(
                self._bar("closed", one.start, one.end, label=words, detail=phrases.labelled(words, one.reason))
            )
        found = [(room.name, "", bars[room.pk]) for room in rooms.order_by("pk")]
        return [*found, (_("Remote"), _("by video"), bars[None])]

    def _teams(self) -> list[tuple[str, str, list[Bar]]]:
        bars: dict[int, list[Bar]] = defaultdict(list)
        for session in self.sessions:
            place = session.room.name if session.room else _("by video")
            bars[session.team_id].append(self._session(session, session.start, session.end, label=place))
        for team, slots in self.slots.items():
            bars[team] += [self._slot(block, start, end, _("standing slot")) for block, start, end in slots]
        teams = Team.objects.filter(Q(institution=self.institution, active=True) | Q(pk__in=list(bars)))
        return [
            (team.name, str(team.chair or ""), bars[team.pk])
            for team in teams.select_related("chair").distinct().order_by("pk")
        ]

    def _people(self) -> list[tuple[str, str, list[Bar]]]:
        """Whoever sits in a session of this day, and the members of the teams that may meet: free, busy, away."""
        meeting = {session.team_id for session in self.sessions} | set(self.slots)
        people = self._concerned(meeting)
        bars: dict[int, list[Bar]] = defaultdict(list)
        for expert, stretches in free_time.free(people, self.start, self.end).items():
            bars[expert] += [
                self._bar("free", start, end, detail=phrases.line(_("free"), self._hours(start, end)))
                for start, end in stretches
            ]
        for leave in Leave.objects.filter(expert__in=people, first_day__lte=self.day, last_day__gte=self.day):
            words = _("On leave")
            bars[leave.expert_id].append(self._bar("away", self.start, self.end, label=words, detail=words))
        known = {session.pk: session for session in self.sessions}
        load: dict[int, int] = defaultdict(int)
        for part in self._parts(people):
            load[part.expert_id] += 1
            bars[part.expert_id].append(self._part(part, known.get(part.session_id or 0)))
        loads = {n: ngettext("%(n)d session", "%(n)d sessions", n) % {"n": n} for n in {*load.values()}}
        return [(one.name, loads.get(load[one.pk], ""), bars[one.pk]) for one in sorted(people, key=str)]

    def _concerned(self, teams: set[int]) -> list[Expert]:
        sits = Q(attendances__session__in=[session.pk for session in self.sessions], attendances__active=True)
        member = Q(teams__in=teams) | Q(chaired_teams__in=teams)
        found = Expert.objects.filter(sits | member, active=True).values("pk")
        return list(Expert.objects.filter(pk__in=found).select_related("user")[:MOST_PEOPLE])

    def _parts(self, people: Iterable[Expert]) -> Iterable[Attendance]:
        rows = Attendance.objects.filter(expert__in=list(people), active=True, start__lt=self.end, end__gt=self.start)
        return rows.select_related("invitation").order_by("start", "pk")

    def _part(self, part: Attendance, session: Session | None) -> Bar:
        """Their own part of a session; of one that the reader may not see only that they are busy."""
        if session is None:
            words = _("busy")
            return self._bar("busy", part.start, part.end, label=words, detail=words)
        accepted = part.invitation.status == InvitationStatus.ACCEPTED
        hue = "confirmed" if accepted else "pending"
        return self._session(session, part.start, part.end, label=session.team.name, hue=hue)
