"""The earliest possible times of a case: shown, held for some minutes, booked or let go. And those of a typed case.

Each answer is the panel anew, so that whoever lost a race sees fresh times at once.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cases.catalogue import wording
from cases.models import Case
from cases.states import CaseStatus
from cases.web.common import typed_case, visible_case
from cases.web.refer import typed
from mdt_portal import access
from mdt_portal.errors import Conflict
from mdt_portal.i18n import clock
from mdt_portal.web.pages import go, is_htmx, page
from scheduling.models import Hold
from scheduling.publishing import earliest_slots, holds

AT_FIRST, AT_MOST = 3, 8


@page
@require_GET
def panel(request: HttpRequest, public_id: str) -> HttpResponse:
    """The earliest times, or the one that is held."""
    case = visible_case(request, public_id)
    if not is_htmx(request):
        return redirect("case", case.public_id)
    return _panel(request, case, count=AT_MOST if "more" in request.GET else AT_FIRST)


@page
@require_GET
def gain(request: HttpRequest, public_id: str) -> HttpResponse:
    """What moving cases that nobody has confirmed would gain: a hint, asked for after the times are there."""
    case = visible_case(request, public_id)
    context = {"gain": earliest_slots.gain(case, to=request.user), **_clock(case)}  # type: ignore[arg-type]
    return render(request, "scheduling/cases/_gain.html", context)


@page
@require_POST
def hold(request: HttpRequest, public_id: str) -> HttpResponse:
    case = visible_case(request, public_id)
    access.require(request.user, "case.book", case)
    try:
        holds.hold(case, request.POST.get("slot", ""), by=request.user)  # type: ignore[arg-type]
    except Conflict as error:
        return _refused(request, case, error)
    return _panel(request, case) if is_htmx(request) else redirect("case", case.public_id)


@page
@require_POST
def book(request: HttpRequest, public_id: str) -> HttpResponse:
    row = _held(request, public_id)
    try:
        case = holds.confirm(row, by=request.user)  # type: ignore[arg-type]
    except Conflict as error:
        return _refused(request, row.case, error)
    start = row.start.astimezone(row.team.institution.tz)
    words = {"case": case, "day": clock.day(start.date()), "time": clock.hour(start)}
    messages.success(request, _("%(case)s is booked for %(day)s %(time)s. Everybody who shall come is asked.") % words)
    url = reverse("case", args=[case.public_id])
    return go(url) if is_htmx(request) else redirect(url)


@page
@require_POST
def let_go(request: HttpRequest, public_id: str) -> HttpResponse:
    row = _held(request, public_id)
    holds.release(row, by=request.user)  # type: ignore[arg-type]
    return _panel(request, row.case) if is_htmx(request) else redirect("case", row.case.public_id)


@page
@require_POST
def of_typed(request: HttpRequest) -> HttpResponse:
    """The promise to a referral that is still being written. Nothing is saved."""
    form, institution, before = typed(request)
    case = typed_case(form, institution, before)
    context: dict[str, Any] = {"case": case, "slots": []}
    if case is not None and earliest_slots.asks_for_a_time(case):
        context |= {"offers": _offers(earliest_slots.earliest_slots(case, AT_FIRST)), "asked": True, **_clock(case)}
        context["lacking"] = _lacking(case)
    context["teamless"] = case is not None and case.status == CaseStatus.SUBMITTED
    return render(request, "scheduling/cases/_promise_typed.html", context)


# What the panel shows -------------------------------------------------------------------------------------------------


def _panel(request: HttpRequest, case: Case, *, count: int = AT_FIRST, refusal: str = "") -> HttpResponse:
    held = holds.of(case)
    context: dict[str, Any] = {
        "case": case,
        "refusal": refusal,
        "hold": held,
        "may_book": access.can(request.user, "case.book", case),
        **_clock(case),
    }
    if held is not None:
        context["people"] = earliest_slots.attendees(case, held)
        context["left_s"] = max(1, int((held.expires_at - timezone.now()).total_seconds()) + 1)
    else:
        found = earliest_slots.earliest_slots(case, count)
        context |= {
            "offers": _offers(found),
            "lacking": _lacking(case),
            "more": count < AT_MOST and len(found) == count,
        }
        if not found:
            context["may_look_at_plan"] = access.can(request.user, "plan.view", None)
    return render(request, "scheduling/cases/_promise.html", context, status=422 if refusal else 200)


def _offers(slots: list[earliest_slots.Slot]) -> list[dict[str, Any]]:
    """Each slot with how long it is from now."""
    now = timezone.now()
    return [{"slot": slot, "in_min": (slot.start - now).total_seconds() // 60} for slot in slots]


def _lacking(case: Case) -> list[str]:
    return [wording.material_text(code) for code in earliest_slots.held_back(case)]


def _clock(case: Case) -> dict[str, Any]:
    """Times are those of the hospital that meets."""
    return {"hospital_zone": case.team.institution.zone} if case.team else {}


def _held(request: HttpRequest, public_id: str) -> Hold:
    """The hold at this address, for whoever may book its case; else 404."""
    visible = access.visible(request.user, Case.objects.all())
    rows = Hold.objects.filter(case__in=visible).select_related("case__team__institution", "team__institution")
    row = get_object_or_404(rows, public_id=public_id)
    access.require(request.user, "case.book", row.case)
    return row


def _refused(request: HttpRequest, case: Case, error: Conflict) -> HttpResponse:
    if not is_htmx(request):
        raise error
    return _panel(request, case, refusal=error.message)
