"""Patients and their cases, referred and submitted over the last days by the same verbs that the pages use."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from cases import catalogue, materials, patients, workflow
from cases.catalogue import Requirement, Rule, Undecided
from cases.models import Case
from cases.states import MaterialStatus
from experts import working_days
from experts.models import Institution
from mdt_portal.models import User
from scheduling.demo import vignettes
from scheduling.demo.names import Names
from scheduling.demo.places import Site
from scheduling.demo.sizes import Size
from scheduling.demo.vignettes import Drawn, Vignette

TIERS = {"required": 0.45, "suggested": 0.40}
LONGEST_WAIT = timedelta(days=10)
INCOMPLETE = 0.12
AWAITED = {("imaging",): 0.48, ("pathology",): 0.42, ("imaging", "pathology"): 0.10}
CHINESE = 0.6
RECORD_NUMBER = "urn:mdt-portal:demo:record-number"
EARLIEST_START = time(10)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What all cases share."""

    sites: Sequence[Site]
    referrers: dict[int, list[User]]
    groups: tuple[str, ...]
    rules: tuple[Rule, ...]
    names: Names
    rng: random.Random
    now: datetime
    first_start: datetime


def send(size: Size, world: World) -> None:
    """All cases of the demo: waiting, listed, with facts missing, drafts."""
    for _ in range(size.waiting):
        tier = world.rng.choices(list(TIERS), weights=TIERS.values())[0]
        _submitted(world, _draw(world, tier))
    for _ in range(size.listed):
        _submitted(world, _draw(world, "none"))
    for _ in range(size.needs_facts):
        _submitted(world, _draw_undecided(world))
    for _ in range(size.drafts):
        _referred(world, _draw(world, None), at=world.now - timedelta(hours=world.rng.uniform(1, 48)))
    _date_back()


# Drawing ---------------------------------------------------------------------------------------------------------
def _draw(world: World, tier: str | None) -> Drawn:
    """A case of that tier whose limit can still be kept."""
    choice = vignettes.of_groups(world.groups, tier) or vignettes.of_groups(
        {one.group for one in vignettes.all_vignettes()}, tier
    )
    weights = [one.weight for one in choice]
    while True:
        drawn = vignettes.draw(world.rng.choices(choice, weights=weights)[0], world.rng)
        for candidate in (drawn, replace(drawn, facts=replace(drawn.facts, urgency="routine"))):
            answer = catalogue.evaluate(candidate.facts, world.rules)
            if isinstance(answer, Requirement) and _window(world, answer.hours) is not None:
                return candidate


def _draw_undecided(world: World) -> Drawn:
    """A case whose referrer left out the fact that the catalogue turns on."""
    choice: list[Vignette] = [one for one in vignettes.of_groups(world.groups) if one.stages or one.scores]
    while True:
        drawn = vignettes.without_a_fact(vignettes.draw(world.rng.choice(choice), world.rng))
        answer = catalogue.evaluate(drawn.facts, world.rules)
        if isinstance(answer, Undecided) and _window(world, answer.hours) is not None:
            return drawn


def _window(world: World, hours: int) -> tuple[datetime, datetime] | None:
    """From when to when a case with this limit may have been submitted, so that a plan made now can keep it."""
    latest = world.now - timedelta(minutes=20)
    earliest = latest - LONGEST_WAIT
    if hours:
        earliest = max(earliest, world.first_start + timedelta(hours=6) - timedelta(hours=hours))
    return (earliest, latest) if earliest <= latest else None


def first_start(institution: Institution, now: datetime) -> datetime:
    """Ten o'clock of the next working day: what is planned now can take place then."""
    today = now.astimezone(institution.tz).date()
    return working_days.add_working_days(institution, datetime.combine(today, EARLIEST_START, institution.tz), 1)


# Referring -------------------------------------------------------------------------------------------------------
def _submitted(world: World, drawn: Drawn) -> Case:
    answer = catalogue.evaluate(drawn.facts, world.rules)
    window = _window(world, answer.hours)
    assert window is not None, "_draw gives only cases that can be kept"
    at = world.now - (world.now - window[0]) * world.rng.random() ** 1.5
    at = min(at, window[1])
    case = _referred(world, drawn, at=at)
    case = workflow.submit(case, by=case.referrer, at=at)
    if isinstance(answer, Requirement):
        _bring_materials(world, case, at)
    return case


def _referred(world: World, drawn: Drawn, *, at: datetime) -> Case:
    rng = world.rng
    site = rng.choices(world.sites, weights=[site.plan.share for site in world.sites])[0]
    by = rng.choice(world.referrers[site.row.pk])
    chinese = rng.random() < CHINESE
    vignette = drawn.vignette
    name = world.names.draw(drawn.sex)
    patient = patients.register(
        by=by,
        institution=site.row,
        name=name.zh if chinese else name.en,
        sex=drawn.sex,
        birth_date=_birth_date(at.date(), drawn.facts.age or 0, rng),
        phone=f"1{rng.choice('3578')}{rng.randrange(10**9):09}",
        identifiers=[(RECORD_NUMBER, f"{site.row.pk:02}{rng.randrange(10**8):08}")],
    )
    return workflow.refer(
        by=by,
        institution=site.row,
        patient=patient,
        code=drawn.facts.code,
        diagnosis=vignette.zh if chinese else vignette.en,
        question=rng.choice(vignette.asks_zh if chinese else vignette.asks_en),
        remote_ok=rng.random() < 0.85,
        equipment=["display"] if rng.random() < 0.6 else [],
        **drawn.details(),
    )


def _birth_date(today: date, age: int, rng: random.Random) -> date:
    """A birthday such that the patient has that age today."""
    return today - timedelta(days=round(age * 365.25) + rng.randrange(1, 360))


def _bring_materials(world: World, case: Case, submitted_at: datetime) -> None:
    """Most of it comes with the referral, the rest over the next two days; one case in eight still waits for some."""
    awaited: tuple[str, ...] = ()
    if world.rng.random() < INCOMPLETE:
        awaited = world.rng.choices(list(AWAITED), weights=AWAITED.values())[0]
    for item in case.materials.filter(status=MaterialStatus.MISSING):
        if item.code in awaited:
            continue
        later = timedelta(hours=world.rng.choice([0, 0, 0, 4, 20, 48]))
        materials.receive(item, by=case.referrer, at=min(submitted_at + later, world.now))


def _date_back() -> None:
    """A referral was begun shortly before it was submitted, not when the demo was made."""
    for case in Case.objects.filter(submitted_at__isnull=False).only("pk", "submitted_at"):
        Case.objects.filter(pk=case.pk).update(created_at=case.submitted_at - timedelta(minutes=15))


def groups_of(formed_groups: Iterable[str], others: Iterable[str]) -> tuple[str, ...]:
    """The disease groups whose cases come: those with a team, and those that the general team takes."""
    return tuple(sorted({*formed_groups, *others} - {"general"}))
