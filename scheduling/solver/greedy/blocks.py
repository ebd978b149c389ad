"""Block baselines: what coordinators do today (`fcfs`, `weekly`), and `smart`, on fixed blocks of office half-days.

Sets: half-days (8-12 and 14-18 of working days) of four hour-long cells; blocks = (team, half-day, offset, long or
short); a short one (45 minutes) occupies one cell, a long one (105 minutes) two. Everybody who attends a block is
counted as present for the whole block; rooms are three nested classes, counted per (site, cell). Nothing is moved.
The exact rules stand in benchmarks/instances/README.md; they need a calendar of such half-days and a grain of 15.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from scheduling.solver.core.plan import PlannedCase
from scheduling.solver.core.problem import Case, Expert, Problem, Room

CELL_MIN = 60
CELLS = 4
HALF_DAY_STARTS = (8 * 60, 14 * 60)
SHORT_MIN, LONG_MIN = 45, 105
QUARTERS_A_DAY = 32
VIDEO = "video"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Slot:
    """One of the seven blocks of a half-day."""

    half: int
    start_min: int
    length_min: int
    cells: int
    beside: int
    week: int
    day: int

    @property
    def end_min(self) -> int:
        return self.start_min + self.length_min

    @property
    def long(self) -> bool:
        return self.length_min == LONG_MIN


@dataclass(slots=True, kw_only=True, eq=False)
class Block:
    """A slot that a team uses: its cases, its people, its confirmed part."""

    team: int
    site: int
    slot: Slot
    fixed: int | None = None
    confirmed: tuple[PlannedCase, ...] = ()
    class_: int = 0
    minutes: int = 0
    video: bool = False
    cases: list[Case] = field(default_factory=list)
    people: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Diary:
    """What one expert has booked so far."""

    taken: int = 0
    on_site: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    days: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    weeks: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    minutes: dict[int, int] = field(default_factory=lambda: defaultdict(int))


def room_class(room: Room) -> int:
    if VIDEO not in room.equipment:
        return 0
    return 2 if room.capacity >= 20 else 1


def slots(problem: Problem) -> list[Slot]:
    """By half-day; within it short ones by start, then long ones by start."""
    found = []
    workdays = [(d, start) for d, start in enumerate(problem.day_starts) if d % 7 < 5]
    halves = [(d, start + offset) for d, start in workdays for offset in HALF_DAY_STARTS]
    for half, (day, start) in enumerate(halves):
        for length, width in ((SHORT_MIN, 1), (LONG_MIN, 2)):
            for first in range(CELLS - width + 1):
                cells = ((1 << width) - 1) << first
                beside = (cells << 1 | cells >> 1) & ~cells & (1 << CELLS) - 1
                shift = half * CELLS
                found.append(
                    Slot(
                        half=half,
                        start_min=start + first * CELL_MIN,
                        length_min=length,
                        cells=cells << shift,
                        beside=beside << shift,
                        week=day // 7,
                        day=day,
                    )
                )
    return found


def fits(problem: Problem) -> bool:
    """Whether the block baselines can be used at all: office half-days, quarter hours, none of the finer rules."""
    if problem.grain_min != 15 or problem.break_after_min or problem.pins or problem.forbidden or problem.now_min > 0:
        return False
    if any(case.duration_min % 15 for case in problem.cases) or problem.max_session_min < LONG_MIN:
        return False
    starts = {slot.start_min for slot in slots(problem)}
    return all(s.start_min in starts and s.room is not None for s in problem.fixed) and not any(
        team.reserved or team.chairs for team in problem.teams
    )


class BlockPlan:
    """The state of a baseline while it places case by case."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.slots = slots(problem)
        self.free = {expert.id: self._free_cells(expert) for expert in problem.experts}
        self.diaries = {expert.id: Diary() for expert in problem.experts}
        self.blocks: dict[tuple[int, Slot], Block] = {}
        self.team_cells: dict[int, int] = defaultdict(int)
        self.used: dict[tuple[int, int, int], int] = defaultdict(int)
        self.rooms = self._rooms_by_class()
        for session in problem.fixed:
            self._book_fixed(session.id)

    def _free_cells(self, expert: Expert) -> int:
        mask = 0
        for slot in self.slots:
            start, end = slot.start_min, slot.start_min + CELL_MIN
            if not slot.long and any(a <= start and end <= b for a, b in expert.free):
                mask |= slot.cells
        return mask

    @cached_property
    def half_starts(self) -> list[int]:
        return [slot.start_min for slot in self.slots[:: 2 * CELLS - 1]]

    def _rooms_by_class(self) -> dict[tuple[int, int, int], int]:
        """Rooms of class q or more that are free in a half-day, by (site, half-day, q)."""
        count: dict[tuple[int, int, int], int] = defaultdict(int)
        for room in self.problem.rooms:
            for half, start in enumerate(self.half_starts):
                if any(a <= start and start + CELLS * CELL_MIN <= b for a, b in room.free):
                    for q in range(room_class(room) + 1):
                        count[room.site, half, q] += 1
        return count

    def _book_fixed(self, ident: int) -> None:
        session = self.problem.fixed_of[ident]
        long = session.end_min - session.start_min > SHORT_MIN
        slot = next(s for s in self.slots if s.start_min == session.start_min and s.long == long)
        block = Block(team=session.team, site=session.site, slot=slot, fixed=ident, confirmed=session.cases)
        assert session.room is not None
        block.class_ = room_class(self.problem.room_of[session.room])
        block.minutes = sum(self.problem.case_of[item.case].duration_min for item in session.cases)
        self.open(block)
        self.join(block, session.people())

    def open(self, block: Block) -> None:
        self.blocks[block.team, block.slot] = block
        self.team_cells[block.team] |= block.slot.cells
        self._count(block, +1)

    def _count(self, block: Block, step: int) -> None:
        for cell in _bits(block.slot.cells):
            for q in range(block.class_ + 1):
                self.used[block.site, cell, q] += step

    def room_for(self, site: int, slot: Slot, class_: int, beyond: int) -> bool:
        """Whether the classes beyond `beyond` up to `class_` have one more room in each cell."""
        return all(
            self.used[site, cell, q] < self.rooms[site, slot.half, q]
            for q in range(beyond + 1, class_ + 1)
            for cell in _bits(slot.cells)
        )

    def join(self, block: Block, people: Iterable[int]) -> None:
        slot = block.slot
        for expert in people:
            block.people.add(expert)
            diary = self.diaries[expert]
            diary.taken |= slot.cells
            diary.days[slot.day] += 1
            diary.weeks[slot.week] += 1
            diary.minutes[slot.week] += slot.length_min
            if self.problem.on_site(expert, block.site):
                diary.on_site[block.site] |= slot.cells

    def may_attend(self, expert: int, site: int, slot: Slot) -> bool:
        person, diary = self.problem.expert_of[expert], self.diaries[expert]
        if slot.cells & ~self.free[expert] or slot.cells & diary.taken:
            return False
        if site in person.sites and any(slot.beside & cells for at, cells in diary.on_site.items() if at != site):
            return False
        return (
            diary.days[slot.day] < person.max_sessions_day
            and diary.weeks[slot.week] < person.max_sessions_week
            and diary.minutes[slot.week] + slot.length_min <= person.max_minutes_week
        )

    def class_needed(self, block_video: bool, site: int, people: Iterable[int]) -> int:
        """3 where no room could be large enough."""
        people = list(people)
        here = sum(1 for expert in people if self.problem.on_site(expert, site))
        if here > 20:
            return 3
        if here > 12:
            return 2
        return 1 if here > 9 or block_video or here < len(people) else 0

    def place(self, case: Case, slot: Slot, rank: Callable[[int], float]) -> tuple[Block, list[int]] | None:
        """The block with the people who join it, or None where the case does not fit; nothing is booked yet."""
        site = self.problem.team_of[case.team].site
        if slot.start_min < case.release_min or slot.length_min < case.duration_min:
            return None
        if not self.rooms[site, slot.half, 1 if VIDEO in case.equipment else 0]:
            return None
        block = self.blocks.get((case.team, slot))
        if block is None:
            if self.team_cells[case.team] & slot.cells or not self.room_for(site, slot, 0, -1):
                return None
            block = Block(team=case.team, site=site, slot=slot)
        elif block.minutes + case.duration_min > slot.length_min:
            return None
        return self._seated(case, block, rank)

    def _seated(self, case: Case, block: Block, rank: Callable[[int], float]) -> tuple[Block, list[int]] | None:
        allowed = {e for seat in case.seats for e in seat.candidates if attends(self.problem, case, e, block.site)}
        there = sorted(allowed & block.people)
        others = [e for e in allowed - block.people if self.may_attend(e, block.site, block.slot)]
        seated = match(case, there + sorted(others, key=lambda e: (rank(e), e)))
        if seated is None:
            return None
        joining = [e for e in seated.values() if e not in block.people]
        class_ = self.class_needed(block.video or VIDEO in case.equipment, block.site, [*block.people, *joining])
        if block.fixed is not None:
            return None if class_ > block.class_ else (block, joining)
        opened = (block.team, block.slot) in self.blocks
        if class_ > 2 or not self.room_for(block.site, block.slot, class_, block.class_ if opened else -1):
            return None
        return block, joining

    def book(self, case: Case, block: Block, joining: list[int]) -> None:
        if (block.team, block.slot) not in self.blocks:
            self.open(block)
        block.cases.append(case)
        block.minutes += case.duration_min
        block.video = block.video or VIDEO in case.equipment
        self.join(block, joining)
        if block.fixed is None:
            self._count(block, -1)
            block.class_ = self.class_needed(block.video, block.site, block.people)
            self._count(block, +1)


