"""The ticked cases of the queue: one action on all of them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from cases.services import bulk
from mdt_portal.models import User
from mdt_portal.web.pages import page, say


@page
@require_POST
def perform(request: HttpRequest) -> HttpResponse:
    """Do one action to the ticked cases, say what became of it, and let the list be read again."""
    user: User = request.user  # type: ignore[assignment]
    cases = bulk.chosen(user, request.POST.getlist("case"))
    level, text = bulk.perform(request.POST.get("action", ""), cases, by=user, team_id=request.POST.get("team", ""))
    return say(HttpResponse(status=204), level, text, event="queue:changed")


@page
@require_GET
def choose_team(request: HttpRequest) -> HttpResponse:
    """The dialog that gives the ticked cases to a team."""
    user: User = request.user  # type: ignore[assignment]
    cases = bulk.chosen(user, request.GET.getlist("case"))
    return render(request, "scheduling/queue/_bulk_team.html", {"cases": cases, "teams": bulk.teams(user)})
