"""Before a version counts: whose tier it would change, and at whose expense; then publishing with day and reason.

What a second person must approve is not published but asked for (`cases.web.catalogue.approval`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from cases.catalogue import approvals, rule_diff, rule_text, rulebook
from cases.catalogue.rule_diff import RuleChange
from cases.catalogue.rule_text import Names
from cases.models import CatalogueRule, RuleApproval
from cases.selectors import catalogue_preview
from cases.selectors.catalogue_preview import Preview
from cases.web.catalogue import common
from mdt_portal import access
from mdt_portal.errors import DomainError
from mdt_portal.i18n import clock
from mdt_portal.web import charts
from mdt_portal.web.charts import Pair
from mdt_portal.web.pages import add_errors, is_htmx, page
from mdt_portal.web.time_fields import DayField


class PublishForm(forms.Form):
    """Which drafts, from which day, and why."""

    draft = forms.MultipleChoiceField(
        label=gettext_lazy("Drafts to publish"), widget=forms.CheckboxSelectMultiple, required=False
    )
    valid_from = DayField(label=gettext_lazy("In force from"))
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=200, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, drafts: Sequence[CatalogueRule], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["draft"].choices = [(stamp(row), str(row)) for row in drafts]  # type: ignore[attr-defined]
        self.fields["draft"].error_messages["invalid_choice"] = gettext_lazy(
            "A draft was changed in the meantime. Look at the preview again."
        )
        self.fields["reason"].wanted = True  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A draft in the list: what it changes, whether it is to be published, whether a second person must approve it
    (`needs`), and the approval for which it waits already."""

    row: CatalogueRule
    stamp: str
    checked: bool
    changes: list[RuleChange]
    new: bool
    needs: bool
    approval: RuleApproval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRow:
    """One discipline's hours in a week, now and then, with its bars."""

    name: str
    hours_before: float
    hours_after: float
    seats_before: float
    seats_after: float
    bars: Pair

    @property
    def hours_more(self) -> float:
        return self.hours_after - self.hours_before

    @property
    def hours_more_size(self) -> float:
        return abs(self.hours_more)

    @property
    def changed(self) -> bool:
        return abs(self.hours_more) >= 0.05 or abs(self.seats_after - self.seats_before) >= 0.05


def stamp(row: CatalogueRule) -> str:
    """How a form names a draft: another version of it is another draft."""
    return f"{row.key}:{row.version}"


@page
@require_http_methods(["GET", "POST"])
def publish(request: HttpRequest) -> HttpResponse:
    """The preview of the chosen drafts; POST publishes them. htmx gets the preview alone."""
    access.require(request.user, "catalogue.preview")
    drafts = common.drafts()
    on = common.today(request)
    asked = _waiting()
    form = PublishForm(_given(request, [row for row in drafts if row.pk not in asked], on), drafts=drafts)
    chosen = _rows(form, drafts)
    if request.method == "POST" and form.is_valid():
        try:
            done = _publish(request, chosen, form.cleaned_data, on)
        except DomainError as error:
            add_errors(form, error)
        else:
            return redirect("rule_approval", done.public_id) if done else redirect("catalogue")
    known = rule_text.names()
    found = _preview(request, chosen, form, on) if chosen else None
    rows = listed(drafts, chosen, known, on, asked=asked)
    needs = any(one.needs and one.checked for one in rows)
    context = {
        "form": form,
        "drafts": rows,
        "needs": needs,
        "alone": needs and not common.another_administrator(request),
        "preview": found,
        "loads": load_rows(found, known) if found else [],
        "may": common.permissions(request),
        "earliest": on,
        "nav": "catalogue",
    }
    if is_htmx(request):
        return render(request, "cases/catalogue/_chosen.html", context)
    if request.method == "GET":
        form.errors.clear()
    return render(request, "cases/catalogue/publish.html", context, status=422 if request.method == "POST" else 200)


