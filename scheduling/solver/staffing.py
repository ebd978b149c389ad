"""Stage 2 of a session: who fills which seat, with as few people as possible.

Given the cases of one session in order and, per expert, the cases that they could attend, every seat gets a
candidate, people within a case differ, pinned experts and a chair are there. Price = attendances, seats that change
hands, unfair minutes; optional places are filled where this costs less than leaving them empty.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from scheduling.solver.problem import Case

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
    burden: Callable[[int], int] = lambda _: 0


def match(wishes: Sequence[Sequence[int]], pinned: Sequence[int] = ()) -> dict[int, int] | None:
    """Expert -> seat index by augmenting paths, earlier wishes preferred, pinned experts seated; None if impossible."""
    if pinned:
        return _match_pinned(wishes, pinned)
    holder: dict[int, int] = {}

    def seat_someone(seat: int, asked: set[int]) -> bool:
        for expert in wishes[seat]:
            if expert not in asked:
                asked.add(expert)
                if expert not in holder or seat_someone(holder[expert], asked):
                    holder[expert] = seat
                    return True
        return False

    return holder if all(seat_someone(seat, set()) for seat in range(len(wishes))) else None


def _match_pinned(wishes: Sequence[Sequence[int]], pinned: Sequence[int]) -> dict[int, int] | None:
    expert, *rest = pinned
    for seat, names in enumerate(wishes):
        if expert in names:
            found = match([[expert] if i == seat else w for i, w in enumerate(wishes)], rest)
            if found is not None:
                return found
    return None


def staff(call: Call, random: Random | None = None) -> Staffed | None:
    """A cheap staffing, or None where some seat cannot be filled."""
    scores = _versatility(call, random)
    seats = _seat_all(call, scores)
    if seats is None:
        return None
    seats = _spare_people(call, seats)
    staffed = _fill_optional(call, seats)
    for i, case in enumerate(call.cases):
        if not {*call.pinned.get(case.id, ())} <= {*staffed.seats[i].values(), *staffed.optional[i].values()}:
            return None
    if call.chairs and not (_people(staffed.seats, staffed.optional) | call.there) & set(call.chairs):
        return _with_chair(call, random)
    return staffed


def _versatility(call: Call, random: Random | None) -> dict[int, float]:
    """How many cases somebody could serve, less what their time costs; a little noise for variety."""
    score = dict.fromkeys(call.can, 0.0)
    for i, case in enumerate(call.cases):
        for expert in {e for seat in case.seats for e in seat.candidates}:
            if call.can.get(expert, 0) >> i & 1:
                score[expert] += 1
    for expert in score:
        score[expert] -= call.burden(expert) / max(1, call.attendance)
        if random:
            score[expert] += random.random() * 0.9
    return score


def _wishes(call: Call, i: int, people: set[int], scores: Mapping[int, float]) -> list[list[int]]:
    case, wishes = call.cases[i], []
    for seat in case.seats:
        old = call.old.get(case.id, {}).get(seat.id) if call.changed else None
        able = [e for e in seat.candidates if call.can.get(e, 0) >> i & 1]
        able.sort(key=lambda e: (e != old, e not in people, -scores.get(e, 0.0), e))
        wishes.append(able)
    return wishes


def _seat_all(call: Call, scores: Mapping[int, float]) -> list[dict[int, int]] | None:
    """Hardest case first, people who are there already before new ones."""
    people = set(call.there)
    seats: list[dict[int, int]] = [{} for _ in call.cases]
    order = sorted(range(len(call.cases)), key=lambda i: (-len(call.cases[i].seats), i))
    for i in order:
        case = call.cases[i]
        wishes = _wishes(call, i, people, scores)
        pinned = [e for e in call.pinned.get(case.id, ()) if any(e in names for names in wishes)]
        holder = match(wishes, pinned)
        if holder is None:
            return None
        seats[i] = {case.seats[seat].id: expert for expert, seat in holder.items()}
        people.update(holder)
    return seats


def _spare_people(call: Call, seats: list[dict[int, int]]) -> list[dict[int, int]]:
    """Sends home whoever the others can replace, the least used first."""
    used: dict[int, list[int]] = {}
    for i, filled in enumerate(seats):
        for expert in filled.values():
            used.setdefault(expert, []).append(i)
    people = set(used) | call.there
    for expert in sorted(set(used) - call.there, key=lambda e: (len(used[e]), -call.burden(e), e)):
        trial: dict[int, dict[int, int]] = {}
        theirs = [i for i, filled in enumerate(seats) if expert in filled.values()]
        for i in theirs:
            again = _without(call, i, expert, people, seats[i])
            if again is None:
                break
            trial[i] = again
        if len(trial) == len(theirs) and _gain(call, expert, seats, trial) > 0:
            people.discard(expert)
            for i, filled in trial.items():
                seats[i] = filled
    return seats


def _without(call: Call, i: int, expert: int, people: set[int], filled: Mapping[int, int]) -> dict[int, int] | None:
    """The case at position i seated again among the people there, one of them gone."""
    case = call.cases[i]
    if expert in call.pinned.get(case.id, ()):
        return None
    wishes = [
        sorted(
            (e for e in seat.candidates if e in people and e != expert and call.can.get(e, 0) >> i & 1),
            key=lambda e: (e != filled[seat.id], e),
        )
        for seat in case.seats
    ]
    pinned = [e for e in call.pinned.get(case.id, ()) if e in filled.values()]
    holder = match(wishes, pinned)
    if holder is None:
        return None
    return {case.seats[seat].id: e for e, seat in holder.items()}


def _gain(call: Call, expert: int, seats: list[dict[int, int]], trial: dict[int, dict[int, int]]) -> int:
    gain = call.attendance + call.burden(expert)
    if call.changed:
        gain += sum(_changes(call, i, seats[i]) - _changes(call, i, filled) for i, filled in trial.items())
    return gain


def _changes(call: Call, i: int, filled: Mapping[int, int]) -> int:
    old = call.old.get(call.cases[i].id, {})
    return call.changed * sum(1 for seat, expert in filled.items() if old.get(seat, expert) != expert)


def _fill_optional(call: Call, seats: list[dict[int, int]]) -> Staffed:
    """Those who are there anyway first; then newcomers who fill enough places to be worth their attendance."""
    optional: list[dict[int, int]] = [{} for _ in call.cases]
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
            if filled * call.optional_missing > call.attendance + call.burden(expert):
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
            found = staff(_replaced(call, pinned), random)
            if found is None or chair not in _people(found.seats, found.optional):
                continue
            count = len(_people(found.seats, found.optional))
            if best is None or count < best_people:
                best, best_people = found, count
    return best


def _replaced(call: Call, pinned: Mapping[int, tuple[int, ...]]) -> Call:
    return Call(
        cases=call.cases,
        can=call.can,
        there=call.there,
        old=call.old,
        pinned=pinned,
        attendance=call.attendance,
        changed=call.changed,
        optional_missing=call.optional_missing,
        burden=call.burden,
    )


def _people(*seatings: Iterable[Mapping[int, int]]) -> set[int]:
    return {expert for seating in seatings for filled in seating for expert in filled.values()}
