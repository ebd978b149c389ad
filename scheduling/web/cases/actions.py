"""The actions on a case page. Each parses, asks who may, calls one service and answers."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from cases.catalogue.core import requirement
from cases.catalogue.core.requirement import Requirement, SeatNeed
from cases.models import Case, MaterialItem
from cases.selectors import steps
from cases.services import materials, patients, workflow
from cases.states import CaseStatus
from cases.web.common import ahead, checklist, visible_case
from cases.web.forms import OverrideForm, ReasonForm, TeamForm
from experts.models import Team
from mdt_portal import access
from mdt_portal.errors import DomainError, RuleError
from mdt_portal.web.pages import add_errors, came_from, go, is_htmx, page


@page
@require_POST
def submit(request: HttpRequest, public_id: str) -> HttpResponse:
    case = visible_case(request, public_id)
    access.require(request.user, "case.submit", case)
    case = workflow.submit(case, by=request.user)  # type: ignore[arg-type]
    messages.success(request, _("%(case)s is handed in.") % {"case": case})
    return redirect("case", case.public_id)


@page
@require_POST
def reevaluate(request: HttpRequest, public_id: str) -> HttpResponse:
    case = visible_case(request, public_id)
    access.require(request.user, "case.triage", case)
    case = workflow.reevaluate(case, by=request.user)  # type: ignore[arg-type]
    messages.success(request, _("The catalogue of today has answered."))
    return redirect("case", case.public_id)


@page
@require_http_methods(["GET", "POST"])
def override(request: HttpRequest, public_id: str) -> HttpResponse:
    """The dialog that sets a tier by hand."""
    case = visible_case(request, public_id)
    access.require(request.user, "case.override", case)
    form = OverrideForm(request.POST if request.method == "POST" else None, initial={"tier": case.tier})
    why = steps.to_decide(case) if case.status == CaseStatus.TO_DECIDE else ""
    if why:
        form.fields["reason"].label = _("Why do you decide so?")
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        needs = [SeatNeed(discipline=row.key, min_rank=data["min_rank"]) for row in data["seats"]]
        try:
            case = workflow.override(
                case,
                by=request.user,  # type: ignore[arg-type]
                tier=data["tier"],
                reason=data["reason"],
                seats=needs,
                minutes=data["minutes"],
                hours=data["hours"],
            )
        except RuleError as error:
            add_errors(form, error)
        else:
            return _done(request, case, _("The tier is set."))
    context = {"case": case, "form": form, "knows_seats": _knows_seats(case), "why": why}
    return render(request, "scheduling/cases/_override.html", context, status=422 if form.is_bound else 200)


@page
@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest, public_id: str) -> HttpResponse:
    """The dialog that asks for the discussion of a listed case; a coordinator then decides."""
    case = visible_case(request, public_id)
    access.require(request.user, "case.ask", case)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    form.fields["reason"].label = _("Why shall the team discuss it all the same?")
    if form.is_bound and form.is_valid():
        try:
            case = workflow.ask_for_discussion(case, by=request.user, reason=form.cleaned_data["reason"])  # type: ignore[arg-type]
        except DomainError as error:
            add_errors(form, error)
        else:
            return _done(request, case, _("Asked. %(next)s") % {"next": steps.who_decides(case)})
    context = {"case": case, "form": form, "next": steps.who_decides(case)}
    return render(request, "scheduling/cases/_ask.html", context, status=422 if form.is_bound else 200)


def _knows_seats(case: Case) -> bool:
    """Whether the catalogue already says who must come, so that nobody needs to be asked."""
    answer = requirement.from_json(case.requirement) if case.requirement else None
    certain = answer if isinstance(answer, Requirement) else answer.at_least if answer else None
    return certain is not None and bool(certain.seats)


@page
@require_http_methods(["GET", "POST"])
def team(request: HttpRequest, public_id: str) -> HttpResponse:
    """The dialog that gives the case to a team."""
    case = visible_case(request, public_id)
    access.require(request.user, "case.triage", case)
    teams = access.visible(request.user, Team.objects.filter(active=True).select_related("institution"))
    form = TeamForm(request.POST if request.method == "POST" else None, teams=teams, initial={"team": case.team})
    if form.is_bound and form.is_valid():
        try:
            case = workflow.assign_team(case, by=request.user, team=form.cleaned_data["team"])  # type: ignore[arg-type]
        except DomainError as error:
            add_errors(form, error)
        else:
            return _done(request, case, _("%(case)s belongs to %(team)s now.") % {"case": case, "team": case.team})
    return render(
        request, "scheduling/cases/_team.html", {"case": case, "form": form}, status=422 if form.is_bound else 200
    )


@page
@require_POST
def material(request: HttpRequest, public_id: str, item: int) -> HttpResponse:
    """Tick one thing off the checklist, or put it back."""
    case = visible_case(request, public_id)
    access.require(request.user, "case.edit", case)
    row = get_object_or_404(MaterialItem.objects.select_related("case"), pk=item, case=case)
    actions = {"receive": materials.receive, "waive": materials.waive, "reopen": materials.reopen}
    action = actions.get(request.POST.get("action", ""))
    if action is None:
        raise RuleError(_("The form holds something that the portal cannot read."))
    action(row, by=request.user)  # type: ignore[operator]
    return _ticked(request, case)


@page
@require_http_methods(["GET", "POST"])
def all_materials(request: HttpRequest, public_id: str) -> HttpResponse:
    """The checklist as a dialog, for a list of cases; sent: everything on it has come."""
    case = visible_case(request, public_id)
    if request.method == "GET":
        context = checklist(case) | {"may_edit": access.can(request.user, "case.edit", case)}
        return render(request, "scheduling/cases/_checklist_dialog.html", context)
    access.require(request.user, "case.edit", case)
    materials.receive_all(case, by=request.user)  # type: ignore[arg-type]
    return _ticked(request, case)


def _ticked(request: HttpRequest, case: Case) -> HttpResponse:
    """The checklist with what now comes next; `case:checklist` lets the rest of the page look again."""
    if not is_htmx(request):
        return redirect(reverse("case", args=[case.public_id]) + "#materials")
    response = render(request, "scheduling/cases/_ticked.html", checklist(case) | ahead(case) | {"may_edit": True})
    response["HX-Trigger"] = "case:checklist"
    return response


@page
@require_POST
def identity(request: HttpRequest, public_id: str) -> HttpResponse:
    """Who the patient is. Asked for on purpose, and every look is on record."""
    case = visible_case(request, public_id)
    access.require(request.user, "case.identity", case)
    who = patients.identity(case.patient, by=request.user, page="case")  # type: ignore[arg-type]
    may_take_apart = access.can(request.user, "patient.take_apart", case.patient)
    identifiers = list(case.patient.identifiers.all())
    context = {"case": case, "identity": who, "identifiers": identifiers, "may_take_apart": may_take_apart}
    return render(
        request, "scheduling/cases/_identity.html" if is_htmx(request) else "scheduling/cases/identity.html", context
    )


def _done(request: HttpRequest, case: Case, text: str) -> HttpResponse:
    """Back to the page on which the dialog stood: the case, or a list."""
    messages.success(request, text)
    return go(came_from(request, reverse("case", args=[case.public_id])))
