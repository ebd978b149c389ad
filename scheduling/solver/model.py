"""The exact model for small problems: intervals over minutes, solved by CP-SAT level by level until proven.

    placed[c], start[c]      case c is discussed, from this minute
    member[c, k]             case c belongs to session k; a session is named by its first case in the list, or is fixed
    first[k], last[k]        the session's start and end; live[k] = it takes place
    room[k, r]               it takes place in room r; no room at all is allowed where nobody is on site
    fills[c, p, e]           expert e fills place p (a seat or an optional place) of case c
    attends[e, k]            with the presence from come[e, k] to go[e, k]

One function per hard rule in `CONSTRAINTS`, under the codes of `rules.RULES`; rules that hold by construction (ids,
listing) have none. Breaks are not modelled: `fits` refuses such problems, and greedy and search handle them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from scheduling.solver import cpsat, objectives
from scheduling.solver.plan import Bound, Plan, PlannedCase, PlannedSession, Unplaced
from scheduling.solver.problem import Case, Choice, Problem, Span
from scheduling.solver.timeline import Starts, bits

MOST_CASES = 24
BY_CONSTRUCTION = {"unknown", "session_id", "unplaced_list", "case_once", "case_team", "session_empty", "session_site"}
NOT_MODELLED = {"break"}


def fits(problem: Problem) -> bool:
    weights = problem.weights
    return (
        len(problem.cases) <= MOST_CASES
        and not problem.break_after_min
        and weights.session_short <= weights.session_long
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A session that may come about: led by a case, or fixed."""

    team: int
    site: int
    lead: int | None = None
    fixed: PlannedSession | None = None


class Exact:
    """Variables and the constraints posted on them."""

    def __init__(self, problem: Problem, cp_model: Any) -> None:
        self.problem, self.cp = problem, cp_model
        self.model = cp_model.CpModel()
        self.starts = Starts(problem)
        self.fixed_items = {item.case: (s, item) for s in problem.fixed for item in s.cases}
        self.slots = [Slot(team=s.team, site=s.site, fixed=s) for s in problem.fixed]
        for case in problem.cases:
            if case.id not in self.fixed_items:
                self.slots.append(Slot(team=case.team, site=problem.team_of[case.team].site, lead=case.id))
        self._cases()
        self._sessions()
        self._people()
        for constrain in dict.fromkeys(CONSTRAINTS.values()):
            constrain(self)

    def flag(self) -> Any:
        return self.model.new_bool_var("")

    def minute(self) -> Any:
        return self.model.new_int_var(0, self.problem.horizon_min, "")

    def _cases(self) -> None:
        """placed, start, member."""
        self.placed, self.start, self.member = {}, {}, {}
        order = {case.id: i for i, case in enumerate(self.problem.cases)}
        for case in self.problem.cases:
            fixed = self.fixed_items.get(case.id)
            self.placed[case.id] = self.flag()
            values = [fixed[1].start_min] if fixed else self._minutes(case)
            self.start[case.id] = self.model.new_int_var_from_domain(self.cp.Domain.from_values(values or [0]), "")
            if not values:
                self.model.add(self.placed[case.id] == 0)
            for k, slot in enumerate(self.slots):
                own = slot.fixed is fixed[0] if fixed else slot.team == case.team
                if own and (slot.lead is None or order[slot.lead] <= order[case.id]):
                    self.member[case.id, k] = self.flag()
            self.model.add(sum(self.member[case.id, k] for k in self.slots_of(case)) == self.placed[case.id])
            if fixed:
                self.model.add(self.placed[case.id] == 1)

    def _minutes(self, case: Case) -> list[int]:
        return [k * self.starts.grain for k in bits(self.starts.allowed[case.id])]

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
                if room.site == slot.site:
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
                    for expert in place.candidates:
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

    def _attend(self, k: int) -> None:
        there: dict[int, list[Any]] = defaultdict(list)
        for case in self.cases_of(k):
            for expert in {e for c, e in self.at if c == case.id}:
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


Constraint = Callable[[Exact], None]
CONSTRAINTS: dict[str, Constraint] = {}


def constraint(*codes: str) -> Callable[[Constraint], Constraint]:
    def register(function: Constraint) -> Constraint:
        CONSTRAINTS.update(dict.fromkeys(codes, function))
        return function

    return register


