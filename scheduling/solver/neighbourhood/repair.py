"""Repair: the smallest change that restores a published plan after a decline, a leave, a lost room or an urgent case.

Ladder, stopped at the first rung on which no case is lost or delayed more than before:
    0  substitute people in the same session, nothing moves
    1  the affected cases only find another place, everything else stays
    2  their teams are free, moves are priced, the damaged plan is the hint
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from scheduling.solver import rules
from scheduling.solver.columns.column import layout_of
from scheduling.solver.columns.patterns import Effort
from scheduling.solver.columns.pricing import Pricer
from scheduling.solver.core import assembly, objectives
from scheduling.solver.core.plan import Goals, Plan, PlannedCase, PlannedSession
from scheduling.solver.core.problem import Case, Problem
from scheduling.solver.core.timeline import State
from scheduling.solver.greedy import greedy
from scheduling.solver.neighbourhood.decompose import Coordinator, Worker

QUICK = Effort(first=80, groups=80, keep=3, pool=500)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """The restored plan, the rung that did it, and what it changed."""

    plan: Plan
    rung: int
    moved: tuple[int, ...]
    replaced: int
    lost: tuple[int, ...]


def repair(problem: Problem, plan: Plan, *, urgent: Iterable[int] = (), seconds: float = 5.0, seed: int = 1) -> Repair:
    """`problem` is the world as it is now, `plan` the published one, which may break its rules."""
    deadline = time.monotonic() + seconds
    priced = replace(problem, previous=tuple(s for s in plan.sessions if s.id not in problem.fixed_of))
    aim = _aim(problem, plan, urgent)
    state, homeless = substituted(priced, plan)
    wanted = sorted({case.id for case in homeless} | {i for i in urgent if i not in state.placed})
    best = _judged(problem, plan, state, 0)
    if not wanted and _restored(best, aim):
        return best
    left = greedy.complete(state, sorted((problem.case_of[i] for i in wanted), key=greedy.urgency))
    best = _judged(problem, plan, state, 1)
    if not left and _restored(best, aim):
        return best
    return min(best, _free_teams(priced, problem, plan, best, wanted, deadline, seed), key=_rank)


def _aim(problem: Problem, plan: Plan, urgent: Iterable[int]) -> Goals:
    """What the published plan promised, with the urgent cases on time."""
    goals = objectives.goals(problem, plan)
    placed = {item.case for session in plan.sessions for item in session.cases}
    fresh = [problem.case_of[i] for i in urgent if i not in placed]
    return replace(
        goals,
        required_unplaced=goals.required_unplaced - sum(case.weight for case in fresh if case.required),
        suggested=goals.suggested - sum(objectives.UNPLACED_DAYS * c.weight for c in fresh if not c.required),
    )


def _restored(repair_: Repair, aim: Goals) -> bool:
    goals = repair_.plan.goals
    return tuple(goals)[:3] <= tuple(aim)[:3]


def _rank(repair_: Repair) -> tuple[Goals, int]:
    return repair_.plan.goals, len(repair_.moved)


def substituted(problem: Problem, plan: Plan) -> tuple[State, list[Case]]:
    """All sound sessions kept; broken ones staffed again at their place; the cases that this leaves without one."""
    unsound = broken(problem, plan)
    state = State(problem, (session for session in plan.sessions if session.id not in unsound))
    homeless: list[Case] = []
    pricer = Pricer(state=state)
    for session in sorted((s for s in plan.sessions if s.id in unsound), key=lambda s: s.start_min):
        homeless += kept_as_far_as_possible(pricer, session)
    return state, homeless


def broken(problem: Problem, plan: Plan) -> set[int]:
    """Sessions that break a rule by themselves, and those in a conflict that one of them must give way in."""
    found = rules.violations(problem, plan)
    named = {violation.session for violation in found if violation.session is not None}
    for violation in found:
        if violation.session is None and violation.expert is not None:
            named |= {s.id for s in plan.sessions if violation.expert in s.people()}
    return {ident for ident in named if ident not in problem.fixed_of}


def kept_as_far_as_possible(pricer: Pricer, session: PlannedSession) -> list[Case]:
    """The session with substitutes; else without the cases that nobody can be found for, one after the other."""
    items = list(session.cases)
    dropped: list[Case] = []
    while items:
        found = _at_its_place(pricer, session, items)
        if found is not None:
            pricer.state.add(found)
            return dropped
        items.sort(key=lambda item: _ease(pricer, session, item.case))
        dropped.append(pricer.case_of[items.pop(0).case])
        items.sort(key=lambda item: item.start_min)
    return dropped


def _ease(pricer: Pricer, session: PlannedSession, ident: int) -> tuple[bool, bool, int]:
    """Which case to let go first: one that cannot stay even alone, then a suggested one, then a light one."""
    case = pricer.case_of[ident]
    item = next(item for item in session.cases if item.case == ident)
    return _at_its_place(pricer, session, [item]) is not None, case.required, case.weight


def _at_its_place(pricer: Pricer, session: PlannedSession, items: list[PlannedCase]) -> PlannedSession | None:
    """Same start for session and cases, people changed as little as possible, same room if it can be."""
    cases = [pricer.case_of[item.case] for item in items]
    here = pricer.state.starts.times(session.start_min, session.start_min + 1)
    plan = layout_of(session, items)
    columns = pricer.price(cases, inside=here, plan=plan)
    if not columns:
        return None
    rooms = columns[0].rooms
    return columns[0].session(session.id, session.room if session.room in rooms else rooms[0])


def _free_teams(
    priced: Problem, problem: Problem, plan: Plan, hint: Repair, wanted: list[int], deadline: float, seed: int
) -> Repair:
    """A short search on the teams concerned, with the price of moves, from the best plan so far."""
    coordinator = Coordinator.start(priced, hint.plan, seed)
    worker = Worker(priced, QUICK)
    teams = [problem.case_of[ident].team for ident in wanted]
    best = hint
    for turn in range(6):
        if time.monotonic() >= deadline:
            break
        task = coordinator.next_task(min(0.5, max(0.1, deadline - time.monotonic())), first=teams[turn % len(teams)])
        if task is None:
            break
        if coordinator.accept(task.id, worker.work(task)):
            found = _judged(problem, plan, State(problem, coordinator.sessions.values()), 2)
            best = min(best, found, key=_rank)
            if not found.lost and not found.plan.goals.required_late:
                break
    return best


def _judged(problem: Problem, old: Plan, state: State, rung: int) -> Repair:
    plan = assembly.plan_of_state(State(problem, state.sessions.values()))
    before = {item.case: item for session in old.sessions for item in session.cases}
    after = {item.case: item for session in plan.sessions for item in session.cases}
    kept = [ident for ident in before if ident in after]
    return Repair(
        plan=plan,
        rung=rung,
        moved=tuple(sorted(i for i in kept if before[i].start_min != after[i].start_min)),
        replaced=sum(
            1 for i in kept for seat, expert in after[i].seats.items() if before[i].seats.get(seat, expert) != expert
        ),
        lost=tuple(sorted(set(before) - set(after))),
    )
