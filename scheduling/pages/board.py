"""The week board."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from mdt_portal import access
from mdt_portal.pages import SignedInRequest, page
from scheduling.pages import scope, week
from scheduling.pages.weeks import Week


@page
def board(request: SignedInRequest) -> HttpResponse:
    """`?week=2026-W48&institution=<public id>`: one hospital's week; what is not given is chosen sensibly."""
    access.require(request.user, "plan.look")
    hospitals = scope.looked_at(request.user)
    if not hospitals:
        return render(request, "scheduling/board_empty.html", {"nav": "board"})
    asked = request.GET.get("institution")
    hospital = next((one for one in hospitals if one.public_id == asked), hospitals[0])
    shown = Week.parse(request.GET.get("week", "")) or week.default(hospital)
    count, nearest = week.waiting(request.user, hospital)
    context = {
        "nav": "board",
        "nav_style": "rail",
        "hospital": hospital,
        "hospitals": hospitals,
        "hospital_zone": hospital.zone,
        "board": week.board(request.user, hospital, shown),
        "previous": shown.plus(-1),
        "this_week": Week.around(timezone.now().astimezone(hospital.tz).date()),
        "next": shown.plus(1),
        "waiting_count": count,
        "waiting": nearest,
        "may_plan": access.can(request.user, "plan.request", [hospital]),
    }
    return render(request, "scheduling/board.html", context)
