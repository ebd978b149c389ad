"""People: a searchable table with this week's and the next week's load, and one person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from experts import titles
from experts.availability.core import week_pattern
from experts.models import Affiliation, Discipline, Expert, Qualification, Team
from experts.roster import list_orders, person_cards
from experts.web import common
from mdt_portal import access, shell
from mdt_portal.i18n import clock
from mdt_portal.tables.lists import Column, Listing
from mdt_portal.web.pages import SignedInRequest, is_htmx, page
from scheduling.models import Attendance, Session
from scheduling.problem.core.horizon import Horizon
from scheduling.resources import impact, workload
from scheduling.resources.workload import ExpertLoad
from scheduling.states import InvitationStatus
from scheduling.web.pools.impact import shown

ROWS = 25
FILTERS = ("q", "discipline", "rank", "hospital", "team", "state")
SEATS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    expert: Expert
    free_h: float
    loads: list[ExpertLoad]


LIST = Listing(
    name="people",
    default="name",
    columns=(
        Column(
            key="name",
            label=gettext_lazy("Name"),
            order=list_orders.EXPERTS["name"],
            cell=lambda row: row.expert,
        ),
        Column(key="title", label=gettext_lazy("Title"), cell=lambda row: [one.title for one in row.expert.work]),
        Column(
            key="hospital",
            label=gettext_lazy("Hospital"),
            cell=lambda row: [one.institution for one in row.expert.work],
            on_page=False,
        ),
        Column(key="disciplines", label=gettext_lazy("Disciplines"), cell=lambda row: _skills(row.expert)),
        Column(key="teams", label=gettext_lazy("Teams"), cell=lambda row: list(row.expert.teams.all())),
        Column(key="free", label=gettext_lazy("Free (h a week)"), cell=lambda row: row.free_h, css="num"),
        Column(key="this_week", label=gettext_lazy("This week"), cell=lambda row: row.loads[0].sessions),
        Column(key="next_week", label=gettext_lazy("Next week"), cell=lambda row: row.loads[1].sessions),
        Column(
            key="remote",
            label=gettext_lazy("Remote"),
            order=list_orders.EXPERTS["remote"],
            cell=lambda row: row.expert.remote,
        ),
        Column(key="active", label=gettext_lazy("Active"), cell=lambda row: row.expert.active, on_page=False),
    ),
)


@page
@require_GET
def people(request: SignedInRequest) -> HttpResponse:
    """The table; htmx gets the list alone."""
    access.require(request.user, "pool.view")
    chosen = {name: request.GET.get(name, "")[:80].strip() for name in FILTERS}
    listing = LIST.of(request)
    found = listing.ordered(_with_all(_found(access.visible(request.user, Expert.objects.all()), chosen)))
    if listing.wanted:
        return listing.file(_rows(listing.whole(found), request))
    paged = Paginator(found, ROWS).get_page(request.GET.get("page"))
    rows = _rows(list(paged.object_list), request)
    hospitals = common.hospitals(request)
    context = {
        "nav": "people",
        "tab": "people",
        "page": paged,
        "listing": listing,
        "rows": rows,
        "chosen": chosen,
        "filtered": any(chosen.values()),
        "several": len(hospitals) > 1,
        "may_edit": access.can(request.user, "pool.edit"),
    }
    if is_htmx(request):
        return render(request, "scheduling/pools/_people.html", context)
    teams = access.visible(request.user, Team.objects.filter(active=True)).select_related("institution")
    context["choices"] = {
        "discipline": sorted(((row.key, row.name) for row in Discipline.objects.all()), key=lambda pair: pair[1]),
        "rank": [(str(rank), titles.lowest(rank)) for rank in (4, 3, 2, 1)],
        "hospital": [(one.public_id, one.name) for one in hospitals],
        "team": [(one.public_id, f"{one.name} · {one.institution.name}") for one in teams],
        "state": [("", _("Active")), ("all", _("All")), ("inactive", _("Not active"))],
    }
    return render(request, "scheduling/pools/people.html", context)


def _found(rows: QuerySet[Expert], chosen: dict[str, str]) -> QuerySet[Expert]:
    if text := chosen["q"]:
        rows = rows.filter(Q(name_en__icontains=text) | Q(name_zh__icontains=text) | Q(email__icontains=text))
    if key := chosen["discipline"]:
        rows = rows.filter(pk__in=Qualification.objects.filter(discipline__key=key).values("expert"))
    work = person_cards.present(Affiliation.objects.all())
    if chosen["rank"] in ("1", "2", "3", "4"):
        rows = rows.filter(pk__in=work.filter(title__rank__gte=int(chosen["rank"])).values("expert"))
    if hospital := chosen["hospital"]:
        rows = rows.filter(pk__in=work.filter(institution__public_id=hospital).values("expert"))
    if team := chosen["team"]:
        rows = rows.filter(pk__in=Team.core_members.through.objects.filter(team__public_id=team).values("expert"))
    if chosen["state"] != "all":
        rows = rows.filter(active=chosen["state"] != "inactive")
    return rows


def _rows(people: list[Expert], request: SignedInRequest) -> list[PersonRow]:
    loads = workload.of(people, _weeks(request))
    return [PersonRow(expert=one, free_h=_free_h(one), loads=loads[one.pk]) for one in people]


def _skills(expert: Expert) -> list[str]:
    rows = expert.qualifications.all()  # type: ignore[attr-defined]
    return [
        f"{one.discipline.name} ({one.sub_specialty})" if one.sub_specialty else one.discipline.name for one in rows
    ]


def _with_all(rows: QuerySet[Expert]) -> QuerySet[Expert]:
    return person_cards.with_work(rows).prefetch_related("teams", "weekly_availability")


def _free_h(expert: Expert) -> float:
    """Hours of an ordinary week in which somebody is free for this work."""
    return week_pattern.hours_a_week(week_pattern.of_rows(expert.weekly_availability.all()))  # type: ignore[attr-defined]


def _weeks(request: SignedInRequest) -> list[workload.Week]:
    """This week and the next by the clock of the reader's hospital."""
    zone: Any = clock.zone(getattr(shell.home(request.user), "zone", None))
    today = timezone.now().astimezone(zone).date()
    weeks = (Horizon.around(today + timedelta(days=days), 7, zone) for days in (0, 7))
    return [(week.start, week.end) for week in weeks]