def attends(problem: Problem, case: Case, expert: int, site: int) -> bool:
    """On site, or remotely where both the expert and the case allow it."""
    return problem.on_site(expert, site) or (case.remote_ok and problem.expert_of[expert].remote)


def match(case: Case, preferred: list[int]) -> dict[int, int] | None:
    """Seats in their order by augmenting paths, each taking the first in the list's order; None if one stays empty."""
    holder: dict[int, int] = {}
    placement_constraints = [[e for e in preferred if e in seat.candidates] for seat in case.seats]

    def seat_someone(seat: int, asked: set[int]) -> bool:
        for expert in placement_constraints[seat]:
            if expert not in asked:
                asked.add(expert)
                if expert not in holder or seat_someone(holder[expert], asked):
                    holder[expert] = seat
                    return True
        return False

    for seat in range(len(case.seats)):
        if not seat_someone(seat, set()):
            return None
    return {case.seats[seat].id: expert for expert, seat in holder.items()}


def working_quarters(minute: int) -> int:
    """Working quarter hours that end at `minute` or before, counted from the horizon's start."""
    week, rest = divmod(minute, 7 * 1440)
    day, of_day = divmod(rest, 1440)
    if day >= 5:
        return (week * 5 + 5) * QUARTERS_A_DAY
    today = sum(min(max(of_day - start, 0), CELLS * CELL_MIN) for start in HALF_DAY_STARTS) // 15
    return (week * 5 + day) * QUARTERS_A_DAY + today


