"""The variables of the exact model: intervals over minutes, for CP-SAT.

    placed[c], start[c]      case c is discussed, from this minute
    member[c, k]             case c belongs to session k; a session is named by its first case in the list, or is fixed
    first[k], last[k]        the session's start and end; live[k] = it takes place
    room[k, r]               it takes place in room r; no room at all is allowed where nobody is on site
    fills[c, p, e]           expert e fills place p (a seat or an optional place) of case c
    attends[e, k]            with the presence from come[e, k] to go[e, k]

With `meetings` given, who meets with whom and in which window is decided already, and every case is placed: what is
left are minutes, rooms and people. The rules stand in `exact.rules`, the goals in `exact.goals`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scheduling.solver.core.plan import PlannedSession
from scheduling.solver.core.problem import Case, Problem, Span
from scheduling.solver.core.timeline import Starts, bits, within


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """Cases that share a session within one window, or are added to a confirmed one; each starts by its `latest`.

    `apart` leaves open how many sessions they share.
    """

    team: int
    cases: tuple[int, ...]
    window: Span
    latest: Mapping[int, int]
    base: int | None = None
    apart: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A session that may come about: led by a case, or fixed."""

    team: int
    site: int
    windows: tuple[Span, ...]
    lead: int | None = None
    fixed: PlannedSession | None = None
    cases: frozenset[int] | None = None

    def near(self, spans: Iterable[Span]) -> list[Span]:
        """Those that overlap a window of this session."""
        return [(a, b) for a, b in spans if any(a < y and x < b for x, y in self.windows)]


def only(problem: Problem, meetings: Sequence[Meeting]) -> Problem:
    """The problem of these meetings and the confirmed sessions alone."""
    kept = {item.case for session in problem.fixed for item in session.cases}
    kept |= {case for meeting in meetings for case in meeting.cases}
    return replace(
        problem,
        cases=tuple(case for case in problem.cases if case.id in kept),
        pins=tuple(choice for choice in problem.pins if choice.case in kept),
        forbidden=tuple(choice for choice in problem.forbidden if choice.case in kept),
    )


