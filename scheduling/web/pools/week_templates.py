"""Week templates: the list, one template's form, and giving it to several people after a look at what that changes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from experts.availability import week_templates, weekly_hours
from experts.availability.core import pattern_text
from experts.availability.core.week_pattern import WeekSpan
from experts.models import Expert, Institution, WeekTemplate
from experts.web import common
from mdt_portal import access
from mdt_portal.errors import DomainError, RuleError
from mdt_portal.web import pages
from mdt_portal.web.pages import SignedInRequest, page
from scheduling.resources import impact
from scheduling.resources.impact import Impact
from scheduling.web.pools.impact import shown

REPLACE, ADD = "replace", "add"


class TemplateForm(forms.Form):
    """A name, and the week as text."""

    name_zh = forms.CharField(label=gettext_lazy("Name (Chinese)"), max_length=120, required=False)
    name_en = forms.CharField(label=gettext_lazy("Name (English)"), max_length=120, required=False)
    week = forms.CharField(
        label=gettext_lazy("When the people can come"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 7}),
        help_text=gettext_lazy(
            "One line or several: Mon–Thu 08:00–12:00, 14:00–18:00; Fri 09:00–12:00 every 2 weeks from 2026-11-30."
        ),
    )

    def clean_week(self) -> list[WeekSpan]:
        try:
            return weekly_hours.checked_pattern(weekly_hours.read(self.cleaned_data["week"]))
        except RuleError as error:
            raise forms.ValidationError(error.message) from error


class GiveForm(forms.Form):
    """Who gets it, and whether it takes the place of what they have."""

    mode = forms.ChoiceField(
        label=gettext_lazy("Their present time"),
        choices=[(REPLACE, gettext_lazy("is replaced")), (ADD, gettext_lazy("stays, this is added"))],
        initial=REPLACE,
        widget=forms.RadioSelect,
    )

    def __init__(self, data: QueryDict | None, *, people: list[Expert]) -> None:
        super().__init__(data)
        self.known = {one.public_id: one for one in people}
        self.fields["people"] = forms.MultipleChoiceField(
            label=gettext_lazy("People"),
            choices=[(key, one.name) for key, one in self.known.items()],
            widget=forms.CheckboxSelectMultiple,
            error_messages={"required": gettext_lazy("Choose one person at least.")},
        )

    def chosen(self) -> list[Expert]:
        return [self.known[key] for key in self.cleaned_data["people"]]

    @property
    def adds(self) -> bool:
        return bool(self.cleaned_data["mode"] == ADD)


def _text(week: list[WeekSpan], parted: str = "; ") -> str:
    chinese = (get_language() or "").startswith("zh")
    said = pattern_text.write(week, chinese=chinese)
    return said.replace("；" if chinese else "; ", parted) if parted == "\n" else said


@page
@require_GET
def template_list(request: SignedInRequest) -> HttpResponse:
    access.require(request.user, "pool.view")
    known, kept = common.hospitals(request), {one.pk for one in common.kept(request)}
    groups: dict[int, dict[str, Any]] = {one.pk: {"hospital": one, "kept": one.pk in kept, "rows": []} for one in known}
    rows = WeekTemplate.objects.filter(institution__in=known).prefetch_related("times")
    for row in rows.order_by("name_en", "pk"):
        groups[row.institution_id]["rows"].append({"template": row, "text": _text(week_templates.week_of(row))})
    context = {
        "nav": "people",
        "tab": "week_templates",
        "groups": [one for one in groups.values() if one["rows"] or one["kept"]],
    }
    return render(request, "scheduling/pools/week_templates.html", context)


@page
@require_http_methods(["GET", "POST"])
def new(request: SignedInRequest) -> HttpResponse:
    access.require(request.user, "pool.edit")
    return _form(request, common.chosen(request, common.kept(request)), None)


@page
@require_http_methods(["GET", "POST"])
def edit(request: SignedInRequest, public_id: str) -> HttpResponse:
    row = _row(request, public_id)
    if request.method == "POST" and request.POST.get("action") == "remove":
        week_templates.remove(row, by=request.user)
        messages.success(request, _("“%(name)s” is removed. Nobody's time has changed.") % {"name": row.name})
        return redirect("week_templates")
    return _form(request, row.institution, row)


def _row(request: SignedInRequest, public_id: str) -> WeekTemplate:
    rows = access.visible(request.user, WeekTemplate.objects.select_related("institution"))
    row: WeekTemplate = get_object_or_404(rows, public_id=public_id)
    access.require(request.user, "pool.edit", row)
    return row


def _form(request: SignedInRequest, at: Institution, row: WeekTemplate | None) -> HttpResponse:
    start: dict[str, Any] = {}
    if row:
        start = {"name_en": row.name_en, "name_zh": row.name_zh, "week": _text(week_templates.week_of(row), "\n")}
    form = TemplateForm(request.POST or None, initial=start)
    if form.is_bound and form.is_valid():
        try:
            saved = week_templates.save(row, institution=at, by=request.user, **form.cleaned_data)
        except DomainError as error:
            pages.add_errors(form, error)
        else:
            messages.success(request, _("“%(name)s” is saved.") % {"name": saved.name})
            return redirect("week_template_give", saved.public_id)
    context = {"nav": "people", "tab": "week_templates", "template": row, "hospital": at, "form": form}
    return render(request, "scheduling/pools/week_template.html", context, status=422 if form.is_bound else 200)


# Giving it to people --------------------------------------------------------------------------------------------------


@page
@require_http_methods(["GET", "POST"])
def give(request: SignedInRequest, public_id: str) -> HttpResponse:
    """First what it would change and hit, for those who are ticked; the confirmation writes."""
    row = _row(request, public_id)
    people = list(week_templates.people_of(row.institution))
    form = GiveForm(request.POST if request.method == "POST" else None, people=people)
    context: dict[str, Any] = {
        "nav": "people",
        "tab": "week_templates",
        "template": row,
        "hospital": row.institution,
        "text": _text(week_templates.week_of(row)),
        "form": form,
    }
    if form.is_bound and form.is_valid():
        if "confirm" in request.POST:
            try:
                done = week_templates.give(row, form.chosen(), adds=form.adds, by=request.user)
            except DomainError as error:
                pages.add_errors(form, error)
            else:
                said = ngettext("The time of %(n)d person is saved.", "The time of %(n)d people is saved.", len(done))
                messages.success(request, said % {"n": len(done)})
                return redirect("week_templates")
        context |= _tried(request, row, form)
    return render(request, "scheduling/pools/week_give.html", context, status=422 if form.errors else 200)


def _tried(request: SignedInRequest, row: WeekTemplate, form: GiveForm) -> dict[str, Any]:
    """What it would change, person by person, with what that hits."""
    found = week_templates.changes(row, form.chosen(), adds=form.adds)
    fits = [one for one in found if one.changes and not one.wrong]
    hit = impact.of_weeks({one.expert: one.after for one in fits})
    together = shown(request, Impact(hits=[one for some in hit.values() for one in some.hits]))
    lines = [
        {
            "expert": one.expert,
            "before": _text(one.before),
            "after": _text(one.after),
            "wrong": one.wrong,
            "changes": one.changes,
            **together,
            "impact": hit.get(one.expert.pk) or None,
        }
        for one in found
    ]
    return {"lines": lines, "changed": len(fits), "blocked": any(one.wrong for one in found)}
