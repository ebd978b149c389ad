"""What a change as typed would hit, before it is saved: a fragment that the forms of people, rooms and days fetch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from experts.models import Expert, Institution, Team
from experts.roster import person_cards
from experts.web import common
from experts.web.pool_forms import PersonForm, SpecialDayForm
from experts.web.time_forms import ExceptionForm, LeaveForm, WeekForm
from mdt_portal import access
from mdt_portal.web.pages import SignedInRequest, page
from scheduling.models import Room, Session
from scheduling.resources import impact
from scheduling.resources.impact import Impact
from scheduling.web.pools.forms import ClosureForm, LeavingForm


@page
@require_GET
def hits(request: SignedInRequest, what: str, public_id: str) -> HttpResponse:
    """`what` names the form; nothing is said (an empty fragment) while what is typed is not complete."""
    if what not in READERS:
        raise Http404
    found = READERS[what](request, public_id)
    return render(request, "scheduling/pools/_hits.html", shown(request, found))


def shown(request: SignedInRequest, found: Impact | None) -> dict[str, Any]:
    """The context of the fragment; sessions that the reader may not open have no link."""
    if found is None:
        return {"impact": None}
    seen = access.visible(request.user, Session.objects.filter(pk__in=[one.pk for one in found.sessions]))
    return {"impact": found, "seen": set(seen.values_list("pk", flat=True)), "seen_by": request.user}


# The forms ------------------------------------------------------------------------------------------------------------


def _expert(request: SignedInRequest, public_id: str, permission: str) -> Expert:
    expert = get_object_or_404(access.visible(request.user, Expert.objects.all()), public_id=public_id)
    access.require(request.user, permission, expert)
    return expert


def _leave(request: SignedInRequest, public_id: str) -> Impact | None:
    expert = _expert(request, public_id, "expert.change_availability")
    form = LeaveForm(request.GET, prefix="leave")
    if not form.is_valid():
        return None
    asked = {name: form.cleaned_data[name] for name in ("first_day", "last_day", "start", "end")}
    return impact.of_leave(expert, **asked)


def _exception(request: SignedInRequest, public_id: str) -> Impact | None:
    expert = _expert(request, public_id, "expert.change_availability")
    form = ExceptionForm(request.GET, prefix="exception")
    if not form.is_valid() or form.cleaned_data["kind"] != "takes":
        return None
    asked = {name: form.cleaned_data[name] for name in ("day", "start", "end")}
    return impact.of_taken(expert, **asked)


def _week(request: SignedInRequest, public_id: str) -> Impact | None:
    expert = _expert(request, public_id, "expert.change_availability")
    form = WeekForm(request.GET, expert=expert)
    return impact.of_week(expert, form.hours()) if form.is_valid() else None


def _person(request: SignedInRequest, public_id: str) -> Impact | None:
    expert = _expert(request, public_id, "pool.edit")
    form = PersonForm(request.GET, card=person_cards.card_of(expert), hospitals=common.kept(request))
    if not form.is_valid():
        return None
    card = form.filled()
    return impact.of_person_end(expert) if not card.active else impact.of_skills(expert, card.skills)


def _departure(request: SignedInRequest, public_id: str) -> Impact | None:
    people = access.visible(request.user, Expert.objects.filter(public_id=public_id))
    work = get_object_or_404(person_cards.work_at(people, request.GET.get("hospital", ""))[:1])
    access.require(request.user, "pool.edit", work.institution)
    form = LeavingForm(request.GET)
    until = form.cleaned_data["until"] if form.is_valid() else None
    return impact.of_departure(work, until) if until else None


def _holiday(request: SignedInRequest, public_id: str) -> Impact | None:
    hospital = get_object_or_404(access.visible(request.user, Institution.objects.all()), public_id=public_id)
    access.require(request.user, "pool.edit", hospital)
    form = SpecialDayForm(request.GET)
    if not form.is_valid() or form.cleaned_data["working"]:
        return None
    return impact.of_day_off(hospital, form.cleaned_data["date"])


def _team(request: SignedInRequest, public_id: str) -> Impact | None:
    team = get_object_or_404(access.visible(request.user, Team.objects.all()), public_id=public_id)
    access.require(request.user, "pool.edit", team)
    return None if _ticked(request.GET) else impact.of_team_end(team)


def _room(request: SignedInRequest, public_id: str) -> Impact | None:
    room = _of_room(request, public_id)
    return None if _ticked(request.GET) else impact.of_room_end(room)


def _closure(request: SignedInRequest, public_id: str) -> Impact | None:
    room = _of_room(request, public_id)
    form = ClosureForm(request.GET, zone=room.institution.tz)
    if not form.is_valid():
        return None
    start, end = form.stretch()
    return impact.of_closure(room, start=start, end=end) if start < end else None


def _of_room(request: SignedInRequest, public_id: str) -> Room:
    rooms = access.visible(request.user, Room.objects.select_related("institution"))
    room = get_object_or_404(rooms, public_id=public_id)
    access.require(request.user, "pool.edit", room)
    return room


def _ticked(given: QueryDict) -> bool:
    """Whether what is edited stays active."""
    return bool(given.get("active"))


READERS: dict[str, Callable[[SignedInRequest, str], Impact | None]] = {
    "leave": _leave,
    "exception": _exception,
    "week": _week,
    "person": _person,
    "departure": _departure,
    "holiday": _holiday,
    "team": _team,
    "room": _room,
    "closure": _closure,
}
