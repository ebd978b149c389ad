"""What pricing looks up again and again: what the problem asks of each case, who and what is free when.

What depends on the plan in progress is forgotten as soon as that changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from scheduling.solver.core import objectives
from scheduling.solver.core.problem import Case
from scheduling.solver.core.timeline import State


@dataclass(slots=True, kw_only=True)
class Lookups:
    """Of one state; `pinned` experts and rooms by case, `barred` = (expert, room, starts) by case."""

    state: State
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


class _Times(dict[int, int]):
    """Where experts are free for a presence of these minutes, each looked up once; within their caps if asked."""

    def __init__(self, state: State, capped: bool, site: int, minutes: int) -> None:
        super().__init__()
        self._look_up, self._site, self._minutes = state.open_starts if capped else state.expert_starts, site, minutes

    def __missing__(self, expert: int) -> int:
        mask = self[expert] = self._look_up(expert, self._site, self._minutes)
        return mask