@constraint("case_inside", "case_release", "reserved", "grain")
def _inside(exact: Exact) -> None:
    """The domain of a start holds release, reserved stretches and grain already."""
    for (ident, k), member in exact.member.items():
        end = exact.start[ident] + exact.problem.case_of[ident].duration_min
        exact.model.add(exact.first[k] <= exact.start[ident]).only_enforce_if(member)
        exact.model.add(exact.last[k] >= end).only_enforce_if(member)


@constraint("case_overlap", "team_overlap")
def _overlap(exact: Exact) -> None:
    for team in exact.problem.teams:
        cases = [case for case in exact.problem.cases if case.team == team.id]
        exact.model.add_no_overlap(
            [exact.model.new_optional_fixed_size_interval_var(exact.start[c.id], c.duration_min, exact.placed[c.id], "")
             for c in cases]
        )  # fmt: skip
        slots = [k for k, slot in enumerate(exact.slots) if slot.team == team.id]
        exact.model.add_no_overlap(
            [exact.model.new_optional_interval_var(exact.first[k], exact.length[k], exact.last[k], exact.live[k], "")
             for k in slots]
        )  # fmt: skip


@constraint("session_length", "session_window", "session_horizon")
def _windows(exact: Exact) -> None:
    for k, slot in enumerate(exact.slots):
        exact.model.add(exact.first[k] + exact.length[k] == exact.last[k])
        exact.inside(exact.problem.team_of[slot.team].windows, exact.first[k], exact.last[k], exact.live[k])


@constraint("fixed")
def _fixed(exact: Exact) -> None:
    for k, slot in enumerate(exact.slots):
        if slot.fixed is None:
            continue
        exact.model.add(exact.first[k] == slot.fixed.start_min)
        exact.model.add(exact.last[k] >= slot.fixed.end_min)
        if slot.fixed.room is not None:
            exact.model.add(exact.room[k, slot.fixed.room] == 1)
        else:
            exact.model.add(sum(exact.rooms_of(k).values()) == 0)
        added = [exact.member[c.id, k] for c in exact.cases_of(k) if c.id not in exact.fixed_items]
        exact.model.add(exact.last[k] <= slot.fixed.end_min).only_enforce_if([flag.negated() for flag in added])
        for item in slot.fixed.cases:
            taken = {("seat", s, e) for s, e in item.seats.items()} | {
                ("optional", s, e) for s, e in item.optional.items()
            }
            for (ident, kind, place, expert), fills in exact.fills.items():
                if ident == item.case:
                    exact.model.add(fills == ((kind, place, expert) in taken))


@constraint("room_missing", "room_site")
def _roomed(exact: Exact) -> None:
    for k in range(len(exact.slots)):
        for attends in exact.on_site(k).values():
            exact.model.add_bool_or([attends.negated(), *exact.rooms_of(k).values()])


@constraint("room_free", "room_changeover")
def _room_time(exact: Exact) -> None:
    for room in exact.problem.rooms:
        intervals = []
        for k in range(len(exact.slots)):
            if (k, room.id) not in exact.room:
                continue
            here = exact.room[k, room.id]
            exact.inside(room.free, exact.first[k], exact.last[k], here)
            until = exact.last[k] + exact.problem.changeover_min
            size = exact.length[k] + exact.problem.changeover_min
            intervals.append(exact.model.new_optional_interval_var(exact.first[k], size, until, here, ""))
        exact.model.add_no_overlap(intervals)


@constraint("room_equipment", "room_video", "room_capacity")
def _room_suits(exact: Exact) -> None:
    for (k, ident), here in exact.room.items():
        room = exact.problem.room_of[ident]
        for case in exact.cases_of(k):
            if not case.equipment <= room.equipment:
                exact.model.add_bool_or([here.negated(), exact.member[case.id, k].negated()])
        if "video" not in room.equipment:
            for attends in exact.on_site(k, False).values():
                exact.model.add_bool_or([here.negated(), attends.negated()])
        exact.model.add(sum(exact.on_site(k).values()) <= room.capacity).only_enforce_if(here)


