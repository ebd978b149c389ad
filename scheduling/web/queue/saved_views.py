"""The saved views of the queue: keep the filters that are set under a name, drop a view."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from cases.selectors import case_queue
from mdt_portal import saved_views
from mdt_portal.errors import RuleError
from mdt_portal.models import SavedView, User
from mdt_portal.web.pages import go, page


def context(user: User, filters: Mapping[str, str]) -> dict[str, Any]:
    """The reader's views, and whether the filters may become another; one query."""
    now = urlencode({key: filters[key] for key in case_queue.KEPT if filters.get(key)})
    saved = saved_views.of(user, case_queue.PAGE)
    kept = next((view for view in saved if view.query == now), None)
    return {"saved": saved, "query": now, "kept_view": kept, "can_keep": bool(now) and kept is None}


@page
@require_http_methods(["GET", "POST"])
def keep(request: HttpRequest) -> HttpResponse:
    """The dialog that names a view. The filters come in the address."""
    user: User = request.user  # type: ignore[assignment]
    name = request.POST.get("name", "")
    error = ""
    if request.method == "POST":
        try:
            view = saved_views.keep(
                by=user, page=case_queue.PAGE, name=name, filters=request.GET.dict(), known=case_queue.KEPT
            )
        except RuleError as refusal:
            error = refusal.message
        else:
            messages.success(request, _("The view “%(name)s” is kept.") % {"name": view.name})
            return go(f"{reverse('queue')}?{view.query}")
    shown = {"name": name, "error": error, "address": request.get_full_path()}
    return render(request, "scheduling/queue/_view_keep.html", shown, status=422 if error else 200)


@page
@require_POST
def drop(request: HttpRequest, public_id: str) -> HttpResponse:
    """Delete one of the reader's own views; the filters stay as they are."""
    view = get_object_or_404(SavedView, public_id=public_id, user=request.user, page=case_queue.PAGE)
    saved_views.drop(view)
    messages.success(request, _("The view “%(name)s” is gone; no case was touched.") % {"name": view.name})
    return redirect(f"{reverse('queue')}?{urlencode(parse_qsl(view.query))}")
