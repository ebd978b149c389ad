"""Local search over whole sessions and lone cases, with every start priced at once by counter tables.

Two searches on one state (`Placements`):

    place    cases without a place push others out where least is in the way; who is pushed out grows heavier
    anneal   a unit is pushed to a better start and those in its way settle elsewhere, or two units change places;
             simulated annealing on the effort, never on a level above it

Moves: a unit's start and room, the people of a lone case, optional places of lone cases. Confirmed sessions stay, and
sessions are never split or joined: columns do that. So it pays where cases cannot share sessions. The answer
is judged by the rules and the goals; where it is not better, the plan given comes back.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from random import Random

import numpy as np

from scheduling.solver import rules
from scheduling.solver.core import objectives
from scheduling.solver.core.plan import Plan, Unplaced
from scheduling.solver.core.problem import Problem
from scheduling.solver.local_search.counters import WALL, Row
from scheduling.solver.local_search.placements import Placements
from scheduling.solver.local_search.spots import Spots, meet
from scheduling.solver.local_search.units import WEIGHT, Unit

HEAVIER = 4
PATIENCE = 500  # pushes per unit without a case placed
PUSHES = 0.9  # of all steps
MOST_GONE = 4
HOT, COLD = 12.0, 0.5  # in points of effort
TRIES = 3
NEVER = 1e18


def improved(
    problem: Problem,
    plan: Plan,
    seconds: float,
    *,
    stop: Callable[[], bool] = lambda: False,
    seed: int = 1,
    watch: Callable[[Plan], None] = lambda _: None,
) -> Plan:
    """A plan at least as good as the given one, within these seconds; `watch` is told once the cases are placed."""
    began = time.monotonic()
    search = LocalSearch(problem, plan, seed)
    search.place(lambda: stop() or time.monotonic() - began >= seconds)
    placed = search.better_than(plan)
    watch(placed)
    share = max(0.0, seconds - (time.monotonic() - began))
    search.anneal(share, stop)
    return search.better_than(placed)


class LocalSearch:
    def __init__(self, problem: Problem, plan: Plan, seed: int = 1) -> None:
        self.problem, self.random = problem, Random(seed)  # noqa: S311
        self.noise = np.random.default_rng(seed)
        self.state = Placements(problem, plan.sessions)
        self.spots = Spots(problem, self.state, self.random)
        self.units = [unit for unit in self.state.units if not unit.closed.all()]

    def better_than(self, plan: Plan) -> Plan:
        """The state as a plan, or the given one where the state is not better, or breaks a rule."""
        sessions = tuple(sorted(self.state.sessions(), key=lambda session: (session.start_min, session.id)))
        goals = objectives.goals_of(self.problem, sessions)
        placed = {item.case for session in sessions for item in session.cases}
        left = tuple(Unplaced(case=case.id) for case in self.problem.cases if case.id not in placed)
        mine = replace(plan, goals=goals, sessions=sessions, unplaced=left)
        return mine if goals < plan.goals and not rules.violations(self.problem, mine) else plan

    # ---- place

    def place(self, over: Callable[[], bool]) -> None:
        """Ends at the best state seen."""
        state, waiting = self.state, [unit for unit in self.units if unit.start < 0]
        best, kept, idle = state.cost, state.snapshot(), 0
        while waiting and idle < PATIENCE * len(self.units) and not over():
            unit = waiting.pop(self.random.randrange(len(waiting)))
            gone = self._force(unit)
            for other in gone or ():
                other.weight += HEAVIER
                waiting.append(other)
            if gone is None and self.spots.hard(unit).min() < WALL:
                waiting.append(unit)
            idle += 1
            if state.cost < best:
                best, kept, idle = state.cost, state.snapshot(), 0
        state.restore(kept)
        self.spots.refill(set(state.stays))

    def _force(self, unit: Unit) -> list[Unit] | None:
        """Puts the unit where least is in the way; answers who had to go, or None where it cannot be anywhere."""
        for k in self._cheapest(self.spots.hard(unit), self.spots.soft(unit)):
            gone = self._push_to(unit, k, set())
            if gone is not None:
                return gone
        return None

    def _cheapest(self, hard: Row, soft: Row) -> Iterator[int]:
        """A few starts, least in the way first, then by price, then by chance."""
        for _ in range(TRIES):
            least = hard.min(initial=WALL)
            if least >= WALL:
                return
            among = np.flatnonzero(hard == least)
            among = among[soft[among] == soft[among].min()]
            k = int(among[self.random.randrange(len(among))])
            yield k
            hard[k] = WALL

    def _push_to(self, unit: Unit, k: int, touched: set[int], most: int | None = None) -> list[Unit] | None:
        room, seats = self.spots.room(unit, k), self.spots.seats_at(unit, k)
        if seats is None or not self.spots.fits(unit, k, room, seats):
            return None
        gone = list(dict.fromkeys(self.spots.in_the_way(unit, k, room, seats)))
        if most is not None and len(gone) > most:
            return None
        self._take(gone, touched)
        self.spots.put(unit, k, room, seats)
        return gone

    # ---- anneal

    def anneal(self, seconds: float, stop: Callable[[], bool] = lambda: False) -> None:
        """Cools down over these seconds and ends at the best state seen: goals first, then clashes of guests."""
        state, began, share = self.state, time.monotonic(), 0.0
        best, kept = (state.cost, state.clashes.total), state.snapshot()
        while self.units and share < 1 and not stop():
            share = min(1.0, (time.monotonic() - began) / seconds) if seconds > 0 else 1.0
            heat = HOT * (COLD / HOT) ** share
            cost, clashes = state.cost, state.clashes.total
            state.mark()
            self._step(heat)
            worse = state.cost - cost
            if worse >= state.factors.suggested or not self._accepts(worse + state.clashes.total - clashes, heat):
                state.undo()
            elif (state.cost, state.clashes.total) < best:
                best, kept = (state.cost, state.clashes.total), state.snapshot()
        state.restore(kept)

    def _accepts(self, worse: int, heat: float) -> bool:
        return worse <= 0 or self.random.random() < math.exp(-worse / heat)

    def _step(self, heat: float) -> None:
        touched: set[int] = set()
        if self.random.random() < PUSHES:
            self._push(self._any(), heat, touched)
        else:
            out = list({self._any(): None, self.random.choice(self.units): None})
            self._take(out, touched)
            self._settle(self.random.sample(out, len(out)))
        self.spots.refill(touched)

    def _push(self, unit: Unit, heat: float, touched: set[int]) -> None:
        """To a start that is good but for what is in the way, which then settles elsewhere."""
        self._take([unit], touched)
        hard = self.spots.hard(unit)
        luck = heat * np.log(self.noise.standard_exponential(len(hard)) + 1e-12)
        score = np.where(hard < WALL, self.spots.soft(unit) + hard / WEIGHT + luck, NEVER)
        k = int(score.argmin()) if len(score) else -1
        if k >= 0 and score[k] < NEVER:
            gone = self._push_to(unit, k, touched, MOST_GONE)
            self._settle(self.random.sample(gone, len(gone)) if gone else ())

    def _take(self, units: Iterable[Unit], touched: set[int]) -> None:
        for unit in units:
            if unit.start >= 0:
                touched.update(unit.people(), unit.extra.values())
                self.state.take(unit)

    def _settle(self, units: Iterable[Unit]) -> None:
        """Each where nothing is in the way and the goals grow least."""
        for unit in units:
            hard = self.spots.hard(unit)
            hard[hard > 0] = WALL
            for k in self._cheapest(hard, self.spots.soft(unit)):
                room, seats = self.spots.room(unit, k), self.spots.seats_at(unit, k, below=1)
                if seats is not None and self.spots.fits(unit, k, room, seats):
                    self.spots.put(unit, k, room, seats)
                    break

    def _any(self) -> Unit:
        """Half of the time a unit with an empty optional place, or one that keeps a guest from it."""
        if self.spots.gain and self.state.empty and self.random.random() < 0.5:
            unit, place = self.random.choice(list(self.state.empty))
            blockers = [
                other
                for expert in unit.welcome[place]
                for other, stay in self.state.stays[expert].items()
                if meet(stay, unit.span(), 0)
            ]
            return self.random.choice([unit, *blockers])
        return self.random.choice(self.units)
