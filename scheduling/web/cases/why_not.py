"""Why not? One case without a place or with a late one: the sentence, the rules tried, what would help, doing it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from cases.models import Case
from cases.web.common import visible_case
from cases.web.forms import ReasonForm
from experts.models import Affiliation, Expert
from mdt_portal import access
from mdt_portal.errors import DomainError
from mdt_portal.models import User
from mdt_portal.web import pages
from mdt_portal.web.pages import SignedInRequest, page
from scheduling.explain import remedies, setup_gaps, time_requests, why_not, why_not_text
from scheduling.explain.setup_gaps import SetupGap
from scheduling.explain.why_not import WhyNot
from scheduling.models import PlanningRun, Proposal, TimeRequest
from scheduling.states import TimeRequestStatus
from scheduling.web.cases import placement_constraints


@page
@require_GET
def explanation(request: SignedInRequest, public_id: str) -> HttpResponse:
    """`?proposal=…` asks about that plan; without, about what is published now."""
    case = visible_case(request, public_id)
    access.require(request.user, "plan.view", None)
    proposal = _proposal(request, request.GET.get("proposal", ""))
    found = why_not.of(case, proposal=proposal)
    known = why_not_text.names(found)
    gaps = setup_gaps.of(case, found, known)
    may = access.can(request.user, "case.plan", case)
    context = {
        "nav": "queue",
        "case": case,
        "found": found,
        "sentences": [gap.text for gap in gaps] or why_not_text.sentences(found, known),
        "gaps": [(gap, list(_mended_at(request.user, gap, may=may))) for gap in gaps],
        "steps": why_not_text.steps(found, known),
        "remedies": why_not_text.remedies(case, found, known),
        "with_reason": remedies.WITH_REASON,
        "next_plan": remedies.NEXT_PLAN,
        "people": _people(found, case, known),
        "proposal": proposal,
        "run": proposal.run if proposal else _latest_run(case),
        "placement_constraints": placement_constraints.of_cases(request.user, [case.pk]),
        "asked": TimeRequest.objects.filter(case=case).select_related("expert"),
        "may": may,
        "hospital_zone": case.team.institution.zone,
        "starts_until": found.basis.horizon.end,
    }
    return render(request, "scheduling/cases/why.html", context)


def _mended_at(user: User, gap: SetupGap, *, may: bool) -> Iterator[tuple[str, str]]:
    """Where the gap is mended, as addresses and their words; none where the reader may not (`may`: plan the case)."""
    if gap.mend == "people":
        asked = urlencode({"discipline": gap.discipline, "hospital": gap.hospital.public_id, "state": "all"})
        yield f"{reverse('people')}?{asked}", _("Look at the people")
    elif gap.mend == "time":
        for expert in gap.experts if may else ():
            yield reverse("expert_time", args=[expert.public_id]), _("Time of %(name)s") % {"name": expert.name}
    elif gap.mend == "hours":
        if user.is_staff and user.has_perm("experts.change_institution"):
            yield reverse("admin:experts_institution_change", args=[gap.hospital.pk]), _("Enter opening hours")
    else:
        yield reverse(gap.mend), _("Look at the rooms") if gap.mend == "rooms" else _("Look at the standing times")


def _proposal(request: SignedInRequest, public_id: str) -> Proposal | None:
    if not public_id:
        return None
    return get_object_or_404(access.visible(request.user, Proposal.objects.select_related("run")), public_id=public_id)


def _latest_run(case: Case) -> PlanningRun | None:
    rows = PlanningRun.objects.filter(institutions=case.team.institution).defer("problem", "progress")
    return rows.order_by("-pk").first()


def _people(found: WhyNot, case: Case, known: why_not_text.Names) -> list[dict[str, Any]]:
    """Who could take the seats that decide: name, title, discipline, and when they are free first."""
    ids = {one.expert for one in found.people}
    experts = Expert.objects.in_bulk(ids)
    rows = Affiliation.objects.filter(expert__in=ids).select_related("title").order_by("home")
    titles = {row.expert_id: row.title.name for row in rows}
    keys = {seat.id: seat.discipline for seat in found.basis.problem.case_of[case.pk].seats}
    moment = found.basis.horizon.moment
    return [
        {
            "expert": experts[one.expert],
            "title": titles.get(one.expert, ""),
            "discipline": known.get(("discipline", keys[one.seat]), keys[one.seat]),
            "next_free": moment(one.next_free) if one.next_free is not None else None,
        }
        for one in found.people
        if one.expert in experts
    ]


@page
@require_http_methods(["GET", "POST"])
def why_apply(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Do what would help; what weakens a demand asks for its reason in a dialog first."""
    case = visible_case(request, public_id)
    access.require(request.user, "case.plan", case)
    given = request.POST if request.method == "POST" else request.GET
    back = reverse("why_not", args=[case.public_id])  # what was computed before says nothing of the change
    code, proposal = given.get("code", ""), _proposal(request, given.get("proposal", ""))
    wants_reason = code in remedies.WITH_REASON
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and (not wants_reason or form.is_valid()):
        try:
            remedies.apply(
                case,
                by=request.user,
                code=code,
                seat=int(given["seat"]) if given.get("seat", "").isdigit() else None,
                expert=_expert(given.get("expert", "")),
                reason=form.cleaned_data["reason"] if wants_reason else "",
                proposal=proposal,
            )
        except DomainError as error:
            if not wants_reason:
                raise
            pages.add_errors(form, error)
        else:
            messages.success(request, _done(code))
            return pages.go(back) if pages.is_htmx(request) else redirect(back)
    context = {"case": case, "form": form, "given": given, "code": code}
    return render(request, "scheduling/cases/_why_apply.html", context, status=422 if form.is_bound else 200)


def _expert(public_id: str) -> int | None:
    return get_object_or_404(Expert, public_id=public_id).pk if public_id else None


def _done(code: str) -> str:
    if code == "ask_expert":
        return _("The expert is asked. You see the answer here and may then plan again.")
    return _("Done. Plan again, and the case can get its place.")


# An expert is asked for time ------------------------------------------------------------------------------------------


@page
@require_http_methods(["GET", "POST"])
def time_request(request: SignedInRequest, public_id: str) -> HttpResponse:
    """The expert answers; or the coordinator notes down what was said by phone."""
    rows = TimeRequest.objects.select_related("expert__user", "case__team__institution", "by")
    asked = get_object_or_404(access.visible(request.user, rows), public_id=public_id)
    if request.method == "POST":
        access.require(request.user, "time_request.answer", asked)
        answer = time_requests.agree if request.POST.get("answer") == "agree" else time_requests.refuse
        answer(asked, by=request.user)
        messages.success(request, _("Thank you, your answer is noted."))
        return redirect("time_request", asked.public_id)
    mine = asked.expert.user_id == request.user.pk
    context = {
        "nav": "queue" if not mine else "",
        "asked": asked,
        "state": TimeRequestStatus(asked.status),
        "mine": mine,
        "may_answer": access.can(request.user, "time_request.answer", asked),
        "hospital_zone": asked.case.team.institution.zone,
    }
    return render(request, "scheduling/cases/time_request.html", context)