class Exact:
    """Variables; `post` adds the constraints on them."""

    def __init__(self, problem: Problem, cp_model: Any, meetings: Sequence[Meeting] | None = None) -> None:
        self.problem, self.cp = problem if meetings is None else only(problem, meetings), cp_model
        self.model = cp_model.CpModel()
        self.starts = Starts(self.problem)
        self.fixed_items = {item.case: (s, item) for s in problem.fixed for item in s.cases}
        self.by_case = {case: meeting for meeting in meetings or () for case in meeting.cases}
        self.slots = [self._fixed_slot(s, meetings) for s in problem.fixed]
        if meetings is None:
            self.slots += [self._slot(case) for case in problem.cases if case.id not in self.fixed_items]
        else:
            self.slots += [slot for meeting in meetings if meeting.base is None for slot in self._given(meeting)]
        self._cases()
        self._sessions()
        self._people()

    def _fixed_slot(self, session: PlannedSession, meetings: Sequence[Meeting] | None) -> Slot:
        windows = self.problem.team_of[session.team].windows
        if meetings is None:
            return Slot(team=session.team, site=session.site, windows=windows, fixed=session)
        cases = frozenset(case for meeting in meetings if meeting.base == session.id for case in meeting.cases)
        around = tuple((a, b) for a, b in windows if a <= session.start_min < b)
        return Slot(team=session.team, site=session.site, windows=around, fixed=session, cases=cases)

    def _slot(self, case: Case) -> Slot:
        team = self.problem.team_of[case.team]
        return Slot(team=team.id, site=team.site, windows=team.windows, lead=case.id)

    def _given(self, meeting: Meeting) -> list[Slot]:
        team, cases = self.problem.team_of[meeting.team], frozenset(meeting.cases)
        leads = [case.id for case in self.problem.cases if case.id in cases]
        slot = Slot(team=team.id, site=team.site, windows=(meeting.window,), cases=cases)
        return [replace(slot, lead=lead) for lead in (leads if meeting.apart else leads[:1])]

    def flag(self) -> Any:
        return self.model.new_bool_var("")

    def minute(self) -> Any:
        return self.model.new_int_var(0, self.problem.horizon_min, "")

    def _cases(self) -> None:
        """placed, start, member."""
        self.placed, self.start, self.member = {}, {}, {}
        self.values: dict[int, list[int]] = {}
        order = {case.id: i for i, case in enumerate(self.problem.cases)}
        for case in self.problem.cases:
            fixed = self.fixed_items.get(case.id)
            given = fixed is not None or case.id in self.by_case
            self.placed[case.id] = self.model.new_constant(1) if given else self.flag()
            values = self.values[case.id] = [fixed[1].start_min] if fixed else self._minutes(case)
            self.start[case.id] = self.model.new_int_var_from_domain(self.cp.Domain.from_values(values or [0]), "")
            if not values:
                self.model.add(self.placed[case.id] == 0)
            for k, slot in enumerate(self.slots):
                own = slot.fixed is fixed[0] if fixed else slot.team == case.team
                own = own and (fixed is not None or slot.cases is None or case.id in slot.cases)
                if own and (slot.lead is None or order[slot.lead] <= order[case.id]):
                    self.member[case.id, k] = self.flag()
            self.model.add(sum(self.member[case.id, k] for k in self.slots_of(case)) == self.placed[case.id])

    def _minutes(self, case: Case) -> list[int]:
        mask, meeting = self.starts.allowed[case.id], self.by_case.get(case.id)
        if meeting is not None:
            begin, end = meeting.window
            mask &= within(begin, min(end - case.duration_min, meeting.latest[case.id]) + 1, self.starts.grain)
        return [k * self.starts.grain for k in bits(mask)]

    def slots_of(self, case: Case) -> list[int]:
        return [k for k in range(len(self.slots)) if (case.id, k) in self.member]

    def cases_of(self, k: int) -> list[Case]:
        return [case for case in self.problem.cases if (case.id, k) in self.member]

    def _sessions(self) -> None:
        """live, first, last, length, room."""
        self.live, self.first, self.last, self.length, self.room = [], [], [], [], {}
        for k, slot in enumerate(self.slots):
            self.live.append(self.member[slot.lead, k] if slot.lead is not None else self.model.new_constant(1))
            self.first.append(self.minute())
            self.last.append(self.minute())
            self.length.append(self.model.new_int_var(0, self.problem.max_session_min, ""))
            for case in self.cases_of(k):
                if case.id != slot.lead:
                    self.model.add_implication(self.member[case.id, k], self.live[k])
            for room in self.problem.rooms:
                if room.site == slot.site and slot.near(room.free):
                    self.room[k, room.id] = self.flag()
                    self.model.add_implication(self.room[k, room.id], self.live[k])
            self.model.add_at_most_one(self.rooms_of(k).values())

    def rooms_of(self, k: int) -> dict[int, Any]:
        return {room: flag for (slot, room), flag in self.room.items() if slot == k}

    def _people(self) -> None:
        """fills, at, attends, come, go."""
        self.fills, self.at = {}, {}
        for case in self.problem.cases:
            by_expert: dict[int, list[Any]] = defaultdict(list)
            for kind, places in (("seat", case.seats), ("optional", case.optional)):
                for place in places:
                    for expert in dict.fromkeys(place.candidates):
                        if self._ever(case, expert):
                            fills = self.fills[case.id, kind, place.id, expert] = self.flag()
                            by_expert[expert].append(fills)
            for expert, flags in by_expert.items():
                self.at[case.id, expert] = self.flag()
                self.model.add(sum(flags) == self.at[case.id, expert])  # one place at most: `seat_distinct`
        self.attends: dict[Span, Any] = {}
        self.come: dict[Span, Any] = {}
        self.go: dict[Span, Any] = {}
        self.minutes: dict[Span, Any] = {}
        self.together: dict[tuple[int, int, int], Any] = {}
        for k in range(len(self.slots)):
            self._attend(k)

    def _ever(self, case: Case, expert: int) -> bool:
        """Whether the expert is on duty at some start of the case; a mere shortcut to a smaller model."""
        times, minutes = self.values[case.id], case.duration_min
        return any(a <= minute <= b - minutes for a, b in self.problem.expert_of[expert].free for minute in times)

    def _attend(self, k: int) -> None:
        there: dict[int, list[Any]] = defaultdict(list)
        for case in self.cases_of(k):
            for expert in [e for c, e in self.at if c == case.id]:
                both = self.together[case.id, expert, k] = self.flag()
                at, member = self.at[case.id, expert], self.member[case.id, k]
                self.model.add_bool_and([at, member]).only_enforce_if(both)
                self.model.add_bool_or([at.negated(), member.negated(), both])
                there[expert].append(both)
        for expert, flags in there.items():
            attends = self.attends[expert, k] = self.flag()
            self.model.add_max_equality(attends, flags)
            self.come[expert, k], self.go[expert, k] = self.minute(), self.minute()
            self.minutes[expert, k] = self.model.new_int_var(0, self.problem.max_session_min, "")
            self.model.add(self.come[expert, k] + self.minutes[expert, k] == self.go[expert, k])
            for case in self.cases_of(k):
                both = self.together.get((case.id, expert, k))
                if both is not None:
                    self.model.add(self.come[expert, k] <= self.start[case.id]).only_enforce_if(both)
                    self.model.add(self.go[expert, k] >= self.start[case.id] + case.duration_min).only_enforce_if(both)

    def inside(self, spans: Iterable[Span], begin: Any, end: Any, when: Any) -> list[Any]:
        """`[begin, end)` lies in one of the intervals; answers which."""
        chosen = []
        for a, b in spans:
            here = self.flag()
            self.model.add(begin >= a).only_enforce_if(here)
            self.model.add(end <= b).only_enforce_if(here)
            chosen.append(here)
        self.model.add_bool_or([*chosen, when.negated()])
        return chosen

    def on_site(self, k: int, here: bool = True) -> dict[int, Any]:
        site = self.slots[k].site
        return {e: a for (e, slot), a in self.attends.items() if slot == k and self.problem.on_site(e, site) == here}
