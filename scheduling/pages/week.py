"""What the week board shows: sessions as cards, by days and by rooms, teams or people; and when rooms are closed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Max
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, npgettext, pgettext

from cases.models import Case
from experts import working_days
from experts.availability import on_day
from experts.models import Institution, Team
from mdt_portal import access, clock, phrases
from mdt_portal.models import User
from scheduling import blocks, wording
from scheduling.models import Block, Invitation, PublishedPlan, Room, RoomClosure, Session
from scheduling.pages import quorum
from scheduling.pages.weeks import Week
from scheduling.states import SessionStatus

WORKDAY_H = (8, 18)  # a closure over all of this needs no clock times


Cards = dict[int, dict[str, Any]]
Days = dict[int | None, dict[date, list[dict[str, Any]]]]


@dataclass(slots=True, kw_only=True)
class Cell:
    """One row on one day: cards (arguments of the part `session_card`) and words about closures.

    `key` is the cell's address: `r|<room>|<date>`, `t|<team>|<date>` or `p|<person>|<date>`.
    """

    key: str
    day: str
    cards: list[dict[str, Any]] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    name: str
    note: str
    cells: list[Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    label: str
    note: str
    today: bool
    cards: list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    week: Week
    days: list[Day]
    rows: list[Row]
    by: str
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


def board(user: User, institution: Institution, week: Week, *, by: str = "room", movable: bool = False) -> Board:
    """The week of one hospital by `room`, `team` or `person`, in a number of queries that does not depend on how full
    it is. `movable` gives the cards of coming sessions their handles."""
    return _Reader(user, institution, week, movable=movable).board(by)


def state(institution: Institution, week: Week) -> str:
    """A short text that changes when anything on the board does: plan, answers, or who waits for a place."""
    version = PublishedPlan.objects.filter(institution=institution).values_list("version", flat=True).first() or 0
    asked = Invitation.objects.filter(
        attendance__session__institution=institution,
        attendance__session__start__gte=week.start(institution.tz),
        attendance__session__start__lt=week.end(institution.tz),
    ).aggregate(last=Max("answered_at"))
    waits = Case.objects.waiting().filter(team__institution=institution).aggregate(n=Count("pk"), last=Max("pk"))
    answered = asked["last"].timestamp() if asked["last"] else 0
    return f"{version}-{answered:.3f}-{waits['n']}-{waits['last'] or 0}"


class _Reader:
    def __init__(self, user: User, institution: Institution, week: Week, *, movable: bool) -> None:
        self.institution, self.week, self.zone = institution, week, institution.tz
        self.movable = movable
        self.now = timezone.now()
        self.today = self.now.astimezone(self.zone).date()
        self.calendar = working_days.calendar(institution)
        rows = Session.objects.filter(institution=institution).exclude(status=SessionStatus.CANCELLED)
        inside = access.visible(user, rows.overlapping(week.start(self.zone), week.end(self.zone)))
        self.sessions = list(quorum.with_agenda(inside.order_by("start", "pk")))
        self.blocks = self._blocks()
        self.dates = self._dates()

    def _dates(self) -> list[date]:
        """Monday to Friday, and a weekend day that is worked or has a session."""
        busy = {self._date(session.start) for session in self.sessions}
        days = [self.week.day(index) for index in range(7)]
        return [day for day in days if day.weekday() < 5 or day in busy or self.calendar.works(day)]

    def _date(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def board(self, by: str) -> Board:
        cards = {session.pk: self._card(session) for session in self.sessions}
        by_day: dict[date, list[dict[str, Any]]] = defaultdict(list)
        for session in self.sessions:
            by_day[self._date(session.start)].append(cards[session.pk] | {"place": session.room or _("By video")})
        rows = {"team": self._teams, "person": self._people}.get(by, self._rooms)
        return Board(
            week=self.week,
            days=[self._day(day, by_day[day]) for day in self.dates],
            rows=rows(cards),
            by=by,
            sessions=len(self.sessions),
            confirmed=sum(session.status != SessionStatus.PUBLISHED for session in self.sessions),
        )

    # Cards -------------------------------------------------------------------------------------------------------

    def _card(self, session: Session) -> dict[str, Any]:
        state = quorum.of(session, now=self.now)
        coming = session.status in (SessionStatus.PUBLISHED, SessionStatus.CONFIRMED) and session.start > self.now
        return {
            "id": session.public_id,
            "movable": self.movable and coming,
            "items": list(session.items.all()),
            "url": reverse("session", args=[session.public_id]),
            "start": session.start,
            "end": session.end,
            "team": session.team,
            "hue": state.hue,
            "state": state.label,
            "required": state.required,
            "suggested": state.suggested,
            "filled": state.accepted,
            "seats": state.needed,
            "minutes": state.minutes,
            "capacity": self._capacity(session),
            "fill": round(100 * state.minutes / self._capacity(session)),
        }

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

    def _day(self, day: date, cards: list[dict[str, Any]]) -> Day:
        return Day(label=self._label(day), note=self._note(day, cards), today=day == self.today, cards=cards)

    def _label(self, day: date) -> str:
        label = clock.day(day)
        return _("%(day)s, today") % {"day": label} if day == self.today else label

    def _note(self, day: date, cards: list[dict[str, Any]]) -> str:
        if not cards:
            return _("no session") if self.calendar.works(day) else _("day off")
        parts = {
            "sessions": ngettext("%(n)d session", "%(n)d sessions", len(cards)) % {"n": len(cards)},
            "percent": round(100 * sum(card["minutes"] for card in cards) / sum(card["capacity"] for card in cards)),
        }
        return _("%(sessions)s, %(percent)d %% full") % parts

    def _rooms(self, cards: Cards) -> list[Row]:
        closed = self._closures()
        in_room = self._by_day((session.room_id, session, cards[session.pk]) for session in self.sessions)
        rooms = [
            room for room in Room.objects.filter(institution=self.institution) if room.active or room.pk in in_room
        ]
        rows = [
            self._row(str(room), self._about(room), f"r|{room.public_id}", in_room[room.pk], closed[room.pk])
            for room in rooms
        ]
        return [*rows, self._row(_("Remote"), _("by video"), "r|remote", in_room[None], {})]

    def _teams(self, cards: Cards) -> list[Row]:
        """Every team of the hospital, those without a session too: a case may be carried to them."""
        of_team = self._by_day((session.team_id, session, cards[session.pk]) for session in self.sessions)
        teams = Team.objects.filter(institution=self.institution).select_related("chair")
        return [
            self._row(str(team), str(team.chair or ""), f"t|{team.public_id}", of_team[team.pk], {})
            for team in teams
            if team.active or team.pk in of_team
        ]

    def _people(self, cards: Cards) -> list[Row]:
        """Whoever attends something this week; each card says their own part of the session."""
        rows, names = [], {}
        for session in self.sessions:
            for one in {seat.attendance for item in session.items.all() for seat in item.seats.all()} - {None}:
                names[one.expert_id] = one.expert
                part = {"start": one.start, "end": one.end, "place": session.room or _("By video")}
                rows.append((one.expert_id, session, cards[session.pk] | part))
        of_person = self._by_day(rows)
        people = sorted(names.values(), key=str)
        return [
            self._row(str(one), self._load(of_person[one.pk]), f"p|{one.public_id}", of_person[one.pk], {})
            for one in people
        ]

    def _load(self, cards: dict[date, list[dict[str, Any]]]) -> str:
        of_week = [card for day in cards.values() for card in day]
        spent = sum((card["end"] - card["start"]) // timedelta(minutes=1) for card in of_week)
        count = ngettext("%(n)d session", "%(n)d sessions", len(of_week)) % {"n": len(of_week)}
        return phrases.line(count, clock.span(spent))

    def _by_day(self, rows: Iterable[tuple[int | None, Session, dict[str, Any]]]) -> Days:
        found: Days = defaultdict(lambda: defaultdict(list))
        for key, session, card in rows:
            found[key][self._date(session.start)].append(card)
        return found

    def _row(
        self,
        name: str,
        note: str,
        key: str,
        cards: dict[date, list[dict[str, Any]]],
        closed: dict[date, list[str]],
    ) -> Row:
        cells = [
            Cell(
                key=f"{key}|{day}",
                day=self._label(day),
                cards=cards.get(day, []),
                closed=closed.get(day, []),
            )
            for day in self.dates
        ]
        return Row(name=name, note=note, cells=cells)

    def _about(self, room: Room) -> str:
        seats = npgettext("room", "%(n)d seat", "%(n)d seats", room.capacity) % {"n": room.capacity}
        return phrases.line(seats, wording.equipment_text(room.equipment))

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
