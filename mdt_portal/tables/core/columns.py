"""The columns of a kind of table in both languages, and what a table holds once they are found in it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from mdt_portal.tables.core import cells
from mdt_portal.tables.core.faults import TableFault


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """`others` are further spellings of the heading. `long`: a cell may hold several lines of text."""

    key: str
    en: str
    zh: str
    others: tuple[str, ...] = ()
    needed: bool = False
    long: bool = False

    def heading(self, *, chinese: bool) -> str:
        return self.zh if chinese else self.en

    def spellings(self) -> tuple[str, ...]:
        return (self.key, self.en, self.zh, *self.others)


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A kind of table. `free`: columns that begin so have any name, which is kept as it is spelt; their key is the
    whole heading. `comment`: lines above the headings that begin so say something of the file."""

    columns: tuple[Column, ...]
    most_rows: int
    free: str = ""
    comment: str = ""

    @cached_property
    def by_spelling(self) -> dict[str, Column]:
        return {cells.folded(text): one for one in self.columns for text in one.spellings()}

    def key_of(self, heading: str) -> str:
        """The key that a heading means; nothing where it means none."""
        column = self.by_spelling.get(cells.folded(heading))
        if column is not None:
            return column.key
        start = heading[: len(self.free)]
        if self.free and len(heading) > len(start) and start.casefold() == self.free:
            return self.free + heading[len(start) :].strip()
        return ""

    def is_long(self, key: str) -> bool:
        free = bool(self.free) and key.startswith(self.free)
        return free or any(one.long for one in self.columns if one.key == key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """How a file was read: `kind` is `csv`, `xlsx` or `text` (pasted). `delimiter` is the character, `sheet` a name."""

    kind: str
    encoding: str = ""
    guessed: bool = False
    delimiter: str = ""
    sheet: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One line of the file: its number, and its cells by the column's key."""

    number: int
    cells: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class Sheet:
    """What a file holds.

    `heads` are the columns' headings as the file spells them, by key; `unknown` mean nothing here. `text` is the table
    as text, to be handed on and read again. `rare` are cells with characters that point to a wrong guess of the
    encoding; `sample` holds the headings and the first lines. Lines with `faults` have no row, and a table with wrong
    headings has none at all.
    """

    source: Source
    rows: list[TableRow] = field(default_factory=list)
    heads: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    faults: list[TableFault] = field(default_factory=list)
    rare: list[str] = field(default_factory=list)
    sample: list[list[str]] = field(default_factory=list)
    text: str = ""

    def head(self, key: str) -> str:
        """A column as the file spells it."""
        return self.heads.get(key, key)
