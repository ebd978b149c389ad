"""The hospital's code lists: names and maps from files after a dry run, and the codes that no map holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Max
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from cases.core import icd10
from cases.diagnoses import code_files, code_maps, code_search
from cases.models import UnmappedCode
from mdt_portal import access
from mdt_portal.errors import DomainError
from mdt_portal.tables import downloads
from mdt_portal.tables.forms import ACCEPTED, TableForm
from mdt_portal.tables.lists import Column, Listing
from mdt_portal.web import pages
from mdt_portal.web.pages import SignedInRequest, page

ROWS = 25
SHOWN = 200
"""So many lines of a dry run are shown one by one; of a whole national edition all would be new."""
SUGGESTED = 5
UNMAPPED = Listing(
    name="unmapped-codes",
    default="-times",
    columns=(
        Column(key="code", label=gettext_lazy("Code"), order=code_maps.UNMAPPED["code"]),
        Column(key="system", label=gettext_lazy("Code system"), order=code_maps.UNMAPPED["system"]),
        Column(key="times", label=gettext_lazy("Times seen"), order=code_maps.UNMAPPED["times"], css="num"),
        Column(key="last_seen_at", label=gettext_lazy("Last seen"), order=code_maps.UNMAPPED["last_seen_at"]),
        Column(key="map", label=gettext_lazy("Map by hand"), quiet=True),
    ),
)
COLUMN_HELP = {
    "code": gettext_lazy("As the hospital or the sender writes it, such as C34.900x001."),
    "name_en": gettext_lazy("A name in one language is needed."),
    "name_zh": gettext_lazy("A name in one language is needed."),
    "system": gettext_lazy("SNOMED CT, ICD-11, GB/T 14396, or the address (URL, OID) of another one."),
    "display": gettext_lazy("What the code is called there."),
    "icd10": gettext_lazy("The code of WHO ICD-10 in which it lies; empty: it is no diagnosis."),
    "source": gettext_lazy("Who says so, such as a publication or “our coders, 2026”."),
    "role": gettext_lazy("suspected or history, where the code says so"),
    "disease": gettext_lazy("The disease, where the ICD-10 code does not say it."),
    "stage": gettext_lazy("The stage, where the code says it."),
    "flags": gettext_lazy("Findings that the code says, parted by spaces."),
    "scores": gettext_lazy("Scores that the code says, such as NIHSS=12."),
}


class CodeFileForm(TableForm):
    field_order = ("kind", "file", "encoding", "text")
    kind = forms.ChoiceField(
        label=gettext_lazy("List"), choices=[(one.key, one.label) for one in code_files.KINDS.values()]
    )


@page
@require_http_methods(["GET", "POST"])
def code_lists(request: SignedInRequest) -> HttpResponse:
    """Dry run first: every mistake, or what would change; the confirmation writes."""
    access.require(request.user, "catalogue.edit")
    form = CodeFileForm(request.POST, request.FILES) if request.method == "POST" else CodeFileForm()
    context: dict[str, Any] = {"nav": "catalogue", "form": form, "accepted": ACCEPTED}
    if form.is_bound:
        try:
            given = form.given()
            kind = code_files.KINDS.get(form.cleaned_data.get("kind", ""))
            if kind and not form.errors:
                found = code_files.read(kind, given, encoding=form.encoding_wanted)
                if "confirm" in request.POST and not found.mistakes:
                    done = code_files.take_in(found, by=request.user)
                    words = {"new": done.new, "changed": done.changed}
                    messages.success(request, _("Taken in: %(new)d new lines, %(changed)d changed.") % words)
                    return redirect("code_lists")
                context |= {"found": found, "text": found.sheet.text, "shown": found.changes[:SHOWN]}
        except DomainError as error:
            pages.add_errors(form, error)
    wrong = form.is_bound and (form.errors or context["found"].mistakes)
    return render(request, "cases/catalogue/code_lists.html", context | _present(request), status=422 if wrong else 200)


def _present(request: SignedInRequest) -> dict[str, Any]:
    """What is there: both lists, and the codes that no map holds."""
    listing = UNMAPPED.of(request)
    paged = Paginator(listing.ordered(UnmappedCode.objects.all()), ROWS).get_page(request.GET.get("page"))
    return {"lists": list(_lists()), "listing": listing, "page": paged}


def _lists() -> Iterator[dict[str, Any]]:
    for kind in code_files.KINDS.values():
        rows: Any = kind.table.model._default_manager
        yield {
            "kind": kind,
            "count": rows.count(),
            "changed_at": rows.aggregate(newest=Max("changed_at"))["newest"],
            "columns": [
                {"column": one, "needed": one.key in kind.needed, "says": COLUMN_HELP[one.key]} for one in kind.columns
            ],
        }


@page
@require_GET
def export(request: SignedInRequest, key: str, kind: str) -> HttpResponse:
    """A list as it is, or the codes without a map as a table to fill in; taken in again, nothing changes."""
    access.require(request.user, "catalogue.edit")
    if key == "unmapped":
        return downloads.table(kind, code_maps.unmapped_lines(UnmappedCode.objects.all()), name="unmapped-codes")
    if key not in code_files.KINDS:
        raise Http404
    return downloads.table(kind, code_files.KINDS[key].lines(), name=f"code-{key}")


# One code by hand -----------------------------------------------------------------------------------------------------


class MapForm(forms.Form):
    who_code = forms.CharField(label=gettext_lazy("Code of WHO ICD-10"), max_length=8, required=False)
    no_diagnosis = forms.BooleanField(label=gettext_lazy("It is no diagnosis"), required=False)
    display = forms.CharField(label=gettext_lazy("Name"), max_length=240, required=False)
    source = forms.CharField(
        label=gettext_lazy("Source"),
        max_length=240,
        help_text=gettext_lazy("Who says so, such as a publication or “our coders, 2026”."),
    )

    def clean_who_code(self) -> str:
        text: str = self.cleaned_data["who_code"].strip()
        if text and not icd10.exists(text):
            raise forms.ValidationError(_("“%(code)s” is not a code of WHO ICD-10.") % {"code": text})
        return text

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if "who_code" in given and bool(given["who_code"]) == given["no_diagnosis"]:
            self.add_error(
                "who_code", _("Give the code in which it lies, or say that it is no diagnosis: one of both.")
            )
        return given


@page
@require_http_methods(["GET", "POST"])
def unmapped(request: SignedInRequest, pk: int) -> HttpResponse:
    """One code that came without a map: in which code of ICD-10 does it lie?"""
    access.require(request.user, "catalogue.edit")
    row = get_object_or_404(UnmappedCode, pk=pk)
    start = {"display": row.display, "who_code": request.GET.get("who_code", "")[:8]}
    form = MapForm(request.POST if request.method == "POST" else None, initial=start)
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        try:
            code_maps.map_by_hand(
                row, who_code=given["who_code"], display=given["display"], source=given["source"], by=request.user
            )
        except DomainError as error:
            pages.add_errors(form, error)
        else:
            messages.success(request, _("The code %(code)s is mapped from now on.") % {"code": row.code})
            return redirect("code_lists")
    context = {
        "nav": "catalogue",
        "row": row,
        "form": form,
        "nameless": not code_maps.can_be_mapped(row),
        "suggested": code_search.search(row.display, [], limit=SUGGESTED),
    }
    return render(request, "cases/catalogue/unmapped.html", context, status=422 if form.is_bound else 200)
