"""The services of published sessions: place, set the agenda, settle who has confirmed, cancel, withdraw a case.

Whoever calls the small services (place, set_agenda, drop_item, release) holds the locks; the large ones take them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.models import Case
from cases.services import workflow
from cases.states import CaseStatus
from experts.models import Discipline, Expert
from mdt_portal import audit, lifecycle
from mdt_portal.errors import RuleError, StaleState
from mdt_portal.models import User
from scheduling import locks
from scheduling.models import AgendaItem, Attendance, AttendanceMode, Proposal, RoomBooking, Seat, Session
from scheduling.problem import published
from scheduling.problem.places import places
from scheduling.sessions import confirmation, invitations, notifications, substitutes
from scheduling.states import COMING_SESSIONS, EXPECTED, InvitationStatus, SessionStatus

CANCEL_REASON = Session._meta.get_field("cancel_reason").max_length or 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One case on an agenda: its start, and who takes which place (place id -> expert id)."""

    case: Case
    start: datetime
    people: Mapping[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupancy:
    rooms: set[int]
    experts: set[int]


def occupancy(rows: QuerySet[Session]) -> Occupancy:
    """The rooms and experts that these sessions use up."""
    experts = Attendance.objects.active().filter(session__in=rows).values_list("expert_id", flat=True)
    rooms = rows.exclude(room=None).values_list("room_id", flat=True)
    return Occupancy(rooms=set(rooms), experts=set(experts))


# Small services, under the caller's locks -----------------------------------------------------------------------------


def place(
    session: Session | None,
    *,
    team_id: int,
    institution_id: int,
    room_id: int | None,
    start: datetime,
    end: datetime,
    proposal: Proposal | None = None,
) -> Session:
    """Give a session (or a new one) its time and room, and book the room with its changeover."""
    if session is None:
        session = Session(team_id=team_id, institution_id=institution_id)
    else:
        session.version += 1
    session.room_id, session.start, session.end = room_id, start, end
    session.proposal = proposal or session.proposal
    session.save()
    RoomBooking.objects.filter(session=session).delete()
    if room_id is not None:
        changeover = timedelta(minutes=session.institution.changeover_min)
        RoomBooking.objects.create(room_id=room_id, session=session, start=start, end=end + changeover)
    return session


def set_agenda(
    session: Session, agenda: Iterable[Entry], *, remote: Iterable[int], new_place: bool = False, by: User | None
) -> notifications.Affected:
    """Write agenda, seats and attendances; invite who is new, and ask again where time, place or role changed.

    `remote` names the experts (ids) who attend by video; `new_place` says that the room is another one. The caller
    tells those who are affected.
    """
    entries = list(agenda)
    attendances, affected = _attend(session, _parts(entries), set(remote), new_place=new_place, by=by)
    disciplines = dict(Discipline.objects.values_list("key", "pk"))
    items = {item.case_id: item for item in session.items.filter(active=True)}
    for entry in entries:
        item = items.get(entry.case.pk) or AgendaItem(session=session, case=entry.case)
        item.start, item.minutes = entry.start, entry.case.minutes or 0
        item.save()
        item.seats.all().delete()
        Seat.objects.bulk_create(
            Seat(
                item=item,
                place=one.id,
                discipline_id=disciplines[one.discipline],
                min_rank=one.min_rank,
                sub_specialty=one.sub_specialty,
                optional=one.optional,
                attendance=attendances.get(entry.people.get(one.id, 0)),
            )
            for one in places(entry.case)
        )
    return affected


@dataclass(slots=True)
class _Part:
    """One expert's part: from the first start to the last end of the cases that need them, and as what."""

    start: datetime
    end: datetime
    roles: set[str]


def _parts(entries: Iterable[Entry]) -> dict[int, _Part]:
    parts: dict[int, _Part] = {}
    for entry in entries:
        end = entry.start + timedelta(minutes=entry.case.minutes or 0)
        for one in places(entry.case):
            expert = entry.people.get(one.id)
            if expert is not None:
                part = parts.setdefault(expert, _Part(entry.start, end, set()))
                part.start, part.end = min(part.start, entry.start), max(part.end, end)
                part.roles.add(one.discipline)
    return parts


def _attend(
    session: Session, parts: Mapping[int, _Part], remote: set[int], *, new_place: bool, by: User | None
) -> tuple[dict[int, Attendance], notifications.Affected]:
    """The attendances of everybody who comes, by expert; who does not come any more is released."""
    affected = notifications.Affected()
    rows = session.attendances.active().select_related("invitation").prefetch_related("seats__discipline")
    known = {row.expert_id: row for row in rows}
    for expert in known.keys() - parts.keys():
        release(known[expert], by=by, why="invitation.replanned")
        affected.released.append(known[expert])
    found = {}
    for expert, part in parts.items():
        mode = AttendanceMode.REMOTE if expert in remote else AttendanceMode.ON_SITE
        attendance = known.get(expert)
        if attendance is None:
            attendance = Attendance.objects.create(
                session=session, expert_id=expert, start=part.start, end=part.end, mode=mode
            )
            news = invitations.invite(attendance, roles=part.roles, by=by)
            affected.invited += [attendance] if news else []
        else:
            elsewhere = mode != attendance.mode or (new_place and mode == AttendanceMode.ON_SITE)
            roles = {seat.discipline.key for seat in attendance.seats.all()}
            if elsewhere or (attendance.start, attendance.end, roles) != (part.start, part.end, part.roles):
                attendance.start, attendance.end, attendance.mode = part.start, part.end, mode
                attendance.sequence += 1
                attendance.save(update_fields=["start", "end", "mode", "sequence"])
                news = invitations.ask_again(attendance.invitation, roles=part.roles, by=by)
                affected.invited += [attendance] if news else []
        found[expert] = attendance
    return found, affected


def drop_item(item: AgendaItem) -> None:
    """Take a case off an agenda; what becomes of the case is the caller's to say."""
    item.seats.update(attendance=None)
    AgendaItem.objects.filter(pk=item.pk).update(active=False)
    item.active = False


def release(attendance: Attendance, *, by: User | None, why: str, keep_seats: bool = False) -> None:
    """Give an expert's time back; their invitation is replaced. `keep_seats`: of what is called off as a whole."""
    Attendance.objects.filter(pk=attendance.pk).update(active=False)
    if not keep_seats:
        attendance.seats.update(attendance=None)
    if attendance.invitation.status in EXPECTED:
        lifecycle.move(attendance.invitation, InvitationStatus.REPLACED, by=by, why=why)


def cancel_row(session: Session, *, by: User | None, why: str) -> notifications.Affected:
    """Cancel a session with all that it occupies. What becomes of its cases, and who is told, the caller says.

    Agenda and seats stay on record as they were, so that it can still be read what was called off, and with whom.
    """
    session.items.filter(active=True).update(active=False, called_off=True)
    free = list(session.attendances.active().select_related("invitation"))
    for attendance in free:
        release(attendance, by=by, why=why, keep_seats=True)
    RoomBooking.objects.filter(session=session).update(active=False)
    lifecycle.move(session, SessionStatus.CANCELLED, by=by, why=why)
    return notifications.Affected(released=free)


# Large services -------------------------------------------------------------------------------------------------------


@transaction.atomic
def cancel(session: Session, *, by: User | None, reason: str) -> None:
    """Call a session off: its people and room are free again, its cases wait again, and everybody is told. Of one whose
    time has passed only the referrers hear."""
    lock(session)
    cases = [item.case for item in session.items.filter(active=True).select_related("case")]
    affected = cancel_row(session, by=by, why="session.cancelled")
    Session.objects.filter(pk=session.pk).update(cancel_reason=reason[:CANCEL_REASON])
    if session.start > timezone.now():
        notifications.notify(affected)
    for case in cases:
        lifecycle.move(case, CaseStatus.WAITING, by=by, why="case.session_cancelled", params={"reason": reason})
    notifications.notify_referrers(case.pk for case in cases)
    published.raise_version([session.institution_id])
    audit.record("session.cancelled", by=by, subject=session, reason=reason)


@transaction.atomic
def withdraw(case: Case, *, by: User | None, reason: str) -> Case:
    """Withdraw a case wherever it stands; one with a place gives it up first."""
    item = AgendaItem.objects.filter(case=case, active=True).select_related("session").first()
    if item is not None:
        _take_off(item, by=by, why="case.withdrawn")
    return workflow.withdraw(case, by=by, reason=reason)


def lock(session: Session) -> None:
    """Lock what the session uses up; its status is then the present one."""
    used = occupancy(Session.objects.filter(pk=session.pk))
    locks.take(plans=[session.institution_id], rooms=used.rooms, experts=used.experts)
    session.refresh_from_db(fields=["status"])


def _take_off(item: AgendaItem, *, by: User | None, why: str) -> None:
    session = item.session
    lock(session)
    item.refresh_from_db(fields=["active"])
    if not item.active:
        raise StaleState(
            _("%(what)s was changed by somebody else in the meantime. Reload to see its present state.")
            % {"what": item.case}
        )
    others = session.items.filter(active=True).exclude(pk=item.pk)
    if session.status not in COMING_SESSIONS:
        raise RuleError(_("The session has begun; its agenda cannot change any more."))
    lifecycle.move(item.case, CaseStatus.WAITING, by=by, why=why)
    if not others.exists():
        notifications.notify(cancel_row(session, by=by, why="session.emptied"))
    else:
        drop_item(item)
        idle = list(session.attendances.active().filter(seats__isnull=True).select_related("invitation"))
        for attendance in idle:
            release(attendance, by=by, why="invitation.not_needed")
        notifications.notify(notifications.Affected(released=idle))
        confirmation.settle(session, by=by)
    published.raise_version([session.institution_id])


def fill_seat(seat: Seat, expert: Expert, *, by: User | None) -> Attendance:
    """Put somebody on one open seat of a published session; see fill_seats."""
    return fill_seats([seat], expert, by=by)


@transaction.atomic
def fill_seats(seats: Sequence[Seat], expert: Expert, *, by: User | None) -> Attendance:
    """Put somebody on open seats of one published session, if the rules allow it, and invite them once for all.

    Who comes already stays longer, and is asked again if their time or role changes. Raises RuleError when the expert
    does not fit or is not free, StaleState when somebody else took a seat first.
    """
    session = seats[0].item.session
    locks.take(plans=[session.institution_id], experts=[expert.pk])
    seats = _still_open(seats)
    if expert not in substitutes.of(*seats):
        raise RuleError(_("%(expert)s cannot take this seat at this time.") % {"expert": expert})
    start = min(seat.item.start for seat in seats)
    end = max(seat.item.start + timedelta(minutes=seat.item.minutes) for seat in seats)
    attendance = session.attendances.active().filter(expert=expert).first()
    roles, news = {seat.discipline.key for seat in seats}, False
    if attendance is None:
        mode = AttendanceMode.ON_SITE if _works_at(session, expert) else AttendanceMode.REMOTE
        attendance = Attendance.objects.create(session=session, expert=expert, start=start, end=end, mode=mode)
        news = invitations.invite(attendance, roles=roles, by=by)
    elif _asks_more(attendance, seats[0], start, end):
        attendance.start, attendance.end = min(attendance.start, start), max(attendance.end, end)
        attendance.sequence += 1
        attendance.save(update_fields=["start", "end", "sequence"])
        roles |= set(attendance.seats.filter(item__active=True).values_list("discipline__key", flat=True))
        news = invitations.ask_again(attendance.invitation, roles=roles, by=by)
    if news:
        notifications.notify(notifications.Affected(invited=[attendance]))
    Seat.objects.filter(pk__in=[seat.pk for seat in seats]).update(attendance=attendance)
    locks.check_constraints_now()
    confirmation.settle(session, by=by)
    published.raise_version([session.institution_id])
    for seat in seats:
        audit.record("seat.filled", by=by, subject=session, seat=seat.pk, expert=expert.pk)
    return attendance


@transaction.atomic
def replace(attendance: Attendance, expert: Expert, *, by: User | None) -> Attendance:
    """Set somebody free and invite another for all required seats that they had, as one step: each hears once.

    Raises RuleError when the other does not fit or is not free, StaleState when the one does not come any more.
    """
    session = attendance.meeting
    locks.take(plans=[session.institution_id], experts=[attendance.expert_id, expert.pk])
    if not Attendance.objects.active().filter(pk=attendance.pk).exists():
        raise StaleState(_("%(expert)s does not come to this session any more.") % {"expert": attendance.expert})
    rows = attendance.seats.filter(item__active=True)
    seats = list(rows.select_related("item__case", "item__session__institution", "discipline"))
    needed = [seat for seat in seats if not seat.optional] or seats
    if not needed:
        raise RuleError(_("%(expert)s sits on no seat of this session.") % {"expert": attendance.expert})
    release(attendance, by=by, why="invitation.replaced")
    notifications.notify(notifications.Affected(released=[attendance]))
    audit.record("seat.given_up", by=by, subject=session, expert=attendance.expert_id)
    return fill_seats(needed, expert, by=by)


def _works_at(session: Session, expert: Expert) -> bool:
    """Whether the expert belongs to the session's hospital on its day."""
    day = session.start.astimezone(session.institution.tz).date()
    present = Q(since__isnull=True) | Q(since__lte=day), Q(until__isnull=True) | Q(until__gte=day)
    return expert.affiliations.filter(*present, institution=session.institution_id).exists()


def _still_open(seats: Sequence[Seat]) -> list[Seat]:
    """The seats as they are under the lock. Raises StaleState when one is taken, or was written anew by a plan."""
    rows = Seat.objects.filter(pk__in=[seat.pk for seat in seats], item__active=True, attendance=None)
    found = list(rows.select_related("item__case", "item__session__institution", "discipline"))
    if len(found) < len(seats):
        raise StaleState(_("Somebody sits on this seat already."))
    return found


def _asks_more(attendance: Attendance, seat: Seat, start: datetime, end: datetime) -> bool:
    """Whether the seat changes the time or the role of somebody who comes to this session already."""
    known = attendance.seats.filter(discipline=seat.discipline).exists()
    return not (known and attendance.start <= start and end <= attendance.end)
