"""The call list: whom to call about tomorrow's sessions, reminding by hand, and noting a yes in place."""

from __future__ import annotations

from datetime import date, tzinfo

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from mdt_portal import access, shell
from mdt_portal.i18n import clock, phrases
from mdt_portal.web.pages import SignedInRequest, came_from, page
from scheduling.models import Session
from scheduling.selectors.days import call_list
from scheduling.sessions import reminders
from scheduling.sessions.reminders import Reminded


@page
@require_GET
def calls(request: SignedInRequest) -> HttpResponse:
    """`?day=2026-12-01` or `?session=…`; without, the sessions of tomorrow or of the next day that has any."""
    access.require(request.user, "plan.request", None)
    now, zone = timezone.now(), clock.zone(getattr(shell.home(request.user), "zone", None))
    coming = call_list.sessions(request.user, now)
    known = call_list.days(request.user, now, zone)
    one = coming.filter(public_id=request.GET.get("session", "")).first()
    today = now.astimezone(zone).date()
    day = one.start.astimezone(zone).date() if one else _day(request.GET.get("day", ""))
    day = day or call_list.first_day(known, today)
    chosen = coming.filter(pk=one.pk) if one else call_list.on_day(coming, day, zone) if day else coming.none()
    listed = call_list.of(chosen, now)
    context = {
        "nav": "today",
        "days": known,
        "day": day,
        "only": one,
        "listed": listed,
        "silent": sum(len(calls.silent) for calls in listed),
        "late": sum(callee.late for calls in listed for callee in calls.silent),
        "quiet_since": now - reminders.QUIET,
    }
    return render(request, "scheduling/sessions/calls.html", context)


@page
@require_POST
def remind(request: SignedInRequest) -> HttpResponse:
    """`invitation=…`, `session=…` or `day=…`: a mail to whoever of these has not answered."""
    access.require(request.user, "plan.request", None)
    now, zone = timezone.now(), clock.zone(getattr(shell.home(request.user), "zone", None))
    coming = call_list.sessions(request.user, now)
    invited = call_list.unanswered(_meant(request, coming, zone))
    if invitation := request.POST.get("invitation"):
        invited = invited.filter(public_id=invitation)
    done = reminders.remind(invited, by=request.user)
    (messages.success if done.sent else messages.warning)(request, _words(done))
    return redirect(came_from(request, "/calls/"))


def _meant(request: SignedInRequest, coming: QuerySet[Session], zone: tzinfo) -> QuerySet[Session]:
    if request.POST.get("invitation"):
        return coming
    if session := request.POST.get("session"):
        return coming.filter(public_id=session)
    day = _day(request.POST.get("day", ""))
    return call_list.on_day(coming, day, zone) if day else coming.none()


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _words(done: Reminded) -> str:
    """What was done, and why the others got nothing."""
    sent = ngettext("%(n)d person is reminded.", "%(n)d people are reminded.", done.sent) % {"n": done.sent}
    quiet = ngettext(
        "%(n)d was reminded less than an hour ago.", "%(n)d were reminded less than an hour ago.", done.quiet
    )
    unreachable = ngettext(
        "%(n)d has no e-mail address: please call.", "%(n)d have no e-mail address: please call.", done.unreachable
    )
    return phrases.sentences(
        sent if done.sent else "",
        quiet % {"n": done.quiet} if done.quiet else "",
        unreachable % {"n": done.unreachable} if done.unreachable else "",
        "" if done.sent or done.quiet or done.unreachable else _("Nobody is silent any more."),
    )
