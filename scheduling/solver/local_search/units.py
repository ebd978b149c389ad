"""Units: what the local search moves as a whole, with all that never changes about them worked out once.

A unit is a session with its agenda and its people, or a case that is (or would be) alone in its session and whose
people may change. Per start on the grid it knows what being there costs and whether its cases may be there at all.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from scheduling.solver.core import objectives, presence
from scheduling.solver.core.plan import Goals, PlannedCase, PlannedSession
from scheduling.solver.core.problem import Case, Choice, Problem, Room, Span, Team
from scheduling.solver.core.timeline import Starts, bits, starts
from scheduling.solver.local_search.counters import WALL, Grid, Lines, Row

VIDEO = "video"
WEIGHT = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """What one point of each level weighs in effort."""

    unplaced: int
    late: int
    suggested: int

    @classmethod
    def of(cls, problem: Problem) -> "Factors":
        weights, cases = problem.weights, problem.cases
        places = sum(len(case.places) for case in cases)
        session = weights.session_short + weights.session_long + weights.moved_case
        wait = weights.wait * (problem.horizon_min // objectives.DAY_MIN + 1)
        unfair = weights.fairness * (1 + problem.max_session_min // objectives.FAIR_STEP_MIN)
        person = weights.attendance + weights.changed_person + weights.optional_missing + unfair
        suggested = 1 + len(cases) * (session + wait) + places * person
        late = suggested * (1 + objectives.UNPLACED_DAYS * sum(c.weight for c in cases if not c.required))
        unplaced = late * (1 + objectives.MOST_DAYS_LATE * sum(c.weight for c in cases if c.required))
        return cls(unplaced=unplaced, late=late, suggested=suggested)

    def absent(self, case: Case) -> int:
        if case.required:
            return self.unplaced * case.weight
        return self.suggested * objectives.UNPLACED_DAYS * case.weight

    def late_at(self, case: Case, start_min: int) -> int:
        days = case.weight * objectives.days_late(case, start_min)
        return days * (self.late if case.required else self.suggested)

    def sum(self, goals: Goals) -> int:
        """The tuple as one integer."""
        one, two, three, four = goals
        return one * self.unplaced + two * self.late + three * self.suggested + four


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """People of a unit who are there for the same cells of it: choices (one per seat), each with its lines."""

    begin: int
    end: int
    lines: Lines
    heads: Lines  # where each choice begins among the lines


@dataclass(slots=True, kw_only=True, eq=False)
class Unit:
    """`crew` are the people of a session that stays as it is, by their stretch, in minutes from its start."""

    team: Team
    grain: int
    minutes: list[int]  # of the grid's cells
    cases: tuple[Case, ...]
    length: int
    origin: PlannedSession | None
    ident: int
    crew: tuple[tuple[Span, tuple[int, ...]], ...] | None
    absent: int
    able: tuple[tuple[int, ...], ...] = ()  # per seat
    welcome: dict[int, tuple[int, ...]] = field(default_factory=dict)  # per optional place
    old: dict[int, int] = field(default_factory=dict)
    choices: tuple[tuple[Choice, bool], ...] = ()
    parts: tuple[Part, ...] = ()
    guests: Part | None = None
    guest_of: tuple[tuple[int, int], ...] = ()  # optional place and expert of each of those lines
    rank: int = 0  # among the units
    constant: int = 0  # for a session: what its people cost beyond their attendance
    rooms: tuple[Room, ...] = ()
    roomy: frozenset[int] = frozenset()  # rooms that hold everybody who could come
    room_lines: Lines = field(default_factory=lambda: np.zeros(0, np.intp))
    price: Row = field(default_factory=lambda: np.zeros(0, np.int64))
    closed: Row = field(default_factory=lambda: np.zeros(0, np.int64))
    weight: int = WEIGHT
    start: int = -1  # a cell; -1 while it has no place
    room: int | None = None
    seats: tuple[int, ...] = ()
    extra: dict[int, int] = field(default_factory=dict)

    @property
    def staffed(self) -> bool:
        return self.crew is not None

    @property
    def case(self) -> Case:
        return self.cases[0]

    @property
    def cells(self) -> int:
        return -(-self.length // self.grain)

    def needed(self) -> frozenset[int]:
        """Who must attend, whoever else does."""
        if self.crew is None:
            return frozenset(experts[0] for experts in self.able if len(experts) == 1)
        return frozenset(expert for _, experts in self.crew for expert in experts)

    def constrained(self) -> frozenset[int]:
        """Who alone could fill an optional place."""
        return frozenset(experts[0] for experts in self.welcome.values() if len(experts) == 1)

    def span(self) -> Span:
        begin = self.minutes[self.start]
        return begin, begin + self.length

    def stays_at(self, start: int, seats: tuple[int, ...]) -> list[tuple[Span, tuple[int, ...]]]:
        """The time of each presence with those who share it, optional places of lone cases aside."""
        begin = self.minutes[start]
        if self.crew is None:
            return [((begin, begin + self.length), seats)]
        return [((begin + a, begin + b), experts) for (a, b), experts in self.crew]

    def stays(self) -> list[tuple[Span, tuple[int, ...]]]:
        return self.stays_at(self.start, self.seats)

    def people(self) -> Iterator[int]:
        for _, experts in self.stays():
            yield from experts

    def changed(self, seat: int, expert: int) -> bool:
        return self.old.get(self.case.seats[seat].id, expert) != expert

    def session(self) -> PlannedSession:
        begin, end = self.span()
        cases: tuple[PlannedCase, ...]
        if self.crew is None:
            seats = {seat.id: expert for seat, expert in zip(self.case.seats, self.seats, strict=True)}
            cases = (PlannedCase(case=self.case.id, start_min=begin, seats=seats, optional=dict(self.extra)),)
        else:
            assert self.origin is not None
            shift = begin - self.origin.start_min
            cases = tuple(replace(item, start_min=item.start_min + shift) for item in self.origin.cases)
        return PlannedSession(
            id=self.ident,
            team=self.team.id,
            site=self.team.site,
            room=self.room,
            start_min=begin,
            end_min=end,
            cases=cases,
        )


class Units:
    """Makes the units of a plan."""

    def __init__(self, problem: Problem, grid: Grid, factors: Factors) -> None:
        self.problem, self.grid, self.factors = problem, grid, factors
        self.starts = Starts(problem)
        self.before = objectives.before(problem)
        self.choices: dict[int, list[tuple[Choice, bool]]] = {}
        for wanted, listed in ((True, problem.pins), (False, problem.forbidden)):
            for choice in listed:
                self.choices.setdefault(choice.case, []).append((choice, wanted))

    def of(self, sessions: Sequence[PlannedSession]) -> list[Unit]:
        """Sessions that are not confirmed, then cases without a place."""
        placed = {item.case for session in sessions for item in session.cases}
        ident = max([0, *(s.id for s in (*sessions, *self.problem.previous, *self.problem.fixed))])
        units = [self._session(session) for session in sessions if session.id not in self.problem.fixed_of]
        for case in self.problem.cases:
            if case.id not in placed:
                ident += 1
                units.append(self._lone(case, ident, None))
        for rank, unit in enumerate(units):
            unit.rank = rank
        return units

    def _session(self, session: PlannedSession) -> Unit:
        cases = tuple(self.problem.case_of[item.case] for item in session.cases)
        length = session.end_min - session.start_min
        if len(cases) == 1 and length == cases[0].duration_min and session.room is not None:
            return self._lone(cases[0], session.id, session)
        together: dict[Span, list[int]] = {}
        for expert, (a, b) in presence.stretches(self.problem, session).items():
            together.setdefault((a - session.start_min, b - session.start_min), []).append(expert)
        unit = Unit(
            team=self.problem.team_of[session.team],
            grain=self.grid.grain,
            minutes=self.grid.minutes,
            cases=cases,
            length=length,
            origin=session,
            ident=session.id,
            crew=tuple((span, tuple(experts)) for span, experts in together.items()),
            absent=sum(map(self.factors.absent, cases)),
            choices=tuple(choice for case in cases for choice in self.choices.get(case.id, ())),
            constant=self._constant(session, cases),
        )
        unit.parts = tuple(self._part(unit, self._cells(span), [(e,) for e in experts]) for span, experts in unit.crew)
        return self._timed(unit, [item.start_min - session.start_min for item in session.cases])

    def _lone(self, case: Case, ident: int, session: PlannedSession | None) -> Unit:
        old = self.before.get(case.id)
        unit = Unit(
            team=self.problem.team_of[case.team],
            grain=self.grid.grain,
            minutes=self.grid.minutes,
            cases=(case,),
            length=case.duration_min,
            origin=session,
            ident=ident,
            crew=None,
            absent=self.factors.absent(case),
            able=tuple(self._able(case, seat.candidates) for seat in case.seats),
            welcome={place.id: self._able(case, place.candidates) for place in case.optional},
            old=dict(old.seats) if old else {},
            choices=tuple(self.choices.get(case.id, ())),
        )
        if unit.able:
            unit.parts = (self._part(unit, (0, unit.cells), unit.able),)
        welcome = [experts for experts in unit.welcome.values() if experts]
        if welcome:
            unit.guests = self._part(unit, (0, unit.cells), welcome)
        unit.guest_of = tuple((place, expert) for place, experts in unit.welcome.items() for expert in experts)
        return self._timed(unit, [0])

    def _constant(self, session: PlannedSession, cases: Sequence[Case]) -> int:
        constant = 0
        for item, case in zip(session.cases, cases, strict=True):
            constant += self.problem.weights.optional_missing * (len(case.optional) - len(item.optional))
            old = self.before.get(case.id)
            changed = sum(old.seats.get(seat, e) != e for seat, e in item.seats.items()) if old else 0
            constant += self.problem.weights.changed_person * changed
        return constant

    def _cells(self, offsets: Span) -> Span:
        return offsets[0] // self.grid.grain, -(-offsets[1] // self.grid.grain)

    def _part(self, unit: Unit, cells: Span, choices: Sequence[Sequence[int]]) -> Part:
        lines = [self._lines(unit, experts) for experts in choices]
        heads = np.cumsum([0, *(len(row) for row in lines[:-1])])
        return Part(begin=cells[0], end=cells[1], lines=np.concatenate(lines), heads=heads)

    def _able(self, case: Case, candidates: Iterable[int]) -> tuple[int, ...]:
        """Those who could attend at the team's site or, where the case allows it, remotely."""
        site = self.problem.team_of[case.team].site
        return tuple(
            e
            for e in dict.fromkeys(candidates)
            if self.grid.line(e, site) is not None and (case.remote_ok or self.problem.on_site(e, site))
        )

    def _lines(self, unit: Unit, experts: Iterable[int]) -> Lines:
        return np.array([self.grid.line(e, unit.team.site) for e in experts], np.intp)

    def _timed(self, unit: Unit, offsets: Sequence[int]) -> Unit:
        """Rooms, and the price and the permission of each start."""
        kept = unit.staffed and unit.origin is not None and unit.origin.room is None
        unit.rooms = () if kept else tuple(self._rooms(unit))
        everyone = {e for experts in (*unit.able, *unit.welcome.values()) for e in experts}
        remote = any(not self.problem.on_site(e, unit.team.site) for e in everyone)
        unit.roomy = frozenset(
            room.id
            for room in unit.rooms
            if room.capacity >= len(unit.able) + len(unit.welcome) and (VIDEO in room.equipment or not remote)
        )
        unit.room_lines = np.array([self.grid.room_line[room.id] for room in unit.rooms], np.intp)
        count, grain = max(0, self.grid.cells - unit.cells + 1), unit.grain
        mask = starts(unit.team.windows, unit.length, grain)
        for case, offset in zip(unit.cases, offsets, strict=True):
            mask &= self.starts.allowed[case.id] >> offset // grain
        if not all(unit.able) or not (kept or unit.rooms):
            mask = 0  # nowhere, ever
        standing = starts(unit.team.standing, unit.length, grain)
        unit.closed, unit.price = np.full(count, WALL, np.int64), np.zeros(count, np.int64)
        for raw in bits(mask):
            k = self.grid.cell(raw * grain)
            unit.closed[k], unit.price[k] = 0, unit.constant + self._price(unit, offsets, raw, standing)
        return unit

    def _rooms(self, unit: Unit) -> Iterator[Room]:
        """By size, the smallest first."""
        needs = frozenset().union(*(case.equipment for case in unit.cases))
        people = len(unit.case.seats) if unit.crew is None else 0
        for expert in (expert for _, experts in unit.crew or () for expert in experts):
            if self.problem.on_site(expert, unit.team.site):
                people += 1
            else:
                needs |= {VIDEO}
        least = people if unit.crew is not None or not unit.case.remote_ok else 0
        for room in sorted(self.problem.rooms, key=lambda room: (room.capacity, room.id)):
            if room.site == unit.team.site and needs <= room.equipment and least <= room.capacity:
                yield room

    def _price(self, unit: Unit, offsets: Sequence[int], k: int, standing: int) -> int:
        weights, begin = self.problem.weights, k * unit.grain
        short = unit.length <= objectives.SHORT_SESSION_MIN
        price = weights.session_short if short else weights.session_long
        price -= weights.standing_discount * (standing >> k & 1)
        for case, offset in zip(unit.cases, offsets, strict=True):
            start = begin + offset
            old = self.before.get(case.id)
            price += self.factors.late_at(case, start) + weights.wait * objectives.waiting_days(case, start)
            price += weights.moved_case * (old is not None and old.start_min != start)
        return price
