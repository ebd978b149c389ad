"""Spots: where a unit could go, what is in the way there, and putting it down.

The counter tables price all starts of a unit at once; for one start that was chosen, rooms and people are looked at
one by one. Whatever is put down here keeps every rule of `rules`, as long as what was in the way has been taken out.
"""

from collections.abc import Iterator, Sequence
from random import Random

import numpy as np

from scheduling.solver import rules
from scheduling.solver.core.problem import Problem, Room, Span
from scheduling.solver.local_search.counters import WALL, Row
from scheduling.solver.local_search.placements import Placements
from scheduling.solver.local_search.units import VIDEO, Unit

MOST_OFFERS = 200
Offer = tuple[tuple[int, int], float, int]  # (what is in the way, fee), chance, expert


class Spots:
    def __init__(self, problem: Problem, state: Placements, random: Random) -> None:
        self.problem, self.state, self.random = problem, state, random
        self.gain = max(0, problem.weights.optional_missing - problem.weights.attendance)  # of a guest who comes

    # ---- what every start costs

    def hard(self, unit: Unit) -> Row:
        """Per start the weight of all that is in the way."""
        grid, count = self.state.grid, len(unit.closed)
        hard = np.zeros(count, np.int64)
        for part in unit.parts:
            busy = grid.people.windows(part.lines, part.begin, part.end, count)
            if len(part.heads) < len(part.lines):
                busy = np.minimum.reduceat(busy, part.heads, axis=0)
            hard += busy.sum(axis=0)
        team = grid.team_line[unit.team.id]
        hard += grid.teams.begun[team, unit.cells : unit.cells + count] - grid.teams.over[team, :count]
        if len(unit.room_lines):
            hard += grid.rooms.windows(unit.room_lines, 0, unit.cells, count).min(axis=0)
        hard[unit.closed > 0] = WALL  # the sums mean nothing for a window that no team has
        return hard

    def soft(self, unit: Unit) -> Row:
        """Per start the price, guests who would have to leave elsewhere and guests who could not come counted in."""
        grid, count, soft = self.state.grid, len(unit.closed), unit.price
        if self.gain <= 0:
            return soft
        for part in unit.parts:
            leaving = grid.extras.windows(part.lines, part.begin, part.end, count)
            if len(part.heads) < len(part.lines):
                leaving = np.minimum.reduceat(leaving, part.heads, axis=0)
            soft = soft + self.gain * leaving.sum(axis=0)
        if unit.guests is not None:
            guests = unit.guests
            busy = grid.people.windows(guests.lines, 0, guests.end, count)
            busy = busy + grid.extras.windows(guests.lines, 0, guests.end, count)
            if len(guests.heads) < len(guests.lines):
                busy = np.minimum.reduceat(busy, guests.heads, axis=0)
            soft = soft + self.gain * (busy > 0).sum(axis=0)
        return soft + self.state.clashes.along(unit)

    # ---- who and where, at one start

    def room(self, unit: Unit, k: int) -> Room | None:
        """The room with least in the way, the smallest of equals."""
        rooms, lines = self.state.grid.rooms, self.state.grid.room_line
        if not unit.rooms:
            return None
        return min(unit.rooms, key=lambda room: rooms.at(lines[room.id], k, k + unit.cells))

    def seats_at(self, unit: Unit, k: int, below: int = WALL) -> tuple[int, ...] | None:
        """Different people on all seats with least in the way (of nobody as much as `below`); None if impossible."""
        if unit.staffed:
            return ()
        if all(len(experts) == 1 for experts in unit.able):
            seats = tuple(experts[0] for experts in unit.able)
            return seats if len(set(seats)) == len(seats) else None
        offers = []
        for seat, experts in enumerate(unit.able):
            fees = [(self._fee(unit, k, seat, expert), self.random.random(), expert) for expert in experts]
            offers.append(sorted(fee for fee in fees if fee[0][0] < below))
        return _matched(offers)

    def _fee(self, unit: Unit, k: int, seat: int, expert: int) -> tuple[int, int]:
        grid, site = self.state.grid, unit.team.site
        line = grid.line(expert, site)
        assert line is not None
        leaving = self.gain * grid.extras.at(line, k, k + unit.cells)
        changed = self.problem.weights.changed_person * unit.changed(seat, expert)
        burden = self.state.burden(expert, unit.length)
        return grid.people.at(line, k, k + unit.cells), leaving + changed + burden

    def fits(self, unit: Unit, k: int, room: Room | None, seats: tuple[int, ...]) -> bool:
        """What the counters do not know: minutes of the week, size and video of the room, chairs."""
        for (a, b), experts in unit.stays_at(k, seats):
            if not all(self.state.has_minutes(expert, unit.minutes[k], b - a) for expert in experts):
                return False
        if unit.staffed:
            return True
        if unit.team.chairs and not set(seats) & set(unit.team.chairs):
            return False
        return room is not None and self._holds(unit, room, seats)

    def _holds(self, unit: Unit, room: Room, people: Sequence[int]) -> bool:
        if room.id in unit.roomy:
            return True
        here = sum(self.problem.on_site(expert, unit.team.site) for expert in people)
        return here <= room.capacity and (here == len(people) or VIDEO in room.equipment)

    def in_the_way(self, unit: Unit, k: int, room: Room | None, seats: tuple[int, ...]) -> Iterator[Unit]:
        problem, state, site = self.problem, self.state, unit.team.site
        begin = unit.minutes[k]
        span = (begin, begin + unit.length)
        yield from (other for other in state.of_team[unit.team.id] if meet(span, other.span(), 0))
        if room is not None:
            gap = problem.changeover_min
            yield from (other for other in state.in_room[room.id] if meet(span, other.span(), gap))
        for stay, experts in unit.stays_at(k, seats):
            for expert in experts:
                for other, busy in state.stays[expert].items():
                    if meet(stay, busy, self._travel(expert, site, other.team.site)):
                        yield other

    def _travel(self, expert: int, site: int, other: int) -> int:
        return self.problem.travel(site, other) if site != other and self.problem.on_site(expert, site) else 0

    # ---- putting down

    def put(self, unit: Unit, k: int, room: Room | None, seats: tuple[int, ...]) -> None:
        """Guests whom the unit needs elsewhere leave; its own come if they can; a pin that breaks undoes it."""
        state = self.state
        for stay, experts in unit.stays_at(k, seats):
            for expert in experts:
                for (other, place), busy in list(state.extras[expert].items()):
                    if meet(stay, busy, self._travel(expert, unit.team.site, other.team.site)):
                        state.leave(other, (place,))
        state.put(unit, k, None if room is None else room.id, seats)
        if unit.choices and not self._allowed(unit):
            state.take(unit)
            return
        self._invite(unit, None)

    def _allowed(self, unit: Unit) -> bool:
        session = unit.session()
        items = {item.case: item for item in session.cases}
        for choice, wanted in unit.choices:
            holds = [holds for _, holds in rules.held(choice, session, items[choice.case])]
            if (wanted and not all(holds)) or (not wanted and all(holds)):
                return False
        return True

    def _invite(self, unit: Unit, among: set[int] | None) -> None:
        """Fills empty optional places of a lone case with whoever is free for it, where it pays."""
        if unit.room is None or unit.choices or unit.guests is None or self.gain <= 0:
            return
        grid, k, end = self.state.grid, unit.start, unit.start + unit.cells
        busy = map(max, grid.people.of(unit.guests.lines, k, end), grid.extras.of(unit.guests.lines, k, end))
        room, people = self.problem.room_of[unit.room], [*unit.seats, *unit.extra.values()]
        guests: dict[int, int] = {}
        for (place, expert), weight in zip(unit.guest_of, busy, strict=True):
            if (
                not weight
                and place not in unit.extra
                and place not in guests
                and (among is None or expert in among)
                and expert not in people
                and self.state.burden(expert, unit.length) < self.gain
                and self._holds(unit, room, (*people, expert))
                and self.state.has_minutes(expert, unit.minutes[k], unit.length)
            ):
                guests[place] = expert
                people.append(expert)
        self.state.fill(unit, tuple(guests.items()))

    def refill(self, touched: set[int]) -> None:
        """Whoever has become free takes an optional place that is still empty."""
        wanted = {unit: None for unit, place in self.state.empty if not touched.isdisjoint(unit.welcome[place])}
        for unit in wanted:
            self._invite(unit, touched)


