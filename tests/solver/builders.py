"""Small problems and plans, written down in a line or two."""

from collections.abc import Iterable
from dataclasses import replace
from random import Random
from typing import Any

from scheduling.solver.core import objectives
from scheduling.solver.core.plan import Plan, PlannedCase, PlannedSession, Unplaced
from scheduling.solver.core.problem import (
    Case,
    Choice,
    Expert,
    Limits,
    Optional,
    Problem,
    Reserved,
    Room,
    Seat,
    Team,
    Weights,
)
from scheduling.solver.greedy import greedy

DAY = 1440
OFFICE = ((480, 720),)
LONG = ((0, 14 * DAY),)


def expert(ident: int, **given: Any) -> Expert:
    defaults: dict[str, Any] = {
        "sites": frozenset({1}),
        "remote": False,
        "free": LONG,
        "max_sessions_day": 9,
        "max_sessions_week": 9,
        "max_minutes_week": 9999,
    }
    return Expert(id=ident, **{**defaults, **given})


def case(ident: int, seats: Iterable[Iterable[int]] = ((1,),), **given: Any) -> Case:
    """Seats are numbered 1, 2, ...; each is the list of its candidates."""
    defaults: dict[str, Any] = {
        "team": 1,
        "tier": "required",
        "weight": 1,
        "release_min": 0,
        "due_min": 14 * DAY,
        "duration_min": 30,
    }
    places = tuple(Seat(id=i, discipline=f"d{i}", candidates=tuple(c)) for i, c in enumerate(seats, 1))
    return Case(id=ident, seats=places, **{**defaults, **given})


def optional(ident: int, *candidates: int) -> Optional:
    return Optional(id=ident, discipline="extra", candidates=candidates)


def room(ident: int = 1, **given: Any) -> Room:
    return Room(**{"id": ident, "site": 1, "capacity": 9, "free": LONG, **given})


def team(ident: int = 1, **given: Any) -> Team:
    return Team(**{"id": ident, "site": 1, "windows": OFFICE, **given})


def problem(cases: Iterable[Case] = (), **given: Any) -> Problem:
    """One site, one team on Monday morning, one room, three experts, a quarter-hour grain."""
    defaults: dict[str, Any] = {
        "horizon_min": 14 * DAY,
        "day_starts": tuple(range(0, 14 * DAY, DAY)),
        "sites": (1,),
        "grain_min": 15,
        "teams": (team(),),
        "rooms": (room(),),
        "experts": tuple(expert(i) for i in (1, 2, 3)),
        "weights": Weights(),
        "limits": Limits(seconds=2, workers=1, seed=1),
    }
    return Problem(cases=tuple(cases), **{**defaults, **given})


def planned(ident: int, start: int, *experts: int, optional: dict[int, int] | None = None) -> PlannedCase:
    return PlannedCase(case=ident, start_min=start, seats=dict(enumerate(experts, 1)), optional=optional or {})


def session(ident: int, start: int, end: int, *cases: PlannedCase, **given: Any) -> PlannedSession:
    return PlannedSession(
        **{"id": ident, "team": 1, "site": 1, "room": 1, "start_min": start, "end_min": end, "cases": cases, **given}
    )


def plan(of: Problem, *sessions: PlannedSession, **given: Any) -> Plan:
    """With the unplaced listed as they must be, goals as they are where they can be computed."""
    placed = {item.case for s in sessions for item in s.cases}
    known = placed <= set(of.case_of) and all(s.team in of.team_of for s in sessions)
    known = known and all(e in of.expert_of for s in sessions for e in s.people())
    goals = objectives.goals_of(of, sessions) if known else objectives.NOTHING
    left = tuple(Unplaced(case=c.id) for c in of.cases if c.id not in placed)
    return Plan(**{"status": "feasible", "goals": goals, "sessions": sessions, "unplaced": left, **given})


