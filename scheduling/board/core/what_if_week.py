"""One change by hand, as values: the sessions that it touches before and after, with people on every seat. Pure.

Who sits at the table stays wherever they are free; a seat whose person is not free goes to somebody else who is, by
a matching, and stays open where nobody is. Nothing is judged here: the rules do that (`severity`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from scheduling.solver.columns.column import layout
from scheduling.solver.core import presence
from scheduling.solver.core.plan import PlannedCase, PlannedSession
from scheduling.solver.core.problem import Case, Problem, Seat, Span
from scheduling.solver.core.timeline import State

VIDEO = "video"
ANY_ROOM = -1
"""Asks for the tightest room that fits; None is a session by video."""

Able = Callable[[int], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where something shall go: into a session, or at a start of its own in a room."""

    session: int | None = None
    start_min: int | None = None
    room: int | None = ANY_ROOM


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A change that is not written yet. A session without cases is gone."""

    before: tuple[PlannedSession, ...]
    after: tuple[PlannedSession, ...]

    @property
    def cases(self) -> set[int]:
        """The cases whose start, session or room differ."""
        places = [
            {(item.case, item.start_min, session.id, session.room) for session in side for item in session.cases}
            for side in (self.before, self.after)
        ]
        return {case for case, *_ in places[0] ^ places[1]}


class WhatIfWeek:
    """A week that a coordinator may edit in memory: every session may be moved, the confirmed ones too."""

    def __init__(self, problem: Problem) -> None:
        sessions = (*problem.fixed, *problem.previous)
        self.problem = replace(problem, fixed=(), previous=sessions)
        self.sessions = {session.id: session for session in sessions}
        self.state = State(self.problem, sessions)
        self.broken: frozenset[str] | None = None
        self.where = {item.case: session.id for session in sessions for item in session.cases}

    # What may be changed -----------------------------------------------------------------------------------------

    def move_case(self, case: int, target: Target) -> Draft:
        """Into a session, or into one of its own; whatever it leaves stays as it is."""
        origin = self.sessions.get(self.where.get(case, 0))
        keep = _item(origin, case) if origin else None
        rest = without(self.problem, origin, case) if origin else None
        base = self._base(case, target, rest, origin)
        touched = [session for session in (origin, self.sessions.get(base.id)) if session is not None]
        with _lifted(self.state, touched):
            starts = [target.start_min] if target.start_min is not None else list(gaps(self.problem, base, case))
            joined = min(
                (self._joined(base, case, start, keep) for start in starts),
                key=lambda session: len(self._open(session, case)),
            )
            if joined.room == ANY_ROOM:
                joined = replace(joined, room=self.room_for(joined))
        after = {rest.id: rest} if rest is not None and rest.cases else {}
        before = {session.id: session for session in touched}
        return Draft(before=tuple(before.values()), after=tuple((after | {joined.id: joined}).values()))

    def take_off(self, case: int) -> Draft:
        origin = self.sessions[self.where[case]]
        rest = without(self.problem, origin, case)
        return Draft(before=(origin,), after=(rest,) if rest.cases else ())

    def move_session(self, ident: int, target: Target) -> Draft:
        """All cases with their order and gaps, to another start or room."""
        old = self.sessions[ident]
        shift = (old.start_min if target.start_min is None else target.start_min) - old.start_min
        room = old.room if target.room == ANY_ROOM and not shift else target.room
        moved = replace(old, start_min=old.start_min + shift, end_min=old.end_min + shift, room=room, cases=())
        with _lifted(self.state, [old]):
            for item in old.cases:
                moved = self._joined(moved, item.case, item.start_min + shift, item)
            if moved.room == ANY_ROOM:
                moved = replace(moved, room=self.room_for(moved))
        return Draft(before=(old,), after=(moved,))

    def put_back(self, before: Iterable[PlannedSession], after: Iterable[PlannedSession]) -> Draft:
        """The reverse of an earlier change; `after` is what stands there now. A session that is gone is a new one."""
        now = tuple(after)
        known = {session.id for session in now}
        back = (s if s.id in known else replace(s, id=self.state.new_id()) for s in before)
        return Draft(before=now, after=tuple(back))

    def seated_at(self, cases: Sequence[Case], starts: Sequence[int]) -> tuple[PlannedCase, ...]:
        """These cases at these starts in a session of their own, those who sat there before in their seats."""
        team = self.problem.team_of[cases[0].team]
        session = PlannedSession(
            id=0, team=team.id, site=team.site, room=None, start_min=starts[0], end_min=starts[0], cases=()
        )
        for case, start in zip(cases, starts, strict=True):
            origin = self.sessions.get(self.where.get(case.id, 0))
            session = self._joined(session, case.id, start, _item(origin, case.id))
        return tuple(_item(session, case.id) for case in cases)  # type: ignore[misc]  # each was just put there

    # Steps -------------------------------------------------------------------------------------------------------

    def _base(
        self, case: int, target: Target, rest: PlannedSession | None, origin: PlannedSession | None
    ) -> PlannedSession:
        """The session that takes the case in, without it."""
        if target.session is not None and target.session in self.sessions:
            same = origin is not None and origin.id == target.session
            return rest if same and rest is not None else self.sessions[target.session]
        team = self.problem.team_of[self.problem.case_of[case].team]
        start = target.start_min or 0
        alone = origin is not None and len(origin.cases) == 1  # then it is the same session, somewhere else
        ident = origin.id if alone and origin is not None else self.state.new_id()
        return PlannedSession(
            id=ident, team=team.id, site=team.site, room=target.room, start_min=start, end_min=start, cases=()
        )

    def _joined(self, base: PlannedSession, case: int, start: int, keep: PlannedCase | None) -> PlannedSession:
        wanted = self.problem.case_of[case]
        end = max(base.end_min, start + wanted.duration_min)
        begin = min(base.start_min, start)
        session = replace(base, start_min=begin, end_min=end)
        item = self._seated(session, wanted, start, keep)
        cases = sorted((*base.cases, item), key=lambda one: (one.start_min, one.case))
        return replace(session, cases=tuple(cases))

    def _open(self, session: PlannedSession, case: int) -> list[Seat]:
        item = _item(session, case)
        return [seat for seat in self.problem.case_of[case].seats if item is None or seat.id not in item.seats]

    def _seated(self, session: PlannedSession, case: Case, start: int, keep: PlannedCase | None) -> PlannedCase:
        """Within everybody's caps if it can be, else beyond them: the rules will say so."""
        stays = presence.stretches(self.problem, session)
        span = (start, start + case.duration_min)

        def able(expert: int) -> bool:
            return self._free(session, stays, expert, span, case) and self._in_caps(session, stays, expert, span)

        def able_beyond(expert: int) -> bool:
            return self._free(session, stays, expert, span, case)

        seats = dict(keep.seats) if keep else {}
        optional = dict(keep.optional) if keep else {}
        held = {place: expert for place, expert in seats.items() if able_beyond(expert)}
        busy = self.state.minutes
        order = sorted(
            {expert for seat in case.seats for expert in seat.candidates},
            key=lambda e: (e not in stays, self.problem.expert_of[e].load_min + busy.get(e, 0), e),
        )
        taken = match(case.seats, held, order, able)
        taken = match(case.seats, taken, order, able_beyond)
        used = set(taken.values())
        stay = {p: e for p, e in optional.items() if e not in used and able_beyond(e)}
        return PlannedCase(case=case.id, start_min=start, seats=taken, optional=stay)

    def _free(self, session: PlannedSession, stays: Mapping[int, Span], expert: int, span: Span, case: Case) -> bool:
        site = session.site
        if not case.remote_ok and not self.problem.on_site(expert, site):
            return False
        begin, end = _whole(stays.get(expert), span)
        return bool(self.state.expert_starts(expert, site, end - begin) >> begin // self.problem.grain_min & 1)

    def _in_caps(self, session: PlannedSession, stays: Mapping[int, Span], expert: int, span: Span) -> bool:
        begin, end = _whole(stays.get(expert), span)
        k = session.start_min // self.problem.grain_min
        return bool(self.state.cap_starts(expert, end - begin) >> k & 1)

    def room_for(self, session: PlannedSession) -> int | None:
        """The tightest free room with what the cases and people need; the first of the site where none is."""
        problem, cases = self.problem, [self.problem.case_of[item.case] for item in session.cases]
        needs = frozenset().union(*(case.equipment for case in cases))
        on_site = [expert for expert in session.people() if problem.on_site(expert, session.site)]
        if len(on_site) < len(session.people()):
            needs |= {VIDEO}
        minutes, k = session.end_min - session.start_min, session.start_min // problem.grain_min
        rooms = [room for room in problem.rooms if room.site == session.site]
        rooms.sort(key=lambda room: (room.capacity, len(room.equipment), room.id))
        fitting = [room for room in rooms if needs <= room.equipment and room.capacity >= len(on_site)]
        free = [room.id for room in fitting if self.state.room_starts(room.id, minutes) >> k & 1]
        return next(iter([*free, *(room.id for room in fitting), *(room.id for room in rooms)]), None)


@dataclass(slots=True)
class _lifted:  # noqa: N801  reads as what it does: with _lifted(state, sessions)
    """The state without these sessions, for as long as one looks for a new place."""

    state: State
    sessions: Iterable[PlannedSession]
    taken: list[PlannedSession] = field(default_factory=list)

    def __enter__(self) -> None:
        self.taken = [self.state.remove(ident) for ident in {session.id for session in self.sessions}]

    def __exit__(self, *_: object) -> None:
        for session in self.taken:
            self.state.add(session)


def match(seats: Iterable[Seat], held: Mapping[int, int], order: Iterable[int], able: Able) -> dict[int, int]:
    """Seat -> expert: as many seats as possible, those `held` kept unless an open seat can be filled no other way."""
    wanted = list(seats)
    people = list(order)
    holder = {expert: place for place, expert in held.items()}
    of_place = {seat.id: seat for seat in wanted}

    def fill(seat: Seat, asked: set[int]) -> bool:
        fitting = [e for e in people if e in seat.candidates and e not in asked and able(e)]
        for expert in sorted(fitting, key=lambda e: e in holder):  # stable: whoever sits nowhere yet comes first
            asked.add(expert)
            if expert not in holder or fill(of_place[holder[expert]], asked):
                holder[expert] = seat.id
                return True
        return False

    for seat in wanted:
        if seat.id not in holder.values():
            fill(seat, set())
    return {place: expert for expert, place in sorted(holder.items(), key=lambda pair: pair[1])}


def without(problem: Problem, session: PlannedSession, case: int) -> PlannedSession:
    """The session without a case. The others keep their starts; its end comes to the end of what is left."""
    rest = tuple(item for item in session.cases if item.case != case)
    end = max((item.start_min + problem.case_of[item.case].duration_min for item in rest), default=session.end_min)
    last = max((item.start_min for item in session.cases), default=0)
    was_last = any(item.case == case and item.start_min == last for item in session.cases)
    return replace(session, cases=rest, end_min=end if was_last else session.end_min)


def gaps(problem: Problem, session: PlannedSession, case: int) -> Iterator[int]:
    """Where the case could start in this session: in its gaps, then after its last case."""
    minutes, grain = problem.case_of[case].duration_min, problem.grain_min
    free = session.start_min
    for item in sorted(session.cases, key=lambda item: item.start_min):
        start = -(-free // grain) * grain
        if start + minutes <= item.start_min:
            yield start
        free = max(free, item.start_min + problem.case_of[item.case].duration_min)
    yield session.start_min + layout(problem, [problem.case_of[case]], replace(session, end_min=free)).offsets[0]


def _item(session: PlannedSession | None, case: int) -> PlannedCase | None:
    return next((item for item in session.cases if item.case == case), None) if session else None


def _whole(stay: Span | None, span: Span) -> Span:
    return (min(stay[0], span[0]), max(stay[1], span[1])) if stay else span
