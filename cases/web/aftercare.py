"""The pages after a discussion: the recommendation and its signing, and the look at whether it was carried out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cases.models import Case, Recommendation
from cases.selectors import case_queue
from cases.services import aftercare
from cases.states import AFTER_DISCUSSION, CaseStatus
from cases.web.aftercare_forms import AddendumForm, FollowUpForm, RecommendationForm
from cases.web.common import visible_case
from experts.models import Expert
from mdt_portal import access
from mdt_portal.errors import Conflict, RuleError, StaleState
from mdt_portal.tags.names import plain_name
from mdt_portal.web.pages import SignedInRequest, add_errors, onward, page

FIRST_FOLLOW_UP = timedelta(days=14)


def shown(request: HttpRequest, case: Case) -> dict[str, Any]:
    """What the case page says of what followed the discussion; a draft is for its writers only."""
    if case.status not in AFTER_DISCUSSION:
        return {}
    found = recommendation_of(case)
    writes = case.status == CaseStatus.DISCUSSED and access.can(request.user, "case.recommend", case)
    follow_ups = list(case.follow_ups.select_related("expert", "taken_by").order_by("-due", "-pk"))
    signed = found is not None and found.signed_at is not None
    today = aftercare.today_at(case, timezone.now())
    return {
        "followed": True,
        "recommendation": found if found and (found.signed_at or writes) else None,
        "may_recommend": writes,
        "may_add": signed and access.can(request.user, "case.recommend", case),
        "follow_ups": follow_ups,
        "follow_up_late": any(one.outcome == "" and one.due < today for one in follow_ups),
        "may_follow_up": case.status == CaseStatus.FOLLOWING_UP and access.can(request.user, "case.follow_up", case),
    }


def recommendation_of(case: Case) -> Recommendation | None:
    rows = Recommendation.objects.select_related("expert", "signed_by", "case").prefetch_related(
        "tasks__expert", "addenda__signed_by"
    )
    return rows.filter(case=case).first()


# Writing --------------------------------------------------------------------------------------------------------------


@page
@require_http_methods(["GET", "POST"])
def recommendation(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Write, keep as a draft, or sign. Where somebody else was faster, what was typed stays beside their words."""
    case = visible_case(request, public_id)
    access.require(request.user, "case.recommend", case)
    before = recommendation_of(case)
    signs = request.POST.get("action") == "sign"
    form = RecommendationForm(
        request.POST if request.method == "POST" else None, initial=_initial(case, before), complete=signs
    )
    theirs, status = None, 200
    if form.is_bound and form.is_valid():
        service = aftercare.conclude if signs else aftercare.draft
        try:
            service(case, by=request.user, words=form.words(), version=form.cleaned_data["version"])
        except RuleError as error:
            add_errors(form, error)
        except StaleState as error:
            theirs = recommendation_of(case)
            form.add_error(None, error.message)
            status = error.status
            form.go_on_from(theirs.version if theirs and not theirs.signed_at else 0)
        else:
            return _written(request, case, signed=signs)
    elif not form.is_bound and case.status != CaseStatus.DISCUSSED:
        return redirect("case", case.public_id)
    context = _about(case) | {"form": form, "theirs": theirs, "people": people(case), "draft": before}
    return render(request, "cases/recommendation.html", context, status=status if status != 200 else _status(form))


def _initial(case: Case, before: Recommendation | None) -> dict[str, Any]:
    """The draft; else two weeks ahead, and the referrer who calls."""
    if before is not None:
        tasks = [{"what": one.what, "who": str(one.person), "due": one.due} for one in before.tasks.all()]
        own = {"text": before.text, "next_follow_up_on": before.next_follow_up_on, "who": str(before.person)}
        return own | {"version": before.version, "tasks": tasks}
    first = aftercare.today_at(case, timezone.now()) + FIRST_FOLLOW_UP
    return {"version": 0, "next_follow_up_on": first, "who": plain_name(case.referrer), "tasks": []}


