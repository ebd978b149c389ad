"""One reader for every table that is handed in: bytes or pasted text -> a sheet, with all faults placed. Pure."""

from __future__ import annotations

import re

from mdt_portal.tables.core import cells, delimited, encodings, workbooks
from mdt_portal.tables.core.columns import Layout, Sheet, Source, TableRow
from mdt_portal.tables.core.delimited import Numbered
from mdt_portal.tables.core.faults import TableFault, UnreadableError

LARGEST = 5_000_000
"""Bytes of a file, characters of a text."""
MOST_FAULTS = 200
_SAMPLE = 4
_MOST_RARE = 12
_KINDS = (
    (b"\xd0\xcf\x11\xe0", "old_workbook"),
    (b"%PDF", "not_a_table"),
    (b"\x89PNG", "not_a_table"),
    (b"\xff\xd8\xff", "not_a_table"),
    (b"GIF8", "not_a_table"),
    (b"\x1f\x8b", "packed"),
    (b"7z\xbc\xaf", "packed"),
    (b"Rar!", "packed"),
    (b"{\\rtf", "not_a_table"),
)
_PAGE = re.compile(r"\s*<(!doctype|html|\?xml|table|head|body|div|meta)\b", re.IGNORECASE)
_JSON = re.compile(r"\s*(\{|\[\s*[\[{\"])")


def read(given: bytes | str, layout: Layout, *, encoding: str = "") -> Sheet:
    """The rows by the keys of `layout`, or all faults. `encoding`: a key of `encodings.NAMES` that somebody chose."""
    sheet = Sheet(source=Source(kind="text"))
    try:
        lines = _lines(sheet, given, layout, encoding)
        _fill(sheet, lines, layout)
    except UnreadableError as error:
        sheet.faults.append(error.fault)
        sheet.rows = []
    return sheet