@constraint("seat_filled", "seat_candidate", "seat_distinct")
def _seats(exact: Exact) -> None:
    for case in exact.problem.cases:
        for seat in case.seats:
            filled = [exact.fills[case.id, "seat", seat.id, e] for e in dict.fromkeys(seat.candidates)]
            exact.model.add(sum(filled) == exact.placed[case.id])
        for place in case.optional:
            filled = [exact.fills[case.id, "optional", place.id, e] for e in dict.fromkeys(place.candidates)]
            exact.model.add(sum(filled) <= exact.placed[case.id])


@constraint("chair")
def _chairs(exact: Exact) -> None:
    for k, slot in enumerate(exact.slots):
        chairs = exact.problem.team_of[slot.team].chairs
        if chairs:
            present = [exact.attends[e, k] for e in chairs if (e, k) in exact.attends]
            exact.model.add_bool_or([*present, exact.live[k].negated()])


@constraint("expert_free", "expert_overlap")
def _expert_time(exact: Exact) -> None:
    intervals: dict[int, list[Any]] = defaultdict(list)
    for (expert, k), attends in exact.attends.items():
        come, go = exact.come[expert, k], exact.go[expert, k]
        exact.inside(exact.problem.expert_of[expert].free, come, go, attends)
        intervals[expert].append(exact.model.new_optional_interval_var(come, exact.minutes[expert, k], go, attends, ""))
    for theirs in intervals.values():
        exact.model.add_no_overlap(theirs)


@constraint("expert_travel")
def _travel(exact: Exact) -> None:
    for (expert, k), one in exact.attends.items():
        for (other, m), two in exact.attends.items():
            here, there = exact.slots[k].site, exact.slots[m].site
            if other != expert or k >= m or here == there:
                continue
            if exact.problem.on_site(expert, here) and exact.problem.on_site(expert, there):
                minutes, before = exact.problem.travel(here, there), exact.flag()
                exact.model.add(exact.go[expert, k] + minutes <= exact.come[expert, m]).only_enforce_if(
                    one, two, before
                )
                exact.model.add(exact.go[expert, m] + minutes <= exact.come[expert, k]).only_enforce_if(
                    one, two, before.negated()
                )


@constraint("expert_remote", "case_remote")
def _remote(exact: Exact) -> None:
    for (ident, expert), at in exact.at.items():
        case = exact.problem.case_of[ident]
        site = exact.problem.team_of[case.team].site
        person = exact.problem.expert_of[expert]
        if site not in person.sites and not (person.remote and case.remote_ok):
            exact.model.add(at == 0)


