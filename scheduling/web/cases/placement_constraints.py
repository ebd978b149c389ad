"""Pins and bans: the dialog that adds one, the list, and the button that withdraws one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from cases.models import Case
from cases.states import PLANNABLE
from cases.web.common import visible_case
from experts.models import Discipline, Expert
from mdt_portal import access
from mdt_portal.errors import RuleError
from mdt_portal.i18n import clock, phrases
from mdt_portal.models import User
from mdt_portal.web import pages
from mdt_portal.web.pages import SignedInRequest, page
from mdt_portal.web.time_fields import MomentField
from scheduling.models import PlacementConstraint, PlacementConstraintKind, PlanningRun, Proposal, Room
from scheduling.planning import placement_constraints
from scheduling.problem.core.horizon import Horizon
from scheduling.problem.places import places
from scheduling.solver.core.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A wish as a line of a list."""

    constraint: PlacementConstraint
    text: str
    gone: bool
    may_withdraw: bool


def text_of(constraint: PlacementConstraint) -> str:
    """`Thu 26 Nov 14:00–18:00, Room A1, Dr Lin`"""
    zone = constraint.case.team.institution.tz
    return phrases.line(
        _window(constraint, zone),
        constraint.room.name if constraint.room else "",
        constraint.expert.name if constraint.expert else "",
    )


def _window(constraint: PlacementConstraint, zone: Any) -> str:
    start = constraint.start.astimezone(zone) if constraint.start else None
    end = constraint.end.astimezone(zone) if constraint.end else None
    if start and end and start.date() == end.date():
        return f"{clock.day(start.date())} {clock.hour(start)}–{clock.hour(end)}"
    if start and end:
        return f"{_moment(start)} – {_moment(end)}"
    if start:
        return _("from %(when)s") % {"when": _moment(start)}
    return _("before %(when)s") % {"when": _moment(end)} if end else ""


def _moment(at: datetime) -> str:
    return f"{clock.day(at.date())} {clock.hour(at)}"


def of_cases(user: User, cases: Sequence[int]) -> list[Shown]:
    """What is in force for these cases (ids), as the reader may see it."""
    return _shown(user, PlacementConstraint.objects.filter(case__in=cases))


def of_run(user: User, run: PlanningRun) -> list[Shown]:
    """What the next run of the same hospitals would obey."""
    plannable = PlacementConstraint.objects.filter(case__team__institution__in=run.institutions.all())
    return _shown(user, plannable.filter(case__status__in=PLANNABLE))


def _shown(user: User, rows: Any) -> list[Shown]:
    found = list(access.visible(user, rows.in_force().with_names()).order_by("case", "pk"))
    hospitals = {constraint.case.team.institution_id: constraint.case for constraint in found}
    may = {pk: access.can(user, "case.plan", case) for pk, case in hospitals.items()}
    return [
        Shown(
            constraint=constraint,
            text=text_of(constraint),
            gone=bool(
                (constraint.expert and not constraint.expert.active) or (constraint.room and not constraint.room.active)
            ),
            may_withdraw=may[constraint.case.team.institution_id],
        )
        for constraint in found
    ]


# The dialog -----------------------------------------------------------------------------------------------------------


class PlacementConstraintForm(forms.Form):
    """Which part of the plan is pinned or forbidden for one case. At least one part must be given."""

    kind = forms.ChoiceField(
        label=pgettext_lazy("placement constraint", "What"),
        choices=PlacementConstraintKind.choices,
        widget=forms.RadioSelect,
    )
    expert = forms.ModelChoiceField(Expert.objects.none(), label=gettext_lazy("Person"), required=False)
    room = forms.ModelChoiceField(Room.objects.none(), label=gettext_lazy("Room"), required=False)
    start = MomentField(label=gettext_lazy("Begins not before"), required=False)
    end = MomentField(label=gettext_lazy("Begins before"), required=False)
    reason = forms.CharField(label=gettext_lazy("Reason"), required=False, max_length=200)

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        open_to = placement_constraints.seatings(case)
        people = {pk for able in open_to.values() for pk in able}
        keys = {place.id: place.discipline for place in places(case)}
        names = {row.key: row.name for row in Discipline.objects.filter(key__in=keys.values())}
        experts = sorted(Expert.objects.filter(pk__in=people), key=str)
        self.fields["expert"].queryset = Expert.objects.filter(pk__in=people)  # type: ignore[attr-defined]
        self.fields["expert"].choices = [  # type: ignore[attr-defined]
            ("", _("anybody")),
            *((one.pk, phrases.line(one.name, _seats_of(one.pk, open_to, keys, names))) for one in experts),
        ]
        rooms = Room.objects.filter(institution=case.team.institution, active=True)
        self.fields["room"].queryset = rooms  # type: ignore[attr-defined]
        self.fields["room"].empty_label = _("any room")  # type: ignore[attr-defined]


def _seats_of(expert: int, open_to: dict[int, list[int]], keys: dict[int, str], names: dict[str, str]) -> str:
    mine = dict.fromkeys(keys[place] for place, able in open_to.items() if expert in able)
    return phrases.listed(names.get(key, key) for key in mine)


@page
@require_http_methods(["GET", "POST"])
def add(request: SignedInRequest, public_id: str) -> HttpResponse:
    """The dialog; `?proposal=…` fills in where that plan has the case."""
    case = visible_case(request, public_id)
    access.require(request.user, "case.plan", case)
    zone = case.team.institution.tz
    with timezone.override(zone):
        form = PlacementConstraintForm(request.POST or None, case=case, initial=_initial(request, case))
        if form.is_bound and form.is_valid():
            try:
                placement_constraints.add(case, by=request.user, **form.cleaned_data)
            except RuleError as error:
                pages.add_errors(form, error)
            else:
                messages.success(request, _("Noted. The next plan obeys it."))
                return pages.go(pages.came_from(request))
        context = {"case": case, "form": form, "known": of_cases(request.user, [case.pk])}
        return render(
            request, "scheduling/cases/_placement_constraint_add.html", context, status=422 if form.is_bound else 200
        )


def _initial(request: SignedInRequest, case: Case) -> dict[str, Any]:
    """Pin the case to where the plan has it; the coordinator clears what may change."""
    offers = access.visible(request.user, Proposal.objects.filter(public_id=request.GET.get("proposal", "")))
    offer = offers.select_related("run").first()
    if offer is None:
        return {"kind": PlacementConstraintKind.PIN}
    run = offer.run
    horizon = Horizon.around(run.horizon_start, run.horizon_days, run.institutions.order_by("pk")[0].tz)
    for session in Plan.from_json(offer.plan).sessions:
        if any(item.case == case.pk for item in session.cases):
            window = {"start": horizon.moment(session.start_min), "end": horizon.moment(session.end_min)}
            return {"kind": PlacementConstraintKind.PIN, "room": session.room, **window}
    return {"kind": PlacementConstraintKind.PIN}


@page
@require_POST
def withdraw(request: SignedInRequest, public_id: str) -> HttpResponse:
    constraint = get_object_or_404(
        access.visible(request.user, PlacementConstraint.objects.with_names()), public_id=public_id
    )
    access.require(request.user, "case.plan", constraint.case)
    placement_constraints.withdraw(constraint, by=request.user)
    messages.info(request, _("Withdrawn. The next plan does not obey it any more."))
    return redirect(pages.came_from(request))
