"""The catalogue as its desk shows it: one line for each rule, with the states of its versions. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Q
from django.utils.translation import gettext_lazy

from cases.catalogue import answer_text, rule_text, rulebook
from cases.catalogue.core.evaluation import Rule
from cases.catalogue.rule_text import Names
from cases.core import code_systems
from cases.models import CatalogueRule, Tier
from cases.states import RuleStatus
from mdt_portal.i18n import phrases
from mdt_portal.tables.orders import Named, Orders, Ranked

STATES = {
    "in_force": ("confirmed", gettext_lazy("In force")),
    "future": ("planned", gettext_lazy("Future")),
    "draft": ("pending", gettext_lazy("Draft")),
    "replaced": ("waiting", gettext_lazy("Replaced")),
    "withdrawn": ("declined", gettext_lazy("Withdrawn")),
}
"""Where a version stands on a day: hue and word."""
REVIEWS = {
    "due": gettext_lazy("Review due"),
    "later": gettext_lazy("Review later"),
    "never": gettext_lazy("No day of review"),
}
ORDERS: Orders = {
    "key": ("key",),
    "name": (Named(),),
    "tier": (Ranked("tier", Tier.values), "key"),
    "minutes": ("content__minutes", "key"),
    "evidence": (Ranked("evidence__tier", [*answer_text.EVIDENCE]), "key"),
    "review_by": ("review_by", "key"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version with its state on the day that was asked for."""

    row: CatalogueRule
    state: str

    @property
    def hue(self) -> str:
        return STATES[self.state][0]

    @property
    def label(self) -> str:
        return str(STATES[self.state][1])


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLine:
    """One rule: the version that is shown (in force, else the newest that may come), and all that is open."""

    key: str
    shown: Version
    open: tuple[Version, ...]
    rule: Rule
    codes: str
    condition: str
    seats: str
    evidence: str

    due: bool
    """Whether somebody should look again: it is in force, and its day of review has come."""

    @property
    def row(self) -> CatalogueRule:
        return self.shown.row


def versions(rows: Iterable[CatalogueRule], on: date) -> list[Version]:
    """The versions with their states; `rows` must hold all published versions of each rule."""
    ordered = sorted(rows, key=lambda row: (row.key, -row.version))
    counting: dict[str, CatalogueRule] = {}
    for row in ordered:
        if row.status == RuleStatus.PUBLISHED and row.valid_from is not None and row.valid_from <= on:
            best = counting.get(row.key)
            if best is None or (row.valid_from, row.version) > (best.valid_from, best.version):
                counting[row.key] = row
    return [Version(row=row, state=_state(row, on, counting.get(row.key))) for row in ordered]


def _state(row: CatalogueRule, on: date, counting: CatalogueRule | None) -> str:
    if row.status != RuleStatus.PUBLISHED:
        return str(row.status)
    if row.valid_from is not None and row.valid_from > on:
        return "future"
    return "in_force" if row is counting else "replaced"


def lines(rows: Iterable[CatalogueRule], on: date, known: Names) -> list[RuleLine]:
    """One line for each rule. `rows` comes from `newest`."""
    by_key: dict[str, list[Version]] = {}
    for version in versions(rows, on):
        by_key.setdefault(version.row.key, []).append(version)
    words = rulebook.known_words()
    return [_line(found, known, words, on) for found in by_key.values()]


def newest() -> list[CatalogueRule]:
    """Every version that counts, will count or may count, and the last one of rules that were given up; one query."""
    last = CatalogueRule.objects.order_by("key", "-version").distinct("key").values("pk")
    live = ~Q(status=RuleStatus.WITHDRAWN) | Q(pk__in=last)
    return list(CatalogueRule.objects.filter(live).select_related("changed_by"))


def _line(found: Sequence[Version], known: Names, words: object, on: date) -> RuleLine:
    order = ("in_force", "future", "draft", "replaced", "withdrawn")
    shown = min(found, key=lambda version: (order.index(version.state), -version.row.version))
    opened = [version for version in found if version.state in ("in_force", "future", "draft")] or [shown]
    rule = rulebook.parsed(shown.row, words)  # type: ignore[arg-type]
    return RuleLine(
        key=shown.row.key,
        shown=shown,
        open=tuple(sorted(opened, key=lambda version: version.row.version)),
        rule=rule,
        codes=rule_text.codes_text(rule.ranges),
        condition=rule_text.condition_text(rule.condition),
        seats=phrases.listed(known.discipline(seat.discipline) for seat in rule.seats),
        evidence=evidence_text(shown.row.evidence),
        due=shown.state == "in_force" and shown.row.review_by is not None and shown.row.review_by <= on,
    )


def evidence_text(evidence: Mapping[str, str]) -> str:
    """How well the tier is founded."""
    return str(answer_text.EVIDENCE.get(evidence.get("tier", ""), ""))


def evidence_rank(evidence: Mapping[str, str]) -> int | None:
    """The best founded first; None where nothing is said."""
    known = [*answer_text.EVIDENCE]
    return known.index(evidence["tier"]) if evidence.get("tier") in known else None


def found_by(
    rows: Iterable[RuleLine],
    *,
    text: str = "",
    tier: str = "",
    evidence: str = "",
    state: str = "",
    group: str = "",
    review: str = "",
) -> list[RuleLine]:
    """The lines that fit all that is asked for."""
    return [
        line
        for line in rows
        if (not tier or line.row.tier == tier)
        and (not evidence or line.row.evidence.get("tier") == evidence)
        and (not group or line.rule.disease_group == group)
        and (not review or _review(line) == review)
        and (not state or any(version.state == state for version in line.open))
        and (not text or _fits(line, text))
    ]


def _review(line: RuleLine) -> str:
    """`due`, `later`, or `never` where no day is set."""
    return "due" if line.due else "later" if line.row.review_by else "never"


def _fits(line: RuleLine, text: str) -> bool:
    """By key, name, discipline, source, words of the condition; an ICD-10 code finds the rules that cover it."""
    code = code_systems.who_code(text)
    if code is not None and line.rule.width(code) is not None:
        return True
    said = (line.key, line.row.name_en, line.row.name_zh, line.seats, line.condition, line.row.source, line.codes)
    return all(any(word in one.lower() for one in said) for word in text.lower().split())


def choices() -> dict[str, list[tuple[str, str]]]:
    """What the filters offer, apart from the disease groups."""
    return {
        "state": [(key, str(label)) for key, (_hue, label) in STATES.items() if key != "replaced"],
        "evidence": [(key, str(label)) for key, label in answer_text.EVIDENCE.items()],
        "review": [(key, str(label)) for key, label in REVIEWS.items()],
    }
