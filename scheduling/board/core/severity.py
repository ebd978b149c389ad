"""What a change by hand would break, and how much that matters: one table for all rules. Pure.

`rules.violations` judges the week before and after; only what the change itself brings about counts. Four levels:

    block    nothing is written: people, rooms or cases would clash, or somebody may not take the seat
    hold     may be written, yet keeps the session from being confirmed, as an open seat does ("blocks publishing")
    warn     may be written once the coordinator has said that they know
    ignore   not worth a word here
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from scheduling.board.core.what_if_week import Desk, Draft
from scheduling.solver import rules
from scheduling.solver.core.plan import Goals, Plan, PlannedSession, Unplaced
from scheduling.solver.rules import RULES, Violation

NO_GOALS = Goals(required_unplaced=0, required_late=0, suggested=0, effort=0)


class Level(StrEnum):
    BLOCK = "block"
    HOLD = "hold"
    WARN = "warn"
    IGNORE = "ignore"


WEIGHT = {Level.BLOCK: 0, Level.HOLD: 1, Level.WARN: 2, Level.IGNORE: 3}

OWN = {
    "past": Level.BLOCK,
    "nobody": Level.BLOCK,
    "late": Level.WARN,
}
"""What a change by hand is asked beside the hard rules."""

LEVELS: dict[str, Level] = {
    # the change cannot be
    **dict.fromkeys(
        ("unknown", "session_id", "case_once", "case_team", "case_inside", "case_overlap", "session_empty"), Level.BLOCK
    ),
    **dict.fromkeys(("session_site", "session_horizon", "team_overlap", "grain"), Level.BLOCK),
    **dict.fromkeys(("room_missing", "room_site", "room_free", "room_equipment", "room_video"), Level.BLOCK),
    "room_changeover": Level.BLOCK,
    **dict.fromkeys(("seat_candidate", "seat_distinct", "case_remote", "expert_remote"), Level.BLOCK),
    **dict.fromkeys(("expert_free", "expert_overlap", "expert_travel"), Level.BLOCK),
    # the session cannot be confirmed like this
    "seat_filled": Level.HOLD,
    # the coordinator may know better
    **dict.fromkeys(("session_length", "session_window", "break", "reserved", "chair"), Level.WARN),
    **dict.fromkeys(("case_release", "room_capacity", "cap_day", "cap_week", "cap_minutes"), Level.WARN),
    **dict.fromkeys(("pin", "forbidden"), Level.WARN),
    # a coordinator moves confirmed sessions on purpose; the list of the unplaced follows by itself
    **dict.fromkeys(("fixed", "unplaced_list"), Level.IGNORE),
    **OWN,
}
assert set(LEVELS) == {*RULES, *OWN}, "every rule has its level"


def judge(desk: Desk, draft: Draft) -> list[Violation]:
    """What the change brings about, gravest first; what was broken before and stays so is not its fault."""
    gone = {session.id for session in draft.before}
    rest = {ident: session for ident, session in desk.sessions.items() if ident not in gone}
    after = _plan(desk, rest | {session.id: session for session in draft.after})
    found = [one for one in rules.violations(desk.problem, after) if str(one) not in broken_before(desk)]
    own = list(_own(desk, draft))
    if any(one.code == "past" for one in own):
        found = [one for one in found if one.code != "case_release"]
    if any(one.code == "nobody" for one in own):
        found = [one for one in found if one.code != "seat_filled"]
    told = [one for one in (*own, *found) if LEVELS[one.code] != Level.IGNORE]
    return sorted(told, key=lambda one: WEIGHT[LEVELS[one.code]])


def broken_before(desk: Desk) -> frozenset[str]:
    """What is broken already, as comparable texts; found out once for each desk."""
    if desk.broken is None:
        desk.broken = frozenset(str(one) for one in rules.violations(desk.problem, _plan(desk, desk.sessions)))
    return desk.broken


def worst(found: list[Violation]) -> Level:
    return LEVELS[found[0].code] if found else Level.IGNORE


def _own(desk: Desk, draft: Draft) -> Iterator[Violation]:
    problem = desk.problem
    moved = draft.cases
    old = {item.case: item.start_min for session in draft.before for item in session.cases}
    for session in draft.after:
        for item in session.cases:
            if item.case not in moved:
                continue
            case = problem.case_of[item.case]
            if item.start_min < problem.now_min:
                yield Violation(code="past", params={"start": item.start_min}, session=session.id, case=case.id)
            if case.seats and not item.seats:
                params = {"case": case.id, "start": item.start_min}
                yield Violation(code="nobody", params=params, session=session.id, case=case.id)
            if item.start_min > max(case.due_min, old.get(item.case, case.due_min)):
                params = {"case": case.id, "due": case.due_min}
                yield Violation(code="late", params=params, session=session.id, case=case.id)


def _plan(desk: Desk, sessions: dict[int, PlannedSession]) -> Plan:
    placed = {item.case for session in sessions.values() for item in session.cases}
    return Plan(
        status="feasible",
        goals=NO_GOALS,
        sessions=tuple(sessions.values()),
        unplaced=tuple(Unplaced(case=case.id) for case in desk.problem.cases if case.id not in placed),
    )
