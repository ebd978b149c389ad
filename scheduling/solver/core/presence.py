"""Presences: an expert is present in a session from the first start to the last end of the cases that need them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scheduling.solver.core.plan import PlannedSession
from scheduling.solver.core.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    session: int
    expert: int
    site: int
    on_site: bool
    from_min: int
    to_min: int
    day: int

    @property
    def week(self) -> int:
        return self.day // 7

    @property
    def minutes(self) -> int:
        return self.to_min - self.from_min


def stretches(problem: Problem, session: PlannedSession) -> dict[int, tuple[int, int]]:
    """Per attending expert the stretch `[from, to)`."""
    spans: dict[int, tuple[int, int]] = {}
    for item in session.cases:
        end = item.start_min + problem.case_of[item.case].duration_min
        for expert in item.people():
            known = spans.get(expert, (item.start_min, end))
            spans[expert] = (min(known[0], item.start_min), max(known[1], end))
    return spans


def presences(problem: Problem, session: PlannedSession) -> Iterator[Presence]:
    """A session counts on the local day in which it starts."""
    day = problem.day(session.start_min)
    for expert, (start, end) in stretches(problem, session).items():
        yield Presence(
            session=session.id,
            expert=expert,
            site=session.site,
            on_site=problem.on_site(expert, session.site),
            from_min=start,
            to_min=end,
            day=day,
        )


def minutes_by_expert(sessions: Iterable[PlannedSession], problem: Problem) -> dict[int, int]:
    minutes: dict[int, int] = defaultdict(int)
    for session in sessions:
        for expert, (start, end) in stretches(problem, session).items():
            minutes[expert] += end - start
    return minutes