def as_text(given: bytes, *, encoding: str = "", known: tuple[str, ...] = ()) -> encodings.Decoded:
    """The text of a file that is no workbook, such as JSON. Raises UnreadableError."""
    if len(given) > LARGEST:
        raise UnreadableError("too_large", most=LARGEST // 1_000_000)
    found = next((code for start, code in _KINDS if given.startswith(start)), "")
    if found:
        raise UnreadableError(found)
    decoded = encodings.decode(given, wanted=encoding, known=known)
    if _looks_binary(decoded.text):
        raise UnreadableError("not_a_table")
    return decoded


def is_workbook(given: bytes) -> bool:
    return given.startswith(b"PK\x03\x04")


def _lines(sheet: Sheet, given: bytes | str, layout: Layout, encoding: str) -> list[Numbered]:
    """The cells of every line; `sheet` learns how they were read."""
    if len(given) > LARGEST:
        raise UnreadableError("too_large", most=LARGEST // 1_000_000)
    if isinstance(given, bytes) and is_workbook(given):
        lines, name = workbooks.read(given, most_rows=layout.most_rows)
        sheet.source = Source(kind="xlsx", sheet=name)
        width = max((len(line) for _number, line in lines), default=0)
        even = ([cells.bare(cell) for cell in line] + [""] * (width - len(line)) for _number, line in lines)
        sheet.text = delimited.write(even, mark=False)
        return lines
    known = tuple(layout.by_spelling)
    kind, name, guessed, text = "text", "", False, given
    if isinstance(given, bytes):
        decoded = as_text(given, encoding=encoding, known=known)
        kind, name, guessed, text = "csv", decoded.encoding, decoded.guessed, decoded.text
    text = str(text)
    sheet.source = Source(kind=kind, encoding=name, guessed=guessed)
    if layout.comment:
        above = re.match(rf"(?:{re.escape(layout.comment)}[^\n]*\n)*", text.removeprefix(delimited.BOM))
        if above is not None and above[0]:
            text = "\n" * above[0].count("\n") + text.removeprefix(delimited.BOM)[above.end() :]
    _refuse_what_is_no_table(text)
    lines, delimiter = delimited.read(text, known=known)
    sheet.source = Source(kind=kind, encoding=name, guessed=guessed, delimiter=delimiter)
    sheet.text = text.removeprefix(delimited.BOM)
    return lines


def _refuse_what_is_no_table(text: str) -> None:
    if _PAGE.match(text.removeprefix(delimited.BOM)):
        raise UnreadableError("web_page")
    if _JSON.match(text.removeprefix(delimited.BOM)):
        raise UnreadableError("json")
    if text.lstrip().startswith("PK\x03\x04"):
        raise UnreadableError("not_a_table")
    if "\x00" in text:
        line = len(re.findall(r"\r\n|\r|\n", text[: text.index("\x00")])) + 1
        raise UnreadableError("nul", line=line)


def _looks_binary(text: str) -> bool:
    """Whether a text holds so many control characters that it is none."""
    head = text[:4000]
    control = sum(char < " " and char not in "\t\r\n" for char in head)
    return control * 20 > len(head)


def _fill(sheet: Sheet, lines: list[Numbered], layout: Layout) -> None:
    keys: list[str] | None = None
    names: list[str] = []
    for number, raw in lines:
        line = [cells.bare(cells.tidy(cell)) for cell in raw]
        if not any(line):
            continue
        if keys is None:
            names = line
            while names and not names[-1]:
                names = names[:-1]
            if len(names) == 1 and "，" in names[0]:
                raise UnreadableError("wide_commas", line=number)
            keys = _headings(sheet, names, number, layout)
            _note(sheet, number, line, names)
            sheet.sample.append(names)
            if sheet.faults:
                return
        else:
            if len(sheet.faults) >= MOST_FAULTS:
                break
            if len(sheet.rows) >= layout.most_rows:
                raise UnreadableError("too_many_rows", most=layout.most_rows)
            _row(sheet, number, line, keys, names, layout)
    if keys is None:
        raise UnreadableError("empty_file")


def _headings(sheet: Sheet, names: list[str], number: int, layout: Layout) -> list[str]:
    """The keys of the columns; nothing where a heading means none."""
    keys: list[str] = []
    spelt: set[str] = set()
    for name in names:
        key = layout.key_of(name) if name else ""
        if (key and key in sheet.heads) or (name and name.casefold() in spelt):
            sheet.faults.append(TableFault(code="column_twice", line=number, column=name, params={"head": name}))
            key = ""
        elif key:
            sheet.heads[key] = name
        elif name:
            sheet.unknown.append(name)
        spelt.add(name.casefold())
        keys.append(key)
    return keys


def _row(sheet: Sheet, number: int, line: list[str], keys: list[str], names: list[str], layout: Layout) -> None:
    if len(line) > len(names) and any(line[len(names) :]):
        sheet.faults.append(
            TableFault(code="cells_more", line=number, params={"found": _filled(line), "wanted": len(names)})
        )
        return
    if len(line) < len(names) and sheet.source.kind != "xlsx":
        sheet.faults.append(
            TableFault(code="cells_fewer", line=number, params={"found": len(line), "wanted": len(names)})
        )
        return
    line = line[: len(names)] + [""] * (len(names) - len(line))
    if len(sheet.sample) < _SAMPLE:
        sheet.sample.append([cells.shown(cell) for cell in line])
    before = len(sheet.faults)
    _note(sheet, number, line, names)
    for key, name, cell in zip(keys, names, line, strict=True):
        if cell and not name:
            sheet.faults.append(TableFault(code="no_heading", line=number, params={"cell": cells.shown(cell)}))
        if key and "\n" in cell and sheet.source.delimiter in cell and not layout.is_long(key):
            sheet.faults.append(TableFault(code="quote_swallows", line=number, column=name))
    if len(sheet.faults) > before:
        return
    found = {key: cell for key, cell in zip(keys, line, strict=True) if key}
    sheet.rows.append(TableRow(number=number, cells=found))


def _note(sheet: Sheet, number: int, line: list[str], names: list[str]) -> None:
    """Faults of single cells, and rare characters where the encoding was a guess."""
    for place, cell in enumerate(line):
        name = names[place] if place < len(names) else ""
        if code := cells.wrong_with(cell):
            params = {"cell": cells.shown(cell)}
            sheet.faults.append(TableFault(code=code, line=number, column=name, params=params))
        if sheet.source.guessed and len(sheet.rare) < _MOST_RARE and encodings.rare(cell):
            sheet.rare.append(cells.shown(cell))


def _filled(line: list[str]) -> int:
    return max(place for place, cell in enumerate(line, start=1) if cell)
