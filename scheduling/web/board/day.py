"""One day of the board on a time axis: rooms, teams or people, with what is free between the sessions."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from mdt_portal import access
from mdt_portal.i18n import clock, typed_time
from mdt_portal.web.pages import SignedInRequest, page
from scheduling.selectors.days import board_day as day_board
from scheduling.selectors.weeks import YEARS, Month, Week
from scheduling.web import scope
from scheduling.web.board.board import VIEWS, chosen_hospital


@page
@require_GET
def board_day(request: SignedInRequest) -> HttpResponse:
    """`?day=2026-12-01&institution=…&by=person`; without a day: today."""
    access.require(request.user, "plan.view")
    hospitals = scope.looked_at(request.user)
    if not hospitals:
        return render(request, "scheduling/board/empty.html", {"nav": "board"})
    hospital = chosen_hospital(request, hospitals)
    today = timezone.now().astimezone(hospital.tz).date()
    on = typed_time.read_day(request.GET.get("day", "")) or today
    on = on if on.year in YEARS else today
    by = request.GET.get("by", VIEWS[0])
    by = by if by in VIEWS else VIEWS[0]
    week = Week.around(on)
    way = urlencode({"institution": hospital.public_id, "week": week, "by": by})
    context = {
        "nav": "board",
        "hospital": hospital,
        "hospital_zone": hospital.zone,
        "hospitals": hospitals,
        "board": day_board.of(request.user, hospital, on, by=by),
        "day_words": clock.day(on, today=today),
        "week": week,
        "week_url": f"{reverse('board')}?{way}",
        "month": Month.around(on),
        "today": today,
        "before": on - timedelta(days=1),
        "after": on + timedelta(days=1),
    }
    return render(request, "scheduling/board/day.html", context)
