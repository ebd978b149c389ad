"""Today: what breaks next, the day's sessions, who is on call. The first page, different for each kind of reader."""

from __future__ import annotations

from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from cases.models import Case
from cases.selectors import case_queue
from cases.states import WITH_A_LIMIT, CaseStatus
from mdt_portal import access, shell
from mdt_portal.i18n import clock
from mdt_portal.models import User
from mdt_portal.operations import health
from mdt_portal.tags.frame import then_next
from mdt_portal.web.pages import THEN, SignedInRequest, page
from scheduling.selectors import news, today, worklist
from scheduling.selectors.worklist import Entry

SHOWN = 12
OWN_SHOWN = 20


@page
@require_GET
def first_page(request: HttpRequest) -> HttpResponse:
    """Coordinators see what needs a hand, experts their seats, referrers their cases."""
    user: User = request.user  # type: ignore[assignment]
    if access.can(user, "plan.view", None):
        return _coordinator(request, user)
    if access.can(user, "seat.mine", None):
        return redirect("my_seats")
    return _referrer(request, user)


@page
@require_GET
def next_entry(request: SignedInRequest) -> HttpResponse:
    """`?then=facts&done=/cases/…/edit/`: the first piece of work of this kind but the one just done; else Today."""
    kind = request.GET.get(THEN, "")
    for entry in today.work(request.user, timezone.now()):
        if (
            kind in (entry.kind, "all")
            and entry.kind in worklist.GOING_ON
            and entry.url.partition("#")[0] != request.GET.get("done")
        ):
            return redirect(then_next(entry.url, kind))
    return redirect("today")


def _coordinator(request: HttpRequest, user: User) -> HttpResponse:
    now = timezone.now()
    zone = clock.zone(getattr(shell.home(user), "zone", None))
    found = today.work(user, now)
    kind = request.GET.get("kind", "")
    chosen = [entry for entry in found if entry.kind == kind] if kind in worklist.KINDS else found
    most = None if request.GET.get("all") else SHOWN
    day, cards = today.sessions(user, now, zone)
    context = {
        "lede": today.lede(found, now),
        "groups": worklist.grouped(_going_on(chosen, kind), now, most=most),
        "others": max(0, len(chosen) - SHOWN) if most else 0,
        "kind": kind,
        "kinds": today.kinds(found),
        "figures": today.figures(user, now, zone),
        "day": day,
        "is_today": day == now.astimezone(zone).date(),
        "cards": cards,
        "duties": today.on_call(user, now),
        "alive": _alive(),
        "news": news.number(user, now),
        "since": news.last_visit(user, now),
        "may_refer": access.can(user, "case.refer"),
        "may_call": access.can(user, "plan.request", None),
    }
    return render(request, "scheduling/today/today.html", context)


def _going_on(found: list[Entry], kind: str) -> list[Entry]:
    """Forms that lead to the next one of this kind, or of all, once they are saved."""
    return [replace(one, url=then_next(one.url, kind)) if one.kind in worklist.GOING_ON else one for one in found]


def _alive() -> dict[str, bool]:
    """Whether plans can be computed and mails sent, asked of the broker."""
    return {"broker": health.broker() == "ok", "worker": health.worker() == "ok"}


def _referrer(request: HttpRequest, user: User) -> HttpResponse:
    """The reader's own cases: what they wait for, and where each of them stands."""
    now = timezone.now()
    own = case_queue.rows(access.visible(user, Case.objects.exclude(status=CaseStatus.WITHDRAWN))).order_by("-pk")
    cases = list(own.prefetch_related("items__session")[:OWN_SHOWN])
    lines = [
        {
            "case": case,
            "title": case_queue.about(case),
            "state": CaseStatus(case.status),
            "limited": case.status in WITH_A_LIMIT,
            "item": next((item for item in case.items.all() if item.active), None),
        }
        for case in cases
    ]
    found = today.work(user, now)
    context = {
        "lede": today.lede(found, now),
        "groups": worklist.grouped(found, now, most=SHOWN),
        "lines": lines,
        "may_refer": access.can(user, "case.refer"),
        "may_set_up": user.is_staff,
    }
    return render(request, "scheduling/today/today_referrer.html", context)
