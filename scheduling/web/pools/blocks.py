"""Standing times of the teams: the list, the form with its next dates, and the end of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from experts.models import Institution
from experts.web import common
from mdt_portal import access
from mdt_portal.errors import DomainError
from mdt_portal.tables.lists import Column, Listing
from mdt_portal.web import pages
from mdt_portal.web.pages import SignedInRequest, page
from scheduling.models import Block, BlockKind
from scheduling.resources import recurrence_text, recurring_blocks
from scheduling.selectors import list_orders
from scheduling.web.pools.forms import BlockForm


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockRow:
    block: Block
    rule: str


LIST = Listing(
    name="standing-times",
    default="team",
    columns=(
        Column(
            key="institution",
            label=gettext_lazy("Hospital"),
            cell=lambda row: row.block.team.institution,
            on_page=False,
        ),
        Column(
            key="team", label=gettext_lazy("Team"), order=list_orders.BLOCKS["team"], cell=lambda row: row.block.team
        ),
        Column(
            key="first_day",
            label=gettext_lazy("Takes place"),
            order=list_orders.BLOCKS["first_day"],
            cell=lambda row: row.rule or row.block.first_day,
        ),
        Column(
            key="start",
            label=gettext_lazy("Time"),
            order=list_orders.BLOCKS["start"],
            cell=lambda row: f"{row.block.start:%H:%M}–{row.block.end:%H:%M}",
        ),
        Column(
            key="room",
            label=gettext_lazy("Room"),
            order=list_orders.BLOCKS["room"],
            cell=lambda row: row.block.room or _("any room that fits"),
        ),
        Column(key="from", label=gettext_lazy("From"), cell=lambda row: row.block.first_day, on_page=False),
        Column(
            key="last_day",
            label=gettext_lazy("Until"),
            order=list_orders.BLOCKS["last_day"],
            cell=lambda row: row.block.last_day,
        ),
    ),
)


@page
@require_GET
def block_list(request: SignedInRequest) -> HttpResponse:
    """What recurs, or lies ahead, by hospital."""
    access.require(request.user, "pool.view")
    today = timezone.now().date()
    ahead = Q(last_day__isnull=True, recurrence__gt="") | Q(last_day__gte=today) | Q(first_day__gte=today)
    listing = LIST.of(request)
    rows = listing.ordered(
        access.visible(request.user, Block.objects.filter(ahead, kind=BlockKind.STANDING)).select_related(
            "team__institution", "room"
        )
    )
    groups: dict[int, dict[str, Any]] = {
        one.pk: {"hospital": one, "rows": [], "kept": False} for one in common.hospitals(request)
    }
    for block in rows:
        groups[block.team.institution_id]["rows"].append(
            BlockRow(block=block, rule=recurrence_text.in_words(block.recurrence))
        )
    for one in common.kept(request):
        groups[one.pk]["kept"] = True
    shown = [group for group in groups.values() if group["rows"] or group["kept"]]
    if listing.wanted:
        return listing.file(row for group in shown for row in group["rows"])
    context = {"nav": "people", "tab": "blocks", "groups": shown, "listing": listing}
    return render(request, "scheduling/pools/blocks.html", context)


@page
@require_http_methods(["GET", "POST"])
def new(request: SignedInRequest) -> HttpResponse:
    access.require(request.user, "pool.edit")
    return _form(request, common.chosen(request, common.kept(request)), None)


@page
@require_http_methods(["GET", "POST"])
def block(request: SignedInRequest, public_id: str) -> HttpResponse:
    """One standing time; whoever does not keep its hospital reads it."""
    access.require(request.user, "pool.view")
    row = _visible(request, public_id)
    return _form(request, row.team.institution, row)


def _visible(request: SignedInRequest, public_id: str) -> Block:
    rows = access.visible(request.user, Block.objects.select_related("team__institution", "room"))
    return get_object_or_404(rows, public_id=public_id)


def _form(request: SignedInRequest, at: Institution, row: Block | None) -> HttpResponse:
    form = BlockForm(request.POST or None, institution=at, block=row)
    if request.method == "POST":
        access.require(request.user, "pool.edit", at)
        if form.is_valid():
            try:
                saved = recurring_blocks.save(row, by=request.user, **form.filled())
            except DomainError as error:
                pages.add_errors(form, error)
            else:
                messages.success(request, _("The standing time is saved. Plans made from now on use it."))
                return redirect("block", saved.public_id)
    context = {
        "nav": "people",
        "tab": "blocks",
        "standing": row,
        "hospital": at,
        "form": form,
        "may_edit": access.can(request.user, "pool.edit", at),
        "today": _today(at),
        **(_message(row, at) if row else {}),
    }
    return render(request, "scheduling/pools/block.html", context, status=422 if form.is_bound else 200)


@page
@require_GET
def dates(request: SignedInRequest) -> HttpResponse:
    """The next dates of what is typed, or what keeps it from being saved."""
    access.require(request.user, "pool.edit")
    at = common.chosen(request, common.kept(request))
    row = get_object_or_404(Block, public_id=request.GET["block"]) if request.GET.get("block") else None
    form = BlockForm(request.GET, institution=at, block=row)
    context: dict[str, Any] = {"today": _today(at)}
    if form.is_valid():
        typed = Block(pk=row.pk if row else None, kind=BlockKind.STANDING, **form.filled())
        try:
            recurring_blocks.check(typed)
        except DomainError as error:
            context["wrong"] = error.message
        else:
            context |= _message(typed, at)
    return render(request, "scheduling/pools/_dates.html", context)


def _message(row: Block, at: Institution) -> dict[str, Any]:
    days = recurring_blocks.coming(row, today=_today(at))
    return {"days": days, "said": recurrence_text.in_words(row.recurrence), "rule": row.recurrence}


def _today(at: Institution) -> date:
    return timezone.now().astimezone(at.tz).date()


@page
@require_POST
def end(request: SignedInRequest, public_id: str) -> HttpResponse:
    row = _visible(request, public_id)
    access.require(request.user, "pool.edit", row.team)
    recurring_blocks.end(row, by=request.user)
    messages.success(request, _("It takes place no more. Sessions that are published stay."))
    return redirect("blocks")
