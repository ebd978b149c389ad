"""The catalogue as a table (CSV, XLSX): one rule a line, one field a column. Pure.

    id, tier, name_en, name_zh, icd10        C18-C20; C34
    condition                                stage >= III; any: recurrence      (cases.catalogue.core.clauses)
    required                                 RADIOL 3; SURG 4 x2; CARDIO 3 (heart failure)
    emergency_h, urgent_h, routine_h, minutes, care_level, disease_group, optional, materials, hours_from_source
    source, source_url, note, review_by (a day), evidence.tier, evidence.hours ...

What `lines` says, `read` gives back. Mistakes name the line and the column; columns of other names are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from cases.catalogue.core import clauses, json_io
from cases.catalogue.core.json_io import RuleFile
from cases.catalogue.core.requirement import URGENCIES
from cases.catalogue.core.vocabulary import Vocabulary
from cases.core.mistake import Mistake
from mdt_portal.tables.core import cells, delimited, reading
from mdt_portal.tables.core.columns import Column, Layout, Sheet

_LISTS = ("icd10", "optional", "materials", "hours_from_source")
_TEXTS = (
    "id",
    "tier",
    "name_en",
    "name_zh",
    "care_level",
    "disease_group",
    "source",
    "source_url",
    "note",
    "review_by",
)
_HOURS = {f"{urgency}_h": urgency for urgency in URGENCIES}
_EVIDENCE = "evidence."
COLUMNS = (
    "id", "tier", "name_en", "name_zh", "icd10", "condition", "required", "optional", *_HOURS, "minutes", "care_level",
    "disease_group", "materials", "source", "source_url", "note", "review_by", "hours_from_source",
)  # fmt: skip
_NEEDED = ("id", "tier", "name_zh", "icd10", "condition", "required", *_HOURS, "minutes", "care_level")
_SHORT = ("id", "tier", "name_en", "name_zh", *_HOURS, "minutes", "care_level", "disease_group", "review_by")
_KINDS_OF_EVIDENCE = ("codes", "hours", "minutes", "quorum", "tier")
_NOTHING = "—"
LAYOUT = Layout(
    columns=tuple(Column(key=key, en=key, zh=key, long=key not in _SHORT) for key in COLUMNS),
    most_rows=5000,
    free=_EVIDENCE,
)
_WRITTEN_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]00:00(?::00)?)?", re.ASCII)
_SEAT = re.compile(r"(?P<discipline>\S+)\s+(?P<rank>\d)(?:\s*[x×]\s*(?P<count>\d))?(?:\s*\((?P<sub>.*)\))?")


def read(given: bytes | str, known: Vocabulary, *, encoding: str = "") -> RuleFile:
    """All rules of the table, or all its mistakes, each with its line and column."""
    sheet = reading.read(given, LAYOUT, encoding=encoding)
    mistakes = [
        Mistake(place=fault.column, code=fault.code, params=fault.params, line=fault.line) for fault in sheet.faults
    ]
    absent = [name for name in _NEEDED if name not in sheet.heads] if sheet.heads or sheet.unknown else []
    mistakes += [Mistake(place=name, code="column_missing", line=1) for name in absent]
    if not mistakes and not sheet.rows:
        mistakes.append(Mistake(place="", code="no_lines"))
    if absent or not sheet.rows:
        return RuleFile(mistakes=tuple(mistakes), sheet=sheet)
    return _judged(sheet, known, mistakes)


def _judged(sheet: Sheet, known: Vocabulary, mistakes: list[Mistake]) -> RuleFile:
    raws: list[dict[str, Any]] = []
    for row in sheet.rows:
        raw, wrong = _raw(row.cells, f"rules[{len(raws)}]")
        raws.append(raw)
        mistakes += wrong
    found = json_io.judge(raws, known, lines=[row.number for row in sheet.rows], mistakes=mistakes)
    unread = {one.place.partition(".required")[0] for one in mistakes if one.code == "unreadable_seat"}
    told = (one for one in found.mistakes if one.code != "no_seat" or one.place.partition(".required")[0] not in unread)
    ignored = [Mistake(place=name, code="column_ignored", params={"value": name}, line=1) for name in sheet.unknown]
    return replace(
        found,
        mistakes=tuple(sorted((replace(one, place=_column(one.place)) for one in told), key=lambda one: one.line)),
        hints=(*ignored, *(replace(one, place=_column(one.place)) for one in found.hints)),
        sheet=sheet,
    )


def write(raws: Iterable[Mapping[str, Any]]) -> str:
    """The table that holds these rules, with a mark at its head by which spreadsheets know UTF-8."""
    return delimited.write(lines(raws))


def lines(raws: Iterable[Mapping[str, Any]]) -> Iterator[list[str]]:
    """The headings, then the cells of every rule."""
    rules = list(raws)
    evidence = sorted({key for raw in rules for key in raw.get("evidence", {})})
    without = () if any(raw.get("review_by") for raw in rules) else ("review_by",)
    columns = [*(key for key in COLUMNS if key not in without), *(_EVIDENCE + key for key in evidence)]
    yield columns
    for raw in rules:
        found = _cells(raw)
        yield [found.get(column, "") for column in columns]


def _cells(raw: Mapping[str, Any]) -> dict[str, str]:
    found = {key: str(raw.get(key, "")) for key in (*_TEXTS, "minutes")}
    found |= {key: "; ".join(raw.get(key, [])) for key in _LISTS}
    if raw.get("materials") == []:
        found["materials"] = _NOTHING
    found |= {column: str((raw.get("hours") or {}).get(urgency, "")) for column, urgency in _HOURS.items()}
    found |= {_EVIDENCE + key: value for key, value in raw.get("evidence", {}).items()}
    found["condition"] = clauses.text(clauses.of(raw["condition"]), between="; ")
    found["required"] = "; ".join(_seat_text(seat) for seat in raw.get("required", []))
    return found


def _seat_text(seat: Mapping[str, Any]) -> str:
    count = f" x{seat['count']}" if seat.get("count", 1) != 1 else ""
    within = f" ({seat['sub_specialty']})" if seat.get("sub_specialty") else ""
    return f"{seat['discipline']} {seat['min_rank']}{count}{within}"


def _raw(row: Mapping[str, str], place: str) -> tuple[dict[str, Any], list[Mistake]]:
    mistakes: list[Mistake] = []
    raw: dict[str, Any] = {key: row[key] for key in _TEXTS if key in row}
    if not raw.get("disease_group"):
        raw.pop("disease_group", None)
    if "review_by" in raw:
        raw["review_by"] = _day(raw["review_by"])
    raw |= {key: _split(row[key]) for key in _LISTS if key in row}
    if raw.get("materials") == [_NOTHING]:
        raw["materials"] = []
    elif not raw.get("materials") and raw.get("tier") != "none":
        raw.pop("materials", None)  # left out: those of the disease group
    read_clauses, wrong = clauses.read(row["condition"])
    raw["condition"], unfit = clauses.condition(read_clauses)
    mistakes += [replace(one, place=f"{place}.condition") for one in (*wrong, *unfit)]
    raw["required"], wrong = _seats(row["required"], place)
    mistakes += wrong
    hours = {urgency: _number(row[column]) for column, urgency in _HOURS.items() if row[column]}
    raw["hours"] = hours if hours or raw.get("tier") != "none" else None
    raw["minutes"] = _number(row["minutes"])
    mistakes = [replace(one, rule=raw["id"]) for one in mistakes]
    raw["evidence"] = {_evidence(key): value for key, value in row.items() if key.startswith(_EVIDENCE) and value}
    return raw, mistakes


def _evidence(column: str) -> str:
    """Of what it is the evidence; the usual things in small letters, however a spreadsheet writes its headings."""
    name = column.removeprefix(_EVIDENCE)
    return name.lower() if name.lower() in _KINDS_OF_EVIDENCE else name


def _day(cell: str) -> str:
    """`2027/3/1`, `2027年3月1日` and the moment that a spreadsheet makes of a day as `2027-03-01`; other texts stay."""
    found = _WRITTEN_DAY.fullmatch(cell)
    return f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}" if found else cell


def _number(cell: str) -> int | float | str:
    return clauses.number(cells.whole(cell))


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


def _column(place: str) -> str:
    """`rules[3].hours.urgent` stands in the column `urgent_h`, `rules[3].required[1].discipline` in `required`."""
    field = re.sub(r"^rules\[\d+\]\.?", "", place)
    if field.startswith("hours."):
        return f"{field.removeprefix('hours.')}_h"
    return re.split(r"[.\[]", field)[0]


def _split(cell: str) -> list[str]:
    return [part.strip() for part in re.split(r"[;；]", cell) if part.strip()]
