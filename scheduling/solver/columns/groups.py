"""Groups: cases that might share a session, in order, and who could attend which of them at which start."""

from collections.abc import Sequence

from scheduling.solver.columns.column import Layout, layout
from scheduling.solver.columns.lookups import Lookups
from scheduling.solver.core import presence
from scheduling.solver.core.plan import PlannedCase, PlannedSession
from scheduling.solver.core.problem import Case, Span


class Group:
    """Cases in order with their layout, perhaps on a base, and who could attend which of them at which start."""

    def __init__(
        self, pricer: Lookups, cases: Sequence[Case], base: PlannedSession | None = None, plan: Layout | None = None
    ) -> None:
        self.pricer, self.state = pricer, pricer.state
        self.grain = pricer.state.starts.grain
        self.cases, self.base = cases, base
        self.plan = plan or layout(pricer.state.problem, cases, base)
        self.team = pricer.state.problem.team_of[cases[0].team]
        self.there = presence.stretches(pricer.state.problem, base) if base else {}
        self.ends = [o + case.duration_min for o, case in zip(self.plan.offsets, cases, strict=True)]

    @property
    def fits(self) -> bool:
        return self.plan.length <= self.state.problem.max_session_min

    def starts(self) -> int:
        """Session starts at which team, room, each case and someone for each seat would be free: necessary only."""
        mask = self.state.team_starts(self.team.id, self.plan.length)
        if self.base is not None:
            mask &= 1 << (self.base.start_min // self.grain)
        elif not all(case.remote_ok for case in self.cases):
            rooms = 0
            for room in self.pricer.rooms(self.cases, self.team.site):
                rooms |= self.state.room_starts(room, self.plan.length)
            mask &= rooms
        for case, offset in zip(self.cases, self.plan.offsets, strict=True):
            if mask:
                mask &= self.pricer.case_starts(case) >> offset // self.grain
        return mask

    def recruit(self) -> None:
        """Looks up everybody's time, once for all starts."""
        self.wanted: dict[int, int] = {}
        for i, case in enumerate(self.cases):
            for expert in self.pricer.people_of(case):
                self.wanted[expert] = self.wanted.get(expert, 0) | 1 << i
        minutes = self.ends[-1] - self.plan.offsets[0]
        shortest = min(case.duration_min for case in self.cases)
        first = self.plan.offsets[0] // self.grain
        self.coarse = shortest >= self.grain
        self.case_cells = []
        for offset, end in zip(self.plan.offsets, self.ends, strict=True):
            self.case_cells.append((offset // self.grain - first, -(-end // self.grain) - first))
        self.whole = self.pricer.throughout(self.team.site, minutes)
        self.some = self.pricer.somewhere(self.team.site, min(shortest, self.grain))

    def edges(self, mask: int) -> int:
        """Starts worth a look: ends of open stretches, changes of somebody's availability, old starts."""
        edges = mask & ~(mask << 1) | mask & ~(mask >> 1)
        for free in {self.whole[expert] for expert in self.wanted}:
            edges |= (free ^ free << 1) | (free ^ free >> 1)
        for case, offset in zip(self.cases, self.plan.offsets, strict=True):
            old = self.pricer.old_start.get(case.id)
            if old is not None and old >= offset:
                edges |= 1 << (old - offset) // self.grain
        return edges & mask

    def on_time(self) -> int:
        """Starts at which no case is late."""
        last = min(case.due_min - offset for case, offset in zip(self.cases, self.plan.offsets, strict=True))
        return (1 << last // self.grain + 1) - 1 if last >= 0 else 0

    def by_company(self, mask: int) -> list[int]:
        """The starts by how many disciplines would have one person for all their seats throughout, the most first."""
        levels = [mask]
        for people in self._shared():
            free = 0
            for expert in people:
                free |= self.whole[expert]
            levels.append(0)
            for j in range(len(levels) - 1, 0, -1):
                levels[j] |= levels[j - 1] & free
        return [here & ~more for here, more in zip(levels, [*levels[1:], 0], strict=True)][::-1]

    def _shared(self) -> list[frozenset[int]]:
        """Per discipline the experts who could sit in every case that asks for it."""
        shared: dict[str, frozenset[int]] = {}
        for case in self.cases:
            for discipline, people in self.pricer.by_discipline(case).items():
                shared[discipline] = shared[discipline] & people if discipline in shared else people
        return [people for people in shared.values() if people]

    def who_can(self, k: int) -> dict[int, int]:
        """Per candidate the longest run of cases that one presence can cover at this start, as bits over positions."""
        first = k + self.plan.offsets[0] // self.grain
        cells = (1 << self.plan.length // self.grain + 1) - 1
        can = {}
        for expert, constraint in self.wanted.items():
            if expert in self.there:
                able = self._run(expert, k) & constraint
            elif self.whole[expert] >> first & 1:
                able = constraint
            else:
                some = self.some[expert] >> first & cells
                if not some:
                    continue
                able = (self._run_of_cells(expert, some, k) if self.coarse else self._run(expert, k)) & constraint
            if able:
                can[expert] = able
        for i, case in enumerate(self.cases):
            for barred, _, times in self.pricer.barred.get(case.id, ()):
                if barred in can and times >> (k + self.plan.offsets[i] // self.grain) & 1:
                    can[barred] &= ~(1 << i)
        return can

    def _run_of_cells(self, expert: int, cells: int, k: int) -> int:
        """As `_run`, by whole cells of the grain: quicker, and exact where cases fill their cells."""
        best, best_minutes, count = 0, 0, len(self.cases)
        for i in range(count):
            length, begin = 0, self.case_cells[i][0]
            for j in range(i, count):
                span = (1 << self.case_cells[j][1]) - (1 << begin)  # gaps between cases are attended too
                if cells & span != span:
                    break
                length = j - i + 1
            if length > best.bit_count():
                best, best_minutes = ((1 << length) - 1) << i, self.ends[i + length - 1] - self.plan.offsets[i]
        return best if best and self.state.cap_starts(expert, best_minutes) >> k & 1 else 0

    def _run(self, expert: int, k: int) -> int:
        """Consecutive cases from wherever, or from the presence in the base on."""
        there, count = self.there.get(expert), len(self.cases)
        for length in range(count, 0, -1):
            for i in range(count - length + 1 if there is None else 1):
                begin = self.plan.offsets[i] if there is None else there[0] - k * self.grain
                minutes = self.ends[i + length - 1] - begin
                if (
                    self.state.expert_starts(expert, self.team.site, minutes) >> (k + begin // self.grain) & 1
                    and self.state.cap_starts(expert, minutes) >> k & 1
                ):
                    return ((1 << length) - 1) << i
        return 0

    def stays(self, items: Sequence[PlannedCase]) -> dict[int, Span]:
        stays = dict(self.there)
        for item, case in zip(items, self.cases, strict=True):
            until = item.start_min + case.duration_min
            for expert in item.people():
                known = stays.get(expert, (item.start_min, until))
                stays[expert] = (min(known[0], item.start_min), max(known[1], until))
        return stays
