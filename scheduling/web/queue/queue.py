"""The waiting queue: one line per case, the nearest limit first, and in words what keeps it from being planned."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from cases.models import Case, Tier, Urgency
from cases.selectors import case_queue
from cases.states import QUEUED, CaseStatus
from experts.models import DiseaseGroup, Institution
from mdt_portal import access, shell
from mdt_portal.i18n import clock
from mdt_portal.models import User
from mdt_portal.tables.lists import Column, Listing
from mdt_portal.web.pages import is_htmx, page
from scheduling.explain import unplaced
from scheduling.selectors.names import Name
from scheduling.web.queue import saved_views
from scheduling.web.queue.queue_row import QueueRow

PER_PAGE = 50
VIEWS = ("all", "near", "over", "blocked", "mine")
LIST = Listing(
    name="queue",
    default="due_at",
    columns=(
        Column(key="number", label=_("Case"), order=case_queue.ORDERS["number"], cell=lambda row: row.number),
        Column(key="code", label=_("ICD-10"), cell=lambda row: row.code, on_page=False),
        Column(key="title", label=_("Diagnosis"), cell=lambda row: row.title, on_page=False),
        Column(key="patient", label=_("Patient"), cell=lambda row: row.whom, on_page=False),
        Column(key="institution", label=_("Referred by"), cell=lambda row: row.hospital, on_page=False),
        Column(
            key="tier",
            label=_("Tier"),
            order=case_queue.ORDERS["tier"],
            cell=lambda row: Tier(row.tier).label if row.tier else "",
        ),
        Column(key="due_at", label=_("Limit"), order=case_queue.ORDERS["due_at"], cell=lambda row: row.due),
        Column(key="status", label=_("State"), order=case_queue.ORDERS["status"], cell=lambda row: row.state.label),
        Column(key="urgency", label=_("Urgency"), cell=lambda row: row.hurry, on_page=False),
        Column(key="team", label=_("Team"), order=case_queue.ORDERS["team"], cell=lambda row: row.team),
        Column(key="held_back", label=_("What keeps it back"), cell=lambda row: row.held_back),
        Column(key="missing", label=_("Materials missing"), cell=lambda row: row.missing, on_page=False),
    ),
)


@page
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """The cases that the reader may see, as the filters in the address say. htmx gets the list alone."""
    user: User = request.user  # type: ignore[assignment]
    chosen = {name: request.GET.get(name, "") for name in ("q", *case_queue.FILTERS)}
    view = request.GET.get("view", "") if request.GET.get("view") in VIEWS else "all"
    now = timezone.now()
    cases = _filtered(access.visible(user, Case.objects.all()), chosen, user)
    listing = LIST.of(request)
    rows = listing.ordered(case_queue.rows(_viewed(cases, view, user, now)))
    if listing.wanted:
        return listing.file(_lines(listing.whole(rows), chosen["q"], user, now))
    counts = case_queue.counts(cases, now, user)
    pages = Paginator(rows, PER_PAGE)
    pages.count = counts[view]  # counted already
    shown = pages.get_page(request.GET.get("page"))
    may = {"refer": access.can(user, "case.refer"), "plan": access.can(user, "plan.request", None)}
    context = {
        "lines": list(_lines(list(shown), chosen["q"], user, now)),
        "page": shown,
        "listing": listing,
        "counts": counts,
        "tally": case_queue.in_words(case_queue.tally(access.visible(user, Case.objects.all()), now)),
        "view": view,
        "chosen": chosen,
        "filtered": any(chosen.values()) or view != "all",
        "may": may,
        **saved_views.context(user, request.GET),
    }
    if is_htmx(request):
        return render(request, "scheduling/queue/_answer.html", context)
    return render(request, "scheduling/queue/queue.html", context | {"choices": _choices(user)})


def _filtered(cases: QuerySet[Case], chosen: dict[str, str], user: User) -> QuerySet[Case]:
    if chosen["status"] in CaseStatus.values:
        cases = cases.filter(status=chosen["status"])
    elif chosen["status"] != "any":
        cases = cases.filter(status__in=QUEUED)
    if chosen["tier"] in Tier.values:
        cases = cases.filter(tier=chosen["tier"])
    if chosen["urgency"] in Urgency.values:
        cases = cases.filter(urgency=chosen["urgency"])
    if chosen["institution"]:
        cases = cases.filter(institution__public_id=chosen["institution"])
    if chosen["group"]:
        cases = cases.filter(requirement__disease_group=chosen["group"])
    if chosen["blocked"] in case_queue.BLOCKED:
        cases = cases.filter(case_queue.blocked_by(chosen["blocked"]))
    if chosen["q"].strip():
        cases = cases.filter(case_queue.found_by(chosen["q"].strip(), user))
    return cases


def _viewed(cases: QuerySet[Case], view: str, user: User, now: datetime) -> QuerySet[Case]:
    if view == "near":
        return cases.filter(case_queue.near(now))
    if view == "over":
        return cases.filter(due_at__lt=now)
    if view == "blocked":
        return cases.filter(case_queue.held_back())
    return cases.filter(referrer=user) if view == "mine" else cases


def _lines(cases: list[Case], text: str, user: User, now: datetime) -> Iterator[QueueRow]:
    if text.strip():
        case_queue.note_looks(cases, text.strip(), user)
    groups = case_queue.groups_of(cases)
    blocks = {case.pk: case_queue.block(case, groups) for case in cases}
    ready = [case for case in cases if case.status == CaseStatus.WAITING and blocks[case.pk] is None]
    why = unplaced.why(ready)
    zone = clock.zone(getattr(shell.home(user), "zone", None))
    plans, looks = access.can(user, "plan.request", None), access.can(user, "plan.view", None)
    for case in cases:
        block = blocks[case.pk]
        reason = why[case.pk].short if case.pk in why else ""
        yield QueueRow(
            id=case.public_id,
            number=case.number,
            code=case.code,
            title=case_queue.about(case),
            whom=case_queue.whom(case),
            hospital=Name.of(case.institution),
            team=Name.of(case.team) if case.team else None,
            tier=case.tier,
            due=case.due_at,
            left=clock.countdown(case.due_at.astimezone(zone), now=now.astimezone(zone)) if case.due_at else None,
            submitted=case.submitted_at is not None,
            state=CaseStatus(case.status),
            hurry=str(Urgency(case.urgency).label) if case.urgency != Urgency.ROUTINE else "",
            held_back=block.text if block else reason,
            explained=bool(reason) and looks,
            missing=case_queue.names(case.missing),  # type: ignore[attr-defined]
            tick=plans,
        )


def _choices(user: User) -> dict[str, Any]:
    groups = [(group.key, group.name) for group in DiseaseGroup.objects.all()]
    waiting = access.visible(user, Case.objects.filter(status__in=QUEUED))
    hospitals = Institution.objects.filter(pk__in=waiting.values("institution"))
    return case_queue.choices() | {
        "tier": Tier.choices,
        "urgency": Urgency.choices,
        "group": sorted(groups, key=lambda pair: pair[1]),
        "institution": [(one.public_id, one.name) for one in hospitals],
    }
