"""The promise: the earliest slots in which one case could be discussed, against the published plan as it stands.

Nothing that is published moves: the case opens a session of its own or is added after the cases of an existing one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import islice

from scheduling.solver import objectives
from scheduling.solver.columns import Column
from scheduling.solver.groups import Group
from scheduling.solver.plan import Plan
from scheduling.solver.pricing import Pricer
from scheduling.solver.problem import Case, Problem
from scheduling.solver.timeline import State, bits


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A start that can be kept: who would sit where, in which room; `session` is the one joined, None for a new one."""

    case: int
    start_min: int
    end_min: int
    days_late: int
    session: int | None
    room: int | None
    seats: dict[int, int]


def earliest(problem: Problem, plan: Plan, case: Case, k: int = 3, *, state: State | None = None) -> list[Slot]:
    """The k earliest feasible slots, at least the case's own length apart; a prepared state saves building it."""
    state = state or State(problem, plan.sessions)
    pricer = Pricer(state=state)
    if case.id not in problem.case_of:
        pricer.admit(case)
    slots: list[Slot] = []
    for column in merge(_new(pricer, case), _joining(pricer, case), key=lambda column: column.items[0].start_min):
        start = column.items[0].start_min
        if not slots or start >= slots[-1].start_min + case.duration_min:
            slots.append(_slot(case, column))
        if len(slots) == k:
            break
    return slots


def _new(pricer: Pricer, case: Case) -> Iterator[Column]:
    """Sessions of its own, by start."""
    group = Group(pricer, [case])
    if not group.fits:
        return
    group.recruit()
    for k in bits(group.starts()):
        column = pricer.column_at(group, k)
        if column:
            yield column


def _joining(pricer: Pricer, case: Case) -> Iterator[Column]:
    """Existing sessions of the team, by start; each is taken out while it is priced."""
    state = pricer.state
    order = sorted(state.team_sessions[case.team], key=lambda i: state.sessions[i].end_min)
    for ident in order:
        session = state.remove(ident)
        column = next(islice(pricer.price([case], session), 1), None)
        state.add(session)
        if column:
            yield column


def _slot(case: Case, column: Column) -> Slot:
    item = column.items[0]
    return Slot(
        case=case.id,
        start_min=item.start_min,
        end_min=item.start_min + case.duration_min,
        days_late=objectives.days_late(case, item.start_min),
        session=column.base,
        room=column.rooms[0],
        seats=dict(item.seats),
    )
