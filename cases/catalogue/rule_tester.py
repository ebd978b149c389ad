"""The catalogue tried on one case: which rules look at it, which apply, and why, clause by clause. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cases.catalogue import rule_text
from cases.catalogue.core import evaluation
from cases.catalogue.core.condition import Facts
from cases.catalogue.core.evaluation import Rule
from cases.catalogue.core.requirement import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One thing that a rule asks; None where it cannot be told."""

    text: str
    holds: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One rule for the case's code. `by_metastasis`: it came in through a metastasis, not through the code itself."""

    rule: Rule
    applies: bool | None
    clauses: tuple[Clause, ...]
    by_metastasis: bool

    @property
    def name_en(self) -> str:
        return self.rule.name_en

    @property
    def name_zh(self) -> str:
        return self.rule.name_zh


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTest:
    """The answer, and every rule that was asked: those that apply first."""

    answer: Answer
    tried: tuple[Tried, ...]

    @property
    def open(self) -> list[Tried]:
        """Those that apply, and those that may."""
        return [one for one in self.tried if one.applies is not False]

    @property
    def idle(self) -> list[Tried]:
        return [one for one in self.tried if one.applies is False]


def run(facts: Facts, rules: Sequence[Rule]) -> RuleTest:
    """What `rules` say to these facts."""
    tried = [
        Tried(
            rule=one.rule,
            applies=one.verdict.value,
            clauses=tuple(
                Clause(text=rule_text.part_text(part), holds=part.verdict(facts).value)
                for part in one.rule.condition.parts()
            ),
            by_metastasis=one.by_metastasis,
        )
        for one in evaluation.judge(facts, rules)
    ]
    tried.sort(key=lambda one: (True, None, False).index(one.applies))
    return RuleTest(answer=evaluation.evaluate(facts, rules), tried=tuple(tried))
