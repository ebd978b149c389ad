"""One month of the board as a calendar, whose days and weeks lead to theirs."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from mdt_portal import access
from mdt_portal.i18n import clock
from mdt_portal.web.pages import SignedInRequest, page
from scheduling.selectors.days import board_month as month_board
from scheduling.selectors.weeks import Month
from scheduling.web import scope
from scheduling.web.board.board import chosen_hospital


@page
@require_GET
def board_month(request: SignedInRequest) -> HttpResponse:
    """`?month=2026-12&institution=…`; without a month: this one."""
    access.require(request.user, "plan.view")
    hospitals = scope.looked_at(request.user)
    if not hospitals:
        return render(request, "scheduling/board/empty.html", {"nav": "board"})
    hospital = chosen_hospital(request, hospitals)
    this = Month.around(timezone.now().astimezone(hospital.tz).date())
    context = {
        "nav": "board",
        "hospital": hospital,
        "hospital_zone": hospital.zone,
        "hospitals": hospitals,
        "board": month_board.of(request.user, hospital, Month.parse(request.GET.get("month", "")) or this),
        "weekdays": clock.WEEKDAYS,
        "this_month": this,
    }
    return render(request, "scheduling/board/month.html", context)