@constraint("cap_day", "cap_week", "cap_minutes")
def _caps(exact: Exact) -> None:
    problem = exact.problem
    days = {k: _days(exact, k) for k in range(len(exact.slots))}
    for expert in {e for e, _ in exact.attends}:
        person = problem.expert_of[expert]
        per_day: dict[int, list[Any]] = defaultdict(list)
        per_week: dict[int, list[Any]] = defaultdict(list)
        stay: dict[int, list[Any]] = defaultdict(list)
        for k in [k for e, k in exact.attends if e == expert]:
            for day, on in days[k].items():
                both = exact.flag()
                exact.model.add_bool_or([exact.attends[expert, k].negated(), on.negated(), both])
                per_day[day].append(both)
                per_week[day // 7].append(both)
                spent = exact.model.new_int_var(0, problem.max_session_min, "")
                exact.model.add(spent >= exact.minutes[expert, k]).only_enforce_if(both)
                stay[day // 7].append(spent)
        for flags in per_day.values():
            exact.model.add(sum(flags) <= person.max_sessions_day)
        for flags in per_week.values():
            exact.model.add(sum(flags) <= person.max_sessions_week)
        for spent_all in stay.values():
            exact.model.add(sum(spent_all) <= person.max_minutes_week)


def _days(exact: Exact, k: int) -> dict[int, Any]:
    """Per local day whether the session starts on it; only days on which it could."""
    problem, chosen = exact.problem, {}
    windows = problem.team_of[exact.slots[k].team].windows
    for day in sorted({d for a, b in windows for d in range(problem.day(a), problem.day(b - 1) + 1)}):
        begin = problem.day_starts[day]
        end = problem.day_starts[day + 1] if day + 1 < len(problem.day_starts) else problem.horizon_min + 1
        chosen[day] = exact.flag()
        exact.model.add(exact.first[k] >= begin).only_enforce_if(chosen[day])
        exact.model.add(exact.first[k] < end).only_enforce_if(chosen[day])
    exact.model.add_exactly_one([*chosen.values(), exact.live[k].negated()])
    return chosen


@constraint("pin", "forbidden")
def _choices(exact: Exact) -> None:
    for choice in exact.problem.pins:
        for held in _held(exact, choice):
            exact.model.add_implication(exact.placed[choice.case], held)
    for choice in exact.problem.forbidden:
        flags = _held(exact, choice)
        exact.model.add_bool_or([*(flag.negated() for flag in flags), exact.placed[choice.case].negated()])


def _held(exact: Exact, choice: Choice) -> list[Any]:
    """One flag per given key, true exactly where the key holds."""
    held, start = [], exact.start[choice.case]
    for minute, holds, fails in (
        (choice.from_min, lambda m: start >= m, lambda m: start < m),
        (choice.to_min, lambda m: start < m, lambda m: start >= m),
    ):
        if minute is not None:
            flag = exact.flag()
            exact.model.add(holds(minute)).only_enforce_if(flag)
            exact.model.add(fails(minute)).only_enforce_if(flag.negated())
            held.append(flag)
    if choice.expert is not None:
        held.append(exact.at.get((choice.case, choice.expert), exact.model.new_constant(0)))
    if choice.room is not None:
        flag, there = exact.flag(), []
        for k in exact.slots_of(exact.problem.case_of[choice.case]):
            if (k, choice.room) in exact.room:
                both = exact.flag()
                pair = [exact.member[choice.case, k], exact.room[k, choice.room]]
                exact.model.add_bool_and(pair).only_enforce_if(both)
                exact.model.add_bool_or([*(p.negated() for p in pair), both])
                there.append(both)
        exact.model.add(sum(there) == flag)
        held.append(flag)
    return held


def solve(
    problem: Problem,
    hint: Plan | None = None,
    seconds: float = 10.0,
    workers: int = 1,
    stop: Callable[[], bool] = lambda: False,
    known: Bound | None = None,
) -> tuple[Plan | None, Bound]:
    """The best plan found and what is proven; never worse than the hint on the levels it finishes."""
    cp_model = cpsat.load()

    from scheduling.solver import exact_goals

    return exact_goals.minimise(Exact(problem, cp_model), hint, seconds, workers, stop, known)


def read(exact: Exact, solver: Any) -> Plan:
    """The solution as a plan; sessions shrink to their cases."""
    sessions = []
    for k, slot in enumerate(exact.slots):
        if not solver.value(exact.live[k]):
            continue
        members = [case for case in exact.cases_of(k) if solver.value(exact.member[case.id, k])]
        items = sorted((_item(exact, solver, case) for case in members), key=lambda item: item.start_min)
        end = max(item.start_min + exact.problem.case_of[item.case].duration_min for item in items)
        fixed = slot.fixed
        sessions.append(
            PlannedSession(
                id=fixed.id if fixed else max(exact.problem.fixed_of, default=0) + 1 + k,
                team=slot.team,
                site=slot.site,
                room=next((room for room, here in exact.rooms_of(k).items() if solver.value(here)), None),
                start_min=fixed.start_min if fixed else items[0].start_min,
                end_min=max(end, fixed.end_min) if fixed else end,
                cases=tuple(items),
            )
        )
    placed = {item.case for session in sessions for item in session.cases}
    return Plan(
        status="feasible",
        goals=objectives.goals_of(exact.problem, sessions),
        sessions=tuple(sorted(sessions, key=lambda session: (session.start_min, session.id))),
        unplaced=tuple(Unplaced(case=case.id) for case in exact.problem.cases if case.id not in placed),
    )


def _item(exact: Exact, solver: Any, case: Case) -> PlannedCase:
    chosen: dict[str, dict[int, int]] = {"seat": {}, "optional": {}}
    for (ident, kind, place, expert), fills in exact.fills.items():
        if ident == case.id and solver.value(fills):
            chosen[kind][place] = expert
    return PlannedCase(
        case=case.id, start_min=solver.value(exact.start[case.id]), seats=chosen["seat"], optional=chosen["optional"]
    )
