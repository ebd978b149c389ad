"""The promise: the earliest slots in which one case could be discussed, against the published plan as it stands.

Nothing that is published moves: the case opens a session of its own or is added after the cases of an existing one.
`gain` looks one step further: what if one session that nobody has confirmed yet made room?
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from heapq import merge
from itertools import islice

from scheduling.solver.columns.column import Column
from scheduling.solver.columns.groups import Group
from scheduling.solver.columns.pricing import Pricer
from scheduling.solver.core import objectives
from scheduling.solver.core.plan import Plan, PlannedSession
from scheduling.solver.core.problem import Case, Problem
from scheduling.solver.core.timeline import State, bits
from scheduling.solver.greedy import greedy


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
    optional: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """An earlier slot, and the cases that would move for it, each with its new start. None of them would be late."""

    slot: Slot
    moved: dict[int, int]


def earliest(
    problem: Problem, plan: Plan, case: Case, k: int = 3, *, apart_min: int = 0, state: State | None = None
) -> list[Slot]:
    """The k earliest feasible slots, at least the case's own length apart; a prepared state saves building it.

    Sessions of its own follow each other by `apart_min` at least, so that few slots show a real choice.
    """
    pricer = Pricer(state=state or State(problem, plan.sessions))
    if case.id not in problem.case_of:
        pricer.admit(case)
    slots: list[Slot] = []
    for column in _columns(pricer, case):
        start, gap = column.items[0].start_min, case.duration_min
        if column.base is None:
            gap = max(gap, apart_min)
        if not slots or start >= slots[-1].start_min + gap:
            slots.append(_slot(case, column))
        if len(slots) == k:
            break
    return slots


def gain(problem: Problem, plan: Plan, case: Case, *, tries: int = 12) -> Gain | None:
    """The earliest slot that opens if one session that is not fixed gave way, and where its cases would then go.

    The `tries` earliest sessions are asked that share the team, the site's rooms or somebody with the case. Cases that
    move stay within their limit, or are no later than they are.
    """
    if case.id not in problem.case_of:
        problem = replace(problem, cases=(*problem.cases, case))
    now = earliest(problem, plan, case, 1)
    best: Gain | None = None
    before = now[0].start_min if now else problem.horizon_min
    for session in islice(_in_the_way(problem, plan, case, before), tries):
        if session.start_min >= before:
            break
        found = _instead_of(problem, plan.sessions, session, case, before)
        if found is not None:
            best, before = found, found.slot.start_min
    return best


def _in_the_way(problem: Problem, plan: Plan, case: Case, before: int) -> Iterator[PlannedSession]:
    site = problem.team_of[case.team].site
    wanted = {expert for place in case.places for expert in place.candidates}
    for session in sorted(plan.sessions, key=lambda session: (session.start_min, session.id)):
        near = session.site == site or session.people() & wanted
        if session.id not in problem.fixed_of and problem.now_min <= session.start_min < before and near:
            yield session


def _instead_of(
    problem: Problem, sessions: Iterable[PlannedSession], given_up: PlannedSession, case: Case, before: int
) -> Gain | None:
    """The case placed as if `given_up` were not there, if that is earlier and the cases of that session find room."""
    state = State(problem, (session for session in sessions if session.id != given_up.id))
    pricer = Pricer(state=state)
    slot = _place(pricer, case)
    if slot is None or slot.start_min >= before:
        return None
    moved = {}
    for item in sorted(given_up.cases, key=lambda item: greedy.urgency(problem.case_of[item.case])):
        other = problem.case_of[item.case]
        found = _place(pricer, other)
        if found is None or found.start_min > max(other.due_min, item.start_min):
            return None
        if found.start_min != item.start_min:
            moved[other.id] = found.start_min
    return Gain(slot=slot, moved=moved)


def _place(pricer: Pricer, case: Case) -> Slot | None:
    """Puts the case where it begins first."""
    state, column = pricer.state, next(_columns(pricer, case), None)
    if column is None:
        return None
    if column.base is not None:
        state.remove(column.base)
    state.add(column.session(state.new_id() if column.base is None else column.base, column.rooms[0]))
    return _slot(case, column)


def _columns(pricer: Pricer, case: Case) -> Iterator[Column]:
    """All ways to place the case, by its start; joining a session before opening another one."""
    return merge(
        _new(pricer, case),
        _joining(pricer, case),
        key=lambda column: (column.items[0].start_min, column.base is None),
    )


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
        optional=dict(item.optional),
    )
