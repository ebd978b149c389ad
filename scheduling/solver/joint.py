"""The effort bound of small problems at given levels 1 to 3, all teams together.

The bound per team says nothing once competition pushes a level above its own bound. Here every group of cases has
its options (lateness, effort) by run of session starts, cases may stay unplaced, and one small integer programme picks
the cheapest cover whose levels 1 to 3 do not exceed those of the plan. Relaxed as in `bounds`.
"""

from dataclasses import dataclass

from scheduling.solver import bounds, cpsat, objectives
from scheduling.solver.bounds import Relaxed, clique, runs
from scheduling.solver.plan import Goals
from scheduling.solver.pricing import Pricer
from scheduling.solver.problem import Case, Problem
from scheduling.solver.timeline import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    cases: tuple[int, ...]
    late: int
    suggested: int
    effort: int
    base: int | None = None


def effort(problem: Problem, goals: Goals, seconds: float) -> int:
    """No plan with these levels 1 to 3 has less effort than this."""
    cp_model = cpsat.load()
    state = State(problem, problem.fixed)
    cases = [case for case in problem.cases if case.id not in state.placed]
    options = [option for team in problem.teams for option in _options(Relaxed(Pricer(state=state), team.id), cases)]
    model, fixed = cp_model.CpModel(), bounds.fixed_part(problem)
    x = [model.new_bool_var("") for _ in options]
    out = {case.id: model.new_bool_var("") for case in cases}
    for case in cases:
        model.add_exactly_one(
            [out[case.id], *(v for v, option in zip(x, options, strict=True) if case.id in option.cases)]
        )
    for base in {option.base for option in options} - {None}:
        model.add_at_most_one([v for v, option in zip(x, options, strict=True) if option.base == base])
    priced = list(zip(x, options, strict=True))
    left = sum(case.weight * out[case.id] for case in cases if case.required)
    missing = sum(objectives.UNPLACED_DAYS * case.weight * out[case.id] for case in cases if not case.required)
    model.add(left <= goals.required_unplaced - fixed.required_unplaced)
    model.add(sum(o.late * v for v, o in priced) <= goals.required_late - fixed.required_late)
    model.add(sum(o.suggested * v for v, o in priced) + missing <= goals.suggested - fixed.suggested)
    model.minimize(sum(o.effort * v for v, o in priced))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = seconds
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE) or fixed.effort is None:
        return fixed.effort or 0
    return fixed.effort + round(solver.best_objective_bound)


def _options(relaxed: Relaxed, cases: list[Case]) -> list[Option]:
    """Per group the options of which none is worse than another in everything."""
    mine = [case for case in cases if case.team == relaxed.team.id]
    problem, found = relaxed.problem, []
    latest = {case.id: objectives.MOST_DAYS_LATE for case in mine}
    for group, minutes, mask in bounds.groups(relaxed, mine, latest):
        options: set[tuple[int, int, int]] = set()
        lengths = [(problem.max_session_min, problem.weights.session_long)]
        if minutes <= objectives.SHORT_SESSION_MIN:
            lengths.append((objectives.SHORT_SESSION_MIN, problem.weights.session_short))
        for length, price in lengths:
            own = mask & relaxed.meetings(minutes)
            for case in group:
                own &= relaxed.reach(case, length)
            for first, last in runs(own):
                options.add((*_lateness(relaxed, group, first), _effort(relaxed, group, (first, last), length, price)))
        ids = tuple(case.id for case in group)
        found += [Option(cases=ids, late=a, suggested=b, effort=c) for a, b, c in _undominated(options)]
        for base in relaxed.bases:
            extra = bounds.extension(relaxed, group, minutes, mask, base)
            if extra is not None:
                late, suggested = _lateness(relaxed, group, base.start_min // relaxed.grain)
                found.append(Option(cases=ids, late=late, suggested=suggested, effort=extra, base=base.id))
    return found


def _lateness(relaxed: Relaxed, group: tuple[Case, ...], first: int) -> tuple[int, int]:
    """Each case at its own first start from here on."""
    late = suggested = 0
    for case in group:
        later = relaxed.case_starts(case) >> first
        start = (first + (later & -later).bit_length() - 1) * relaxed.grain
        days = case.weight * objectives.days_late(case, start)
        late, suggested = late + days * case.required, suggested + days * (not case.required)
    return late, suggested


def _effort(relaxed: Relaxed, group: tuple[Case, ...], run: tuple[int, int], length: int, price: int) -> int:
    first, last = run
    weights = relaxed.problem.weights
    mask = (1 << last + 1) - (1 << first)
    people = clique(relaxed, group, mask, length, frozenset())
    standing = bounds.may_stand(relaxed, first, last) * weights.standing_discount
    return price - standing + bounds.waits_and_moves(relaxed, group, first, last, length) + weights.attendance * people


def _undominated(options: set[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    return [
        one
        for one in options
        if not any(other != one and all(a <= b for a, b in zip(other, one, strict=True)) for other in options)
    ]
