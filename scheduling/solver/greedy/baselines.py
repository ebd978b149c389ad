"""From blocks to sessions: people matched again, cases ordered, rooms numbered; the plans of the three baselines."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import count

from scheduling.solver.core import objectives
from scheduling.solver.core.plan import Plan, PlannedCase, PlannedSession, Unplaced
from scheduling.solver.core.problem import Case, Problem
from scheduling.solver.greedy import blocks
from scheduling.solver.greedy.blocks import Block, BlockPlan

Arrange = Callable[[Problem, Block, dict[int, dict[int, int]]], list[Case]]


def fcfs(problem: Problem) -> Plan:
    """First come, first served: what a coordinator does today."""
    return plan_of(blocks.fcfs_blocks(problem), by_id)


def weekly(problem: Problem) -> Plan:
    """Standing two-hour blocks as far as they are in time."""
    return plan_of(blocks.weekly_blocks(problem), fewest_minutes)


def smart(problem: Problem) -> Plan:
    """Required cases first, each where it costs least."""
    return plan_of(blocks.smart_blocks(problem), fewest_minutes)


def plan_of(desk: BlockPlan, arrange: Arrange) -> Plan:
    problem = desk.problem
    numbers = count(max(problem.fixed_of, default=0) + 1)
    sessions = []
    for block in desk.blocks.values():
        ident = block.fixed if block.fixed is not None else next(numbers)
        sessions.append(_session(problem, block, ident, arrange))
    roomed = number_rooms(problem, desk.half_starts, sessions)
    placed = {item.case for session in roomed for item in session.cases}
    return Plan(
        status="feasible",
        goals=objectives.goals_of(problem, roomed),
        sessions=tuple(roomed),
        unplaced=tuple(Unplaced(case=case.id) for case in problem.cases if case.id not in placed),
    )


def _session(problem: Problem, block: Block, ident: int, arrange: Arrange) -> PlannedSession:
    seated = _matched_again(problem, block)
    start = block.slot.start_min
    now = max((_end(problem, item) for item in block.confirmed), default=start)
    items = list(block.confirmed)
    for case in arrange(problem, block, seated):
        items.append(PlannedCase(case=case.id, start_min=now, seats=seated[case.id]))
        now += case.duration_min
    booked = problem.fixed_of[ident].end_min if block.fixed is not None else start
    room = problem.fixed_of[ident].room if block.fixed is not None else None
    return PlannedSession(
        id=ident,
        team=block.team,
        site=block.site,
        room=room,
        start_min=start,
        end_min=max(now, booked),
        cases=tuple(items),
    )


def _matched_again(problem: Problem, block: Block) -> dict[int, dict[int, int]]:
    """Among the people of the block only, those with most cases in it first."""
    load: dict[int, int] = defaultdict(int)
    for item in block.confirmed:
        for expert in item.people():
            load[expert] += 1
    seated = {}
    for case in sorted(block.cases, key=lambda case: case.id):
        there = [e for e in block.people if blocks.attends(problem, case, e, block.site)]
        found = blocks.match(case, sorted(there, key=lambda e: (-load[e], e)))
        assert found is not None
        seated[case.id] = found
        for expert in found.values():
            load[expert] += 1
    return seated


def by_id(_problem: Problem, block: Block, _seated: dict[int, dict[int, int]]) -> list[Case]:
    return sorted(block.cases, key=lambda case: case.id)


def fewest_minutes(_problem: Problem, block: Block, seated: dict[int, dict[int, int]]) -> list[Case]:
    """Dynamic programme over subsets: a case costs its minutes for all who are there before and after it, or for it."""
    cases = sorted(block.cases, key=lambda case: case.id)
    people = [set(seated[case.id].values()) for case in cases]
    began = {expert for item in block.confirmed for expert in item.people()}
    level: dict[int, tuple[int, list[int]]] = {0: (0, [])}
    for _ in cases:
        reached: dict[int, tuple[int, list[int]]] = {}
        for subset, (cost, order) in level.items():
            here = began.union(*(people[i] for i in order))
            for i, case in enumerate(cases):
                if subset >> i & 1:
                    continue
                later = set().union(*(people[k] for k in range(len(cases)) if k != i and not subset >> k & 1))
                total = cost + case.duration_min * len(people[i] | (here & later))
                grown = subset | 1 << i
                if grown not in reached or total < reached[grown][0]:
                    reached[grown] = (total, [*order, i])
        level = reached
    (_, best), *_ = level.values()
    return [cases[i] for i in best]


def _end(problem: Problem, item: PlannedCase) -> int:
    return item.start_min + problem.case_of[item.case].duration_min


def number_rooms(problem: Problem, half_starts: list[int], sessions: list[PlannedSession]) -> list[PlannedSession]:
    """Exhaustive search per site and half-day; where no numbering exists, the lightest session is dropped."""
    groups: dict[tuple[int, int], list[PlannedSession]] = defaultdict(list)
    for session in sessions:
        half = max(i for i, start in enumerate(half_starts) if start <= session.start_min)
        groups[session.site, half].append(session)
    numbered = []
    for group in groups.values():
        while (rooms := next(_numberings(problem, group), None)) is None:
            group.remove(min((s for s in group if s.id not in problem.fixed_of), key=lambda s: _weight(problem, s)))
        numbered += [_in_room(session, rooms[session.id]) for session in group]
    return sorted(numbered, key=lambda session: (session.start_min, session.id))


def _in_room(session: PlannedSession, room: int) -> PlannedSession:
    return PlannedSession(
        id=session.id,
        team=session.team,
        site=session.site,
        room=room,
        start_min=session.start_min,
        end_min=session.end_min,
        cases=session.cases,
    )


def _weight(problem: Problem, session: PlannedSession) -> tuple[int, int]:
    cases = [problem.case_of[item.case] for item in session.cases]
    return sum(case.weight * (10 if case.required else 1) for case in cases), session.id


def _numberings(problem: Problem, group: list[PlannedSession]) -> Iterator[dict[int, int]]:
    """All ways to give the sessions rooms, sessions with the fewest choices first, small rooms first."""
    choices = {session.id: _suitable(problem, session) for session in group}
    order = sorted(group, key=lambda s: (s.room is None, len(choices[s.id]), s.start_min, s.id))

    def extend(index: int, taken: dict[int, int]) -> Iterator[dict[int, int]]:
        if index == len(order):
            yield dict(taken)
            return
        session = order[index]
        for room in choices[session.id]:
            if all(taken[other.id] != room or _apart(problem, session, other) for other in order[:index]):
                yield from extend(index + 1, {**taken, session.id: room})

    return extend(0, {})


def _apart(problem: Problem, one: PlannedSession, two: PlannedSession) -> bool:
    gap = problem.changeover_min
    return one.end_min + gap <= two.start_min or two.end_min + gap <= one.start_min


def _suitable(problem: Problem, session: PlannedSession) -> list[int]:
    if session.room is not None:
        return [session.room]
    people = session.people()
    here = sum(1 for expert in people if problem.on_site(expert, session.site))
    needs = frozenset().union(*(problem.case_of[item.case].equipment for item in session.cases))
    if here < len(people):
        needs |= {blocks.VIDEO}
    rooms = [
        room
        for room in problem.rooms
        if room.site == session.site
        and room.capacity >= here
        and needs <= room.equipment
        and any(a <= session.start_min and session.end_min <= b for a, b in room.free)
    ]
    return [room.id for room in sorted(rooms, key=lambda room: (blocks.room_class(room), room.capacity, room.id))]
