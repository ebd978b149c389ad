"""What changed since somebody was last here: a line per case, session, answer or plan, from first state to last.

Reads the moves that `lifecycle.move` leaves behind. One's own actions are no news to oneself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from cases.models import Case
from cases.selectors import case_queue
from cases.states import CaseStatus
from mdt_portal import access
from mdt_portal.i18n import clock, phrases
from mdt_portal.models import StatusEvent, User
from mdt_portal.statuses import Status
from scheduling.models import Invitation, PlanningRun, Session
from scheduling.states import InvitationStatus, RunStatus, SessionStatus

FIRST_FOLLOW_UP = timedelta(days=1)
FARTHEST = timedelta(days=14)
MOST = 300
"""Moves that are read; who was away longer than that is better served by the queue and the board."""

PASSING = {RunStatus.QUEUED, RunStatus.RUNNING, InvitationStatus.REPLACED}
"""Where something ended up that asks for nobody's attention."""


Moves = dict[int, list[StatusEvent]]
"""By what was moved, the newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    label: str | Promise
    icon: str
    states: type[Status]
    rows: models.QuerySet[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    at: datetime
    by: User | None
    what: str
    detail: str
    url: str
    old: Status
    new: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    label: str | Promise
    icon: str
    items: list[Item]


def _kinds() -> dict[str, Kind]:
    return {
        "cases.case": Kind(
            label=gettext_lazy("Cases"),
            icon="queue",
            states=CaseStatus,
            rows=Case.objects.select_related("institution", "team", "patient"),
        ),
        "scheduling.invitation": Kind(
            label=gettext_lazy("Answers"),
            icon="person",
            states=InvitationStatus,
            rows=Invitation.objects.select_related(
                "attendance__expert", "attendance__session__team", "attendance__session__institution"
            ),
        ),
        "scheduling.session": Kind(
            label=gettext_lazy("Sessions"),
            icon="sessions",
            states=SessionStatus,
            rows=Session.objects.select_related("team", "room", "institution"),
        ),
        "scheduling.planningrun": Kind(
            label=gettext_lazy("Plans"),
            icon="run",
            states=RunStatus,
            rows=PlanningRun.objects.defer("problem", "progress"),
        ),
    }


def last_visit(user: User, now: datetime) -> datetime:
    """From when on something is news; a day for the first visit, two weeks at most."""
    return max(user.seen_at or now - FIRST_FOLLOW_UP, now - FARTHEST)


@transaction.atomic
def mark_seen(*, by: User, until: datetime) -> None:
    """What happened before `until` is news no more. Never goes back, never into the future."""
    until = min(until, timezone.now())
    User.objects.filter(pk=by.pk).filter(models.Q(seen_at__isnull=True) | models.Q(seen_at__lt=until)).update(
        seen_at=until
    )


def of(user: User, now: datetime) -> list[Group]:
    """The news by kind, the newest first. One query for the moves, and one or two for each kind that moved."""
    groups = []
    for kind, moved in _moved(user, now):
        rows = access.visible(user, kind.rows.filter(pk__in=moved)).in_bulk()
        items = [_item(kind, rows[pk], events, now) for pk, events in moved.items() if pk in rows]
        if items:
            groups.append(Group(label=kind.label, icon=kind.icon, items=items))
    return groups


def number(user: User, now: datetime) -> int:
    """How many news there are, without a word about them."""
    moved = _moved(user, now)
    return sum(access.visible(user, kind.rows.model.objects.filter(pk__in=events)).count() for kind, events in moved)


def _moved(user: User, now: datetime) -> Iterator[tuple[Kind, Moves]]:
    """What others have moved, by kind; what is back where it was, or only passed through, is no news."""
    moves: dict[tuple[str, int], list[StatusEvent]] = {}
    kinds = _kinds()
    recent = StatusEvent.objects.filter(at__gt=last_visit(user, now), at__lte=now, subject_type__in=kinds)
    others = recent.exclude(by=user) | recent.filter(by__isnull=True)
    for event in others.select_related("by").order_by("-at", "-pk")[:MOST]:
        moves.setdefault((event.subject_type, event.subject_id), []).append(event)
    for name, kind in kinds.items():
        of_kind = {pk: events for (subject, pk), events in moves.items() if subject == name}
        moved = {
            pk: events
            for pk, events in of_kind.items()
            if events[-1].old != events[0].new and kind.states(events[0].new) not in PASSING
        }
        if moved:
            yield kind, moved


def _item(kind: Kind, row: Any, events: list[StatusEvent], now: datetime) -> Item:
    what, detail, url = _words(row, now)
    old, new = kind.states(events[-1].old), kind.states(events[0].new)
    return Item(at=events[0].at, by=events[0].by, what=what, detail=detail, url=url, old=old, new=new)


def _words(row: Any, now: datetime) -> tuple[str, str, str]:
    if isinstance(row, Case):
        detail = phrases.line(case_queue.about(row), case_queue.whom(row))
        return row.number, detail, reverse("case", args=[row.public_id])
    if isinstance(row, Invitation):
        session = row.attendance.meeting
        return row.attendance.expert.name, _meeting(session, now), reverse("session", args=[session.public_id])
    if isinstance(row, Session):
        return row.team.name, _meeting(row, now), reverse("session", args=[row.public_id])
    return str(row), "", reverse("run", args=[row.public_id])


def _meeting(session: Session, now: datetime) -> str:
    zone = session.institution.tz
    when = clock.when(session.start.astimezone(zone), now=now.astimezone(zone))
    return phrases.line(session.team.name, when, session.room.name if session.room_id else "")
