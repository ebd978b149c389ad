"""Experts: as many of each discipline as the cases ask for, with titles that can fill the seats."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cases.catalogue.core.evaluation import Rule
from experts.models import Affiliation, Discipline, Expert, Level, Qualification, Title
from scheduling.demo import vignettes
from scheduling.demo.names import Name, Names
from scheduling.demo.places import Site
from scheduling.demo.sizes import Size

TITLE_FAMILIES = {"physician": "医师", "nursing": "护理", "admin": "护理"}
PHARMACIST, TECHNOLOGIST = "药学", "技术"
DOCTORS_IN_LABS = {"PATH", "RADIOL", "IR", "NUCMED", "ULTRA", "GENETICS", "MICRO", "NEUROPHYS"}
RANKS = {4: 0.34, 3: 0.44, 2: 0.17, 1: 0.05}
SECOND_DISCIPLINES = {
    "COLORECT": "GENSURG",
    "HPB": "GENSURG",
    "BREAST": "GENSURG",
    "HEPATOL": "GASTRO",
    "PALL": "PAIN",
    "IR": "RADIOL",
    "NUCMED": "RADIOL",
    "GERI": "CARDIO",
    "RHEUM": "NEPH",
}
WELCOME = ("PALL", "NUTR", "CNS", "PHARM", "GERI", "PLASTIC")
"""Disciplines that rules welcome without asking for them; a large hospital has somebody for each."""
COUNTY_DISCIPLINES = ("RADIOL", "GENSURG", "RESP", "CARDIO", "NEURO", "GASTRO", "MEDONC", "PATH", "ENDO", "ORTHO")
ECONOMY = 0.6  # the exponent: ten times the demand is met by four times the people


@dataclass(frozen=True, slots=True)
class Hired:
    """Somebody at work: `first` is the key of their main discipline."""

    expert: Expert
    site: Site
    first: str
    rank: int


def hire(sites: Sequence[Site], size: Size, *, rules: Iterable[Rule], names: Names, rng: random.Random) -> list[Hired]:
    """Staff every hospital for the cases of its teams."""
    disciplines = {one.key: one for one in Discipline.objects.all()}
    ladder = _Ladder()
    hired: list[Hired] = []
    for site in sites:
        groups = set(site.plan.groups) | (set(size.others) if "general" in site.plan.groups else set())
        for key, count in sorted(_staff(site, vignettes.seats_needed(groups, rules)).items()):
            for number in range(count):
                rank = rng.choices(list(RANKS), weights=list(RANKS.values()))[0]
                if number < 2 or (number == 2 and count > 3):
                    rank = max(rank, 3)  # two or three per discipline may fill a seat that asks for a senior title
                rank = ladder.climb(disciplines[key], rank)
                hired.append(Hired(_person(site, names.draw(rng.choice(["female", "male"])), rng), site, key, rank))
    Expert.objects.bulk_create(one.expert for one in hired)
    Affiliation.objects.bulk_create(_affiliations(hired, sites, disciplines, ladder, rng))
    Qualification.objects.bulk_create(_qualifications(hired, disciplines, rng))
    return hired


class _Ladder:
    """The titles of each family by rank."""

    def __init__(self) -> None:
        self._titles = {(one.family, one.rank): one for one in Title.objects.all()}

    def climb(self, discipline: Discipline, rank: int) -> int:
        """The rank, or the nearest one that the family has."""
        return rank if (self._family(discipline), rank) in self._titles else 2

    def title(self, discipline: Discipline, rank: int) -> Title:
        return self._titles[self._family(discipline), rank]

    @staticmethod
    def _family(discipline: Discipline) -> str:
        if discipline.key in DOCTORS_IN_LABS:
            return TITLE_FAMILIES["physician"]
        if discipline.key == "PHARM":
            return PHARMACIST
        return TITLE_FAMILIES.get(discipline.kind, TECHNOLOGIST)


def _staff(site: Site, need: Counter[str]) -> dict[str, int]:
    """How many experts of each discipline: two at least where seats are asked for, the rest by demand."""
    people = site.plan.experts
    if not need:
        return dict(Counter(COUNTY_DISCIPLINES[n % len(COUNTY_DISCIPLINES)] for n in range(people)))
    staff = dict.fromkeys(need, 2)
    for key in WELCOME:
        if sum(staff.values()) < people * 0.9:
            staff.setdefault(key, 1)
    demand = {key: count**ECONOMY for key, count in need.items()}
    while sum(staff.values()) < people:  # the discipline with the most demand per head gets the next one
        key = max(demand, key=lambda one: (demand[one] / staff[one], one))
        staff[key] += 1
    while sum(staff.values()) > people:  # too small a house: the least wanted disciplines have one expert
        key = min((one for one in staff if staff[one] > 1), key=lambda one: (demand.get(one, 0), one))
        staff[key] -= 1
    return staff


def _person(site: Site, name: Name, rng: random.Random) -> Expert:
    hub = site.plan.level in (Level.TERTIARY, Level.NATIONAL)
    local = name.en.lower().replace(" ", ".").replace("'", "")
    return Expert(
        name_en=name.en,
        name_zh=name.zh,
        email=f"{local}.{rng.randrange(10, 100)}@example.org",
        phone=f"1{rng.choice('3578')}{rng.randrange(10**9):09}",
        remote=rng.random() < (0.8 if hub else 0.95),
        max_sessions_day=rng.choices([2, 3, 4], weights=[2, 6, 2])[0],
        max_sessions_week=rng.choices([6, 8, 10], weights=[2, 5, 3])[0],
        max_minutes_week=rng.choices([420, 600, 720], weights=[2, 6, 2])[0],
    )


def _affiliations(
    hired: Sequence[Hired],
    sites: Sequence[Site],
    disciplines: dict[str, Discipline],
    ladder: _Ladder,
    rng: random.Random,
) -> list[Affiliation]:
    """Everybody works at home; one senior expert in twelve also visits a smaller hospital."""
    rows = []
    smaller = [site for site in sites if site.plan.level in (Level.SECONDARY, Level.PRIMARY)]
    for one in hired:
        title = ladder.title(disciplines[one.first], one.rank)
        rows.append(Affiliation(expert=one.expert, institution=one.site.row, title=title))
        visits = smaller and one.site not in smaller and one.rank >= 3 and rng.random() < 1 / 12
        if visits:
            place = rng.choice(smaller)
            rows.append(Affiliation(expert=one.expert, institution=place.row, title=title, home=False))
    return rows


def _qualifications(
    hired: Sequence[Hired], disciplines: dict[str, Discipline], rng: random.Random
) -> list[Qualification]:
    """The main discipline, and a neighbouring one where that is usual."""
    rows = []
    for one in hired:
        rows.append(Qualification(expert=one.expert, discipline=disciplines[one.first]))
        second = SECOND_DISCIPLINES.get(one.first)
        if second and rng.random() < 0.5:
            rows.append(Qualification(expert=one.expert, discipline=disciplines[second]))
    return rows
