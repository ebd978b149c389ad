"""Pricing: the cheapest columns of one group of cases against the current state.

Greedy, search, promise, repair and explanation all ask here, so that there is one place which knows what fits.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from random import Random

from scheduling.solver.columns import staffing
from scheduling.solver.columns.column import Column, Layout, Price, layout_of
from scheduling.solver.columns.groups import Group
from scheduling.solver.columns.lookups import Lookups
from scheduling.solver.columns.staffing import Call, Staffed
from scheduling.solver.core import objectives, presence
from scheduling.solver.core.plan import PlannedCase, PlannedSession
from scheduling.solver.core.problem import Case, Span
from scheduling.solver.core.timeline import back, bits

VIDEO = "video"
MOST_REMEMBERED = 15_000


@dataclass(slots=True, kw_only=True)
class Pricer(Lookups):
    """Prices groups of cases against one state; remembers staffings by who can attend what."""

    random: Random | None = None
    tries: int = 6
    remembered: dict[object, Staffed | None] = field(default_factory=dict)

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
        priced = sorted((self._start_price(group, k), noise(), k) for k in bits(edges))
        return chain((k for _, _, k in priced), bits(mask & ~edges))

    def _flat(self, group: Group) -> bool:
        """Whether all starts on time cost the same."""
        weights = self.state.problem.weights
        return not (
            weights.wait
            or (weights.standing_discount and group.team.standing)
            or any(case.id in self.old_start for case in group.cases)
        )

    def _time_price(self, team: int, span: Span, starts: Iterable[tuple[Case, int]]) -> Price:
        """What the times alone decide: lateness, waits, moves, the session itself."""
        weights, late, suggested = self.state.problem.weights, 0, 0
        effort = objectives.session_price(self.state.problem, team, *span)
        for case, start in starts:
            days = case.weight * objectives.days_late(case, start)
            late, suggested = late + days * case.required, suggested + days * (not case.required)
            effort += weights.wait * objectives.waiting_days(case, start)
            effort += weights.moved_case * (self.old_start.get(case.id, start) != start)
        return late, suggested, effort

    def _start_price(self, group: Group, k: int) -> Price:
        start = k * group.grain
        starts = ((case, start + offset) for case, offset in zip(group.cases, group.plan.offsets, strict=True))
        return self._time_price(group.team.id, (start, start + group.plan.length), starts)

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
        problem, there = self.state.problem, presence.stretches(self.state.problem, base) if base else {}
        weights, cases = problem.weights, [self.case_of[item.case] for item in items]
        starts = ((case, item.start_min) for case, item in zip(cases, items, strict=True))
        late, suggested, effort = self._time_price(team, span, starts)
        if base is not None:
            effort -= objectives.session_price(problem, team, base.start_min, base.end_min)
        effort += weights.attendance * (len(stays) - len(there))
        for case, item in zip(cases, items, strict=True):
            effort += weights.optional_missing * (len(case.optional) - len(item.optional))
            old = self.old_people.get(case.id, {})
            effort += weights.changed_person * sum(1 for s, e in item.seats.items() if old.get(s, e) != e)
        if problem.fair_target_min is not None:
            for expert, (a, b) in stays.items():
                before = there.get(expert, (0, 0))
                effort += self._unfair(expert, b - a) - self._unfair(expert, before[1] - before[0])
        return late, suggested, effort
