"""Experts' answers: my seats, one invitation (also noted down by the coordinator), and the link of a mail."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from experts.availability import engagements
from experts.models import Expert
from mdt_portal import access
from mdt_portal.errors import DomainError, RuleError
from mdt_portal.web.pages import SignedInRequest, add_errors, page, wanted_next
from scheduling.models import Attendance, Invitation
from scheduling.selectors import afterwork, commitments, worklist
from scheduling.sessions import ical, invitations, notifications
from scheduling.states import LIVE_SESSIONS, InvitationStatus
from scheduling.web.sessions.declining import DeclineForm

ACCEPT, DECLINE = "accept", "decline"


def _attendances() -> QuerySet[Attendance]:
    """Attendances with what an expert must know: how many cases are theirs, and how many there are."""
    return (
        Attendance.objects.filter(session__isnull=False)
        .select_related("expert__user", "invitation", "session__team", "session__room", "session__institution")
        .annotate(
            own_cases=Count("seats__item", filter=Q(seats__item__active=True), distinct=True),
            all_cases=Count("session__items", filter=Q(session__items__active=True), distinct=True),
        )
        .order_by("start", "pk")
    )


def _part(invitation: Invitation) -> Attendance:
    return _attendances().get(pk=invitation.attendance_id)


# My seats -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    date: date
    parts: list[Attendance]


@page
@require_GET
def my_seats(request: SignedInRequest) -> HttpResponse:
    access.require(request.user, "seat.mine")
    rows = list(
        _attendances().filter(
            expert__user=request.user, active=True, session__status__in=LIVE_SESSIONS, end__gt=timezone.now()
        )
    )
    expert, now = Expert.objects.filter(user=request.user).first(), timezone.now()
    context = {
        "nav": "my_seats",
        "is_expert": expert is not None,
        "calendar_address": ical.address(expert) if expert else "",
        "led": commitments.led(expert, now=now) if expert else [],
        "weeks": commitments.load(expert, now=timezone.now()) if expert else [],
        "away": {one.key for one in engagements.clashes(expert)} if expert else set(),
        "groups": worklist.grouped(worklist.in_order(afterwork.entries(request.user, now), now), now),
        "asked": [row for row in rows if row.invitation.status == InvitationStatus.PENDING],
        "days": _by_day(row for row in rows if row.invitation.status == InvitationStatus.ACCEPTED),
    }
    return render(request, "scheduling/sessions/my_seats.html", context)


def _by_day(rows: Iterable[Attendance]) -> list[Day]:
    def local_day(row: Attendance) -> date:
        assert row.session is not None
        return row.start.astimezone(row.session.institution.tz).date()

    return [Day(date=day, parts=list(parts)) for day, parts in groupby(rows, key=local_day)]


# One invitation -------------------------------------------------------------------------------------------------------


@page
def invitation(request: SignedInRequest, public_id: str) -> HttpResponse:
    """The expert answers; or the coordinator notes down what was said on the phone."""
    found = get_object_or_404(access.visible(request.user, Invitation.objects.all()), public_id=public_id)
    access.require(request.user, "invitation.answer", found)
    part = _part(found)
    mine = part.expert.user_id == request.user.pk
    form = _answered_form(request, found)
    if form is None:
        messages.success(request, _("Thank you for your answer.") if mine else _("The answer is noted."))
        if mine:
            return redirect("my_seats")
        return redirect(wanted_next(request) or reverse("session", args=[part.session.public_id]))
    context = {
        "nav": "my_seats" if mine else "sessions",
        "part": part,
        "state": InvitationStatus(found.status),
        "mine": mine,
        "form": form,
        "hospital_zone": part.session.institution.zone,
    }
    return render(request, "scheduling/sessions/invitation.html", context, status=422 if form.errors else 200)


def _answered_form(request: HttpRequest, found: Invitation) -> DeclineForm | None:
    """Carry the answer out and return None; or the form that is still to be filled in. GET changes nothing."""
    if request.method != "POST":
        return DeclineForm(invitation=found)
    by = request.user if request.user.is_authenticated else None
    if request.POST.get("answer") == ACCEPT:
        invitations.accept(found, by=by)
        return None
    form = DeclineForm(request.POST, invitation=found)
    if form.is_valid():
        try:
            invitations.decline(found, by=by, **form.answer())
        except RuleError as error:
            add_errors(form, error)
        else:
            return None
    return form


# The link of a mail ---------------------------------------------------------------------------------------------------


@never_cache
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Answer one invitation without a login. Looking at it changes nothing: scanners of mails look at links too."""
    with translation.override(_language(request, token)):
        try:
            response = _by_link(request, token)
        except DomainError as error:
            response = render(
                request, "scheduling/sessions/answer_dead.html", {"message": error.message}, status=error.status
            )
    response["X-Robots-Tag"] = "noindex, nofollow"
    # Not "no-referrer": with it browsers send no origin either, and the form would fail its CSRF check.
    response["Referrer-Policy"] = "same-origin"
    return response


def _by_link(request: HttpRequest, token: str) -> HttpResponse:
    done = invitations.answered_by_token(token)
    if done is not None and request.method != "POST":
        return _show(
            request, "scheduling/sessions/answer_thanks.html", _part(done), {"state": InvitationStatus(done.status)}
        )
    found = invitations.by_token(token)
    form = _answered_form(request, found)
    if form is None:
        return redirect("answer", token)
    context = {"form": form, "declining": request.method == "POST" or "no" in request.GET}
    return _show(request, "scheduling/sessions/answer.html", _part(found), context, status=422 if form.errors else 200)


def _show(
    request: HttpRequest, template: str, part: Attendance, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    shown = context | {"part": part, "hospital_zone": part.session.institution.zone}
    return render(request, template, shown, status=status)


def _language(request: HttpRequest, token: str) -> str:
    """The one that was chosen in this browser, else the expert's own; for the form and its errors like for the page."""
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    if chosen in dict(settings.LANGUAGES):
        return chosen
    expert = invitations.expert_of_token(token)
    return notifications.language_of(expert) if expert else translation.get_language() or settings.LANGUAGE_CODE
