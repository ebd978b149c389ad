"""Whether a session and its cases are confirmed: when the people on all required seats have accepted."""

from __future__ import annotations

from cases.states import CaseStatus
from mdt_portal import lifecycle
from mdt_portal.models import User
from scheduling.models import AgendaItem, Session
from scheduling.states import COMING_SESSIONS, InvitationStatus, SessionStatus


def settle(session: Session, *, by: User | None) -> None:
    """Bring the states of a session and its cases in line with the answers of the required seats."""
    session.refresh_from_db(fields=["status"])
    if session.status not in COMING_SESSIONS:
        return
    items = session.items.filter(active=True).select_related("case").prefetch_related("seats__attendance__invitation")
    states = [(item.case, _item_confirmed(item)) for item in items]
    for case, confirmed in states:
        if confirmed and case.status == CaseStatus.PLANNED:
            lifecycle.move(case, CaseStatus.CONFIRMED, by=by, why="case.all_accepted")
        elif not confirmed and case.status == CaseStatus.CONFIRMED:
            lifecycle.move(case, CaseStatus.PLANNED, by=by, why="case.seat_lost")
    whole = bool(states) and all(confirmed for _, confirmed in states)
    if whole and session.status == SessionStatus.PUBLISHED:
        lifecycle.move(session, SessionStatus.CONFIRMED, by=by, why="session.all_accepted")
    elif not whole and session.status == SessionStatus.CONFIRMED:
        lifecycle.move(session, SessionStatus.PUBLISHED, by=by, why="session.seat_lost")


def _item_confirmed(item: AgendaItem) -> bool:
    return all(
        seat.attendance is not None
        and seat.attendance.active
        and seat.attendance.invitation.status == InvitationStatus.ACCEPTED
        for seat in item.seats.all()
        if not seat.optional
    )
