"""Pattern columns of one team: groups of its free cases that can meet, priced at their best starts.

Groups grow case by case in order of release; a group that no session start reaches is never grown further (its mask
of starts is empty). Where there are more groups than can be priced, those with the least estimated reduced cost come
first: session + attendances of a clique of seats, less what their cases cost in the plan as it is.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from random import Random

from scheduling.solver.columns.column import Column
from scheduling.solver.columns.pricing import Pricer
from scheduling.solver.core import objectives
from scheduling.solver.core.plan import PlannedSession
from scheduling.solver.core.problem import Case
from scheduling.solver.core.timeline import back

Group = tuple[Case, ...]
Estimated = tuple[float, Group]
MOST_SCREENED = 20_000
MOST_ALIKE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How hard to look: groups priced per team, starts tried and columns kept per group, columns remembered per team.

    A first look takes `first` groups; each depth below doubles them, up to `groups`: while plans are easily improved,
    many light looks gain more than a few thorough ones. A team with few groups has more starts tried for each.
    """

    first: int = 30
    groups: int = 250
    keep: int = 4
    tries: int = 6
    most_tries: int = 160
    pool: int = 400

    def at(self, depth: int) -> "Effort":
        groups = min(self.groups, self.first << depth)
        return replace(self, groups=groups, keep=min(self.keep, 2 + depth), tries=min(self.tries, 2 + depth))


class Pool:
    """Columns priced earlier, by team: most of them still fit when their team is looked at again."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._columns: dict[int, dict[object, Column]] = {}

    def add(self, columns: Sequence[Column], worth: Mapping[int, float]) -> None:
        for column in columns:
            if column.base is None:
                key = (column.start_min, column.end_min, *(i.case for i in column.items), *sorted(column.stays))
                self._columns.setdefault(column.team, {})[key] = column
        for team in {column.team for column in columns}:
            theirs = self._columns.get(team, {})
            if len(theirs) > self.most:
                best = sorted(theirs.items(), key=lambda entry: reduced_price(entry[1], worth))
                self._columns[team] = dict(best[: self.most * 2 // 3])

    def fitting(self, pricer: Pricer, team: int, cases: set[int]) -> Iterator[Column]:
        for column in self._columns.get(team, {}).values():
            if all(item.case in cases for item in column.items):
                fresh = pricer.refreshed(column)
                if fresh is not None:
                    yield fresh


def reduced_price(column: Column, worth: Mapping[int, float]) -> float:
    return column.price[2] - sum(worth.get(item.case, 0.0) for item in column.items)


def generate(
    pricer: Pricer,
    cases: Sequence[Case],
    bases: Sequence[PlannedSession],
    worth: Mapping[int, float],
    effort: Effort,
    stop: Callable[[], bool] = lambda: False,
) -> list[Column]:
    """Columns of one team's free cases, new sessions and extensions of confirmed ones alike; fewer when stopped."""
    assert pricer.random is not None
    columns: list[Column] = []
    groups = list(screened(pricer, cases, worth))
    chosen = _promising(groups, effort.groups, pricer.random)
    pricer.tries = min(effort.most_tries, max(effort.tries, effort.groups * effort.tries // 2 // max(1, len(chosen))))
    keep = max(effort.keep, pricer.tries * 2 // 3)
    for group in chosen:
        if stop():
            return columns
        columns += pricer.price(group, keep=keep)
        if len(group) > 1:
            columns += pricer.price_loose(group, keep=keep)
    for base in bases:
        pricer.state.remove(base.id)
        for group in _promising(groups, effort.groups // 4, pricer.random):
            columns += pricer.price(group, base)
        pricer.state.add(base)
    return columns


def screened(pricer: Pricer, cases: Sequence[Case], worth: Mapping[int, float]) -> Iterator[Estimated]:
    """All groups that some session start reaches, whatever their order, each with its estimate; up to a limit."""
    problem, grain = pricer.state.problem, pricer.state.starts.grain
    most, found, weights = problem.max_session_min, 0, problem.weights
    order = [c for c in sorted(cases, key=lambda c: (c.release_min, c.id)) if c.duration_min <= most]
    reach = [back(pricer.case_starts(c), (most - c.duration_min) // grain) for c in order]
    needs = needed(order)

    def grow(
        group: Group, mask: int, minutes: int, first: int, need: int, gain: float
    ) -> Iterator[tuple[float, Group]]:
        nonlocal found
        for i in range(first, len(order)):
            case = order[i]
            total, common = minutes + case.duration_min, mask & reach[i]
            if common and total <= most and found < MOST_SCREENED:
                found += 1
                people, saved = need | needs[i], gain + worth.get(case.id, 0.0)
                session = weights.session_short if total <= objectives.SHORT_SESSION_MIN else weights.session_long
                yield session + weights.attendance * people.bit_count() - saved, (*group, case)
                yield from grow((*group, case), common, total, i + 1, people, saved)

    return grow((), -1, 0, 0, 0, 0.0)


def needed(cases: Sequence[Case]) -> list[int]:
    """Per case a set of bits, one for each person: those of a group's union estimate how many people it needs.

    Seats with the same candidates share their bits between cases, not within one.
    """
    kinds: dict[tuple[int, ...], int] = {}
    needs = []
    for case in cases:
        need = 0
        for candidates, count in Counter(seat.candidates for seat in case.seats).items():
            kind = kinds.setdefault(candidates, len(kinds))
            need |= ((1 << count) - 1) << kind * MOST_ALIKE
        needs.append(need)
    return needs


def _promising(groups: Sequence[Estimated], most: int, random: Random) -> list[Group]:
    """Every size has its share: half of it by estimated reduced cost, half by chance."""
    if len(groups) <= most:
        return [group for _, group in groups]
    sizes: dict[int, list[Estimated]] = {}
    for estimate, group in groups:
        sizes.setdefault(len(group), []).append((estimate + random.gauss(0, 4), group))
    chosen: list[Group] = []
    for left, theirs in enumerate(sorted(sizes.values(), key=len)):
        share = (most - len(chosen)) // (len(sizes) - left)
        theirs.sort(key=itemgetter(0))
        chosen += [group for _, group in theirs[: share // 2]]
        rest = theirs[share // 2 :]
        chosen += [group for _, group in random.sample(rest, min(len(rest), share - share // 2))]
    return chosen


def worth_of(pricer: Pricer, sessions: Sequence[PlannedSession]) -> dict[int, float]:
    """What each case costs now: its share of its session's effort."""
    shares: dict[int, float] = {}
    for session in sessions:
        effort = pricer.price_session(session)[2]
        for item in session.cases:
            shares[item.case] = effort / len(session.cases)
    return shares
