"""Sessions: the list, one session with its agenda and people, and the coordinator's actions on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from experts import titles
from experts.models import Expert
from mdt_portal import access
from mdt_portal.tables.lists import Column, Listing
from mdt_portal.web.pages import SignedInRequest, onward, page
from scheduling.models import Seat, Session
from scheduling.problem.core.horizon import Horizon
from scheduling.resources import hits, workload
from scheduling.selectors import evaluation, list_orders, past_meetings, quorum, session_table
from scheduling.selectors.weeks import Week
from scheduling.sessions import meetings, presence, session_services, substitutes
from scheduling.states import COMING_SESSIONS, SessionStatus

ROWS = 25
VIEWS = ("coming", "past", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    session: Session
    quorum: quorum.Quorum


_WHEN = (
    Column(
        key="start", label=gettext_lazy("When"), order=list_orders.SESSIONS["start"], cell=lambda row: row.session.start
    ),
    Column(key="end", label=gettext_lazy("Until"), cell=lambda row: row.session.end, on_page=False),
    Column(
        key="team", label=gettext_lazy("Team"), order=list_orders.SESSIONS["team"], cell=lambda row: row.session.team
    ),
    Column(key="institution", label=gettext_lazy("Hospital"), cell=lambda row: row.session.institution, on_page=False),
)
_ROOM = gettext_lazy("by video")
LIST = Listing(
    name="sessions",
    default="start",
    columns=(
        *_WHEN,
        Column(
            key="room",
            label=gettext_lazy("Where"),
            order=list_orders.SESSIONS["room"],
            cell=lambda row: row.session.room or _ROOM,
        ),
        Column(key="cases", label=gettext_lazy("Cases")),
        Column(
            key="required", label=gettext_lazy("Required cases"), cell=lambda row: row.quorum.required, on_page=False
        ),
        Column(
            key="suggested", label=gettext_lazy("Suggested cases"), cell=lambda row: row.quorum.suggested, on_page=False
        ),
        Column(key="people", label=gettext_lazy("People")),
        Column(
            key="accepted",
            label=gettext_lazy("People who accepted"),
            cell=lambda row: row.quorum.accepted,
            on_page=False,
        ),
        Column(key="needed", label=gettext_lazy("People needed"), cell=lambda row: row.quorum.needed, on_page=False),
        Column(
            key="status",
            label=gettext_lazy("State"),
            order=list_orders.SESSIONS["status"],
            cell=lambda row: row.quorum.label,
        ),
    ),
)
PAST = Listing(
    name="past-sessions",
    default="-start",
    columns=(
        *_WHEN,
        Column(key="beginning", label=gettext_lazy("Beginning"), cell=lambda row: row.start),
        Column(key="discussed", label=gettext_lazy("Discussed"), cell=lambda row: _recorded(row, "discussed")),
        Column(key="cases", label=gettext_lazy("Cases"), cell=lambda row: _recorded(row, "cases"), on_page=False),
        Column(key="recommendations", label=gettext_lazy("Recommendations"), cell=lambda row: _recorded(row, "signed")),
        Column(key="action", label=gettext_lazy("What is to be done"), quiet=True),
    ),
)


def _recorded(row: past_meetings.RecordRow, name: str) -> int | None:
    return None if row.judged.late_min is None else getattr(row.judged, name)


@page
@require_GET
def session_list(request: SignedInRequest) -> HttpResponse:
    view, now = request.GET.get("view", VIEWS[0]), timezone.now()
    seen = access.visible(request.user, Session.objects.all())
    listing = (PAST if view == "past" else LIST).of(request, default="-start" if view == "cancelled" else "")
    rows = listing.ordered(_viewed(seen, view).select_related("team", "institution", "room"))
    if listing.wanted:
        return listing.file(_rows(listing.whole(rows), view, request))
    shown = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    context: dict[str, Any] = {
        "nav": "sessions",
        "page": shown,
        "listing": listing,
        "rows": _rows(list(shown), view, request),
        "view": view,
        "views": _views(),
    }
    if view == "past":
        days = past_meetings.period(request.GET.get("days"))
        figures = past_meetings.strip(seen, request.user, days=days, now=now)
        context |= {"days": days, "periods": past_meetings.PERIODS, "figures": figures}
    return render(request, "scheduling/sessions/sessions.html", context)


def _rows(sessions: list[Session], view: str, request: SignedInRequest) -> list[Any]:
    now = timezone.now()
    if view == "past":
        return list(past_meetings.rows(sessions, request.user, now=now))
    quorums = quorum.of(sessions, now=now)
    return [SessionRow(session=one, quorum=quorums[one.pk]) for one in sessions]


def _viewed(rows: QuerySet[Session], view: str) -> QuerySet[Session]:
    now = timezone.now()
    if view == "past":
        return rows.exclude(status=SessionStatus.CANCELLED).filter(end__lt=now)
    if view == "cancelled":
        return rows.filter(status=SessionStatus.CANCELLED)
    return rows.exclude(status=SessionStatus.CANCELLED).filter(end__gte=now)


def _views() -> list[tuple[str, str]]:
    return list(zip(VIEWS, (_("Coming"), _("Past"), _("Cancelled")), strict=True))


# One session ----------------------------------------------------------------------------------------------------------


@page
@require_GET
def session(request: SignedInRequest, public_id: str) -> HttpResponse:
    return render(request, "scheduling/sessions/session.html", _context(request, _find(request, public_id)))


def _find(request: SignedInRequest, public_id: str) -> Session:
    rows = access.visible(request.user, quorum.with_agenda(Session.objects.select_related("team__chair")))
    return get_object_or_404(rows, public_id=public_id)


def _context(request: SignedInRequest, found: Session) -> dict[str, Any]:
    now = timezone.now()
    coming = found.status in COMING_SESSIONS and found.start > now
    context = {
        "nav": "sessions",
        "session": found,
        "state": SessionStatus(found.status),
        "quorum": quorum.of([found], now=now)[found.pk],
        "table": session_table.of(found, request.user),
        "may_change": coming and access.can(request.user, "session.change", found),
        "may_record": meetings.may_be_recorded(found, now) and access.can(request.user, "session.record", found),
        "hits": hits.now(Session.objects.filter(pk=found.pk)).get(found.pk, []),
        "called_off": session_table.called_off(found),
        "begun": found.start <= now,
        "over": found.end <= now,
        "hospital_zone": found.institution.zone,
        "week": Week.around(found.start.astimezone(found.institution.tz).date()),
    }
    if found.status == SessionStatus.HELD:
        hue, words = past_meetings.start_words(evaluation.late_min(found))
        context |= {"record": past_meetings.lines(found, request.user), "start_hue": hue, "start_words": words}
        context["present"] = presence.on_record(found)
    return context


# Actions --------------------------------------------------------------------------------------------------------------


class CancelForm(forms.Form):
    reason = forms.CharField(max_length=200, strip=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].label = _("Reason")
        self.fields["reason"].help_text = _("Kept with the cases, which go back to the queue.")


@page
def cancel(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Ask for the reason, then call the session off."""
    found = _find(request, public_id)
    access.require(request.user, "session.change", found)
    form = CancelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        session_services.cancel(found, by=request.user, reason=form.cleaned_data["reason"])
        message = _("The session is called off; everybody who was to come is told.")
        messages.success(request, message if found.start > timezone.now() else _("The session is called off."))
        return redirect("session", found.public_id)
    context = _context(request, found) | {"form": form}
    return render(request, "scheduling/sessions/session_cancel.html", context, status=422 if form.errors else 200)


