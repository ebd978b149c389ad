"""A proposal: what publishing would change, and the two decisions, publish or discard."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from mdt_portal import access
from mdt_portal.errors import Conflict, DomainError, RuleError
from mdt_portal.i18n import phrases
from mdt_portal.web.pages import SignedInRequest, page
from scheduling.models import Proposal
from scheduling.planning import runs
from scheduling.problem.core.horizon import Horizon
from scheduling.publishing import fitting, publication
from scheduling.selectors import planned_sessions, review, weeks
from scheduling.selectors.weeks import Week
from scheduling.states import RunStatus
from scheduling.web.cases import placement_constraints


@page
@require_GET
def proposal(request: SignedInRequest, public_id: str) -> HttpResponse:
    return _show(request, _find(request, public_id))


@page
@require_GET
def reasons(request: SignedInRequest, public_id: str) -> HttpResponse:
    """The table of changes once more, with what each of them buys: asked for when the page is there, since it takes
    seconds."""
    found = _find(request, public_id)
    hospital = found.run.institutions.order_by("pk")[0]
    context = {
        "proposal": found,
        "review": review.of(found, request.user, with_reasons=True),
        "hospital_zone": hospital.zone,
        "reasoned": True,
    }
    return render(request, "scheduling/planning/_changes.html", context)


@page
@require_POST
def publish(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Publish, and go to the week that it begins with; so does whoever comes second with the same plan (a double click,
    a tab left open). A lost race is shown on the proposal's page, with 409."""
    found = _find(request, public_id)
    access.require(request.user, "plan.publish", found.run)
    try:
        outcome = publication.publish(found, by=request.user)
    except Conflict as error:
        found.refresh_from_db()
        if found.published_at:
            messages.info(request, _("This plan is already published. Nobody is told twice."))
            return redirect(_week_of(found))
        found.run.refresh_from_db()
        return _show(request, found, conflict=error)
    notified = ngettext("%(n)d person is told.", "%(n)d people are told.", outcome.notified) % {"n": outcome.notified}
    messages.success(request, phrases.sentences(_("The plan is published."), notified))
    return redirect(_week_of(found))


@page
@require_POST
def fit(request: SignedInRequest, public_id: str) -> HttpResponse:
    """A plan that the week has overtaken, fitted to it; then one reviews that one. A refusal is shown on the page."""
    found = _find(request, public_id)
    access.require(request.user, "plan.publish", found.run)
    try:
        fitted = fitting.fit(found, by=request.user)
    except (Conflict, RuleError) as error:
        return _show(request, found, conflict=error)
    messages.success(request, _what_held(fitted))
    return redirect("proposal", fitted.proposal.public_id)


def _what_held(fitted: fitting.Fitted) -> str:
    kept = ngettext("%(n)d session holds as it was planned.", "%(n)d sessions hold as they were planned.", fitted.kept)
    anew = ngettext("%(n)d session is planned anew.", "%(n)d sessions are planned anew.", fitted.anew)
    lost = ngettext("%(n)d case waits again.", "%(n)d cases wait again.", len(fitted.lost))
    return phrases.sentences(
        kept % {"n": fitted.kept},
        anew % {"n": fitted.anew} if fitted.anew else "",
        lost % {"n": len(fitted.lost)} if fitted.lost else "",
    )


@page
@require_POST
def discard(request: SignedInRequest, public_id: str) -> HttpResponse:
    found = _find(request, public_id)
    access.require(request.user, "run.control", found.run)
    runs.discard(found.run, by=request.user)
    messages.info(request, _("The plan was put aside. Nothing was sent."))
    return redirect("runs")


def _find(request: SignedInRequest, public_id: str) -> Proposal:
    rows = access.visible(request.user, Proposal.objects.select_related("run"))
    return get_object_or_404(rows, public_id=public_id)


def _show(request: SignedInRequest, found: Proposal, conflict: DomainError | None = None) -> HttpResponse:
    run = found.run
    hospitals = list(run.institutions.order_by("pk"))
    horizon = Horizon.around(run.horizon_start, run.horizon_days, hospitals[0].tz)
    noted = placement_constraints.of_run(request.user, run)
    context = {
        "nav": "runs",
        "proposal": found,
        "run": run,
        "state": RunStatus(run.status),
        "open": run.status == RunStatus.PROPOSED,
        "weeks": weeks.span_title(run.horizon_start, run.horizon_days),
        "board_url": _week_of(found),
        "review": review.of(found, request.user),
        "conflict": conflict,
        "alternatives": run.proposals.defer("plan"),
        "meetings": planned_sessions.of(
            found, horizon, request.user, constrained={one.constraint.case_id for one in noted}
        ),
        "placement_constraints": noted,
        "may_publish": access.can(request.user, "plan.publish", run),
        "hospitals": hospitals,
        "hospital_zone": hospitals[0].zone,
    }
    return render(request, "scheduling/planning/proposal.html", context, status=conflict.status if conflict else 200)


def _week_of(found: Proposal) -> str:
    """The board of the first hospital, in the week of the plan's first session."""
    hospital = found.run.institutions.order_by("pk")[0]
    first = found.sessions.filter(institution=hospital).order_by("start").first()
    day = first.start.astimezone(hospital.tz).date() if first else found.run.horizon_start
    return f"{reverse('board')}?institution={hospital.public_id}&week={Week.around(day)}"
