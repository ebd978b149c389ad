"""PROBLEM of the format: the sets (sites, teams, rooms, experts, cases), what is already decided, and the weights.

Times are integer minutes elapsed since the horizon's start (a local Monday 00:00); intervals are half-open and
touching ones merge. Ids are integers, unique per kind. Weeks are seven local days from the first.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from scheduling.solver.core.plan import PlannedSession
from scheduling.solver.core.reading import Mistake, ProblemError, as_json

__all__ = [
    "Case",
    "Choice",
    "Expert",
    "Limits",
    "Mistake",
    "Optional",
    "Problem",
    "ProblemError",
    "Relaxed",
    "Reserved",
    "Room",
    "Seat",
    "Span",
    "Team",
    "Weights",
    "merged",
]

Span = tuple[int, int]
ABSENT_TRAVEL_MIN = 60


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Sorted, with touching and overlapping intervals joined."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved:
    """A stretch of a team's time in which only cases of these rare classes start."""

    JSON_NAMES: ClassVar[dict[str, str]] = {"from_min": "from", "to_min": "to"}

    from_min: int
    to_min: int
    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    id: int
    site: int
    windows: tuple[Span, ...]
    standing: tuple[Span, ...] = ()
    reserved: tuple[Reserved, ...] = ()
    chairs: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "windows", merged(self.windows))
        object.__setattr__(self, "standing", merged(self.standing))


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    id: int
    site: int
    capacity: int
    equipment: frozenset[str] = frozenset()
    free: tuple[Span, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "free", merged(self.free))


@dataclass(frozen=True, slots=True, kw_only=True)
class Expert:
    id: int
    sites: frozenset[int]
    remote: bool
    free: tuple[Span, ...]
    max_sessions_day: int
    max_sessions_week: int
    max_minutes_week: int
    load_min: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "free", merged(self.free))


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxed:
    """Who could fill a seat if one demand were dropped; for explanations only."""

    code: str
    candidates: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    JSON_OPTIONAL: ClassVar[frozenset[str]] = frozenset({"relaxed"})

    id: int
    discipline: str
    candidates: tuple[int, ...]
    relaxed: tuple[Relaxed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Optional:
    """A place that is good to fill and never needed."""

    id: int
    discipline: str
    candidates: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    id: int
    team: int
    tier: Literal["required", "suggested"]
    weight: int
    release_min: int
    due_min: int
    duration_min: int
    equipment: frozenset[str] = frozenset()
    remote_ok: bool = False
    seats: tuple[Seat, ...]
    optional: tuple[Optional, ...] = ()
    rare_class: Literal["A", "B", "C"] | None = None

    @property
    def required(self) -> bool:
        return self.tier == "required"

    @property
    def places(self) -> tuple["Seat | Optional", ...]:
        """All that may be filled: seats, then optional places."""
        return (*self.seats, *self.optional)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A pin (each given key holds where the case is placed) or a forbidden combination (not all given keys at once)."""

    JSON_OPTIONAL: ClassVar[frozenset[str]] = frozenset({"expert", "room", "from_min", "to_min"})

    case: int
    expert: int | None = None
    room: int | None = None
    from_min: int | None = None
    to_min: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    seconds: float = 30
    workers: int = 1
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    session_short: int = 4
    session_long: int = 6
    standing_discount: int = 2
    attendance: int = 3
    optional_missing: int = 2
    wait: int = 1
    moved_case: int = 20
    changed_person: int = 5
    fairness: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Everything a run knows; never changed while it is solved."""

    version: Literal[1] = 1
    horizon_min: int
    now_min: int = 0
    day_starts: tuple[int, ...]
    sites: tuple[int, ...]
    travel_min: tuple[tuple[int, int, int], ...] = ()
    changeover_min: int = 15
    grain_min: int = 5
    max_session_min: int = 120
    break_after_min: int = 0
    break_min: int = 10
    teams: tuple[Team, ...]
    rooms: tuple[Room, ...]
    experts: tuple[Expert, ...]
    cases: tuple[Case, ...]
    fixed: tuple[PlannedSession, ...] = ()
    previous: tuple[PlannedSession, ...] = ()
    pins: tuple[Choice, ...] = ()
    forbidden: tuple[Choice, ...] = ()
    fair_target_min: int | None = None
    limits: Limits = Limits()
    weights: Weights = Weights()

    team_of: Mapping[int, Team] = field(init=False, repr=False, compare=False)
    room_of: Mapping[int, Room] = field(init=False, repr=False, compare=False)
    expert_of: Mapping[int, Expert] = field(init=False, repr=False, compare=False)
    case_of: Mapping[int, Case] = field(init=False, repr=False, compare=False)
    fixed_of: Mapping[int, PlannedSession] = field(init=False, repr=False, compare=False)
    _travel: Mapping[Span, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, kind in (
            ("team_of", self.teams),
            ("room_of", self.rooms),
            ("expert_of", self.experts),
            ("case_of", self.cases),
            ("fixed_of", self.fixed),
        ):
            object.__setattr__(self, name, {item.id: item for item in kind})
        pairs = {(a, b): minutes for a, b, minutes in self.travel_min}
        object.__setattr__(self, "_travel", {(b, a): minutes for (a, b), minutes in pairs.items()} | pairs)

    def day(self, minute: int) -> int:
        return bisect_right(self.day_starts, minute) - 1

    def week(self, minute: int) -> int:
        return self.day(minute) // 7

    def travel(self, here: int, there: int) -> int:
        return 0 if here == there else self._travel.get((here, there), ABSENT_TRAVEL_MIN)

    def on_site(self, expert: int, site: int) -> bool:
        """Who has no place at the session's site attends remotely."""
        return site in self.expert_of[expert].sites

    def to_json(self) -> dict[str, Any]:
        return as_json(self)
