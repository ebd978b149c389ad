"""Who is on call: one hospital's week, and the form that puts somebody on call, by the hospital's clock."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from experts.availability import on_call
from experts.availability.core.time_intervals import local_moment
from experts.models import Discipline, DiseaseGroup, Expert, Institution, OnCallDuty
from experts.roster import person_cards
from experts.web import common
from experts.web.pool_forms import date_field, time_field
from mdt_portal import access
from mdt_portal.errors import DomainError
from mdt_portal.web import pages
from mdt_portal.web.pages import SignedInRequest, page

DISCIPLINE, GROUP = "discipline:", "group:"


class DutyForm(forms.Form):
    """One duty; `answers_for` is empty for anything, else a discipline or a disease group by its key."""

    expert = forms.ModelChoiceField(Expert.objects.none(), label=gettext_lazy("Who"), to_field_name="public_id")
    answers_for = forms.ChoiceField(label=gettext_lazy("Answers for"), required=False)
    first_day = date_field(gettext_lazy("First day"))
    start = time_field(gettext_lazy("From"))
    last_day = date_field(gettext_lazy("Last day"))
    end = time_field(gettext_lazy("To"))

    def __init__(self, *args: Any, institution: Institution, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.institution = institution
        work = person_cards.present(institution.affiliations.all())  # type: ignore[attr-defined]
        people = Expert.objects.filter(active=True, pk__in=work.values("expert"))
        self.fields["expert"].queryset = people  # type: ignore[attr-defined]
        kept = Discipline.objects.filter(qualifications__expert__in=people).distinct()
        groups = DiseaseGroup.objects.filter(teams__institution=institution, teams__active=True).distinct()
        self.fields["answers_for"].choices = [  # type: ignore[attr-defined]
            ("", _("any emergency")),
            (_("Discipline"), [(f"{DISCIPLINE}{one.key}", one.name) for one in kept]),
            (_("Disease group"), [(f"{GROUP}{one.key}", one.name) for one in groups]),
        ]

    def filled(self) -> dict[str, Any]:
        """What the service takes; only of a valid form."""
        cells, zone = self.cleaned_data, self.institution.tz
        answers = cells["answers_for"]
        key = answers.partition(":")[2]
        return {
            "expert": cells["expert"],
            "start": local_moment(cells["first_day"], cells["start"], zone),
            "end": local_moment(cells["last_day"], cells["end"], zone),
            "discipline": Discipline.objects.get(key=key) if answers.startswith(DISCIPLINE) else None,
            "disease_group": DiseaseGroup.objects.get(key=key) if answers.startswith(GROUP) else None,
        }


@page
@require_http_methods(["GET", "POST"])
def duties(request: SignedInRequest) -> HttpResponse:
    """`?hospital=…&week=2026-W49`: who answers emergencies, week by week. A POST adds or takes away one duty."""
    access.require(request.user, "pool.view")
    known = common.hospitals(request)
    if not known:
        return redirect("hospitals")  # which says whom to ask for one
    at = common.chosen(request, known)
    now = timezone.now()
    monday = _monday(request.GET.get("week", ""), now.astimezone(at.tz).date())
    here = f"{reverse('on_call')}?hospital={at.public_id}&week={_week(monday)}"
    typed = request.method == "POST" and "drop" not in request.POST
    form = DutyForm(request.POST if typed else None, institution=at, initial={"first_day": max(monday, now.date())})
    if request.method == "POST":
        access.require(request.user, "pool.edit", at)
        if _done(request, at, form):
            return redirect(here)
    context = {
        "nav": "people",
        "tab": "on_call",
        "hospital": at,
        "hospital_zone": at.zone,
        "hospitals": known,
        "rows": on_call.of_week(at, monday),
        "on_duty": on_call.at([at], now),
        "monday": monday,
        "sunday": monday + timedelta(days=6),
        "previous": _week(monday - timedelta(days=7)),
        "week": _week(monday),
        "next": _week(monday + timedelta(days=7)),
        "now": now,
        "form": form,
        "may_edit": access.can(request.user, "pool.edit", at),
    }
    return render(request, "experts/pools/on_call.html", context, status=422 if form.is_bound else 200)


def _done(request: SignedInRequest, at: Institution, form: DutyForm) -> bool:
    """Carry out what was posted; False where the form has to be looked at again."""
    if "drop" in request.POST:
        row = get_object_or_404(OnCallDuty, institution=at, public_id=request.POST["drop"])
        on_call.remove(row, by=request.user)
        messages.success(request, _("The duty is taken away."))
        return True
    if not form.is_valid():
        return False
    try:
        on_call.add(at, by=request.user, **form.filled())
    except DomainError as error:
        pages.add_errors(form, error)
        return False
    messages.success(request, _("%(who)s is on call then.") % {"who": form.cleaned_data["expert"].name})
    return True


def _monday(text: str, today: date) -> date:
    """The Monday of a week such as `2026-W49`; of this week where the text is none."""
    found = re.fullmatch(r"(\d{4})-W(\d{2})", text, re.ASCII)
    try:
        monday = date.fromisocalendar(int(found[1]), int(found[2]), 1) if found else None
    except ValueError:
        monday = None
    if monday is None or not date(2000, 1, 1) < monday < date(2200, 1, 1):
        return today - timedelta(days=today.weekday())
    return monday


def _week(monday: date) -> str:
    year, number, _day = monday.isocalendar()
    return f"{year}-W{number:02}"
