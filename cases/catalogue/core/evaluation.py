"""The disease catalogue: facts + rules -> Requirement or Undecided, with reasons. Pure.

How overlapping rules meet (the catalogue's own `precedence`): the highest tier wins; the seats of all rules that match
unite with the largest count and title; the shortest hours, the longest minutes, the highest care level. A `none` rule
wins only if nothing else matches. The answer is undecided only where an unknown fact could raise the tier; a rule of
the same or a lower tier that cannot be judged yet is named as a possible addition. A category whose subdivisions have
rules of their own is such an unknown fact: the answer then names the codes to choose from. Where no rule matches, the
answer says so (`Requirement.without_rule`), and people decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from cases.catalogue.core.condition import Condition, Facts, Verdict
from cases.catalogue.core.requirement import CARE_LEVELS, TIERS, Answer, Reason, Requirement, SeatNeed, Tier, Undecided
from cases.core import icd10

__all__ = [
    "Answer",
    "Condition",
    "Facts",
    "Reason",
    "Requirement",
    "Rule",
    "SeatNeed",
    "Undecided",
    "evaluate",
    "wanted_facts",
]  # fmt: skip

GENERAL_GROUP = "general"
"""The team for a code that no rule with a disease group covers."""

METASTASIS_CODES = {"brain_metastasis": "C79.3", "bone_metastasis": "C79.5"}
"""Flags of a primary tumour that also call in the rules for the metastasis itself, whatever the primary."""

_WIDE = 5000
"""A rule for more codes than this (any operation, any rare disease) does not know the organ."""

_FACT_ORDER = ("code", "stage", "score", "flag", "age", "comorbidities", "rare_class", "surgery_level")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One published version of one rule. `hours` maps an urgency to clock hours; empty for tier `none`."""

    key: str
    version: int = 1
    tier: Tier
    ranges: tuple[icd10.CodeRange, ...]
    condition: Condition = field(default_factory=Condition)
    seats: tuple[SeatNeed, ...] = ()
    optional: tuple[str, ...] = ()
    minutes: int = 0
    hours: Mapping[str, int] = field(default_factory=dict)
    care_level: str = "primary"
    disease_group: str = ""
    materials: tuple[str, ...] = ()
    name_en: str = ""
    name_zh: str = ""

    def named(self) -> dict[str, Any]:
        """How a reason names the rule: also long after the version was replaced, without a look-up."""
        return {
            "rule": self.key,
            "version": self.version,
            "name_en": self.name_en or self.name_zh or self.key,
            "name_zh": self.name_zh or self.name_en or self.key,
        }

    def width(self, code: str) -> int | None:
        """How many codes the narrowest range that covers `code` has; None if no range covers it."""
        sizes = [len(icd10.expand(one)) for one in self.ranges if one.covers(code)]
        return min(sizes) if sizes else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One rule for a case's code, and whether it applies; None where a fact is missing."""

    rule: Rule
    verdict: Verdict
    width: int
    by_metastasis: bool

    @property
    def order(self) -> tuple[object, ...]:
        """The most specific rule first; nothing here depends on the order in which rules were given."""
        rank = TIERS.index(self.rule.tier)
        return (self.by_metastasis, self.width, -self.rule.condition.weight, -rank, self.rule.key, self.rule.version)


def evaluate(facts: Facts, rules: Iterable[Rule]) -> Answer:
    """What the catalogue asks of one case. Every case gets an answer; the facts must be normalised (code, stage)."""
    rules = tuple(rules)
    judged = judge(facts, rules)
    matching = [one.rule for one in judged if one.verdict.value]
    open_rules = [one for one in judged if one.verdict.value is None]
    tier = max((rule.tier for rule in matching), key=TIERS.index, default="none")
    raising = [one for one in open_rules if TIERS.index(one.rule.tier) > TIERS.index(tier)]
    below = _below(facts, rules, at_least=tier if matching else None)
    home = _home(judged or below)
    if raising or below:
        return _undecided(facts, matching, [*open_rules, *below], [*raising, *below], home, below=bool(below))
    answer = _unite(facts, matching, home)
    return _with_possible_additions(facts, answer, matching, open_rules, home)