def _given(request: HttpRequest, drafts: Sequence[CatalogueRule], on: date) -> Any:
    """What stands in the form. A link names drafts by their key; without any, all are meant."""
    if request.method == "POST" or "valid_from" in request.GET:
        return request.POST or request.GET
    keys = request.GET.getlist("draft")
    named = [stamp(row) for row in drafts if not keys or row.key in keys]
    return {"draft": named, "valid_from": on.isoformat(), "reason": ""}


def _rows(form: PublishForm, drafts: Sequence[CatalogueRule]) -> list[CatalogueRule]:
    values = form["draft"].value() or []
    return [row for row in drafts if stamp(row) in values]


def _publish(
    request: HttpRequest, chosen: Sequence[CatalogueRule], given: dict[str, Any], on: date
) -> RuleApproval | None:
    """Publish the drafts, or ask for the approval that one of them needs; the answer is what was asked for."""
    access.require(request.user, "catalogue.edit")
    told = {"valid_from": given["valid_from"], "reason": given["reason"], "not_before": on}
    if rulebook.needing_approval(chosen):
        asked = approvals.ask(chosen, by=request.user, **told)  # type: ignore[arg-type]
        messages.success(request, _("The approval is asked for. Until somebody else has given it, nothing changes."))
        return asked
    done = rulebook.release(chosen, by=request.user, **told)  # type: ignore[arg-type]
    messages.success(request, since_text(done, given["valid_from"]))
    return None


def _waiting() -> dict[int, RuleApproval]:
    """The open approval of each draft that waits for one."""
    return {rule.pk: one for one in common.open_approvals() for rule in one.rules.all()}


def since_text(done: Sequence[CatalogueRule], since: date) -> str:
    words = {"n": len(done), "day": clock.day(since)}
    said = ngettext("%(n)d rule is in force from %(day)s.", "%(n)d rules are in force from %(day)s.", len(done)) % words
    return f"{said} {_('Waiting cases keep their tier until somebody asks the catalogue again.')}"


def _preview(request: HttpRequest, chosen: Sequence[CatalogueRule], form: PublishForm, on: date) -> Preview:
    form.is_valid()
    since = max(form.cleaned_data.get("valid_from") or on, on)
    return catalogue_preview.of_drafts(chosen, on=since, now=timezone.now(), reader=request.user)  # type: ignore[arg-type]


def listed(
    drafts: Sequence[CatalogueRule],
    chosen: Sequence[CatalogueRule],
    known: Names,
    on: date,
    *,
    asked: Mapping[int, RuleApproval],
) -> list[Chosen]:
    """Each draft with the fields in which it differs from what is in force; `asked` by the drafts' ids."""
    needing = {row.pk for row in rulebook.needing_approval(drafts)}
    keys = [row.key for row in drafts]
    counting = {row.key: row for row in CatalogueRule.objects.filter(key__in=keys).in_force(on)}
    words = rulebook.known_words()

    def fields(row: CatalogueRule) -> list[rule_diff.Field]:
        return rule_diff.fields(row, rulebook.parsed(row, words), known)

    return [
        Chosen(
            row=row,
            stamp=stamp(row),
            checked=row in chosen,
            changes=rule_diff.changes(fields(counting[row.key]), fields(row)) if row.key in counting else [],
            new=row.key not in counting,
            needs=row.pk in needing,
            approval=asked.get(row.pk),
        )
        for row in drafts
    ]


def load_rows(found: Preview, known: Names) -> list[LoadRow]:
    """The loads with names and bars, the largest change first."""
    bars = charts.pairs([(one.minutes_before, one.minutes_after) for one in found.loads])
    return [
        LoadRow(
            name=known.discipline(one.discipline),
            hours_before=one.minutes_before / 60,
            hours_after=one.minutes_after / 60,
            seats_before=one.seats_before,
            seats_after=one.seats_after,
            bars=pair,
        )
        for one, pair in zip(found.loads, bars, strict=True)
    ]
