"""What Today shows: the work that waits, its figures, the day's sessions, and who is on call. Reads only."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases.models import Case
from cases.selectors import case_queue
from cases.states import CaseStatus
from experts import roles
from experts.availability import on_call as on_call_duties
from experts.models import Institution, OnCallDuty
from mdt_portal import access
from mdt_portal.i18n import phrases
from mdt_portal.models import User
from scheduling.models import Invitation, Session
from scheduling.selectors import afterwork, quorum, worklist
from scheduling.selectors.worklist import Entry
from scheduling.states import LIVE_SESSIONS, InvitationStatus, SessionStatus

MOST_CARDS = 12


def work(user: User, now: datetime) -> list[Entry]:
    """What is to be done before meetings and after them."""
    return worklist.in_order([*worklist.entries(user, now), *afterwork.entries(user, now)], now)


def lede(found: list[Entry], now: datetime) -> str:
    if not found:
        return ""
    broken = sum(1 for entry in found if entry.due and entry.due < now)
    text = ngettext(
        "%(n)d thing needs a hand, nearest limit first.", "%(n)d things need a hand, nearest limit first.", len(found)
    ) % {"n": len(found)}
    if broken:
        words = ngettext("%(n)d limit is already broken.", "%(n)d limits are already broken.", broken) % {"n": broken}
        text = phrases.sentences(text, words)
    return text


def kinds(found: list[Entry]) -> list[tuple[str, str, int]]:
    """The kinds that occur, with their numbers, for the filter."""
    numbers: dict[str, int] = {}
    for entry in found:
        numbers[entry.kind] = numbers.get(entry.kind, 0) + 1
    return [(kind, str(label), numbers[kind]) for kind, label in worklist.KINDS.items() if kind in numbers]


def figures(user: User, now: datetime, zone: Any) -> list[dict[str, Any]]:
    """The strip of figures; three queries."""
    cases = case_queue.tally(access.visible(user, Case.objects.all()), now)
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    monday = midnight - timedelta(days=midnight.weekday())
    week = Session.objects.filter(start__gte=monday, start__lt=monday + timedelta(days=7))
    sessions = access.visible(user, week.exclude(status=SessionStatus.CANCELLED)).aggregate(
        all=Count("pk"), confirmed=Count("pk", filter=~Q(status=SessionStatus.PUBLISHED))
    )
    asked = Invitation.objects.filter(
        attendance__active=True, attendance__session__status__in=LIVE_SESSIONS, attendance__start__gt=now
    )
    answers = access.visible(user, asked).aggregate(
        all=Count("pk"), silent=Count("pk", filter=Q(status=InvitationStatus.PENDING))
    )
    queue = reverse("queue")
    parts = {
        "required": cases.required,
        "suggested": cases.suggested,
        "ready": cases.ready,
        "back": cases.held_back,
        "materials": cases.materials,
        "unready": cases.unready,
    }
    return [
        {
            "label": _("In the queue"),
            "value": cases.queue,
            "url": queue,
            "note": _("%(ready)d can be planned, %(back)d held back") % parts,
        },
        {
            "label": _("Waiting for a place"),
            "value": cases.waiting,
            "url": f"{queue}?status={CaseStatus.WAITING}",
            "note": _("%(required)d required, %(suggested)d suggested") % parts,
        },
        {
            "label": _("Held back"),
            "value": cases.held_back,
            "url": f"{queue}?view=blocked",
            "note": _("%(materials)d lack materials, %(unready)d lack facts, a team or a decision") % parts,
        },
        {
            "label": _("Over their limit"),
            "value": cases.over,
            "url": f"{queue}?view=over",
            "hue": "declined" if cases.over else "",
            "note": _("of those in the queue"),
        },
        {
            "label": _("Sessions this week"),
            "value": sessions["all"],
            "url": reverse("board"),
            "note": _("%(n)d confirmed") % {"n": sessions["confirmed"]},
        },
        {
            "label": _("Seats without an answer"),
            "value": answers["silent"],
            "url": reverse("calls") if access.can(user, "plan.request", None) else reverse("sessions"),
            "note": _("of %(n)d") % {"n": answers["all"]},
        },
    ]


def sessions(user: User, now: datetime, zone: Any) -> tuple[Any, list[dict[str, Any]]]:
    """The day, and the cards of its sessions: today, or the next day that has any. Two rounds of queries."""
    coming = access.visible(user, Session.objects.live().filter(end__gt=now)).order_by("start")
    first = coming.values_list("start", flat=True).first()
    day = (first or now).astimezone(zone).date()
    if first is None:
        return day, []
    midnight = first.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = coming.filter(start__lt=midnight + timedelta(days=1))[:MOST_CARDS]
    sessions = list(rows.select_related("team", "room"))
    quorums = quorum.of(sessions, now=now)
    return day, [_card(session, quorums[session.pk]) for session in sessions]


def _card(session: Session, state: quorum.Quorum) -> dict[str, Any]:
    """A session as the part `session_card` shows it."""
    return {
        "url": reverse("session", args=[session.public_id]),
        "start": session.start,
        "end": session.end,
        "team": session.team,
        "place": session.room or _("By video"),
        "required": state.required,
        "suggested": state.suggested,
        "filled": state.accepted,
        "seats": state.needed,
        "hue": state.hue,
        "state": state.label,
    }


def on_call(user: User, now: datetime) -> list[OnCallDuty]:
    """Who answers emergencies right now at the reader's own hospitals."""
    own = roles.institutions(user, *roles.STAFF) if not user.is_superuser else Institution.objects.all()
    return list(on_call_duties.at(own, now)[:8])
