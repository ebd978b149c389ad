"""The search of every page's head: cases, sessions and people in one list."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from mdt_portal.models import User
from mdt_portal.web.pages import is_htmx, page
from scheduling.selectors import global_search


@page
@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """What fits `q`. htmx gets the list alone; a case's whole number leads straight to the case."""
    user: User = request.user  # type: ignore[assignment]
    text = request.GET.get("q", "").strip()
    groups = global_search.find(text, user)
    hits = [hit for group in groups for hit in group.hits]
    if len(hits) == 1 and hits[0].number == text.upper() and not is_htmx(request):
        return redirect(hits[0].url)
    context = {"text": text, "groups": groups, "short": len(text) < global_search.SHORTEST}
    return render(
        request, "scheduling/today/_search_hits.html" if is_htmx(request) else "scheduling/today/search.html", context
    )
