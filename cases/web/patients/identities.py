"""Records that may be of a known patient: the list, both side by side, and taking a wrong join apart."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from cases.fhir import imports
from cases.models import Case, Decision, HeldMatch, Patient, PatientIdentifier, Sex
from cases.selectors import identity_review
from cases.services import identity_review as services
from cases.services import patients
from cases.web.forms import BirthDateField, birth
from mdt_portal import access
from mdt_portal.errors import DomainError
from mdt_portal.i18n import phrases
from mdt_portal.tables.lists import Column, Listing
from mdt_portal.tables.orders import Named
from mdt_portal.web.pages import add_errors, page

LIST = Listing(
    name="identities",
    default="held_at",
    columns=(
        Column(
            key="candidate",
            label=gettext_lazy("Known patient"),
            order=("candidate",),
            cell=lambda row: str(row["held"].candidate),
        ),
        Column(
            key="institution",
            label=gettext_lazy("Hospital"),
            order=(Named("institution"), "held_at"),
            cell=lambda row: row["held"].institution,
        ),
        Column(key="reasons", label=gettext_lazy("What differs"), cell=lambda row: phrases.sentences(*row["reasons"])),
        Column(
            key="held_at",
            label=gettext_lazy("Held since"),
            order=("held_at",),
            cell=lambda row: row["held"].held_at,
        ),
        Column(key="compare", label=pgettext_lazy("two records", "Compare"), quiet=True),
    ),
)
"""Patients by their number only: a name is read where both records are compared, and that is written down."""


@page
@require_GET
def identities(request: HttpRequest) -> HttpResponse:
    access.require(request.user, "identity.review")
    listing = LIST.of(request)
    found = listing.ordered(identity_review.held(request.user))  # type: ignore[arg-type]
    rows = [{"held": held, "reasons": _reasons(held)} for held in found]
    if listing.wanted:
        return listing.file(listing.whole(rows))
    return render(request, "cases/patients/identities.html", {"rows": rows, "listing": listing, "nav": "today"})


@page
@require_http_methods(["GET", "POST"])
def held(request: HttpRequest, public_id: str) -> HttpResponse:
    """Both records side by side; joined or kept apart, what came with the held one is taken in."""
    access.require(request.user, "identity.review")
    rows = HeldMatch.objects.select_related("institution", "candidate__institution", "candidate__identity", "patient")
    row = get_object_or_404(access.visible(request.user, rows), public_id=public_id)
    if request.method == "POST" and request.POST.get("decision") in Decision.values:
        decision = request.POST["decision"]
        patient, imported = imports.release(row, decision=decision, by=request.user)  # type: ignore[arg-type]
        words = _("Joined: %(patient)s.") if decision == Decision.JOINED else _("Kept apart: %(patient)s.")
        raised = [str(one.case) for one in imported.raised] if imported else []
        more = _("Referrals taken in: %(cases)s.") % {"cases": phrases.listed(raised)} if raised else ""
        messages.success(request, f"{words % {'patient': patient}} {more}".strip())
        return redirect("identities")
    record, known = identity_review.sides(row, request.user)  # type: ignore[arg-type]
    context = {
        "held": row,
        "sides": [(_("Record that was sent"), record), (_("Known patient"), known)],
        "reasons": phrases.sentences(*_reasons(row)),
        "may_join": not row.decision and access.can(request.user, "identity.join", row),
        "may_keep_apart": not row.decision and access.can(request.user, "identity.keep_apart", row),
        "nav": "today",
    }
    return render(request, "cases/patients/held.html", context)


def _reasons(held: HeldMatch) -> list[str]:
    return [str(patients.DIFFERS[one]) for one in held.reasons if one in patients.DIFFERS] or [
        _("Nothing differs, but the patient is known at another hospital only.")
    ]


class ApartForm(forms.Form):
    """Who the other person is, and which cases and numbers are theirs."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    sex = forms.ChoiceField(label=gettext_lazy("Sex"), choices=Sex.choices, initial=Sex.UNKNOWN)
    birth_date = BirthDateField(label=gettext_lazy("Date of birth"), required=False)
    cases = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Cases of the other person"),
        queryset=Case.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    identifiers = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Numbers of the other person"),
        queryset=PatientIdentifier.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, patient: Patient, cases: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["cases"].queryset = cases
        fields["cases"].label_from_instance = lambda case: f"{case.number} · {case.title}"
        fields["identifiers"].queryset = patient.identifiers.order_by("pk")
        fields["identifiers"].label_from_instance = lambda number: number.value


@page
@require_http_methods(["GET", "POST"])
def take_apart(request: HttpRequest, public_id: str) -> HttpResponse:
    """Two people were joined as one patient: which cases and numbers are the other person's."""
    rows = Patient.objects.select_related("institution", "identity")
    patient = get_object_or_404(access.visible(request.user, rows), public_id=public_id)
    access.require(request.user, "patient.take_apart", patient)
    cases = access.visible(request.user, Case.objects.filter(patient=patient))
    form = ApartForm(request.POST if request.method == "POST" else None, patient=patient, cases=cases)
    if form.is_bound and form.is_valid():
        try:
            given = form.cleaned_data | birth(form.cleaned_data.pop("birth_date"))
            other = services.take_apart(patient, by=request.user, **given)  # type: ignore[arg-type]
        except DomainError as error:
            add_errors(form, error)
        else:
            words = {"other": other, "patient": patient}
            messages.success(request, _("%(other)s was taken apart from %(patient)s.") % words)
            first = Case.objects.filter(patient__in=[other, patient]).order_by("pk").first()
            return redirect("case", first.public_id) if first else redirect("identities")
    identity = patients.identity(patient, by=request.user, page="patient_apart")  # type: ignore[arg-type]
    context = {"patient": patient, "identity": identity, "form": form, "first": cases.first(), "nav": "queue"}
    return render(request, "cases/patients/apart.html", context, status=422 if form.is_bound else 200)