@page
def fill_seat(request: SignedInRequest, public_id: str, number: str, place: int) -> HttpResponse:
    """Who could take an open seat; a choice invites them."""
    found = _find(request, public_id)
    access.require(request.user, "session.change", found)
    rows = Seat.objects.select_related("item__case", "item__session__institution", "discipline")
    seat = get_object_or_404(rows, item__session=found, item__active=True, item__case__number=number, place=place)
    seats = substitutes.together(seat)
    if request.method == "POST":
        expert = get_object_or_404(Expert, public_id=request.POST.get("expert", ""))
        session_services.fill_seats(seats if request.POST.get("cases") == "all" else [seat], expert, by=request.user)
        messages.success(request, _("%(expert)s is invited.") % {"expert": expert})
        return redirect(onward(request, reverse("session", args=[found.public_id])))
    fitting = substitutes.of(*seats)
    if not fitting and len(seats) > 1:  # nobody has time for all of them; perhaps for this one
        seats, fitting = [seat], substitutes.of(seat)
    seated = {"seat": seat, "seats": seats, "wants": session_table.wants(seat), "deputies": _choices(fitting, found)}
    return render(request, "scheduling/sessions/seat_fill.html", _context(request, found) | seated)


@page
def replace(request: SignedInRequest, public_id: str, attendance: str) -> HttpResponse:
    """Who could come in somebody's stead; a choice sets the one free and invites the other, in one step."""
    found = _find(request, public_id)
    access.require(request.user, "session.change", found)
    rows = found.attendances.active().select_related("expert", "invitation", "session__institution")
    row = get_object_or_404(rows, public_id=attendance)
    if request.method == "POST":
        expert = get_object_or_404(Expert, public_id=request.POST.get("expert", ""))
        session_services.replace(row, expert, by=request.user)
        words = {"expert": expert.name, "instead": row.expert.name}
        messages.success(request, _("%(expert)s is invited, %(instead)s is free again.") % words)
        return redirect("session", found.public_id)
    context = {"leaver": row, "deputies": _choices(substitutes.instead_of(row), found)}
    return render(request, "scheduling/sessions/replace.html", _context(request, found) | context)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Who could be invited, with what tells colleagues apart: the title, and what that week asks of them already."""

    expert: Expert
    title: str
    load: workload.ExpertLoad


def _choices(fitting: list[Expert], found: Session) -> list[Choice]:
    zone = found.institution.tz
    week = Horizon.around(found.start.astimezone(zone).date(), 7, zone)
    known = titles.of([one.pk for one in fitting], at=found.institution_id)
    loads = workload.of(fitting, [(week.start, week.end)])
    choices = [Choice(expert=one, title=known.get(one.pk, ""), load=loads[one.pk][0]) for one in fitting]
    return sorted(choices, key=lambda choice: choice.load.minutes)  # as the page says; then as before
