"""Large-neighbourhood search as tasks: a coordinator holds a versioned state, workers improve parts of it.

    task    state version, sessions, 1-3 teams, the free cases (at most 24), seed
    answer  the sessions that were taken out and those that replace them; nothing else

The coordinator hands out tasks with disjoint teams, re-checks each answer against the state as it is by then, and
accepts it if the goal tuple does not get worse. A task that is lost, late or answered twice changes nothing but time.
Everything here is pure: `solve` runs it in one process or over processes, a task queue runs it over hosts.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from random import Random
from typing import Any

from scheduling.solver import objectives, patterns, reading, rules
from scheduling.solver.columns import Column
from scheduling.solver.master import Master
from scheduling.solver.plan import ID, SESSION, Goals, Plan, PlannedSession
from scheduling.solver.pricing import Pricer
from scheduling.solver.problem import Case, Problem
from scheduling.solver.timeline import State

MOST_CASES = 16
SMALL_TEAM = 3
DEEPEST = 3
AIMED, AIMED_LEAST = 0.45, 0.08
PATIENCE = 3  # fruitless tasks before a team is looked at more thoroughly
LEAST_CASES = (6, 12, 16)  # where teams are small, several share a task


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a worker needs beyond the problem; small enough for a message."""

    id: int
    version: int
    sessions: tuple[PlannedSession, ...]
    out: frozenset[int]
    cases: tuple[int, ...]
    teams: tuple[int, ...]
    seed: int
    seconds: float = 2.0
    depth: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    task: int
    version: int
    out: tuple[PlannedSession, ...]
    into: tuple[PlannedSession, ...]


_IDS = reading.many(ID)
_TASK = reading.record(
    Task,
    {
        "id": ID,
        "version": ID,
        "sessions": reading.many(SESSION),
        "out": reading.many(ID, frozenset),
        "cases": _IDS,
        "teams": _IDS,
        "seed": ID,
        "seconds": reading.number,
        "depth": ID,
    },
)
_ANSWER = reading.record(
    Answer, {"task": ID, "version": ID, "out": reading.many(SESSION), "into": reading.many(SESSION)}
)


def read_task(data: Any) -> Task:
    """A task as `reading.as_json` wrote it: what a queue carries."""
    return reading.whole(_TASK, data)


def read_answer(data: Any) -> Answer:
    return reading.whole(_ANSWER, data)


