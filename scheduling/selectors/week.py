"""What the week board shows: sessions as cards, by days and by rooms, teams or people; and when rooms are closed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from django.db.models import Count, Exists, Max, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, npgettext, pgettext

from cases.models import Case, Urgency
from experts.availability import working_days
from experts.availability.core.time_intervals import intersect, on_day, union
from experts.models import Expert, Institution, Team
from mdt_portal import access
from mdt_portal.i18n import clock, phrases
from mdt_portal.models import AuditEvent, User
from scheduling.explain import solver_text
from scheduling.models import (
    AgendaItem,
    Attendance,
    Block,
    Invitation,
    PublishedPlan,
    Room,
    RoomClosure,
    Seat,
    Session,
)
from scheduling.problem import blocks
from scheduling.resources import hit_text, hits
from scheduling.selectors import quorum
from scheduling.selectors.names import Name
from scheduling.selectors.session_cards import Card, CaseLine
from scheduling.selectors.weeks import Week
from scheduling.states import COMING_SESSIONS, SessionStatus

OF_THE_POOLS = [kind._meta.label_lower for kind in (Expert, Institution, Room, Team)]
"""Whatever may hit a session is written down in the audit log as a change of one of these."""
WORKDAY_H = (8, 18)  # a closure over all of this needs no clock times

Cards = dict[int, Card]
Days = dict[int | None, dict[date, list[Card]]]


@dataclass(slots=True, kw_only=True)
class WeekCell:
    """One row on one day: cards, and words about closures.

    `key` is the cell's address: `r|<room>|<date>`, `t|<team>|<date>` or `p|<person>|<date>`.
    """

    key: str
    day: str
    cards: list[Card] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    slots: list[str] = field(default_factory=list)
    """Standing slots in which nothing is planned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekRow:
    name: str
    note: str
    cells: list[WeekCell]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekDay:
    date: date
    label: str
    note: str
    today: bool
    cards: list[Card]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekBoard:
    week: Week
    days: list[WeekDay]
    rows: list[WeekRow]
    by: str
    state: str
    """What `is_current` compares."""
    sessions: int
    confirmed: int


def default(institution: Institution) -> Week:
    """This week; or, if nothing of it is left, the next one that has sessions."""
    now = timezone.now()
    this = Week.around(now.astimezone(institution.tz).date())
    coming = Session.objects.live().filter(institution=institution, end__gt=now).order_by("start").first()
    if coming is None:
        return this
    return max(this, Week.around(coming.start.astimezone(institution.tz).date()))


def board(user: User, institution: Institution, week: Week, *, by: str = "room", movable: bool = False) -> WeekBoard:
    """The week of one hospital by `room`, `team` or `person`, in a number of queries that does not depend on how full
    it is. `movable` gives the cards of coming sessions their handles."""
    return _Reader(user, institution, week, movable=movable).board(by)


def is_current(state: str, institution: Institution, week: Week) -> bool:
    """Whether a board with this `state` still shows all: plan, answers, who waits for a place, what is hit.

    Asked by every open board each few seconds: what is hit is not worked out, but read again when somebody has written
    of the people, rooms, teams or hospitals since.
    """
    version, _hyphen, seen = state.rpartition("-")
    if not seen.isdecimal() or version != _version(institution, week):
        return False
    return not AuditEvent.objects.filter(pk__gt=int(seen), subject_type__in=OF_THE_POOLS).exists()


def _version(institution: Institution, week: Week) -> str:
    version = PublishedPlan.objects.filter(institution=institution).values_list("version", flat=True).first() or 0
    asked = Invitation.objects.filter(
        attendance__session__institution=institution,
        attendance__session__start__gte=week.start(institution.tz),
        attendance__session__start__lt=week.end(institution.tz),
    ).aggregate(last=Max("answered_at"))
    waits = Case.objects.waiting().filter(team__institution=institution).aggregate(n=Count("pk"), last=Max("pk"))
    answered = asked["last"].timestamp() if asked["last"] else 0
    return f"{version}-{answered:.3f}-{waits['n']}-{waits['last'] or 0}"


def _state(institution: Institution, week: Week) -> str:
    """What `is_current` compares; read before the board is, so that a change in between is seen at the next poll."""
    newest = AuditEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    return f"{_version(institution, week)}-{newest}"


