"""The published plan, read for the solver: sessions in force as PLAN sessions, and which of them may still move."""

from __future__ import annotations

from collections.abc import Container, Iterable
from datetime import datetime, timedelta

from django.db.models import F, Prefetch
from django.utils import timezone

from experts.models import Institution
from scheduling.models import AgendaItem, PublishedPlan, Seat, Session
from scheduling.problem.core.horizon import Horizon
from scheduling.solver.core.plan import PlannedCase, PlannedSession
from scheduling.states import SessionStatus

FREEZE = timedelta(hours=24)
"""What starts within this time is not moved by a run any more; only the coordinator moves it."""


def sessions(institutions: Iterable[Institution], horizon: Horizon) -> list[Session]:
    """Sessions in force at these institutions that start within the horizon, with agenda and seats."""
    # one object for each attendance: a person sits in all cases of a session
    seats = Seat.objects.prefetch_related("attendance")
    items = AgendaItem.objects.filter(active=True).select_related("case__institution").order_by("start")
    return list(
        Session.objects.live()
        .filter(institution__in=institutions, start__gte=horizon.start, start__lt=horizon.end)
        .select_related("team", "institution")
        .prefetch_related(Prefetch("items", items), Prefetch("items__seats", seats))
        .order_by("pk")
    )


def complete(session: Session, known: Container[int]) -> bool:
    """Whether the session has a case, every required seat has somebody, and all who come are among `known`."""
    items = list(session.items.all())
    seats = [seat for item in items for seat in item.seats.all()]
    return bool(items) and all(
        seat.optional if seat.attendance is None else seat.attendance.expert_id in known for seat in seats
    )


def immovable(session: Session, now: datetime) -> bool:
    """Confirmed sessions stay, and so does what begins soon."""
    return session.status != SessionStatus.PUBLISHED or session.start < now + FREEZE


def as_planned(session: Session, horizon: Horizon, known: Container[int]) -> PlannedSession:
    """The session in the solver's terms; open seats, and seats of people not `known`, are left out."""
    return PlannedSession(
        id=session.pk,
        team=session.team_id,
        site=session.institution_id,
        room=session.room_id,
        start_min=horizon.minute(session.start),
        end_min=horizon.minute(session.end),
        cases=tuple(
            PlannedCase(
                case=item.case_id,
                start_min=horizon.minute(item.start),
                seats=_people(item, known, optional=False),
                optional=_people(item, known, optional=True),
            )
            for item in session.items.all()
        ),
    )


def _people(item: AgendaItem, known: Container[int], *, optional: bool) -> dict[int, int]:
    return {
        seat.place: seat.attendance.expert_id
        for seat in item.seats.all()
        if seat.optional == optional and seat.attendance is not None and seat.attendance.expert_id in known
    }


def raise_version(institutions: Iterable[int]) -> None:
    """What is published at these institutions (ids) has changed: proposals that rest on the old state are stale."""
    scope = list(institutions)
    for pk in scope:
        PublishedPlan.objects.get_or_create(institution_id=pk)
    PublishedPlan.objects.filter(institution__in=scope).update(version=F("version") + 1, published_at=timezone.now())
