"""What is wrong with a table, and how it was read, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mdt_portal.i18n import phrases
from mdt_portal.tables.core.columns import Sheet
from mdt_portal.tables.core.faults import TableFault

FAULTS = {
    "empty_file": gettext_lazy("The file is empty."),
    "too_large": gettext_lazy("The file is too large: at most %(most)s MB are read."),
    "too_many_rows": gettext_lazy("More than %(most)s lines; cut the file in two."),
    "too_many_columns": gettext_lazy("More than %(most)s columns."),
    "broken_workbook": gettext_lazy(
        "This looks like a workbook (XLSX) but cannot be opened. Save it again, or as CSV."
    ),
    "not_a_workbook": gettext_lazy("This is a packed file (ZIP) and no workbook. Save the table as XLSX or CSV."),
    "old_workbook": gettext_lazy("This is a workbook of the old kind (XLS). Save it as XLSX or CSV."),
    "packed": gettext_lazy("This is a packed file. Unpack it first."),
    "not_a_table": gettext_lazy("This is no table but a file of another kind. Save the table as XLSX or CSV."),
    "web_page": gettext_lazy("This is a web page (HTML) and no table. Save the table as XLSX or CSV."),
    "json": gettext_lazy("This is JSON; a table (CSV or XLSX) is expected here."),
    "encoding_unsure": gettext_lazy(
        "The file is not UTF-8, and its characters could mean different things (%(readings)s). "
        "Save it as “CSV UTF-8”, or choose how to read it."
    ),
    "not_in_encoding": gettext_lazy("The file cannot be read as %(encoding)s (byte %(byte)s). Save it as “CSV UTF-8”."),
    "wide_commas": gettext_lazy(
        "The headings are parted by Chinese commas (，). Use plain commas (,) or save as XLSX."
    ),
    "nul": gettext_lazy("Holds a NUL character, which no text has. Save the file again as CSV."),
    "quote_unclosed": gettext_lazy("A quotation mark opens in this line and is never closed."),
    "quote_inside": gettext_lazy(
        "A quotation mark is not closed where its cell ends. Inside a cell it is written twice."
    ),
    "quote_swallows": gettext_lazy("This cell holds the beginning of another line: a quotation mark is missing."),
    "cell_huge": gettext_lazy("A cell is longer than a spreadsheet allows; perhaps a quotation mark is not closed."),
    "control_character": gettext_lazy("“%(cell)s” holds a control character that cannot be seen. Type it again."),
    "lost_character": gettext_lazy("“%(cell)s” holds characters that were lost when the file was saved."),
    "scientific": gettext_lazy(
        "“%(cell)s” is a number that a spreadsheet has shortened. Format the column as text and enter it again."
    ),
    "cells_more": gettext_lazy(
        "Has %(found)s cells for %(wanted)s headings. A cell with a comma needs quotation marks."
    ),
    "cells_fewer": gettext_lazy("Has only %(found)s cells for %(wanted)s headings."),
    "no_heading": gettext_lazy("“%(cell)s” stands below no heading."),
    "column_twice": gettext_lazy("The column “%(head)s” stands there twice."),
}
_DELIMITERS = {
    ",": gettext_lazy("commas between the cells"),
    ";": gettext_lazy("semicolons between the cells"),
    "\t": gettext_lazy("tabs between the cells"),
    "|": gettext_lazy("bars between the cells"),
}


def sentence(code: str, params: Mapping[str, Any]) -> str:
    return str(FAULTS[code]) % params


OF_A_LINE = frozenset({"cells_more", "cells_fewer", "no_heading"})
"""Faults that say nothing where the headings themselves are not what they should be."""


def fault_text(fault: TableFault) -> str:
    """What is wrong, without the place."""
    return sentence(fault.code, fault.params)


def source_text(sheet: Sheet) -> str:
    """How the file was read: `Read as GBK, semicolons between the cells, 12 lines.`"""
    source = sheet.source
    parts = []
    if source.kind == "xlsx":
        parts.append(_("Read as a workbook (XLSX), sheet “%(sheet)s”") % {"sheet": source.sheet})
    elif source.kind == "csv":
        parts.append(_("Read as %(encoding)s") % {"encoding": source.encoding})
    else:
        parts.append(_("Read as pasted text"))
    if source.delimiter:
        words = _DELIMITERS.get(source.delimiter)
        parts.append(str(words) if words else _("“%(mark)s” between the cells") % {"mark": source.delimiter})
    parts.append(_("%(count)d lines") % {"count": len(sheet.rows)})
    return _("%(first)s, %(second)s") % {"first": phrases.listed(parts[:-1]), "second": parts[-1]}


def rare_text(sheet: Sheet) -> str:
    """Which cells hold characters that point to a wrong guess; nothing where there is none."""
    if not sheet.rare:
        return ""
    return _("Rare characters: %(cells)s. Right in some names; if they are wrong, choose another encoding.") % {
        "cells": phrases.listed(sheet.rare)
    }
