"""Columns: one session pattern each, i.e. a team, a start, cases in order, people on their seats, and possible rooms.

A column may extend a confirmed session (its *base*): cases are added after those that it has. `price` answers the
cheapest columns of one group of cases against the current state; greedy, search, promise, repair and explanation all
ask it, so that there is one place which knows what fits.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from random import Random

from scheduling.solver import objectives, presence, staffing
from scheduling.solver.plan import PlannedCase, PlannedSession
from scheduling.solver.problem import Case, Problem, Span
from scheduling.solver.staffing import Call, Staffed
from scheduling.solver.timeline import State, bits

VIDEO = "video"
Price = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Column:
    """`price` = (required_late, suggested, effort) of what the column adds; `stays` are the new or longer presences."""

    team: int
    site: int
    start_min: int
    end_min: int
    items: tuple[PlannedCase, ...]
    stays: dict[int, Span]
    rooms: tuple[int | None, ...]
    price: Price
    base: int | None = None
    kept: tuple[PlannedCase, ...] = ()

    @property
    def cases(self) -> tuple[int, ...]:
        return tuple(item.case for item in self.items)

    def session(self, ident: int, room: int | None) -> PlannedSession:
        return PlannedSession(
            id=ident,
            team=self.team,
            site=self.site,
            room=room,
            start_min=self.start_min,
            end_min=self.end_min,
            cases=(*self.kept, *self.items),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where in a session its cases start, counted from its start, breaks and grain observed."""

    offsets: tuple[int, ...]
    length: int


