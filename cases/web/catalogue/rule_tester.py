"""The test bench: type a case, see what the rules in force say to it, and what they would say with the drafts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases.catalogue import answer_text, rulebook
from cases.catalogue import rule_tester as trials
from cases.catalogue.answer_text import Sheet
from cases.catalogue.core.evaluation import Rule
from cases.catalogue.rule_tester import RuleTest
from cases.diagnoses import code_search
from cases.services import workflow
from cases.web.catalogue import common
from cases.web.forms import FactsForm
from mdt_portal.errors import DomainError
from mdt_portal.web.pages import is_htmx, page


class RuleTesterForm(FactsForm):
    """The facts of an invented case."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("diagnosis", "question", "remote_ok", "equipment"):
            del self.fields[name]
        if "age" in self.asked:
            self.fields["age"] = forms.IntegerField(
                label=gettext_lazy("Age"), required=False, min_value=0, max_value=130
            )
            self.fields["age"].wanted = True  # type: ignore[attr-defined]

    @property
    def fact_names(self) -> list[str]:
        return [*super().fact_names, *(["age"] if "age" in self.fields else [])]

    def details(self, before: Any = None) -> dict[str, Any]:
        found = super().details(before)
        return found | {"age": self.cleaned_data["age"]} if "age" in self.cleaned_data else found


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What one set of rules says."""

    title: str
    sheet: Sheet
    test: RuleTest


@page
@require_http_methods(["GET", "POST"])
def rule_tester(request: HttpRequest) -> HttpResponse:
    """The form, and beside it the answer; htmx gets the answer alone. Nothing is written."""
    form = _form(request)
    context = {"form": form, "chosen": code_search.named(form.chosen), "nav": "catalogue", **_answers(form, request)}
    if is_htmx(request):
        return render(request, "cases/catalogue/_tester_answer.html", context)
    context |= {"codes_url": reverse("rule_tester_codes"), "facts_url": reverse("rule_tester_facts")}
    return render(request, "cases/catalogue/rule_tester.html", context)


@page
@require_GET
def codes(request: HttpRequest) -> HttpResponse:
    """Diagnoses that fit what is being typed."""
    text = request.GET.get("search", "")[:120].strip()
    found = code_search.search(text, _rules(request)) if len(text) > 1 else []
    return render(request, "cases/_codes.html", {"found": found, "text": text})


@page
@require_POST
def facts(request: HttpRequest) -> HttpResponse:
    """The questions that some rule or draft asks at the diagnosis."""
    form = _form(request)
    form.errors.clear()  # nobody has sent the form yet
    context = {"form": form, "chosen": code_search.named(form.chosen)}
    return render(request, "cases/_facts.html", context)


def _form(request: HttpRequest) -> RuleTesterForm:
    if request.method == "POST":
        return RuleTesterForm(request.POST, rules=_rules(request))
    code = request.GET.get("code", "").split("-")[0][:8]
    return RuleTesterForm(None, rules=_rules(request), initial={"code": code})


def _rules(request: HttpRequest) -> list[Rule]:
    """Those in force and the drafts, so that the form asks for what either wants to know."""
    return [*rulebook.in_force(common.today(request)), *(rulebook.parsed(row) for row in common.drafts())]


def _answers(form: RuleTesterForm, request: HttpRequest) -> dict[str, Any]:
    """`columns`: one answer, or two where there are drafts; `refused` where the facts cannot be."""
    if not form.chosen or not form.is_bound:
        return {}
    form.is_valid()  # what is wrong is left out of the facts, what is right counts
    try:
        given = workflow.checked_facts(code=form.chosen, **form.details())
    except DomainError as error:
        return {"refused": error.message}
    present = rulebook.in_force(common.today(request))
    drafts = [rulebook.parsed(row) for row in common.drafts()]
    keys = {rule.key for rule in drafts}
    sets = [(_("In force today"), list(present))]
    if drafts:
        sets.append((_("With the drafts"), [*(rule for rule in present if rule.key not in keys), *drafts]))
    now = timezone.now()
    columns = []
    for title, rules in sets:
        test = trials.run(given, rules)
        columns.append(Column(title=title, sheet=answer_text.preview(test.answer, now=now, most_hours=None), test=test))
    return {"columns": columns, "draft_keys": {(rule.key, rule.version) for rule in drafts}}
