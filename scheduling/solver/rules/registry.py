"""What a hard rule is made of: the plan as rules read it, a violation, and the registry that the rules enter.

Rules stand in `rules.sessions` (cases, sessions, what is decided already) and `rules.people` (rooms, seats,
experts), each with its sentence; `rules` is what others import.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scheduling.solver.core import presence
from scheduling.solver.core.plan import Plan, PlannedCase, PlannedSession
from scheduling.solver.core.presence import Presence
from scheduling.solver.core.problem import Case, Problem, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One broken rule: its code, what the sentence needs, and what it is about."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)
    session: int | None = None
    case: int | None = None
    expert: int | None = None
    room: int | None = None


class Board:
    """A plan as the rules read it: cases with their sessions, presences by expert."""

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self.problem = problem
        self.plan = plan
        self.sessions = plan.sessions
        self.by_expert: dict[int, list[Presence]] = defaultdict(list)

    def attend(self) -> None:
        for session in self.sessions:
            for stay in presence.presences(self.problem, session):
                self.by_expert[stay.expert].append(stay)
        for stays in self.by_expert.values():
            stays.sort(key=lambda stay: (stay.from_min, stay.session))

    def items(self) -> Iterator[tuple[PlannedSession, PlannedCase, Case]]:
        for session in self.sessions:
            for item in session.cases:
                yield session, item, self.problem.case_of[item.case]

    def end(self, item: PlannedCase) -> int:
        return item.start_min + self.problem.case_of[item.case].duration_min

    def stays(self) -> Iterator[Presence]:
        for stays in self.by_expert.values():
            yield from stays

    def remote(self, session: PlannedSession) -> list[int]:
        return sorted(e for e in session.people() if not self.problem.on_site(e, session.site))


Rule = Callable[[Board], Iterator[Violation]]
RULES: dict[str, Rule] = {}
SENTENCES: dict[str, str] = {}
"""What each rule says to people. Whoever shows a sentence puts the parameters in, names and clock times for ids and
minutes, and translates it."""


def _(sentence: str) -> str:
    """Marks a sentence for translation and leaves it as it is: the solver knows no Django."""
    return sentence


def rule(sentence: str) -> Callable[[Rule], Rule]:
    """Registers a rule under its own name, with the sentence that says how it was broken."""

    def register(function: Rule) -> Rule:
        code = function.__name__.rstrip("_")
        RULES[code], SENTENCES[code] = function, sentence
        return function

    return register


def inside(spans: Sequence[Span], start: int, end: int) -> bool:
    """Whether one of the merged intervals holds `[start, end)` entirely."""
    return any(a <= start and end <= b for a, b in spans)


def neighbours(board: Board, key: Callable[[PlannedSession], Any]) -> Iterator[tuple[PlannedSession, PlannedSession]]:
    """Sessions of one team or room in order of start, each with the one before it that ends last."""
    last: dict[Any, PlannedSession] = {}
    for session in sorted(board.sessions, key=lambda s: (s.start_min, s.end_min, s.id)):
        about = key(session)
        if about is None:
            continue
        if about in last:
            yield last[about], session
        if about not in last or session.end_min > last[about].end_min:
            last[about] = session
