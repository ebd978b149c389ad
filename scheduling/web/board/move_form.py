"""What is moved by hand, and where to: the subject and the form of the dialog, as they are sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.shortcuts import get_object_or_404
from django.utils import timezone

from cases.models import Case
from experts.models import Institution, Team
from mdt_portal import access
from mdt_portal.i18n import typed_time
from mdt_portal.web.pages import SignedInRequest
from scheduling.board import dry_run
from scheduling.board.dry_run import Where
from scheduling.board.move_requests import MoveRequest
from scheduling.models import AgendaItem, Room, Session
from scheduling.selectors.board_cells import BoardCell
from scheduling.selectors.weeks import Week
from scheduling.states import LIVE_SESSIONS

ANY_ROOM = "*"
REMOTE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is moved: a case, or a whole session. `cases` are those of the session, to be moved one by one instead."""

    case: Case | None
    session: Session | None
    institution: Institution

    @property
    def row(self) -> Case | Session:
        row = self.case or self.session
        assert row is not None
        return row

    @property
    def team(self) -> Team:
        team = self.row.team
        assert team is not None
        return team

    @property
    def query(self) -> str:
        return f"case={self.case.public_id}" if self.case else f"session={self.row.public_id}"

    @property
    def label(self) -> str:
        return self.case.number if self.case else str(self.row.team)


def subject_of(request: SignedInRequest) -> Subject:
    given = request.POST if request.method == "POST" else request.GET
    if given.get("case"):
        rows = Case.objects.select_related("team__institution")
        case = get_object_or_404(access.visible(request.user, rows), public_id=given["case"], team__isnull=False)
        assert case.team is not None
        subject = Subject(case=case, session=None, institution=case.team.institution)
    else:
        rows_ = Session.objects.live().select_related("team", "institution", "room")
        found = get_object_or_404(access.visible(request.user, rows_), public_id=given.get("session", ""))
        subject = Subject(case=None, session=found, institution=found.institution)
    access.require(request.user, "plan.request", [subject.institution])
    return subject


def week_of(subject: Subject) -> Week:
    """The week in which it stands now; this week for what has no place."""
    if subject.session:
        at = subject.session.start
    else:
        at = AgendaItem.objects.filter(case=subject.case, active=True).values_list("start", flat=True).first()
    return Week.around((at or timezone.now()).astimezone(subject.institution.tz).date())


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveForm:
    """The form: `to` is `new|<local time>|<room>`, `into|<session>`, `other` (then date, time and room), or `off`."""

    to: str
    date: str
    time: str
    room: str

    @classmethod
    def read(cls, given: Any, subject: Subject, otherwise: str = "other") -> MoveForm:
        to = given.get("to") or otherwise
        zone = subject.institution.tz
        start, room = _parse_new(to)
        present = dry_run.present(subject.row)
        local = start or (present[0].astimezone(zone).replace(tzinfo=None) if present else _morning(zone))
        if to != "other":
            day, hour = typed_time.write_day(local), typed_time.write_hour(local)
        else:
            day = given.get("date", typed_time.write_day(local))
            hour = given.get("time", typed_time.write_hour(local))
            room = given.get("room", ANY_ROOM)
        return cls(to=to, date=day, time=hour, room=room)

    def where(self, subject: Subject) -> Where | None:
        """None takes the case off the board."""
        if self.to == "off":
            return None
        if self.to.startswith("into|"):
            rows = Session.objects.filter(institution=subject.institution, status__in=LIVE_SESSIONS)
            return Where(session=get_object_or_404(rows, public_id=self.to.partition("|")[2]))
        day, hour = typed_time.read_day(self.date), typed_time.read_hour(self.time)
        if day is None or hour is None:
            return Where()
        start = datetime.combine(day, hour).replace(tzinfo=subject.institution.tz)
        if self.room in (ANY_ROOM, REMOTE):
            return Where(start=start, remote=self.room == REMOTE)
        room = get_object_or_404(Room, institution=subject.institution, public_id=self.room)
        return Where(start=start, room=room)

    def request(self, subject: Subject, *, expected: str, acknowledged: bool) -> MoveRequest:
        return MoveRequest(subject=subject.row, where=self.where(subject), expected=expected, acknowledged=acknowledged)


def _morning(zone: ZoneInfo) -> datetime:
    """Tomorrow at nine: where one begins to look when nothing is known."""
    return datetime.combine(timezone.now().astimezone(zone).date() + timedelta(days=1), time(9))


def _parse_new(to: str) -> tuple[datetime | None, str]:
    kind, _sep, rest = to.partition("|")
    if kind != "new":
        return None, ANY_ROOM
    moment, _sep, room = rest.partition("|")
    try:
        return datetime.fromisoformat(moment).replace(tzinfo=None), room
    except ValueError:
        return None, room


def value_of(place: BoardCell) -> str:
    return place_value(place.start, place.session, place.room)


def place_value(start: datetime | None, session: Session | None, room: Room | None) -> str:
    if session is not None:
        return f"into|{session.public_id}"
    moment = f"{start:%Y-%m-%dT%H:%M}" if start else ""
    return f"new|{moment}|{room.public_id if room else REMOTE}"
