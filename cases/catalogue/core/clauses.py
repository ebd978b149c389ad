"""A rule's condition clause by clause: as rows of a form and as lines of text, both ways. Pure.

    stage >= IIIB                       NIHSS <= 15                 age >= 65
    or: brain_metastasis                any: recurrence, refractory operation >= 4
    comorbidities >= 3                  none: pregnant              rare = A

`or` stands in for the stage. Whether the values make sense is for `cases.catalogue.core.grammar` to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cases.core.mistake import Mistake

FINDINGS = {"or_flags": "or", "flags_any": "any", "flags_all": "all", "flags_none": "none"}
LIMITS = {
    "stage_min": ("stage", ">="),
    "stage_max": ("stage", "<="),
    "age_min": ("age", ">="),
    "age_max": ("age", "<="),
    "comorbidities_min": ("comorbidities", ">="),
    "comorbidities_max": ("comorbidities", "<="),
    "rare_class": ("rare", "="),
    "surgery_level_min": ("operation", ">="),
}
SCORES = {"score_min": ">=", "score_max": "<="}
KEYS = (
    "stage_min", "stage_max", "or_flags", "flags_any", "flags_all", "flags_none", "score_min", "score_max",
    "age_min", "age_max", "comorbidities_min", "comorbidities_max", "rare_class", "surgery_level_min",
)  # fmt: skip
NUMBERS = (
    "score_min",
    "score_max",
    "age_min",
    "age_max",
    "comorbidities_min",
    "comorbidities_max",
    "surgery_level_min",
)
_LISTED = re.compile(r"(or|any|all|none)\s*:\s*(.*)", re.IGNORECASE)
_LIMITED = re.compile(r"(.+?)\s*(>=|<=|=|≥|≤)\s*(.+)")
_PLAIN = {"≥": ">=", "≤": "<="}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One thing that must hold. `values` are texts as typed; findings may have several, all else has one."""

    key: str
    values: tuple[str, ...] = ()
    score: str = ""


def of(condition: Mapping[str, Any]) -> tuple[Clause, ...]:
    """The clauses of a condition as a catalogue file holds it, in a fixed order."""
    return tuple(
        Clause(
            key=key,
            values=tuple(condition[key]) if key in FINDINGS else (_clause_text(condition[key]),),
            score=str(condition.get("score", "")) if key in SCORES else "",
        )
        for key in KEYS
        if key in condition
    )


def condition(clauses: Sequence[Clause]) -> tuple[dict[str, Any], list[Mistake]]:
    """The condition that the clauses make, as a catalogue file holds it; mistakes are placed at `clause[2]`."""
    found: dict[str, Any] = {}
    mistakes = []
    for number, clause in enumerate(clauses):
        place = f"clause[{number}]"
        values = [value.strip() for value in clause.values if value.strip()]
        if clause.key in found:
            mistakes.append(Mistake(place=place, code="clause_twice"))
        elif not values:
            mistakes.append(Mistake(place=place, code="empty"))
        elif clause.key in SCORES and found.get("score", clause.score) != clause.score:
            mistakes.append(Mistake(place=place, code="two_scores", params={"value": found["score"]}))
        else:
            if clause.key in SCORES:
                found["score"] = clause.score
            found[clause.key] = values if clause.key in FINDINGS else _read(clause.key, values[0])
    return found, mistakes


def text(clauses: Iterable[Clause], *, between: str = "\n") -> str:
    """The clauses as lines; `read` understands them."""
    return between.join(_line(clause) for clause in clauses)


def read(lines: str) -> tuple[tuple[Clause, ...], list[Mistake]]:
    """The clauses that lines (or parts between semicolons) hold; mistakes are placed at `clause[2]`."""
    clauses: list[Clause] = []
    mistakes = []
    for part in _parts(lines):
        clause = _clause(part)
        if clause is None:
            place = f"clause[{len(clauses) + len(mistakes)}]"
            mistakes.append(Mistake(place=place, code="unreadable_clause", params={"value": part}))
        else:
            clauses.append(clause)
    return tuple(clauses), mistakes


def _parts(lines: str) -> Iterator[str]:
    for part in re.split(r"[;；\n]", lines):
        if part.strip():
            yield part.strip()


def _line(clause: Clause) -> str:
    if clause.key in FINDINGS:
        return f"{FINDINGS[clause.key]}: {', '.join(clause.values)}"
    name, sign = (clause.score, SCORES[clause.key]) if clause.key in SCORES else LIMITS[clause.key]
    return f"{name} {sign} {clause.values[0] if clause.values else ''}".strip()


def _clause(part: str) -> Clause | None:
    if listed := _LISTED.fullmatch(part):
        key = next(key for key, word in FINDINGS.items() if word == listed[1].lower())
        return Clause(key=key, values=tuple(one.strip() for one in re.split(r"[,，、]", listed[2]) if one.strip()))
    limited = _LIMITED.fullmatch(part)
    if limited is None:
        return None
    name, sign, value = limited[1].strip(), _PLAIN.get(limited[2], limited[2]), limited[3].strip()
    for key, known in LIMITS.items():
        if known == (name.lower(), sign):
            return Clause(key=key, values=(value,))
    if name.lower() in {word for word, _ in LIMITS.values()}:
        return None
    return next((Clause(key=key, values=(value,), score=name) for key, one in SCORES.items() if one == sign), None)


def _read(key: str, value: str) -> Any:
    """A number where one is expected and one was typed; else the text, for the grammar to refuse."""
    if key not in NUMBERS:
        return value.upper() if key in ("stage_min", "stage_max", "rare_class") else value
    return number(value)


def number(value: str) -> int | float | str:
    """The number that was typed; what is none stays as it is."""
    if re.fullmatch(r"-?\d{1,9}", value):
        return int(value)
    return float(value) if re.fullmatch(r"-?\d{1,9}\.\d{1,6}", value) else value


def _clause_text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)