def _below(facts: Facts, rules: Sequence[Rule], *, at_least: str | None) -> list[Judged]:
    """The rules for a subdivision of the case's code, but not for the code itself, that could still apply and would
    then ask for more than `at_least` (None: no rule matches yet, so that any rule says more). The code is missing."""
    parts = subdivisions(facts.code)
    if not parts:
        return []
    found = []
    for rule in rules:
        if rule.width(facts.code) is not None:
            continue
        width = min((size for part in parts if (size := rule.width(part)) is not None), default=None)
        if width is None or (at_least is not None and TIERS.index(rule.tier) <= TIERS.index(at_least)):  # type: ignore[arg-type]
            continue
        verdict = rule.condition.verdict(facts)
        if verdict.value is not False:
            unknown = Verdict(value=None, missing=("code", *verdict.missing))
            found.append(Judged(rule=rule, verdict=unknown, width=width, by_metastasis=False))
    return sorted(found, key=lambda one: one.order)


@lru_cache(maxsize=4096)
def subdivisions(code: str) -> tuple[str, ...]:
    """The codes below this one, all levels, in order; none for a code that WHO does not divide."""
    return tuple(one for one in icd10.expand(icd10.CodeRange(code, code)) if one != code)


def next_level(code: str) -> tuple[str, ...]:
    """The subdivisions that one can choose from next: I71 gives I71.0 to I71.9."""
    parts = subdivisions(code)
    shortest = min((len(one) for one in parts), default=0)
    return tuple(one for one in parts if len(one) == shortest)


def wanted_facts(code: str, rules: Iterable[Rule]) -> tuple[str, ...]:
    """The facts that some rule asks for at this code: `stage`, `score:NIHSS`, `flag:recurrence`, `age` ..."""
    names = {name for rule in rules if rule.width(code) is not None for name in rule.condition.named()}
    return tuple(sorted(names, key=lambda name: (_FACT_ORDER.index(name.partition(":")[0]), name)))


def judge(facts: Facts, rules: Iterable[Rule]) -> list[Judged]:
    """Every rule that covers the case's code, with its verdict, the most specific first."""
    also = [METASTASIS_CODES[flag] for flag in sorted(facts.flags) if flag in METASTASIS_CODES]
    found = []
    for rule in rules:
        width = rule.width(facts.code)
        by_metastasis = width is None
        if by_metastasis:
            width = min((size for code in also if (size := rule.width(code)) is not None), default=None)
        if width is not None:
            verdict = rule.condition.verdict(facts)
            found.append(Judged(rule=rule, verdict=verdict, width=width, by_metastasis=by_metastasis))
    return sorted(found, key=lambda one: one.order)


def _home(judged: Sequence[Judged]) -> Rule | None:
    """The rule whose team takes the case: the narrowest one for the code.

    Of equally narrow rules, one that matches goes before one that does not. A rule for the code that does not match
    still knows the organ, so a tumour that only a generic rule caught goes to its organ's team.
    """
    with_group = [one for one in judged if one.rule.disease_group and (one.verdict.value or one.width < _WIDE)]
    narrowest = sorted(with_group, key=lambda one: (one.by_metastasis, one.width, not one.verdict.value, one.order))
    return narrowest[0].rule if narrowest else None


def _group(home: Rule | None) -> str:
    return home.disease_group if home else GENERAL_GROUP


def _undecided(
    facts: Facts,
    matching: Sequence[Rule],
    open_rules: Sequence[Judged],
    raising: Sequence[Judged],
    home: Rule | None,
    *,
    below: bool,
) -> Undecided:
    possible = [rule for rule in matching if rule.tier != "none"] + [one.rule for one in open_rules]
    certain = _unite(facts, matching, home)
    missing = {fact for one in raising for fact in one.verdict.missing}
    reasons = [
        Reason(code="missing_fact", params={"fact": fact, **one.rule.named()})
        for one in raising
        for fact in one.verdict.missing
    ]
    return Undecided(
        missing=tuple(sorted(missing, key=lambda name: (_FACT_ORDER.index(name.partition(":")[0]), name))),
        at_least=certain if certain.tier != "none" else None,
        could_be=max((one.rule.tier for one in raising), key=TIERS.index),
        hours=min((rule.hours[facts.urgency] for rule in possible if rule.tier != "none"), default=0),
        disease_group=_group(home),
        reasons=tuple(reasons),
        children=next_level(facts.code) if below else (),
    )


