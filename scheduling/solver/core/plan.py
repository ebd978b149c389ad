"""PLAN of the format: sessions with their cases and people, what stays unplaced and why, the goals reached.

Times are integer minutes since the horizon's start; intervals are half-open.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from scheduling.solver.core import reading
from scheduling.solver.core.reading import as_json

LEVELS = ("required_unplaced", "required_late", "suggested", "effort")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Goals:
    """The lexicographic tuple; smaller is better, an earlier level outweighs all later ones."""

    required_unplaced: int
    required_late: int
    suggested: int
    effort: int

    def __iter__(self) -> Iterator[int]:
        return iter((self.required_unplaced, self.required_late, self.suggested, self.effort))

    def __str__(self) -> str:
        return " / ".join(str(level) for level in self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """Per level a lower bound, given that all levels above equal theirs; None = nothing is proven."""

    required_unplaced: int | None = None
    required_late: int | None = None
    suggested: int | None = None
    effort: int | None = None

    def __iter__(self) -> Iterator[int | None]:
        return iter((self.required_unplaced, self.required_late, self.suggested, self.effort))

    def proves(self, goals: Goals) -> bool:
        return tuple(self) == tuple(goals)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCase:
    """One case in one session: its start, and the expert on each seat and optional place."""

    case: int
    start_min: int
    seats: Mapping[int, int]
    optional: Mapping[int, int] = field(default_factory=dict)

    def people(self) -> tuple[int, ...]:
        return (*self.seats.values(), *self.optional.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSession:
    id: int
    team: int
    site: int
    room: int | None
    start_min: int
    end_min: int
    cases: tuple[PlannedCase, ...]

    def people(self) -> set[int]:
        return {expert for item in self.cases for expert in item.people()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a case has no place: a code with parameters, perhaps about one seat."""

    JSON_OPTIONAL: ClassVar[frozenset[str]] = frozenset({"seat"})

    code: str
    seat: int | None = None
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplaced:
    case: int
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run proposes; `status` is "optimal" only if the bound meets the goals on every level."""

    status: Literal["optimal", "feasible"]
    goals: Goals
    sessions: tuple[PlannedSession, ...]
    unplaced: tuple[Unplaced, ...]
    bound: Bound | None = None
    seconds: float = 0.0
    first_plan_s: float = 0.0

    @classmethod
    def from_json(cls, data: Any) -> "Plan":
        """Strict; raises ProblemError with every mistake and its place."""
        return reading.whole(PLAN, data)

    def to_json(self) -> dict[str, Any]:
        return as_json(self)


ID = reading.integer()
PLANNED_CASE = reading.record(
    PlannedCase,
    {"case": ID, "start_min": ID, "seats": reading.keyed(ID), "optional": reading.keyed(ID)},
)
SESSION = reading.record(
    PlannedSession,
    {
        "id": ID,
        "team": ID,
        "site": ID,
        "room": reading.nullable(ID),
        "start_min": ID,
        "end_min": ID,
        "cases": reading.many(PLANNED_CASE),
    },
)
_REASON = reading.record(Reason, {"code": reading.text, "params": reading.anything}, {"seat": ID})
_GOALS = dict.fromkeys(LEVELS, ID)
PLAN = reading.record(
    Plan,
    {
        "status": reading.one_of("optimal", "feasible"),
        "goals": reading.record(Goals, _GOALS),
        "bound": reading.nullable(reading.record(Bound, {level: reading.nullable(ID) for level in LEVELS})),
        "seconds": reading.number,
        "first_plan_s": reading.number,
        "sessions": reading.many(SESSION),
        "unplaced": reading.many(reading.record(Unplaced, {"case": ID, "reasons": reading.many(_REASON)})),
    },
)