class Worker:
    """Answers tasks of one problem; keeps staffings that it has seen."""

    def __init__(
        self,
        problem: Problem,
        effort: patterns.Effort | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.problem, self.stop = problem, stop
        self.effort = effort or patterns.Effort()
        self._remembered: dict[object, object] = {}
        self._pool = patterns.Pool(self.effort.pool)
        self._state = State(problem)

    def work(self, task: Task) -> Answer:
        """The best replacement found for the sessions taken out, or just these where nothing was found."""
        state = self._state_of(task)
        pricer = Pricer(state=state, random=Random(task.seed))  # noqa: S311
        pricer.remembered = self._remembered  # type: ignore[assignment]
        out = tuple(state.remove(ident) for ident in sorted(task.out))
        bases = [self.problem.fixed_of[s.id] for s in out if s.id in self.problem.fixed_of]
        for base in bases:
            state.add(base)
        free = [self.problem.case_of[ident] for ident in task.cases]
        columns, hint = self._columns(pricer, free, out, bases, self.effort.at(task.depth))
        if self.stop():
            return Answer(task=task.id, version=task.version, out=out, into=out)
        master = Master(
            state=state,
            cases=free,
            columns=columns,
            hint=hint,
            seconds=task.seconds,
            seed=task.seed & 0x7FFF,
            stop=self.stop,
        )
        choice = master.choose()
        if choice is None:
            return Answer(task=task.id, version=task.version, out=out, into=out)
        into = self._sessions(state, choice.columns, out, bases)
        return Answer(task=task.id, version=task.version, out=out, into=into)

    def _state_of(self, task: Task) -> State:
        """The state brought up to the task's: what is known about everybody whose sessions stayed is kept."""
        state, theirs = self._state, {session.id: session for session in task.sessions}
        for ident in [i for i, session in state.sessions.items() if theirs.get(i) != session]:
            state.remove(ident)
        for session in task.sessions:
            if session.id not in state.sessions:
                state.add(session)
        return state

    def _columns(
        self,
        pricer: Pricer,
        free: Sequence[Case],
        out: Sequence[PlannedSession],
        bases: Sequence[PlannedSession],
        effort: patterns.Effort,
    ) -> tuple[list[Column], frozenset[int]]:
        """The sessions taken out first, as the hint; then fresh columns team by team."""
        fixed = {base.id: base for base in bases}
        columns = []
        for session in out:
            base = fixed.get(session.id)
            if base is None:
                columns.append(pricer.column_of(session))
            elif len(session.cases) > len(base.cases):
                pricer.state.remove(base.id)
                columns.append(pricer.column_of(session, base))
                pricer.state.add(base)
        hint = frozenset(range(len(columns)))
        worth = patterns.worth_of(pricer, [session for session in out if session.id not in fixed])
        for team in sorted({case.team for case in free}):
            cases = [case for case in free if case.team == team]
            theirs = [base for base in bases if base.team == team]
            known = list(self._pool.fitting(pricer, team, {case.id for case in cases}))
            fresh = patterns.generate(pricer, cases, theirs, worth, effort, self.stop)
            self._pool.add(fresh, worth)
            columns += known + fresh
        return columns, hint

    def _sessions(
        self,
        state: State,
        chosen: Iterable[tuple[Column, int | None]],
        out: Sequence[PlannedSession],
        bases: Sequence[PlannedSession],
    ) -> tuple[PlannedSession, ...]:
        """A session that starts where one of its team did keeps that one's id; bases stay even if not extended."""
        ids = {(session.team, session.start_min): session.id for session in out}
        left = {base.id: base for base in bases}
        into = []
        for column, room in chosen:
            if column.base is not None:
                del left[column.base]
                into.append(column.session(column.base, room))
            else:
                ident = ids.get((column.team, column.start_min))
                into.append(column.session(state.new_id() if ident is None else ident, room))
        return (*into, *left.values())


@dataclass(slots=True, kw_only=True)
class Coordinator:
    """The versioned state; `next_task` and `accept` are all that a driver needs."""

    problem: Problem
    sessions: dict[int, PlannedSession]
    goals: Goals
    seed: int = 1
    version: int = 0
    tasks_done: int = 0
    tasks_rejected: int = 0
    improved: int = 0
    _random: Random = field(init=False)
    _in_flight: dict[int, Task] = field(default_factory=dict)
    _fresh: list[int] = field(default_factory=list)
    _rivals: dict[int, dict[int, int]] = field(init=False)
    _teams_of: dict[int, set[int]] = field(init=False)
    _size: Counter[int] = field(init=False)
    _fruitless: Counter[int] = field(default_factory=Counter)
    _vain: Counter[int] = field(default_factory=Counter)
    _aims: dict[int, int] = field(default_factory=dict)
    _issued: int = 0
    _next_id: int = 0

    @classmethod
    def start(cls, problem: Problem, plan: Plan, seed: int = 1) -> "Coordinator":
        return cls(
            problem=problem, sessions={s.id: s for s in plan.sessions}, goals=objectives.goals(problem, plan), seed=seed
        )

    def __post_init__(self) -> None:
        self._random = Random(self.seed)  # noqa: S311
        self._teams_of = defaultdict(set)
        for case in self.problem.cases:
            for seat in case.seats:
                for expert in seat.candidates:
                    self._teams_of[expert].add(case.team)
        self._rivals = {team.id: {} for team in self.problem.teams}
        for teams in self._teams_of.values():
            for team in teams:
                for other in teams - {team}:
                    self._rivals[team][other] = self._rivals[team].get(other, 0) + 1
        self._size = Counter(case.team for case in self.problem.cases)
        self._next_id = 1 + max([0, *self.sessions, *(s.id for s in self.problem.previous)])
        self._fresh = self._worst_first()

    def _worst_first(self) -> list[int]:
        """Teams by the effort per case of their sessions, dearest last, so that `pop` takes the worst."""
        cost: dict[int, int] = defaultdict(int)
        count: dict[int, int] = defaultdict(int)
        for session in self.sessions.values():
            cost[session.team] += self.problem.weights.session_short
            cost[session.team] += self.problem.weights.attendance * len(session.people())
            count[session.team] += len(session.cases)
        with_cases = {case.team for case in self.problem.cases}
        return sorted(with_cases, key=lambda team: (cost[team] / max(1, count[team]), team))

    def next_task(self, seconds: float = 2.0, first: int | None = None) -> Task | None:
        """Free teams only, `first` among them if given; None while all are being worked on."""
        busy = {team for task in self._in_flight.values() for team in task.teams}
        aim = self._aim(busy) if first is None else None
        first = aim.team if aim else self._first_team(busy) if first is None else first
        if first is None:
            return None
        teams = [first]
        rivals = self._holders(aim) if aim else dict(self._rivals[first])
        rivals = {team: n for team, n in rivals.items() if team not in busy}
        more = self._random.choice((0, 1, 1, 2))
        least = self._random.choice(LEAST_CASES) if self._size[first] <= SMALL_TEAM else 0
        while rivals and (len(teams) <= more or sum(self._size[team] for team in teams) < least):
            team = self._random.choices(list(rivals), list(rivals.values()))[0]
            teams.append(team)
            del rivals[team]
        out, cases = self._freed(teams, aim)
        self._issued += 1
        task = Task(
            id=self._issued,
            version=self.version,
            sessions=tuple(self.sessions.values()),
            out=frozenset(out),
            cases=tuple(cases),
            teams=tuple(teams),
            seed=self._random.randrange(1 << 30),
            seconds=seconds,
            depth=min(DEEPEST, self._tried(teams, aim) // PATIENCE),
        )
        self._in_flight[task.id] = task
        if aim is not None:
            self._aims[task.id] = aim.id
        return task

    def _tried(self, teams: Sequence[int], aim: Case | None) -> int:
        """How many tasks were fruitless since this was last improved."""
        return self._vain[aim.id] if aim is not None else min(self._fruitless[team] for team in teams)

    def _first_team(self, busy: set[int]) -> int | None:
        """Each team once, worst first; then any."""
        while self._fresh:
            team = self._fresh.pop()
            if team not in busy:
                return team
        free = sorted({case.team for case in self.problem.cases} - busy)
        if not free:
            return None
        return self._random.choice(free)

    def _aim(self, busy: set[int]) -> Case | None:
        """Once each team had its turn, many tasks are for a late or unplaced case, fewer where that was in vain."""
        suffering = [] if self._fresh else [case for case in self._suffering() if case.team not in busy]
        if not suffering:
            return None
        aim = min(self._random.sample(suffering, min(2, len(suffering))), key=lambda case: self._vain[case.id])
        return aim if self._random.random() < max(AIMED_LEAST, AIMED / (1 + self._vain[aim.id] / 2)) else None

    def _holders(self, case: Case) -> dict[int, float]:
        """Teams whose sessions hold the people of the case in its time; those who are hard to replace count most."""
        holders: dict[int, float] = defaultdict(float)
        for session in self.sessions.values():
            if session.team != case.team and case.release_min < session.end_min and session.start_min <= case.due_min:
                people = session.people()
                for seat in case.seats:
                    held = sum(1 for expert in seat.candidates if expert in people)
                    if held:
                        holders[session.team] += held / len(seat.candidates) ** 2
        return holders

    def _suffering(self) -> list[Case]:
        """Cases that are unplaced or late."""
        starts = {item.case: item.start_min for session in self.sessions.values() for item in session.cases}
        fixed = {item.case for session in self.problem.fixed for item in session.cases}
        return [
            case
            for case in self.problem.cases
            if case.id not in fixed and objectives.days_late(case, starts.get(case.id, case.due_min + 1))
        ]

    def _freed(self, teams: Sequence[int], aim: Case | None) -> tuple[list[int], list[int]]:
        """Sessions taken out and cases set free: those around one moment where there are too many."""
        placed = {item.case for session in self.sessions.values() for item in session.cases}
        left = [c.id for c in self.problem.cases if c.team in teams and c.id not in placed]
        cases = sorted(left, key=lambda ident: aim is None or ident != aim.id)[:MOST_CASES]
        fixed = {item.case for session in self.problem.fixed for item in session.cases}
        theirs = [session for session in self.sessions.values() if session.team in teams]
        if theirs:
            moment = self._random.choice(theirs).start_min
            theirs.sort(key=lambda session: (session.team != teams[0], abs(session.start_min - moment)))
            if sum(len(session.cases) for session in theirs) > MOST_CASES:
                theirs.sort(key=lambda session: abs(session.start_min - moment))
            if aim is not None:
                moment = self._random.randint(aim.release_min, max(aim.release_min, aim.due_min))
                theirs.sort(key=lambda session: (not _holds(session, aim), abs(session.start_min - moment)))
        out = []
        for session in theirs:
            movable = [item.case for item in session.cases if item.case not in fixed]
            if len(cases) + len(movable) <= MOST_CASES:
                out.append(session.id)
                cases += movable
        return out, cases

    def forget(self, task_id: int) -> None:
        """A task that is lost: its teams may be worked on again."""
        self._in_flight.pop(task_id, None)
        self._aims.pop(task_id, None)

    def accept(self, task_id: int, answer: Answer) -> bool:
        """Whether the state changed; a late, stale or repeated answer is refused unless it still fits."""
        known = self._in_flight.pop(task_id, None)
        self.tasks_done += 1
        if known is None:
            return False
        before = self.goals
        accepted = self._adopt(known, answer)
        self._remember(known, self.goals < before, self._aims.pop(task_id, None))
        return accepted

    def _remember(self, task: Task, better: bool, aim: int | None) -> None:
        if aim is not None:
            self._vain[aim] = 0 if better else self._vain[aim] + 1
        for team in task.teams if better or aim is None else ():
            self._fruitless[team] = 0 if better else self._fruitless[team] + 1

    def _adopt(self, known: Task, answer: Answer) -> bool:
        """The answer taken over if it still fits and makes nothing worse."""
        if any(self.sessions.get(session.id) != session for session in answer.out):
            self.tasks_rejected += 1
            return False
        trial = {ident: s for ident, s in self.sessions.items() if ident not in known.out}
        into = [self._renamed(session, trial) for session in answer.into]
        trial |= {session.id: session for session in into}
        if set(map(_key, into)) == set(map(_key, answer.out)):
            return False
        goals = objectives.goals_of(self.problem, trial.values())
        if goals > self.goals:
            self.tasks_rejected += 1
            return False
        if answer.version != self.version and not self._fits(into, trial):
            self.tasks_rejected += 1
            return False
        self.improved += goals < self.goals
        self.sessions, self.goals, self.version = trial, goals, self.version + 1
        return True

    def _renamed(self, session: PlannedSession, trial: Mapping[int, PlannedSession]) -> PlannedSession:
        """Workers number new sessions on their own; the state's numbers are given here."""
        if session.id in self.sessions and session.id not in trial and self.sessions[session.id].team == session.team:
            return session
        self._next_id += 1
        return replace(session, id=self._next_id - 1)

    def _fits(self, into: Sequence[PlannedSession], trial: Mapping[int, PlannedSession]) -> bool:
        """The hard rules on everything that shares people, a room or a team with the new sessions."""
        people = {expert for session in into for expert in session.people()}
        rooms, teams = {session.room for session in into}, {session.team for session in into}
        near = tuple(
            s for s in trial.values() if s.team in teams or s.room in rooms or not people.isdisjoint(s.people())
        )
        plan = Plan(status="feasible", goals=self.goals, sessions=near, unplaced=())
        ignored = {"unplaced_list", "fixed"}
        return all(broken.code in ignored for broken in rules.violations(self.problem, plan))

    @cached_property
    def teams(self) -> int:
        return len({case.team for case in self.problem.cases})

    def plan(self) -> Plan:
        return plan_of(self.problem, self.sessions.values())


def plan_of(problem: Problem, sessions: Iterable[PlannedSession]) -> Plan:
    from scheduling.solver import greedy

    return greedy.plan_of(State(problem, sessions))


def _holds(session: PlannedSession, case: Case) -> bool:
    return any(item.case == case.id for item in session.cases)


def _key(session: PlannedSession) -> tuple[object, ...]:
    items = tuple(sorted((i.case, i.start_min, *sorted(i.seats.items())) for i in session.cases))
    return session.team, session.room, session.start_min, items