def _written(request: SignedInRequest, case: Case, *, signed: bool) -> HttpResponse:
    if signed:
        notice = (
            _("The recommendation of %(case)s is signed; the referrer is told.")
            if case.referrer_id
            else _("The recommendation of %(case)s is signed.")
        )
        messages.success(request, notice % {"case": case})
        return redirect(onward(request, reverse("case", args=[case.public_id])))
    messages.success(request, _("The draft is kept; only those who may sign it see it."))
    return redirect("case_recommendation", case.public_id)


@page
@require_http_methods(["GET", "POST"])
def addendum(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Add to what is signed. Where somebody else was faster, what was typed stays beside what they have added."""
    case = visible_case(request, public_id)
    access.require(request.user, "case.recommend", case)
    signed = recommendation_of(case)
    if signed is None or signed.signed_at is None:
        return redirect("case_recommendation", case.public_id)
    form = AddendumForm(request.POST if request.method == "POST" else None, initial={"seen": len(signed.addenda.all())})
    status = 200
    if form.is_bound and form.is_valid():
        try:
            aftercare.add_addendum(case, by=request.user, **form.cleaned_data)
        except StaleState as error:
            signed = recommendation_of(case)
            form.add_error(None, error.message)
            form.go_on_from(len(signed.addenda.all()) if signed else 0)
            status = error.status
        else:
            messages.success(request, _("The addendum to the recommendation of %(case)s is signed.") % {"case": case})
            return redirect(onward(request, reverse("case", args=[case.public_id])))
    context = _about(case) | {"form": form, "recommendation": signed}
    return render(request, "cases/addendum.html", context, status=status if status != 200 else _status(form))


def people(case: Case) -> list[str]:
    """Names that are offered while one types: the referrer and the team."""
    names = [plain_name(case.referrer)] if case.referrer else []
    if case.team is not None:
        team = [case.team.chair, *case.team.core_members.all()]
        names += [one.name for one in team if isinstance(one, Expert)]
    return list(dict.fromkeys(names))


# Looking --------------------------------------------------------------------------------------------------------------


@page
@require_http_methods(["GET", "POST"])
def follow_up(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Carried out or not, and what comes then."""
    case = visible_case(request, public_id)
    access.require(request.user, "case.follow_up", case)
    found = case.follow_ups.select_related("expert").filter(outcome="").first()
    if request.method == "GET" and (case.status != CaseStatus.FOLLOWING_UP or found is None):
        return redirect("case", case.public_id)
    today = aftercare.today_at(case, timezone.now())
    form = FollowUpForm(request.POST if request.method == "POST" else None, initial=_follow_up_initial(found, today))
    status = 200
    if form.is_bound and form.is_valid():
        try:
            case = aftercare.record_follow_up(case, by=request.user, **form.given())
        except RuleError as error:
            add_errors(form, error)
        except Conflict as error:
            form.add_error(None, error.message)
            status = error.status
            found = case.follow_ups.select_related("expert").filter(outcome="").first()
            form.go_on_from(found.public_id if found else "")
        else:
            closed = case.status == CaseStatus.CLOSED
            said = (
                _("The look is kept; %(case)s is closed.")
                if closed
                else _("The look is kept, and the next one is set.")
            )
            messages.success(request, said % {"case": case})
            return redirect(onward(request, reverse("case", args=[case.public_id])))
    context = _about(case) | {"form": form, "follow_up": found, "late": bool(found and found.due < today)}
    context |= {"people": people(case), "recommendation": recommendation_of(case)}
    return render(request, "cases/follow_up.html", context, status=status if status != 200 else _status(form))


def _follow_up_initial(found: Any, today: date) -> Mapping[str, Any]:
    if found is None:
        return {}
    return {"follow_up": found.public_id, "who": str(found.person), "next_follow_up_on": today + FIRST_FOLLOW_UP}


def _status(form: Any) -> int:
    return 422 if form.errors else 200


def _about(case: Case) -> dict[str, Any]:
    return {"nav": "queue", "case": case, "title": case_queue.about(case), "whom": case_queue.whom(case)}