def meet(one: Span, two: Span, gap: int) -> bool:
    return one[0] < two[1] + gap and two[0] < one[1] + gap


def _matched(offers: list[list[Offer]]) -> tuple[int, ...] | None:
    """The cheapest different people, seats with few offers first; depth first, cut off by the cheapest rest."""
    order = sorted(range(len(offers)), key=lambda seat: len(offers[seat]))
    best: list[tuple[tuple[int, int], dict[int, int]]] = []
    left = MOST_OFFERS

    def rest(depth: int) -> tuple[int, int]:
        firsts = [offers[seat][0][0] for seat in order[depth:]]
        return sum(fee[0] for fee in firsts), sum(fee[1] for fee in firsts)

    rests = [rest(depth) for depth in range(len(order) + 1)]

    def go(depth: int, cost: tuple[int, int], chosen: dict[int, int]) -> None:
        nonlocal left
        least = (cost[0] + rests[depth][0], cost[1] + rests[depth][1])
        if best and (least >= best[0][0] or left <= 0):
            return
        if depth == len(order):
            best[:] = [(cost, dict(chosen))]
            return
        for fee, _, expert in offers[order[depth]]:
            if expert not in chosen.values():
                left -= 1
                chosen[order[depth]] = expert
                go(depth + 1, (cost[0] + fee[0], cost[1] + fee[1]), chosen)
                del chosen[order[depth]]

    if all(offers):
        go(0, (0, 0), {})
    return tuple(best[0][1][seat] for seat in range(len(offers))) if best else None
