"""XLSX workbooks: the first sheet as people see it, and sheets of text and numbers. Pure; openpyxl does the work."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from typing import Any

from mdt_portal.tables.core import cells
from mdt_portal.tables.core.faults import UnreadableError

LARGEST_UNPACKED = 80_000_000
MOST_COLUMNS = 500
_BLANK_AT_THE_END = 5_000
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def read(raw: bytes, *, most_rows: int) -> tuple[list[tuple[int, list[str]]], str]:
    """The rows of the first visible sheet with their numbers, and its name. Raises UnreadableError."""
    _fits(raw)
    openpyxl = _openpyxl()
    try:
        values = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        formulas = openpyxl.load_workbook(io.BytesIO(raw), read_only=True)
        name = next(sheet.title for sheet in values.worksheets if sheet.sheet_state == "visible")
        sheets = values[name], formulas[name]
        for sheet in sheets:
            sheet.reset_dimensions()  # what the file says of its own size may be wrong
        found: list[tuple[int, list[str]]] = []
        blank = 0
        for number, (shown, written) in enumerate(zip(*(one.iter_rows() for one in sheets), strict=False), start=1):
            line = [_text(cell, formula, number) for cell, formula in zip(shown, written, strict=False)]
            while line and not line[-1]:
                line.pop()
            blank = 0 if line else blank + 1
            if blank > _BLANK_AT_THE_END:
                break
            found.append((number, line))
            if len(found) - blank > most_rows + 1:
                raise UnreadableError("too_many_rows", most=most_rows)
            if len(line) > MOST_COLUMNS:
                raise UnreadableError("too_many_columns", line=number, most=MOST_COLUMNS)
    except UnreadableError:
        raise
    except Exception as error:  # a broken workbook raises whatever its reader stumbles upon
        raise UnreadableError("broken_workbook") from error
    return found, name


def write(lines: Iterable[Sequence[Any]], *, title: str) -> bytes:
    """One sheet: numbers as numbers, all else as text that no spreadsheet takes for a formula; headings are bold."""
    openpyxl = _openpyxl()
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(re.sub(r"[\\/*?:\[\]]", " ", title)[:31] or "Table")
    sheet.freeze_panes = "A2"
    for number, line in enumerate(lines):
        row = []
        for value in line:
            plain = isinstance(value, int | float) and not isinstance(value, bool)
            text = "" if value is None else _UNWRITABLE.sub("", str(value))
            cell = openpyxl.cell.WriteOnlyCell(sheet, value=value if plain else None)
            if not plain and text:
                cell.value = f"'{text}" if text != cells.bare(text) else text
                cell.data_type = "s"
                cell.quotePrefix = cells.guarded(text) != text
            if number == 0:
                cell.font = openpyxl.styles.Font(bold=True)
            row.append(cell)
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _openpyxl() -> Any:
    import openpyxl.styles  # noqa: PLC0415 - takes a quarter of a second, and most files are text

    return openpyxl


def _fits(raw: bytes) -> None:
    """Raises UnreadableError unless this is a workbook of a size that can be read."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
            names = set(parts.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise UnreadableError("broken_workbook") from None
    if not any(name.startswith("xl/workbook") for name in names):
        raise UnreadableError("not_a_workbook")
    if unpacked > LARGEST_UNPACKED:
        raise UnreadableError("too_large", most=LARGEST_UNPACKED // 1_000_000)


def _text(cell: Any, formula: Any, line: int) -> str:
    """A value as people see it."""
    value = cell.value
    if value is None:
        if formula.data_type == "f":
            raise UnreadableError("formula_without_value", line=line, cell=formula.coordinate)
        return ""
    if cell.data_type == "e":
        raise UnreadableError("formula_failed", line=line, cell=cell.coordinate, value=value)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number(value, str(cell.number_format or ""))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    return value.isoformat(timespec="minutes") if isinstance(value, time) else str(value)


def _number(value: float, layout: str) -> str:
    if re.fullmatch(r"0+", layout) and value == int(value):
        return f"{int(value):0{len(layout)}d}"
    if found := re.fullmatch(r"0(?:\.(0+))?%", layout):
        return f"{value * 100:.{len(found[1] or '')}f}%"
    if value == int(value):
        return str(int(value))
    return repr(value)
