"""FHIR files on the page: hand one in, or several of one export, see what they would do, take them in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from cases.fhir import files, report
from cases.models import FhirFile
from experts import roles
from experts.models import Institution, Role
from mdt_portal import access
from mdt_portal.errors import DomainError
from mdt_portal.tables.lists import Column, Listing
from mdt_portal.tables.orders import Named
from mdt_portal.web.pages import add_errors, page

SHOWN = 20
LIST = Listing(
    name="fhir-files",
    default="-uploaded_at",
    columns=(
        Column(key="name", label=gettext_lazy("File"), order=("name",), cell=lambda file: file.name),
        Column(
            key="institution",
            label=gettext_lazy("Hospital"),
            order=(Named("institution"), "uploaded_at"),
            cell=lambda file: file.institution,
        ),
        Column(
            key="uploaded_at",
            label=gettext_lazy("Handed in"),
            order=("uploaded_at",),
            cell=lambda file: file.uploaded_at,
        ),
        Column(
            key="taken_in_at",
            label=gettext_lazy("Taken in"),
            order=("taken_in_at",),
            cell=lambda file: file.taken_in_at,
        ),
    ),
)


class FilesInput(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """One file or several; its value is a list."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        given = data if isinstance(data, list | tuple) else [data]
        self.allow_empty_file = len(given) > 1  # of several an empty one says nothing
        return [super(FilesField, self).clean(one, initial) for one in given or [None]]


class FhirFileForm(forms.Form):
    institution = forms.ModelChoiceField(label=gettext_lazy("Referring hospital"), queryset=Institution.objects.none())
    file = FilesField(
        label=gettext_lazy("FHIR file (JSON or NDJSON, also .gz)"),
        help_text=gettext_lazy(
            "Several files of one export (Patient.ndjson, Condition.ndjson …) are read together, as one."
        ),
    )

    def __init__(self, *args: Any, institutions: Sequence[Institution], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["institution"]
        field.queryset = Institution.objects.filter(pk__in=[one.pk for one in institutions])
        field.empty_label = None
        if len(institutions) == 1:
            field.widget = forms.HiddenInput()
        field.initial = institutions[0].pk if institutions else None

    def clean_file(self) -> Any:
        given = self.cleaned_data["file"]
        if sum(one.size for one in given) > files.LARGEST:
            raise forms.ValidationError(_("The file is larger than %(n)d MB.") % {"n": files.LARGEST // 1_000_000})
        return given


@page
@require_http_methods(["GET", "POST"])
def fhir_import(request: HttpRequest) -> HttpResponse:
    """Hand in a file; it is tried at once, and its report shown."""
    access.require(request.user, "case.import")
    own = list(roles.institutions(request.user, Role.COORDINATOR))  # type: ignore[arg-type]
    form = FhirFileForm(request.POST or None, request.FILES or None, institutions=own)
    if form.is_bound and form.is_valid():
        given = form.cleaned_data["file"]
        try:
            file = files.hand_in_set(
                [(one.name, one.read()) for one in given],
                by=request.user,  # type: ignore[arg-type]
                institution=form.cleaned_data["institution"],
            )
        except DomainError as error:
            add_errors(form, error)
        else:
            return redirect("fhir_file", file.public_id)
    listing = LIST.of(request)
    files_seen = access.visible(request.user, FhirFile.objects.select_related("institution", "uploaded_by"))
    rows = listing.ordered(files_seen.defer("text", "report"))
    if listing.wanted:
        return listing.file(listing.whole(rows))
    paged = Paginator(rows, SHOWN).get_page(request.GET.get("page"))
    context = {"form": form, "files": paged, "page": paged, "listing": listing, "nav": "refer"}
    return render(request, "cases/fhir/import.html", context, status=422 if form.is_bound else 200)


@page
@require_http_methods(["GET", "POST"])
def fhir_file(request: HttpRequest, public_id: str) -> HttpResponse:
    """What a file would do, or did; the button takes it in."""
    access.require(request.user, "case.import")
    rows = access.visible(request.user, FhirFile.objects.select_related("institution", "uploaded_by"))
    file = get_object_or_404(rows, public_id=public_id)
    if request.method == "POST":
        files.take_in(file, by=request.user)  # type: ignore[arg-type]
        messages.success(request, _("%(file)s is taken in.") % {"file": file.name})
        return redirect("fhir_file", file.public_id)
    context = {"file": file, "report": report.in_words(file.report), "waits": bool(file.text), "nav": "refer"}
    return render(request, "cases/fhir/file.html", context)
