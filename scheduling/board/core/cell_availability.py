"""Where on the board a case or a session could go: every cell and session, free or not, with the reason. Pure.

Cells are judged by masks of starts (solver.timeline), stage by stage, so that the stage which leaves no start is the
reason; sessions that a case could join are drawn and judged in full. What is called free here passes the check.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from scheduling.board.core import severity
from scheduling.board.core.severity import NO_GOALS, SEVERITIES, Severity
from scheduling.board.core.what_if_week import ANY_ROOM, Target, WhatIfWeek, without
from scheduling.solver.core import presence
from scheduling.solver.core.plan import Plan, PlannedCase, PlannedSession
from scheduling.solver.core.problem import Case, Room
from scheduling.solver.core.timeline import bits
from scheduling.solver.rules.registry import RULES, Board, Violation

TRIES = 4
NEW = 0
CAPS = ("cap_day", "cap_week", "cap_minutes")


@dataclass(frozen=True, slots=True, kw_only=True)
class CellVerdict:
    """`level` IGNORE means free; else `code` and `params` say why not. `start_min` is the best start."""

    level: Severity
    start_min: int | None = None
    code: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedCases:
    """What is carried: cases with their offsets, and the whole length."""

    cases: tuple[Case, ...]
    offsets: tuple[int, ...]
    length: int
    session: int | None = None

    @property
    def team(self) -> int:
        return self.cases[0].team

    @property
    def last_start(self) -> int:
        """The latest start that keeps all limits."""
        return min(case.due_min - offset for case, offset in zip(self.cases, self.offsets, strict=True))


class CellAvailability:
    """All places of one week for one load; its own session, if it has one, is lifted off the board."""

    def __init__(self, what_if: WhatIfWeek, load: MovedCases) -> None:
        self.what_if, self.load, self.problem = what_if, load, what_if.problem
        self.grain, self.starts = what_if.problem.grain_min, what_if.state.starts
        lifted = load.session if load.session is not None else self._alone()
        if lifted is not None:
            what_if.state.remove(lifted)

    def _alone(self) -> int | None:
        """The session that a single case would take along."""
        ident = self.what_if.where.get(self.load.cases[0].id)
        return ident if ident is not None and len(self.what_if.sessions[ident].cases) == 1 else None

    # Cells -------------------------------------------------------------------------------------------------------

    def cell(self, room: int | None, day: int) -> CellVerdict | None:
        """A room (None: by video, ANY_ROOM: whichever fits) on a day; None where the day is over."""
        left = self.starts.days[day] & self.starts.times(self.problem.now_min, None)
        if not left:
            return None
        for code, params, mask in self._stages(room):
            if not left & mask:
                return CellVerdict(level=Severity.BLOCK, code=code, params=params)
            left &= mask
        return self._best(left)

    def _best(self, mask: int) -> CellVerdict:
        """The earliest start at which everybody can sit; on time if it can be, and within everybody's caps."""
        cut = (1 << max(0, self.load.last_start // self.grain + 1)) - 1
        beyond: CellVerdict | None = None
        for start, seated in self._seatings(mask & cut):
            broken = self._cap_broken(start, seated)
            if broken is None:
                return CellVerdict(level=Severity.IGNORE, start_min=start)
            beyond = beyond or CellVerdict(
                level=SEVERITIES[broken.code], start_min=start, code=broken.code, params=broken.params
            )
        if beyond is not None:
            return beyond
        for start, _seated in self._seatings(mask & ~cut):
            return CellVerdict(level=Severity.WARN, start_min=start, code="late", params={"due": self.load.last_start})
        return CellVerdict(level=Severity.BLOCK, code="seats_together")

    def _seatings(self, mask: int) -> Iterator[tuple[int, tuple[PlannedCase, ...]]]:
        """The first starts of some open stretches at which every seat can be filled, and by whom."""
        for tried, k in enumerate(bits(mask & ~(mask << 1))):
            start = k * self.grain
            draft = self.what_if.seated_at(self.load.cases, [start + offset for offset in self.load.offsets])
            if all(len(item.seats) == len(case.seats) for item, case in zip(draft, self.load.cases, strict=True)):
                yield start, draft
            if tried == TRIES:
                return

    def _cap_broken(self, start: int, seated: Sequence[PlannedCase]) -> Violation | None:
        """The first personal cap that these people would break by being there, as the rules say it."""
        team = self.problem.team_of[self.load.team]
        session = PlannedSession(
            id=NEW,
            team=team.id,
            site=team.site,
            room=None,
            start_min=start,
            end_min=start + self.load.length,
            cases=tuple(seated),
        )
        stays = tuple(presence.presences(self.problem, session))
        k = start // self.grain
        if all(self.what_if.state.cap_starts(stay.expert, stay.minutes) >> k & 1 for stay in stays):
            return None
        board = Board(self.problem, Plan(status="feasible", goals=NO_GOALS, sessions=(session,), unplaced=()))
        for stay in stays:
            board.by_expert[stay.expert] = [*self._elsewhere(stay.expert), stay]
        found = (one for cap in CAPS for one in RULES[cap](board))
        return next((one for one in found if str(one) not in severity.broken_before(self.what_if)), None)

    def _elsewhere(self, expert: int) -> Iterator[presence.Presence]:
        """Where they are apart from what is carried: a case that leaves its session may free them there."""
        origin = self.what_if.where.get(self.load.cases[0].id)
        for stay in self.what_if.state.stays(expert):
            if stay.session != origin:
                yield stay
        if origin in self.what_if.state.sessions:
            rest = without(self.problem, self.what_if.sessions[origin], self.load.cases[0].id)
            yield from (stay for stay in presence.presences(self.problem, rest) if stay.expert == expert)

    def _stages(self, room: int | None) -> Iterator[tuple[str, Mapping[str, Any], int]]:
        yield from self._room_stages(room)
        yield "team", {"team": self.load.team}, self.what_if.state.team_starts(self.load.team, self.load.length)
        for case, offset in zip(self.load.cases, self.load.offsets, strict=True):
            yield "reserved_time", {"case": case.id}, self.starts.allowed[case.id] >> offset // self.grain
        yield from self._seat_stages

    def _room_stages(self, room: int | None) -> Iterator[tuple[str, Mapping[str, Any], int]]:
        if room is None:
            remote = all(case.remote_ok for case in self.load.cases)
            yield "remote", {}, -1 if remote and self._nobody_on_site else 0
            return
        rooms = self._fitting if room == ANY_ROOM else [self.problem.room_of[room]]
        lacking = self._needs - rooms[0].equipment if rooms else self._needs
        yield "room_equipment", {"equipment": ", ".join(sorted(lacking))}, 0 if lacking else -1
        free = 0
        for one in rooms:
            free |= self.what_if.state.room_starts(one.id, self.load.length)
        yield "room", {}, free

    @cached_property
    def _needs(self) -> frozenset[str]:
        return frozenset().union(*(case.equipment for case in self.load.cases))

    @cached_property
    def _fitting(self) -> list[Room]:
        site = self.problem.team_of[self.load.team].site
        return [room for room in self.problem.rooms if room.site == site and self._needs <= room.equipment]

    @cached_property
    def _nobody_on_site(self) -> bool:
        """Whether every seat has somebody who attends by video."""
        site = self.problem.team_of[self.load.team].site
        return all(
            any(not self.problem.on_site(expert, site) for expert in seat.candidates)
            for case in self.load.cases
            for seat in case.seats
        )

    @cached_property
    def _seat_stages(self) -> list[tuple[str, Mapping[str, Any], int]]:
        site = self.problem.team_of[self.load.team].site
        found: list[tuple[str, Mapping[str, Any], int]] = []
        for case, offset in zip(self.load.cases, self.load.offsets, strict=True):
            for seat in case.seats:
                mask = 0
                for expert in seat.candidates:
                    if case.remote_ok or self.problem.on_site(expert, site):
                        mask |= self.what_if.state.expert_starts(expert, site, case.duration_min)
                found.append(("seat", {"discipline": seat.discipline}, mask >> offset // self.grain))
        return found


def join(what_if: WhatIfWeek, case: int, session: int) -> CellVerdict:
    """A case in an existing session, judged in full."""
    draft = what_if.move_case(case, Target(session=session))
    start = next(i.start_min for one in draft.after for i in one.cases if i.case == case)
    found = severity.judge(what_if, draft)
    if not found:
        return CellVerdict(level=Severity.IGNORE, start_min=start)
    return CellVerdict(level=SEVERITIES[found[0].code], start_min=start, code=found[0].code, params=found[0].params)


def load_of_case(what_if: WhatIfWeek, case: int) -> MovedCases:
    one = what_if.problem.case_of[case]
    return MovedCases(cases=(one,), offsets=(0,), length=one.duration_min)


def load_of_session(what_if: WhatIfWeek, ident: int) -> MovedCases:
    session = what_if.sessions[ident]
    return MovedCases(
        cases=tuple(what_if.problem.case_of[item.case] for item in session.cases),
        offsets=tuple(item.start_min - session.start_min for item in session.cases),
        length=session.end_min - session.start_min,
        session=ident,
    )
