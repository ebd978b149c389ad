"""The catalogue as a file: what is in force goes out, a file comes in as drafts after a dry run."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from cases.catalogue import files, rule_text
from cases.web.catalogue import common
from mdt_portal import access
from mdt_portal.web.pages import page


class FileForm(forms.Form):
    """A file, or its text; the dry run hands the text on, so that the confirmation needs no second upload."""

    file = forms.FileField(label=gettext_lazy("File (CSV or JSON)"), required=False)
    text = forms.CharField(
        label=gettext_lazy("… or its text"),
        required=False,
        strip=False,
        max_length=files.LONGEST,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
    )
    reason = forms.CharField(label=gettext_lazy("Reason for the new versions"), required=False, max_length=200)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        given = data.get("file")
        if isinstance(given, UploadedFile):
            if (given.size or 0) > files.LONGEST:
                self.add_error("file", _("The file is too large for a catalogue."))
                return data
            try:
                data["text"] = given.read().decode("utf-8-sig")
            except UnicodeDecodeError:
                self.add_error("file", _("The file is not UTF-8 text. Save it as “CSV UTF-8” or as JSON."))
        if not self.errors and not (data.get("text") or "").strip():
            self.add_error("file", _("Choose a file, or paste its text."))
        return data


@page
@require_GET
def export_rules(request: HttpRequest, kind: str) -> HttpResponse:
    """The rules in force today, as CSV or JSON; importing it again changes nothing."""
    if kind not in files.KINDS:
        raise Http404
    on = common.today(request)
    text = files.export(kind, on)
    name = f"catalogue-{on.isoformat()}.{kind}"
    return HttpResponse(
        text,
        content_type=f"{files.KINDS[kind]}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@page
@require_http_methods(["GET", "POST"])
def import_rules(request: HttpRequest) -> HttpResponse:
    """Dry run first: every mistake, or what would change; the confirmation writes drafts."""
    access.require(request.user, "catalogue.edit")
    form = FileForm(request.POST or None, request.FILES or None)
    context: dict[str, Any] = {"form": form, "nav": "catalogue"}
    status = 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            text = form.cleaned_data["text"]
            found = files.read(text)
            if "confirm" in request.POST and not found.file.mistakes:
                done = files.take_in(found, by=request.user, reason=form.cleaned_data["reason"])  # type: ignore[arg-type]
                words = {"new": len(done.new), "changed": len(done.changed)}
                messages.success(request, _("Drafts written: %(new)d new rules, %(changed)d changed.") % words)
                return redirect("rule_publish")
            status = 422 if found.file.mistakes else 200
            context |= {"found": found, "text": text}
            if not found.file.mistakes:
                context["plan"] = files.plan(found, rule_text.names())
    return render(request, "cases/catalogue/import.html", context, status=status)
