"""Sessions: the list, one session with its agenda and people, and the coordinator's deeds on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from experts import titles
from experts.models import Expert
from mdt_portal import access
from mdt_portal.pages import SignedInRequest, page
from scheduling import deputies, sessions, workload
from scheduling.clock import Horizon
from scheduling.models import Seat, Session
from scheduling.pages import quorum, table
from scheduling.states import SessionStatus

ROWS = 25
VIEWS = ("coming", "past", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    session: Session
    quorum: quorum.Quorum


@page
@require_GET
def session_list(request: SignedInRequest) -> HttpResponse:
    view = request.GET.get("view", VIEWS[0])
    rows = _viewed(access.visible(request.user, Session.objects.all()), view)
    shown = Paginator(rows.select_related("team", "institution", "room"), ROWS).get_page(request.GET.get("page"))
    quorums = quorum.of(shown, now=timezone.now())
    rows_shown = [Row(session=one, quorum=quorums[one.pk]) for one in shown]
    context = {"nav": "sessions", "page": shown, "rows": rows_shown, "view": view, "views": _views()}
    return render(request, "scheduling/sessions.html", context)


def _viewed(rows: QuerySet[Session], view: str) -> QuerySet[Session]:
    now = timezone.now()
    if view == "past":
        return rows.exclude(status=SessionStatus.CANCELLED).filter(end__lt=now).order_by("-start", "-pk")
    if view == "cancelled":
        return rows.filter(status=SessionStatus.CANCELLED).order_by("-start", "-pk")
    return rows.exclude(status=SessionStatus.CANCELLED).filter(end__gte=now).order_by("start", "pk")


def _views() -> list[tuple[str, str]]:
    return list(zip(VIEWS, (_("Coming"), _("Past"), _("Cancelled")), strict=True))


# One session ----------------------------------------------------------------------------------------------------------


@page
@require_GET
def session(request: SignedInRequest, public_id: str) -> HttpResponse:
    return render(request, "scheduling/session.html", _context(request, _find(request, public_id)))


def _find(request: SignedInRequest, public_id: str) -> Session:
    rows = access.visible(request.user, quorum.with_agenda(Session.objects.select_related("team__chair")))
    return get_object_or_404(rows, public_id=public_id)


def _context(request: SignedInRequest, found: Session) -> dict[str, Any]:
    coming = found.status in (SessionStatus.PUBLISHED, SessionStatus.CONFIRMED) and found.start > timezone.now()
    return {
        "nav": "sessions",
        "session": found,
        "state": SessionStatus(found.status),
        "quorum": quorum.of([found], now=timezone.now())[found.pk],
        "table": table.of(found, request.user),
        "may_change": coming and access.can(request.user, "session.change", found),
        "hospital_zone": found.institution.zone,
    }


# Deeds ----------------------------------------------------------------------------------------------------------------


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
        sessions.cancel(found, by=request.user, reason=form.cleaned_data["reason"])
        messages.success(request, _("The session is called off; everybody who was to come is told."))
        return redirect("session", found.public_id)
    context = _context(request, found) | {"form": form}
    return render(request, "scheduling/session_cancel.html", context, status=422 if form.errors else 200)


@page
def fill_seat(request: SignedInRequest, public_id: str, number: str, place: int) -> HttpResponse:
    """Who could take an open seat; a choice invites them."""
    found = _find(request, public_id)
    access.require(request.user, "session.change", found)
    rows = Seat.objects.select_related("item__case", "item__session__institution", "discipline")
    seat = get_object_or_404(rows, item__session=found, item__active=True, item__case__number=number, place=place)
    seats = deputies.together(seat)
    if request.method == "POST":
        expert = get_object_or_404(Expert, public_id=request.POST.get("expert", ""))
        sessions.fill_seats(seats if request.POST.get("cases") == "all" else [seat], expert, by=request.user)
        messages.success(request, _("%(expert)s is invited.") % {"expert": expert})
        return redirect("session", found.public_id)
    fitting = deputies.of(*seats)
    if not fitting and len(seats) > 1:  # nobody has time for all of them; perhaps for this one
        seats, fitting = [seat], deputies.of(seat)
    seated = {"seat": seat, "seats": seats, "wants": table.wants(seat), "deputies": _choices(fitting, found)}
    return render(request, "scheduling/seat_fill.html", _context(request, found) | seated)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Who could be invited, with what tells colleagues apart: the title, and what that week asks of them already."""

    expert: Expert
    title: str
    load: workload.Load


def _choices(fitting: list[Expert], found: Session) -> list[Choice]:
    zone = found.institution.tz
    week = Horizon.around(found.start.astimezone(zone).date(), 7, zone)
    known = titles.of([one.pk for one in fitting], at=found.institution_id)
    loads = workload.of(fitting, [(week.start, week.end)])
    choices = [Choice(expert=one, title=known.get(one.pk, ""), load=loads[one.pk][0]) for one in fitting]
    return sorted(choices, key=lambda choice: choice.load.minutes)  # as the page says; then as before
