"""Hospitals with their settings and opening hours; their special days."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from experts.availability import special_days
from experts.models import CalendarDay, Institution
from experts.roster import hospitals, list_orders
from experts.web import common
from experts.web.pool_forms import HospitalForm, SpecialDayForm
from mdt_portal import access
from mdt_portal.errors import DomainError
from mdt_portal.tables.lists import Column, Listing
from mdt_portal.web import pages
from mdt_portal.web.pages import SignedInRequest, page


def _number(key: str, label: Promise) -> Column:
    return Column(
        key=key,
        label=label,
        order=list_orders.INSTITUTIONS[key],
        cell=lambda one: getattr(one, key),
        css="num",
    )


LIST = Listing(
    name="hospitals",
    default="name",
    columns=(
        Column(
            key="name", label=gettext_lazy("Hospital"), order=list_orders.INSTITUTIONS["name"], cell=lambda one: one
        ),
        Column(
            key="level",
            label=gettext_lazy("Level"),
            order=list_orders.INSTITUTIONS["level"],
            cell=lambda one: one.get_level_display(),
        ),
        _number("beds", gettext_lazy("Beds")),
        _number("answer_within_h", gettext_lazy("Answer within (h)")),
        _number("materials_lead_days", gettext_lazy("Materials before (working days)")),
        _number("max_session_min", gettext_lazy("Longest session (min)")),
    ),
)


@page
@require_GET
def hospital_list(request: SignedInRequest) -> HttpResponse:
    access.require(request.user, "pool.view")
    listing = LIST.of(request)
    rows = listing.ordered(access.visible(request.user, Institution.objects.all()))
    if listing.wanted:
        return listing.file(listing.whole(rows))
    context = {"nav": "people", "tab": "hospitals", "hospitals": list(rows), "listing": listing}
    return render(request, "experts/pools/hospitals.html", context)


@page
@require_http_methods(["GET", "POST"])
def hospital(request: SignedInRequest, public_id: str) -> HttpResponse:
    """The settings of one hospital; whoever does not keep it reads them."""
    access.require(request.user, "pool.view")
    row = common.hospital(request, public_id)
    may_edit = access.can(request.user, "pool.edit", row)
    form = HospitalForm(request.POST or None, institution=row)
    if request.method == "POST":
        access.require(request.user, "pool.edit", row)
        if form.is_valid():
            try:
                hospitals.change(row, settings=form.settings(), hours=form.hours(), by=request.user)
            except DomainError as error:
                pages.add_errors(form, error)
            else:
                messages.success(request, _("Saved. The next plan follows it."))
                return redirect("hospital", row.public_id)
    context = {"nav": "people", "tab": "hospitals", "hospital": row, "form": form, "may_edit": may_edit}
    return render(request, "experts/pools/hospital.html", context, status=422 if form.is_bound else 200)


@page
@require_http_methods(["GET", "POST"])
def days(request: SignedInRequest) -> HttpResponse:
    """The special days of twelve months, where there is a hospital yet. A POST adds or takes away one of its own."""
    access.require(request.user, "pool.view")
    known = common.hospitals(request)
    if not known:
        return redirect("hospitals")  # which says whom to ask for one
    row = common.chosen(request, known)
    form = SpecialDayForm(
        request.POST if request.method == "POST" and not {"drop", "compared"} & request.POST.keys() else None
    )
    here = f"{reverse('special_days')}?hospital={row.public_id}"
    if request.method == "POST":
        access.require(request.user, "pool.edit", row)
        if "drop" in request.POST:
            own = CalendarDay.objects.filter(institution=row)
            special_days.remove_day(get_object_or_404(own, date=_iso(request.POST["drop"])), by=request.user)
            return redirect(here)
        if "compared" in request.POST:
            year = request.POST["compared"]
            special_days.compared(row, int(year) if year.isdecimal() and len(year) <= 4 else 0, by=request.user)
            return redirect(here)
        if form.is_valid():
            asked = form.cleaned_data
            try:
                special_days.set_day(row, asked["date"], working=asked["working"], name=asked["name"], by=request.user)
            except DomainError as error:
                pages.add_errors(form, error)
            else:
                messages.success(request, _("The day is set. Plans made from now on follow it."))
                return redirect(here)
    now = timezone.now()
    today = now.astimezone(row.tz).date()
    context = {
        "nav": "people",
        "tab": "days",
        "hospital": row,
        "hospitals": known,
        "months": list(special_days.days_in(special_days.ahead(row, today))),
        "predicted": [
            (year, special_days.due_from(row, year) <= now)
            for year in (today.year, today.year + 1)
            if special_days.is_predicted(row, year)
        ],
        "form": form,
        "may_edit": access.can(request.user, "pool.edit", row),
    }
    return render(request, "experts/pools/days.html", context, status=422 if form.is_bound else 200)


def _iso(text: str) -> str:
    """A date as it stands in a form; anything else finds nothing."""
    return text if len(text) == len("2026-01-01") and text.replace("-", "").isdecimal() else "1900-01-01"
