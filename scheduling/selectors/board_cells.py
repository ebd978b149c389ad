"""The places of a week for what is being moved: each cell and session of the board, free or not, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.models import Case
from experts.models import Discipline, Institution
from scheduling.board import dry_run, editable_week, move_warnings
from scheduling.board.core import cell_availability
from scheduling.board.core.cell_availability import CellAvailability, CellVerdict
from scheduling.board.core.severity import Severity
from scheduling.board.core.what_if_week import ANY_ROOM
from scheduling.board.editable_week import EditableWeek
from scheduling.explain import solver_text
from scheduling.models import Room, Session
from scheduling.selectors.weeks import Week

REASONS = {
    "room": gettext_lazy("The room is taken or closed"),
    "room_equipment": gettext_lazy("The room lacks %(equipment)s"),
    "remote": gettext_lazy("Needs a room: somebody attends in person"),
    "team": gettext_lazy("%(team)s does not meet or meets elsewhere"),
    "reserved_time": gettext_lazy("Kept for rare diseases, or barred for this case"),
    "seat": gettext_lazy("%(discipline)s: nobody free"),
    "seats_together": gettext_lazy("Never all disciplines at once"),
    "late": gettext_lazy("After the limit (%(due)s)"),
}
DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardCell:
    """One place as the page and the API show it. `room` is empty for a session by video; `text` is short."""

    level: Severity
    text: str
    start: datetime | None
    day: str
    room: Room | None = None
    session: Session | None = None

    @property
    def free(self) -> bool:
        return self.level == Severity.IGNORE


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardCells:
    editable: EditableWeek
    """The week as it was read for them."""
    cells: list[BoardCell]
    sessions: list[BoardCell]
    any_room: list[BoardCell]
    present: tuple[datetime, Room | None] | None = None
    """When and where it has a session of its own already."""

    refused: str = ""
    """Why the case or session can go nowhere at all, whatever the place."""

    def best(self, most: int) -> list[BoardCell]:
        """The earliest free starts of sessions of their own, one per day and room, but for where it is now."""
        free = [one for one in self.cells if one.free and one.start and (one.start, one.room) != self.present]
        return sorted(free, key=lambda one: (one.start, str(one.room)))[:most]


def of(subject: Case | Session, institution: Institution, week: Week) -> BoardCells:
    """All places of the week. Raises nothing: what cannot be moved has no free place."""
    cases = [subject.pk] if isinstance(subject, Case) else []
    moments = [week.start(institution.tz), *dry_run.present(subject)]
    editable = editable_week.read(institution, moments, cases=cases)
    first = (week.monday - editable.horizon.first_day).days
    against = dry_run.against(subject, editable)
    if against:
        return BoardCells(editable=editable, cells=[], sessions=[], any_room=[], refused=against[0].text)
    if isinstance(subject, Case):
        load = cell_availability.load_of_case(editable.what_if, subject.pk)
    else:
        load = cell_availability.load_of_session(editable.what_if, subject.pk)
    joined = list(_joined(editable, load, first)) if load.session is None else []
    shades = CellAvailability(editable.what_if, load)
    rooms = list(Room.objects.filter(institution=institution, pk__in=editable.seen.problem.room_of))
    rows: list[tuple[Room | None, int | None]] = [*((room, room.pk) for room in rooms), (None, None)]
    cells = [(room, day, shades.cell(pk, day)) for room, pk in rows for day in range(first, first + DAYS)]
    whole = [(None, day, shades.cell(ANY_ROOM, day)) for day in range(first, first + DAYS)]
    words = _Words(editable, [spot for *_rest, spot in (*cells, *whole) if spot] + [spot for _pk, spot in joined])
    return BoardCells(
        editable=editable,
        cells=[words.place(spot, day, room=room) for room, day, spot in cells if spot],
        sessions=[words.place(spot, 0, session=editable.seen.sessions[pk]) for pk, spot in joined],
        any_room=[words.place(spot, day) for _room, day, spot in whole if spot],
        present=_present(subject),
    )


def _present(subject: Case | Session) -> tuple[datetime, Room | None] | None:
    if isinstance(subject, Session):
        return subject.start, subject.room
    item = dry_run.place_of(subject)
    return (item.start, item.session.room) if item else None


def _joined(
    editable: EditableWeek, load: cell_availability.MovedCases, first: int
) -> Iterable[tuple[int, CellVerdict]]:
    """The sessions of the week that the case could join; asked before anything is lifted off the board."""
    own = editable.what_if.where.get(load.cases[0].id)
    for ident, session in sorted(editable.what_if.sessions.items(), key=lambda pair: pair[1].start_min):
        of_week = first <= editable.what_if.problem.day(session.start_min) < first + DAYS
        if of_week and session.team == load.team and ident != own:
            yield ident, cell_availability.join(editable.what_if, load.cases[0].id, ident)


class _Words:
    def __init__(self, editable: EditableWeek, spots: Iterable[CellVerdict]) -> None:
        self.horizon = editable.horizon
        self.names = solver_text.names_of([spot.params for spot in spots])
        if any("seat" in spot.params for spot in spots):
            self.names |= {("discipline", row.key): row.name for row in Discipline.objects.all()}
        self.editable = editable

    def place(
        self, spot: CellVerdict, day: int, *, room: Room | None = None, session: Session | None = None
    ) -> BoardCell:
        start = (
            self.horizon.moment(spot.start_min).astimezone(self.horizon.zone) if spot.start_min is not None else None
        )
        on = start.date() if start and session else self.horizon.first_day + timedelta(days=day)
        return BoardCell(
            level=spot.level, text=self._text(spot), start=start, day=on.isoformat(), room=room, session=session
        )

    def _text(self, spot: CellVerdict) -> str:
        if not spot.code:
            return _("free")
        words = solver_text.in_words(self._params(spot.params), self.names, self.horizon)
        template = REASONS.get(spot.code) or move_warnings.WORDS.get(spot.code)
        return str(template) % words if template is not None else _("Breaks a rule")

    def _params(self, params: Mapping[str, Any]) -> dict[str, Any]:
        known = dict(params)
        if "seat" in known and "case" in known:
            places = self.editable.seen.problem.case_of[known["case"]].places
            known["discipline"] = next((one.discipline for one in places if one.id == known["seat"]), "")
        for key in ("session", "other"):
            if isinstance(known.get(key), int) and known[key] in self.editable.seen.sessions:
                known[key] = str(self.editable.seen.sessions[known[key]].team)
        return known
