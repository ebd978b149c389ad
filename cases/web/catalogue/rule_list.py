"""The catalogue's pages: every rule in one searchable table, and the drafts that wait to be published."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from cases.catalogue import rule_list, rule_text
from cases.models import Tier
from cases.web.catalogue import common
from mdt_portal.web.pages import is_htmx, page

PAGE = 25
FILTERS = ("q", "tier", "evidence", "state", "group", "review")


@page
@require_GET
def rules(request: HttpRequest) -> HttpResponse:
    """The table; htmx gets the list alone."""
    known = rule_text.names()
    lines = rule_list.lines(rule_list.newest(), common.today(request), known)
    chosen = {name: request.GET.get(name, "")[:80].strip() for name in FILTERS}
    found = rule_list.found_by(
        lines,
        text=chosen["q"],
        tier=chosen["tier"],
        evidence=chosen["evidence"],
        state=chosen["state"],
        group=chosen["group"],
        review=chosen["review"],
    )
    paged = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "lines": paged.object_list,
        "page": paged,
        "chosen": chosen,
        "filtered": any(chosen.values()),
        "may": common.permissions(request),
        "nav": "catalogue",
    }
    if is_htmx(request):
        return render(request, "cases/catalogue/_rules.html", context)
    asked = common.open_approvals() if context["may"]["preview"] else []
    groups = {line.rule.disease_group for line in lines}
    context |= {
        "total": sum(any(version.state == "in_force" for version in line.open) for line in lines),
        "drafts": [version.row for line in lines for version in line.open if version.state == "draft"],
        "due": sum(line.due for line in lines),
        "asked": asked,
        "choices": {
            **rule_list.choices(),
            "tier": Tier.choices,
            "group": sorted(((key, known.group(key)) for key in groups), key=lambda pair: pair[1]),
        },
    }
    return render(request, "cases/catalogue/rules.html", context)
