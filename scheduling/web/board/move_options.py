"""The places that the dialog of a move proposes, each with what it costs in people.

For a case without a place the times of the promise come first: the earliest that can be kept, with time for people to
answer. Then one place for each start of the chosen week, never too soon for a routine case.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mdt_portal.errors import DomainError
from mdt_portal.i18n import clock, phrases
from scheduling.board import dry_run, moves
from scheduling.board.dry_run import Where
from scheduling.models import Room, Session
from scheduling.problem import snapshot
from scheduling.publishing import earliest_slots
from scheduling.selectors.board_cells import BoardCell, BoardCells
from scheduling.selectors.weeks import Week
from scheduling.web.board.move_form import Subject, place_value, value_of

MOST_PROMISED = 3
MOST_GOOD = 8
WEEKS_AHEAD = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """One time that can be kept: in a session, or in one of its own."""

    start: datetime
    session: Session | None
    room: Room | None

    @property
    def value(self) -> str:
        return place_value(self.start, self.session, self.room)

    @property
    def where(self) -> Where:
        if self.session is not None:
            return Where(session=self.session)
        return Where(start=self.start, room=self.room, remote=self.room is None)


def promised(subject: Subject) -> list[Promised]:
    """For a case that waits: the earliest times that can be kept, as its own page offers them."""
    case = subject.case
    if case is None or dry_run.place_of(case) is not None:
        return []
    zone = subject.institution.tz
    slots = earliest_slots.earliest_slots(case, MOST_PROMISED, not_before=not_before(subject))
    return [Promised(start=one.start.astimezone(zone), session=one.session, room=one.room) for one in slots]


def not_before(subject: Subject) -> datetime:
    """From when on times are proposed: a routine case gives people their time to answer, as a plan does."""
    now = timezone.now()
    if subject.case is None or subject.case.due_at is None:
        return now
    return snapshot.calm_from(subject.case, now, subject.institution) or now


def of_promise(found: Iterable[Promised], subject: Subject, cells: BoardCells, *, priced: bool) -> list[Option]:
    return [
        Option(
            value=one.value,
            label=phrases.line(
                _when(one.start), one.room or (one.session and one.session.room) or _("by video"),
                _("joins the session") if one.session else "",
                cost(subject, one.where, cells) if priced else "",
            ),
        )
        for one in found
    ]  # fmt: skip


def of_week(cells: Iterable[BoardCell], subject: Subject, found: BoardCells, *, priced: bool) -> list[Option]:
    return [
        Option(
            value=value_of(one),
            label=phrases.line(
                _when(one.start), one.room or _("by video"), cost(subject, _place(one), found) if priced else ""
            ),
        )
        for one in cells
        if one.start
    ]


def one_for_each_start(cells: BoardCells, subject: Subject) -> list[BoardCell]:
    """The free places of the week, one for each start: the other rooms are in the form below."""
    soonest = not_before(subject)
    first: dict[datetime, BoardCell] = {}
    for one in cells.best(1000):
        if one.start and one.start >= soonest:
            first.setdefault(one.start, one)
    return list(first.values())[:MOST_GOOD]


def cost(subject: Subject, where: Where, cells: BoardCells) -> str:
    """How many people hear of it, and how many lose their seat to somebody else."""
    try:
        check = moves.check(subject.row, where, again=cells.editable)
    except DomainError:
        return ""
    if check.blocked:
        return ""
    told = {expert for change in check.changes for expert in change.notified}
    replaced = {expert for change in check.changes for expert in change.leaves} - {
        expert for change in check.changes for expert in change.joins
    }
    words = ngettext("%(n)d person is told", "%(n)d people are told", len(told)) % {"n": len(told)}
    if replaced:
        lost = ngettext("%(n)d is replaced", "%(n)d are replaced", len(replaced)) % {"n": len(replaced)}
        words = phrases.line(words, lost)
    return words


def weeks(subject: Subject, shown: Week) -> list[Option]:
    """This week and the next ones, and the one that is shown."""
    this = Week.around(timezone.now().astimezone(subject.institution.tz).date())
    known = {str(week): week for week in (*(this.plus(n) for n in range(WEEKS_AHEAD)), shown)}
    return [Option(value=value, label=week.title) for value, week in sorted(known.items())]


def _place(one: BoardCell) -> Where:
    return Where(start=one.start, room=one.room, remote=one.room is None)


def _when(start: datetime | None) -> str:
    return f"{clock.day(start.date())} {clock.hour(start)}" if start else ""
