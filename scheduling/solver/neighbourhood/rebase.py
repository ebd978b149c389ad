"""A plan fitted around sessions that stand: what still holds is kept, what clashes gives way and is planned anew.

Used when the world has moved on since a plan was computed, and to find out what leaving one session as it was would
cost. Fast (one pass of the greedy search), never better than a search of its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from scheduling.solver import rules
from scheduling.solver.columns.pricing import Pricer
from scheduling.solver.core import assembly, objectives
from scheduling.solver.core.plan import Plan, PlannedSession, Unplaced
from scheduling.solver.core.problem import Case, Problem
from scheduling.solver.core.timeline import State
from scheduling.solver.greedy import greedy
from scheduling.solver.neighbourhood import repair
from scheduling.solver.rules import Violation

MOST_ROUNDS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebased:
    """The fitted plan; the sessions (ids) that hold as they were planned, and the cases that lost their place."""

    plan: Plan
    kept: frozenset[int]
    lost: frozenset[int]


def around(
    problem: Problem,
    standing: Iterable[PlannedSession],
    sessions: Iterable[PlannedSession],
    *,
    not_before: Mapping[int, int] | None = None,
) -> Rebased | None:
    """`sessions` fitted around those that stand. None where these break a rule by themselves, or no valid plan is left.

    All that is fixed in the problem must stand. A session of the same id as one that stands gives way to it; a case is
    discussed where it stands. What breaks a rule beside them is staffed anew at its place; the cases that this leaves
    without one are placed where it costs least, none before its minute in `not_before`. Nothing that stands changes,
    but cases may join its end.
    """
    firm = tuple(standing)
    taken = {item.case for session in firm for item in session.cases}
    given, ids = list(sessions), {one.id for one in firm}
    wanted = [session for session in given if session.id not in ids]
    planned = {item.case for session in given for item in session.cases} & problem.case_of.keys()
    held = replace(
        problem,
        fixed=firm,
        previous=(),
        pins=tuple(pin for pin in problem.pins if pin.case not in taken),
        forbidden=tuple(ban for ban in problem.forbidden if ban.case not in taken),
    )
    rest = _without_clashes(held, [one for session in wanted if (one := left_of(problem, session, taken))])
    if rest is None:
        return None
    kept, clashing = rest
    state = State(held, (*firm, *kept))
    pricer = Pricer(state=state)
    for session in sorted(clashing, key=lambda session: (session.start_min, session.id)):
        if session.team in problem.team_of:
            repair.kept_as_far_as_possible(pricer, session)
    homeless = [_later(problem.case_of[case], not_before or {}) for case in planned if case not in state.placed]
    for case in homeless:
        state.starts.admit(case)
    left = greedy.complete(state, sorted(homeless, key=greedy.urgency))
    plan = assembly.plan_of_state(State(problem, state.sessions.values()))
    if rules.violations(held, plan):
        return None
    unchanged = {session.id for session in wanted if _holds(session, state.sessions.get(session.id))}
    return Rebased(plan=plan, kept=frozenset(unchanged), lost=frozenset(case.id for case in left))


def _holds(session: PlannedSession, now: PlannedSession | None) -> bool:
    """Whether all of it stands as it was planned; further cases may have joined."""
    if now is None or (now.start_min, now.room) != (session.start_min, session.room):
        return False
    items = {item.case: item for item in now.cases}
    return all(items.get(item.case) == item for item in session.cases)


def _later(case: Case, not_before: Mapping[int, int]) -> Case:
    return replace(case, release_min=max(case.release_min, not_before.get(case.id, 0)))


def listed(problem: Problem, sessions: Iterable[PlannedSession]) -> Plan:
    """These sessions as a plan to be judged, which may name what the problem does not know: without goals."""
    planned = tuple(sessions)
    placed = {item.case for session in planned for item in session.cases}
    left = tuple(Unplaced(case=case.id) for case in problem.cases if case.id not in placed)
    return Plan(status="feasible", goals=objectives.NOTHING, sessions=planned, unplaced=left)


def left_of(problem: Problem, session: PlannedSession, taken: Iterable[int]) -> PlannedSession | None:
    """The session without these cases and without those that the problem does not know; None where none is left."""
    gone = set(taken)
    items = tuple(item for item in session.cases if item.case not in gone and item.case in problem.case_of)
    if not items:
        return None
    if len(items) == len(session.cases):
        return session
    ends = [item.start_min + problem.case_of[item.case].duration_min for item in items]
    return replace(session, cases=items, start_min=min(item.start_min for item in items), end_min=max(ends))


def _without_clashes(
    held: Problem, sessions: Sequence[PlannedSession]
) -> tuple[list[PlannedSession], list[PlannedSession]] | None:
    """Those that keep all rules beside what is fixed, and those that do not."""
    kept, clashing = {session.id: session for session in sessions}, []
    for _ in range(MOST_ROUNDS):
        found = rules.violations(held, listed(held, (*held.fixed, *kept.values())))
        if not found:
            return list(kept.values()), clashing
        named = {ident for violation in found for ident in _named(violation)} & kept.keys()
        if not named:  # a limit of a person's day or week names no session
            people = {violation.expert for violation in found if violation.expert is not None}
            named = {ident for ident, session in kept.items() if session.people() & people}
        if not named:
            return None
        clashing += [kept.pop(ident) for ident in sorted(named)]
    return None


def _named(violation: Violation) -> list[int]:
    params = [violation.params.get("session"), violation.params.get("other")]
    other_is_session = violation.case is None
    return [one for one in (violation.session, *(params if other_is_session else ())) if isinstance(one, int)]
