"""What changed since the reader was last here."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET, require_POST

from mdt_portal.models import User
from mdt_portal.web.pages import page
from scheduling.selectors import news


@page
@require_GET
def changes(request: HttpRequest) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    now = timezone.now()
    context = {"groups": news.of(user, now), "since": news.last_visit(user, now), "until": now, "nav": "today"}
    return render(request, "scheduling/today/changes.html", context)


@page
@require_POST
def seen(request: HttpRequest) -> HttpResponse:
    """All that the page showed is read; what came after it was made stays news."""
    try:
        until = parse_datetime(request.POST.get("until", ""))
    except ValueError:
        until = None
    if until is not None and until.tzinfo is not None:
        news.mark_seen(by=request.user, until=until)  # type: ignore[arg-type]
    return redirect("today")
