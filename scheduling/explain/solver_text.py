"""The solver's codes in words: broken rules, reasons and failures, with names for ids and clock times for minutes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.models import Case
from experts.models import Discipline, Expert, Team
from mdt_portal.i18n import clock, phrases
from scheduling.models import Room
from scheduling.problem.core.horizon import Horizon
from scheduling.problem.snapshot import Snapshot
from scheduling.solver.rules import SENTENCES, Violation

MOMENTS = {"from", "to", "start", "earliest", "release", "first_free", "due"}
UNPLACED = {
    "seat_nobody": gettext_lazy("%(discipline)s: nobody who works here may take the seat."),
    "seat_title": gettext_lazy("%(discipline)s: nobody here has the title that the seat asks for."),
    "seat_no_time": gettext_lazy("%(discipline)s: nobody who may take the seat has any time in these days."),
    "no_room_exists": gettext_lazy("The hospital has no room."),
    "no_room_has": gettext_lazy("No room has %(equipment)s."),
    "room_never_open": gettext_lazy("No fitting room is open at all in the days that were planned."),
    "case_too_long": gettext_lazy("It needs %(minutes)s minutes with breaks, longer than a session may last."),
    "team_never_meets": gettext_lazy("%(team)s has no time to meet in the days that were planned."),
    "no_time_allowed": gettext_lazy("%(team)s does not meet from %(release)s on in the days that were planned."),
    "team_busy": gettext_lazy("%(team)s discusses other cases at the times that would do."),
    "no_room": gettext_lazy("No fitting room is open when the team can meet."),
    "no_room_equipped": gettext_lazy("No room with %(equipment)s is open when the team can meet."),
    "room_booked": gettext_lazy("All fitting rooms are booked at the times that would do."),
    "seat_off_duty": gettext_lazy("%(discipline)s: nobody who may take the seat is on duty."),
    "seat_busy": gettext_lazy("%(discipline)s: everybody who may take the seat is needed elsewhere."),
    "seat_at_cap": gettext_lazy("%(discipline)s: everybody who is free has as many sessions as their limit allows."),
    "seat_unavailable": gettext_lazy("%(discipline)s: nobody who may take the seat is free."),
    "seats_share_people": gettext_lazy("There are too few people: each seat needs somebody of its own."),
    "limit_over": gettext_lazy("Its limit, %(due)s, lies before the earliest start that can be planned, %(earliest)s."),
    "pin_time": gettext_lazy("It is pinned to a time that does not do."),
    "ban_time": gettext_lazy("The times that would do are forbidden for it."),
    "pin_room_closed": gettext_lazy("It is pinned to %(room)s, which is not open when the team can meet."),
    "pin_room_booked": gettext_lazy("It is pinned to %(room)s, which is booked at the times that would do."),
    "ban_room": gettext_lazy("The only rooms that are free are forbidden for it."),
    "pin_expert": gettext_lazy("%(expert)s, to whom it is pinned, cannot come at the times that would do."),
    "ban_expert": gettext_lazy("%(discipline)s: those who could come are forbidden for it."),
    "place_missed": gettext_lazy("There is a place at %(start)s that the planner did not reach in time. Plan again."),
}
FAILURES = {
    "run.plan_breaks_rules": gettext_lazy("The plan that was found breaks a rule, so it was thrown away."),
    "run.crashed": gettext_lazy("The computation broke off because of an error in the portal."),
    "run.worker_lost": gettext_lazy("The planning worker was lost %(attempts)s times."),
}
EQUIPMENT = {"video": gettext_lazy("video"), "display": gettext_lazy("a display")}
THINGS = {
    "session": gettext_lazy("session"),
    "case": gettext_lazy("case"),
    "team": gettext_lazy("team"),
    "site": gettext_lazy("site"),
    "room": gettext_lazy("room"),
    "expert": gettext_lazy("expert"),
    "start_min": gettext_lazy("start"),
    "end_min": gettext_lazy("end"),
}
"""The parts of a plan that a rule may name."""


def violations_text(violations: Iterable[Violation], seen: Snapshot) -> str:
    """Broken rules as sentences, one after the other."""
    found = list(violations)
    names = names_of([violation.params for violation in found])
    return phrases.sentences(*(_(SENTENCES[one.code]) % in_words(one.params, names, seen.horizon) for one in found))


def unplaced_text(reason: Mapping[str, Any], names: Mapping[tuple[str, int | str], str], horizon: Horizon) -> str:
    """Why a case has no place, as one sentence; `reason` is a solver.plan.Reason as JSON."""
    code, params = reason["code"], dict(reason.get("params", {}))
    if code == "no_room" and params.get("equipment"):
        code = "no_room_equipped"
    if code not in UNPLACED:
        return code.replace("_", " ").capitalize() + "."
    words = in_words(params, names, horizon)
    if isinstance(params.get("equipment"), list):
        words["equipment"] = equipment_text(params["equipment"])
    text = str(UNPLACED[code]) % words
    if params.get("first_free") is not None:
        text = _("%(reason)s First free: %(first_free)s.") % {"reason": text, "first_free": words["first_free"]}
    return text


def equipment_text(codes: Iterable[str]) -> str:
    return phrases.listed(EQUIPMENT.get(code, code) for code in codes)


def failure_text(failure: Mapping[str, Any] | None) -> str:
    """Why a run ended without a plan."""
    if not failure:
        return ""
    template = FAILURES.get(failure["code"])
    return str(template) % failure["params"] if template is not None else str(failure["code"])


def in_words(params: Mapping[str, Any], names: Mapping[tuple[str, int | str], str], horizon: Horizon) -> dict[str, Any]:
    """Parameters for a sentence: an id becomes a name where one is known, a minute becomes a clock time."""
    words: dict[str, Any] = {}
    for key, value in params.items():
        if key in MOMENTS and isinstance(value, int):
            moment = horizon.moment(value).astimezone(horizon.zone)
            words[key] = f"{clock.day(moment.date())} {clock.hour(moment)}"
        elif key == "equipment" and isinstance(value, str):
            words[key] = equipment_text(value.split(", "))
        elif key in ("what", "kind"):
            words[key] = THINGS.get(value, value)
        else:
            named = isinstance(value, int | str) and (key, value) in names
            words[key] = names[(key, value)] if named else value
    return words


def names_of(params: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int | str], str]:
    """The names of all people, rooms, teams, cases and disciplines that these parameters speak of; five queries."""
    ids: dict[str, set[int]] = {"expert": set(), "room": set(), "team": set(), "case": set()}
    for one in params:
        for kind, known in ids.items():
            if isinstance(one.get(kind), int):
                known.add(one[kind])
    names: dict[tuple[str, int | str], str] = {}
    for kind, model in (("expert", Expert), ("room", Room), ("team", Team), ("case", Case)):
        if ids[kind]:
            names |= {(kind, pk): str(row) for pk, row in model.objects.in_bulk(ids[kind]).items()}
    if any("discipline" in one for one in params):
        names |= {("discipline", row.key): row.name for row in Discipline.objects.all()}
    return names
