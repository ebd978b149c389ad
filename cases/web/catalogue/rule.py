"""One rule: what it says, its versions with who, when and why, two of them side by side, and taking one back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from cases.catalogue import reviews as rule_reviews
from cases.catalogue import rule_diff, rule_list, rule_text, rulebook
from cases.catalogue.rule_list import Version
from cases.models import CatalogueRule, RuleApproval, RuleReview
from cases.selectors import catalogue_preview
from cases.states import RuleStatus
from cases.web.catalogue import common
from cases.web.forms import ReasonForm
from mdt_portal import access
from mdt_portal.errors import DomainError
from mdt_portal.i18n import clock
from mdt_portal.models import StatusEvent
from mdt_portal.web.pages import add_errors, go, page
from mdt_portal.web.time_fields import DayField


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionHistory:
    """A version and what was done to it."""

    version: Version
    published: StatusEvent | None
    withdrawn: StatusEvent | None
    approvals: list[RuleApproval]
    reviews: list[RuleReview]


@page
@require_GET
def rule(request: HttpRequest, key: str) -> HttpResponse:
    """The version that counts, or one that the address names, and the way to all others."""
    rows = common.versions_of(request, key)
    on = common.today(request)
    versions = rule_list.versions(rows, on)
    shown = _chosen(versions, request.GET.get("version"))
    known, words = rule_text.names(), rulebook.known_words()
    parsed = rulebook.parsed(shown.row, words)
    history = _history(versions)
    draft = next((one for one in versions if one.state == "draft"), None)
    context = {
        "key": key,
        "shown": shown,
        "fields": rule_diff.fields(shown.row, parsed, known),
        "sentence": rule_text.sentence(parsed, known),
        "history": history,
        "draft": draft,
        "asked": next((one for one in history if draft and one.version is draft), None),
        "due": shown.row.review_by is not None and shown.row.review_by <= common.today(request),
        "comparison": _comparison(request, versions, shown),
        "may": common.permissions(request),
        "nav": "catalogue",
    }
    return render(request, "cases/catalogue/rule.html", context)


def _chosen(versions: Sequence[Version], number: Any) -> Version:
    """The version that the address names, else the one that counts, else the newest."""
    wanted = common.whole_number(number)
    if wanted is not None:
        found = next((one for one in versions if one.row.version == wanted), None)
        if found is None:
            raise Http404
        return found
    return next((one for one in versions if one.state == "in_force"), versions[0])


def _comparison(request: HttpRequest, versions: Sequence[Version], shown: Version) -> dict[str, Any] | None:
    """The version shown beside another one: that which the address names, else the one before it."""
    others = [one for one in versions if one.row.pk != shown.row.pk]
    if not others:
        return None
    wanted = common.whole_number(request.GET.get("against"))
    earlier = [one for one in others if one.row.version < shown.row.version]
    against = next((one for one in others if one.row.version == wanted), (earlier or others)[0])
    known, words = rule_text.names(), rulebook.known_words()
    before, after = sorted((against, shown), key=lambda one: one.row.version)
    changed = rule_diff.changes(
        *(rule_diff.fields(one.row, rulebook.parsed(one.row, words), known) for one in (before, after))
    )
    return {"before": before, "after": after, "against": against, "others": others, "changes": changed}


def _history(versions: Sequence[Version]) -> list[VersionHistory]:
    """The versions with their events, approvals and reviews; three queries."""
    ids = [one.row.pk for one in versions]
    approvals: dict[int, list[RuleApproval]] = {}
    asked = RuleApproval.objects.filter(rules__in=ids).select_related("requested_by", "decided_by").order_by("-pk")
    for one in asked.annotate(rule=F("rules")):
        approvals.setdefault(one.rule, []).append(one)  # type: ignore[attr-defined]
    reviews: dict[int, list[RuleReview]] = {}
    for review in RuleReview.objects.filter(rule__in=ids).select_related("by"):
        reviews.setdefault(review.rule_id, []).append(review)
    events = StatusEvent.objects.filter(
        subject_type=CatalogueRule._meta.label_lower, subject_id__in=ids
    ).select_related("by")
    by_move = {(event.subject_id, event.new): event for event in events}
    return [
        VersionHistory(
            version=one,
            published=by_move.get((one.row.pk, RuleStatus.PUBLISHED.value)),
            withdrawn=by_move.get((one.row.pk, RuleStatus.WITHDRAWN.value)),
            approvals=approvals.get(one.row.pk, []),
            reviews=reviews.get(one.row.pk, []),
        )
        for one in versions
    ]


@page
@require_http_methods(["GET", "POST"])
def withdraw(request: HttpRequest, key: str, version: int) -> HttpResponse:
    """The dialog that takes a version back, with what that changes."""
    access.require(request.user, "catalogue.edit")
    row = next((one for one in common.versions_of(request, key) if one.version == version), None)
    if row is None or row.status == RuleStatus.WITHDRAWN:
        raise Http404
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            rulebook.withdraw(row, by=request.user, reason=form.cleaned_data["reason"])  # type: ignore[arg-type]
        except DomainError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("%(rule)s is withdrawn.") % {"rule": row})
            return go(reverse("rule", args=[key]))
    found = None
    if row.status == RuleStatus.PUBLISHED:
        found = catalogue_preview.of_withdrawal(row, on=common.today(request), now=timezone.now(), reader=request.user)  # type: ignore[arg-type]
    context = {"row": row, "form": form, "preview": found}
    return render(request, "cases/catalogue/_withdraw.html", context, status=422 if form.is_bound else 200)


class ReviewForm(forms.Form):
    """What was looked at, and when somebody should look again."""

    note = forms.CharField(
        label=gettext_lazy("What you looked at"), max_length=200, widget=forms.Textarea(attrs={"rows": 2})
    )
    review_by = DayField(label=gettext_lazy("Next review by"))


@page
@require_http_methods(["GET", "POST"])
def review(request: HttpRequest, key: str) -> HttpResponse:
    """The dialog that says: looked at, and it stays as it is."""
    access.require(request.user, "catalogue.edit")
    on = common.today(request)
    versions = rule_list.versions(common.versions_of(request, key), on)
    row = next((one.row for one in versions if one.state == "in_force"), None)
    if row is None:
        raise Http404
    first = {"review_by": on + rule_reviews.USUAL}
    form = ReviewForm(request.POST if request.method == "POST" else None, initial=first)
    if form.is_valid():
        try:
            done = rule_reviews.keep(row, by=request.user, today=on, **form.cleaned_data)  # type: ignore[arg-type]
        except DomainError as error:
            add_errors(form, error)
        else:
            words = {"rule": row, "day": clock.full_day(done.next_by)}
            messages.success(request, _("%(rule)s stays as it is. The next review is due on %(day)s.") % words)
            return go(reverse("rule", args=[key]))
    return render(
        request, "cases/catalogue/_review.html", {"row": row, "form": form}, status=422 if form.is_bound else 200
    )
