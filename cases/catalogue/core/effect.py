"""What other rules would change: whose tier, and how much of each discipline's time. Pure.

Both answers are asked anew, so that the difference is the rules' alone; what was frozen on a case plays no part, but
for a tier that was set by hand, which stays.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cases.catalogue.core import evaluation
from cases.catalogue.core.condition import Facts
from cases.catalogue.core.evaluation import METASTASIS_CODES, Rule
from cases.catalogue.core.requirement import Answer, Requirement

UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatedCase:
    """One case. `by_hand` is what somebody set against the catalogue."""

    key: int
    facts: Facts
    waiting: bool
    recent: bool
    by_hand: Requirement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TierChange:
    """A case whose tier would be another one; a tier is `required`, `suggested`, `none` or `undecided`."""

    case: EvaluatedCase
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisciplineLoad:
    """What the recent cases ask of one discipline in a week: minutes of discussion times people, and seats."""

    discipline: str
    minutes_before: float = 0
    minutes_after: float = 0
    seats_before: float = 0
    seats_after: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """`otherwise` counts cases that keep their tier but get other seats, minutes or limits."""

    waiting: int
    recent: int
    changes: tuple[TierChange, ...]
    otherwise: int
    by_hand: int
    loads: tuple[DisciplineLoad, ...]


def compare(cases: Iterable[EvaluatedCase], before: Sequence[Rule], after: Sequence[Rule], *, weeks: float) -> Effect:
    """The effect on `cases`; the loads are those of the recent ones, spread over `weeks`."""
    old, new = _Judge(before), _Judge(after)
    asked = list(cases)
    changes, otherwise = [], 0
    loads: dict[str, list[float]] = {}
    for case in asked:
        first, second = (
            (old.answer(case.facts), new.answer(case.facts)) if case.by_hand is None else (case.by_hand,) * 2
        )
        if tier_of(first) != tier_of(second):
            changes.append(TierChange(case=case, before=tier_of(first), after=tier_of(second)))
        elif _demand(first) != _demand(second):
            otherwise += 1
        if case.recent:
            _add(loads, first, 0)
            _add(loads, second, 2)
    return Effect(
        waiting=sum(case.waiting for case in asked),
        recent=sum(case.recent for case in asked),
        changes=tuple(changes),
        otherwise=otherwise,
        by_hand=sum(case.by_hand is not None for case in asked),
        loads=tuple(_load(key, sums, weeks) for key, sums in sorted(loads.items())),
    )


def tier_of(answer: Answer) -> str:
    return answer.tier if isinstance(answer, Requirement) and not answer.without_rule else UNDECIDED


class _Judge:
    """`evaluation.evaluate` for many cases: only the rules that may matter, and the same question once."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = rules
        self.near: dict[tuple[str, frozenset[str]], _Near] = {}
        self.sets: dict[tuple[tuple[int, ...], tuple[int, ...]], _Near] = {}
        self.known: dict[Any, Answer] = {}

    def answer(self, facts: Facts) -> Answer:
        near = self._near(facts.code, facts.flags.intersection(METASTASIS_CODES))
        key = near.question(facts)
        if key not in self.known:
            self.known[key] = evaluation.evaluate(facts, near.rules)
        return self.known[key]

    def _near(self, code: str, metastases: frozenset[str]) -> _Near:
        """The rules that cover the code, one of its metastases, or only a subdivision of it; codes with the same rules
        in the same places share them."""
        if (code, metastases) not in self.near:
            codes = [code, *(METASTASIS_CODES[flag] for flag in metastases)]
            own = self._covering(codes)
            below = tuple(place for place in self._covering(evaluation.subdivisions(code)) if place not in own)
            if (own, below) not in self.sets:
                rules = tuple(self.rules[place] for place in (*own, *below))
                self.sets[own, below] = _Near(number=len(self.sets), rules=rules)
            self.near[code, metastases] = self.sets[own, below]
        return self.near[code, metastases]

    def _covering(self, codes: Sequence[str]) -> tuple[int, ...]:
        return tuple(
            place
            for place, rule in enumerate(self.rules)
            if any(one.covers(any_) for one in rule.ranges for any_ in codes)
        )


class _Near:
    """Rules that meet, and how to tell whether two cases are the same to them."""

    def __init__(self, *, number: int, rules: tuple[Rule, ...]) -> None:
        self.number = number
        self.rules = rules
        asked = {name for rule in rules for name in rule.condition.named()}
        self.stage = "stage" in asked
        self.flags = METASTASIS_CODES.keys() | {
            name.removeprefix("flag:") for name in asked if name.startswith("flag:")
        }
        self.ages = _limits((rule.condition.age_min, rule.condition.age_max) for rule in rules)
        self.comorbidities = _limits(
            (one.condition.comorbidities_min, one.condition.comorbidities_max) for one in rules
        )
        self.scores = {
            score: _limits(
                (one.condition.score_min, one.condition.score_max) for one in rules if one.condition.score == score
            )
            for score in sorted({one.condition.score for one in rules if one.condition.score})
        }

    def question(self, facts: Facts) -> tuple[Any, ...]:
        """Cases with the same question get the same tier, seats, minutes and limits from these rules."""
        return (
            self.number,
            facts.stage if self.stage else None,
            facts.flags & self.flags,
            _band(facts.age, self.ages),
            _band(facts.comorbidities, self.comorbidities),
            tuple(_band(facts.scores.get(score), limits) for score, limits in self.scores.items()),
            facts.rare_class,
            facts.surgery_level,
            facts.urgency,
        )


def _limits(pairs: Iterable[tuple[float | None, float | None]]) -> list[float]:
    return sorted({limit for pair in pairs for limit in pair if limit is not None})


def _band(value: float | None, limits: Sequence[float]) -> int | None:
    """Between which limits a value lies: on a limit counts as a place of its own, as all limits are inclusive."""
    if value is None or not limits:
        return None
    return bisect_left(limits, value) + bisect_right(limits, value)


def _demand(answer: Answer) -> tuple[object, ...]:
    certain = _certain(answer)
    return (frozenset(certain.seats), certain.minutes, answer.hours) if certain else (answer.hours,)


def _certain(answer: Answer) -> Requirement | None:
    return answer if isinstance(answer, Requirement) else answer.at_least


def _add(loads: dict[str, list[float]], answer: Answer, at: int) -> None:
    certain = _certain(answer)
    for seat in certain.seats if certain else ():
        sums = loads.setdefault(seat.discipline, [0, 0, 0, 0])
        sums[at] += certain.minutes * seat.count  # type: ignore[union-attr]
        sums[at + 1] += seat.count


def _load(discipline: str, sums: Sequence[float], weeks: float) -> DisciplineLoad:
    minutes_before, seats_before, minutes_after, seats_after = (value / weeks for value in sums)
    return DisciplineLoad(
        discipline=discipline,
        minutes_before=minutes_before,
        minutes_after=minutes_after,
        seats_before=seats_before,
        seats_after=seats_after,
    )
