"""A plan as the local search holds it: units with a place each, counter tables, and the goals, move by move.

A *unit* is what moves as a whole: a session with its agenda and its people, or a case that is (or would be) alone in
its session and whose people may change. Confirmed sessions are walls. Each of the four steps (`put`, `take`, `fill`,
`leave`) changes the tables and the cost by exactly its delta, and can be taken back.

The cost is one integer: each level's factor exceeds all that the levels below it can add up to, so that its order is
that of the goal tuple.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import numpy as np

from scheduling.solver.core import objectives, presence
from scheduling.solver.core.plan import PlannedSession
from scheduling.solver.core.problem import Problem, Span
from scheduling.solver.local_search.counters import WALL, Grid, Lines, Row
from scheduling.solver.local_search.units import Factors, Unit, Units

Step = Callable[[], None]


class Clashes:
    """Cells for which somebody whom an optional place asks for by name is wanted in two units at once.

    No goal counts them: among equals a guest should miss as little as possible, and few clashes lead the search to
    where guests can come.
    """

    def __init__(self, units: Sequence[Unit]) -> None:
        self.total = 0
        self.begin, self.end = np.full(len(units), -1), np.full(len(units), -1)
        self._others = [self._counted(unit, units) for unit in units]

    def _counted(self, unit: Unit, units: Sequence[Unit]) -> tuple[Lines, Row]:
        """The units that share such people, and how many."""
        needed, constrained = unit.needed(), unit.constrained()
        counts = [
            len(constrained & (other.needed() | other.constrained())) + len(needed & other.constrained())
            if other is not unit
            else 0
            for other in units
        ]
        found = np.flatnonzero(np.array(counts))
        return found, np.array(counts, np.int64)[found]

    def along(self, unit: Unit) -> Row | int:
        """Per start of the unit."""
        others, counts = self._others[unit.rank]
        if not len(others):
            return 0
        start = np.arange(len(unit.closed))
        common = np.minimum(start + unit.cells, self.end[others, None]) - np.maximum(start, self.begin[others, None])
        return counts @ np.maximum(common, 0)  # type: ignore[no-any-return]

    def _at(self, unit: Unit, start: int) -> int:
        others, counts = self._others[unit.rank]
        common = np.minimum(start + unit.cells, self.end[others]) - np.maximum(start, self.begin[others])
        return int(counts @ np.maximum(common, 0))

    def put(self, unit: Unit, start: int) -> None:
        self.total += self._at(unit, start)
        self.begin[unit.rank], self.end[unit.rank] = start, start + unit.cells

    def take(self, unit: Unit) -> None:
        self.total -= self._at(unit, int(self.begin[unit.rank]))
        self.begin[unit.rank] = self.end[unit.rank] = -1


class Placements:
    """The state of a local search. `stays` are presences that nobody gives up without their unit moving; whoever
    only fills an optional place (`extras`) leaves when somebody needs them."""

    def __init__(self, problem: Problem, sessions: Iterable[PlannedSession]) -> None:
        self.problem, self.factors, self.grid = problem, Factors.of(problem), Grid(problem)
        planned = tuple(sessions)
        self.fixed = tuple(s for s in planned if s.id in problem.fixed_of)
        self.stays: dict[int, dict[Unit, Span]] = {expert.id: {} for expert in problem.experts}
        self.extras: dict[int, dict[tuple[Unit, int], Span]] = {expert.id: {} for expert in problem.experts}
        self.empty: dict[tuple[Unit, int], None] = {}
        self.in_room: dict[int, dict[Unit, None]] = {room.id: {} for room in problem.rooms}
        self.of_team: dict[int, dict[Unit, None]] = {team.id: {} for team in problem.teams}
        self.minutes: Counter[int] = Counter()
        self.capped = set(_capped(problem))
        self._sessions: Counter[tuple[int, str, int]] = Counter()  # (expert, "day" or "week", which) -> sessions
        self._busy: Counter[tuple[int, int]] = Counter()  # (expert, week) -> minutes
        self._log: list[Step] = []
        for session in self.fixed:
            self._wall(session)
        self.cost = self.factors.sum(objectives.goals_of(problem, planned))
        cost, units = self.cost, Units(problem, self.grid, self.factors)
        self.units = units.of(planned)
        self.clashes = Clashes(self.units)
        for unit in self.units:
            if unit.origin is not None:
                self._load(unit, unit.origin)
        self.cost = cost
        self._log.clear()

    def _load(self, unit: Unit, session: PlannedSession) -> None:
        item = session.cases[0]
        seats = () if unit.staffed else tuple(item.seats[seat.id] for seat in unit.case.seats)
        self.put(unit, self.grid.cell(session.start_min), session.room, seats)
        if not unit.staffed:
            self.fill(unit, tuple(item.optional.items()))

    def _wall(self, session: PlannedSession) -> None:
        for stay in presence.presences(self.problem, session):
            span = (stay.from_min, stay.to_min)
            self.grid.attend(self.grid.people, (stay.expert,), session.site, span, WALL)
            self._count((stay.expert,), session.start_min, span, 1)
        span = (session.start_min, session.end_min)
        self.grid.meet(session.team, span, WALL)
        if session.room is not None:
            self.grid.book(session.room, span, WALL)

    # ---- the four steps

    def put(self, unit: Unit, start: int, room: int | None, seats: tuple[int, ...]) -> None:
        unit.start, unit.room, unit.seats = start, room, seats
        begin = self.grid.minutes[start]
        self.cost += self._price(unit) - unit.absent
        self.clashes.put(unit, start)
        for stay, experts in unit.stays():
            for expert in experts:
                self.stays[expert][unit] = stay
            self.grid.attend(self.grid.people, experts, unit.team.site, stay, unit.weight)
            self._count(experts, begin, stay, 1)
        span = (begin, begin + unit.length)
        self.grid.meet(unit.team.id, span, unit.weight)
        self.of_team[unit.team.id][unit] = None
        if room is not None:
            self.grid.book(room, span, unit.weight)
            self.in_room[room][unit] = None
        if not unit.staffed:
            self.empty |= dict.fromkeys((unit, place.id) for place in unit.case.optional)
        self._log.append(partial(self.take, unit))

    def take(self, unit: Unit) -> None:
        self.leave(unit, tuple(unit.extra))
        begin = self.grid.minutes[unit.start]
        for stay, experts in unit.stays():
            for expert in experts:
                del self.stays[expert][unit]
            self.grid.attend(self.grid.people, experts, unit.team.site, stay, -unit.weight)
            self._count(experts, begin, stay, -1)
        self.cost -= self._price(unit) - unit.absent
        self.clashes.take(unit)
        span = (begin, begin + unit.length)
        self.grid.meet(unit.team.id, span, -unit.weight)
        del self.of_team[unit.team.id][unit]
        if unit.room is not None:
            self.grid.book(unit.room, span, -unit.weight)
            del self.in_room[unit.room][unit]
        if not unit.staffed:
            for place in unit.case.optional:
                del self.empty[unit, place.id]
        self._log.append(partial(self.put, unit, unit.start, unit.room, unit.seats))
        unit.start = -1

    def fill(self, unit: Unit, guests: tuple[tuple[int, int], ...]) -> None:
        """Each guest: an optional place and who takes it."""
        if not guests:
            return
        stay = unit.span()
        for place, expert in guests:
            unit.extra[place] = expert
            self.extras[expert][unit, place] = stay
            self.cost += self._attendance(expert, stay) - self.problem.weights.optional_missing
            del self.empty[unit, place]
        experts = tuple(expert for _, expert in guests)
        self.grid.attend(self.grid.extras, experts, unit.team.site, stay, 1)
        self._count(experts, stay[0], stay, 1)
        self._log.append(partial(self.leave, unit, tuple(place for place, _ in guests)))

    def leave(self, unit: Unit, places: tuple[int, ...]) -> None:
        if not places:
            return
        stay, guests = unit.span(), tuple((place, unit.extra.pop(place)) for place in places)
        experts = tuple(expert for _, expert in guests)
        self.grid.attend(self.grid.extras, experts, unit.team.site, stay, -1)
        self._count(experts, stay[0], stay, -1)
        for place, expert in guests:
            del self.extras[expert][unit, place]
            self.cost -= self._attendance(expert, stay) - self.problem.weights.optional_missing
            self.empty[unit, place] = None
        self._log.append(partial(self.fill, unit, guests))

    def mark(self) -> None:
        """What is done from here on can be taken back."""
        self._log.clear()

    def undo(self) -> None:
        """Everything since the mark, last step first."""
        steps, self._log = self._log, []
        for step in reversed(steps):
            step()
        self._log.clear()

    # ---- what a step costs

    def _price(self, unit: Unit) -> int:
        """Of a placed unit whose people are not counted yet."""
        weights, price = self.problem.weights, int(unit.price[unit.start])
        for stay, experts in unit.stays():
            price += weights.attendance * len(experts)
            if self.problem.fair_target_min is not None:
                price += sum(self.burden(expert, stay[1] - stay[0]) for expert in experts)
        if unit.staffed:
            return price
        price += weights.optional_missing * len(unit.case.optional)
        if unit.old:
            price += weights.changed_person * sum(map(unit.changed, range(len(unit.seats)), unit.seats))
        return price

    def _attendance(self, expert: int, stay: Span) -> int:
        return self.problem.weights.attendance + self.burden(expert, stay[1] - stay[0])

    def burden(self, expert: int, minutes: int) -> int:
        """What so many more minutes add to unfairness."""
        if self.problem.fair_target_min is None:
            return 0
        now = self.minutes[expert]
        steps = objectives.unfair_steps(self.problem, expert, now + minutes)
        return self.problem.weights.fairness * (steps - objectives.unfair_steps(self.problem, expert, now))

    def _count(self, experts: Iterable[int], begin: int, stay: Span, sign: int) -> None:
        """Keeps the caps: a day or week that is full is walled in for the expert, and opened again."""
        minutes, day = stay[1] - stay[0], self.problem.day(begin)
        for expert in experts:
            if expert not in self.capped:
                continue
            person = self.problem.expert_of[expert]
            self.minutes[expert] += sign * minutes
            self._busy[expert, day // 7] += sign * minutes
            caps = (("day", day, person.max_sessions_day), ("week", day // 7, person.max_sessions_week))
            for kind, which, most in caps:
                before = self._sessions[expert, kind, which]
                self._sessions[expert, kind, which] = before + sign
                if (before >= most) != (before + sign >= most):
                    span = self._days(day, day + 1) if kind == "day" else self._days(7 * which, 7 * which + 7)
                    self.grid.close(expert, span, sign * WALL)

    def _days(self, first: int, beyond: int) -> Span:
        days = self.problem.day_starts
        return days[first], days[beyond] if beyond < len(days) else self.problem.horizon_min

    def has_minutes(self, expert: int, begin: int, minutes: int) -> bool:
        if expert not in self.capped:
            return True
        week = self.problem.week(begin)
        return self._busy[expert, week] + minutes <= self.problem.expert_of[expert].max_minutes_week

    # ---- back to a plan

    def sessions(self) -> tuple[PlannedSession, ...]:
        return (*self.fixed, *(unit.session() for unit in self.units if unit.start >= 0))

    def snapshot(self) -> list[tuple[int, int | None, tuple[int, ...], dict[int, int]]]:
        return [(unit.start, unit.room, unit.seats, dict(unit.extra)) for unit in self.units]

    def restore(self, kept: Sequence[tuple[int, int | None, tuple[int, ...], dict[int, int]]]) -> None:
        for unit in self.units:
            if unit.start >= 0:
                self.take(unit)
        for unit, (start, room, seats, extra) in zip(self.units, kept, strict=True):
            if start >= 0:
                self.put(unit, start, room, seats)
                self.fill(unit, tuple(extra.items()))
        self._log.clear()


def _capped(problem: Problem) -> Iterator[int]:
    """Who could ever meet a cap, or be treated unfairly: only their sessions and minutes are counted."""
    sessions: Counter[int] = Counter()
    minutes: Counter[int] = Counter()
    for case in problem.cases:
        for expert in {expert for place in case.places for expert in place.candidates}:
            sessions[expert] += 1
            minutes[expert] += problem.max_session_min
    for person in problem.experts:
        most = min(person.max_sessions_day, person.max_sessions_week)
        if (
            problem.fair_target_min is not None
            or sessions[person.id] > most
            or minutes[person.id] > person.max_minutes_week
        ):
            yield person.id