def fcfs_blocks(problem: Problem) -> BlockPlan:
    """By release, the earliest slot, the first free expert."""
    desk = BlockPlan(problem)
    for case in _by_release(problem):
        order = sorted(desk.slots, key=lambda s: (s.start_min, (case.team, s) not in desk.blocks, s.length_min))
        _first(desk, case, order)
    return desk


def weekly_blocks(problem: Problem) -> BlockPlan:
    """In standing blocks as far as they are in time."""
    desk = BlockPlan(problem)
    for case in _by_release(problem):
        standing = {start for start, _ in problem.team_of[case.team].standing}
        order = sorted(
            desk.slots,
            key=lambda s: (
                s.end_min > case.due_min,
                not (s.long and s.start_min in standing),
                (case.team, s) not in desk.blocks,
                s.start_min,
                s.length_min,
            ),
        )
        _first(desk, case, order)
    return desk


def smart_blocks(problem: Problem) -> BlockPlan:
    """Required cases first, each where it costs least."""
    desk = BlockPlan(problem)
    fixed = {item.case for session in problem.fixed for item in session.cases}

    def busy(expert: int) -> float:
        return problem.expert_of[expert].load_min / 15 + 4 * sum(desk.diaries[expert].minutes.values()) / 15

    for case in sorted(problem.cases, key=lambda c: (not c.required, c.due_min, -c.weight, c.id)):
        if case.id in fixed:
            continue
        best, best_cost = None, float("inf")
        for slot in desk.slots:
            new = (case.team, slot) not in desk.blocks
            price = _late_price(case, slot) + ((6 if slot.long else 4) + 3 * len(case.seats) if new else 0)
            if price >= best_cost:
                continue
            found = desk.place(case, slot, busy)
            cost = price if new else price + 3 * len(found[1]) if found else 0
            if found and cost < best_cost:
                best, best_cost = found, cost
        if best:
            desk.book(case, *best)
    return desk


def _late_price(case: Case, slot: Slot) -> int:
    if slot.end_min <= case.due_min:
        return 0
    quarters = working_quarters(slot.end_min) - working_quarters(case.due_min)
    return (100_000 if case.required else 200) * case.weight * (1 + (quarters - 1) // QUARTERS_A_DAY)


def _by_release(problem: Problem) -> Iterator[Case]:
    fixed = {item.case for session in problem.fixed for item in session.cases}
    return (c for c in sorted(problem.cases, key=lambda c: (c.release_min, c.id)) if c.id not in fixed)


def _first(desk: BlockPlan, case: Case, order: list[Slot]) -> None:
    for slot in order:
        found = desk.place(case, slot, lambda _: 0)
        if found:
            desk.book(case, *found)
            return


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
