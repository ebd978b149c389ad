"""What all pages share: whoever reads is signed in, a refusal becomes words, and an answer to htmx may say something.

    @page
    def withdraw(request, public_id): ...       parse, authorise, call one service, answer

A view lets every DomainError pass. htmx gets it as JSON, which app.js shows as a notice over the untouched page; a
whole page gets templates/refused.html with the way back. Both carry the error's own status (400, 403, 409).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.decorators import login_required
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from mdt_portal.errors import DomainError
from mdt_portal.models import User

View = Callable[..., HttpResponse]


class SignedInRequest(HttpRequest):
    """What a view behind `page` gets: somebody is signed in."""

    user: User


def page(view: View) -> View:
    """A view for whoever is signed in; a DomainError becomes words with the status that belongs to it."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except DomainError as error:
            return refused(request, error)

    return login_required(guarded)


def refused(request: HttpRequest, error: DomainError) -> HttpResponse:
    """The refusal as this request can show it."""
    if is_htmx(request):
        answer = {"code": error.code, "message": error.message, "fields": error.fields}
        return JsonResponse(answer, status=error.status)
    context = {"message": error.message, "back": came_from(request)}
    return render(request, "refused.html", context, status=error.status)


def is_htmx(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


def came_from(request: HttpRequest, default: str = "/") -> str:
    """The page of this portal from which the request came."""
    referer = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(referer, {request.get_host()}, require_https=request.is_secure()):
        return default
    parts = urlsplit(referer)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def wanted_next(request: HttpRequest) -> str:
    """The address of this portal at which a form wants to go on (its field `next`); empty where it wants none."""
    address = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure()):
        return ""
    return address


THEN = "then"
"""Carried in the address of a page that was opened from a list of work: which kind of work comes next, or `all`."""


def onward(request: HttpRequest, otherwise: str) -> str:
    """Where one goes after saving: to the next of the list from which the page was opened, else `otherwise`."""
    kind = request.GET.get(THEN, "")
    if not re.fullmatch(r"[a-z_]{1,30}", kind):
        return otherwise
    return f"{reverse('today_next')}?{urlencode({THEN: kind, 'done': request.path})}"


def say(response: HttpResponse, level: str, text: str, *, event: str = "") -> HttpResponse:
    """Let an answer to htmx show a notice as well, and raise an event; levels are those of the part `note`."""
    raised = {event: {}} if event else {}
    response["HX-Trigger"] = json.dumps({"portal:say": {"level": level, "text": str(text)}, **raised})
    return response


def go(url: str) -> HttpResponse:
    """Tell htmx to open another page."""
    return HttpResponse(status=204, headers={"HX-Redirect": url})


def add_errors(form: BaseForm, error: DomainError) -> None:
    """Put a service's refusal beside the fields that it names; what fits no field goes to the top of the form."""
    named = {name: texts for name, texts in error.fields.items() if name in form.fields}
    for name, texts in named.items():
        form.add_error(name, texts)
    if not named:
        form.add_error(None, error.message)
