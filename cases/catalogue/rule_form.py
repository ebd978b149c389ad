"""A rule as it stands in the editor: what was typed, rows and all, right or wrong; and what a catalogue file would say.

Nothing typed is lost: a number that is none stays a text, and the grammar refuses it at its field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from cases.catalogue.core import clauses, grammar
from cases.catalogue.core.clauses import Clause
from cases.catalogue.core.requirement import URGENCIES
from cases.catalogue.core.vocabulary import Vocabulary
from cases.core.mistake import Mistake
from mdt_portal.i18n import typed_time

TEXTS = (
    "id", "name_en", "name_zh", "icd10", "tier", "care_level", "disease_group", "minutes", "source", "source_url",
    "note", "review_by",
)  # fmt: skip
EVIDENCE_PARTS = ("tier", "quorum", "hours", "minutes")


class Posted(Protocol):
    """What a form sent: Django's QueryDict."""

    def get(self, key: str, default: str = "") -> Any: ...

    def getlist(self, key: str) -> list[str]: ...

    def __iter__(self) -> Iterator[str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatFields:
    """One row of the seats."""

    discipline: str = ""
    count: str = "1"
    min_rank: str = "3"
    sub_specialty: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleForm:
    """The whole editor. `lines` is the condition as text where the reader chose to write it so, else None."""

    texts: Mapping[str, str] = field(default_factory=dict)
    hours: Mapping[str, str] = field(default_factory=dict)
    clauses: tuple[Clause, ...] = ()
    lines: str | None = None
    seats: tuple[SeatFields, ...] = ()
    optional: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    evidence: Mapping[str, str] = field(default_factory=dict)
    hours_from_source: tuple[str, ...] = ()

    def raw(self, known: Vocabulary) -> tuple[dict[str, Any], list[Mistake]]:
        """The rule as a catalogue file would hold it, and what cannot even be put into a file."""
        texts = {key: self.texts.get(key, "").strip() for key in TEXTS}
        none = texts["tier"] == "none"
        condition, mistakes = self._condition()
        hours = {key: clauses.number(value.strip()) for key, value in self.hours.items() if value.strip()}
        raw: dict[str, Any] = {
            **{key: texts[key] for key in TEXTS if key not in ("icd10", "disease_group", "minutes", "tier")},
            "icd10": re.findall(r"[^\s,，;；、]+", re.sub(r"\s*[-–—]\s*", "-", texts["icd10"].upper())),
            "condition": condition,
            "required": [_seat(seat) for seat in self.seats if seat.discipline],
            "optional": [key for key in self.optional if key],
            "hours": hours or (None if none else {}),
            "evidence": {key: value for key, value in self.evidence.items() if value},
            "hours_from_source": list(self.hours_from_source),
        }
        if on := typed_time.read_day(texts["review_by"]):
            raw["review_by"] = on.isoformat()
        if texts["tier"]:
            raw["tier"] = texts["tier"]
        if texts["minutes"] or none:
            raw["minutes"] = clauses.number(texts["minutes"] or "0")
        if texts["disease_group"]:
            raw["disease_group"] = texts["disease_group"]
        if self.materials or none:
            raw["materials"] = list(self.materials)
        elif texts["disease_group"]:
            raw["materials"] = list(known.materials_of_group.get(texts["disease_group"], ()))
        return raw, mistakes

    def _condition(self) -> tuple[dict[str, Any], list[Mistake]]:
        if self.lines is None:
            rows = [clause for clause in self.clauses if clause.key]
            return clauses.condition(rows)
        read, unreadable = clauses.read(self.lines)
        found, wrong = clauses.condition(read)
        return found, [replace(one, place="condition") for one in (*unreadable, *wrong)]

    def done(self, action: str) -> RuleForm:
        """The editor after a row was added or taken away, or the condition is to be written the other way."""
        service, _, rest = action.partition("-")
        name, _, number = rest.partition("-")
        if service == "add":
            return self._with_row(name)
        if service == "remove" and number.isdigit():
            return self._without_row(name, int(number))
        if action == "mode-text" and self.lines is None:
            return replace(self, lines=clauses.text(one for one in self.clauses if one.key))
        if action == "mode-rows" and self.lines is not None:
            read, unreadable = clauses.read(self.lines)
            return self if unreadable else replace(self, clauses=read, lines=None)
        return self

    def _with_row(self, name: str) -> RuleForm:
        if name == "clause":
            return replace(self, clauses=(*self.clauses, Clause(key="")))
        if name == "seat":
            return replace(self, seats=(*self.seats, SeatFields()))
        return replace(self, optional=(*self.optional, "")) if name == "optional" else self

    def _without_row(self, name: str, number: int) -> RuleForm:
        if name == "clause":
            return replace(self, clauses=_without(self.clauses, number))
        if name == "seat":
            return replace(self, seats=_without(self.seats, number))
        return replace(self, optional=_without(self.optional, number)) if name == "optional" else self

    def slot(self, mistake: Mistake) -> str:
        """Beside which field of the editor a mistake is shown: `minutes`, `hours-urgent`, `clause-2`, `seat-0`."""
        head, _, rest = mistake.place.partition(".")
        name, number = _indexed(head)
        if name == "hours" and rest in URGENCIES:
            return f"hours-{rest}"
        if name == "required" and number is not None:
            filled = [at for at, seat in enumerate(self.seats) if seat.discipline]
            return f"seat-{filled[number]}" if number < len(filled) else "required"
        if self.lines is None and (name == "clause" or (name == "condition" and rest)):
            return self._clause_slot(name, number, _indexed(rest)[0])
        return "condition" if name in ("condition", "clause") else name

    def _clause_slot(self, name: str, number: int | None, key: str) -> str:
        filled = [at for at, clause in enumerate(self.clauses) if clause.key]
        if name == "clause" and number is not None:
            return f"clause-{filled[number]}"
        keys = ("score_min", "score_max") if key == "score" else (key,)
        return next((f"clause-{at}" for at in filled if self.clauses[at].key in keys), "condition")


def of_raw(raw: Mapping[str, Any]) -> RuleForm:
    """A rule of a catalogue file, opened in the editor."""
    review_by = grammar.day(str(raw.get("review_by", "")))
    texts = {"icd10": ", ".join(raw["icd10"]), "review_by": typed_time.write_day(review_by) if review_by else ""}
    return RuleForm(
        texts={key: str(raw.get(key, "")) for key in TEXTS} | texts,
        hours={urgency: str((raw.get("hours") or {}).get(urgency, "")) for urgency in URGENCIES},
        clauses=clauses.of(raw["condition"]),
        seats=tuple(
            SeatFields(
                discipline=seat["discipline"],
                count=str(seat.get("count", 1)),
                min_rank=str(seat["min_rank"]),
                sub_specialty=seat.get("sub_specialty", ""),
            )
            for seat in raw["required"]
        ),
        optional=tuple(raw.get("optional", ())),
        materials=tuple(raw.get("materials", ())),
        evidence=dict(raw.get("evidence", {})),
        hours_from_source=tuple(raw.get("hours_from_source", ())),
    )


def of_post(posted: Posted) -> RuleForm:
    """What the form sent."""

    def row(name: str, number: str, part: str) -> str:
        return str(posted.get(f"{name}-{number}-{part}", ""))

    found = [
        Clause(
            key=row("clause", number, "key"),
            values=tuple(posted.getlist(f"clause-{number}-value")),
            score=row("clause", number, "score").strip(),
        )
        for number in posted.getlist("clause")
    ]
    return RuleForm(
        texts={key: str(posted.get(key, "")) for key in TEXTS},
        hours={urgency: str(posted.get(f"hours-{urgency}", "")) for urgency in URGENCIES},
        clauses=tuple(replace(one, key=one.key if one.key in clauses.KEYS else "") for one in found),
        lines=str(posted.get("lines", "")) if posted.get("mode") == "text" else None,
        seats=tuple(
            SeatFields(
                **{part: row("seat", number, part) for part in ("discipline", "count", "min_rank", "sub_specialty")}
            )
            for number in posted.getlist("seat")
        ),
        optional=tuple(posted.getlist("optional")),
        materials=tuple(posted.getlist("materials")),
        evidence={key.removeprefix("evidence-"): str(posted.get(key)) for key in posted if key.startswith("evidence-")},
        hours_from_source=tuple(posted.getlist("hours_from_source")),
    )


def _seat(seat: SeatFields) -> dict[str, Any]:
    found: dict[str, Any] = {
        "discipline": seat.discipline,
        "count": clauses.number(seat.count),
        "min_rank": clauses.number(seat.min_rank),
    }
    return found | {"sub_specialty": seat.sub_specialty.strip()} if seat.sub_specialty.strip() else found


def _without(rows: Sequence[Any], number: int) -> tuple[Any, ...]:
    return (*rows[:number], *rows[number + 1 :])


def _indexed(part: str) -> tuple[str, int | None]:
    """`required[2]` is ("required", 2)."""
    name, _, number = part.partition("[")
    return name, int(number[:-1]) if number else None
