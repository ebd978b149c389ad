"""What the catalogue answers: a Requirement, or Undecided with what is missing. Pure; frozen on the case as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Tier = Literal["required", "suggested", "none"]
TIERS: tuple[Tier, ...] = ("none", "suggested", "required")
CARE_LEVELS = ("primary", "regional", "national")
URGENCIES = ("emergency", "urgent", "routine")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why, as a code with parameters; `cases.catalogue.wording.reason_text` puts it into words."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"code": self.code, "params": dict(self.params)}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Reason:
        return cls(code=raw["code"], params=dict(raw.get("params", {})))


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatNeed:
    """`count` experts of one discipline (key), each with at least title rank `min_rank` (0-4)."""

    discipline: str
    count: int = 1
    min_rank: int = 0
    sub_specialty: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "discipline": self.discipline,
            "count": self.count,
            "min_rank": self.min_rank,
            "sub_specialty": self.sub_specialty,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> SeatNeed:
        return cls(
            discipline=raw["discipline"],
            count=raw["count"],
            min_rank=raw["min_rank"],
            sub_specialty=raw.get("sub_specialty", ""),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """A decided answer.

    `minutes` at most 30. `hours` is the response limit in clock hours for the urgency asked about. A requirement of
    tier `none` has no seats, 0 minutes and 0 hours (no limit); `optional` then names who looks after the case.
    """

    tier: Tier
    seats: tuple[SeatNeed, ...] = ()
    optional: tuple[str, ...] = ()
    minutes: int = 0
    hours: int = 0
    care_level: str = "primary"
    disease_group: str
    materials: tuple[str, ...] = ()
    rare_class: str | None = None
    reasons: tuple[Reason, ...] = ()
    rules: tuple[tuple[str, int], ...] = ()

    @property
    def without_rule(self) -> bool:
        """No rule speaks of the case and nobody has set its tier: `none` then says nothing, and people decide."""
        return self.tier == "none" and not self.rules and not self.by_hand

    @property
    def by_hand(self) -> bool:
        """Somebody has set the tier."""
        return any(reason.code == "overridden" for reason in self.reasons)

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": "requirement",
            "tier": self.tier,
            "seats": [seat.to_json() for seat in self.seats],
            "optional": list(self.optional),
            "minutes": self.minutes,
            "hours": self.hours,
            "care_level": self.care_level,
            "disease_group": self.disease_group,
            "materials": list(self.materials),
            "rare_class": self.rare_class,
            "reasons": [reason.to_json() for reason in self.reasons],
            "rules": [list(rule) for rule in self.rules],
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Requirement:
        return cls(
            tier=raw["tier"],
            seats=tuple(SeatNeed.from_json(seat) for seat in raw["seats"]),
            optional=tuple(raw["optional"]),
            minutes=raw["minutes"],
            hours=raw["hours"],
            care_level=raw["care_level"],
            disease_group=raw["disease_group"],
            materials=tuple(raw["materials"]),
            rare_class=raw["rare_class"],
            reasons=tuple(Reason.from_json(reason) for reason in raw["reasons"]),
            rules=tuple((key, version) for key, version in raw["rules"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """The third answer: a fact that nobody gave could raise the tier.

    `missing` names the facts (`stage`, `score:NIHSS`, `age`, `comorbidities`); `code` among them means that the
    diagnosis is too coarse: rules exist for some of its subdivisions alone, and `children` are those to choose from.
    `at_least` is what is certain already, None if nothing is; `could_be` the highest tier possible; `hours` the
    shortest response limit possible, 0 where no rule that could apply sets one.
    """

    missing: tuple[str, ...]
    at_least: Requirement | None
    could_be: Tier
    hours: int
    disease_group: str
    reasons: tuple[Reason, ...] = ()
    children: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": "undecided",
            "missing": list(self.missing),
            "at_least": self.at_least.to_json() if self.at_least else None,
            "could_be": self.could_be,
            "hours": self.hours,
            "disease_group": self.disease_group,
            "reasons": [reason.to_json() for reason in self.reasons],
            "children": list(self.children),
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Undecided:
        at_least = raw["at_least"]
        return cls(
            missing=tuple(raw["missing"]),
            at_least=Requirement.from_json(at_least) if at_least else None,
            could_be=raw["could_be"],
            hours=raw["hours"],
            disease_group=raw["disease_group"],
            reasons=tuple(Reason.from_json(reason) for reason in raw["reasons"]),
            children=tuple(raw.get("children", ())),
        )


Answer = Requirement | Undecided


def from_json(raw: Mapping[str, Any]) -> Answer:
    """The answer that was frozen, whichever of the two it is."""
    return Undecided.from_json(raw) if raw["kind"] == "undecided" else Requirement.from_json(raw)