class _Reader:
    def __init__(self, user: User, institution: Institution, week: Week, *, movable: bool) -> None:
        self.institution, self.week, self.zone = institution, week, institution.tz
        self.movable = movable
        self.now = timezone.now()
        self.today = self.now.astimezone(self.zone).date()
        self.state = _state(institution, week)
        self.calendar = working_days.calendar(institution)
        rows = Session.objects.filter(institution=institution).exclude(status=SessionStatus.CANCELLED)
        inside = access.visible(user, rows.overlapping(week.start(self.zone), week.end(self.zone)))
        self.sessions = list(inside.select_related("team", "room", "institution").order_by("start", "pk"))
        self.hits = hits.of(self.sessions, known={institution.pk: self.calendar})
        meeting = Q(institution=institution) | Q(pk__in={session.team_id for session in self.sessions})
        used = Q(institution=institution) | Q(pk__in={session.room_id for session in self.sessions} - {None})
        self.teams = {team.pk: team for team in Team.objects.filter(meeting).select_related("chair")}
        self.rooms = {room.pk: room for room in Room.objects.filter(used)}
        self.blocks = self._blocks()
        self.dates = self._dates()
        self.labels = {day: self._label(day) for day in self.dates}

    def _dates(self) -> list[date]:
        """Monday to Friday, and a weekend day that is worked or has a session."""
        busy = {self._date(session.start) for session in self.sessions}
        days = [self.week.day(index) for index in range(7)]
        return [day for day in days if day.weekday() < 5 or day in busy or self.calendar.works(day)]

    def _date(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def board(self, by: str) -> WeekBoard:
        cards = self._cards()
        by_day: dict[date, list[Card]] = defaultdict(list)
        for session in self.sessions:
            by_day[self._date(session.start)].append(cards[session.pk])
        rows = {"team": self._teams, "person": self._people}.get(by, self._rooms)
        return WeekBoard(
            week=self.week,
            days=[self._day(day, by_day[day]) for day in self.dates],
            rows=rows(cards),
            by=by,
            state=self.state,
            sessions=len(self.sessions),
            confirmed=sum(session.status != SessionStatus.PUBLISHED for session in self.sessions),
        )

    # Cards -------------------------------------------------------------------------------------------------------

    def _cards(self) -> Cards:
        quorums = quorum.of(self.sessions, now=self.now)
        cases = self._cases() if self.movable else {}
        teams = {pk: Name.of(team) for pk, team in self.teams.items()}
        rooms = {pk: Name.of(room) for pk, room in self.rooms.items()}
        found = {}
        for session in self.sessions:
            state = quorums[session.pk]
            coming = session.status in COMING_SESSIONS and session.start > self.now
            movable = self.movable and coming
            found[session.pk] = Card(
                id=session.public_id,
                url=reverse("session", args=[session.public_id]),
                zone=self.institution.zone,
                start=session.start,
                end=session.end,
                team=teams[session.team_id],
                room=rooms[session.room_id] if session.room_id else None,
                cases=tuple(cases.get(session.pk, ())) if movable else (),
                movable=movable,
                hue=state.hue,
                state=state.label,
                required=state.required,
                suggested=state.suggested,
                filled=state.accepted,
                seats=state.needed,
                minutes=state.minutes,
                capacity=self._capacity(session),
                emergencies=sum(line.emergency for line in cases.get(session.pk, ())),
                hit=phrases.listed(dict.fromkeys(hit_text.short(one) for one in self.hits.get(session.pk, ()))),
            )
        return found

    def _cases(self) -> dict[int, list[CaseLine]]:
        """The agenda of each session, by its id."""
        found: dict[int, list[CaseLine]] = defaultdict(list)
        rows = AgendaItem.objects.filter(session__in=self.sessions, active=True).order_by("start", "pk")
        columns = ("session", "case__public_id", "case__number", "start", "case__urgency")
        for session, ident, number, start, urgency in rows.values_list(*columns):
            emergency = urgency == Urgency.EMERGENCY
            found[session].append(CaseLine(id=ident, number=number, start=start, emergency=emergency))
        return found

    def _blocks(self) -> dict[int, list[tuple[datetime, datetime]]]:
        """The stretches of this week in which each team has a block."""
        found: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
        for block in Block.objects.filter(team__institution=self.institution):
            hours = (block.start, block.end)
            found[block.team_id] += [on_day(day, hours, self.zone) for day in blocks.days(block, self.week.monday, 7)]
        return found

    def _capacity(self, session: Session) -> int:
        """Minutes of the block in which the session lies, else of the longest session."""
        for start, end in self.blocks[session.team_id]:
            if start <= session.start < end:
                return max(1, (end - start) // timedelta(minutes=1))
        return self.institution.max_session_min

    # Days and rows -----------------------------------------------------------------------------------------------

    def _day(self, day: date, cards: list[Card]) -> WeekDay:
        return WeekDay(
            date=day, label=self.labels[day], note=self._note(day, cards), today=day == self.today, cards=cards
        )

    def _label(self, day: date) -> str:
        label = clock.day(day)
        return _("%(day)s, today") % {"day": label} if day == self.today else label

    def _note(self, day: date, cards: list[Card]) -> str:
        if not cards:
            return _("no session") if self.calendar.works(day) else _("day off")
        parts = {
            "sessions": ngettext("%(n)d session", "%(n)d sessions", len(cards)) % {"n": len(cards)},
            "percent": round(100 * sum(card.minutes for card in cards) / sum(card.capacity for card in cards)),
        }
        return _("%(sessions)s, %(percent)d %% full") % parts

    def _rooms(self, cards: Cards) -> list[WeekRow]:
        closed = self._closures()
        in_room = self._by_day((session.room_id, session, cards[session.pk]) for session in self.sessions)
        rooms = [room for room in self.rooms.values() if room.active or room.pk in in_room]
        rows = [
            self._row(str(room), self._about(room), f"r|{room.public_id}", in_room[room.pk], closed[room.pk])
            for room in rooms
        ]
        return [*rows, self._row(_("Remote"), _("by video"), "r|remote", in_room[None], {})]

    def _teams(self, cards: Cards) -> list[WeekRow]:
        """Every team of the hospital, those without a session too: a case may be carried to them."""
        of_team = self._by_day((session.team_id, session, cards[session.pk]) for session in self.sessions)
        return [
            self._row(str(team), str(team.chair or ""), f"t|{team.public_id}", of_team[team.pk], {}, self._slots(team))
            for team in self.teams.values()
            if team.active or team.pk in of_team
        ]

    def _slots(self, team: Team) -> dict[date, list[str]]:
        """The standing slots of a team in which it has no session yet, by day: `Slot 14:00–16:00`."""
        taken = [(session.start, session.end) for session in self.sessions if session.team_id == team.pk]
        found: dict[date, list[str]] = defaultdict(list)
        for start, end in self.blocks[team.pk]:
            if not intersect([(start, end)], union(taken)):
                hours = {
                    "from": clock.hour(start.astimezone(self.zone)),
                    "to": clock.hour(end.astimezone(self.zone)),
                }
                found[self._date(start)].append(_("Slot %(from)s–%(to)s") % hours)
        return found

    def _people(self, cards: Cards) -> list[WeekRow]:
        """Whoever attends something this week; each card says their own part of the session."""
        sessions = {session.pk: session for session in self.sessions}
        seated = Exists(Seat.objects.filter(attendance=OuterRef("pk"), item__active=True))
        attendances = Attendance.objects.filter(seated, session__in=sessions).select_related("expert")
        rows, names = [], {}
        for one in attendances:
            assert one.session_id is not None
            names[one.expert_id] = one.expert
            card = replace(cards[one.session_id], start=one.start, end=one.end)
            rows.append((one.expert_id, sessions[one.session_id], card))
        of_person = self._by_day(rows)
        people = sorted(names.values(), key=str)
        return [
            self._row(str(one), self._load(of_person[one.pk]), f"p|{one.public_id}", of_person[one.pk], {})
            for one in people
        ]

    def _load(self, cards: dict[date, list[Card]]) -> str:
        of_week = [card for day in cards.values() for card in day]
        spent = sum((card.end - card.start) // timedelta(minutes=1) for card in of_week)
        count = ngettext("%(n)d session", "%(n)d sessions", len(of_week)) % {"n": len(of_week)}
        return phrases.line(count, clock.span(spent))

    def _by_day(self, rows: Iterable[tuple[int | None, Session, Card]]) -> Days:
        found: Days = defaultdict(lambda: defaultdict(list))
        for key, session, card in rows:
            found[key][self._date(session.start)].append(card)
        return found

    def _row(
        self,
        name: str,
        note: str,
        key: str,
        cards: dict[date, list[Card]],
        closed: dict[date, list[str]],
        slots: dict[date, list[str]] | None = None,
    ) -> WeekRow:
        cells = [
            WeekCell(
                key=f"{key}|{day}",
                day=self.labels[day],
                cards=cards.get(day, []),
                closed=closed.get(day, []),
                slots=(slots or {}).get(day, []),
            )
            for day in self.dates
        ]
        return WeekRow(name=name, note=note, cells=cells)

    def _about(self, room: Room) -> str:
        seats = npgettext("room", "%(n)d seat", "%(n)d seats", room.capacity) % {"n": room.capacity}
        return phrases.line(seats, solver_text.equipment_text(room.equipment))

    def _closures(self) -> dict[int, dict[date, list[str]]]:
        found: dict[int, dict[date, list[str]]] = defaultdict(lambda: defaultdict(list))
        start, end = self.week.start(self.zone), self.week.end(self.zone)
        for closure in RoomClosure.objects.filter(
            room__institution=self.institution, start__lt=end, end__gt=start
        ).order_by("start"):
            for day in self.dates:
                words = self._closed(closure, day)
                if words:
                    found[closure.room_id][day].append(words)
        return found

    def _closed(self, closure: RoomClosure, day: date) -> str:
        """`Closed 13:00–15:00: display being repaired`, or nothing on another day."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=self.zone)
        first, last = max(closure.start, midnight), min(closure.end, midnight + timedelta(days=1))
        if first >= last:
            return ""
        begin, end = (midnight + timedelta(hours=hour) for hour in WORKDAY_H)
        if first <= begin and last >= end:
            words = pgettext("room", "Closed")
        else:
            hours = {"from": clock.hour(first.astimezone(self.zone)), "to": clock.hour(last.astimezone(self.zone))}
            words = _("Closed %(from)s–%(to)s") % hours
        return phrases.labelled(words, closure.reason)
