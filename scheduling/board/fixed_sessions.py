"""Sessions as they were at some time, kept as JSON, and whether the present week still has them so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from scheduling.board.core.what_if_week import WhatIfWeek
from scheduling.models import AgendaItem
from scheduling.problem.core.horizon import MINUTE, Horizon
from scheduling.solver.core.plan import SESSION, PlannedSession
from scheduling.solver.core.reading import as_json, whole

KeptSessions = Mapping[str, Any]


def to_json(sessions: Iterable[PlannedSession], horizon: Horizon) -> dict[str, Any]:
    """As JSON, with the moment of minute 0."""
    return {"from": horizon.start.isoformat(), "sessions": [as_json(session) for session in sessions]}


def from_json(kept: KeptSessions, horizon: Horizon) -> list[PlannedSession]:
    """Back again, in the minutes of another horizon."""
    shift = (datetime.fromisoformat(kept["from"]) - horizon.start) // MINUTE
    return [_shifted(whole(SESSION, session), shift) for session in kept["sessions"]]


def moments(kept: KeptSessions) -> Iterator[datetime]:
    """The starts of the sessions."""
    zero = datetime.fromisoformat(kept["from"])
    return (zero + session["start_min"] * MINUTE for session in kept["sessions"])


def cases(kept: KeptSessions) -> set[int]:
    return {item["case"] for session in kept["sessions"] for item in session["cases"]}


def as_written(sessions: Iterable[PlannedSession]) -> list[PlannedSession]:
    """With the ids that the sessions got when they were written."""
    rows = list(sessions)
    places = AgendaItem.objects.filter(active=True, case__in=[item.case for one in rows for item in one.cases])
    known = dict(places.values_list("case_id", "session_id"))
    return [replace(session, id=known[session.cases[0].case]) for session in rows]


def untouched(what_if: WhatIfWeek, before: Iterable[PlannedSession], after: Iterable[PlannedSession]) -> bool:
    """Whether the week still has what a change left (`after`), and the cases that it took off wait still."""
    left = list(after)
    cases_left = {item.case for session in left for item in session.cases}
    off = {item.case for session in before for item in session.cases} - cases_left
    known = what_if.problem.case_of
    return all(what_if.sessions.get(one.id) == one for one in left) and all(
        case in known and case not in what_if.where for case in off
    )


def _shifted(session: PlannedSession, minutes: int) -> PlannedSession:
    return replace(
        session,
        start_min=session.start_min + minutes,
        end_min=session.end_min + minutes,
        cases=tuple(replace(item, start_min=item.start_min + minutes) for item in session.cases),
    )
