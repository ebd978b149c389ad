"""Patients and their cases, referred and submitted over the last days by the same services that the pages use."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db.models import F

from cases.catalogue.core import evaluation
from cases.catalogue.core.evaluation import Answer, Rule, Undecided
from cases.models import Case
from cases.services import materials, patients, workflow
from mdt_portal.models import User
from scheduling.demo import bulk, vignettes
from scheduling.demo.bulk import Arrival
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
HURRIED = 1 / 8
TRIES = 30
BY_SERVICE_AT_MOST = 2000


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
    week_start: datetime


def send(size: Size, world: World) -> None:
    """All cases of the demo: waiting, listed, with facts missing, drafts."""
    for _ in range(size.waiting):
        tier = world.rng.choices(list(TIERS), weights=list(TIERS.values()))[0]
        _submitted(world, *_draw(world, tier))
    for _ in range(size.listed):
        _submitted(world, *_draw(world, "none"))
    for _ in range(size.needs_facts):
        _submitted(world, *_draw_undecided(world))
    for _ in range(size.drafts):
        referred(world, _draw(world, None)[0], at=world.now - timedelta(hours=world.rng.uniform(1, 48)))
    _bring_materials(world)


# Drawing ---------------------------------------------------------------------------------------------------------
def _draw(world: World, tier: str | None) -> tuple[Drawn, Answer]:
    """A case of that tier whose limit a plan of the demo week can keep; one urgent case in eight is too late for it."""
    choice = vignettes.of_groups(world.groups, tier) or vignettes.of_groups(
        {one.group for one in vignettes.all_vignettes()}, tier
    )
    weights = [one.weight for one in choice]
    for _ in range(TRIES):
        drawn = vignettes.draw(world.rng.choices(choice, weights=weights)[0], world.rng)
        calmer = replace(drawn, facts=replace(drawn.facts, urgency="routine"))
        for candidate in [drawn, calmer] if drawn.facts.urgency == "urgent" else [drawn]:
            answer = evaluation.evaluate(candidate.facts, world.rules)
            hurried = candidate.facts.urgency == "urgent" and world.rng.random() < HURRIED
            if hurried or _in_reach(world, answer.hours):
                return candidate, answer
    return candidate, answer


def _draw_undecided(world: World) -> tuple[Drawn, Answer]:
    """A case whose referrer left out the fact that the catalogue turns on."""
    choice: list[Vignette] = [one for one in vignettes.of_groups(world.groups) if one.stages or one.scores]
    while True:
        drawn = vignettes.without_a_fact(vignettes.draw(world.rng.choice(choice), world.rng))
        answer = evaluation.evaluate(drawn.facts, world.rules)
        if isinstance(answer, Undecided):
            return drawn, answer


def _in_reach(world: World, hours: int) -> bool:
    """Whether a case submitted now can still be discussed in the demo week; 0 hours are no limit."""
    return not hours or world.now + timedelta(hours=hours) >= world.week_start + timedelta(hours=6)


def _submission(world: World, hours: int) -> datetime:
    """When the case was submitted: over the last days, such that its limit of `hours` ends well into the demo week, or
    just within it; where no moment does that, within the last hours."""
    latest = world.now - timedelta(minutes=20)
    earliest = latest - LONGEST_WAIT
    if hours:
        reach = timedelta(hours=hours)
        comfortable, just = (
            world.week_start + timedelta(hours=54) - reach,
            world.week_start + timedelta(hours=9) - reach,
        )
        earliest = max(earliest, comfortable if comfortable < latest else just)
    if earliest >= latest:
        earliest = latest - timedelta(hours=5)
    return latest - (latest - earliest) * world.rng.random() ** 1.5


# Referring -------------------------------------------------------------------------------------------------------
def _submitted(world: World, drawn: Drawn, answer: Answer) -> None:
    at = _submission(world, answer.hours)
    case = referred(world, drawn, at=at)
    workflow.submit(case, by=case.referrer, at=at)


def referred(world: World, drawn: Drawn, *, at: datetime) -> Case:
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


def _bring_materials(world: World) -> None:
    """Most of it comes with the referral, the rest over the next two days; one case in eight still waits for some."""
    waiting = Case.objects.waiting().select_related("referrer").prefetch_related("materials").order_by("pk")
    brought: list[Arrival] = []
    for case in waiting:
        assert case.submitted_at, "a waiting case was submitted"
        awaited: tuple[str, ...] = ()
        if world.rng.random() < INCOMPLETE:
            awaited = world.rng.choices(list(AWAITED), weights=list(AWAITED.values()))[0]
        for item in case.materials.all():
            if item.code not in awaited:
                later = timedelta(hours=world.rng.choice([0, 0, 0, 4, 20, 48]))
                brought.append(Arrival(item, case, min(case.submitted_at + later, world.now)))
    if len(brought) > BY_SERVICE_AT_MOST:
        bulk.receive(brought)
    else:
        for one in brought:
            materials.receive(one.item, by=one.case.referrer, at=one.at)


def date_back() -> None:
    """A referral was begun shortly before it was submitted, not when the demo was made."""
    Case.objects.filter(submitted_at__isnull=False).update(created_at=F("submitted_at") - timedelta(minutes=15))


def groups_of(formed_groups: Iterable[str], others: Iterable[str]) -> tuple[str, ...]:
    """The disease groups whose cases come: those with a team, and those that the general team takes."""
    return tuple(sorted({*formed_groups, *others} - {"general"}))
