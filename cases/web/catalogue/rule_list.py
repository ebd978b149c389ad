"""The catalogue's pages: every rule in one searchable table, and the drafts that wait to be published."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET

from cases.catalogue import rule_list, rule_text
from cases.models import Tier
from cases.web.catalogue import common
from mdt_portal.tables.lists import Column, Listing, sound
from mdt_portal.web.pages import is_htmx, page

PAGE = 25
FILTERS = ("q", "tier", "evidence", "state", "group", "review")
LIST = Listing(
    name="rules",
    default="key",
    columns=(
        Column(key="key", label=_("Key"), order=lambda line: line.key, cell=lambda line: line.key, on_page=False),
        Column(
            key="name",
            label=_("Disease and condition"),
            order=lambda line: sound(line.row),
            cell=lambda line: line.row,
        ),
        Column(key="codes", label=_("Codes"), cell=lambda line: line.codes, on_page=False),
        Column(key="condition", label=_("Condition"), cell=lambda line: line.condition, on_page=False),
        Column(
            key="tier",
            label=_("Tier"),
            order=lambda line: Tier.values.index(line.row.tier),
            cell=lambda line: Tier(line.row.tier).label,
        ),
        Column(key="seats", label=_("Seats"), cell=lambda line: line.seats),
        Column(
            key="minutes",
            label=pgettext_lazy("column of minutes", "Min"),
            order=lambda line: line.rule.minutes,
            cell=lambda line: line.rule.minutes,
            css="num",
        ),
        Column(
            key="evidence",
            label=_("Evidence"),
            order=lambda line: rule_list.evidence_rank(line.row.evidence),
            cell=lambda line: line.evidence,
        ),
        Column(
            key="review_by",
            label=_("Review by"),
            order=lambda line: line.row.review_by,
            cell=lambda line: line.row.review_by,
            on_page=False,
        ),
        Column(key="source", label=_("Source"), cell=lambda line: line.row.source, on_page=False),
        Column(key="state", label=_("State"), cell=lambda line: [one.label for one in line.open]),
    ),
)


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
    listing = LIST.of(request)
    found = listing.ordered(found)
    if listing.wanted:
        return listing.file(listing.whole(found))
    paged = Paginator(found, PAGE).get_page(request.GET.get("page"))
    may = common.permissions(request)
    context = {
        "lines": paged.object_list,
        "page": paged,
        "listing": listing,
        "chosen": chosen,
        "filtered": any(chosen.values()),
        "may": may,
        "nav": "catalogue",
    }
    if is_htmx(request):
        return render(request, "cases/catalogue/_rules.html", context)
    groups = {line.rule.disease_group for line in lines}
    context |= {
        "total": sum(any(version.state == "in_force" for version in line.open) for line in lines),
        "drafts": [version.row for line in lines for version in line.open if version.state == "draft"],
        "due": sum(line.due for line in lines),
        "asked": common.open_approvals() if may["preview"] else [],
        "choices": {
            **rule_list.choices(),
            "tier": Tier.choices,
            "group": sorted(((key, known.group(key)) for key in groups), key=lambda pair: pair[1]),
        },
    }
    return render(request, "cases/catalogue/rules.html", context)
