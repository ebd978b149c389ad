"""Who sits at the table of one session, case by case and person by person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.models import Case
from experts import titles
from experts.models import Discipline
from mdt_portal import access
from mdt_portal.i18n import phrases
from mdt_portal.models import StatusEvent, User
from scheduling.models import AgendaItem, Attendance, AttendanceMode, Invitation, Seat, Session
from scheduling.sessions import suggestions
from scheduling.sessions.invitations import DeclineReason
from scheduling.states import SEAT_LOST, InvitationStatus, SessionStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatLine:
    """One case of the agenda. `case` is None where the reader may know only that somebody is discussed; `rest` is the
    beginning of a break before it."""

    number: int
    start: datetime
    end: datetime
    minutes: int
    case: Case | None
    open: int
    rest: datetime | None


@dataclass(slots=True, kw_only=True)
class Person:
    """One expert's part: as what, with which title, for which cases, and their answer."""

    attendance: Attendance
    title: str
    status: InvitationStatus
    reason: str
    suggests: str
    disciplines: list[Discipline] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)

    @property
    def remote(self) -> bool:
        return self.attendance.mode == AttendanceMode.REMOTE

    @property
    def cases(self) -> str:
        """`1–4, 6`"""
        return ranges(self.numbers)

    def suggests_for(self, discipline: Discipline) -> bool:
        """Whether they declined, name a deputy, and both may sit for this discipline."""
        deputy = self.attendance.invitation.deputy
        if deputy is None or self.status != InvitationStatus.DECLINED:
            return False
        return all(
            any(one.discipline_id == discipline.pk for one in expert.qualifications.all())
            for expert in (self.attendance.expert, deputy)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A required seat that nobody fills: one person is missing, in one case or in several. `suggested` are those
    who declined and name a deputy for it."""

    seat: Seat
    wants: str
    case: str
    numbers: list[int]
    suggested: list[Person]

    @property
    def cases(self) -> str:
        return ranges(self.numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    lines: list[SeatLine]
    people: list[Person]
    open: list[Open]
    lost: list[Person]


def of(session: Session, user: User) -> Table:
    """The table of a session that came through `quorum.with_agenda`."""
    items = list(session.items.all())
    shown = set(access.visible(user, Case.objects.filter(items__in=items)).values_list("pk", flat=True))
    people = _people(session)
    lines: list[SeatLine] = []
    gaps, shortest = _Gaps(people.values()), timedelta(minutes=session.institution.break_min)
    for number, item in enumerate(items, start=1):
        seats = list(item.seats.all())
        for seat in seats:
            _sit(people, seat, number)
        missing = [seat for seat in seats if seat.attendance is None and not seat.optional]
        gaps.add(missing, number, item.case.number)
        before = lines[-1].end if lines else item.start
        rest = before if item.start - before >= shortest > timedelta() else None
        lines.append(_line(item, number, shown, len(missing), rest=rest))
    off = session.status == SessionStatus.CANCELLED  # who sat there when it was called off
    return Table(
        lines=lines,
        people=[one for one in people.values() if one.attendance.active or (off and one.disciplines)],
        open=[] if off else gaps.open,
        lost=[one for one in people.values() if one.status in SEAT_LOST and not (off and one.disciplines)],
    )


class _Gaps:
    """Brings the open seats of several cases together, where one deputy may fill them all."""

    def __init__(self, people: Iterable[Person]) -> None:
        self._people = list(people)
        self._open: dict[tuple[object, ...], Open] = {}

    def add(self, missing: Iterable[Seat], number: int, case: str) -> None:
        nth: Counter[tuple[object, ...]] = Counter()
        for seat in missing:
            kind = (seat.discipline_id, seat.min_rank, seat.sub_specialty)
            nth[kind] += 1  # a case that lacks two of a discipline needs two people
            key = (*kind, nth[kind])
            if key not in self._open:
                self._open[key] = Open(
                    seat=seat, wants=wants(seat), case=case, numbers=[], suggested=self._suggested(seat.discipline)
                )
            self._open[key].numbers.append(number)

    def _suggested(self, discipline: Discipline) -> list[Person]:
        declined = {one.attendance.expert_id for one in self._people if one.status == InvitationStatus.DECLINED}
        found = [one for one in self._people if one.suggests_for(discipline)]
        return [one for one in found if one.attendance.invitation.deputy_id not in declined]

    @property
    def open(self) -> list[Open]:
        return list(self._open.values())


def _line(item: AgendaItem, number: int, shown: set[int], missing: int, *, rest: datetime | None) -> SeatLine:
    return SeatLine(
        number=number,
        start=item.start,
        end=item.start + timedelta(minutes=item.minutes),
        minutes=item.minutes,
        case=item.case if item.case_id in shown else None,
        open=missing,
        rest=rest,
    )


def _people(session: Session) -> dict[int, Person]:
    """Everybody who is or was asked, by attendance."""
    rows = (
        session.attendances.select_related("expert", "invitation__deputy")
        .prefetch_related("expert__qualifications", "invitation__deputy__qualifications")
        .order_by("start", "pk")
    )
    known = titles.of([row.expert_id for row in rows], at=session.institution_id)
    return {
        row.pk: Person(
            attendance=row,
            title=known.get(row.expert_id, ""),
            status=InvitationStatus(row.invitation.status),
            reason=_reason(row.invitation),
            suggests=suggestions.words(row.invitation, session.institution.tz),
        )
        for row in rows
    }


def _reason(invitation: Invitation) -> str:
    if not invitation.reason:
        return ""
    return phrases.labelled(DeclineReason(invitation.reason).label, invitation.note)


def _sit(people: dict[int, Person], seat: Seat, number: int) -> None:
    if seat.attendance_id is None or seat.attendance_id not in people:
        return
    person = people[seat.attendance_id]
    if seat.discipline not in person.disciplines:
        person.disciplines.append(seat.discipline)
    if number not in person.numbers:
        person.numbers.append(number)


def wants(seat: Seat) -> str:
    return phrases.line(titles.lowest(seat.min_rank), seat.sub_specialty)


def ranges(numbers: Iterable[int]) -> str:
    """Sorted numbers with stretches drawn together: `1–4, 6`."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return phrases.listed(str(a) if a == b else f"{a}–{b}" for a, b in parts)


# A session that was called off ---------------------------------------------------------------------------------------

BY_THEMSELVES = {
    "session.replanned": gettext_lazy("A new plan or a change by hand put its cases elsewhere."),
    "session.emptied": gettext_lazy("Its last case was withdrawn."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledOff:
    at: datetime | None
    by: str
    words: str


def called_off(session: Session) -> CalledOff | None:
    """When, why and by whom a session was called off; None of one that was not."""
    if session.status != SessionStatus.CANCELLED:
        return None
    rows = StatusEvent.objects.filter(subject_type=Session._meta.label_lower, subject_id=session.pk)
    event = rows.filter(new=SessionStatus.CANCELLED).select_related("by").last()
    words = session.cancel_reason or str(BY_THEMSELVES.get(event.code if event else "", _("No reason was given.")))
    return CalledOff(at=event.at if event else None, by=str(event.by) if event and event.by else "", words=words)
