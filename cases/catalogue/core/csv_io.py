"""The catalogue as a table (CSV): one rule a line, one field a column, as a spreadsheet shows it. Pure.

    id, tier, name_en, name_zh, icd10        C18-C20; C34
    condition                                stage >= III; any: recurrence      (cases.catalogue.core.clauses)
    required                                 RADIOL 3; SURG 4 x2; CARDIO 3 (heart failure)
    emergency_h, urgent_h, routine_h, minutes, care_level, disease_group, optional, materials, hours_from_source
    source, source_url, note, evidence.tier, evidence.hours ...

What `write` writes, `read` gives back. Mistakes name the line and the column.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cases.catalogue.core import clauses, json_io
from cases.catalogue.core.json_io import RuleFile
from cases.catalogue.core.requirement import URGENCIES
from cases.catalogue.core.vocabulary import Vocabulary
from cases.core.mistake import Mistake

_LISTS = ("icd10", "optional", "materials", "hours_from_source")
_TEXTS = ("id", "tier", "name_en", "name_zh", "care_level", "disease_group", "source", "source_url", "note")
_HOURS = {f"{urgency}_h": urgency for urgency in URGENCIES}
_EVIDENCE = "evidence."
COLUMNS = (
    "id", "tier", "name_en", "name_zh", "icd10", "condition", "required", "optional", *_HOURS, "minutes", "care_level",
    "disease_group", "materials", "source", "source_url", "note", "hours_from_source",
)  # fmt: skip
_NEEDED = ("id", "tier", "name_en", "name_zh", "icd10", "condition", "required", *_HOURS, "minutes", "care_level")
_SEAT = re.compile(r"(?P<discipline>\S+)\s+(?P<rank>\d)(?:\s*[x×]\s*(?P<count>\d))?(?:\s*\((?P<sub>.*)\))?")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def read(text: str, known: Vocabulary) -> RuleFile:
    """All rules of the table, or all its mistakes, each with its line and column."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    raws: list[dict[str, Any]] = []
    lines: list[int] = []
    mistakes: list[Mistake] = []
    try:
        mistakes += _columns_wrong(reader.fieldnames or ())
        if mistakes:
            return RuleFile(mistakes=tuple(mistakes))
        before = reader.line_num
        for row in reader:
            lines.append(before + 1)
            before = reader.line_num
            raw, wrong = _raw(row, f"rules[{len(raws)}]")
            raws.append(raw)
            mistakes += wrong
    except csv.Error as error:
        unreadable = Mistake(place="", code="not_csv", params={"problem": str(error)}, line=reader.line_num)
        return RuleFile(mistakes=(*mistakes, unreadable))
    if not raws:
        return RuleFile(mistakes=(Mistake(place="", code="no_lines"),))
    found = json_io.judge(raws, known, lines=lines, mistakes=mistakes)
    unread = {one.place.partition(".required")[0] for one in mistakes if one.code == "unreadable_seat"}
    told = (one for one in found.mistakes if one.code != "no_seat" or one.place.partition(".required")[0] not in unread)
    return replace(
        found,
        mistakes=tuple(sorted((replace(one, place=_column(one.place)) for one in told), key=lambda one: one.line)),
        hints=tuple(replace(one, place=_column(one.place)) for one in found.hints),
    )


def write(raws: Iterable[Mapping[str, Any]]) -> str:
    """The table that holds these rules, with a mark at its head by which spreadsheets know UTF-8."""
    rules = list(raws)
    evidence = sorted({key for raw in rules for key in raw.get("evidence", {})})
    columns = [*COLUMNS, *(_EVIDENCE + key for key in evidence)]
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns)
    writer.writeheader()
    writer.writerows({key: _guarded(value) for key, value in _cells(raw).items()} for raw in rules)
    return "\ufeff" + out.getvalue()


def _cells(raw: Mapping[str, Any]) -> dict[str, str]:
    cells = {key: str(raw.get(key, "")) for key in (*_TEXTS, "minutes")}
    cells |= {key: "; ".join(raw.get(key, [])) for key in _LISTS}
    cells |= {column: str((raw.get("hours") or {}).get(urgency, "")) for column, urgency in _HOURS.items()}
    cells |= {_EVIDENCE + key: value for key, value in raw.get("evidence", {}).items()}
    cells["condition"] = clauses.text(clauses.of(raw["condition"]), between="; ")
    cells["required"] = "; ".join(_seat_text(seat) for seat in raw.get("required", []))
    return cells


