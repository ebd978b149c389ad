"""The alliance, its hospitals, how far they are apart, and their rooms."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from experts.models import Alliance, Institution, Level, OpeningHours, Travel
from scheduling.demo.sizes import Hospital, Size
from scheduling.models import PublishedPlan, Room, RoomClosure

MORNING, AFTERNOON = (time(8), time(12)), (time(14), time(18))
ZONE, COUNTRY = "Asia/Shanghai", "CN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A hospital of the demo: what was planned, and its row."""

    plan: Hospital
    row: Institution
    rooms: Sequence[Room] = ()


def build(size: Size, *, week: date, rng: random.Random) -> list[Site]:
    """`week` is the Monday of the demo week."""
    alliance = None
    if len(size.hospitals) > 1:
        alliance = Alliance.objects.create(name_en="Lanchuan Medical Alliance", name_zh="澜川医疗联合体")
    sites = [_site(plan, alliance, rng) for plan in size.hospitals]
    Travel.objects.bulk_create(
        Travel(origin=first.row, destination=second.row, minutes=_minutes(first, second, rng))
        for first, second in itertools.combinations(sites, 2)
    )
    _close_some(sites, week, rng)
    return sites


def _site(plan: Hospital, alliance: Alliance | None, rng: random.Random) -> Site:
    row = Institution.objects.create(
        name_en=plan.name_en,
        name_zh=plan.name_zh,
        alliance=alliance,
        level=plan.level,
        beds=plan.beds,
        zone=ZONE,
        holiday_country=COUNTRY,
    )
    OpeningHours.objects.bulk_create(
        OpeningHours(institution=row, weekday=weekday, start=start, end=end)
        for weekday in range(5)
        for start, end in (MORNING, AFTERNOON)
    )
    PublishedPlan.objects.create(institution=row)
    rooms = Room.objects.bulk_create(_room(row, number, rng) for number in range(1, plan.rooms + 1))
    return Site(plan=plan, row=row, rooms=rooms)


def _room(institution: Institution, number: int, rng: random.Random) -> Room:
    """The first room is the one for video meetings; three quarters of the others have a camera too."""
    if number == 1:
        name_en, name_zh, capacity = "Telemedicine centre", "远程会诊中心", 24
    else:
        name_en, name_zh, capacity = (
            f"MDT room {number - 1}",
            f"多学科会诊室{number - 1}",
            rng.choice([10, 12, 12, 16, 20]),
        )
    video = number == 1 or rng.random() < 0.75
    return Room(
        institution=institution,
        name_en=name_en,
        name_zh=name_zh,
        capacity=capacity,
        equipment=["display", "video"] if video else ["display"],
    )


def _minutes(first: Site, second: Site, rng: random.Random) -> int:
    """Within the town half an hour; to a county or a township one to two hours."""
    in_town = {Level.TERTIARY, Level.NATIONAL}
    near = {first.plan.level, second.plan.level} <= in_town
    return rng.randrange(20, 45, 5) if near else rng.randrange(50, 125, 5)


def _close_some(sites: Sequence[Site], week: date, rng: random.Random) -> None:
    """One room in eight is out of use for half a day of the demo week."""
    reasons = ["检修 Maintenance", "培训 Training", "考试 Examination"]
    closures = []
    for site in sites:
        for room in rng.sample(list(site.rooms), len(site.rooms) // 8):
            day = week + timedelta(days=rng.randrange(5))
            start, end = (datetime.combine(day, clock, site.row.tz) for clock in rng.choice([MORNING, AFTERNOON]))
            closures.append(RoomClosure(room=room, start=start, end=end, reason=rng.choice(reasons)))
    RoomClosure.objects.bulk_create(closures)