@page
@require_GET
def person(request: SignedInRequest, public_id: str) -> HttpResponse:
    """What is known of one person; how to reach them is for who keeps their hospital's pool."""
    access.require(request.user, "pool.view")
    rows = access.visible(request.user, Expert.objects.all())
    expert = get_object_or_404(_with_all(rows), public_id=public_id)
    work: list[Affiliation] = expert.work  # type: ignore[attr-defined]
    seats = (
        Attendance.objects.active()
        .filter(expert=expert, session__isnull=False, invitation__isnull=False, end__gte=timezone.now())
        .select_related("session__team", "session__institution", "session__room", "invitation")
        .order_by("start")[:SEATS]
    )
    seen = access.visible(request.user, Session.objects.filter(attendances__in=[one.pk for one in seats]))
    context = {
        "nav": "people",
        "tab": "people",
        "expert": expert,
        "row": PersonRow(
            expert=expert, free_h=_free_h(expert), loads=workload.of([expert], _weeks(request))[expert.pk]
        ),
        "chaired": expert.chaired_teams.filter(active=True),  # type: ignore[attr-defined]
        "seats": [(one, InvitationStatus(one.invitation.status)) for one in seats],  # type: ignore[attr-defined]
        "seen": set(seen.values_list("pk", flat=True)),
        "leaving": [shown(request, hit) for one in work if one.until and (hit := impact.of_departure(one, one.until))],
        "kept": {one.institution_id for one in work if access.can(request.user, "pool.edit", one.institution)},
        "may_edit": access.can(request.user, "pool.edit", expert),
        "may_time": access.can(request.user, "expert.change_availability", expert),
    }
    return render(request, "scheduling/pools/person.html", context)
