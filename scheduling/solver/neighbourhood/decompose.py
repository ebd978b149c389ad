"""Large-neighbourhood search as tasks: a coordinator holds a versioned state, workers improve parts of it.

    task    state version, sessions, 1-3 teams, the free cases (at most 24), seed
    answer  the sessions that were taken out and those that replace them; nothing else

The coordinator hands out tasks with disjoint teams, re-checks each answer against the state as it is by then, and
accepts it if the goal tuple does not get worse. A task that is lost, late or answered twice changes nothing but time.
On other hosts an `Improver` chooses its tasks itself; what it finds (an `Exchange`) is checked all the more.
Everything here is pure: `solve` runs it in one process or over processes, a task queue runs it over hosts.
"""

from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from scheduling.solver import rules
from scheduling.solver.columns import patterns
from scheduling.solver.columns.column import Column
from scheduling.solver.columns.master import Master
from scheduling.solver.columns.pricing import Pricer
from scheduling.solver.core import assembly, objectives, reading
from scheduling.solver.core.plan import SESSION, Goals, Plan, PlannedSession
from scheduling.solver.core.problem import Case, Problem
from scheduling.solver.core.timeline import State
from scheduling.solver.neighbourhood.selection import Chooser, Neighbourhood


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

    @property
    def changes(self) -> bool:
        """Whether it says anything but that nothing was found."""
        return set(map(_key, self.into)) != set(map(_key, self.out))


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Sessions and those that would replace them, from a worker that nobody gave a task."""

    out: tuple[PlannedSession, ...]
    into: tuple[PlannedSession, ...]


_EXCHANGE = reading.record(Exchange, {"out": reading.many(SESSION), "into": reading.many(SESSION)})


def read_exchange(data: Any) -> Exchange:
    """An exchange as `reading.as_json` wrote it: what a queue carries."""
    return reading.whole(_EXCHANGE, data)


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


class Improver:
    """A worker that chooses its tasks itself, from the state that it is shown."""

    def __init__(self, problem: Problem, random: Random, stop: Callable[[], bool]) -> None:
        self._worker = Worker(problem, stop=stop)
        self._chooser = Chooser(problem, random, ())
        self._seen: dict[int, PlannedSession] = {}

    def improve(self, sessions: tuple[PlannedSession, ...], seconds: float) -> Exchange | None:
        if self._seen:
            self._chooser.had_their_turn({s.team for s in sessions if self._seen.get(s.id) != s})
        self._seen = {session.id: session for session in sessions}
        chosen = self._chooser.choose(sessions, set())
        if chosen is None:
            return None
        seed = self._chooser.random.randrange(1 << 30)
        answer = self._worker.work(_task(chosen, id=0, version=0, sessions=sessions, seed=seed, seconds=seconds))
        self._chooser.learn(chosen, answer.changes)
        return Exchange(out=answer.out, into=answer.into) if answer.changes else None


def _task(chosen: Neighbourhood, **of_the_search: Any) -> Task:
    return Task(out=chosen.out, cases=chosen.cases, teams=chosen.teams, depth=chosen.depth, **of_the_search)


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
    _chooser: Chooser = field(init=False)
    _in_flight: dict[int, tuple[Task, Neighbourhood]] = field(default_factory=dict)
    _issued: int = 0
    _next_id: int = 0

    @classmethod
    def start(cls, problem: Problem, plan: Plan, seed: int = 1, *, version: int = 0) -> "Coordinator":
        return cls(
            problem=problem,
            sessions={s.id: s for s in plan.sessions},
            goals=objectives.goals(problem, plan),
            seed=seed,
            version=version,
        )

    def __post_init__(self) -> None:
        self._chooser = Chooser(self.problem, Random(self.seed), self.sessions.values())  # noqa: S311
        self._next_id = 1 + max([0, *self.sessions, *(s.id for s in self.problem.previous)])

    def next_task(self, seconds: float = 2.0, first: int | None = None) -> Task | None:
        """Free teams only, `first` among them if given; None while all are being worked on."""
        busy = {team for task, _ in self._in_flight.values() for team in task.teams}
        chosen = self._chooser.choose(tuple(self.sessions.values()), busy, first)
        if chosen is None:
            return None
        self._issued += 1
        task = _task(
            chosen,
            id=self._issued,
            version=self.version,
            sessions=tuple(self.sessions.values()),
            seed=self._chooser.random.randrange(1 << 30),
            seconds=seconds,
        )
        self._in_flight[task.id] = task, chosen
        return task

    def forget(self, task_id: int) -> None:
        """A task that is lost: its teams may be worked on again."""
        self._in_flight.pop(task_id, None)

    def accept(self, task_id: int, answer: Answer) -> bool:
        """Whether the state changed; a late, stale or repeated answer is refused unless it still fits."""
        known, chosen = self._in_flight.pop(task_id, (None, None))
        self.tasks_done += 1
        if known is None or chosen is None:
            return False
        before = self.goals
        accepted = answer.changes and self._adopt(answer, known.out, known.teams, sure=answer.version == self.version)
        self._chooser.learn(chosen, self.goals < before)
        return accepted

    def accept_unasked(self, found: Exchange) -> bool:
        """Whether the state changed; any team may be concerned, and the rules judge whatever the state was."""
        self.tasks_done += 1
        self._chooser.had_their_turn({session.team for session in found.out})
        return self._adopt(found, {session.id for session in found.out}, self.problem.team_of, sure=False)

    def _adopt(self, found: Answer | Exchange, replaced: Collection[int], teams: Container[int], *, sure: bool) -> bool:
        """The sessions taken over if they still fit and make nothing worse; `sure`: they were made for this state."""
        if any(self.sessions.get(session.id) != session for session in found.out):
            self.tasks_rejected += 1
            return False
        trial = {ident: s for ident, s in self.sessions.items() if ident not in replaced}
        into = [self._renamed(session, trial) for session in found.into]
        sensible = all(self._makes_sense(session, teams) for session in into)
        trial |= {session.id: session for session in into}
        goals = objectives.goals_of(self.problem, trial.values()) if sensible else None
        if goals is None or goals > self.goals or not (sure or self._fits(into, trial, replaced)):
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

    def _makes_sense(self, session: PlannedSession, teams: Container[int]) -> bool:
        """Whether a session is of these teams and names only what the problem has; who answers may run other code."""
        problem = self.problem
        return (
            session.team in teams
            and (session.room is None or session.room in problem.room_of)
            and session.people() <= problem.expert_of.keys()
            and all(item.case in problem.case_of for item in session.cases)
        )

    def _fits(
        self, into: Sequence[PlannedSession], trial: Mapping[int, PlannedSession], replaced: Collection[int]
    ) -> bool:
        """The hard rules on everything that shares people, a room or a team with the new sessions. What is confirmed
        elsewhere is not among these, and not missing."""
        people = {expert for session in into for expert in session.people()}
        rooms, teams = {session.room for session in into}, {session.team for session in into}
        near = tuple(
            s for s in trial.values() if s.team in teams or s.room in rooms or not people.isdisjoint(s.people())
        )
        plan = Plan(status="feasible", goals=self.goals, sessions=near, unplaced=())
        return all(
            broken.code == "unplaced_list" or (broken.code == "fixed" and broken.session not in replaced)
            for broken in rules.violations(self.problem, plan)
        )

    def plan(self) -> Plan:
        return assembly.plan_of(self.problem, self.sessions.values())


def _key(session: PlannedSession) -> tuple[object, ...]:
    items = tuple(sorted((i.case, i.start_min, *sorted(i.seats.items())) for i in session.cases))
    return session.team, session.room, session.start_min, items
