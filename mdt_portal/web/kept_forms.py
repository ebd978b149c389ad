"""A form that is sent after the session has ended is kept, and sent again once its writer has signed in.

Who the writer is says a signed cookie that outlives the session; without it, or for anybody else, nothing is kept or
shown. What was typed stands encrypted in the database for half an hour, and never in the browser's storage. A file
cannot be put back into a page: its form waits until the file is chosen again. htmx needs none of this: its page stays.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from mdt_portal.models import KeptForm, User
from mdt_portal.web.pages import SignedInRequest, came_from, is_htmx, page

WRITER_COOKIE = "writer"
WRITER_FOR = timedelta(days=7)
KEPT_FOR = timedelta(minutes=30)
MOST_OF_ONE = 20
"""Kept forms of one person at a time; the oldest goes."""
LONGEST = 256 * 1024
"""Characters of a form that is kept; none of ours comes near it."""
MARK = "_kept"
"""The field by which a form that is sent again names what was kept."""
NOT_KEPT = frozenset({"csrfmiddlewaretoken", MARK})


class KeepForms:
    """Middleware, behind authentication: keeps what a redirect to the sign-in page would lose."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        again = _sent_again(request)
        if again is not None and (back := json.loads(again.content).get("back")):
            request.META["HTTP_REFERER"] = request.build_absolute_uri(back)
        response = self.get_response(request)
        if again is not None and response.status_code < 500:
            again.delete()
        if _is_lost(request, response):
            kept = _keep(request)
            if kept is not None:
                where = reverse("kept_form", args=[kept.public_id])
                response["Location"] = f"{urlsplit(response['Location']).path}?{urlencode({'next': where})}"
        _remember_writer(request, response)
        return response


def waits_at(address: str) -> bool:
    """Whether a kept form waits behind this address."""
    return urlsplit(address).path.startswith(_base())


def forget_old() -> int:
    """Delete what nobody came back for; returns how many."""
    return KeptForm.objects.filter(kept_at__lt=timezone.now() - KEPT_FOR).delete()[0]


# The page -------------------------------------------------------------------------------------------------------------


@never_cache
@page
@require_GET
def kept_form(request: SignedInRequest, public_id: str) -> HttpResponse:
    """What was kept, as a form that sends itself the first time that it is shown; afterwards a button does."""
    kept = _own(request.user).filter(public_id=public_id).first()
    if kept is None:
        messages.warning(request, _("What was sent before is not kept any more, or somebody else had written it."))
        return redirect("/")
    content = json.loads(kept.content)
    first = kept.shown_at is None
    if first:
        KeptForm.objects.filter(pk=kept.pk).update(shown_at=timezone.now())
    context = {
        "kept": kept,
        "mark": MARK,
        "fields": [(name, value) for name, values in content["fields"].items() for value in values],
        "files": content["files"],
        "at_once": first and not content["files"],
        "back": content["back"],
    }
    return render(request, "kept_form.html", context)


@page
@require_POST
def drop(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Throw away what was kept."""
    _own(request.user).filter(public_id=public_id).delete()
    messages.info(request, _("Thrown away. Nothing was sent."))
    return redirect("/")


# Keeping --------------------------------------------------------------------------------------------------------------


def _own(user: User) -> QuerySet[KeptForm]:
    return KeptForm.objects.filter(user=user, kept_at__gte=timezone.now() - KEPT_FOR)


def _base() -> str:
    return reverse("kept_form", args=["-"]).removesuffix("-/")


def _is_lost(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Whether a plain form was answered with the way to the sign-in page, which comes back to this address."""
    if request.method != "POST" or response.status_code != 302 or is_htmx(request):
        return False
    to = urlsplit(response["Location"])
    if to.path not in {reverse(settings.LOGIN_URL), reverse("admin:login")}:
        return False
    return parse_qs(to.query).get("next") == [request.get_full_path()] and not request.user.is_authenticated


def _keep(request: HttpRequest) -> KeptForm | None:
    """What was sent, for its writer; None where nobody knows who that is, or where it is too long."""
    writer = _writer(request)
    if writer is None:
        return None
    content = json.dumps(
        {
            "fields": {name: values for name, values in request.POST.lists() if name not in NOT_KEPT},
            "files": [{"name": name, "file": str(file.name)} for name, file in request.FILES.items()],  # type: ignore[union-attr]
            "back": came_from(request),
        },
        ensure_ascii=False,
    )
    if len(content) > LONGEST:
        return None
    forget_old()
    kept = KeptForm.objects.create(user=writer, address=request.get_full_path(), content=content)
    newest = KeptForm.objects.filter(user=writer).values_list("pk", flat=True)[:MOST_OF_ONE]
    KeptForm.objects.filter(user=writer).exclude(pk__in=list(newest)).delete()
    return kept


def _sent_again(request: HttpRequest) -> KeptForm | None:
    """What was kept of the form that the page of this module sends now."""
    if request.method != "POST" or not waits_at(came_from(request)):
        return None
    mark = request.POST.get(MARK, "")
    if not mark or not request.user.is_authenticated:
        return None
    return _own(request.user).filter(public_id=mark, address=request.get_full_path()).first()  # type: ignore[arg-type]


def _writer(request: HttpRequest) -> User | None:
    pk = request.get_signed_cookie(WRITER_COOKIE, default="", max_age=WRITER_FOR)
    return User.objects.filter(pk=int(pk), is_active=True).first() if pk and pk.isdecimal() else None


def _remember_writer(request: HttpRequest, response: HttpResponseBase) -> None:
    """Let the browser keep who is signed in, beyond the session; no name, and readable by nobody but the portal."""
    session: Any = getattr(request, "session", None)
    if session is None or not session.accessed or not (pk := session.get(SESSION_KEY)):
        return
    if request.get_signed_cookie(WRITER_COOKIE, default="", max_age=WRITER_FOR - timedelta(days=1)) != pk:
        response.set_signed_cookie(  # type: ignore[attr-defined]
            WRITER_COOKIE, pk, max_age=WRITER_FOR, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
        )
