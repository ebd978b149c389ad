"""The week board: looked at by rooms, teams or people, kept fresh, and the rail of cases without a place."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from experts.models import Institution
from mdt_portal import access
from mdt_portal.web.pages import SignedInRequest, page
from scheduling.board import moves
from scheduling.selectors import week
from scheduling.selectors.weeks import Week
from scheduling.web import scope
from scheduling.web.board import rail

VIEWS = ("room", "team", "person")


@page
@require_GET
def board(request: SignedInRequest) -> HttpResponse:
    """`?week=2026-W48&institution=<public id>&by=team`: one hospital's week; what is not given is chosen sensibly."""
    access.require(request.user, "plan.view")
    hospitals = scope.looked_at(request.user)
    if not hospitals:
        return render(request, "scheduling/board/empty.html", {"nav": "board"})
    hospital = chosen_hospital(request, hospitals)
    shown = Week.parse(request.GET.get("week", "")) or week.default(hospital)
    count, nearest = rail.waiting(request.user, hospital)
    context = _board(request, hospital, shown) | {
        "nav": "board",
        "nav_style": "rail",
        "hospitals": hospitals,
        "previous": shown.plus(-1),
        "this_week": Week.around(timezone.now().astimezone(hospital.tz).date()),
        "next": shown.plus(1),
        "waiting_count": count,
        "waiting": nearest,
        "found": count,
    }
    return render(request, "scheduling/board/board.html", context)


@page
@require_GET
def live(request: SignedInRequest) -> HttpResponse:
    """`&state=…`: nothing (204) while the page is up to date, else the board and the rail as they are now.

    `&days=1` gets the week one day after the other, for phones, in place of the grid.
    """
    access.require(request.user, "plan.view")
    hospital = chosen_hospital(request, scope.looked_at(request.user))
    shown = Week.parse(request.GET.get("week", "")) or week.default(hospital)
    if week.is_current(request.GET.get("state", ""), hospital, shown):
        return HttpResponse(status=204)
    context = _board(request, hospital, shown) | _rail(request, hospital)
    return render(request, "scheduling/board/_live.html", context | {"by_days": request.GET.get("days") == "1"})


@page
@require_GET
def rail_list(request: SignedInRequest) -> HttpResponse:
    """`&week=2026-W48&find=…`: the cases without a place that a search finds, beside that week's board."""
    access.require(request.user, "plan.view")
    hospital = chosen_hospital(request, scope.looked_at(request.user))
    may_plan = access.can(request.user, "plan.request", [hospital])
    week_shown = {"week": Week.parse(request.GET.get("week", "")) or week.default(hospital)}
    context = {"hospital_zone": hospital.zone, "may_plan": may_plan, "board": week_shown} | _rail(request, hospital)
    return render(request, "scheduling/board/_rail_list.html", context)


def chosen_hospital(request: SignedInRequest, hospitals: list[Institution]) -> Institution:
    """The hospital that the address names, else the reader's own."""
    asked = request.GET.get("institution")
    access.require(request.user, "plan.view")
    return next((one for one in hospitals if one.public_id == asked), hospitals[0])


def _board(request: SignedInRequest, hospital: Institution, shown: Week) -> dict[str, Any]:
    may_plan = access.can(request.user, "plan.request", [hospital])
    by = request.GET.get("by", VIEWS[0])
    by = by if by in VIEWS else VIEWS[0]
    return {
        "hospital": hospital,
        "hospital_zone": hospital.zone,
        "board": week.board(request.user, hospital, shown, by=by, movable=may_plan),
        "may_plan": may_plan,
        "tally": rail.tally(request.user, hospital),
        "last": moves.last(request.user, hospital) if may_plan else None,
    }


def _rail(request: SignedInRequest, hospital: Institution) -> dict[str, Any]:
    text = request.GET.get("find", "")
    count, nearest = rail.waiting(request.user, hospital, text)
    total = rail.waiting(request.user, hospital)[0] if text else count
    return {"waiting_count": total, "found": count, "waiting": nearest, "find": text}
