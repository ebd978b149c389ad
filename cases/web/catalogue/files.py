"""The catalogue as a file: what is in force goes out, a file comes in as drafts after a dry run."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from cases.catalogue import files, rule_text
from cases.web.catalogue import common
from mdt_portal import access
from mdt_portal.errors import DomainError
from mdt_portal.tables import downloads
from mdt_portal.tables.forms import ACCEPTED, TableForm
from mdt_portal.web import pages
from mdt_portal.web.pages import page


class RuleFileForm(TableForm):
    """A file of rules: a table, or JSON."""

    field_order = ("file", "encoding", "text", "reason")
    reason = forms.CharField(label=gettext_lazy("Reason for the new versions"), required=False, max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].label = _("File (CSV, XLSX or JSON)")
        self.fields["reason"].wanted = False  # type: ignore[attr-defined]


@page
@require_GET
def export_rules(request: HttpRequest, kind: str) -> HttpResponse:
    """The rules in force today, as CSV, XLSX or JSON; importing it again changes nothing."""
    if kind not in files.KINDS:
        raise Http404
    on = common.today(request)
    return downloads.file(files.export(kind, on), files.KINDS[kind], f"catalogue-{on.isoformat()}.{kind}")


@page
@require_http_methods(["GET", "POST"])
def import_rules(request: HttpRequest) -> HttpResponse:
    """Dry run first: every mistake, or what would change; the confirmation writes drafts."""
    access.require(request.user, "catalogue.edit")
    form = RuleFileForm(request.POST or None, request.FILES or None)
    context: dict[str, Any] = {"form": form, "nav": "catalogue", "accepted": f"{ACCEPTED},.json,application/json"}
    if not form.is_bound:
        return render(request, "cases/catalogue/import.html", context)
    try:
        found = files.read(form.given(), encoding=form.encoding_wanted)
        if "confirm" in request.POST and not found.file.mistakes and not form.errors:
            done = files.take_in(found, by=request.user, reason=form.cleaned_data["reason"])  # type: ignore[arg-type]
            words = {"new": len(done.new), "changed": len(done.changed)}
            messages.success(request, _("Drafts written: %(new)d new rules, %(changed)d changed.") % words)
            return redirect("rule_publish")
        context |= {"found": found, "text": found.text}
        if not found.file.mistakes:
            context["plan"] = files.plan(found, rule_text.names())
    except DomainError as error:
        pages.add_errors(form, error)
    status = 422 if form.errors or context["found"].file.mistakes else 200
    return render(request, "cases/catalogue/import.html", context, status=status)
