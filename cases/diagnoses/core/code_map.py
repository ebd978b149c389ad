"""Maps of other code systems to WHO ICD-10: the file format, and the maps that are shipped. Pure.

A file is CSV with the columns system, code, display, icd10, source; and, where they say more than the code, role,
disease, stage, flags, scores. `system` is any usual name (`http://snomed.info/sct`, `ICD-11`). An empty `icd10` says
that the code is known and is no diagnosis. Lines above the heading that begin with # say where the file comes from.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from cases.catalogue.core import vocabulary
from cases.core import code_systems, icd10
from cases.core.code_systems import CodeMap, MapRow
from cases.core.mistake import Mistake

COLUMNS = ("system", "code", "display", "icd10", "source")
ROLES = ("", "suspected", "history")
LONGEST_CODE, LONGEST_TEXT = 40, 240


@dataclass(frozen=True, slots=True, kw_only=True)
class MapFile:
    """What a file holds, with the source of each row; `rows` is empty if there is a mistake."""

    rows: tuple[tuple[MapRow, str], ...] = ()
    mistakes: tuple[Mistake, ...] = ()


def read(text: str) -> MapFile:
    lines = text.removeprefix("\ufeff").splitlines(keepends=True)
    above = next((k for k, line in enumerate(lines) if not line.startswith("#")), len(lines))
    reader = csv.DictReader(io.StringIO("".join(lines[above:]), newline=""), strict=True)
    rows: dict[tuple[str, str], tuple[MapRow, str]] = {}
    mistakes: list[Mistake] = []
    try:
        columns = [name.strip() for name in reader.fieldnames or ()]
        mistakes += [Mistake(place=name, code="column_missing", line=1) for name in COLUMNS if name not in columns]
        if mistakes:
            return MapFile(mistakes=tuple(mistakes))
        reader.fieldnames = columns
        for cells in reader:
            _take(cells, above + reader.line_num, rows, mistakes)
    except csv.Error as error:
        line = above + reader.line_num
        mistakes.append(Mistake(place=f"[{line}]", code="not_csv", params={"problem": str(error)}, line=line))
    if not rows and not mistakes:
        mistakes.append(Mistake(place="", code="no_names"))
    return MapFile(mistakes=tuple(mistakes)) if mistakes else MapFile(rows=tuple(rows.values()))


def _take(
    cells: Mapping[str, str | None],
    line: int,
    rows: dict[tuple[str, str], tuple[MapRow, str]],
    mistakes: list[Mistake],
) -> None:
    def wrong(column: str, code: str, **params: object) -> None:
        mistakes.append(Mistake(place=f"[{line}] {column}".strip(), code=code, params=params, line=line))

    if None in cells or None in cells.values():
        wrong("", "cells_differ")
        return
    given = {name: (value or "").strip() for name, value in cells.items()}
    if not any(given.values()):
        return  # an empty line of a spreadsheet
    before = len(mistakes)
    system = code_systems.system_of(given["system"])
    _check(given, system, wrong)
    if (system, given["code"]) in rows:
        wrong("code", "twice", value=given["code"])
    scores: dict[str, float] = {}
    try:
        scores = {name: float(value) for name, value in (pair.split("=") for pair in given.get("scores", "").split())}
    except ValueError:
        wrong("scores", "not_a_score", value=given["scores"])
    if len(mistakes) == before:
        rows[(system, given["code"])] = (_row(system, given, scores), given["source"])


def _check(given: Mapping[str, str], system: str, wrong: Callable[..., None]) -> None:
    """Each cell by itself."""
    if system in (*code_systems.EDITIONS, code_systems.OTHER):
        wrong("system", "unknown_system", value=given["system"])
    for column, longest in (("code", LONGEST_CODE), ("display", LONGEST_TEXT), ("source", LONGEST_TEXT)):
        if len(given[column]) > longest:
            wrong(column, "too_long", longest=longest)
    for column in ("code", "source"):
        if not given[column]:
            wrong(column, "empty")
    if given["icd10"] and not icd10.exists(given["icd10"]):
        wrong("icd10", "unknown_icd10", value=given["icd10"])
    if given.get("role", "") not in ROLES:
        wrong("role", "not_one_of", allowed=[one for one in ROLES if one], value=given["role"])


def _row(system: str, given: Mapping[str, str], scores: Mapping[str, float]) -> MapRow:
    return MapRow(
        system=system,
        code=given["code"],
        who_code=icd10.normalise(given["icd10"]) if given["icd10"] else "",
        display=given["display"],
        role=given.get("role", ""),
        disease=given.get("disease", ""),
        stage=given.get("stage", ""),
        flags=frozenset(given.get("flags", "").split()),
        scores=scores,
    )


@lru_cache(maxsize=1)
def shipped() -> CodeMap:
    """The maps of the product: SNOMED CT (snomed_to_icd10.csv) and what is most common of it and of ICD-11."""
    found: dict[tuple[str, str], MapRow] = {}
    for given in vocabulary.rows(vocabulary.DATA / "snomed_to_icd10.csv"):
        scores = {name: float(value) for name, value in (pair.split("=") for pair in given["scores"].split())}
        row = _row(code_systems.SNOMED, {**given, "code": given["snomed"]}, scores)
        found[(row.system, row.code)] = row
    common = read((vocabulary.DATA / "code_map.csv").read_text(encoding="utf-8"))
    if common.mistakes:
        raise ValueError(common.mistakes)
    found |= {(row.system, row.code): row for row, _source in common.rows}
    return MappingProxyType(found)
