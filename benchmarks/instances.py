"""The frozen instances, and a seeded generator for the two demand profiles.

consultation: cases of 15 to 30 minutes, sessions up to 120 minutes, grain 5
list:         26 cases a session on average at about 3 minutes, sessions up to 300 minutes, grain 1
"""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from random import Random

from scheduling.solver.core.problem import Case, Expert, Limits, Optional, Problem, Room, Seat, Team, Weights
from scheduling.solver.rules import checking

FOLDER = Path(__file__).parent / "instances"
DAY = 1440
HALF_DAYS = ((480, 720), (840, 1080))


def names(size: str) -> list[str]:
    return sorted(path.name.removesuffix(".json.gz") for path in FOLDER.glob(f"{size}-*.json.gz"))


def load(name: str) -> Problem:
    with gzip.open(FOLDER / f"{name}.json.gz", "rt", encoding="utf-8") as file:
        return checking.read_problem(json.load(file))


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Demand as published: minutes a case, people a case, how long a session may be."""

    grain_min: int
    max_session_min: int
    median_min: float
    sigma: float
    least_min: int
    most_min: int
    seats: tuple[int, int]
    break_after_min: int


PROFILES = {
    "consultation": Profile(
        grain_min=5,
        max_session_min=120,
        median_min=22,
        sigma=0.4,
        least_min=15,
        most_min=30,
        seats=(3, 6),
        break_after_min=0,
    ),
    "list": Profile(
        grain_min=1,
        max_session_min=300,
        median_min=2.0,
        sigma=0.97,
        least_min=1,
        most_min=12,
        seats=(3, 5),
        break_after_min=90,
    ),
}


def generate(seed: int, *, profile: str = "consultation", cases: int = 100, weeks: int = 2) -> Problem:
    """One hospital; teams, rooms and experts grow with the cases."""
    rnd, kind = Random(seed), PROFILES[profile]
    per_team = 10 if profile == "consultation" else 50
    teams, experts = max(1, cases // per_team), max(12, cases * 6 // 5 if profile == "consultation" else cases // 4)
    days = [d for d in range(7 * weeks) if d % 7 < 5]
    halves = [(d * DAY + a, d * DAY + b) for d in days for a, b in HALF_DAYS]
    people = [_expert(rnd, i, halves) for i in range(1, experts + 1)]
    disciplines = _disciplines(rnd, experts)
    return Problem(
        horizon_min=7 * weeks * DAY,
        day_starts=tuple(range(0, 7 * weeks * DAY, DAY)),
        sites=(1,),
        grain_min=kind.grain_min,
        max_session_min=kind.max_session_min,
        break_after_min=kind.break_after_min,
        teams=tuple(_team(rnd, i, halves) for i in range(1, teams + 1)),
        rooms=tuple(_room(rnd, i, halves) for i in range(1, max(2, teams * 4 // 5) + 1)),
        experts=tuple(people),
        cases=tuple(_case(rnd, i, teams, kind, disciplines, days) for i in range(1, cases + 1)),
        limits=Limits(seconds=30, workers=2, seed=seed),
        weights=Weights(),
    )


def _disciplines(rnd: Random, experts: int) -> dict[str, tuple[int, ...]]:
    kinds = ("rad", "onc", "surg", "path", "med", "nurse")
    members: dict[str, list[int]] = {kind: [] for kind in kinds}
    for ident in range(1, experts + 1):
        members[kinds[(ident - 1) % len(kinds)]].append(ident)
    for ident in rnd.sample(range(1, experts + 1), experts // 8):
        members[rnd.choice(kinds)].append(ident)
    return {kind: tuple(dict.fromkeys(people)) for kind, people in members.items()}


def _expert(rnd: Random, ident: int, halves: list[tuple[int, int]]) -> Expert:
    return Expert(
        id=ident,
        sites=frozenset({1}),
        remote=rnd.random() < 0.4,
        free=tuple(half for half in halves if rnd.random() < 0.55),
        max_sessions_day=2,
        max_sessions_week=rnd.choice((6, 8)),
        max_minutes_week=600,
        load_min=30 * rnd.randint(0, 14),
    )


def _team(rnd: Random, ident: int, halves: list[tuple[int, int]]) -> Team:
    weekly = rnd.randrange(10)
    standing = tuple((a, a + 120) for i, (a, _) in enumerate(halves) if i % 10 == weekly)
    return Team(id=ident, site=1, windows=tuple(halves), standing=standing)


def _room(rnd: Random, ident: int, halves: list[tuple[int, int]]) -> Room:
    equipment = frozenset({"video"}) if ident % 3 else frozenset()
    free = tuple(half for half in halves if rnd.random() < 0.7)
    return Room(id=ident, site=1, capacity=(12, 20, 9)[ident % 3], equipment=equipment, free=free)


def _case(
    rnd: Random, ident: int, teams: int, kind: Profile, disciplines: dict[str, tuple[int, ...]], days: list[int]
) -> Case:
    minutes = round(rnd.lognormvariate(0, kind.sigma) * kind.median_min)
    release = rnd.choice(days[: len(days) * 3 // 4]) * DAY + 480 + 15 * rnd.randint(0, 20)
    required = rnd.random() < 0.55
    wanted = [rnd.choice(list(disciplines)) for _ in range(rnd.randint(*kind.seats))]
    seats = []
    for place, discipline in enumerate(wanted, 1):
        able = disciplines[discipline]
        seats.append(
            Seat(id=place, discipline=discipline, candidates=tuple(rnd.sample(able, min(len(able), rnd.randint(3, 6)))))
        )
    extra = rnd.choice(list(disciplines))
    return Case(
        id=ident,
        team=rnd.randint(1, teams),
        tier="required" if required else "suggested",
        weight=rnd.choice((1, 1, 2, 4)),
        release_min=release,
        due_min=release + rnd.choice((1, 3, 5) if required else (5, 7)) * DAY,
        duration_min=max(kind.least_min, min(kind.most_min, minutes)),
        remote_ok=rnd.random() < 0.5,
        seats=tuple(seats),
        optional=(Optional(id=1, discipline=extra, candidates=disciplines[extra][:3]),) if rnd.random() < 0.2 else (),
    )
