"""What a change by hand would break, and how much that matters: one table for all rules. Pure.

`rules.violations` judges the week before and after; only what the change itself brings about counts. Four levels:

    BLOCK                  nothing is written: people, rooms or cases would clash, or somebody may not take the seat
    BLOCKS_CONFIRMATION    may be written, yet keeps the session from being confirmed, as an open seat does
    WARN                   may be written once the coordinator has said that they know
    IGNORE                 not worth a word here
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from scheduling.board.core.what_if_week import Draft, WhatIfWeek
from scheduling.solver import rules
from scheduling.solver.core.plan import Goals, Plan, PlannedSession, Unplaced
from scheduling.solver.rules import RULES, Violation

NO_GOALS = Goals(required_unplaced=0, required_late=0, suggested=0, effort=0)


class Severity(StrEnum):
    BLOCK = "block"
    BLOCKS_CONFIRMATION = "hold"
    WARN = "warn"
    IGNORE = "ignore"


WEIGHT = {Severity.BLOCK: 0, Severity.BLOCKS_CONFIRMATION: 1, Severity.WARN: 2, Severity.IGNORE: 3}

OWN = {
    "past": Severity.BLOCK,
    "nobody": Severity.BLOCK,
    "late": Severity.WARN,
}
"""What a change by hand is asked beside the hard rules."""

SEVERITIES: dict[str, Severity] = {
    # the change cannot be: that goes for every rule of which nothing else is said below
    **dict.fromkeys(RULES, Severity.BLOCK),
    # the session cannot be confirmed like this
    "seat_filled": Severity.BLOCKS_CONFIRMATION,
    # the coordinator may know better
    **dict.fromkeys(("session_length", "session_window", "break", "reserved", "chair"), Severity.WARN),
    **dict.fromkeys(("case_release", "room_capacity", "cap_day", "cap_week", "cap_minutes"), Severity.WARN),
    **dict.fromkeys(("pin", "forbidden"), Severity.WARN),
    # a coordinator moves confirmed sessions on purpose; the list of the unplaced follows by itself
    **dict.fromkeys(("fixed", "unplaced_list"), Severity.IGNORE),
    **OWN,
}
assert set(SEVERITIES) == {*RULES, *OWN}, "only rules have a level"


def judge(what_if: WhatIfWeek, draft: Draft) -> list[Violation]:
    """What the change brings about, gravest first; what was broken before and stays so is not its fault."""
    gone = {session.id for session in draft.before}
    rest = {ident: session for ident, session in what_if.sessions.items() if ident not in gone}
    after = _plan(what_if, rest | {session.id: session for session in draft.after})
    found = [one for one in rules.violations(what_if.problem, after) if str(one) not in broken_before(what_if)]
    own = list(_own(what_if, draft))
    if any(one.code == "past" for one in own):
        found = [one for one in found if one.code != "case_release"]
    if any(one.code == "nobody" for one in own):
        found = [one for one in found if one.code != "seat_filled"]
    relevant = [one for one in (*own, *found) if SEVERITIES[one.code] != Severity.IGNORE]
    return sorted(relevant, key=lambda one: WEIGHT[SEVERITIES[one.code]])


def broken_before(what_if: WhatIfWeek) -> frozenset[str]:
    """What is broken already, as comparable texts; found out once for each week."""
    if what_if.broken is None:
        what_if.broken = frozenset(
            str(one) for one in rules.violations(what_if.problem, _plan(what_if, what_if.sessions))
        )
    return what_if.broken


def worst(found: list[Violation]) -> Severity:
    return SEVERITIES[found[0].code] if found else Severity.IGNORE


def _own(what_if: WhatIfWeek, draft: Draft) -> Iterator[Violation]:
    problem = what_if.problem
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


def _plan(what_if: WhatIfWeek, sessions: dict[int, PlannedSession]) -> Plan:
    placed = {item.case for session in sessions.values() for item in session.cases}
    return Plan(
        status="feasible",
        goals=NO_GOALS,
        sessions=tuple(sessions.values()),
        unplaced=tuple(Unplaced(case=case.id) for case in what_if.problem.cases if case.id not in placed),
    )
