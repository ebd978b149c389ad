"""python -m benchmarks.meetings FILE... --seconds 60: meeting-scheduling instances that nobody on this project wrote.

A meeting is a case of a team of its own; each required person is a seat that names that person, each preferred one an
optional place. The score is computed here, on grains, from the peers' rules and without the solver:

    hard    required persons in two meetings at once, rooms booked twice or too small, ends on another day (grains)
    medium  a preferred person's overlaps with required or preferred meetings (grains)
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from scheduling.solver.core.plan import Plan
from scheduling.solver.core.problem import Case, Expert, Optional, Problem, Room, Seat, Team, Weights
from scheduling.solver.solve import Progress, solve

GRAIN_MIN, DAY_MIN = 15, 1440


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    grains: int
    required: tuple[int, ...]
    preferred: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    days: tuple[int, ...]
    capacities: tuple[int, ...]
    persons: int
    meetings: tuple[Meeting, ...]

    def minute(self, grain: int) -> int:
        """Grains of one day follow each other without the lunch gap, as the peers count them."""
        return self.days[grain] * DAY_MIN + (grain - self.days.index(self.days[grain])) * GRAIN_MIN

    def grain(self, minute: int) -> int:
        return self.days.index(minute // DAY_MIN) + minute % DAY_MIN // GRAIN_MIN


def read(path: Path) -> Instance:
    numbers = iter([int(word) for word in path.read_text(encoding="ascii").split()])

    def take(count: int) -> tuple[int, ...]:
        return tuple(next(numbers) for _ in range(count))

    grains, rooms, persons, meetings = take(4)
    days, _, capacities = take(grains), take(grains), take(rooms)
    return Instance(
        days=days,
        capacities=capacities,
        persons=persons,
        meetings=tuple(_meeting(take) for _ in range(meetings)),
    )


def _meeting(take) -> Meeting:  # type: ignore[no-untyped-def]
    grains, required, preferred = take(3)
    return Meeting(grains=grains, required=take(required), preferred=take(preferred))


def problem(instance: Instance) -> Problem:
    """Ids count from 1: meeting m is case and team m + 1, person p is expert p + 1."""
    windows = tuple(
        (day * DAY_MIN, day * DAY_MIN + GRAIN_MIN * instance.days.count(day)) for day in sorted(set(instance.days))
    )
    horizon = (max(instance.days) + 1) * DAY_MIN
    longest = max(meeting.grains for meeting in instance.meetings)
    ids = range(1, len(instance.meetings) + 1)
    return Problem(
        horizon_min=horizon,
        day_starts=tuple(range(0, horizon, DAY_MIN)),
        sites=(1,),
        changeover_min=0,
        grain_min=GRAIN_MIN,
        max_session_min=longest * GRAIN_MIN,
        teams=tuple(Team(id=i, site=1, windows=windows) for i in ids),
        rooms=tuple(_room(i, c, windows) for i, c in enumerate(instance.capacities, 1)),
        experts=tuple(_person(i, windows) for i in range(1, instance.persons + 1)),
        cases=tuple(_case(i, meeting, horizon) for i, meeting in zip(ids, instance.meetings, strict=True)),
        weights=Weights(attendance=0, session_short=0, session_long=0, optional_missing=1, wait=0),
    )


def _room(ident: int, capacity: int, windows: tuple[tuple[int, int], ...]) -> Room:
    chairs = frozenset(f"{count} chairs" for count in range(1, capacity + 1))
    return Room(id=ident, site=1, capacity=capacity, equipment=chairs, free=windows)


def _person(ident: int, windows: tuple[tuple[int, int], ...]) -> Expert:
    return Expert(
        id=ident,
        sites=frozenset({1}),
        remote=False,
        free=windows,
        max_sessions_day=99,
        max_sessions_week=999,
        max_minutes_week=99_999,
    )


def _case(ident: int, meeting: Meeting, horizon: int) -> Case:
    """The peers' room rule counts everybody invited, absent or not: as equipment, since capacity counts who comes."""
    invited = len(meeting.required) + len(meeting.preferred)
    return Case(
        id=ident,
        team=ident,
        tier="required",
        weight=1,
        release_min=0,
        due_min=horizon,
        duration_min=meeting.grains * GRAIN_MIN,
        equipment=frozenset({f"{invited} chairs"}),
        seats=tuple(Seat(id=i, discipline="person", candidates=(p + 1,)) for i, p in enumerate(meeting.required, 1)),
        optional=tuple(
            Optional(id=i, discipline="person", candidates=(p + 1,)) for i, p in enumerate(meeting.preferred, 1001)
        ),
    )


def overlap(one: tuple[int, int], two: tuple[int, int]) -> int:
    return max(0, min(one[1], two[1]) - max(one[0], two[0]))


def score(instance: Instance, plan: Plan) -> tuple[int, int, int]:
    """(meetings left out, hard, medium), everything counted in grains as the peers do."""
    times: dict[int, tuple[int, int]] = {}
    rooms: dict[int, int | None] = {}
    for session in plan.sessions:
        for item in session.cases:
            first = instance.grain(item.start_min)
            times[item.case - 1] = (first, first + instance.meetings[item.case - 1].grains)
            rooms[item.case - 1] = session.room
    hard = sum(_alone_hard(instance, m, times[m], rooms[m]) for m in times)
    medium = 0
    for one, two in combinations(sorted(times), 2):
        common = overlap(times[one], times[two])
        if common:
            hard += common * (rooms[one] == rooms[two])
            a, b = instance.meetings[one], instance.meetings[two]
            hard += common * len(set(a.required) & set(b.required))
            medium += common * sum(1 for _ in _preferred_clashes(a, b))
    return len(instance.meetings) - len(times), hard, medium


def _alone_hard(instance: Instance, m: int, time_: tuple[int, int], room: int | None) -> int:
    meeting = instance.meetings[m]
    people = len(meeting.required) + len(meeting.preferred)
    missing = max(0, people - (instance.capacities[room - 1] if room else 0))
    beyond = max(0, time_[1] - len(instance.days))
    return missing + beyond + (instance.days[time_[0]] != instance.days[min(time_[1], len(instance.days)) - 1])


def _preferred_clashes(a: Meeting, b: Meeting) -> Iterator[int]:
    """Each pair of attendances of one person, at least one of them preferred."""
    yield from set(a.preferred) & set(b.preferred)
    yield from set(a.required) & set(b.preferred)
    yield from set(a.preferred) & set(b.required)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.meetings")
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    print(
        "| instance | left out | hard | medium | all placed after s | s | of these, processor s |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    )
    for path in options.files:
        print(_line(path, options.seconds, options.workers), flush=True)


def _line(path: Path, seconds: float, workers: int) -> str:
    instance, placed = read(path), [float("inf")]
    began, worked = time.perf_counter(), time.process_time()

    def watch(progress: Progress) -> None:
        if progress.goals.required_unplaced == 0:
            placed[0] = min(placed[0], progress.seconds)

    plan = solve(problem(instance), seconds=seconds, workers=workers, on_progress=watch)
    left, hard, medium = score(instance, plan)
    passed, worked = time.perf_counter() - began, time.process_time() - worked
    return f"| {path.stem} | {left} | {hard} | {medium} | {placed[0]:.1f} | {passed:.1f} | {worked:.1f} |"


__all__: Sequence[str] = ["Instance", "Meeting", "problem", "read", "score"]

if __name__ == "__main__":
    main()
