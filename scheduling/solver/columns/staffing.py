"""Stage 2 of a session: who fills which seat, with as few people as possible.

Given the cases of one session in order and, per expert, the cases that they could attend, every seat gets a
candidate, people within a case differ, pinned experts and a chair are there. Price = attendances, seats that change
hands, unfair minutes; optional places are filled where this costs less than leaving them empty.

Sets of people are bit masks over the experts in order of preference, so that the lowest bit is the best choice.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from scheduling.solver.core.problem import Case

Seating = tuple[dict[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Staffed:
    """Per case of the order: seat -> expert, and optional place -> expert."""

    seats: Seating
    optional: Seating


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One question for people: `can[expert]` has bit i set if they could attend the case at position i."""

    cases: Sequence[Case]
    can: Mapping[int, int]
    there: frozenset[int] = frozenset()
    old: Mapping[int, Mapping[int, int]]
    pinned: Mapping[int, tuple[int, ...]]
    chairs: tuple[int, ...] = ()
    attendance: int = 3
    changed: int = 0
    optional_missing: int = 0
    burden: Callable[[int], int] | None = None

    def burden_of(self, expert: int) -> int:
        return self.burden(expert) if self.burden else 0


def staff(call: Call, random: Random | None = None) -> Staffed | None:
    """A cheap staffing, or None where some seat cannot be filled."""
    seats = _RuleTester(call, random).seat_all()
    if seats is None:
        return None
    staffed = _fill_optional(call, seats)
    for i, case in enumerate(call.cases):
        if not {*call.pinned.get(case.id, ())} <= {*staffed.seats[i].values(), *staffed.optional[i].values()}:
            return None
    if call.chairs and not (_people(staffed.seats, staffed.optional) | call.there) & set(call.chairs):
        return _with_chair(call, random)
    return staffed


class _RuleTester:
    """The experts in order of preference: those who could serve most cases first, with a little noise for variety."""

    def __init__(self, call: Call, random: Random | None) -> None:
        self.call = call
        dear, noise = max(1, call.attendance), random.random if random else None
        order = [
            ((call.burden(e) / dear if call.burden else 0) - (0.9 * noise() if noise else 0) - able.bit_count(), e)
            for e, able in call.can.items()
        ]
        order.sort()
        self.experts = [expert for _, expert in order]
        self.bit = {expert: 1 << i for i, expert in enumerate(self.experts)}
        self.able = [self._able(i) for i in range(len(call.cases))]
        self.chosen = sum(self.bit[e] for e in call.there if e in self.bit)
        self.there = self.chosen
        self.constraint = [self._constrained(case) for case in call.cases]

    def _able(self, i: int) -> list[int]:
        """Per seat of the case at position i the experts who could take it."""
        can, bit, masks = self.call.can, self.bit, []
        for seat in self.call.cases[i].seats:
            mask = 0
            for expert in seat.candidates:
                if expert in bit and can[expert] >> i & 1:
                    mask |= bit[expert]
            masks.append(mask)
        return masks

    def _constrained(self, case: Case) -> list[int]:
        """Per seat whoever sat there before, if a change has a price."""
        old = self.call.old.get(case.id, {}) if self.call.changed else {}
        return [self.bit.get(old.get(seat.id, -1), 0) for seat in case.seats]

    def seat_all(self) -> list[dict[int, int]] | None:
        """Largest case first; then whoever the others can replace is sent home."""
        cases = self.call.cases
        taken: list[list[int]] = [[] for _ in cases]
        for i in sorted(range(len(cases)), key=lambda i: (-len(cases[i].seats), i)):
            found = self._seat(i, -1)
            if found is None:
                return None
            taken[i] = found
            for mask in found:
                self.chosen |= mask
        self._spare(taken)
        return [
            {seat.id: self.experts[mask.bit_length() - 1] for seat, mask in zip(case.seats, masks, strict=True)}
            for case, masks in zip(cases, taken, strict=True)
        ]

    def _seat(self, i: int, among: int) -> list[int] | None:
        masks = [mask & among for mask in self.able[i]]
        pinned = [self.bit.get(e, 0) for e in self.call.pinned.get(self.call.cases[i].id, ())]
        return _pinned(masks, self.chosen, self.constraint[i], [p for p in pinned if any(p & mask for mask in masks)])

    def _spare(self, taken: list[list[int]]) -> None:
        used = {mask: [i for i, masks in enumerate(taken) if mask in masks] for masks in taken for mask in masks}
        for mask in sorted(used, key=lambda m: (len(used[m]), -m)):
            if mask & self.there:
                continue
            theirs = [i for i, masks in enumerate(taken) if mask in masks]
            among, trial = self.chosen & ~mask, {}
            for i in theirs:
                found = self._seat(i, among)
                if found is None:
                    break
                trial[i] = found
            if len(trial) == len(theirs) and self._gain(mask, taken, trial) > 0:
                self.chosen = among
                for i, found in trial.items():
                    taken[i] = found

    def _gain(self, mask: int, taken: list[list[int]], trial: dict[int, list[int]]) -> int:
        gain = self.call.attendance + self.call.burden_of(self.experts[mask.bit_length() - 1])
        if self.call.changed:
            gain += sum(self._changes(i, taken[i]) - self._changes(i, found) for i, found in trial.items())
        return gain

    def _changes(self, i: int, masks: list[int]) -> int:
        old = self.call.old.get(self.call.cases[i].id)
        if old is None:
            return 0
        return self.call.changed * sum(
            constraint != mask for constraint, mask in zip(self.constraint[i], masks, strict=True)
        )


