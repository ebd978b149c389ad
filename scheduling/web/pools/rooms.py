"""Rooms: the list, one room's form, and closures with the sessions that they hit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from experts.availability.core import week_text
from experts.models import Institution, Weekday
from experts.web import common
from mdt_portal import access
from mdt_portal.errors import DomainError
from mdt_portal.i18n import phrases
from mdt_portal.tables.lists import Column, Listing
from mdt_portal.web import pages
from mdt_portal.web.pages import SignedInRequest, page
from scheduling.explain.solver_text import EQUIPMENT
from scheduling.models import Room, RoomClosure, Session
from scheduling.resources import impact, room_services
from scheduling.resources.impact import Impact
from scheduling.selectors import list_orders
from scheduling.web.pools.forms import ClosureForm, RoomForm


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomRow:
    room: Room
    equipment: str
    week: list[tuple[str, str]]  # days and their hours; none: the hospital's


LIST = Listing(
    name="rooms",
    default="name",
    columns=(
        Column(key="institution", label=gettext_lazy("Hospital"), cell=lambda row: row.room.institution, on_page=False),
        Column(key="name", label=gettext_lazy("Room"), order=list_orders.ROOMS["name"], cell=lambda row: row.room),
        Column(
            key="capacity",
            label=gettext_lazy("Room for"),
            order=list_orders.ROOMS["capacity"],
            cell=lambda row: row.room.capacity,
            css="num",
        ),
        Column(key="equipment", label=gettext_lazy("Equipment"), cell=lambda row: row.equipment),
        Column(
            key="hours",
            label=gettext_lazy("Hours"),
            cell=lambda row: [f"{days} {hours}" for days, hours in row.week] or _("the hospital's hours"),
        ),
        Column(key="closed", label=gettext_lazy("Closed")),
        Column(
            key="closed_from",
            label=gettext_lazy("Closed from"),
            cell=lambda row: [one.start for one in row.room.closed],
            on_page=False,
        ),
        Column(
            key="closed_until",
            label=gettext_lazy("Closed until"),
            cell=lambda row: [one.end for one in row.room.closed],
            on_page=False,
        ),
        Column(key="active", label=gettext_lazy("Active"), cell=lambda row: row.room.active, on_page=False),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    closure: RoomClosure
    impact: Impact


@page
@require_GET
def room_list(request: SignedInRequest) -> HttpResponse:
    access.require(request.user, "pool.view")
    ahead = RoomClosure.objects.filter(end__gt=timezone.now())
    listing = LIST.of(request)
    rooms = (
        access.visible(request.user, Room.objects.all())
        .select_related("institution")
        .prefetch_related("hours", Prefetch("closures", queryset=ahead, to_attr="closed"))
    )
    groups: dict[int, dict[str, Any]] = {
        one.pk: {"hospital": one, "rows": [], "kept": False} for one in common.hospitals(request)
    }
    for room in sorted(listing.ordered(rooms), key=lambda one: not one.active):
        groups[room.institution_id]["rows"].append(_row(room))
    for one in common.kept(request):
        groups[one.pk]["kept"] = True
    shown = [group for group in groups.values() if group["rows"] or group["kept"]]
    if listing.wanted:
        return listing.file(row for group in shown for row in group["rows"])
    context = {"nav": "people", "tab": "rooms", "groups": shown, "listing": listing}
    return render(request, "scheduling/pools/rooms.html", context)


def _row(room: Room) -> RoomRow:
    return RoomRow(
        room=room,
        equipment=phrases.listed(str(EQUIPMENT.get(one, one)) for one in room.equipment),
        week=week_in_words(room.hours.all()),  # type: ignore[attr-defined]
    )


def week_in_words(rows: Iterable[Any]) -> list[tuple[str, str]]:
    """The week with equal neighbouring days put together: `Monday–Friday`, `08:00–12:00, 14:00–18:00`."""
    hours: dict[int, list[week_text.Hours]] = defaultdict(list)
    for row in rows:
        hours[row.weekday].append((row.start, row.end))
    runs: list[tuple[int, int, str]] = []
    for day in sorted(hours):
        said = week_text.write(sorted(hours[day]))
        if runs and runs[-1][1] == day - 1 and runs[-1][2] == said:
            runs[-1] = (runs[-1][0], day, said)
        else:
            runs.append((day, day, said))
    names = {day.value: str(day.label) for day in Weekday}
    return [(names[a] if a == b else f"{names[a]}–{names[b]}", said) for a, b, said in runs]


# One room -------------------------------------------------------------------------------------------------------------


@page
@require_http_methods(["GET", "POST"])
def new(request: SignedInRequest) -> HttpResponse:
    access.require(request.user, "pool.edit")
    return _room(request, common.chosen(request, common.kept(request)), None)


@page
@require_http_methods(["GET", "POST"])
def room(request: SignedInRequest, public_id: str) -> HttpResponse:
    """One room; whoever does not keep its hospital reads it."""
    access.require(request.user, "pool.view")
    row = _visible(request, public_id)
    return _room(request, row.institution, row)


def _visible(request: SignedInRequest, public_id: str) -> Room:
    rows = access.visible(request.user, Room.objects.select_related("institution"))
    return get_object_or_404(rows, public_id=public_id)


def _room(request: SignedInRequest, at: Institution, row: Room | None) -> HttpResponse:
    closing = request.POST.get("action") == "close"
    form = RoomForm(None if closing else request.POST or None, room=row)
    closure = ClosureForm(request.POST if closing else None, zone=at.tz)
    if request.method == "POST":
        access.require(request.user, "pool.edit", at)
        done = _close(request, row, closure) if closing and row else _save(request, at, row, form)
        if done:
            return done
    closed = _closed(row) if row else []
    context = {
        "nav": "people",
        "tab": "rooms",
        "room": row,
        "hospital": at,
        "form": form,
        "closure_form": closure,
        "closed": closed,
        "seen": _seen(request, closed),
        "may_edit": access.can(request.user, "pool.edit", at),
    }
    return render(request, "scheduling/pools/room.html", context, status=422 if request.method == "POST" else 200)


def _seen(request: SignedInRequest, closed: Iterable[Closed]) -> set[int]:
    """Those of the sessions that are hit which the reader may open."""
    hit = {session.pk for one in closed for session in one.impact.sessions}
    return set(access.visible(request.user, Session.objects.filter(pk__in=hit)).values_list("pk", flat=True))


def _save(request: SignedInRequest, at: Institution, row: Room | None, form: RoomForm) -> HttpResponse | None:
    if not form.is_valid():
        return None
    try:
        saved = room_services.save(row, institution=at, hours=form.hours(), by=request.user, **form.facts())
    except DomainError as error:
        pages.add_errors(form, error)
        return None
    messages.success(request, _("%(room)s is saved.") % {"room": saved.name})
    return redirect("room", saved.public_id)


def _close(request: SignedInRequest, row: Room, form: ClosureForm) -> HttpResponse | None:
    if not form.is_valid():
        return None
    start, end = form.stretch()
    try:
        room_services.close(row, start=start, end=end, reason=form.cleaned_data["reason"], by=request.user)
    except DomainError as error:
        pages.add_errors(form, error)
        return None
    count = len(impact.of_closure(row, start=start, end=end).sessions)
    if count:
        said = ngettext(
            "The room is closed then. %(n)d published session needs another room: see the list below.",
            "The room is closed then. %(n)d published sessions need another room: see the list below.",
            count,
        )
        messages.warning(request, said % {"n": count})
    else:
        messages.success(request, _("The room is closed then. No published session is hit."))
    return redirect("room", row.public_id)


def _closed(row: Room) -> list[Closed]:
    """The closures still to come, each with what it hits."""
    closures = row.closures.filter(end__gt=timezone.now())  # type: ignore[attr-defined]
    return [Closed(closure=one, impact=impact.of_closure(row, start=one.start, end=one.end)) for one in closures]


@page
@require_POST
def reopen(request: SignedInRequest, public_id: str) -> HttpResponse:
    rooms = access.visible(request.user, Room.objects.all())
    closure = get_object_or_404(
        RoomClosure.objects.select_related("room__institution").filter(room__in=rooms), public_id=public_id
    )
    access.require(request.user, "pool.edit", closure.room)
    room_services.reopen(closure, by=request.user)
    messages.success(request, _("The room is open again at that time."))
    return redirect("room", closure.room.public_id)
