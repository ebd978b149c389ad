"""A hospital's own list of diagnoses (code, name_en, name_zh): a table -> rows, with all mistakes at once. Pure.

A code may be longer than WHO's, as national editions are (`C34.100x001`): it then counts as the WHO code it lies in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cases.core import code_systems
from cases.core.mistake import Mistake
from mdt_portal.tables.core import reading
from mdt_portal.tables.core.columns import Column, Layout, Sheet, TableRow

COLUMNS = (
    Column(key="code", en="Code", zh="编码", others=("诊断编码", "疾病编码", "icd10", "icd-10"), needed=True),
    Column(key="name_en", en="Name (English)", zh="英文名称", others=("english name", "name(en)")),
    Column(key="name_zh", en="Name (Chinese)", zh="名称", others=("中文名称", "诊断名称", "疾病名称", "name(zh)")),
)
LAYOUT = Layout(columns=COLUMNS, most_rows=100_000)
LONGEST_CODE, LONGEST_NAME = 20, 240
_MORPHOLOGY = re.compile(r"M?\d{4,5}\s*/\s*\d.*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRow:
    """One line. `code` as the hospital writes it, `who_code` the WHO code that it is or lies in."""

    code: str
    who_code: str
    name_en: str
    name_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeList:
    """What a file holds; `rows` is empty if there is a mistake."""

    rows: tuple[CodeRow, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    sheet: Sheet


def read(given: bytes | str, *, encoding: str = "") -> CodeList:
    """The names of a file, or of its text. `encoding` is a key of `encodings.NAMES`, where somebody chose it."""
    sheet = reading.read(given, LAYOUT, encoding=encoding)
    rows: dict[str, CodeRow] = {}
    mistakes = [
        Mistake(place=_place(fault.line, fault.column), code=fault.code, params=fault.params, line=fault.line)
        for fault in sheet.faults
    ]
    if absent := _missing(sheet) if sheet.heads or sheet.unknown else []:
        mistakes += [Mistake(place=name, code="column_missing", line=1) for name in absent]
    else:
        for row in sheet.rows:
            _take(row, sheet, rows, mistakes)
    if not rows and not mistakes:
        mistakes.append(Mistake(place="", code="no_names"))
    mistakes.sort(key=lambda one: one.line)
    return CodeList(rows=() if mistakes else tuple(rows.values()), mistakes=tuple(mistakes), sheet=sheet)


def lines(rows: Iterable[CodeRow]) -> Iterator[list[str]]:
    """The table that holds these names; `read` gives them back."""
    yield [column.key for column in COLUMNS]
    for row in rows:
        yield [row.code, row.name_en, row.name_zh]


def _missing(sheet: Sheet) -> list[str]:
    """The code is needed, and a column of names in one language at least."""
    lacking = [] if "code" in sheet.heads else ["code"]
    return lacking if {"name_en", "name_zh"} & sheet.heads.keys() else [*lacking, "name_zh"]


def _take(row: TableRow, sheet: Sheet, rows: dict[str, CodeRow], mistakes: list[Mistake]) -> None:
    """One line into `rows`, or what is wrong with it into `mistakes`."""

    def wrong(column: str, code: str, **params: object) -> None:
        place = _place(row.number, sheet.head(column))
        mistakes.append(Mistake(place=place, code=code, params=params, line=row.number))

    code, name_en, name_zh = (row.cells.get(column.key, "") for column in COLUMNS)
    before = len(mistakes)
    who_code = code_systems.who_code(code)
    if not code:
        wrong("code", "empty")
    elif _MORPHOLOGY.fullmatch(code):
        wrong("code", "morphology", value=code)
    elif who_code is None or len(code) > LONGEST_CODE:
        wrong("code", "unknown_icd10", value=code)
    elif code.upper() in rows:
        wrong("code", "twice", value=code)
    if not (name_en or name_zh):
        wrong("name_zh", "nameless")
    for column, name in (("name_en", name_en), ("name_zh", name_zh)):
        if len(name) > LONGEST_NAME:
            wrong(column, "too_long", longest=LONGEST_NAME)
    if len(mistakes) == before and who_code is not None:
        rows[code.upper()] = CodeRow(code=code, who_code=who_code, name_en=name_en, name_zh=name_zh)


def _place(line: int, column: str) -> str:
    return " ".join(part for part in (f"[{line}]" if line else "", column) if part)