def layout(problem: Problem, cases: Sequence[Case], base: PlannedSession | None = None) -> Layout:
    """Without gaps but for the grain and the breaks; after the cases of the base."""
    grain, most, rest = problem.grain_min, problem.break_after_min, problem.break_min
    done = [(i.start_min - base.start_min, problem.case_of[i.case].duration_min) for i in base.cases] if base else []
    stretch, end = 0, 0
    for offset, minutes in sorted(done):
        if offset - end >= rest:
            stretch = offset
        end = max(end, offset + minutes)
    offsets = []
    for case in cases:
        offset = -(-end // grain) * grain
        if offset - end >= rest > 0 and end:
            stretch = offset
        if most and end > stretch and offset + case.duration_min - stretch > most:
            offset = stretch = -(-(end + rest) // grain) * grain
        offsets.append(offset)
        end = offset + case.duration_min
    return Layout(offsets=tuple(offsets), length=max(end, base.end_min - base.start_min if base else 0))


@dataclass(slots=True, kw_only=True)
class Pricer:
    """Prices groups of cases against one state; remembers staffings by who can attend what."""

    state: State
    random: Random | None = None
    tries: int = 6
    remembered: dict[object, Staffed | None] = field(default_factory=dict)
    case_of: dict[int, Case] = field(init=False)
    old_people: dict[int, dict[int, int]] = field(init=False)
    old_start: dict[int, int] = field(init=False)
    pinned: dict[int, tuple[int, ...]] = field(init=False)
    pinned_rooms: dict[int, set[int]] = field(init=False)
    barred: dict[int, list[tuple[int | None, int | None, int]]] = field(init=False)

    def __post_init__(self) -> None:
        problem = self.state.problem
        self.case_of = dict(problem.case_of)
        old = objectives.before(problem)
        self.old_people = {ident: dict(item.seats) for ident, item in old.items()}
        self.old_start = {ident: item.start_min for ident, item in old.items()}
        self.pinned, self.pinned_rooms, self.barred = {}, {}, {}
        for pin in problem.pins:
            if pin.expert is not None and pin.expert not in self.pinned.get(pin.case, ()):
                self.pinned[pin.case] = (*self.pinned.get(pin.case, ()), pin.expert)
            if pin.room is not None:
                self.pinned_rooms[pin.case] = self.pinned_rooms.get(pin.case, {pin.room}) & {pin.room}
        for choice in problem.forbidden:
            if choice.expert is not None or choice.room is not None:
                # An expert barred together with a room is barred from the case at those times: stricter, and simple.
                times = self.state.starts.times(choice.from_min, choice.to_min)
                room = choice.room if choice.expert is None else None
                self.barred.setdefault(choice.case, []).append((choice.expert, room, times))

    def admit(self, case: Case) -> None:
        """Also prices a case that the problem does not hold yet: a referral that asks for a promise."""
        self.case_of[case.id] = case
        self.state.starts.admit(case)

    def price(
        self,
        cases: Sequence[Case],
        base: PlannedSession | None = None,
        *,
        inside: int = -1,
        keep: int = 1,
        stubborn: bool = False,
    ) -> list[Column]:
        """The cheapest columns of these cases in this order, one per start that was tried; `base` must be taken out.

        A stubborn call goes on trying starts until one works.
        """
        plan = layout(self.state.problem, cases, base)
        if plan.length > self.state.problem.max_session_min:
            return []
        mask = self.open_starts(cases, plan, base) & inside
        if not mask:
            return []
        found = []
        for tried, k in enumerate(self._worth_trying(cases, plan, mask, base)):
            if tried >= self.tries and (found or not stubborn):
                break
            column = self.column_at(cases, plan, k, base)
            if column is not None:
                found.append(column)
        found.sort(key=lambda column: (column.price, column.start_min))
        return found[:keep]

    def open_starts(self, cases: Sequence[Case], plan: Layout, base: PlannedSession | None) -> int:
        """Session starts at which team, room, each case and someone for each seat would be free: necessary only."""
        state, team = self.state, self.state.problem.team_of[cases[0].team]
        mask = state.team_starts(team.id, plan.length)
        grain = state.starts.grain
        if base is not None:
            mask &= 1 << (base.start_min // grain)
        elif not all(case.remote_ok for case in cases):
            rooms = 0
            for room in self.rooms(cases, team.site):
                rooms |= state.room_starts(room, plan.length)
            mask &= rooms
        for case, offset in zip(cases, plan.offsets, strict=True):
            if mask:
                mask &= self.case_starts(case) >> offset // grain
        return mask

    def case_starts(self, case: Case) -> int:
        """Starts at which the case is allowed and each of its seats has somebody."""
        mask, site = self.state.starts.allowed[case.id], self.state.problem.team_of[case.team].site
        for seat in case.seats:
            mask &= self._someone(case, seat.candidates, site)
        return mask

    def _someone(self, case: Case, candidates: tuple[int, ...], site: int) -> int:
        anyone = 0
        for expert in candidates:
            if self.attends(case, expert, site):
                anyone |= self.state.expert_starts(expert, site, case.duration_min)
        return anyone

    def attends(self, case: Case, expert: int, site: int) -> bool:
        return case.remote_ok or site in self.state.problem.expert_of[expert].sites

    def rooms(self, cases: Sequence[Case], site: int) -> list[int]:
        needs = frozenset().union(*(case.equipment for case in cases))
        rooms = [room for room in self.state.problem.rooms if room.site == site and needs <= room.equipment]
        for case in cases:
            if case.id in self.pinned_rooms:
                rooms = [room for room in rooms if room.id in self.pinned_rooms[case.id]]
        return [room.id for room in sorted(rooms, key=lambda r: (r.capacity, len(r.equipment), r.id))]

    def _worth_trying(
        self, cases: Sequence[Case], plan: Layout, mask: int, base: PlannedSession | None
    ) -> Iterator[int]:
        """Edges of the open stretches and of people's availability, old starts; the cheapest in time first; then the rest."""
        if base is not None:
            return iter([base.start_min // self.state.starts.grain])
        site, grain = self.state.problem.team_of[cases[0].team].site, self.state.starts.grain
        edges = mask & ~(mask << 1) | mask & ~(mask >> 1)
        for expert in {e for case in cases for seat in case.seats for e in seat.candidates}:
            free = self.state.expert_starts(expert, site, plan.length)
            edges |= (free ^ free << 1) | (free ^ free >> 1)
        for case, offset in zip(cases, plan.offsets, strict=True):
            if case.id in self.old_start:
                edges |= 1 << max(0, (self.old_start[case.id] - offset) // grain)
        noise = self.random.random if self.random else lambda: 0.0
        chosen = sorted((self._time_price(cases, plan, k), noise(), k) for k in bits(edges & mask))
        later = bits(mask & ~edges)
        return chain((k for _, _, k in chosen), later)

    def _time_price(self, cases: Sequence[Case], plan: Layout, k: int) -> Price:
        """What the start alone decides: lateness, waits, moves, the session itself."""
        problem, grain = self.state.problem, self.state.starts.grain
        team, start = cases[0].team, k * grain
        late, suggested = 0, 0
        effort = objectives.session_price(problem, team, start, start + plan.length)
        for case, offset in zip(cases, plan.offsets, strict=True):
            days = case.weight * objectives.days_late(case, start + offset)
            late += days if case.required else 0
            suggested += 0 if case.required else days
            effort += problem.weights.wait * objectives.waiting_days(case, start + offset)
            if self.old_start.get(case.id, start + offset) != start + offset:
                effort += problem.weights.moved_case
        return late, suggested, effort

    def column_at(
        self, cases: Sequence[Case], plan: Layout, k: int, base: PlannedSession | None = None
    ) -> Column | None:
        """The column at start k, or None; the masks must have let k through."""
        problem, start = self.state.problem, k * self.state.starts.grain
        team = problem.team_of[cases[0].team]
        can = self._who_can(cases, plan, k, base)
        staffed = self._staffed(cases, can, base, team.chairs)
        if staffed is None:
            return None
        items = tuple(
            PlannedCase(case=case.id, start_min=start + offset, seats=seats, optional=optional)
            for case, offset, seats, optional in zip(cases, plan.offsets, staffed.seats, staffed.optional, strict=True)
        )
        stays = self._stays(items, base)
        rooms = self._rooms_for(cases, plan, k, base, stays)
        if not rooms:
            return None
        return Column(
            team=team.id,
            site=team.site,
            start_min=start,
            end_min=start + plan.length,
            items=items,
            stays=stays,
            rooms=rooms,
            price=self._price(team.id, start, start + plan.length, items, stays, base),
            base=base.id if base else None,
            kept=base.cases if base else (),
        )

    def _who_can(self, cases: Sequence[Case], plan: Layout, k: int, base: PlannedSession | None) -> dict[int, int]:
        """Per candidate the run of cases that they could attend at this start, as bits over positions."""
        site = self.state.problem.team_of[cases[0].team].site
        there = self._base_stays(base)
        wanted: dict[int, int] = {}
        for i, case in enumerate(cases):
            for place in (*case.seats, *case.optional):
                for expert in place.candidates:
                    if self.attends(case, expert, site):
                        wanted[expert] = wanted.get(expert, 0) | 1 << i
            for expert, _, times in self.barred.get(case.id, ()):
                if expert in wanted and times >> (k + plan.offsets[i] // self.state.starts.grain) & 1:
                    wanted[expert] &= ~(1 << i)
        can = {}
        for expert, wish in wanted.items():
            run = self._run(expert, site, cases, plan, k, there.get(expert)) & wish
            if run:
                can[expert] = run
        return can

    def _base_stays(self, base: PlannedSession | None) -> dict[int, Span]:
        return presence.stretches(self.state.problem, base) if base else {}

    def _run(self, expert: int, site: int, cases: Sequence[Case], plan: Layout, k: int, there: Span | None) -> int:
        """The longest run of consecutive cases which one presence can cover."""
        state, grain = self.state, self.state.starts.grain
        first = plan.offsets[0] if there is None else there[0] - k * grain
        count = len(cases)
        ends = [offset + case.duration_min for case, offset in zip(cases, plan.offsets, strict=True)]
        for length in range(count, 0, -1):
            for i in range(count - length + 1 if there is None else 1):
                begin = plan.offsets[i] if there is None else first
                minutes = ends[i + length - 1] - begin
                if (
                    state.expert_starts(expert, site, minutes) >> (k + begin // grain) & 1
                    and state.cap_starts(expert, minutes) >> k & 1
                ):
                    return ((1 << length) - 1) << i
        return 0

    def _staffed(
        self, cases: Sequence[Case], can: dict[int, int], base: PlannedSession | None, chairs: tuple[int, ...]
    ) -> Staffed | None:
        fair = self.state.problem.fair_target_min is not None
        variant = self.random.randrange(3) if self.random else 0
        key = (tuple(case.id for case in cases), base.id if base else None, variant, tuple(sorted(can.items())))
        if not fair and key in self.remembered:
            return self.remembered[key]
        weights = self.state.problem.weights
        minutes = sum(case.duration_min for case in cases)
        call = Call(
            cases=cases,
            can=can,
            there=frozenset(base.people()) if base else frozenset(),
            old=self.old_people,
            pinned=self.pinned,
            chairs=chairs,
            attendance=weights.attendance,
            changed=weights.changed_person,
            optional_missing=weights.optional_missing,
            burden=(lambda expert: self._unfair(expert, minutes)) if fair else (lambda _: 0),
        )
        staffed = staffing.staff(call, self.random if variant else None)
        if len(self.remembered) > 200_000:
            self.remembered.clear()
        self.remembered[key] = staffed
        return staffed

    def _unfair(self, expert: int, minutes: int) -> int:
        problem, now = self.state.problem, self.state.minutes[expert]
        steps = objectives.unfair_steps(problem, expert, now + minutes) - objectives.unfair_steps(problem, expert, now)
        return problem.weights.fairness * steps

    def _stays(self, items: Iterable[PlannedCase], base: PlannedSession | None) -> dict[int, Span]:
        stays = self._base_stays(base)
        for item in items:
            end = item.start_min + self.case_of[item.case].duration_min
            for expert in item.people():
                known = stays.get(expert, (item.start_min, end))
                stays[expert] = (min(known[0], item.start_min), max(known[1], end))
        return stays

    def _rooms_for(
        self, cases: Sequence[Case], plan: Layout, k: int, base: PlannedSession | None, stays: dict[int, Span]
    ) -> tuple[int | None, ...]:
        """Rooms that suit and are free, the tightest first; none is needed where everyone attends remotely."""
        problem, site = self.state.problem, self.state.problem.team_of[cases[0].team].site
        here = sum(1 for expert in stays if problem.on_site(expert, site))
        remote = here < len(stays)
        if base is not None and base.room is None:
            return (None,) if not here and not any(case.id in self.pinned_rooms for case in cases) else ()
        rooms: list[int | None] = []
        for ident in self.rooms(cases, site):
            room = problem.room_of[ident]
            suits = room.capacity >= here and (not remote or VIDEO in room.equipment)
            free = suits and self.state.room_starts(ident, plan.length) >> k & 1
            if free and (base is None or base.room == ident) and not self._barred_room(cases, plan, k, ident):
                rooms.append(ident)
        if base is None and not here and not any(case.id in self.pinned_rooms for case in cases):
            return (None, *rooms)
        return tuple(rooms)

    def _barred_room(self, cases: Sequence[Case], plan: Layout, k: int, room: int) -> bool:
        grain = self.state.starts.grain
        return any(
            barred == room and times >> (k + offset // grain) & 1
            for case, offset in zip(cases, plan.offsets, strict=True)
            for _, barred, times in self.barred.get(case.id, ())
        )

    def price_session(self, session: PlannedSession) -> Price:
        """What a planned session, taken out of the state, would add to the goals."""
        stays = presence.stretches(self.state.problem, session)
        return self._price(session.team, session.start_min, session.end_min, session.cases, stays, None)

    def _price(self, team: int, start: int, end: int, items: Sequence[PlannedCase], stays: dict[int, Span],
               base: PlannedSession | None) -> Price:  # fmt: skip
        """(required_late, suggested, effort); an extension costs what it adds to its base."""
        problem, there = self.state.problem, self._base_stays(base)
        weights, late, suggested = problem.weights, 0, 0
        effort = objectives.session_price(problem, team, start, end)
        if base is not None:
            effort -= objectives.session_price(problem, team, base.start_min, base.end_min)
        effort += weights.attendance * (len(stays) - len(there))
        for item in items:
            case = self.case_of[item.case]
            days = case.weight * objectives.days_late(case, item.start_min)
            late, suggested = late + days * case.required, suggested + days * (not case.required)
            effort += weights.wait * objectives.waiting_days(case, item.start_min)
            effort += weights.moved_case * (self.old_start.get(case.id, item.start_min) != item.start_min)
            effort += weights.optional_missing * (len(case.optional) - len(item.optional))
            old = self.old_people.get(case.id, {})
            effort += weights.changed_person * sum(1 for s, e in item.seats.items() if old.get(s, e) != e)
        if problem.fair_target_min is not None:
            before = {expert: b - a for expert, (a, b) in there.items()}
            for expert, (a, b) in stays.items():
                effort += self._unfair(expert, b - a) - self._unfair(expert, before.get(expert, 0))
        return late, suggested, effort
