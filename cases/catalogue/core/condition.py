"""The conditions that a rule may name, and their verdict on a case in three-valued (Kleene) logic. Pure.

Stage, score, age and the number of comorbidities may be unknown. Flags, rare class and grade of operation that nobody
set mean 'not reported' and count as false.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from cases.core import staging


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of one case. `code` is a normalised WHO ICD-10 code; `age` in years; None = unknown."""

    code: str
    stage: str | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    flags: frozenset[str] = frozenset()
    age: int | None = None
    comorbidities: int | None = None
    rare_class: str | None = None
    surgery_level: int | None = None
    urgency: str = "routine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """True, False, or None with the facts that are missing."""

    value: bool | None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """All that is set must hold. All limits are inclusive; `or_flags` stand in for the stage, whatever it is."""

    stage_min: str | None = None
    stage_max: str | None = None
    or_flags: frozenset[str] = frozenset()
    score: str | None = None
    score_min: float | None = None
    score_max: float | None = None
    flags_any: frozenset[str] = frozenset()
    flags_all: frozenset[str] = frozenset()
    flags_none: frozenset[str] = frozenset()
    age_min: int | None = None
    age_max: int | None = None
    comorbidities_min: int | None = None
    comorbidities_max: int | None = None
    rare_class: str | None = None
    surgery_level_min: int | None = None

    def verdict(self, facts: Facts) -> Verdict:
        """False if one clause fails; else unknown if one clause cannot be judged; else true."""
        clauses = list(self._clauses(facts))
        if any(value is False for _, value in clauses):
            return Verdict(value=False)
        missing = tuple(fact for fact, value in clauses if value is None)
        return Verdict(value=None, missing=missing) if missing else Verdict(value=True)

    def named(self) -> tuple[str, ...]:
        """The names of the facts that the condition looks at."""
        names = []
        if self.stage_min or self.stage_max:
            names.append("stage")
        if self.score:
            names.append(f"score:{self.score}")
        flags = self.or_flags | self.flags_any | self.flags_all | self.flags_none
        names.extend(f"flag:{flag}" for flag in sorted(flags))
        if self.age_min is not None or self.age_max is not None:
            names.append("age")
        if self.comorbidities_min is not None or self.comorbidities_max is not None:
            names.append("comorbidities")
        if self.rare_class:
            names.append("rare_class")
        if self.surgery_level_min is not None:
            names.append("surgery_level")
        return tuple(names)

    def parts(self) -> tuple[Condition, ...]:
        """The condition taken apart: one for each clause that can be judged by itself. All of them must hold."""
        found = []
        for names in _PARTS:
            taken = {name: getattr(self, name) for name in names}
            part = replace(_NOTHING, **taken)
            if part != _NOTHING:
                found.append(part)
        return tuple(found)

    def rests_on_major_stage(self, facts: Facts) -> bool:
        """Whether the rule's limit has a sub-stage and the case's stage has none, so that the majors were compared."""
        if facts.stage is None or self.or_flags & facts.flags:
            return False
        return staging.coarser(facts.stage, self.stage_min) or staging.coarser(facts.stage, self.stage_max)

    @property
    def weight(self) -> int:
        """How many facts the condition names: of two rules for the same codes, the heavier is the more specific."""
        return len(self.named())

    def _clauses(self, facts: Facts) -> Iterator[tuple[str, bool | None]]:
        if self.stage_min or self.stage_max:
            yield "stage", self._stage(facts)
        if self.score:
            yield f"score:{self.score}", _between(facts.scores.get(self.score), self.score_min, self.score_max)
        yield "flags", self._flags(facts)
        yield "age", _between(facts.age, self.age_min, self.age_max)
        yield "comorbidities", _between(facts.comorbidities, self.comorbidities_min, self.comorbidities_max)
        yield "rare_class", self.rare_class is None or facts.rare_class == self.rare_class
        yield "surgery_level", self.surgery_level_min is None or (facts.surgery_level or 0) >= self.surgery_level_min

    def _stage(self, facts: Facts) -> bool | None:
        if self.or_flags & facts.flags:
            return True
        if facts.stage is None:
            return None
        above = self.stage_min is None or staging.at_least(facts.stage, self.stage_min)
        return above and (self.stage_max is None or staging.at_most(facts.stage, self.stage_max))

    def _flags(self, facts: Facts) -> bool:
        any_set = not self.flags_any or bool(self.flags_any & facts.flags)
        return any_set and self.flags_all <= facts.flags and not self.flags_none & facts.flags


_NOTHING = Condition()
_PARTS = (
    ("stage_min", "stage_max", "or_flags"),
    ("score", "score_min", "score_max"),
    ("flags_any",),
    ("flags_all",),
    ("flags_none",),
    ("age_min", "age_max"),
    ("comorbidities_min", "comorbidities_max"),
    ("rare_class",),
    ("surgery_level_min",),
)


def _between(value: float | None, low: float | None, high: float | None) -> bool | None:
    """Whether low <= value <= high; an absent limit holds; an unknown value is unknown only if a limit asks for it."""
    if low is None and high is None:
        return True
    if value is None:
        return None
    return (low is None or value >= low) and (high is None or value <= high)
