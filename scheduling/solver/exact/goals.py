"""The goals of the exact model, one function per level and term, and their minimisation level by level."""

import time
from collections.abc import Callable
from typing import Any

from scheduling.solver.core import objectives
from scheduling.solver.core.plan import LEVELS, Bound, Plan
from scheduling.solver.core.problem import Case
from scheduling.solver.core.stopping import stopping
from scheduling.solver.exact import solution
from scheduling.solver.exact.variables import Exact


def required_unplaced(exact: Exact) -> Any:
    return sum(c.weight * (1 - exact.placed[c.id]) for c in exact.problem.cases if c.required)


def required_late(exact: Exact) -> Any:
    return sum(c.weight * _days_late(exact, c) for c in exact.problem.cases if c.required)


def suggested(exact: Exact) -> Any:
    total: Any = 0
    for case in exact.problem.cases:
        if not case.required:
            missing = objectives.UNPLACED_DAYS * (1 - exact.placed[case.id])
            total += case.weight * (missing + _days_late(exact, case))
    return total


def _days_late(exact: Exact, case: Case) -> Any:
    days = exact.model.new_int_var(0, objectives.MOST_DAYS_LATE, "")
    most = exact.flag()
    exact.model.add(days == objectives.MOST_DAYS_LATE).only_enforce_if(most)
    exact.model.add(exact.start[case.id] <= case.due_min + objectives.DAY_MIN * days).only_enforce_if(
        exact.placed[case.id], most.negated()
    )
    return days


def effort(exact: Exact) -> Any:
    return sum(term(exact) for term in TERMS.values())


def sessions(exact: Exact) -> Any:
    weights, total = exact.problem.weights, 0
    for k, slot in enumerate(exact.slots):
        long, standing = exact.flag(), exact.flag()
        exact.model.add(exact.length[k] <= objectives.SHORT_SESSION_MIN).only_enforce_if(long.negated())
        exact.model.add_implication(standing, exact.live[k])
        exact.inside(slot.near(exact.problem.team_of[slot.team].standing), exact.first[k], exact.last[k], standing)
        total += weights.session_short * exact.live[k] + (weights.session_long - weights.session_short) * long
        total -= weights.standing_discount * standing
    return total


def attendance(exact: Exact) -> Any:
    return exact.problem.weights.attendance * sum(exact.attends.values())


def optional_missing(exact: Exact) -> Any:
    places = sum(len(c.optional) * exact.placed[c.id] for c in exact.problem.cases)
    filled = sum(fills for (_, kind, _, _), fills in exact.fills.items() if kind == "optional")
    return exact.problem.weights.optional_missing * (places - filled)


