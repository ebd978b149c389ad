"""Whether sessions have their people: how many they need, who has accepted, what is open. For cards and lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet, Sum
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _People:
    """Those on required seats of one session."""

    all: int = 0
    accepted: int = 0
    overdue: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Agenda:
    required: int = 0
    suggested: int = 0
    minutes: int = 0


def with_agenda(sessions: QuerySet[Session]) -> QuerySet[Session]:
    """The sessions with their agenda (of one that was held or called off: all that was on it), seats and answers, in a
    constant number of queries."""
    seats = Seat.objects.select_related("discipline", "attendance__invitation", "attendance__expert")
    agenda = Q(active=True) | ~Q(outcome="") | Q(called_off=True)
    items = AgendaItem.objects.filter(agenda).select_related("case").order_by("start")
    return sessions.select_related("team", "institution", "room").prefetch_related(
        Prefetch("items", items), Prefetch("items__seats", seats)
    )


def of(sessions: Iterable[Session], *, now: datetime) -> dict[int, Quorum]:
    """The quorum of each of the sessions, by id. Three queries that count: a full week has thousands of seats."""
    rows = {session.pk: session for session in sessions}
    agendas, people, open_seats = _agendas(rows), _people(rows, now), _open_seats(rows)
    found = {}
    for pk, session in rows.items():
        agenda, seated = agendas.get(pk, _Agenda()), people.get(pk, _People())
        hue, label = _state(session, seated, open_seats[pk])
        found[pk] = Quorum(
            needed=seated.all + open_seats[pk],
            accepted=seated.accepted,
            open=open_seats[pk],
            overdue=seated.overdue > 0,
            required=agenda.required,
            suggested=agenda.suggested,
            minutes=agenda.minutes,
            hue=hue,
            label=label,
        )
    return found


def _agendas(sessions: Iterable[int]) -> dict[int, _Agenda]:
    rows = AgendaItem.objects.filter(session__in=sessions, active=True).order_by().values_list("session_id")
    counted = rows.annotate(
        required=Count("pk", filter=Q(case__tier=Tier.REQUIRED)),
        suggested=Count("pk", filter=Q(case__tier=Tier.SUGGESTED)),
        spent=Sum("minutes"),
    )
    return {pk: _Agenda(required=r, suggested=s, minutes=spent) for pk, r, s, spent in counted}


def _people(sessions: Iterable[int], now: datetime) -> dict[int, _People]:
    on_required_seat = Seat.objects.filter(attendance=OuterRef("pk"), optional=False, item__active=True)
    rows = (
        Attendance.objects.filter(Exists(on_required_seat), session__in=sessions).order_by().values_list("session_id")
    )
    silent = Q(invitation__status=InvitationStatus.PENDING)
    counted = rows.annotate(
        n=Count("pk"),
        accepted=Count("pk", filter=Q(invitation__status=InvitationStatus.ACCEPTED)),
        overdue=Count("pk", filter=silent & Q(invitation__answer_by__lt=now)),
    )
    return {pk: _People(all=n, accepted=accepted, overdue=overdue) for pk, n, accepted, overdue in counted}


def _open_seats(sessions: Iterable[int]) -> Counter[int]:
    """How many different people each session lacks."""
    seats = Seat.objects.filter(item__session__in=sessions, item__active=True, attendance=None, optional=False)
    wanted = seats.order_by().values_list("item__session_id", "discipline_id", "min_rank", "sub_specialty")
    return Counter(session for session, *_wants in wanted.distinct())


def _state(session: Session, people: _People, open_seats: int) -> tuple[str, str]:
    """Hue and word of the card: what is broken first, then who has not answered."""
    if session.status in HUES:
        return HUES[SessionStatus(session.status)], str(SessionStatus(session.status).label)
    if open_seats:
        return "broken", ngettext("%(n)d seat open", "%(n)d seats open", open_seats) % {"n": open_seats}
    if silent := people.all - people.accepted:
        return ("pending" if people.overdue else "planned"), pgettext("people", "%(n)d silent") % {"n": silent}
    if session.status == SessionStatus.CONFIRMED:
        return "confirmed", _("all accepted")
    return "planned", str(SessionStatus(session.status).label)
