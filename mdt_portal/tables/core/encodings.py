"""The characters of a file: UTF-8 and UTF-16 are known by their form, GBK is guessed, all else is asked. Pure.

A text in GBK, Big5 or Windows-1252 is often valid in the other two as well, and then says other names. So a guess needs
grounds: headings that the reader knows, or mostly the 3,755 characters of everyday Chinese. A file without grounds is
refused with what it would say in each encoding, and whoever knows the file chooses.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from mdt_portal.tables.core import cells
from mdt_portal.tables.core.faults import UnreadableError

NAMES = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "gb18030": "GBK",
    "cp950": "Big5",
    "cp1252": "Windows-1252",
}
"""The encodings that may be chosen, by Python's name, as people call them."""
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig", "UTF-8"),
    (b"\xff\xfe\x00\x00", "utf-32", "UTF-32"),
    (b"\x00\x00\xfe\xff", "utf-32", "UTF-32"),
    (b"\xff\xfe", "utf-16", "UTF-16"),
    (b"\xfe\xff", "utf-16", "UTF-16"),
)
_EVERYDAY = 0.6
"""The share of everyday characters from which a text counts as Chinese in GBK: names hold a rare one now and then."""
_WORD = re.compile(r"[^\s,;|\t\"]*[^\x00-\x7f][^\s,;|\t\"]*")
_SAMPLES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """`guessed`: nothing in the file itself says that this is its encoding."""

    text: str
    encoding: str
    guessed: bool = False


def decode(raw: bytes, *, wanted: str = "", known: Collection[str] = ()) -> Decoded:
    """The text of a file. `wanted` is a name of NAMES that somebody chose; `known` the folded headings of the reader.

    Raises UnreadableError.
    """
    for mark, codec, name in _MARKS:
        if raw.startswith(mark):
            return Decoded(text=_strict(raw, codec, name), encoding=name)
    if wanted:
        return Decoded(text=_strict(raw, wanted, NAMES[wanted]), encoding=NAMES[wanted], guessed=True)
    if codec := _wide(raw):
        return Decoded(text=_strict(raw, codec, "UTF-16"), encoding="UTF-16", guessed=True)
    text = _tried(raw, "utf-8")
    if text is not None:
        return Decoded(text=text, encoding="UTF-8")
    return _guess(raw, known)


def rare(text: str) -> str:
    """The characters that GB 2312 lacks, once each: right in some Chinese names, or signs of a wrong guess."""
    return "".join(dict.fromkeys(char for char in text if ord(char) > 0x7F and not _in_gb2312(char)))


def _guess(raw: bytes, known: Collection[str]) -> Decoded:
    head = raw[:4000]
    if sum(byte < 0x20 and byte not in b"\t\r\n" for byte in head) * 50 > len(head):
        raise UnreadableError("not_a_table")
    chinese = _tried(raw, "gb18030")
    if chinese is not None:
        found = Decoded(text=chinese, encoding="GBK", guessed=True)
        if any(ord(max(head)) > 0x7F for head in known if head in _headings(chinese) and head):
            return found
        here = _share(chinese, "gb2312", b"\xb0", b"\xd7", beside=b"\xa1\xa3")
        there = _share(_tried(raw, "cp950") or "", "cp950", b"\xa4", b"\xc6", beside=b"\xa1\xa2\xa3")
        if here >= _EVERYDAY and here > there:
            return found
    readings = [
        f"{name}: {', '.join(_WORD.findall(text)[:_SAMPLES])}"
        for codec, name in (("gb18030", "GBK"), ("cp950", "Big5"), ("cp1252", "Windows-1252"))
        if (text := _tried(raw, codec)) is not None
    ]
    raise UnreadableError("encoding_unsure", readings="; ".join(readings) or "—")


def _headings(text: str) -> set[str]:
    lines = [line for line in text.splitlines()[:20] if line.strip()]
    return {cells.folded(head.strip('"')) for line in lines[:2] for head in re.split(r"[,;|\t]", line)}


def _share(text: str, codec: str, first: bytes, last: bytes, *, beside: bytes) -> float:
    """The share of a text's characters beyond ASCII whose first byte in `codec` lies in a range; 0 for none.

    Punctuation, whose first bytes are `beside`, does not count.
    """
    leads = [_bytes(char, codec)[:1] for char in text if ord(char) > 0x7F]
    counted = [lead for lead in leads if not lead or lead not in beside]
    return sum(first <= lead <= last for lead in counted) / len(counted) if counted else 0


def _bytes(char: str, codec: str) -> bytes:
    try:
        return char.encode(codec)
    except UnicodeEncodeError:
        return b""


def _in_gb2312(char: str) -> bool:
    return bool(_bytes(char, "gb2312"))


def _wide(raw: bytes) -> str:
    """UTF-16 without a mark: half of the bytes of its ASCII characters are zero."""
    even, odd = raw[0::2].count(0), raw[1::2].count(0)
    least = max(len(raw) // 10, 4)
    if max(even, odd) < least or min(even, odd) * 10 > max(even, odd):
        return ""
    return "utf-16-be" if even > odd else "utf-16-le"


def _tried(raw: bytes, codec: str) -> str | None:
    try:
        return raw.decode(codec)
    except UnicodeDecodeError:
        return None


def _strict(raw: bytes, codec: str, name: str) -> str:
    try:
        return raw.decode(codec)
    except UnicodeDecodeError as error:
        raise UnreadableError("not_in_encoding", encoding=name, byte=error.start) from None
