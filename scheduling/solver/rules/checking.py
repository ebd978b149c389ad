"""PROBLEM read strictly: shape, references, and a fixed part that keeps the rules by itself."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from scheduling.solver import rules
from scheduling.solver.core import objectives, reading
from scheduling.solver.core.plan import SESSION, Plan, Unplaced
from scheduling.solver.core.problem import (
    Case,
    Choice,
    Expert,
    Limits,
    Optional,
    Problem,
    Relaxed,
    Reserved,
    Room,
    Seat,
    Team,
    Weights,
)
from scheduling.solver.core.reading import Reading, integer, many, nullable, record, span, text

YEAR_MIN = 60 * 24 * 366
MOST_AMOUNT = 1_000_000_000
MOST_SECONDS, MOST_WORKERS = 7 * 24 * 3600, 256

ID, AMOUNT, COUNT = integer(), integer(0, MOST_AMOUNT), integer(1, MOST_AMOUNT)
MINUTE, LIMIT = integer(-2 * YEAR_MIN, 2 * YEAR_MIN), integer(-20 * YEAR_MIN, 20 * YEAR_MIN)
IDS, SPANS = many(ID), many(span(2 * YEAR_MIN))
EQUIPMENT = many(text, frozenset)

RESERVED = record(
    Reserved,
    {"from": MINUTE, "to": MINUTE, "classes": many(reading.one_of("A", "B", "C"))},
    names={"from": "from_min", "to": "to_min"},
)
TEAM = record(
    Team, {"id": ID, "site": ID, "windows": SPANS, "standing": SPANS}, {"reserved": many(RESERVED), "chairs": IDS}
)
ROOM = record(Room, {"id": ID, "site": ID, "capacity": AMOUNT, "equipment": EQUIPMENT, "free": SPANS})
EXPERT = record(
    Expert,
    {
        "id": ID,
        "sites": many(ID, frozenset),
        "remote": reading.flag,
        "free": SPANS,
        "max_sessions_day": AMOUNT,
        "max_sessions_week": AMOUNT,
        "max_minutes_week": AMOUNT,
        "load_min": AMOUNT,
    },
)
SEAT = record(
    Seat,
    {"id": ID, "discipline": text, "candidates": IDS},
    {"relaxed": many(record(Relaxed, {"code": text, "candidates": IDS}))},
)
CASE = record(
    Case,
    {
        "id": ID,
        "team": ID,
        "tier": reading.one_of("required", "suggested"),
        "weight": AMOUNT,
        "release_min": LIMIT,
        "due_min": LIMIT,
        "duration_min": COUNT,
        "equipment": EQUIPMENT,
        "remote_ok": reading.flag,
        "seats": many(SEAT),
        "optional": many(record(Optional, {"id": ID, "discipline": text, "candidates": IDS})),
        "rare_class": nullable(reading.one_of("A", "B", "C")),
    },
)
CHOICE = record(Choice, {"case": ID}, {"expert": ID, "room": ID, "from_min": MINUTE, "to_min": MINUTE})
PROBLEM = record(
    Problem,
    {
        "version": reading.one_of(1),
        "horizon_min": integer(1, YEAR_MIN),
        "day_starts": many(MINUTE),
        "sites": IDS,
        "travel_min": many(many(integer(0))),
        "changeover_min": AMOUNT,
        "grain_min": COUNT,
        "max_session_min": COUNT,
        "teams": many(TEAM),
        "rooms": many(ROOM),
        "experts": many(EXPERT),
        "cases": many(CASE),
        "fixed": many(SESSION),
        "previous": many(SESSION),
        "fair_target_min": nullable(AMOUNT),
        "limits": record(
            Limits,
            {"seconds": reading.number, "workers": integer(1, MOST_WORKERS), "seed": integer(-(2**31), 2**31 - 1)},
        ),
        "weights": record(Weights, {}, dict.fromkeys(Weights.__slots__, AMOUNT)),
    },
    {
        "now_min": MINUTE,
        "break_after_min": AMOUNT,
        "break_min": AMOUNT,
        "pins": many(CHOICE),
        "forbidden": many(CHOICE),
    },
)


def read_problem(data: Any) -> Problem:
    """PROBLEM from its JSON, strictly.

    Raises ProblemError with every mistake and its place: all of the shape at once, else all references, else the
    fixed part, which must keep the rules by itself.
    """
    document = Reading()
    problem = PROBLEM(document, "", data)
    document.finish()
    for check in (_unique, _references, _sense):
        check(document, problem)
    document.finish()
    _fixed_part(document, problem)
    document.finish()
    return problem


def _twice(ids: Iterable[int]) -> list[int]:
    return sorted(ident for ident, count in Counter(ids).items() if count > 1)


def _unique(document: Reading, problem: Problem) -> None:
    for kind in ("teams", "rooms", "experts", "cases", "fixed"):
        for ident in _twice(item.id for item in getattr(problem, kind)):
            document.fault(kind, "id_twice", id=ident)
    for ident in _twice(problem.sites):
        document.fault("sites", "id_twice", id=ident)
    for index, case in enumerate(problem.cases):
        for name, places in (("seats", case.seats), ("optional", case.optional)):
            for ident in _twice(place.id for place in places):
                document.fault(f"cases[{index}].{name}", "id_twice", id=ident)


def _references(document: Reading, problem: Problem) -> None:
    known = {
        "site": set(problem.sites),
        "team": set(problem.team_of),
        "room": set(problem.room_of),
        "expert": set(problem.expert_of),
        "case": set(problem.case_of),
    }
    for place, kind, ident in _named(problem):
        if ident is not None and ident not in known[kind]:
            document.fault(place, "unknown_id", kind=kind, id=ident)


def _named(problem: Problem) -> Iterator[tuple[str, str, int | None]]:
    """Every place that names something by id."""
    for i, team in enumerate(problem.teams):
        yield f"teams[{i}].site", "site", team.site
        yield from ((f"teams[{i}].chairs[{k}]", "expert", expert) for k, expert in enumerate(team.chairs))
    for i, room in enumerate(problem.rooms):
        yield f"rooms[{i}].site", "site", room.site
    for i, expert in enumerate(problem.experts):
        yield from ((f"experts[{i}].sites", "site", site) for site in sorted(expert.sites))
    for i, case in enumerate(problem.cases):
        yield f"cases[{i}].team", "team", case.team
        kinds: dict[str, tuple[Seat | Optional, ...]] = {"seats": case.seats, "optional": case.optional}
        for name, places in kinds.items():
            for j, place in enumerate(places):
                path = f"cases[{i}].{name}[{j}].candidates"
                yield from ((f"{path}[{k}]", "expert", expert) for k, expert in enumerate(place.candidates))
    for name in ("pins", "forbidden"):
        for i, choice in enumerate(getattr(problem, name)):
            for kind in ("case", "expert", "room"):
                yield f"{name}[{i}].{kind}", kind, getattr(choice, kind)


def _sense(document: Reading, problem: Problem) -> None:
    days = problem.day_starts
    if not days or any(b <= a for a, b in pairwise(days)):
        document.fault("day_starts", "not_rising")
    elif days[0] > 0:
        document.fault("day_starts[0]", "too_large", most=0, value=days[0])
    _travel(document, problem)
    for i, team in enumerate(problem.teams):
        for k, stretch in enumerate(team.reserved):
            if stretch.from_min >= stretch.to_min:
                document.fault(f"teams[{i}].reserved[{k}]", "empty_span")
    if problem.limits.seconds < 0:
        document.fault("limits.seconds", "too_small", least=0, value=problem.limits.seconds)
    elif problem.limits.seconds > MOST_SECONDS:
        document.fault("limits.seconds", "too_large", most=MOST_SECONDS, value=problem.limits.seconds)
    for index, session in enumerate(problem.fixed):
        if not session.cases:
            document.fault(f"fixed[{index}].cases", "no_case")


def _travel(document: Reading, problem: Problem) -> None:
    for index, row in enumerate(problem.travel_min):
        if len(row) != 3:
            document.fault(f"travel_min[{index}]", "not_site_site_minutes")
        elif row[2] > YEAR_MIN:
            document.fault(f"travel_min[{index}][2]", "too_large", most=YEAR_MIN, value=row[2])
        elif not {row[0], row[1]} <= set(problem.sites):
            document.fault(f"travel_min[{index}]", "unknown_id", kind="site")


def fixed_plan(problem: Problem) -> Plan:
    """The confirmed sessions alone, as a plan."""
    placed = {item.case for session in problem.fixed for item in session.cases}
    left = tuple(Unplaced(case=case.id) for case in problem.cases if case.id not in placed)
    return Plan(status="feasible", goals=objectives.NOTHING, sessions=problem.fixed, unplaced=left)


def _fixed_part(document: Reading, problem: Problem) -> None:
    index = {session.id: i for i, session in enumerate(problem.fixed)}
    for broken in rules.violations(problem, fixed_plan(problem)):
        place = f"fixed[{index[broken.session]}]" if broken.session in index else "fixed"
        document.fault(place, "breaks_rule", rule=broken.code, **broken.params)
