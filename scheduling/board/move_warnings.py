"""What speaks against a change by hand, in words: each warning with its severity and its reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mdt_portal.i18n import clock, phrases
from scheduling.board.core.severity import SEVERITIES, Severity
from scheduling.board.core.what_if_week import Draft, WhatIfWeek
from scheduling.explain import solver_text
from scheduling.problem.core.horizon import Horizon
from scheduling.problem.snapshot import Snapshot
from scheduling.solver.rules import SENTENCES, Violation

WORDS = {
    "past": gettext_lazy("%(start)s has passed already."),
    "nobody": gettext_lazy("%(start)s: nobody who may take a seat of %(case)s is free."),
    "late": gettext_lazy("%(case)s would be discussed after its limit, %(due)s."),
    "seat_filled": gettext_lazy("%(discipline)s: nobody who may take the seat is free at this time; it stays open."),
    "materials": gettext_lazy("The materials of %(case)s are not complete. Note what has come, or waive it, first."),
    "held": gettext_lazy("A place is being kept for %(case)s until %(until)s."),
    "begun": gettext_lazy("The session has begun or was called off; it cannot change any more."),
    "gone": gettext_lazy("%(case)s does not wait for a place any more."),
    "newer": gettext_lazy("Something newer touches the same sessions, so this change cannot be undone."),
    "team_overlap": gettext_lazy("%(team)s meets already at this time: %(session)s and %(other)s."),
    "room_changeover": gettext_lazy("%(room)s needs %(minutes)s minutes between %(session)s and %(other)s."),
    "expert_overlap": gettext_lazy("%(expert)s is needed in two sessions at once: %(session)s and %(other)s."),
    "expert_travel": gettext_lazy("%(expert)s needs %(minutes)s minutes to get from %(session)s to %(other)s."),
    "session_length": gettext_lazy("The session would last %(minutes)s minutes; %(most)s are usual at most."),
    "session_window": gettext_lazy("%(session)s would lie outside the times at which the team may meet."),
    "reserved": gettext_lazy("This time is kept for rare diseases of class %(classes)s."),
    "chair": gettext_lazy("None of the chairs of the team attends."),
    "room_missing": gettext_lazy("%(expert)s attends in person, so the session needs a room."),
    "break": gettext_lazy("From %(from)s to %(to)s there would be no break of %(break)s minutes."),
    "grain": gettext_lazy("Sessions begin at full %(grain)s minutes."),
    "cap_day": gettext_lazy("%(expert)s would have %(sessions)s sessions on one day; the limit is %(most)s."),
    "cap_week": gettext_lazy("%(expert)s would have %(sessions)s sessions in one week; the limit is %(most)s."),
    "cap_minutes": gettext_lazy("%(expert)s would be present %(minutes)s minutes in one week; the limit is %(most)s."),
}
"""Shorter or more to the point than the sentences of the rules, which serve a whole plan."""

OTHER_IS_SESSION = {"team_overlap", "room_changeover", "expert_overlap", "expert_travel"}
EXTRA_LEVELS = dict.fromkeys(("materials", "held", "begun", "gone", "newer"), Severity.BLOCK)
"""What does not come from the rules but from the state of a case or session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveWarning:
    level: Severity
    code: str
    text: str


def own(code: str, **params: Any) -> MoveWarning:
    """A finding that speaks of the state of something, not of a rule."""
    return MoveWarning(level=EXTRA_LEVELS[code], code=code, text=str(WORDS[code]) % params)


def of(violations: Iterable[Violation], what_if: WhatIfWeek, draft: Draft, seen: Snapshot) -> list[MoveWarning]:
    """Each once, in the order given."""
    rows = list(violations)
    params = [_with_discipline(one, what_if) for one in rows]
    others = [{"case": one["other"]} for one in params if isinstance(one.get("other"), int)]
    names = solver_text.names_of([*params, *others]) | _sessions(what_if, draft, seen)
    texts: dict[str, MoveWarning] = {}
    for one, values in zip(rows, params, strict=True):
        words = solver_text.in_words(values, names, seen.horizon)
        if "other" in values:  # a session in some rules, a case in others
            kind = "session" if one.code in OTHER_IS_SESSION else "case"
            words["other"] = names.get((kind, values["other"]), values["other"])
        text = str(WORDS[one.code] if one.code in WORDS else _(SENTENCES[one.code])) % words
        texts.setdefault(text, MoveWarning(level=SEVERITIES[one.code], code=one.code, text=text))
    return list(texts.values())


def _with_discipline(violation: Violation, what_if: WhatIfWeek) -> dict[str, Any]:
    """A seat's number says nothing to people; its discipline does. So does the moment of a limit."""
    params = dict(violation.params)
    if "seat" in params and "case" in params:
        seats = {place.id: place.discipline for place in what_if.problem.case_of[params["case"]].places}
        params["discipline"] = seats.get(params["seat"], "")
    return params


def _sessions(what_if: WhatIfWeek, draft: Draft, seen: Snapshot) -> dict[Any, str]:
    """The names of all sessions: team and time as they would be after the change."""
    after = what_if.sessions | {session.id: session for session in draft.after}
    teams = {session.team_id: session.team for session in seen.sessions.values()}
    names: dict[Any, str] = {}
    for ident, planned in after.items():
        team = teams.get(planned.team)
        when = _when(planned.start_min, seen.horizon)
        label = phrases.line(team, when) if team else when
        names["session", ident] = label
    return names


def _when(minute: int, horizon: Horizon) -> str:
    moment = horizon.moment(minute).astimezone(horizon.zone)
    return f"{clock.day(moment.date())} {clock.hour(moment)}"
