"""Valid lower bounds per goal level, team by team.

Relaxed: teams do not compete for people and rooms, a team's own sessions may overlap, and the order of cases is free.
Levels 1 to 3: every case by itself at its best start. Effort, while those levels hold: every group of cases that can
share a session, at its cheapest run of starts; the people of a group are at least a clique of seats of which no two
can share a person; then the cheapest partition of the team's cases into groups. Sums over teams are bounds, since
each team reaches at best its own.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from scheduling.solver.columns.pricing import Pricer
from scheduling.solver.core import cpsat, objectives, presence
from scheduling.solver.core.plan import Bound, PlannedSession
from scheduling.solver.core.problem import Case, Problem
from scheduling.solver.core.timeline import State, back, starts

MOST_GROUPS = 40_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamBound:
    """What one team adds to each level at least; `effort` None where there are too many groups."""

    required_unplaced: int
    required_late: int
    suggested: int
    effort: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Option:
    cases: tuple[int, ...]
    effort: int
    base: int | None = None


def bound(parts: Sequence[TeamBound], fixed: TeamBound) -> Bound:
    """The sum over teams and the confirmed part."""
    all_parts = [*parts, fixed]
    efforts = [part.effort for part in all_parts]
    return Bound(
        required_unplaced=sum(part.required_unplaced for part in all_parts),
        required_late=sum(part.required_late for part in all_parts),
        suggested=sum(part.suggested for part in all_parts),
        effort=None if None in efforts else sum(effort for effort in efforts if effort is not None),
    )


def fixed_part(problem: Problem) -> TeamBound:
    """What the confirmed sessions cost in any plan; fairness aside, which others can only raise."""
    goals = objectives.goals_of(problem, problem.fixed)
    placed = {item.case for session in problem.fixed for item in session.cases}
    left = [case for case in problem.cases if case.id not in placed]
    return TeamBound(
        required_unplaced=goals.required_unplaced - sum(case.weight for case in left if case.required),
        required_late=goals.required_late,
        suggested=goals.suggested - sum(objectives.UNPLACED_DAYS * c.weight for c in left if not c.required),
        effort=goals.effort,
    )


def team_bound(
    problem: Problem, team: int, seconds: float = 10.0, stop: Callable[[], bool] = lambda: False
) -> TeamBound:
    """The relaxed optimum of one team, or something below it when time runs out; no effort when stopped."""
    pricer = Pricer(state=State(problem, problem.fixed))
    levels, latest = best_lateness(pricer, team)
    placeable = [problem.case_of[ident] for ident in latest]
    options = _options(Relaxed(pricer, team), placeable, latest, stop)
    return replace(levels, effort=None if options is None else _partition(placeable, options, seconds))


def best_lateness(pricer: Pricer, team: int) -> tuple[TeamBound, dict[int, int]]:
    """Levels 1 to 3 of a team, every case at its own best, and the days late of each that is better placed than not."""
    problem, state = pricer.state.problem, pricer.state
    unplaced = late = suggested = 0
    latest: dict[int, int] = {}
    for case in sorted(problem.cases, key=lambda case: (case.release_min, case.id)):
        if case.team != team or case.id in state.placed:
            continue
        first = _earliest(pricer, case)
        days = objectives.UNPLACED_DAYS if first is None else objectives.days_late(case, first)
        if first is not None:
            latest[case.id] = days
        if not case.required:
            suggested += case.weight * days
        elif first is None:
            unplaced += case.weight
        else:
            late += case.weight * days
    return TeamBound(required_unplaced=unplaced, required_late=late, suggested=suggested, effort=None), latest


def _earliest(pricer: Pricer, case: Case) -> int | None:
    """The first start at which the case alone could be discussed, in a session of its own or of a confirmed one."""
    relaxed = Relaxed(pricer, case.team)
    mask = relaxed.reach(case, pricer.state.problem.max_session_min) & relaxed.meetings(case.duration_min)
    for base in relaxed.bases:
        mask |= relaxed.reach(case, pricer.state.problem.max_session_min) & relaxed.at(base)
    return _first(relaxed.case_starts(case), mask, pricer.state.problem) if mask else None


def _first(own: int, sessions: int, problem: Problem) -> int | None:
    """The earliest own start that lies in reach of some session start."""
    earliest = (sessions & -sessions).bit_length() - 1
    later = own >> earliest << earliest
    return ((later & -later).bit_length() - 1) * problem.grain_min if later else None


class Relaxed:
    """One team's time with nobody else about, but for what is confirmed."""

    def __init__(self, pricer: Pricer, team: int) -> None:
        self.pricer, self.problem = pricer, pricer.state.problem
        self.state, self.team = pricer.state, self.problem.team_of[team]
        self.grain = self.problem.grain_min
        self.bases = [session for session in self.problem.fixed if session.team == team]
        self._reach: dict[tuple[int, int], int] = {}
        self._free: dict[tuple[int, int, int], int] = {}
        self._own: dict[int, int] = {}
        self._people_of_base = {e for base in self.bases for e in base.people()}

    def at(self, base: PlannedSession) -> int:
        return 1 << base.start_min // self.grain

    def case_starts(self, case: Case) -> int:
        """Who attends a confirmed session of the team is busy there, yet could stay for an added case."""
        if case.id not in self._own:
            mask = self.state.starts.allowed[case.id]
            for seat in case.seats:
                anyone = 0
                for expert in seat.candidates:
                    if self.pricer.attends(case, expert, self.team.site):
                        anyone |= self.expert_starts(expert, case.duration_min)
                mask &= anyone
            self._own[case.id] = mask
        return self._own[case.id]

    def expert_starts(self, expert: int, minutes: int) -> int:
        mask = self.state.expert_starts(expert, self.team.site, minutes)
        if expert in self._people_of_base:
            mask |= starts(self.problem.expert_of[expert].free, minutes, self.grain)
        return mask

    def reach(self, case: Case, length: int) -> int:
        """Session starts from which the case can be discussed within a session of this length."""
        key = (case.id, length)
        if key not in self._reach:
            self._reach[key] = back(self.case_starts(case), (length - case.duration_min) // self.grain)
        return self._reach[key]

    def meetings(self, minutes: int) -> int:
        """Session starts in the team's windows with some room at all."""
        mask = self.state.team_starts(self.team.id, minutes)
        rooms = 0
        for room in self.problem.rooms:
            if room.site == self.team.site:
                rooms |= self.state.room_starts(room.id, minutes)
        remote = any(case.remote_ok for case in self.problem.cases if case.team == self.team.id)
        return mask if remote else mask & rooms

    def near(self, expert: int, minutes: int, length: int) -> int:
        """Session starts from which the expert could attend a case of these minutes."""
        key = (expert, minutes, length)
        if key not in self._free:
            self._free[key] = back(self.expert_starts(expert, minutes), (length - minutes) // self.grain)
        return self._free[key]


def _options(
    relaxed: Relaxed, cases: Sequence[Case], latest: Mapping[int, int], stop: Callable[[], bool]
) -> list[_Option] | None:
    """The cheapest effort of each group that keeps every case at its best lateness; None if there are too many."""
    options: list[_Option] = []
    problem = relaxed.problem
    for group, minutes, mask in groups(relaxed, cases, latest):
        if len(options) > MOST_GROUPS or stop():
            return None
        ids = tuple(case.id for case in group)
        short, most, weights = objectives.SHORT_SESSION_MIN, problem.max_session_min, problem.weights
        efforts = [_cheapest(relaxed, group, mask & relaxed.meetings(minutes), most, weights.session_long)]
        if minutes <= short:
            own = mask & relaxed.meetings(minutes)
            for case in group:
                own &= relaxed.reach(case, short)
            efforts.append(_cheapest(relaxed, group, own, short, weights.session_short))
        found = [effort for effort in efforts if effort is not None]
        if found:
            options.append(_Option(cases=ids, effort=min(found)))
        for base in relaxed.bases:
            extra = extension(relaxed, group, minutes, mask, base)
            if extra is not None:
                options.append(_Option(cases=ids, effort=extra, base=base.id))
    return options


def groups(
    relaxed: Relaxed, cases: Sequence[Case], latest: Mapping[int, int]
) -> Iterator[tuple[tuple[Case, ...], int, int]]:
    """Groups with their least minutes and the session starts from which every case is reached at its best lateness."""
    most, grain = relaxed.problem.max_session_min, relaxed.grain
    reach = {}
    for case in cases:
        own, last = relaxed.case_starts(case), case.due_min + latest[case.id] * objectives.DAY_MIN
        if latest[case.id] < objectives.MOST_DAYS_LATE:
            own &= (1 << max(0, last // grain + 1)) - 1
        reach[case.id] = back(own, (most - case.duration_min) // grain)

    def grow(
        group: tuple[Case, ...], minutes: int, mask: int, first: int
    ) -> Iterator[tuple[tuple[Case, ...], int, int]]:
        for i in range(first, len(cases)):
            case = cases[i]
            total = minutes + case.duration_min
            common = mask & reach[case.id]
            if total <= most and common:
                yield (*group, case), total, common
                yield from grow((*group, case), total, common, i + 1)

    return grow((), 0, relaxed.state.starts.every, 0)


def _cheapest(relaxed: Relaxed, group: Sequence[Case], mask: int, length: int, price: int) -> int | None:
    """The least effort over the runs of possible session starts."""
    best: int | None = None
    problem = relaxed.problem
    for first, last in runs(mask):
        effort = price + waits_and_moves(relaxed, group, first, last, length)
        effort -= problem.weights.standing_discount * may_stand(relaxed, first, last)
        if best is not None and effort + problem.weights.attendance * max(len(case.seats) for case in group) >= best:
            continue
        run = (1 << last + 1) - (1 << first)
        effort += problem.weights.attendance * clique(relaxed, group, run, length, frozenset())
        best = effort if best is None else min(best, effort)
    return best


def may_stand(relaxed: Relaxed, first: int, last: int) -> bool:
    """Whether a session that starts in this run could lie in a standing stretch."""
    return any(a <= last * relaxed.grain and first * relaxed.grain < b for a, b in relaxed.team.standing)


def waits_and_moves(relaxed: Relaxed, group: Sequence[Case], first: int, last: int, length: int) -> int:
    problem, effort = relaxed.problem, 0
    for case in group:
        effort += problem.weights.wait * objectives.waiting_days(case, first * relaxed.grain)
        old = relaxed.pricer.old_start.get(case.id)
        if old is not None and not first * relaxed.grain <= old < last * relaxed.grain + length:
            effort += problem.weights.moved_case
    return effort


def extension(relaxed: Relaxed, group: Sequence[Case], minutes: int, mask: int, base: PlannedSession) -> int | None:
    problem = relaxed.problem
    used = sum(problem.case_of[item.case].duration_min for item in base.cases)
    if not mask & relaxed.at(base) or used + minutes > problem.max_session_min:
        return None
    start = base.start_min // relaxed.grain
    end = max(base.end_min, base.start_min + used + minutes)
    effort = objectives.session_price(problem, base.team, base.start_min, end)
    effort -= objectives.session_price(problem, base.team, base.start_min, base.end_min)
    effort += waits_and_moves(relaxed, group, start, start, problem.max_session_min)
    there = frozenset(presence.stretches(problem, base))
    return effort + problem.weights.attendance * clique(
        relaxed, group, relaxed.at(base), problem.max_session_min, there
    )


def clique(relaxed: Relaxed, group: Sequence[Case], run: int, length: int, there: frozenset[int]) -> int:
    """Seats of which no two can share a person: all of one case, then of others those without a common candidate."""
    seats = []
    for case in group:
        masks = []
        for seat in case.seats:
            mask = 0
            for expert in seat.candidates:
                if relaxed.pricer.attends(case, expert, relaxed.team.site) and (
                    expert in there or relaxed.near(expert, case.duration_min, length) & run
                ):
                    mask |= 1 << expert
            masks.append(mask)
        seats.append(masks)
    present = sum(1 << expert for expert in there)
    best = 0
    for first in range(len(seats)):
        union, count = 0, 0
        for i in (first, *(i for i in range(len(seats)) if i != first)):
            mine = [mask for mask in seats[i] if not mask & union and not mask & present]
            count += len(mine)
            for mask in mine:
                union |= mask
        best = max(best, count)
    return best


def runs(mask: int) -> Iterator[tuple[int, int]]:
    """The stretches of consecutive starts, as first and last."""
    while mask:
        first = (mask & -mask).bit_length() - 1
        beyond = mask >> first
        length = (~beyond & (beyond + 1)).bit_length() - 1
        yield first, first + length - 1
        mask = mask >> first + length << first + length


def _partition(cases: Sequence[Case], options: Sequence[_Option], seconds: float) -> int:
    """The cheapest way to cover each case once, each base extended at most once."""
    cp_model = cpsat.load()
    model = cp_model.CpModel()
    x = [model.new_bool_var("") for _ in options]
    for case in cases:
        model.add_exactly_one([v for v, option in zip(x, options, strict=True) if case.id in option.cases])
    for base in {option.base for option in options} - {None}:
        model.add_at_most_one([v for v, option in zip(x, options, strict=True) if option.base == base])
    model.minimize(sum(option.effort * v for v, option in zip(x, options, strict=True)))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.linearization_level = 2
    solver.parameters.max_time_in_seconds = seconds
    solver.solve(model)
    return math.ceil(solver.best_objective_bound - 1e-6) if cases else 0


def full_bound(problem: Problem, seconds: float = 10.0) -> Bound:
    """All teams one after the other."""
    teams = sorted({case.team for case in problem.cases})
    return bound([team_bound(problem, team, seconds) for team in teams], fixed_part(problem))