def _unite(facts: Facts, matching: Sequence[Rule], home: Rule | None) -> Requirement:
    """One requirement out of all rules that match. The organ's leading discipline is welcome if no rule seats it."""
    counting = [rule for rule in matching if rule.tier != "none"]
    if not counting:
        return _none(facts, matching, home)
    seats = _unite_seats(counting)
    seated = {seat.discipline for seat in seats}
    welcome = [seat.discipline for seat in home.seats[:1]] if home else []
    welcome += [key for rule in counting for key in rule.optional]
    return Requirement(
        tier=max((rule.tier for rule in counting), key=TIERS.index),
        seats=seats,
        optional=_distinct(key for key in welcome if key not in seated),
        minutes=max(rule.minutes for rule in counting),
        hours=min(rule.hours[facts.urgency] for rule in counting),
        care_level=max((rule.care_level for rule in counting), key=CARE_LEVELS.index),
        disease_group=_group(home),
        materials=_distinct(code for rule in counting for code in rule.materials),
        rare_class=facts.rare_class,
        reasons=_why(facts, counting),
        rules=tuple((rule.key, rule.version) for rule in counting),
    )


def _none(facts: Facts, matching: Sequence[Rule], home: Rule | None) -> Requirement:
    """Nobody is called together: no seats, no minutes, no limit; the rule's disciplines look after the case."""
    reasons = _why(facts, matching) or (Reason(code="no_rule", params={"code": facts.code}),)
    return Requirement(
        tier="none",
        optional=_distinct(seat.discipline for rule in matching for seat in rule.seats),
        care_level=max((rule.care_level for rule in matching), key=CARE_LEVELS.index, default="primary"),
        disease_group=_group(home),
        rare_class=facts.rare_class,
        reasons=reasons,
        rules=tuple((rule.key, rule.version) for rule in matching),
    )


def _why(facts: Facts, rules: Sequence[Rule]) -> tuple[Reason, ...]:
    reasons = []
    for rule in rules:
        reasons.append(Reason(code="rule_matched", params=rule.named()))
        if rule.condition.rests_on_major_stage(facts):
            reasons.append(Reason(code="major_stage_compared", params=rule.named() | {"stage": facts.stage}))
    return tuple(reasons)


def _with_possible_additions(
    facts: Facts,
    answer: Requirement,
    matching: Sequence[Rule],
    open_rules: Sequence[Judged],
    home: Rule | None,
) -> Requirement:
    """The decided answer, plus a note on each open rule that would add something to it once the facts are known."""
    notes = []
    for one in open_rules:
        if one.rule.tier == "none":
            continue
        wider = _unite(facts, [*matching, one.rule], home)
        if _demand(wider) != _demand(answer):
            params = one.rule.named() | {"facts": list(one.verdict.missing)}
            notes.append(Reason(code="possible_addition", params=params))
    return replace(answer, reasons=answer.reasons + tuple(notes))


def _demand(answer: Requirement) -> tuple[object, ...]:
    return frozenset(answer.seats), answer.minutes, answer.hours, answer.care_level


def _unite_seats(rules: Sequence[Rule]) -> tuple[SeatNeed, ...]:
    """The fewest seats that satisfy every rule: per discipline and sub-specialty the largest count and title.

    A seat with a sub-specialty also serves a rule that asks for the discipline alone. The most specific rule's seats
    come first, so the first seat is the leading discipline.
    """
    needs: dict[tuple[str, str], SeatNeed] = {}
    for seat in (seat for rule in rules for seat in rule.seats):
        key = (seat.discipline, seat.sub_specialty)
        known = needs.get(key, seat)
        needs[key] = SeatNeed(
            discipline=seat.discipline,
            sub_specialty=seat.sub_specialty,
            count=max(known.count, seat.count),
            min_rank=max(known.min_rank, seat.min_rank),
        )
    united = []
    for seat in needs.values():
        if not seat.sub_specialty:
            served = sum(
                other.count
                for other in needs.values()
                if other.discipline == seat.discipline and other.sub_specialty and other.min_rank >= seat.min_rank
            )
            if served >= seat.count:
                continue
            seat = SeatNeed(discipline=seat.discipline, count=seat.count - served, min_rank=seat.min_rank)
        united.append(seat)
    return tuple(united)


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
