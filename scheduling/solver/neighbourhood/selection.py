"""Which part of a plan a task frees: one to three teams that compete for people, around one moment.

Each team has its turn, the dearest first; then tasks aim at a late or unplaced case, with the teams whose sessions
hold its people, or at any team. What is in vain is aimed at less often, and looked at more thoroughly.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from random import Random

from scheduling.solver.core import objectives
from scheduling.solver.core.plan import PlannedSession
from scheduling.solver.core.problem import Case, Problem

MOST_CASES = 16
SMALL_TEAM = 3
DEEPEST = 3
AIMED, AIMED_LEAST = 0.45, 0.08
PATIENCE = 3  # fruitless tasks before a team is looked at more thoroughly
LEAST_CASES = (6, 12, 16)  # where teams are small, several share a task


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbourhood:
    """The sessions taken out and the cases set free; `aim` = the case that it is for, if one."""

    teams: tuple[int, ...]
    out: frozenset[int]
    cases: tuple[int, ...]
    depth: int
    aim: int | None


class Chooser:
    """Chooses neighbourhoods and learns from what came of them."""

    def __init__(self, problem: Problem, random: Random, sessions: Collection[PlannedSession]) -> None:
        self.problem, self.random = problem, random
        self._size = Counter(case.team for case in problem.cases)
        self._fixed = {item.case for session in problem.fixed for item in session.cases}
        self._rivals = _rivals(problem)
        self._fresh = self._worst_first(sessions)
        self._fruitless: Counter[int] = Counter()
        self._vain: Counter[int] = Counter()

    def _worst_first(self, sessions: Collection[PlannedSession]) -> list[int]:
        """Teams by the effort per case of their sessions, dearest last, so that `pop` takes the worst."""
        cost: dict[int, int] = defaultdict(int)
        count: dict[int, int] = defaultdict(int)
        for session in sessions:
            cost[session.team] += self.problem.weights.session_short
            cost[session.team] += self.problem.weights.attendance * len(session.people())
            count[session.team] += len(session.cases)
        return sorted(self._size, key=lambda team: (cost[team] / max(1, count[team]), team))

    def choose(
        self, sessions: Sequence[PlannedSession], busy: set[int], first: int | None = None
    ) -> Neighbourhood | None:
        """Free teams only, `first` among them if given; None while all are being worked on."""
        aim = self._aim(sessions, busy) if first is None else None
        first = aim.team if aim else self._first_team(busy) if first is None else first
        if first is None:
            return None
        teams = [first]
        rivals = self._holders(sessions, aim) if aim else dict(self._rivals[first])
        rivals = {team: n for team, n in rivals.items() if team not in busy}
        more = self.random.choice((0, 1, 1, 2))
        least = self.random.choice(LEAST_CASES) if self._size[first] <= SMALL_TEAM else 0
        while rivals and (len(teams) <= more or sum(self._size[team] for team in teams) < least):
            team = self.random.choices(list(rivals), list(rivals.values()))[0]
            teams.append(team)
            del rivals[team]
        out, cases = self._freed(sessions, teams, aim)
        tried = self._vain[aim.id] if aim else min(self._fruitless[team] for team in teams)
        return Neighbourhood(
            teams=tuple(teams),
            out=frozenset(out),
            cases=tuple(cases),
            depth=min(DEEPEST, tried // PATIENCE),
            aim=aim.id if aim else None,
        )

    def learn(self, chosen: Neighbourhood, better: bool) -> None:
        """Counts what was fruitless since the last gain; a case aimed at in vain says nothing about the teams."""
        if chosen.aim is not None:
            self._vain[chosen.aim] = 0 if better else self._vain[chosen.aim] + 1
        for team in chosen.teams if better or chosen.aim is None else ():
            self._fruitless[team] = 0 if better else self._fruitless[team] + 1

    def had_their_turn(self, teams: Collection[int]) -> None:
        """Somebody else has worked on these."""
        self._fresh = [team for team in self._fresh if team not in teams]

    def _first_team(self, busy: set[int]) -> int | None:
        """Each team once, worst first; then any."""
        while self._fresh:
            team = self._fresh.pop()
            if team not in busy:
                return team
        free = sorted(set(self._size) - busy)
        return self.random.choice(free) if free else None

    def _aim(self, sessions: Sequence[PlannedSession], busy: set[int]) -> Case | None:
        """Once each team had its turn, many tasks are for a late or unplaced case, fewer where that was in vain."""
        suffering = [] if self._fresh else [case for case in self._suffering(sessions) if case.team not in busy]
        if not suffering:
            return None
        aim = min(self.random.sample(suffering, min(2, len(suffering))), key=lambda case: self._vain[case.id])
        return aim if self.random.random() < max(AIMED_LEAST, AIMED / (1 + self._vain[aim.id] / 2)) else None

    def _holders(self, sessions: Sequence[PlannedSession], case: Case) -> dict[int, float]:
        """Teams whose sessions hold the people of the case in its time; those who are hard to replace count most."""
        holders: dict[int, float] = defaultdict(float)
        for session in sessions:
            if session.team != case.team and case.release_min < session.end_min and session.start_min <= case.due_min:
                people = session.people()
                for seat in case.seats:
                    held = sum(1 for expert in seat.candidates if expert in people)
                    if held:
                        holders[session.team] += held / len(seat.candidates) ** 2
        return holders

    def _suffering(self, sessions: Sequence[PlannedSession]) -> list[Case]:
        """Cases that are unplaced or late."""
        starts = {item.case: item.start_min for session in sessions for item in session.cases}
        return [
            case
            for case in self.problem.cases
            if case.id not in self._fixed and objectives.days_late(case, starts.get(case.id, case.due_min + 1))
        ]

    def _freed(
        self, sessions: Sequence[PlannedSession], teams: Sequence[int], aim: Case | None
    ) -> tuple[list[int], list[int]]:
        """Sessions taken out and cases set free: those around one moment where there are too many."""
        placed = {item.case for session in sessions for item in session.cases}
        left = [c.id for c in self.problem.cases if c.team in teams and c.id not in placed]
        cases = sorted(left, key=lambda ident: aim is None or ident != aim.id)[:MOST_CASES]
        theirs = [session for session in sessions if session.team in teams]
        if theirs:
            moment = self.random.choice(theirs).start_min
            theirs.sort(key=lambda session: (session.team != teams[0], abs(session.start_min - moment)))
            if sum(len(session.cases) for session in theirs) > MOST_CASES:
                theirs.sort(key=lambda session: abs(session.start_min - moment))
            if aim is not None:
                moment = self.random.randint(aim.release_min, max(aim.release_min, aim.due_min))
                theirs.sort(key=lambda session: (not _holds(session, aim), abs(session.start_min - moment)))
        out = []
        for session in theirs:
            movable = [item.case for item in session.cases if item.case not in self._fixed]
            if len(cases) + len(movable) <= MOST_CASES:
                out.append(session.id)
                cases += movable
        return out, cases


def _rivals(problem: Problem) -> dict[int, dict[int, int]]:
    """Per team the others that want the same people, by how many these are."""
    teams_of: dict[int, set[int]] = defaultdict(set)
    for case in problem.cases:
        for seat in case.seats:
            for expert in seat.candidates:
                teams_of[expert].add(case.team)
    rivals: dict[int, dict[int, int]] = {team.id: {} for team in problem.teams}
    for teams in teams_of.values():
        for team in teams:
            for other in teams - {team}:
                rivals[team][other] = rivals[team].get(other, 0) + 1
    return rivals


def _holds(session: PlannedSession, case: Case) -> bool:
    return any(item.case == case.id for item in session.cases)