def match(masks: Sequence[int], chosen: int, constraint: Sequence[int]) -> list[int] | None:
    """One person (a single bit) per seat, all different, as few as possible outside `chosen`; None if impossible."""
    holder: dict[int, int] = {}
    used = 0

    def move(seat: int, among: int, asked: int) -> int:
        """Gives the seat someone by an augmenting path among these people; answers who was asked, or -1 for success."""
        options = masks[seat] & among & ~asked
        while options:
            one = options & -options
            asked |= one
            if one not in holder:
                holder[one] = seat
                return -1
            asked_then = move(holder[one], among, asked)
            if asked_then == -1:
                holder[one] = seat
                return -1
            asked = asked_then
            options &= ~asked
        return asked

    for seat, mask in enumerate(masks):
        free = mask & ~used
        pick = free & constraint[seat] or free & chosen
        if not pick and (move(seat, chosen | used, 0) == -1):
            used = sum(holder)
            continue
        pick = pick or free
        if pick:
            holder[pick & -pick] = seat
        elif move(seat, -1, 0) != -1:
            return None
        used = sum(holder)
    taken = [0] * len(masks)
    for one, seat in holder.items():
        taken[seat] = one
    return taken


def _pinned(masks: list[int], chosen: int, constraint: Sequence[int], pinned: Sequence[int]) -> list[int] | None:
    """As `match`, with each pinned expert on some seat."""
    if not pinned:
        return match(masks, chosen, constraint)
    one, *rest = pinned
    for seat, mask in enumerate(masks):
        if one & mask:
            narrowed = [one if i == seat else m & ~one for i, m in enumerate(masks)]
            found = _pinned(narrowed, chosen, constraint, rest)
            if found is not None:
                return found
    return None


def _fill_optional(call: Call, seats: list[dict[int, int]]) -> Staffed:
    """Those who are there anyway first; then newcomers who fill enough places to be worth their attendance."""
    optional: list[dict[int, int]] = [{} for _ in call.cases]
    if not any(case.optional for case in call.cases):
        return Staffed(seats=tuple(seats), optional=tuple(optional))
    people = _people(seats) | call.there
    for i, case in enumerate(call.cases):
        for expert in call.pinned.get(case.id, ()):
            if expert not in seats[i].values():
                place = next((o.id for o in case.optional if expert in o.candidates and o.id not in optional[i]), None)
                if place is not None and call.can.get(expert, 0) >> i & 1:
                    optional[i][place] = expert
                    people.add(expert)
    if call.optional_missing:
        _place_optional(call, seats, optional, people)
        newcomers = {e for case in call.cases for place in case.optional for e in place.candidates} - people
        for expert in sorted(newcomers):
            trial = [dict(filled) for filled in optional]
            filled = _place_optional(call, seats, trial, {expert})
            if filled * call.optional_missing > call.attendance + call.burden_of(expert):
                optional = trial
    return Staffed(seats=tuple(seats), optional=tuple(optional))


def _place_optional(call: Call, seats: list[dict[int, int]], optional: list[dict[int, int]], people: set[int]) -> int:
    filled = 0
    for i, case in enumerate(call.cases):
        for place in case.optional:
            if place.id in optional[i]:
                continue
            busy = {*seats[i].values(), *optional[i].values()}
            able = [e for e in place.candidates if e in people and e not in busy and call.can.get(e, 0) >> i & 1]
            if able:
                optional[i][place.id] = min(able)
                filled += 1
    return filled


def _with_chair(call: Call, random: Random | None) -> Staffed | None:
    """The cheapest staffing in which one chair is pinned to one case."""
    best, best_people = None, 0
    for chair in call.chairs:
        for i, case in enumerate(call.cases):
            if not call.can.get(chair, 0) >> i & 1:
                continue
            pinned = {**call.pinned, case.id: (*call.pinned.get(case.id, ()), chair)}
            found = staff(replace(call, pinned=pinned, chairs=()), random)
            if found is None or chair not in _people(found.seats, found.optional):
                continue
            count = len(_people(found.seats, found.optional))
            if best is None or count < best_people:
                best, best_people = found, count
    return best


def _people(*seatings: Iterable[Mapping[int, int]]) -> set[int]:
    return {expert for seating in seatings for filled in seating for expert in filled.values()}
