"""Why a case has no place, and what would help.

Every start at which the case could be discussed is killed by at least one reason: no room, room booked, team busy,
a seat off duty, busy or at its cap, a pin or ban, or two seats that need one person. The smallest set of reasons that
together kill all starts (a hitting set) is the explanation; one after the other they are a funnel. What is not there at
all (nobody for a seat, no room, no hours) is the whole explanation by itself. What would help is tried for real, one
change at a time. A case that has a place, but late, is looked at as if it had none yet.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import combinations, islice
from operator import or_

from scheduling.solver.columns.column import Column, Layout
from scheduling.solver.columns.groups import Group
from scheduling.solver.columns.pricing import Pricer
from scheduling.solver.core import objectives
from scheduling.solver.core.plan import Plan, PlannedSession, Reason
from scheduling.solver.core.problem import Case, Problem, Seat
from scheduling.solver.core.timeline import State, bits, starts
from scheduling.solver.explain import earliest_slots

MOST_REASONS = 4
MERGED = {"seat_off_duty", "seat_busy", "seat_at_cap"}
MOST_TRIED = 300
MOST_TIME_REQUESTS = 4
ORDER = (
    "open_place",
    "drop_constraints",
    "ask_expert",
    "relax_remote",
    "relax_room",
    "move_others",
    "relax_seat",
    "open_block",
)
"""Of two changes that help as soon, the smaller one for people comes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """One change that gives the case a place, or an earlier one; its code is one of ORDER."""

    code: str
    start_min: int
    end_min: int
    days_late: int
    seat: int | None = None
    params: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    case: int
    reasons: tuple[Reason, ...]
    remedies: tuple[Remedy, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """A reason with the starts that it rules out, as a mask."""

    reason: Reason
    blocks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One rule of the funnel: how many starts it removed of those that the rules before it had left."""

    reason: Reason
    removed: int
    left: int


def explain(problem: Problem, plan: Plan, case_id: int) -> Explanation:
    """Reasons and remedies of one unplaced case; both empty for a case that has a place."""
    explainer = Explainer(problem, plan)
    if case_id in explainer.state.placed:
        return Explanation(case=case_id, reasons=())
    return Explanation(case=case_id, reasons=explainer.reasons(case_id), remedies=explainer.remedies(case_id))


class Explainer:
    """Explains many cases of one plan: the state is built once. `late` (a case) is taken out of its session."""

    def __init__(self, problem: Problem, plan: Plan, *, late: int | None = None) -> None:
        self.problem = problem
        self.plan = plan if late is None else replace(plan, sessions=without(problem, plan.sessions, late))
        self.state = State(problem, self.plan.sessions)
        self.pricer = Pricer(state=self.state, tries=8)

    def reasons(self, case_id: int, *, until: int | None = None) -> tuple[Reason, ...]:
        """Why no start does; with `until`, why none up to that minute. What is not there at all is said alone."""
        case = self.problem.case_of[case_id]
        if missing := tuple(self.missing(case)):
            return missing
        group = Group(self.pricer, [case])
        plan = group.plan
        if not group.fits:
            return (Reason(code="case_too_long", params={"minutes": plan.length}),)
        windows = self._starts(self.problem.team_of[case.team].windows, plan.length)
        possible = windows & self.state.starts.permitted(case) & self._up_to(until)
        if not possible:
            return (self._no_time(case, windows, until),)
        blockers = [blocker for blocker in self._blockers(case, plan, possible) if blocker.blocks]
        alive = possible & ~reduce(or_, (blocker.blocks for blocker in blockers), 0)
        if alive:
            blockers += self._people_blocker(group, alive)
            if blockers[-1].reason.code == "place_missed":
                return (blockers[-1].reason,)
        return self._named(case, smallest_cover(possible, blockers))

    def funnel(self, case_id: int, *, until: int | None = None) -> tuple[Step, ...]:
        """The rules in their order, each with the starts that it removed; a limit comes last."""
        case = self.problem.case_of[case_id]
        group = Group(self.pricer, [case])
        left = self._starts(self.problem.team_of[case.team].windows, group.plan.length)
        steps = [Step(reason=Reason(code="team_meets", params={"team": case.team}), removed=0, left=left.bit_count())]
        early = left & ~self.state.starts.permitted(case)
        blockers = [Blocker(reason=Reason(code="too_early", params={"release": case.release_min}), blocks=early)]
        blockers += self._blockers(case, group.plan, left & ~early)
        for blocker in blockers:
            removed = left & blocker.blocks
            left &= ~removed
            steps.append(Step(reason=blocker.reason, removed=removed.bit_count(), left=left.bit_count()))
        crowded = self._crowded(group, left)
        left &= ~crowded
        share = Reason(code="seats_share_people", params={})
        steps.append(Step(reason=share, removed=crowded.bit_count(), left=left.bit_count()))
        if until is not None:
            over = left & ~self._up_to(until)
            limit = Reason(code="after_limit", params={"due": until, "first_free": self._first(over)})
            steps.append(Step(reason=limit, removed=over.bit_count(), left=(left & ~over).bit_count()))
        return tuple(steps)

    # What is not there at all ------------------------------------------------------------------------------------

    def missing(self, case: Case) -> Iterator[Reason]:
        """Nobody for a seat, no room, no hours: each alone rules out every start, and no other plan changes it."""
        team = self.problem.team_of[case.team]
        for seat in case.seats:
            params: dict[str, object] = {"discipline": seat.discipline, "case": case.id}
            if code := self._missing_people(seat):
                yield Reason(code=code, seat=seat.id, params=params)
        if not team.windows:
            yield Reason(code="team_never_meets", params={"team": team.id})
        elif self._needs_room(case):
            yield from self._missing_rooms(case, team.site)

    def _missing_people(self, seat: Seat) -> str:
        if not seat.candidates:
            return "seat_title" if seat.relaxed else "seat_nobody"
        anybody = any(self.problem.expert_of[expert].free for expert in seat.candidates)
        return "" if anybody else "seat_no_time"

    def _missing_rooms(self, case: Case, site: int) -> Iterator[Reason]:
        rooms = [room for room in self.problem.rooms if room.site == site]
        fitting = [room for room in rooms if case.equipment <= room.equipment]
        params: dict[str, object] = {"equipment": sorted(case.equipment)}
        if not rooms:
            yield Reason(code="no_room_exists", params={})
        elif not fitting:
            yield Reason(code="no_room_has", params=params)
        elif not any(room.free for room in fitting):
            yield Reason(code="room_never_open", params=params)

    def _crowded(self, group: Group, alive: int) -> int:
        """Starts that each rule alone lets through, but at which the people or rooms do not suffice together."""
        group.recruit()
        return sum(1 << k for k in islice(bits(alive), MOST_TRIED) if self.pricer.column_at(group, k) is None)

    def _first(self, mask: int) -> int | None:
        return next(bits(mask)) * self.problem.grain_min if mask else None

    def _up_to(self, until: int | None) -> int:
        return self.state.starts.times(None, None if until is None else until + 1)

    def _starts(self, spans: Iterable[tuple[int, int]], minutes: int) -> int:
        return starts(spans, minutes, self.problem.grain_min)

    def _no_time(self, case: Case, windows: int, until: int | None) -> Reason:
        if not windows:
            return Reason(code="team_never_meets", params={"team": case.team})
        earliest = max(case.release_min, self.problem.now_min)
        if until is not None and until < earliest:
            return Reason(code="limit_over", params={"due": until, "earliest": earliest})
        return Reason(code="no_time_allowed", params={"release": case.release_min, "team": case.team})

    def _blockers(self, case: Case, plan: Layout, possible: int) -> Iterator[Blocker]:
        team = self.problem.team_of[case.team]
        yield from self._time_blockers(case, possible)
        taken = possible & ~self.state.team_starts(team.id, plan.length)
        yield Blocker(reason=Reason(code="team_busy", params={"team": team.id}), blocks=taken)
        if self._needs_room(case):
            yield from self._room_blockers(case, plan, possible)
        for seat in case.seats:
            yield from self._seat_blockers(case, seat, possible)
        yield from self._pinned_people(case, possible)

    def _time_blockers(self, case: Case, possible: int) -> Iterator[Blocker]:
        times = self.state.starts.times
        for pin in self.problem.pins:
            if pin.case == case.id and (pin.from_min is not None or pin.to_min is not None):
                params = {"from": pin.from_min, "to": pin.to_min}
                blocks = possible & ~times(pin.from_min, pin.to_min)
                yield Blocker(reason=Reason(code="pin_time", params=params), blocks=blocks)
        for ban in self.problem.forbidden:
            if ban.case == case.id and ban.expert is None and ban.room is None:
                params = {"from": ban.from_min, "to": ban.to_min}
                blocks = possible & times(ban.from_min, ban.to_min)
                yield Blocker(reason=Reason(code="ban_time", params=params), blocks=blocks)

    def _needs_room(self, case: Case) -> bool:
        """A room may be missing only where each seat could be taken by somebody who attends remotely."""
        site = self.problem.team_of[case.team].site
        away = [any(not self.problem.on_site(e, site) for e in seat.candidates) for seat in case.seats]
        return not (case.remote_ok and all(away))

    def _room_blockers(self, case: Case, plan: Layout, possible: int) -> Iterator[Blocker]:
        rooms = self.pricer.rooms([case], self.problem.team_of[case.team].site)
        exists = reduce(or_, (self._starts(self.problem.room_of[r].free, plan.length) for r in rooms), 0)
        open_ = {room: self.state.room_starts(room, plan.length) for room in rooms}
        free = reduce(or_, open_.values(), 0)
        fitting = reduce(or_, (mask & ~self._barred(case, room=room) for room, mask in open_.items()), 0)
        params: dict[str, object] = {"equipment": sorted(case.equipment)}
        codes = ("no_room", "room_booked")
        if case.id in self.pricer.pinned_rooms and rooms:
            params, codes = {"room": rooms[0]}, ("pin_room_closed", "pin_room_booked")
        yield Blocker(reason=Reason(code=codes[0], params=params), blocks=possible & ~exists)
        yield Blocker(reason=Reason(code=codes[1], params=params), blocks=possible & exists & ~free)
        yield Blocker(reason=Reason(code="ban_room", params={}), blocks=possible & free & ~fitting)

    def _barred(self, case: Case, *, expert: int | None = None, room: int | None = None) -> int:
        """The starts at which a ban keeps this person, or this room, from the case."""
        bars = self.pricer.barred.get(case.id, ())
        return reduce(or_, (times for who, where, times in bars if (who, where) == (expert, room)), 0)

    def _pinned_people(self, case: Case, possible: int) -> Iterator[Blocker]:
        site, minutes = self.problem.team_of[case.team].site, case.duration_min
        for expert in self.pricer.pinned.get(case.id, ()):
            able = expert in self.pricer.people_of(case)
            open_ = self.state.open_starts(expert, site, minutes) if able else 0
            reason = Reason(code="pin_expert", params={"expert": expert})
            yield Blocker(reason=reason, blocks=possible & ~open_)

    def _seat_blockers(self, case: Case, seat: Seat, possible: int) -> Iterator[Blocker]:
        site, minutes = self.problem.team_of[case.team].site, case.duration_min
        able = [e for e in seat.candidates if self.pricer.attends(case, e, site)]
        duty = reduce(or_, (self._starts(self.problem.expert_of[e].free, minutes) for e in able), 0)
        free = {e: self.state.expert_starts(e, site, minutes) for e in able}
        idle = reduce(or_, free.values(), 0)
        open_ = reduce(or_, (mask & self.state.cap_starts(e, minutes) for e, mask in free.items()), 0)
        fit = reduce(or_, (self._unbarred(case, e, mask, minutes) for e, mask in free.items()), 0)
        params = {"discipline": seat.discipline, "case": case.id}
        for code, blocks in (
            ("seat_off_duty", possible & ~duty),
            ("seat_busy", possible & duty & ~idle),
            ("seat_at_cap", possible & idle & ~open_),
            ("ban_expert", possible & open_ & ~fit),
        ):
            yield Blocker(reason=Reason(code=code, seat=seat.id, params=params), blocks=blocks)

    def _unbarred(self, case: Case, expert: int, free: int, minutes: int) -> int:
        return free & self.state.cap_starts(expert, minutes) & ~self._barred(case, expert=expert)

    def _people_blocker(self, group: Group, alive: int) -> list[Blocker]:
        """Where each seat has somebody but not all have somebody of their own; or a place that the search missed."""
        group.recruit()
        missed = next((k for k in bits(alive) if self.pricer.column_at(group, k)), None)
        if missed is not None:
            reason = Reason(code="place_missed", params={"start": missed * self.problem.grain_min})
        else:
            reason = Reason(code="seats_share_people", params={"seats": [seat.id for seat in group.cases[0].seats]})
        return [Blocker(reason=reason, blocks=alive)]

    def _named(self, case: Case, chosen: list[Blocker]) -> tuple[Reason, ...]:
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
        able = [e for e in seat.candidates if self.pricer.attends(case, e, self.problem.team_of[case.team].site)]
        return self._first(reduce(or_, (self._free_from_release(case, e) for e in able), 0))

    def next_free(self, case_id: int, expert: int) -> int | None:
        """The first start at which this expert could come to the case."""
        return self._first(self._free_from_release(self.problem.case_of[case_id], expert))

    def _free_from_release(self, case: Case, expert: int) -> int:
        site, minutes = self.problem.team_of[case.team].site, case.duration_min
        later = self.state.starts.times(max(case.release_min, self.problem.now_min), None)
        return self.state.expert_starts(expert, site, minutes) & later

    # What would help ---------------------------------------------------------------------------------------------

    def remedies(self, case_id: int, *, before: int | None = None) -> tuple[Remedy, ...]:
        """Each single change that works, tried for real; least late first. With `before`, only what starts sooner."""
        case = self.problem.case_of[case_id]
        known = self._remedy(case, self._place(case), "open_place")
        found = [
            *self._without_constraints(case),
            *self._off_duty_experts(case),
            *self._relaxed_room(case),
            *self._relaxed_remote(case),
            *self._others_moved(case),
            *self._relaxed_seats(case),
            *self._extra_block(case),
        ]
        better = known + [one for one in found if not known or one.days_late < known[0].days_late]
        sooner = [remedy for remedy in better if before is None or remedy.start_min < before]
        return tuple(sorted(sooner, key=lambda one: (one.days_late, ORDER.index(one.code), one.start_min)))

    def _place(self, case: Case) -> Column | None:
        return next(iter(self.pricer.price([case], stubborn=True)), None)

    def _remedy(
        self, case: Case, column: Column | None, code: str, seat: int | None = None, **params: object
    ) -> list[Remedy]:
        if column is None:
            return []
        late = objectives.days_late(case, column.start_min)
        span = {"start_min": column.start_min, "end_min": column.end_min}
        return [Remedy(code=code, **span, days_late=late, seat=seat, params=params)]

    def _relaxed_seats(self, case: Case) -> Iterator[Remedy]:
        for seat in case.seats:
            for relaxed in seat.relaxed:
                wider = replace(seat, candidates=tuple(dict.fromkeys((*seat.candidates, *relaxed.candidates))))
                seats = tuple(wider if s.id == seat.id else s for s in case.seats)
                column = self._place(replace(case, seats=seats))
                who = column.items[0].seats[seat.id] if column else None
                yield from self._remedy(case, column, "relax_seat", seat.id, relaxed=relaxed.code, expert=who)

    def _relaxed_room(self, case: Case) -> list[Remedy]:
        if not case.equipment:
            return []
        column = self._place(replace(case, equipment=frozenset()))
        return self._remedy(case, column, "relax_room", equipment=sorted(case.equipment))

    def _relaxed_remote(self, case: Case) -> list[Remedy]:
        return [] if case.remote_ok else self._remedy(case, self._place(replace(case, remote_ok=True)), "relax_remote")

    def _off_duty_experts(self, case: Case) -> list[Remedy]:
        """One expert who comes although off duty; the few whose coming helps soonest."""
        return sorted(self._with_time_requests(case), key=lambda one: (one.days_late, one.start_min))[
            :MOST_TIME_REQUESTS
        ]

    def _with_time_requests(self, case: Case) -> Iterator[Remedy]:
        windows = self.problem.team_of[case.team].windows
        for expert in dict.fromkeys(expert for seat in case.seats for expert in seat.candidates):
            with self.state.lent(expert, windows):
                column = self._place(case)
            if column is not None and expert in column.items[0].people():
                seat = next((place for place, who in column.items[0].seats.items() if who == expert), None)
                yield from self._remedy(case, column, "ask_expert", seat, expert=expert)

    def _others_moved(self, case: Case) -> list[Remedy]:
        """One session that is not confirmed gives way, and its cases find another place in time."""
        gain = earliest_slots.gain(self.problem, self.plan, case)
        if gain is None:
            return []
        start = gain.slot.start_min
        span = {"start_min": start, "end_min": start + case.duration_min}
        late = objectives.days_late(case, start)
        return [Remedy(code="move_others", **span, days_late=late, params={"moved": len(gain.moved)})]

    def _without_constraints(self, case: Case) -> list[Remedy]:
        pins = tuple(pin for pin in self.problem.pins if pin.case != case.id)
        bans = tuple(ban for ban in self.problem.forbidden if ban.case != case.id)
        if (pins, bans) == (self.problem.pins, self.problem.forbidden):
            return []
        free = Explainer(replace(self.problem, pins=pins, forbidden=bans), self.plan)
        return self._remedy(case, free._place(case), "drop_constraints")

    def _extra_block(self, case: Case) -> list[Remedy]:
        """The team meets at a time at which it never does."""
        always = ((0, self.problem.horizon_min),)
        teams = tuple(replace(t, windows=always) if t.id == case.team else t for t in self.problem.teams)
        column = Explainer(replace(self.problem, teams=teams), self.plan)._place(case)
        windows = self.problem.team_of[case.team].windows
        if column is None or any(a <= column.start_min and column.end_min <= b for a, b in windows):
            return []
        return self._remedy(case, column, "open_block", team=case.team)


def without(problem: Problem, sessions: Sequence[PlannedSession], case: int) -> tuple[PlannedSession, ...]:
    """The sessions as if the case had no place: its own one gets shorter, or falls if no other case is in it."""
    left = []
    for session in sessions:
        items = tuple(item for item in session.cases if item.case != case)
        if items and len(items) < len(session.cases):
            ends = [item.start_min + problem.case_of[item.case].duration_min for item in items]
            starts_ = [item.start_min for item in items]
            session = replace(session, cases=items, start_min=min(starts_), end_min=max(ends))
        if items:
            left.append(session)
    return tuple(left)


def smallest_cover(universe: int, blockers: list[Blocker]) -> list[Blocker]:
    """The fewest killers that together kill every start; greedy beyond four."""
    useful = [k for k in blockers if k.blocks & universe]
    for size in range(1, MOST_REASONS + 1):
        for chosen in combinations(useful, size):
            if not universe & ~reduce(or_, (k.blocks for k in chosen)):
                return list(chosen)
    chosen_list, rest = [], universe
    while rest and useful:
        best = max(useful, key=lambda k: (k.blocks & rest).bit_count())
        chosen_list.append(best)
        useful.remove(best)
        rest &= ~best.blocks
    return chosen_list