def _seat_text(seat: Mapping[str, Any]) -> str:
    count = f" x{seat['count']}" if seat.get("count", 1) != 1 else ""
    within = f" ({seat['sub_specialty']})" if seat.get("sub_specialty") else ""
    return f"{seat['discipline']} {seat['min_rank']}{count}{within}"


def _raw(row: Mapping[str, Any], place: str) -> tuple[dict[str, Any], list[Mistake]]:
    if None in row or None in row.values():
        return {}, [Mistake(place=place, code="cells_differ")]
    cells = {key: _bare(value).strip() for key, value in row.items()}
    mistakes: list[Mistake] = []
    raw: dict[str, Any] = {key: cells[key] for key in _TEXTS if key in cells}
    if not raw.get("disease_group"):
        raw.pop("disease_group", None)
    raw |= {key: _split(cells[key]) for key in _LISTS if key in cells}
    if not raw.get("materials") and raw.get("tier") != "none":
        raw.pop("materials", None)  # left out: those of the disease group
    read_clauses, wrong = clauses.read(cells["condition"])
    raw["condition"], unfit = clauses.condition(read_clauses)
    mistakes += [replace(one, place=f"{place}.condition") for one in (*wrong, *unfit)]
    raw["required"], wrong = _seats(cells["required"], place)
    mistakes += wrong
    hours = {urgency: clauses.number(cells[column]) for column, urgency in _HOURS.items() if cells[column]}
    raw["hours"] = hours if hours or raw.get("tier") != "none" else None
    raw["minutes"] = clauses.number(cells["minutes"])
    mistakes = [replace(one, rule=raw["id"]) for one in mistakes]
    raw["evidence"] = {
        key.removeprefix(_EVIDENCE): value for key, value in cells.items() if key.startswith(_EVIDENCE) and value
    }
    return raw, mistakes


def _seats(cell: str, place: str) -> tuple[list[dict[str, Any]], list[Mistake]]:
    seats, mistakes = [], []
    for number, part in enumerate(re.findall(r"(?:[^;；(]|\([^)]*\))+", cell)):
        if not part.strip():
            continue
        seat = _SEAT.fullmatch(part.strip())
        if seat is None:
            wrong = Mistake(place=f"{place}.required[{number}]", code="unreadable_seat", params={"value": part.strip()})
            mistakes.append(wrong)
            continue
        found: dict[str, Any] = {"discipline": seat["discipline"], "count": int(seat["count"] or 1)}
        found["min_rank"] = int(seat["rank"])
        if seat["sub"]:
            found["sub_specialty"] = seat["sub"]
        seats.append(found)
    return seats, mistakes


def _columns_wrong(columns: Sequence[str]) -> list[Mistake]:
    found = [Mistake(place=name, code="column_missing", line=1) for name in _NEEDED if name not in columns]
    known = [*COLUMNS, f"{_EVIDENCE}…"]
    found += [
        Mistake(place=name, code="column_unknown", params={"known": known}, line=1)
        for name in columns
        if name not in COLUMNS and not name.startswith(_EVIDENCE)
    ]
    if len(set(columns)) < len(columns):
        found.append(Mistake(place="", code="column_twice", line=1))
    return found


def _column(place: str) -> str:
    """`rules[3].hours.urgent` stands in the column `urgent_h`, `rules[3].required[1].discipline` in `required`."""
    field = re.sub(r"^rules\[\d+\]\.?", "", place)
    if field.startswith("hours."):
        return f"{field.removeprefix('hours.')}_h"
    return re.split(r"[.\[]", field)[0]


def _split(cell: str) -> list[str]:
    return [part.strip() for part in re.split(r"[;；]", cell) if part.strip()]


def _guarded(value: str) -> str:
    """A text that a spreadsheet would take for a formula is written with an apostrophe before it."""
    return f"'{value}" if _FORMULA.match(value) else value


def _bare(value: str) -> str:
    return value[1:] if value.startswith("'") and _FORMULA.match(value) else value