def random_problem(seed: int, *, cases: int = 4, grain: int = 15) -> Problem:
    """A small problem with some of everything: two sites, remote people, windows, caps, pins, breaks, chairs."""
    rnd = Random(seed)
    sites = (1, 2)
    teams = tuple(
        team(i, site=rnd.choice(sites), windows=((480, 480 + 15 * rnd.randint(4, 10)), (DAY + 480, DAY + 600)))
        for i in (1, 2)
    )
    if rnd.random() < 0.3:
        teams = (replace(teams[0], standing=((480, 600),), chairs=(1, 2)), teams[1])
    rooms = tuple(
        room(
            i, site=i % 2 + 1, capacity=rnd.randint(2, 5), equipment=frozenset({"video"} if rnd.random() < 0.5 else ())
        )
        for i in (1, 2, 3)
    )
    experts = tuple(
        expert(
            i,
            sites=frozenset(rnd.sample(sites, rnd.randint(1, 2))),
            remote=rnd.random() < 0.6,
            free=tuple((d * DAY + 480, d * DAY + 480 + 15 * rnd.randint(3, 12)) for d in (0, 1) if rnd.random() < 0.9),
            max_sessions_day=rnd.randint(1, 2),
            max_sessions_week=rnd.randint(2, 3),
            max_minutes_week=rnd.choice((60, 120, 300)),
            load_min=15 * rnd.randint(0, 8),
        )
        for i in range(1, 6)
    )
    ids = range(1, cases + 1)
    listed = tuple(_random_case(rnd, i) for i in ids)
    return problem(
        listed,
        sites=sites,
        travel_min=((1, 2, 30),),
        grain_min=grain,
        teams=teams,
        rooms=rooms,
        experts=experts,
        break_after_min=rnd.choice((0, 0, 45)),
        fair_target_min=rnd.choice((None, 60)),
        max_session_min=rnd.choice((60, 90, 120)),
    )


def _random_case(rnd: Random, ident: int) -> Case:
    return case(
        ident,
        [rnd.sample(range(1, 6), rnd.randint(1, 3)) for _ in range(rnd.randint(1, 3))],
        team=rnd.choice((1, 2)),
        tier=rnd.choice(("required", "suggested")),
        weight=rnd.randint(1, 3),
        release_min=rnd.choice((0, 0, 510, DAY)),
        due_min=rnd.choice((-60, 540, DAY, 3 * DAY)),
        duration_min=rnd.choice((10, 15, 30)),
        remote_ok=rnd.random() < 0.6,
        optional=(optional(9, rnd.randint(1, 5)),) if rnd.random() < 0.4 else (),
    )


def tiny_problem(seed: int) -> Problem:
    """So small that brute force ends: one or two starts more than needed, four people, two rooms."""
    rnd = Random(seed)
    wide = random_problem(seed, cases=3)
    teams = tuple(replace(t, windows=((480, 480 + 15 * rnd.randint(2, 4)), (DAY + 480, DAY + 510))) for t in wide.teams)
    cases = tuple(
        replace(
            c,
            duration_min=rnd.choice((15, 30)),
            release_min=rnd.choice((0, 0, 495)),
            seats=tuple(replace(s, candidates=s.candidates[:2]) for s in c.seats[:2]),
        )
        for c in wide.cases
    )
    return replace(wide, teams=teams, cases=cases, rooms=wide.rooms[:2])


def decided_problem(seed: int, *, cases: int = 7) -> Problem:
    """A random problem in which much is decided: a confirmed session, a published plan, pins, what is forbidden."""
    rnd = Random(seed)
    wide = replace(random_problem(seed, cases=cases), fair_target_min=None)
    days = range(rnd.randint(2, 4))
    teams = tuple(
        replace(t, windows=tuple((d * DAY + 480, d * DAY + 480 + 15 * rnd.randint(4, 9)) for d in days))
        for t in wide.teams
    )
    wide = replace(wide, teams=(replace(teams[0], reserved=_reserved(rnd)), teams[1]))
    sessions = greedy.general(wide).sessions
    fixed = tuple(rnd.sample(sessions, min(len(sessions), rnd.randint(0, 1))))
    busy = {item.case for s in fixed for item in s.cases}
    choices = [
        Choice(
            case=rnd.randint(1, cases),
            expert=rnd.choice((None, rnd.randint(1, 5))),
            room=rnd.choice((None, None, 1)),
            from_min=rnd.choice((None, 510, DAY)),
        )
        for _ in range(3)
    ]
    choices = [c for c in choices if c.case not in busy and (c.expert, c.room, c.from_min) != (None, None, None)]
    return replace(
        wide,
        fixed=fixed,
        previous=tuple(s for s in sessions if s not in fixed) if rnd.random() < 0.5 else (),
        pins=tuple(choices[:1]) if rnd.random() < 0.3 else (),
        forbidden=tuple(choices[1:]),
        weights=replace(wide.weights, wait=rnd.randint(0, 1), standing_discount=rnd.randint(0, 2)),
    )


def _reserved(rnd: Random) -> tuple[Reserved, ...]:
    return (Reserved(from_min=480, to_min=510, classes=("A",)),) if rnd.random() < 0.2 else ()
