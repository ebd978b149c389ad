"""When the experts are free: half-days and two-hour quarters, the time of their teams, leaves and exceptions."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, time, timedelta

from experts.availability.core.time_intervals import union
from experts.models import AvailabilityException, ExceptionKind, Leave, WeeklyAvailability
from scheduling.demo.people import Hired
from scheduling.demo.places import AFTERNOON, MORNING
from scheduling.demo.teams import SLOTS, Formed

HALF_DAYS = [(day, half) for day in range(5) for half in (MORNING, AFTERNOON)]
EVENING = (time(18), time(20))
WeeklyHours = dict[int, list[tuple[time, time]]]


def give(hired: Sequence[Hired], formed: Sequence[Formed], *, week: date, rng: random.Random) -> None:
    """A week for everybody, and departures from it in the demo week and the one after."""
    protected: dict[int, list[tuple[int, time, time]]] = defaultdict(list)
    for team in formed:
        for member in team.core:
            protected[member.expert.pk].extend(team.meets)
    weekly, exceptions, leaves = [], [], []
    for one in hired:
        hours = _week(protected[one.expert.pk], rng)
        weekly.extend(
            WeeklyAvailability(expert=one.expert, weekday=day, start=start, end=end)
            for day in sorted(hours)
            for start, end in hours[day]
        )
        exceptions.extend(_exceptions(one, hours, week, rng))
        leaves.extend(_leaves(one, week, rng))
    WeeklyAvailability.objects.bulk_create(weekly)
    AvailabilityException.objects.bulk_create(exceptions)
    Leave.objects.bulk_create(leaves)


def _week(protected: Sequence[tuple[int, time, time]], rng: random.Random) -> WeeklyHours:
    """One to four half-days, a third of them only a quarter; core members also have the time of their team."""
    hours: WeeklyHours = defaultdict(list)
    for day, half in rng.sample(HALF_DAYS, rng.choices([1, 2, 3, 4], weights=[2, 4, 3, 1])[0]):
        quarters = [slot for slot in SLOTS if half[0] <= slot[0] < half[1]]
        hours[day].append(half if rng.random() < 0.67 else rng.choice(quarters))
    for day, start, end in protected:
        hours[day].append((start, end))
    return {day: union(some) for day, some in hours.items()}


def _exceptions(one: Hired, hours: WeeklyHours, week: date, rng: random.Random) -> list[AvailabilityException]:
    """One in eight loses a stretch to something else; one in twelve offers an evening."""
    rows = []
    if hours and rng.random() < 1 / 8:
        day = rng.choice(sorted(hours))
        start, end = rng.choice(hours[day])
        on = week + timedelta(days=day + rng.choice([0, 0, 7]))
        rows.append(_exception(one, on, (start, end), ExceptionKind.TAKES, rng.choice(["门诊调整", "Clinic moved"])))
    if rng.random() < 1 / 12:
        on = week + timedelta(days=rng.randrange(5))
        rows.append(_exception(one, on, EVENING, ExceptionKind.ADDS, rng.choice(["可加班", "Extra evening"])))
    return rows


def _exception(one: Hired, on: date, hours: tuple[time, time], kind: ExceptionKind, note: str) -> AvailabilityException:
    return AvailabilityException(expert=one.expert, date=on, start=hours[0], end=hours[1], kind=kind, note=note)


def _leaves(one: Hired, week: date, rng: random.Random) -> list[Leave]:
    """One in sixteen is away for some days."""
    if rng.random() >= 1 / 16:
        return []
    first = week + timedelta(days=rng.choice([0, 0, 1, 2, 7]))
    last = first + timedelta(days=rng.choice([1, 2, 4]))
    return [Leave(expert=one.expert, first_day=first, last_day=last, note=rng.choice(["学术会议", "Annual leave"]))]
