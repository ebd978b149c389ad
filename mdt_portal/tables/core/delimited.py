"""Text with delimiters (CSV) into cells and back: any usual delimiter and line end, quotes strictly. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from mdt_portal.tables.core import cells
from mdt_portal.tables.core.faults import UnreadableError

BOM = "\ufeff"
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
Numbered = tuple[int, list[str]]
"""The number of a line, and its cells."""
_SEPARATOR = re.compile(r'\A\s*"?sep=(?P<mark>[^"\n])"?[,;\t|]*\n', re.IGNORECASE)


def read(text: str, *, known: Collection[str]) -> tuple[list[Numbered], str]:
    """All lines with their numbers, empty ones too, and the delimiter. `known` are the reader's headings, folded.

    Raises UnreadableError, with the line on which the record begins whose quote is wrong.
    """
    text = text.removeprefix(BOM).replace("\r\n", "\n").replace("\r", "\n")
    skipped = 0
    if declared := _SEPARATOR.match(text):
        delimiter, text, skipped = declared["mark"], text[declared.end() :], declared[0].count("\n")
    else:
        delimiter = _delimiter(text, known)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    found: list[Numbered] = []
    begin = 1
    try:
        for line in reader:
            found.append((begin + skipped, line))
            begin = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableError(_code(str(error)), line=begin + skipped) from None
    return found, delimiter


def write(lines: Iterable[Sequence[Any]], *, mark: bool = True) -> str:
    """Cells as text: commas, harmless to spreadsheets, with the mark by which they know UTF-8."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows([cells.guarded(cell) for cell in line] for line in lines)
    return (BOM if mark else "") + out.getvalue()


def _delimiter(text: str, known: Collection[str]) -> str:
    """The one that cuts the first line into most headings that are known, else the one it has most of."""
    first = next((line for line in text.split("\n") if line.strip()), "")

    def worth(mark: str) -> tuple[int, int]:
        heads = [cells.folded(head.strip().strip('"')) for head in first.split(mark)]
        return sum(head in known for head in heads), first.count(mark)

    return max(DELIMITERS, key=worth)


def _code(problem: str) -> str:
    if "field limit" in problem:
        return "cell_huge"
    return "quote_unclosed" if "unexpected end" in problem else "quote_inside"
