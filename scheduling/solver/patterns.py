"""Pattern columns of one team: groups of its free cases that can meet, priced at their best starts.

Groups grow case by case in order of release; a group that no session start reaches is never grown further (its mask
of starts is empty). Where there are more groups than can be priced, those with the least estimated reduced cost come
first: session + attendances of a clique of seats, less what their cases cost in the plan as it is.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from scheduling.solver import objectives
from scheduling.solver.columns import Column
from scheduling.solver.plan import PlannedSession
from scheduling.solver.pricing import Pricer
from scheduling.solver.problem import Case
from scheduling.solver.timeline import back

Group = tuple[Case, ...]
MOST_SCREENED = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How hard to look: groups priced per team, starts tried and columns kept per group, columns remembered per team.

    A team with few groups has more starts tried for each.
    """

    groups: int = 250
    keep: int = 4
    tries: int = 6
    most_tries: int = 160
    pool: int = 2500


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
    groups = list(screened(pricer, cases))
    chosen = _promising(pricer, groups, worth, effort.groups, pricer.random)
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
        for group in _promising(pricer, groups, worth, effort.groups // 4, pricer.random):
            columns += pricer.price(group, base)
        pricer.state.add(base)
    return columns


def screened(pricer: Pricer, cases: Sequence[Case]) -> Iterator[Group]:
    """All groups that some session start reaches, whatever their order; up to a limit."""
    problem, grain = pricer.state.problem, pricer.state.starts.grain
    order = sorted(cases, key=lambda case: (case.release_min, case.id))
    most, found = problem.max_session_min, 0
    reach = {
        c.id: back(pricer.case_starts(c), (most - c.duration_min) // grain) for c in order if c.duration_min <= most
    }
    order = [case for case in order if case.id in reach]

    def grow(group: Group, mask: int, minutes: int, first: int) -> Iterator[Group]:
        nonlocal found
        for i in range(first, len(order)):
            case = order[i]
            total, common = minutes + case.duration_min, mask & reach[case.id]
            if common and total <= most and found < MOST_SCREENED:
                found += 1
                yield (*group, case)
                yield from grow((*group, case), common, total, i + 1)

    return grow((), -1, 0, 0)


def people_needed(group: Group) -> int:
    """An estimate: per kind of seat the most that one case needs."""
    need: Counter[tuple[int, ...]] = Counter()
    for case in group:
        need |= Counter(seat.candidates for seat in case.seats)
    return sum(need.values())


def _promising(
    pricer: Pricer, groups: Sequence[Group], worth: Mapping[int, float], most: int, random: Random
) -> Sequence[Group]:
    """Every size has its share: half of it by estimated reduced cost, half by chance."""
    if len(groups) <= most:
        return groups
    weights = pricer.state.problem.weights

    def reduced(group: Group) -> float:
        minutes = sum(case.duration_min for case in group)
        short = minutes <= objectives.SHORT_SESSION_MIN
        price = (weights.session_short if short else weights.session_long) + weights.attendance * people_needed(group)
        return price - sum(worth.get(case.id, 0.0) for case in group) + random.gauss(0, 4)

    sizes: dict[int, list[Group]] = {}
    for group in groups:
        sizes.setdefault(len(group), []).append(group)
    chosen: list[Group] = []
    for left, theirs in enumerate(sorted(sizes.values(), key=len)):
        share = (most - len(chosen)) // (len(sizes) - left)
        ranked = sorted(theirs, key=reduced)
        chosen += ranked[: share // 2]
        rest = ranked[share // 2 :]
        chosen += random.sample(rest, min(len(rest), share - share // 2))
    return chosen


def worth_of(pricer: Pricer, sessions: Sequence[PlannedSession]) -> dict[int, float]:
    """What each case costs now: its share of its session's effort."""
    shares: dict[int, float] = {}
    for session in sessions:
        effort = pricer.price_session(session)[2]
        for item in session.cases:
            shares[item.case] = effort / len(session.cases)
    return shares
