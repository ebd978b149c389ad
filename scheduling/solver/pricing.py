"""Pricing: the cheapest columns of one group of cases against the current state.

Greedy, search, promise, repair and explanation all ask here, so that there is one place which knows what fits.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from random import Random

from scheduling.solver import objectives, presence, staffing
from scheduling.solver.columns import Column, Layout, Price, layout_of
from scheduling.solver.groups import Group
from scheduling.solver.plan import PlannedCase, PlannedSession
from scheduling.solver.problem import Case, Span
from scheduling.solver.staffing import Call, Staffed
from scheduling.solver.timeline import State, back, bits

VIDEO = "video"
MOST_REMEMBERED = 15_000


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
    _people: dict[int, frozenset[int]] = field(default_factory=dict)
    _rooms: dict[tuple[int, frozenset[str]], list[int]] = field(default_factory=dict)
    _disciplines: dict[int, dict[str, frozenset[int]]] = field(default_factory=dict)
    _as_of: int = -1
    _case_starts: dict[int, int] = field(default_factory=dict)
    _times: dict[tuple[bool, int, int], "_Times"] = field(default_factory=dict)

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
        for known in (self._people, self._disciplines, self._case_starts):
            known.pop(case.id, None)  # type: ignore[attr-defined]

    def price(
        self,
        cases: Sequence[Case],
        base: PlannedSession | None = None,
        *,
        inside: int = -1,
        keep: int = 1,
        stubborn: bool = False,
        plan: Layout | None = None,
    ) -> list[Column]:
        """The cheapest columns of these cases in this order, one per start that was tried; `base` must be taken out.

        A stubborn call goes on trying starts until one works.
        """
        group = Group(self, cases, base, plan)
        if not group.fits:
            return []
        mask = group.starts() & inside
        if not mask:
            return []
        group.recruit()
        found: list[Column] = []
        for tried, k in enumerate(self._worth_trying(group, mask)):
            if tried >= self.tries and (found or not stubborn):
                break
            column = self.column_at(group, k)
            if column is not None:
                found.append(column)
        found.sort(key=lambda column: (column.price, column.start_min))
        return found[:keep]

    def price_loose(self, cases: Sequence[Case], *, keep: int = 1) -> list[Column]:
        """As `price`, in any order and with waiting between cases: a session costs the same, people stay for it."""
        problem, grain = self.state.problem, self.state.starts.grain
        if problem.break_after_min:
            return []
        own = {case.id: self._on_time_starts(case) for case in cases}
        shortest = sum(case.duration_min for case in cases)
        mask = self.state.team_starts(cases[0].team, shortest)
        for case in cases:
            mask &= back(own[case.id], (problem.max_session_min - case.duration_min) // grain)
        edges = list(bits(mask & ~(mask << 1) | mask & ~(mask >> 1)))
        if self.random:
            self.random.shuffle(edges)
        found: dict[tuple[int, int], Column] = {}
        for k in edges[: self.tries]:
            for order in (self._by_deadline(cases, own, k), self._shuffled(cases)):
                placed = self._agenda(order, own, k)
                if placed is None or (placed[0], placed[1].length) in found:
                    continue
                begin, plan = placed
                group = Group(self, order, None, plan)
                if group.fits and group.starts() >> begin & 1:
                    group.recruit()
                    column = self.column_at(group, begin)
                    if column is not None:
                        found[begin, plan.length] = column
        return sorted(found.values(), key=lambda column: (column.price, column.start_min))[:keep]

    def _on_time_starts(self, case: Case) -> int:
        own = self.case_starts(case)
        last = case.due_min // self.state.starts.grain
        return own & (1 << last + 1) - 1 or own if last >= 0 else own

    def _by_deadline(self, cases: Sequence[Case], own: dict[int, int], k: int) -> list[Case]:
        reach = (1 << k + self.state.problem.max_session_min // self.state.starts.grain) - 1
        return sorted(cases, key=lambda case: ((own[case.id] & reach).bit_length(), case.id))

    def _shuffled(self, cases: Sequence[Case]) -> list[Case]:
        return self.random.sample(list(cases), len(cases)) if self.random else list(cases)

    def _agenda(self, order: Sequence[Case], own: dict[int, int], k: int) -> tuple[int, Layout] | None:
        """Each case as early as it can be from k on; then, from the last, as late as it can be: little waiting."""
        grain, placed, now = self.state.starts.grain, [], k
        for case in order:
            open_ = own[case.id] >> now
            if not open_:
                return None
            start = now + (open_ & -open_).bit_length() - 1
            placed.append(start)
            now = start - (-case.duration_min // grain)
        for i in range(len(order) - 2, -1, -1):
            latest = placed[i + 1] + (-order[i].duration_min // grain)
            placed[i] = max(placed[i], (own[order[i].id] & (1 << latest + 1) - 1).bit_length() - 1)
        begin = placed[0]
        length = (placed[-1] - begin) * grain + order[-1].duration_min
        return begin, Layout(offsets=tuple((start - begin) * grain for start in placed), length=length)

    def column_of(self, session: PlannedSession, base: PlannedSession | None = None) -> Column:
        """A planned session, taken out of the state, as a column."""
        kept = {item.case for item in base.cases} if base else set()
        items = tuple(item for item in session.cases if item.case not in kept)
        group = Group(self, [self.case_of[item.case] for item in items], base, layout_of(session, items))
        stays = group.stays(items)
        suits = self._suitable(group, session.start_min // group.grain, stays)
        rooms = self._free(suits, group, session.start_min // group.grain)
        return Column(
            team=session.team,
            site=session.site,
            start_min=session.start_min,
            end_min=session.end_min,
            items=items,
            stays=stays,
            rooms=(session.room, *(room for room in rooms if room != session.room)),
            suits=suits,
            price=self._price(session.team, (session.start_min, session.end_min), items, stays, base),
            base=base.id if base else None,
            kept=base.cases if base else (),
        )

    def refreshed(self, column: Column) -> Column | None:
        """A column priced earlier, if it fits the state as it is now: its people free, a room free."""
        state, grain = self.state, self.state.starts.grain
        k, minutes = column.start_min // grain, column.end_min - column.start_min
        if not state.team_starts(column.team, minutes) >> k & 1:
            return None
        for expert, (a, b) in column.stays.items():
            if not (
                state.expert_starts(expert, column.site, b - a) >> a // grain & 1
                and state.cap_starts(expert, b - a) >> k & 1
            ):
                return None
        rooms = tuple(r for r in column.suits if r is None or state.room_starts(r, minutes) >> k & 1)
        if not rooms:
            return None
        price = column.price
        if state.problem.fair_target_min is not None:
            price = self._price(column.team, (column.start_min, column.end_min), column.items, column.stays, None)
        return replace(column, rooms=rooms, price=price)

    def case_starts(self, case: Case) -> int:
        """Starts at which the case is allowed and each of its seats has somebody."""
        if self.case_of.get(case.id) is not case:
            return self._case_starts_now(case)
        self._forget_what_changed()
        if case.id not in self._case_starts:
            self._case_starts[case.id] = self._case_starts_now(case)
        return self._case_starts[case.id]

    def _case_starts_now(self, case: Case) -> int:
        mask, site = self.state.starts.allowed[case.id], self.state.problem.team_of[case.team].site
        for seat in case.seats:
            anyone = 0
            for expert in seat.candidates:
                if self.attends(case, expert, site):
                    anyone |= self.state.expert_starts(expert, site, case.duration_min)
            mask &= anyone
        return mask

    def throughout(self, site: int, minutes: int) -> "_Times":
        """Per expert the session starts from which they could be there for these minutes."""
        return self._times_of((True, site, minutes))

    def somewhere(self, site: int, minutes: int) -> "_Times":
        """As `throughout`, caps aside."""
        return self._times_of((False, site, minutes))

    def _times_of(self, key: tuple[bool, int, int]) -> "_Times":
        self._forget_what_changed()
        if key not in self._times:
            self._times[key] = _Times(self.state, *key)
        return self._times[key]

    def _forget_what_changed(self) -> None:
        if self._as_of != self.state.changes:
            self._as_of = self.state.changes
            self._case_starts.clear()
            self._times.clear()

    def by_discipline(self, case: Case) -> dict[str, frozenset[int]]:
        """Per discipline the experts who could take one of its seats."""
        own = self.case_of.get(case.id) is case
        if own and case.id in self._disciplines:
            return self._disciplines[case.id]
        site = self.state.problem.team_of[case.team].site
        found: dict[str, frozenset[int]] = {}
        for seat in case.seats:
            people = frozenset(e for e in seat.candidates if self.attends(case, e, site))
            found[seat.discipline] = found.get(seat.discipline, frozenset()) | people
        if own:
            self._disciplines[case.id] = found
        return found

    def attends(self, case: Case, expert: int, site: int) -> bool:
        return case.remote_ok or site in self.state.problem.expert_of[expert].sites

    def people_of(self, case: Case) -> frozenset[int]:
        """Candidates of any place of the case who may attend at the team's site."""
        own = self.case_of.get(case.id) is case
        if own and case.id in self._people:
            return self._people[case.id]
        site = self.state.problem.team_of[case.team].site
        people = frozenset(e for place in case.places for e in place.candidates if self.attends(case, e, site))
        if own:
            self._people[case.id] = people
        return people

    def rooms(self, cases: Sequence[Case], site: int) -> list[int]:
        """Rooms of the site with all equipment, the tightest first."""
        needs = frozenset().union(*(case.equipment for case in cases))
        if (site, needs) not in self._rooms:
            rooms = [room for room in self.state.problem.rooms if room.site == site and needs <= room.equipment]
            rooms.sort(key=lambda r: (r.capacity, len(r.equipment), r.id))
            self._rooms[site, needs] = [room.id for room in rooms]
        rooms_left = self._rooms[site, needs]
        for case in cases if self.pinned_rooms else ():
            if case.id in self.pinned_rooms:
                rooms_left = [room for room in rooms_left if room in self.pinned_rooms[case.id]]
        return rooms_left

    def _worth_trying(self, group: Group, mask: int) -> Iterator[int]:
        """The cheapest edges first; then the rest."""
        if group.base is not None:
            return iter([group.base.start_min // group.grain])
        edges = group.edges(mask)
        noise = self.random.random if self.random else lambda: 0.0
        on_time = edges & group.on_time()
        if self._flat(group) and on_time.bit_count() >= self.tries:
            levels = (sorted((noise(), k) for k in bits(level)) for level in group.by_company(on_time))
            return chain((k for level in levels for _, k in level), bits(mask & ~on_time))
        priced = sorted((self._time_price(group, k), noise(), k) for k in bits(edges))
        return chain((k for _, _, k in priced), bits(mask & ~edges))

    def _flat(self, group: Group) -> bool:
        """Whether all starts on time cost the same."""
        weights = self.state.problem.weights
        return not (
            weights.wait
            or (weights.standing_discount and group.team.standing)
            or any(case.id in self.old_start for case in group.cases)
        )

    def _time_price(self, group: Group, k: int) -> Price:
        """What the start alone decides: lateness, waits, moves, the session itself."""
        problem, start = self.state.problem, k * group.grain
        late, suggested = 0, 0
        effort = objectives.session_price(problem, group.team.id, start, start + group.plan.length)
        for case, offset in zip(group.cases, group.plan.offsets, strict=True):
            days = case.weight * objectives.days_late(case, start + offset)
            late += days if case.required else 0
            suggested += 0 if case.required else days
            effort += problem.weights.wait * objectives.waiting_days(case, start + offset)
            if self.old_start.get(case.id, start + offset) != start + offset:
                effort += problem.weights.moved_case
        return late, suggested, effort

    def column_at(self, group: Group, k: int) -> Column | None:
        """The column at start k, or None; the group's masks must have let k through."""
        start, base = k * group.grain, group.base
        staffed = self._staffed(group, group.who_can(k))
        if staffed is None:
            return None
        items = tuple(
            PlannedCase(case=case.id, start_min=start + offset, seats=seats, optional=optional)
            for case, offset, seats, optional in zip(
                group.cases, group.plan.offsets, staffed.seats, staffed.optional, strict=True
            )
        )
        stays = group.stays(items)
        suits = self._suitable(group, k, stays)
        rooms = self._free(suits, group, k)
        if not rooms:
            return None
        return Column(
            team=group.team.id,
            site=group.team.site,
            start_min=start,
            end_min=start + group.plan.length,
            items=items,
            stays=stays,
            rooms=rooms,
            suits=suits,
            price=self._price(group.team.id, (start, start + group.plan.length), items, stays, base),
            base=base.id if base else None,
            kept=base.cases if base else (),
        )

    def _staffed(self, group: Group, can: dict[int, int]) -> Staffed | None:
        problem = self.state.problem
        fair = problem.fair_target_min is not None
        variant = self.random.randrange(3) if self.random else 0
        own = all(self.case_of.get(case.id) is case for case in group.cases)
        key = (*(case.id for case in group.cases), *group.there, variant, *can.items()) if own and not fair else None
        if key is not None and key in self.remembered:
            return self.remembered[key]
        minutes = sum(case.duration_min for case in group.cases)
        call = Call(
            cases=group.cases,
            can=can,
            there=frozenset(group.there),
            old=self.old_people,
            pinned=self.pinned,
            chairs=group.team.chairs,
            attendance=problem.weights.attendance,
            changed=problem.weights.changed_person if self.old_people else 0,
            optional_missing=problem.weights.optional_missing,
            burden=(lambda expert: self._unfair(expert, minutes)) if fair else None,
        )
        staffed = staffing.staff(call, self.random if variant else None)
        if key is not None:
            if len(self.remembered) > MOST_REMEMBERED:
                self.remembered.clear()
            self.remembered[key] = staffed
        return staffed

    def _unfair(self, expert: int, minutes: int) -> int:
        problem, now = self.state.problem, self.state.minutes[expert]
        steps = objectives.unfair_steps(problem, expert, now + minutes) - objectives.unfair_steps(problem, expert, now)
        return problem.weights.fairness * steps

    def _suitable(self, group: Group, k: int, stays: dict[int, Span]) -> tuple[int | None, ...]:
        """Rooms that could hold it, the tightest first; none is needed where everyone attends remotely."""
        problem, site, base = self.state.problem, group.team.site, group.base
        here = sum(1 for expert in stays if problem.on_site(expert, site))
        remote = here < len(stays)
        roomless = not here and not any(case.id in self.pinned_rooms for case in group.cases)
        if base is not None and base.room is None:
            return (None,) if roomless else ()
        rooms: list[int | None] = [None] if base is None and roomless else []
        for ident in self.rooms(group.cases, site):
            room = problem.room_of[ident]
            suits = room.capacity >= here and (not remote or VIDEO in room.equipment)
            if suits and (base is None or base.room == ident) and not self._barred_room(group, k, ident):
                rooms.append(ident)
        return tuple(rooms)

    def _free(self, rooms: tuple[int | None, ...], group: Group, k: int) -> tuple[int | None, ...]:
        length = group.plan.length
        return tuple(room for room in rooms if room is None or self.state.room_starts(room, length) >> k & 1)

    def _barred_room(self, group: Group, k: int, room: int) -> bool:
        return any(
            barred == room and times >> (k + offset // group.grain) & 1
            for case, offset in zip(group.cases, group.plan.offsets, strict=True)
            for _, barred, times in self.barred.get(case.id, ())
        )

    def price_session(self, session: PlannedSession) -> Price:
        """What a planned session, taken out of the state, would add to the goals."""
        stays = presence.stretches(self.state.problem, session)
        return self._price(session.team, (session.start_min, session.end_min), session.cases, stays, None)

    def _price(
        self,
        team: int,
        span: Span,
        items: Sequence[PlannedCase],
        stays: dict[int, Span],
        base: PlannedSession | None,
    ) -> Price:
        """(required_late, suggested, effort); an extension costs what it adds to its base."""
        problem, late, suggested = self.state.problem, 0, 0
        weights, there = problem.weights, presence.stretches(problem, base) if base else {}
        effort = objectives.session_price(problem, team, *span)
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
            for expert, (a, b) in stays.items():
                before = there.get(expert, (0, 0))
                effort += self._unfair(expert, b - a) - self._unfair(expert, before[1] - before[0])
        return late, suggested, effort


class _Times(dict[int, int]):
    """Where experts are free for a presence of these minutes, each looked up once; within their caps if asked."""

    def __init__(self, state: State, capped: bool, site: int, minutes: int) -> None:
        super().__init__()
        self._look_up, self._site, self._minutes = state.open_starts if capped else state.expert_starts, site, minutes

    def __missing__(self, expert: int) -> int:
        mask = self[expert] = self._look_up(expert, self._site, self._minutes)
        return mask
