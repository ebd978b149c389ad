"""The calendar feed, and the page on which an expert gets its address."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from experts.models import Expert
from mdt_portal.errors import NotAllowed
from mdt_portal.web.pages import SignedInRequest, page
from scheduling.sessions import ical, notifications


@never_cache
@require_GET
def feed(request: HttpRequest, key: str) -> HttpResponse:
    """The feed behind a secret address, in the expert's language."""
    expert = ical.by_key(key)
    if expert is None:
        raise Http404
    with translation.override(notifications.language_of(expert)):
        body = ical.feed(expert)
    return HttpResponse(
        body,
        content_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": 'inline; filename="mdt.ics"', "X-Robots-Tag": "noindex, nofollow"},
    )


@page
@require_POST
def address(request: SignedInRequest) -> HttpResponse:
    """Make the address, renew it, or close the feed."""
    expert = Expert.objects.filter(user=request.user).first()
    if expert is None:
        raise NotAllowed(_("You are not listed as an expert, so there is no calendar."))
    if request.POST.get("action") == "close":
        ical.close(expert, by=request.user)
        messages.success(request, _("The calendar address is closed; nothing is at it any more."))
    else:
        ical.renew(expert, by=request.user)
        messages.success(request, _("Here is your calendar address. An older one is dead from now on."))
    return redirect("my_seats")
