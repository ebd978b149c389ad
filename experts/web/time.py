"""An expert's own time: the ordinary week, days that differ from it, and leave."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_list_or_404, get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from experts.availability import engagements, free_time, time_keeping, weekly_hours
from experts.availability.core import week_grid, week_pattern
from experts.models import Expert
from experts.web.time_forms import ExceptionForm, LeaveForm, StretchForm, WeekForm
from mdt_portal import access
from mdt_portal.errors import DomainError, NotAllowed
from mdt_portal.web import pages
from mdt_portal.web.pages import SignedInRequest, page

WEEK, STRETCH, EXCEPTION, LEAVE = "week", "stretch", "exception", "leave"
DROP_STRETCH, DROP_EXCEPTION, DROP_LEAVE = "drop_stretch", "drop_exception", "drop_leave"


@page
def my_time(request: SignedInRequest) -> HttpResponse:
    """One's own time."""
    expert = Expert.objects.filter(user=request.user).first()
    if expert is None:
        raise NotAllowed(_("You are not listed as an expert, so there is no time to keep."))
    return _time(request, expert, mine=True)


@page
def expert_time(request: SignedInRequest, public_id: str) -> HttpResponse:
    """The time of somebody else, kept by a coordinator."""
    expert = get_object_or_404(access.visible(request.user, Expert.objects.all()), public_id=public_id)
    return _time(request, expert, mine=expert.user_id == request.user.pk)


def _time(request: SignedInRequest, expert: Expert, *, mine: bool) -> HttpResponse:
    """Show the forms; a POST says in `action` which of them it is."""
    access.require(request.user, "expert.change_availability", expert)
    action = request.POST.get("action", "")
    forms: dict[str, Form] = {
        WEEK: WeekForm(request.POST if action == WEEK else None, expert=expert),
        STRETCH: StretchForm(request.POST if action == STRETCH else None, prefix=STRETCH),
        EXCEPTION: ExceptionForm(request.POST if action == EXCEPTION else None, prefix=EXCEPTION),
        LEAVE: LeaveForm(request.POST if action == LEAVE else None, prefix=LEAVE),
    }
    if request.method == "POST" and _done(request, expert, action, forms.get(action)):
        messages.success(request, _("Your time is saved."))
        return redirect(request.path)
    today = timezone.now().date()
    context = {
        "nav": "my_seats" if mine else "people",
        "expert": expert,
        "mine": mine,
        **{f"{name}_form": form for name, form in forms.items()},
        "others": _others(expert),
        "exceptions": expert.availability_exceptions.filter(date__gte=today),
        "leaves": expert.leaves.filter(last_day__gte=today),
        "clashes": engagements.clashes(expert),
        "hospital_cells": " ".join(one.key for one in _open_cells(expert)),
    }
    return render(request, "experts/time.html", context, status=422 if request.method == "POST" else 200)


def _others(expert: Expert) -> list[dict[str, Any]]:
    """The stretches that do not hold in every week, in words."""
    rows = [(row.pk, week_pattern.of_rows([row])[0]) for row in expert.weekly_availability.all()]  # type: ignore[attr-defined]
    return [{"pk": pk, "words": weekly_hours.in_words(span)} for pk, span in rows if not span.always]


def _open_cells(expert: Expert) -> set[week_grid.Cell]:
    """The half hours in which the main employer is open."""
    home = free_time.home_of(expert, timezone.now().date())
    rows = home.opening_hours.all() if home else ()  # type: ignore[attr-defined]
    return week_grid.split((row.weekday, row.start, row.end) for row in rows)[0]


def _done(request: SignedInRequest, expert: Expert, action: str, form: Form | None) -> bool:
    """Carry an action out; False where its form has to be looked at again."""
    by = request.user
    if action == DROP_STRETCH:
        rows = get_list_or_404(expert.weekly_availability, pk=_number(request))
        time_keeping.remove_stretch(expert, week_pattern.of_rows(rows)[0], by=by)
        return True
    if action == DROP_EXCEPTION:
        row = get_object_or_404(expert.availability_exceptions, pk=_number(request))
        time_keeping.remove_exception(row, by=by)
        return True
    if action == DROP_LEAVE:
        time_keeping.remove_leave(get_object_or_404(expert.leaves, pk=_number(request)), by=by)
        return True
    if form is None or not form.is_valid():
        return False
    services: dict[str, Callable[[dict[str, Any]], object]] = {
        WEEK: lambda _asked: time_keeping.set_week(expert, form.hours(), by=by),  # type: ignore[attr-defined]
        STRETCH: lambda _asked: time_keeping.add_stretch(expert, form.span(), by=by),  # type: ignore[attr-defined]
        EXCEPTION: lambda asked: time_keeping.add_exception(expert, by=by, **asked),
        LEAVE: lambda asked: time_keeping.add_leave(expert, by=by, **asked),
    }
    try:
        services[action](form.cleaned_data)
    except DomainError as error:
        pages.add_errors(form, error)
        return False
    return True


def _number(request: SignedInRequest) -> int:
    text = request.POST.get("row", "")
    return int(text) if text.isdecimal() else 0
