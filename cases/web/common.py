"""What the pages of a case share: finding it, the catalogue's rules of today, the live answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone

from cases.catalogue import answer_text, rulebook, wording
from cases.catalogue.answer_text import Sheet
from cases.catalogue.core.evaluation import Rule
from cases.models import Case, Urgency
from cases.selectors import material_state, steps
from cases.services import workflow
from cases.states import CaseStatus, MaterialStatus
from cases.web.forms import FactsForm
from experts.models import Institution
from mdt_portal import access
from mdt_portal.errors import DomainError


def visible_case(request: HttpRequest, public_id: str) -> Case:
    """The case at this address, if the reader may see it; else 404."""
    rows = Case.objects.select_related("institution", "team__institution", "team__disease_group", "patient", "referrer")
    return get_object_or_404(access.visible(request.user, rows), public_id=public_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One line of the checklist."""

    pk: int
    name: str
    state: MaterialStatus
    note: str
    origin: Institution | None
    changed_at: datetime | None


def checklist(case: Case) -> dict[str, Any]:
    """What scheduling/cases/_materials.html shows: the things, what is missing first, and how many those are."""
    things = [
        Thing(
            pk=item.pk,
            name=wording.material_text(item.code),
            state=MaterialStatus(item.status),
            note=item.note,
            origin=item.origin,
            changed_at=item.changed_at,
        )
        for item in case.materials.select_related("origin")
    ]
    things.sort(key=lambda thing: thing.state != MaterialStatus.MISSING)
    missing = sum(1 for thing in things if thing.state == MaterialStatus.MISSING)
    return {"case": case, "materials": things, "missing": missing}


def ahead(case: Case) -> dict[str, Any]:
    """What scheduling/cases/_next.html shows: what comes next, and whether the checklist keeps the case back."""
    return {
        "state": CaseStatus(case.status),
        "next": steps.next_step(case),
        "held_back": case.status == CaseStatus.WAITING
        and material_state.holds_back(case, len(material_state.missing(case))),
    }


def rules_today() -> tuple[Rule, ...]:
    return rulebook.in_force(rulebook.today())


def live_answer(form: FactsForm, institution: Institution | None, before: Case | None = None) -> Sheet | None:
    """What the catalogue says to the form as far as it is filled in; None while there is no diagnosis."""
    if not form.chosen:
        return None
    form.is_valid()  # what is wrong is left out of the facts, what is right counts
    try:
        answer = workflow.evaluate_facts(code=form.chosen, institution=institution, **form.details(before))
    except DomainError:
        return None
    most = institution.emergency_limit_h if is_emergency(form) and institution else None
    since = before.submitted_at if before and before.submitted_at else timezone.now()
    return answer_text.preview(answer, now=since, most_hours=most)


def is_emergency(form: FactsForm) -> bool:
    """Whether the urgency that stands in the form is an emergency's."""
    return form["urgency"].value() == Urgency.EMERGENCY


def typed_case(form: FactsForm, institution: Institution | None, before: Case | None = None) -> Case | None:
    """The case as it would stand if the form were handed in as it is; None while that cannot be said."""
    if not form.chosen or institution is None:
        return None
    form.is_valid()
    at = before.submitted_at if before else None
    try:
        return workflow.imagine(code=form.chosen, institution=institution, at=at, **form.details(before))
    except DomainError:
        return None
