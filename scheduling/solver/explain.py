"""Why a case has no place, and what would help.

Every start at which the case could be discussed is killed by at least one reason: no room, room booked, team busy,
a seat off duty, busy or at its cap, or two seats that need one person. The smallest set of reasons that together
kill all starts (a hitting set) is the explanation. What would help is tried for real, one change at a time.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import combinations
from operator import or_

from scheduling.solver import objectives
from scheduling.solver.columns import Column, Layout
from scheduling.solver.groups import Group
from scheduling.solver.plan import Plan, Reason
from scheduling.solver.pricing import Pricer
from scheduling.solver.problem import Case, Problem, Seat
from scheduling.solver.timeline import State, bits, starts

MOST_REASONS = 4
MERGED = {"seat_off_duty", "seat_busy", "seat_at_cap"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """One change that gives the case a place: relax_seat, relax_room, ask_expert or move_others."""

    code: str
    start_min: int
    days_late: int
    seat: int | None = None
    params: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    case: int
    reasons: tuple[Reason, ...]
    remedies: tuple[Remedy, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Killer:
    """A reason with the starts that it rules out, as a mask."""

    reason: Reason
    kills: int


def explain(problem: Problem, plan: Plan, case_id: int) -> Explanation:
    """Reasons and remedies of one unplaced case; both empty for a case that has a place."""
    explainer = Explainer(problem, plan)
    if case_id in explainer.state.placed:
        return Explanation(case=case_id, reasons=())
    return Explanation(case=case_id, reasons=explainer.reasons(case_id), remedies=explainer.remedies(case_id))


class Explainer:
    """Explains many cases of one plan: the state is built once."""

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self.problem = problem
        self.state = State(problem, plan.sessions)
        self.pricer = Pricer(state=self.state, tries=8)

    def reasons(self, case_id: int) -> tuple[Reason, ...]:
        case = self.problem.case_of[case_id]
        group = Group(self.pricer, [case])
        plan = group.plan
        if not group.fits:
            return (Reason(code="case_too_long", params={"minutes": plan.length}),)
        windows = self._starts(self.problem.team_of[case.team].windows, plan.length)
        possible = windows & self.state.starts.allowed[case_id]
        if not possible:
            return (self._no_time(case, windows),)
        killers = [killer for killer in self._killers(case, plan, possible) if killer.kills]
        alive = possible & ~reduce(or_, (killer.kills for killer in killers), 0)
        if alive:
            killers += self._people_killer(group, alive)
        return self._named(case, smallest_cover(possible, killers))

    def _starts(self, spans: Iterable[tuple[int, int]], minutes: int) -> int:
        return starts(spans, minutes, self.problem.grain_min)

    def _no_time(self, case: Case, windows: int) -> Reason:
        if not windows:
            return Reason(code="team_never_meets", params={"team": case.team})
        return Reason(code="no_time_allowed", params={"release": case.release_min, "team": case.team})

    def _killers(self, case: Case, plan: Layout, possible: int) -> Iterator[Killer]:
        team = self.problem.team_of[case.team]
        taken = possible & ~self.state.team_starts(team.id, plan.length)
        yield Killer(reason=Reason(code="team_busy", params={"team": team.id}), kills=taken)
        if not case.remote_ok:
            yield from self._room_killers(case, plan, possible)
        for seat in case.seats:
            yield from self._seat_killers(case, seat, possible)

    def _room_killers(self, case: Case, plan: Layout, possible: int) -> Iterator[Killer]:
        rooms = self.pricer.rooms([case], self.problem.team_of[case.team].site)
        exists = reduce(or_, (self._starts(self.problem.room_of[r].free, plan.length) for r in rooms), 0)
        free = reduce(or_, (self.state.room_starts(r, plan.length) for r in rooms), 0)
        params = {"equipment": sorted(case.equipment)}
        yield Killer(reason=Reason(code="no_room", params=params), kills=possible & ~exists)
        yield Killer(reason=Reason(code="room_booked", params=params), kills=possible & exists & ~free)

    def _seat_killers(self, case: Case, seat: Seat, possible: int) -> Iterator[Killer]:
        site, minutes = self.problem.team_of[case.team].site, case.duration_min
        able = [e for e in seat.candidates if self.pricer.attends(case, e, site)]
        duty = reduce(or_, (self._starts(self.problem.expert_of[e].free, minutes) for e in able), 0)
        free = {e: self.state.expert_starts(e, site, minutes) for e in able}
        idle = reduce(or_, free.values(), 0)
        open_ = reduce(or_, (mask & self.state.cap_starts(e, minutes) for e, mask in free.items()), 0)
        params = {"discipline": seat.discipline, "case": case.id}
        for code, kills in (
            ("seat_off_duty", possible & ~duty),
            ("seat_busy", possible & duty & ~idle),
            ("seat_at_cap", possible & idle & ~open_),
        ):
            yield Killer(reason=Reason(code=code, seat=seat.id, params=params), kills=kills)

    def _people_killer(self, group: Group, alive: int) -> list[Killer]:
        """Where each seat has somebody but not all have somebody of their own; or a place that the search missed."""
        group.recruit()
        missed = next((k for k in bits(alive) if self.pricer.column_at(group, k)), None)
        if missed is not None:
            reason = Reason(code="place_missed", params={"start": missed * self.problem.grain_min})
        else:
            reason = Reason(code="seats_share_people", params={"seats": [seat.id for seat in group.cases[0].seats]})
        return [Killer(reason=reason, kills=alive)]

    def _named(self, case: Case, chosen: list[Killer]) -> tuple[Reason, ...]:
        """Off duty, busy and at cap of one seat become one reason, with the first time that the seat is free."""
        named: list[Reason] = []
        for seat in case.seats:
            codes = [k.reason.code for k in chosen if k.reason.seat == seat.id and k.reason.code in MERGED]
            if codes:
                code = codes[0] if len(codes) == 1 else "seat_unavailable"
                params = {"discipline": seat.discipline, "first_free": self._first_free(case, seat)}
                named.append(Reason(code=code, seat=seat.id, params=params))
        return (*(k.reason for k in chosen if k.reason.code not in MERGED), *named)

    def _first_free(self, case: Case, seat: Seat) -> int | None:
        """The first start from release on at which some candidate could come, the team's windows aside."""
        site, minutes = self.problem.team_of[case.team].site, case.duration_min
        able = [e for e in seat.candidates if self.pricer.attends(case, e, site)]
        free = reduce(or_, (self.state.expert_starts(e, site, minutes) for e in able), 0)
        free &= self.state.starts.times(max(case.release_min, self.problem.now_min), None)
        return next(bits(free)) * self.problem.grain_min if free else None

    def remedies(self, case_id: int) -> tuple[Remedy, ...]:
        """Each single change that works, tried for real; least late first."""
        case = self.problem.case_of[case_id]
        found = [*self._relaxed_seats(case), *self._relaxed_room(case), *self._asked_experts(case)]
        return tuple(
            sorted(found, key=lambda remedy: (remedy.days_late, remedy.start_min, remedy.code, remedy.seat or 0))
        )

    def _place(self, case: Case) -> Column | None:
        return next(iter(self.pricer.price([case], stubborn=True)), None)

    def _remedy(
        self, case: Case, column: Column | None, code: str, seat: int | None = None, **params: object
    ) -> list[Remedy]:
        if column is None:
            return []
        late = objectives.days_late(case, column.start_min)
        return [Remedy(code=code, start_min=column.start_min, days_late=late, seat=seat, params=params)]

    def _relaxed_seats(self, case: Case) -> Iterator[Remedy]:
        for seat in case.seats:
            for relaxed in seat.relaxed:
                wider = replace(seat, candidates=tuple(dict.fromkeys((*seat.candidates, *relaxed.candidates))))
                seats = tuple(wider if s.id == seat.id else s for s in case.seats)
                yield from self._remedy(
                    case, self._place(replace(case, seats=seats)), "relax_seat", seat.id, relaxed=relaxed.code
                )

    def _relaxed_room(self, case: Case) -> list[Remedy]:
        if not case.equipment:
            return []
        column = self._place(replace(case, equipment=frozenset()))
        return self._remedy(case, column, "relax_room", equipment=sorted(case.equipment))

    def _asked_experts(self, case: Case) -> Iterator[Remedy]:
        """One expert who comes although off duty."""
        windows = self.problem.team_of[case.team].windows
        for seat in case.seats:
            for expert in seat.candidates:
                with self.state.lent(expert, windows):
                    column = self._place(case)
                yield from self._remedy(case, column, "ask_expert", seat.id, expert=expert)


def smallest_cover(universe: int, killers: list[Killer]) -> list[Killer]:
    """The fewest killers that together kill every start; greedy beyond four."""
    useful = [k for k in killers if k.kills & universe]
    for size in range(1, MOST_REASONS + 1):
        for chosen in combinations(useful, size):
            if not universe & ~reduce(or_, (k.kills for k in chosen)):
                return list(chosen)
    chosen_list, rest = [], universe
    while rest and useful:
        best = max(useful, key=lambda k: (k.kills & rest).bit_count())
        chosen_list.append(best)
        useful.remove(best)
        rest &= ~best.kills
    return chosen_list