def wait(exact: Exact) -> Any:
    if not exact.problem.weights.wait:
        return 0
    total: Any = 0
    for case in exact.problem.cases:
        days = exact.model.new_int_var(0, exact.problem.horizon_min // objectives.DAY_MIN + 15, "")
        last = case.release_min + objectives.DAY_MIN * (days + 1) - 1
        exact.model.add(exact.start[case.id] <= last).only_enforce_if(exact.placed[case.id])
        total += days
    return exact.problem.weights.wait * total


def moved_case(exact: Exact) -> Any:
    total: Any = 0
    for ident, old in objectives.before(exact.problem).items():
        if ident in exact.placed:
            moved = exact.flag()
            exact.model.add(exact.start[ident] == old.start_min).only_enforce_if(exact.placed[ident], moved.negated())
            total += moved
    return exact.problem.weights.moved_case * total


def changed_person(exact: Exact) -> Any:
    old, total = objectives.before(exact.problem), 0
    for (ident, kind, place, expert), fills in exact.fills.items():
        if kind == "seat" and ident in old and old[ident].seats.get(place, expert) != expert:
            total += fills
    return exact.problem.weights.changed_person * total


def fairness(exact: Exact) -> Any:
    problem = exact.problem
    if problem.fair_target_min is None:
        return 0
    total: Any = 0
    for expert in problem.experts:
        minutes = []
        for (e, k), attends in exact.attends.items():
            if e == expert.id:
                spent = exact.model.new_int_var(0, problem.max_session_min, "")
                exact.model.add(spent >= exact.minutes[e, k]).only_enforce_if(attends)
                minutes.append(spent)
        if minutes:
            room = max(0, problem.fair_target_min - expert.load_min)
            steps = exact.model.new_int_var(0, problem.horizon_min // objectives.FAIR_STEP_MIN, "")
            exact.model.add(sum(minutes) <= room + objectives.FAIR_STEP_MIN * (steps + 1) - 1)
            total += steps
    return problem.weights.fairness * total


TERMS: dict[str, Callable[[Exact], Any]] = {
    "sessions": sessions,
    "attendance": attendance,
    "optional_missing": optional_missing,
    "wait": wait,
    "moved_case": moved_case,
    "changed_person": changed_person,
    "fairness": fairness,
}
"""The terms of effort: those of `objectives.TERMS`."""

GOALS = {
    "required_unplaced": required_unplaced,
    "required_late": required_late,
    "suggested": suggested,
    "effort": effort,
}


def minimise(
    exact: Exact,
    hint: Plan | None,
    seconds: float,
    workers: int,
    stop: Callable[[], bool] = lambda: False,
    known: Bound | None = None,
) -> tuple[Plan | None, Bound]:
    """Level by level; a level is held at its optimum once proven, else the search ends there with its bound.

    Levels that the hint has at a bound `known` before are held without a search.
    """
    deadline = time.monotonic() + seconds
    best, proven = hint, dict.fromkeys(LEVELS)
    for index, level in enumerate(LEVELS):
        goal = GOALS[level](exact)
        if best is not None and known is not None and tuple(known)[: index + 1] == tuple(best.goals)[: index + 1]:
            proven[level] = tuple(best.goals)[index]  # type: ignore[assignment]
            exact.model.add(goal == tuple(best.goals)[index])
            continue
        low = _known(known, best, index)
        exact.model.add(goal >= low)
        solver = exact.cp.CpSolver()
        solver.parameters.num_workers = workers
        solver.parameters.max_time_in_seconds = max(0.05, deadline - time.monotonic())
        if best is not None:
            _hint(exact, best)
        exact.model.minimize(goal)
        with stopping(solver, stop):
            status = solver.solve(exact.model)
        if status not in (exact.cp.OPTIMAL, exact.cp.FEASIBLE):
            break
        found = solution.plan_of(exact, solver)
        best = found if best is None or found.goals < best.goals else best
        proven[level] = max(low, round(solver.best_objective_bound))  # type: ignore[assignment]
        if status != exact.cp.OPTIMAL:
            break
        exact.model.add(goal == round(solver.objective_value))
    return best, Bound(**proven)


def _known(known: Bound | None, best: Plan | None, index: int) -> int:
    """What is known of a level already; it counts only where the levels above are held at the values it assumes."""
    if known is None or best is None or tuple(known)[:index] != tuple(best.goals)[:index]:
        return 0
    return tuple(known)[index] or 0


def _hint(exact: Exact, plan: Plan) -> None:
    """Cases, seats and rooms of the plan; the solver completes the rest."""
    exact.model.clear_hints()
    items = {item.case: (session, item) for session in plan.sessions for item in session.cases}
    order = [case.id for case in exact.problem.cases]
    for case in exact.problem.cases:
        known = items.get(case.id)
        if case.id not in exact.fixed_items:
            exact.model.add_hint(exact.placed[case.id], known is not None)
        if known is None:
            continue
        session, item = known
        exact.model.add_hint(exact.start[case.id], item.start_min)
        confirmed = session.id in exact.problem.fixed_of
        lead = min((i.case for i in session.cases), key=order.index)
        for k in exact.slots_of(case):
            slot = exact.slots[k]
            own = slot.fixed.id == session.id if slot.fixed else slot.lead == lead and not confirmed
            exact.model.add_hint(exact.member[case.id, k], own)
            if own and slot.lead == case.id:
                exact.model.add_hint(exact.first[k], session.start_min)
                exact.model.add_hint(exact.last[k], session.end_min)
                for room, here in exact.rooms_of(k).items():
                    exact.model.add_hint(here, room == session.room)
    for (ident, kind, place, expert), fills in exact.fills.items():
        if ident in items:
            seated = items[ident][1].seats if kind == "seat" else items[ident][1].optional
            exact.model.add_hint(fills, seated.get(place) == expert)
