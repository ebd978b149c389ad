"""What a cell holds, whoever wrote it: no invisible characters, no formula, numbers as whole numbers. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

_INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_LOST = re.compile("\ufffd|锟斤拷")
_FORMULA = re.compile(r"'*[=+\-@＝＋－＠\t\r\n]")
_SCIENTIFIC = re.compile(r"[+-]?\d(?:[.,]\d+)?E\+\d{2,3}", re.IGNORECASE)
_WHOLE = re.compile(r"(-?\d+)\.0+")
LONGEST = 32_767
"""As many characters as a spreadsheet keeps in one cell."""


def tidy(text: str) -> str:
    """Without invisible characters (zero-width spaces, marks of direction) and without spaces of any kind around it."""
    return _INVISIBLE.sub("", text).strip()


def unwritable(text: str) -> str:
    """The code of a character that nobody sees and no database keeps, or nothing."""
    return "control_character" if _CONTROL.search(text) else ""


def shown(text: str) -> str:
    """A text short enough for a message, with `?` for what cannot be seen."""
    plain = _CONTROL.sub("?", text)
    return plain if len(plain) <= 60 else f"{plain[:59]}…"


def wrong_with(text: str) -> str:
    """The code of what makes a cell unfit, or nothing."""
    if len(text) > LONGEST:
        return "cell_huge"
    if unwritable(text):
        return "control_character"
    if _LOST.search(text):
        return "lost_character"
    return "scientific" if _SCIENTIFIC.fullmatch(text) else ""


def guarded(value: Any) -> str:
    """The text of a value for a CSV cell. What a spreadsheet would take for a formula gets an apostrophe before it."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    text = "" if value is None else str(value)
    return f"'{text}" if _FORMULA.match(text) else text


def bare(text: str) -> str:
    """The text that `guarded` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def whole(text: str) -> str:
    """A spreadsheet's `24.0` is `24`, in whatever width the digits were typed; other texts stay."""
    plain = unicodedata.normalize("NFKC", text)
    found = _WHOLE.fullmatch(plain)
    if found:
        return found[1]
    return plain if plain.isdigit() else text


def same(text: str) -> str:
    """A name for comparison: in any case and width, however many spaces of whatever kind stand in it."""
    return " ".join(unicodedata.normalize("NFKC", tidy(text)).split()).casefold()


def folded(heading: str) -> str:
    """A heading for comparison: in any width and case, without spaces, underscores and stars."""
    return re.sub(r"[\s_*]+", "", unicodedata.normalize("NFKC", tidy(heading))).casefold()
