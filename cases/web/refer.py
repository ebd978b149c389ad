"""Referring a case, and changing its facts: the form asks what the catalogue wants to know, the answer follows live."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases.diagnoses import code_search
from cases.models import Case
from cases.services import intake, patients, workflow
from cases.states import CaseStatus
from cases.web.common import is_emergency, live_answer, rules_today, visible_case
from cases.web.forms import EditForm, FactsForm, ReferralForm
from experts import roles
from experts.models import Institution, Role
from mdt_portal import access
from mdt_portal.errors import DomainError, StaleState
from mdt_portal.fields import new_public_id
from mdt_portal.web.pages import add_errors, onward, page

REFERRERS = (Role.REFERRER, Role.COORDINATOR, Role.EXPERT, Role.CHAIR)


@page
@require_http_methods(["GET", "POST"])
def refer(request: HttpRequest) -> HttpResponse:
    """A new case, as a draft or handed in. The token of the form makes one case of two clicks."""
    access.require(request.user, "case.refer")
    institutions = referring(request)
    form = _referral_form(request, institutions)
    if form.is_bound:
        submit = request.POST.get("action") == "submit"
        form.is_valid()
        if submit:
            form.ready_to_submit()
        only_looks = request.POST.get("action") == "look"
        case = None if form.errors or only_looks else _take_in(form, request, submit=submit)
        if case is not None:
            messages.success(request, _message(case))
            return redirect("case", case.public_id)
    institution = institutions[0] if institutions else None
    may_import = access.can(request.user, "case.import")
    context = _form_context(form, live_answer(form, institution)) | {"may_import": may_import}
    return render(request, "cases/refer.html", context, status=422 if form.is_bound else 200)


def _take_in(form: ReferralForm, request: HttpRequest, *, submit: bool) -> Case | None:
    try:
        case, is_new = intake.take_in(
            by=request.user,  # type: ignore[arg-type]
            institution=form.cleaned_data["institution"],
            identity=form.identity(),
            submit=submit,
            key=f"form:{form.cleaned_data['token']}",
            code=form.chosen,
            code_raw=form.code_raw,
            **form.details(),
        )
    except patients.IdentityInDoubt as error:
        form.doubt(error)
        return None
    except DomainError as error:
        add_errors(form, error)
        return None
    if not is_new and not form.describes(case):
        form.renew()
        words = _("This form was sent already, as %(case)s. What stands here now is not saved: send it once more.")
        form.add_error(None, words % {"case": case})
        return None
    return case


def _message(case: Case) -> str:
    if case.status == CaseStatus.DRAFT:
        return _("%(case)s is saved.") % {"case": case}
    return _("%(case)s is handed in.") % {"case": case}


def _referral_form(request: HttpRequest, institutions: list[Institution]) -> ReferralForm:
    return ReferralForm(
        request.POST if request.method == "POST" else None,
        rules=rules_today(),
        institutions=institutions,
        initial={"token": new_public_id()},
    )


def referring(request: HttpRequest) -> list[Institution]:
    """The hospitals from which the reader may refer."""
    return list(roles.institutions(request.user, *REFERRERS))  # type: ignore[arg-type]


def _form_context(form: FactsForm, sheet: Any) -> dict[str, Any]:
    chosen = code_search.named(form.chosen)
    return {"form": form, "sheet": sheet, "chosen": chosen, "emergency": is_emergency(form), "nav": "refer"}


@page
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Supply or change the facts of a case; past the draft, the catalogue decides anew."""
    case = visible_case(request, public_id)
    access.require(request.user, "case.edit", case)
    initial = EditForm.initial_of(case)
    if code := request.GET.get("code", "")[:8]:  # a more exact diagnosis, chosen on the case page
        initial["code"] = code
    form = EditForm(request.POST if request.method == "POST" else None, rules=rules_today(), initial=initial)
    stale = ""
    if form.is_bound and form.is_valid():
        try:
            version = form.cleaned_data["version"]
            case = workflow.edit(
                case,
                by=request.user,
                version=version,
                code=form.chosen,
                code_raw=form.code_raw,
                **form.details(case),
            )
        except StaleState as error:
            stale = error.message
        except DomainError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("%(case)s is changed.") % {"case": case})
            return redirect(onward(request, reverse("case", args=[case.public_id])))
    sheet = live_answer(form, case.institution, case) if form.is_bound else _as_it_is(case, initial)
    context = _form_context(form, sheet) | {"case": case, "stale": stale, "nav": "queue"}
    return render(request, "cases/edit.html", context, status=409 if stale else 422 if form.is_bound else 200)


def _as_it_is(case: Case, initial: dict[str, Any]) -> Any:
    form = EditForm(initial, rules=rules_today())
    return live_answer(form, case.institution, case)


# What the forms ask for while they are filled in ----------------------------------------------------------------------


@page
@require_POST
def answer(request: HttpRequest) -> HttpResponse:
    """The catalogue's answer to what the form holds right now. Nothing is written."""
    form, institution, before = typed(request)
    sheet = live_answer(form, institution, before)
    context = {"sheet": sheet, "handed_in": before and before.submitted_at, "emergency": is_emergency(form)}
    return render(request, "cases/_answer.html", context)


def typed(request: HttpRequest) -> tuple[FactsForm, Institution | None, Case | None]:
    """The form as it is being filled in, the hospital that refers, and the case whose facts it changes, if any."""
    access.require(request.user, "case.refer")
    before = _before(request)
    if before:
        return EditForm(request.POST, rules=rules_today()), before.institution, before
    form = ReferralForm(request.POST, rules=rules_today(), institutions=referring(request))
    form.is_valid()
    return form, form.cleaned_data.get("institution"), None


@page
@require_POST
def facts(request: HttpRequest) -> HttpResponse:
    """The questions that the catalogue asks at the diagnosis that was just chosen; what was answered is kept."""
    access.require(request.user, "case.refer")
    before = _before(request)
    form = (EditForm if before else FactsForm)(request.POST, rules=rules_today())
    form.errors.clear()  # nobody has sent the form yet
    context = _form_context(form, None) | {"more_exact": "more_exact" in request.POST}
    return render(request, "cases/_facts.html", context)


@page
@require_GET
def codes(request: HttpRequest) -> HttpResponse:
    """Diagnoses that fit what is being typed."""
    access.require(request.user, "case.refer")
    text = request.GET.get("search", "")[:120].strip()
    found = code_search.search(text, rules_today()) if len(text) > 1 else []
    return render(request, "cases/_codes.html", {"found": found, "text": text})


def _before(request: HttpRequest) -> Case | None:
    """The case whose form is open, if it is not a new one."""
    public_id = request.POST.get("case", "")
    if not public_id:
        return None
    case = visible_case(request, public_id)
    access.require(request.user, "case.edit", case)
    return case
