"""The master: set partitioning over pattern columns, by CP-SAT, level by level.

x[j]  column j is chosen          u[c]  free case c stays unplaced          f[e]  unfair steps of expert e
each free case: sum of x over its columns + u = 1;  a base is extended at most once
each team and each expert: of intervals that share a moment at most one; travel between sites pairwise
each set of rooms: at no moment more columns that depend on it than it has rooms (changeover included)
caps per day and week as rows; fairness as minutes above target
goals: required_unplaced, required_late, suggested, effort, each minimised and then held
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from scheduling.solver.columns.column import Column
from scheduling.solver.core import cpsat, objectives, presence
from scheduling.solver.core.problem import Case
from scheduling.solver.core.stopping import stopping
from scheduling.solver.core.timeline import State

Interval = tuple[int, int, int]
WORTH = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The chosen columns with their rooms."""

    columns: tuple[tuple[Column, int | None], ...]


@dataclass(slots=True, kw_only=True)
class Master:
    """One set-partitioning problem: columns of some teams against a state that stays as it is."""

    state: State
    cases: Sequence[Case]
    columns: Sequence[Column]
    hint: frozenset[int] = frozenset()
    seconds: float = 2.0
    seed: int = 1
    stop: Callable[[], bool] = lambda: False
    model: Any = field(init=False)
    x: list[Any] = field(init=False)
    u: dict[int, Any] = field(init=False)

    def choose(self) -> Choice | None:
        """The best columns found, or None where rooms could not be given out or nothing was found in time."""
        cp_model = cpsat.load()
        self.model = cp_model.CpModel()
        self.x = [self.model.new_bool_var("") for _ in self.columns]
        self.u = {case.id: self.model.new_bool_var("") for case in self.cases}
        for constrain in (self._cover, self._teams, self._experts, self._rooms, self._caps):
            constrain()
        chosen = self._levels()
        if chosen is None:
            return None
        rooms = give_rooms(self.state.problem.changeover_min, chosen)
        return None if rooms is None else Choice(columns=tuple(zip(chosen, rooms, strict=True)))

    def _cover(self) -> None:
        holding: dict[int, list[Any]] = defaultdict(list)
        extending: dict[int, list[Any]] = defaultdict(list)
        for x, column in zip(self.x, self.columns, strict=True):
            for item in column.items:
                holding[item.case].append(x)
            if column.base is not None:
                extending[column.base].append(x)
        for case in self.cases:
            self.model.add_exactly_one([*holding[case.id], self.u[case.id]])
        for literals in extending.values():
            self.model.add_at_most_one(literals)

    def _at_most_one(self, intervals: list[Interval]) -> None:
        for clique in cliques(intervals):
            self.model.add_at_most_one([self.x[j] for j in clique])

    def _teams(self) -> None:
        by_team: dict[int, list[Interval]] = defaultdict(list)
        for j, column in enumerate(self.columns):
            by_team[column.team].append((column.start_min, column.end_min, j))
        for intervals in by_team.values():
            self._at_most_one(intervals)

    def _experts(self) -> None:
        by_expert: dict[int, list[Interval]] = defaultdict(list)
        for j, column in enumerate(self.columns):
            for expert, (start, end) in column.stays.items():
                by_expert[expert].append((start, end, j))
        for expert, intervals in by_expert.items():
            self._at_most_one(intervals)
            if len(self.state.problem.expert_of[expert].sites) > 1:
                self._travel(expert, intervals)

    def _travel(self, expert: int, intervals: list[Interval]) -> None:
        problem = self.state.problem
        by_site: dict[int, list[Interval]] = defaultdict(list)
        for interval in intervals:
            site = self.columns[interval[2]].site
            if problem.on_site(expert, site):
                by_site[site].append(interval)
        for here, theirs in by_site.items():
            for there, others in by_site.items():
                minutes = problem.travel(here, there)
                if here == there or not minutes:
                    continue
                for _, end, j in theirs:
                    for start, _, k in others:
                        if end <= start < end + minutes:
                            self.model.add_bool_or([self.x[j].negated(), self.x[k].negated()])

    def _rooms(self) -> None:
        """Hall's condition at each moment: enough for rooms that nest, and checked by `give_rooms` for the rest."""
        gap = self.state.problem.changeover_min
        intervals = [
            (column.start_min, column.end_min + gap, j)
            for j, column in enumerate(self.columns)
            if column.base is None and None not in column.rooms
        ]
        for clique in cliques(intervals):
            sets = {frozenset(self.columns[j].rooms) for j in clique}
            for rooms in sets:
                depending = [self.x[j] for j in clique if set(self.columns[j].rooms) <= rooms]
                if len(depending) > len(rooms):
                    self.model.add(sum(depending) <= len(rooms))

    def _caps(self) -> None:
        problem = self.state.problem
        attending: dict[int, list[tuple[int, int, Any]]] = defaultdict(list)
        longer: dict[int, list[tuple[int, int, Any]]] = defaultdict(list)
        for x, column in zip(self.x, self.columns, strict=True):
            day = problem.day(column.start_min)
            there = presence.stretches(problem, self.state.sessions[column.base]) if column.base is not None else {}
            for expert, (start, end) in column.stays.items():
                if expert in there:
                    before = there[expert][1] - there[expert][0]
                    longer[expert].append((day, end - start - before, x))
                else:
                    attending[expert].append((day, end - start, x))
        for expert in {*attending, *longer}:
            entries = attending[expert]
            person = problem.expert_of[expert]
            stays = list(self.state.stays(expert))
            for day in {day for day, _, _ in entries}:
                mine = [x for d, _, x in entries if d == day]
                self._row(mine, person.max_sessions_day - sum(1 for stay in stays if stay.day == day))
            for week in {day // 7 for day, _, _ in [*entries, *longer[expert]]}:
                now = [stay.minutes for stay in stays if stay.week == week]
                self._row([x for d, _, x in entries if d // 7 == week], person.max_sessions_week - len(now))
                mine = [(minutes, x) for d, minutes, x in [*entries, *longer[expert]] if d // 7 == week]
                room = person.max_minutes_week - sum(now)
                if sum(minutes for minutes, _ in mine) > room:
                    self.model.add(sum(minutes * x for minutes, x in mine) <= room)

    def _row(self, literals: list[Any], most: int) -> None:
        if len(literals) > most:
            self.model.add(sum(literals) <= most)

    def _goals(self) -> Iterator[Any]:
        """The levels as linear expressions, in order."""
        priced = list(zip(self.x, self.columns, strict=True))
        yield sum(case.weight * self.u[case.id] for case in self.cases if case.required)
        yield sum(column.price[0] * x for x, column in priced if column.price[0])
        unplaced = sum(
            objectives.UNPLACED_DAYS * case.weight * self.u[case.id] for case in self.cases if not case.required
        )
        yield unplaced + sum(column.price[1] * x for x, column in priced if column.price[1])
        yield sum(column.price[2] * x for x, column in priced) + self._unfair()

    def _unfair(self) -> Any:
        """Prices hold unfair minutes of one column; the steps that only several together cause are added here."""
        problem = self.state.problem
        if problem.fair_target_min is None or not problem.weights.fairness:
            return 0
        minutes: dict[int, list[tuple[int, Any]]] = defaultdict(list)
        for x, column in zip(self.x, self.columns, strict=True):
            for expert, (start, end) in column.stays.items():
                minutes[expert].append((end - start, x))
        total: Any = 0
        for expert, entries in minutes.items():
            total += self._extra_steps(expert, entries)
        return problem.weights.fairness * total

    def _extra_steps(self, expert: int, entries: list[tuple[int, Any]]) -> Any:
        problem, now = self.state.problem, self.state.minutes[expert]
        free = max(0, problem.fair_target_min - problem.expert_of[expert].load_min) - now  # type: ignore[operator]
        most = sum(m for m, _ in entries)
        if most <= free:
            return 0
        step = objectives.FAIR_STEP_MIN
        steps = self.model.new_int_var(0, most // step + 1, "")
        # steps >= full quarter hours above the target; what each column's own price says already is taken off again
        self.model.add(step * steps >= sum(m * x for m, x in entries) - max(free, 0) - (step - 1))
        own = sum(
            (objectives.unfair_steps(problem, expert, now + m) - objectives.unfair_steps(problem, expert, now)) * x
            for m, x in entries
        )
        return steps - own

    def _levels(self) -> list[Column] | None:
        """Each level minimised, then held; a level that the hint has at 0 is held at once."""
        cp_model = cpsat.load()
        solver = self._solver(cp_model)
        best: list[bool] | None = [j in self.hint for j in range(len(self.columns))] if self.hint else None
        goals = list(self._goals())
        for level, goal in enumerate(goals):
            if isinstance(goal, int):
                continue
            if level < len(goals) - 1 and best is not None and self._values(best)[level] == 0:
                self.model.add(goal <= 0)
                continue
            self._give_hint(best)
            self.model.minimize(goal)
            with stopping(solver, self.stop):
                status = solver.solve(self.model)
            if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
                return None
            best = [bool(solver.value(x)) for x in self.x]
            if level < len(goals) - 1:
                self.model.add(goal <= round(solver.objective_value))
        return [column for column, chosen in zip(self.columns, best or (), strict=True) if chosen]

    def _values(self, chosen: list[bool]) -> tuple[int, int, int]:
        """The first three levels of a choice."""
        columns = [column for column, x in zip(self.columns, chosen, strict=True) if x]
        placed = {item.case for column in columns for item in column.items}
        left = [case for case in self.cases if case.id not in placed]
        unplaced = sum(objectives.UNPLACED_DAYS * case.weight for case in left if not case.required)
        return (
            sum(case.weight for case in left if case.required),
            sum(column.price[0] for column in columns),
            sum(column.price[1] for column in columns) + unplaced,
        )

    def _give_hint(self, best: list[bool] | None) -> None:
        if best is None:
            return
        self.model.clear_hints()
        placed = {
            item.case for column, chosen in zip(self.columns, best, strict=True) if chosen for item in column.items
        }
        for x, chosen in zip(self.x, best, strict=True):
            self.model.add_hint(x, chosen)
        for ident, u in self.u.items():
            self.model.add_hint(u, ident not in placed)

    def _solver(self, cp_model: Any) -> Any:
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.linearization_level = 2
        solver.parameters.cp_model_probing_level = 0
        solver.parameters.symmetry_level = 0
        solver.parameters.max_presolve_iterations = 1
        solver.parameters.random_seed = self.seed
        solver.parameters.max_time_in_seconds = self.seconds
        solver.parameters.max_deterministic_time = WORTH  # a busy machine makes the search slower, not worse
        return solver


def cliques(intervals: Iterable[Interval]) -> Iterator[list[int]]:
    """The maximal sets of half-open intervals that share a moment, those of one left out."""
    active: list[tuple[int, int]] = []
    for start, end, j in sorted(intervals):
        if any(until <= start for until, _ in active):
            if len(active) > 1:
                yield [k for _, k in active]
            active = [(until, k) for until, k in active if until > start]
        active.append((end, j))
    if len(active) > 1:
        yield [k for _, k in active]


def give_rooms(changeover_min: int, columns: Sequence[Column]) -> list[int | None] | None:
    """A room for each column by exhaustive search, those with the fewest choices first."""
    order = sorted(range(len(columns)), key=lambda j: (len(columns[j].rooms), columns[j].start_min))
    given: dict[int, int | None] = {}

    def clash(j: int, room: int | None) -> bool:
        one = columns[j]
        return room is not None and any(
            taken == room
            and one.start_min < columns[k].end_min + changeover_min
            and columns[k].start_min < one.end_min + changeover_min
            for k, taken in given.items()
        )

    def give(index: int) -> bool:
        if index == len(order):
            return True
        j = order[index]
        for room in columns[j].rooms:
            if not clash(j, room):
                given[j] = room
                if give(index + 1):
                    return True
                del given[j]
        return False

    return [given[j] for j in range(len(columns))] if give(0) else None
