"""Maps of other code systems to WHO ICD-10: the file format, and the maps that are shipped. Pure.

A file is a table with the columns system, code, display, icd10, source; and, where they say more than the code, role,
disease, stage, flags, scores. `system` is any usual name (`http://snomed.info/sct`, `ICD-11`,
`GB/T 14396`), or the url or OID of one that we do not know. An empty `icd10` says that the code is known and is no
diagnosis. Lines above the heading that begin with # say where the file comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from cases.catalogue.core import vocabulary
from cases.core import code_systems, icd10
from cases.core.code_systems import CodeMap, MapRow
from cases.core.mistake import Mistake
from mdt_portal.tables.core import reading
from mdt_portal.tables.core.columns import Column, Layout, Sheet, TableRow

COLUMNS = ("system", "code", "display", "icd10", "source")
_MORE = ("role", "disease", "stage", "flags", "scores")
LAYOUT = Layout(
    columns=tuple(Column(key=key, en=key, zh=key) for key in (*COLUMNS, *_MORE)), most_rows=500_000, comment="#"
)
ROLES = ("", "suspected", "history")
LONGEST_CODE, LONGEST_TEXT = 80, 240


@dataclass(frozen=True, slots=True, kw_only=True)
class MapFile:
    """What a file holds, with the source of each row; `rows` is empty if there is a mistake."""

    rows: tuple[tuple[MapRow, str], ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    sheet: Sheet


def read(given: bytes | str, *, encoding: str = "") -> MapFile:
    """The rows of a file, or of its text. `encoding` is a key of `encodings.NAMES`, where somebody chose it."""
    sheet = reading.read(given, LAYOUT, encoding=encoding)
    rows: dict[tuple[str, str], tuple[MapRow, str]] = {}
    mistakes = [
        Mistake(place=_place(fault.line, fault.column), code=fault.code, params=fault.params, line=fault.line)
        for fault in sheet.faults
    ]
    absent = [name for name in COLUMNS if name not in sheet.heads] if sheet.heads or sheet.unknown else []
    mistakes += [Mistake(place=name, code="column_missing", line=1) for name in absent]
    for row in () if absent else sheet.rows:
        _take(row, rows, mistakes)
    if not rows and not mistakes:
        mistakes.append(Mistake(place="", code="no_names"))
    mistakes.sort(key=lambda one: one.line)
    return MapFile(rows=() if mistakes else tuple(rows.values()), mistakes=tuple(mistakes), sheet=sheet)


def _place(line: int, column: str) -> str:
    return " ".join(part for part in (f"[{line}]" if line else "", column) if part)


def _take(row: TableRow, rows: dict[tuple[str, str], tuple[MapRow, str]], mistakes: list[Mistake]) -> None:
    def wrong(column: str, code: str, **params: object) -> None:
        mistakes.append(Mistake(place=_place(row.number, column), code=code, params=params, line=row.number))

    given = row.cells
    before = len(mistakes)
    system = code_systems.map_system(given["system"])
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
    known = code_systems.system_of(given["system"]) != code_systems.OTHER
    if not known and not code_systems.names_itself(given["system"]):
        wrong("system", "unknown_system", value=given["system"])
    placed = code_systems.placed(given["code"], given["system"]) if system in code_systems.EDITIONS else ""
    if placed and (not given["icd10"] or code_systems.who_code(given["icd10"]) != placed):
        wrong("icd10", "placed_otherwise", value=given["code"], placed=placed)
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
