"""The goals, one function per level and per term of effort, computed from a plan alone and free of any search.

Levels, in this order: required_unplaced, required_late, suggested, effort. Late = the discussion starts after
`due_min`; days late are started 24 hours, at most 14.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from scheduling.solver.core import presence
from scheduling.solver.core.plan import Goals, Plan, PlannedCase, PlannedSession
from scheduling.solver.core.problem import Case, Problem

DAY_MIN = 1440
MOST_DAYS_LATE = 14
UNPLACED_DAYS = 15
SHORT_SESSION_MIN = 60
FAIR_STEP_MIN = 15
NOTHING = Goals(required_unplaced=0, required_late=0, suggested=0, effort=0)


def days_late(case: Case, start_min: int) -> int:
    return min(MOST_DAYS_LATE, max(0, -((case.due_min - start_min) // DAY_MIN)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What the terms look at: the sessions, and each placed case by its id."""

    problem: Problem
    sessions: tuple[PlannedSession, ...]
    items: dict[int, PlannedCase]

    def cases(self, tier: str) -> Iterator[tuple[Case, PlannedCase | None]]:
        return ((case, self.items.get(case.id)) for case in self.problem.cases if case.tier == tier)


def required_unplaced(placed: Placed) -> int:
    return sum(case.weight for case, item in placed.cases("required") if item is None)


def required_late(placed: Placed) -> int:
    return sum(case.weight * days_late(case, item.start_min) for case, item in placed.cases("required") if item)


def suggested(placed: Placed) -> int:
    return sum(
        case.weight * (days_late(case, item.start_min) if item else UNPLACED_DAYS)
        for case, item in placed.cases("suggested")
    )


def session_price(problem: Problem, team: int, start_min: int, end_min: int) -> int:
    """`session_short` or `session_long`, less the discount inside a standing stretch."""
    weights = problem.weights
    price = weights.session_short if end_min - start_min <= SHORT_SESSION_MIN else weights.session_long
    standing = any(a <= start_min and end_min <= b for a, b in problem.team_of[team].standing)
    return price - weights.standing_discount if standing else price


def sessions(placed: Placed) -> int:
    return sum(session_price(placed.problem, s.team, s.start_min, s.end_min) for s in placed.sessions)


def attendance(placed: Placed) -> int:
    return placed.problem.weights.attendance * sum(len(session.people()) for session in placed.sessions)


def optional_missing(placed: Placed) -> int:
    empty = sum(len(placed.problem.case_of[i].optional) - len(item.optional) for i, item in placed.items.items())
    return placed.problem.weights.optional_missing * empty


def waiting_days(case: Case, start_min: int) -> int:
    return max(0, start_min - case.release_min) // DAY_MIN


def wait(placed: Placed) -> int:
    days = sum(waiting_days(placed.problem.case_of[i], item.start_min) for i, item in placed.items.items())
    return placed.problem.weights.wait * days


def before(problem: Problem) -> dict[int, PlannedCase]:
    """Each case as it was published."""
    return {item.case: item for session in problem.previous for item in session.cases}


def moved_case(placed: Placed) -> int:
    old = before(placed.problem)
    moved = sum(1 for i, item in placed.items.items() if i in old and old[i].start_min != item.start_min)
    return placed.problem.weights.moved_case * moved


def changed_person(placed: Placed) -> int:
    fixed = {item.case: item for session in placed.problem.fixed for item in session.cases}
    old = before(placed.problem) | fixed
    changed = sum(
        1
        for i, item in placed.items.items()
        if i in old
        for seat, expert in item.seats.items()
        if old[i].seats.get(seat, expert) != expert
    )
    return placed.problem.weights.changed_person * changed


def unfair_steps(problem: Problem, expert: int, minutes: int) -> int:
    """Full 15 minutes by which `minutes` take the expert above the target; what prior load exceeds does not count."""
    if problem.fair_target_min is None:
        return 0
    room = max(0, problem.fair_target_min - problem.expert_of[expert].load_min)
    return max(0, minutes - room) // FAIR_STEP_MIN


def fairness(placed: Placed) -> int:
    if placed.problem.fair_target_min is None:
        return 0
    minutes = presence.minutes_by_expert(placed.sessions, placed.problem)
    return placed.problem.weights.fairness * sum(unfair_steps(placed.problem, e, m) for e, m in minutes.items())


TERMS: dict[str, Callable[[Placed], int]] = {
    "sessions": sessions,
    "attendance": attendance,
    "optional_missing": optional_missing,
    "wait": wait,
    "moved_case": moved_case,
    "changed_person": changed_person,
    "fairness": fairness,
}


def effort_terms(problem: Problem, planned: Iterable[PlannedSession]) -> dict[str, int]:
    """Effort split into its terms, for tables and for the comparison of alternatives."""
    placed = _placed(problem, planned)
    return {name: term(placed) for name, term in TERMS.items()}


def goals(problem: Problem, plan: Plan) -> Goals:
    """The goal tuple of a plan, whatever the plan itself claims."""
    return goals_of(problem, plan.sessions)


def goals_of(problem: Problem, planned: Iterable[PlannedSession]) -> Goals:
    placed = _placed(problem, planned)
    return Goals(
        required_unplaced=required_unplaced(placed),
        required_late=required_late(placed),
        suggested=suggested(placed),
        effort=sum(term(placed) for term in TERMS.values()),
    )


def _placed(problem: Problem, sessions: Iterable[PlannedSession]) -> Placed:
    planned = tuple(sessions)
    items = {item.case: item for session in planned for item in session.cases}
    return Placed(problem=problem, sessions=planned, items=items)
