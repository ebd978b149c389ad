"""Teams with their chairs and core members, their standing blocks, and who is on call."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from cases.catalogue.core.evaluation import Rule
from experts import reference
from experts.models import Discipline, DiseaseGroup, Expert, OnCallDuty, Team
from scheduling.demo import vignettes
from scheduling.demo.people import Hired
from scheduling.demo.places import Site
from scheduling.demo.sizes import Size
from scheduling.models import Block, Room

SLOTS = [(time(8), time(10)), (time(10), time(12)), (time(14), time(16)), (time(16), time(18))]
DAY_CODES = ("MO", "TU", "WE", "TH", "FR")
ON_CALL_GROUPS = ("stroke", "cardiac", "trauma", "obstetrics")
ON_CALL_DAYS = 21
THURSDAY = 3
CORE_AT_MOST = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Formed:
    """A team; `meets` are the weekly slots of its standing blocks as (weekday, from, to)."""

    row: Team
    site: Site
    group: str
    core: Sequence[Hired]
    meets: list[tuple[int, time, time]] = field(default_factory=list)


def form(
    sites: Sequence[Site],
    hired: Sequence[Hired],
    size: Size,
    *,
    week: date,
    rules: Iterable[Rule],
    rng: random.Random,
) -> list[Formed]:
    """One team for each disease group that a hospital plans."""
    rules = tuple(rules)
    groups = {one.key: one for one in DiseaseGroup.objects.all()}
    disciplines = {one.key: one for one in Discipline.objects.all()}
    formed = []
    for site in sites:
        by_discipline = defaultdict(list)
        for person in hired:
            if person.site is site and person.rank >= 3:
                by_discipline[person.first].append(person)
        for key in site.plan.groups:
            core = _core(key, size, by_discipline, rules, rng)
            lead = _lead(key, core)
            team = Team.objects.create(
                name_en=f"{groups[key].name_en} MDT",
                name_zh=f"{groups[key].name_zh}多学科团队",
                institution=site.row,
                disease_group=groups[key],
                lead_discipline=disciplines[lead.first],
                chair=lead.expert,
            )
            team.core_members.set(one.expert for one in core)
            formed.append(Formed(row=team, site=site, group=key, core=core))
        _give_blocks([one for one in formed if one.site is site], site.rooms, week, rng)
    _put_on_call(formed, hired, week, rng)
    return formed


def _core(
    group: str, size: Size, by_discipline: dict[str, list[Hired]], rules: Sequence[Rule], rng: random.Random
) -> list[Hired]:
    """One senior expert for each discipline that the group's cases ask for most, the leading one first."""
    groups = size.others if group == "general" and size.others else [group]
    need = vignettes.seats_needed(groups, rules)
    lead = reference.lead_disciplines()[group]
    wanted = sorted(need, key=lambda key: (key != lead, -need[key], key))
    core = [rng.choice(by_discipline[key]) for key in wanted if by_discipline[key]][:CORE_AT_MOST]
    return core or [rng.choice(some) for some in list(by_discipline.values())[:5]]


def _lead(group: str, core: Sequence[Hired]) -> Hired:
    lead = reference.lead_disciplines()[group]
    return next((one for one in core if one.first == lead), core[0])


# Standing blocks ---------------------------------------------------------------------------------
def _give_blocks(formed: Sequence[Formed], rooms: Sequence[Room], week: date, rng: random.Random) -> None:
    """Weekly, twice a week, fortnightly, or the 2nd and 4th Thursday; no room has two teams at the same hour."""
    free = [(room, day, slot) for room in rooms for day in range(5) for slot in SLOTS]
    rng.shuffle(free)
    blocks = []
    for one in formed:
        pattern = rng.choices(["weekly", "twice", "fortnightly", "thursdays"], weights=[11, 4, 3, 2])[0]
        for _ in range(2 if pattern == "twice" else 1):
            days = [THURSDAY] if pattern == "thursdays" else range(5)
            place = next((place for place in free if place[1] in days and _apart(one, place[1])), None)
            if place is None:
                continue
            free.remove(place)
            room, day, (start, end) = place
            one.meets.append((day, start, end))
            recurrence = {
                "fortnightly": f"FREQ=WEEKLY;INTERVAL=2;BYDAY={DAY_CODES[day]}",
                "thursdays": "FREQ=MONTHLY;BYDAY=2TH,4TH",
            }.get(pattern, f"FREQ=WEEKLY;BYDAY={DAY_CODES[day]}")
            first_day = week + timedelta(days=day - 7 * rng.choice([8, 9]))
            blocks.append(
                Block(team=one.row, room=room, first_day=first_day, start=start, end=end, recurrence=recurrence)
            )
    Block.objects.bulk_create(blocks)


def _apart(one: Formed, day: int) -> bool:
    """A team that meets twice a week leaves a day between."""
    return all(abs(day - met) > 1 for met, _, _ in one.meets)


# On call -----------------------------------------------------------------------------------------
def _put_on_call(formed: Sequence[Formed], hired: Sequence[Hired], week: date, rng: random.Random) -> None:
    """Every hospital with teams has somebody on call round the clock, changing at eight; some groups their own."""
    duties = []
    groups = {one.key: one for one in DiseaseGroup.objects.filter(key__in=ON_CALL_GROUPS)}
    for site in {one.site.row.pk: one.site for one in formed}.values():
        rotas: list[tuple[DiseaseGroup | None, list[Expert]]] = [
            (None, [one.expert for one in hired if one.site is site and one.rank >= 3])
        ]
        rotas.extend(
            (groups[one.group], [person.expert for person in one.core])
            for one in formed
            if one.site is site and one.group in groups
        )
        for group, people in rotas:
            rng.shuffle(people)
            for number in range(ON_CALL_DAYS):
                start = datetime.combine(week + timedelta(days=number - 7), time(8), site.row.tz)
                duties.append(
                    OnCallDuty(
                        expert=people[number % len(people)],
                        institution=site.row,
                        disease_group=group,
                        start=start,
                        end=start + timedelta(days=1),
                    )
                )
    OnCallDuty.objects.bulk_create(duties)
