"""Whether a session has its people: how many it needs, who has accepted, what is open. For cards, lists and pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from cases.models import Tier
from scheduling.models import AgendaItem, Attendance, Seat, Session
from scheduling.states import InvitationStatus, SessionStatus

HUES = {
    SessionStatus.IN_PROGRESS: "confirmed",
    SessionStatus.HELD: "waiting",
    SessionStatus.CANCELLED: "broken",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quorum:
    """People on required seats: `needed` counts an open seat's discipline once, however many cases want it."""

    needed: int
    accepted: int
    open: int
    overdue: bool
    required: int
    suggested: int
    minutes: int
    hue: str
    label: str


def with_agenda(sessions: QuerySet[Session]) -> QuerySet[Session]:
    """The sessions with their active agenda, seats and answers, in a constant number of queries."""
    seats = Seat.objects.select_related("discipline", "attendance__invitation", "attendance__expert")
    items = AgendaItem.objects.filter(active=True).select_related("case").order_by("start")
    return sessions.select_related("team", "institution", "room").prefetch_related(
        Prefetch("items", items), Prefetch("items__seats", seats)
    )


def of(session: Session, *, now: datetime) -> Quorum:
    """The quorum of a session that came through `with_agenda`."""
    items = list(session.items.all())
    seats = [seat for item in items for seat in item.seats.all() if not seat.optional]
    people = {seat.attendance.pk: seat.attendance for seat in seats if seat.attendance is not None}
    open_seats = {(seat.discipline_id, seat.min_rank, seat.sub_specialty) for seat in seats if seat.attendance is None}
    accepted = [one for one in people.values() if one.invitation.status == InvitationStatus.ACCEPTED]
    overdue = any(_silent(one) and one.invitation.answer_by < now for one in people.values())
    hue, label = _state(session, silent=len(people) - len(accepted), open_seats=len(open_seats), overdue=overdue)
    return Quorum(
        needed=len(people) + len(open_seats),
        accepted=len(accepted),
        open=len(open_seats),
        overdue=overdue,
        required=_of_tier(items, Tier.REQUIRED),
        suggested=_of_tier(items, Tier.SUGGESTED),
        minutes=sum(item.minutes for item in items),
        hue=hue,
        label=label,
    )


def _silent(attendance: Attendance) -> bool:
    return attendance.invitation.status == InvitationStatus.PENDING


def _of_tier(items: Iterable[AgendaItem], tier: str) -> int:
    return sum(item.case.tier == tier for item in items)


def _state(session: Session, *, silent: int, open_seats: int, overdue: bool) -> tuple[str, str]:
    """Hue and word of the card: what is broken first, then who has not answered."""
    if session.status in HUES:
        return HUES[SessionStatus(session.status)], str(SessionStatus(session.status).label)
    if open_seats:
        return "broken", ngettext("%(n)d seat open", "%(n)d seats open", open_seats) % {"n": open_seats}
    if silent:
        return ("pending" if overdue else "planned"), pgettext("people", "%(n)d silent") % {"n": silent}
    if session.status == SessionStatus.CONFIRMED:
        return "confirmed", _("all accepted")
    return "planned", str(SessionStatus(session.status).label)
