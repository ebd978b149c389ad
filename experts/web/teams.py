"""Teams: by hospital, with chair and core members; one team's form."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from experts.models import Institution, Team
from experts.roster import hospitals, list_orders
from experts.web import common
from experts.web.pool_forms import TeamForm
from mdt_portal import access
from mdt_portal.errors import DomainError
from mdt_portal.tables.lists import Column, Listing
from mdt_portal.web import pages
from mdt_portal.web.pages import SignedInRequest, page

LIST = Listing(
    name="teams",
    default="name",
    columns=(
        Column(key="institution", label=gettext_lazy("Hospital"), cell=lambda team: team.institution, on_page=False),
        Column(key="name", label=gettext_lazy("Team"), order=list_orders.TEAMS["name"], cell=lambda team: team),
        Column(
            key="disease_group",
            label=gettext_lazy("Disease group"),
            order=list_orders.TEAMS["disease_group"],
            cell=lambda team: team.disease_group,
        ),
        Column(
            key="lead_discipline",
            label=gettext_lazy("Lead discipline"),
            order=list_orders.TEAMS["lead_discipline"],
            cell=lambda team: team.lead_discipline,
        ),
        Column(
            key="chair", label=gettext_lazy("Chair"), order=list_orders.TEAMS["chair"], cell=lambda team: team.chair
        ),
        Column(
            key="members",
            label=gettext_lazy("Core members"),
            order=("members",),
            cell=lambda team: team.members,
            css="num",
        ),
        Column(key="active", label=gettext_lazy("Active"), cell=lambda team: team.active, on_page=False),
    ),
)


@page
@require_GET
def team_list(request: SignedInRequest) -> HttpResponse:
    access.require(request.user, "pool.view")
    listing = LIST.of(request)
    rows = (
        access.visible(request.user, Team.objects.all())
        .select_related("institution", "disease_group", "lead_discipline", "chair")
        .annotate(members=Count("core_members"))
    )
    known = common.hospitals(request)
    groups: dict[int, dict[str, Any]] = {one.pk: {"hospital": one, "teams": []} for one in known}
    for team in sorted(listing.ordered(rows), key=lambda one: not one.active):
        groups[team.institution_id]["teams"].append(team)
    kept = {one.pk for one in common.kept(request)}
    for pk, group in groups.items():
        group["kept"] = pk in kept
    shown = [group for group in groups.values() if group["teams"] or group["kept"]]
    if listing.wanted:
        return listing.file(team for group in shown for team in group["teams"])
    context = {"nav": "people", "tab": "teams", "groups": shown, "listing": listing}
    return render(request, "experts/pools/teams.html", context)


@page
@require_http_methods(["GET", "POST"])
def new(request: SignedInRequest) -> HttpResponse:
    access.require(request.user, "pool.edit")
    at = common.chosen(request, common.kept(request))
    return _form(request, at, None)


@page
@require_http_methods(["GET", "POST"])
def team(request: SignedInRequest, public_id: str) -> HttpResponse:
    """One team; whoever does not keep its hospital reads it."""
    access.require(request.user, "pool.view")
    rows = access.visible(request.user, Team.objects.all())
    row = get_object_or_404(
        rows.select_related("institution", "disease_group", "lead_discipline", "chair"), public_id=public_id
    )
    return _form(request, row.institution, row)


def _form(request: SignedInRequest, at: Institution, row: Team | None) -> HttpResponse:
    form = TeamForm(request.POST or None, institution=at, team=row)
    if request.method == "POST":
        access.require(request.user, "pool.edit", at)
        if form.is_valid():
            try:
                hospitals.save_team(row, institution=at, by=request.user, **form.cleaned_data)
            except DomainError as error:
                pages.add_errors(form, error)
            else:
                messages.success(request, _("The team is saved."))
                return redirect("teams")
    context = {
        "nav": "people",
        "tab": "teams",
        "team": row,
        "hospital": at,
        "form": form,
        "may_edit": access.can(request.user, "pool.edit", at),
    }
    return render(request, "experts/pools/team.html", context, status=422 if form.is_bound else 200)
