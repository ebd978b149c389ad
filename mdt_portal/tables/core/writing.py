"""Tables that people take away, as CSV or XLSX. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from mdt_portal.tables.core import delimited, workbooks

KINDS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""The kinds of file with their media types."""


def write(kind: str, lines: Iterable[Sequence[Any]], *, title: str) -> bytes:
    """The file's bytes; the first line holds the headings. Numbers stay numbers, and nothing is a formula."""
    return delimited.write(lines).encode() if kind == "csv" else workbooks.write(lines, title=title)
