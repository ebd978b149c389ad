"""A hospital's own list of diagnoses (CSV: code, name_en, name_zh): text -> rows, with all mistakes at once. Pure.

A code may be longer than WHO's, as national editions are (`C34.100x001`): it then counts as the WHO code it lies in.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from cases.core import code_systems
from cases.core.mistake import Mistake

COLUMNS = ("code", "name_en", "name_zh")
LONGEST_CODE, LONGEST_NAME = 20, 240


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


def read(text: str) -> CodeList:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    rows: dict[str, CodeRow] = {}
    mistakes: list[Mistake] = []
    try:
        columns = [name.strip() for name in reader.fieldnames or ()]
        mistakes += [Mistake(place=name, code="column_missing", line=1) for name in COLUMNS if name not in columns]
        if mistakes:
            return CodeList(mistakes=tuple(mistakes))
        reader.fieldnames = columns
        for cells in reader:
            _take(cells, reader.line_num, rows, mistakes)
    except csv.Error as error:
        mistakes.append(
            Mistake(place=_line(reader.line_num), code="not_csv", params={"problem": str(error)}, line=reader.line_num)
        )
    if not rows and not mistakes:
        mistakes.append(Mistake(place="", code="no_names"))
    return CodeList(mistakes=tuple(mistakes)) if mistakes else CodeList(rows=tuple(rows.values()))


def _take(cells: dict[str, str | None], line: int, rows: dict[str, CodeRow], mistakes: list[Mistake]) -> None:
    """One line into `rows`, or what is wrong with it into `mistakes`."""

    def wrong(column: str, code: str, **params: object) -> None:
        place = f"{_line(line)} {column}".strip()
        mistakes.append(Mistake(place=place, code=code, params=params, line=line))

    if None in cells or None in cells.values():
        wrong("", "cells_differ")
        return
    code, name_en, name_zh = ((cells[name] or "").strip() for name in COLUMNS)
    if not (code or name_en or name_zh):
        return  # an empty line of a spreadsheet
    before = len(mistakes)
    who_code = code_systems.who_code(code)
    if not code:
        wrong("code", "empty")
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


def _line(number: int) -> str:
    return f"[{number}]"
