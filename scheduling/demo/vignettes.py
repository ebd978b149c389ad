"""Kinds of cases to draw from, and what the catalogue asks for them: cases decide which experts a hospital needs."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from cases.catalogue.core import evaluation
from cases.catalogue.core.evaluation import Facts, Requirement, Rule

DATA = Path(__file__).parent / "data"
URGENT_SHARE = {False: 0.15, True: 0.6}  # 0.2 over all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Vignette:
    """One kind of case. Pairs of numbers are limits, both included; `urgent` kinds come in a hurry."""

    group: str
    tier: str
    weight: int
    codes: list[str]
    zh: str
    en: str
    ages: tuple[int, int]
    asks_zh: list[str]
    asks_en: list[str]
    stages: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    scores: dict[str, tuple[int, int]] = field(default_factory=dict)
    comorbidities: tuple[int, int] = (0, 2)
    sex: str = ""
    rare_class: str = ""
    surgery_level: int | None = None
    urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The facts of one invented case."""

    vignette: Vignette
    facts: Facts
    sex: str

    def details(self) -> dict[str, Any]:
        """The facts as `workflow.refer` takes them."""
        facts = self.facts
        return {
            "stage": facts.stage or "",
            "scores": dict(facts.scores),
            "flags": sorted(facts.flags),
            "comorbidities": facts.comorbidities,
            "age": facts.age,
            "rare_class": facts.rare_class or "",
            "surgery_level": facts.surgery_level,
            "urgency": facts.urgency,
        }


@lru_cache(maxsize=1)
def all_vignettes() -> tuple[Vignette, ...]:
    return tuple(Vignette(**raw) for raw in json.loads((DATA / "vignettes.json").read_text(encoding="utf-8")))


def of_groups(groups: Iterable[str], tier: str | None = None) -> list[Vignette]:
    wanted = set(groups)
    return [one for one in all_vignettes() if one.group in wanted and tier in (None, one.tier)]


def draw(vignette: Vignette, rng: random.Random) -> Drawn:
    facts = Facts(
        code=rng.choice(vignette.codes),
        stage=rng.choice(vignette.stages) if vignette.stages else None,
        scores={name: rng.randint(*limits) for name, limits in vignette.scores.items()},
        flags=frozenset(vignette.flags),
        age=rng.randint(*vignette.ages),
        comorbidities=rng.randint(*vignette.comorbidities),
        rare_class=vignette.rare_class or None,
        surgery_level=vignette.surgery_level,
        urgency="urgent" if rng.random() < URGENT_SHARE[vignette.urgent] else "routine",
    )
    return Drawn(vignette=vignette, facts=facts, sex=vignette.sex or rng.choice(["female", "male"]))


def without_a_fact(drawn: Drawn) -> Drawn:
    """The same case whose referrer forgot the stage or the score."""
    return replace(drawn, facts=replace(drawn.facts, stage=None, scores={}))


def seats_needed(groups: Iterable[str], rules: Iterable[Rule]) -> Counter[str]:
    """How often each discipline is asked for by the cases of `groups`, required seats only."""
    rules, need = tuple(rules), Counter[str]()
    for vignette in of_groups(groups):
        answer = evaluation.evaluate(draw(vignette, random.Random(0)).facts, rules)  # noqa: S311
        if isinstance(answer, Requirement):
            for seat in answer.seats:
                need[seat.discipline] += vignette.weight * seat.count
    return need
