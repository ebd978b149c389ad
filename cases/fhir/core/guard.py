"""A file somebody handed in -> JSON that can be read without danger, or why not, with the place. Pure.

Takes plain and gzipped JSON, and NDJSON (one resource a line). Refused are: what is too large, packed or not; text that
is not UTF-8; XML; broken gzip; NUL and half surrogates in text, which no database takes; numbers beyond any measure;
a key that stands twice in one object; what is nested too deeply.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from cases.core.mistake import Mistake

MOST_BYTES = 200_000_000
MOST_DEPTH = 60
"""The deepest resource of R4 in real files lies below 20."""
_LONGEST_NUMBER = 40
_SUSPECT = re.compile("[\ud800-\udfff\x00]")
_NAMED = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the file holds, each with its place: empty for a file of one JSON value, `line 3` of NDJSON; in a set of
    files the file's name before it."""

    values: tuple[tuple[str, Any], ...] = ()
    mistakes: tuple[Mistake, ...] = ()


class _Wrong:
    """Stands in the parsed value where something is wrong, until its place is found."""

    def __init__(self, code: str, value: str) -> None:
        self.code, self.value = code, value


def text_of(packed: bytes, *, most: int = MOST_BYTES) -> tuple[str, Mistake | None]:
    """The text of the file, or the mistake that keeps it from being read."""
    if len(packed) > most:
        return "", _mistake("too_large", most=most // 1_000_000)
    if packed[:2] == b"\x1f\x8b":
        packed, mistake = _unpacked(packed, most)
        if mistake:
            return "", mistake
    if not packed.strip():
        return "", _mistake("empty_file")
    if packed[:4] == b"PK\x03\x04":
        return "", _mistake("zip")
    for start, name in _NAMED.items():
        if packed.startswith(start):
            return "", _mistake("wrong_encoding", value=name)
    try:
        text = packed.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return "", _mistake("wrong_encoding", value=_guess(packed), byte=error.start)
    if "\x00" in text[:200]:
        return "", _mistake("wrong_encoding", value="UTF-16")
    if text.lstrip().startswith("<"):
        return "", _mistake("html" if re.match(r"\s*<(!doctype )?html", text, re.IGNORECASE) else "xml")
    return text, None


def parse(text: str) -> Checked:
    """The JSON value of the text, or the resources of its lines."""
    text = text.removeprefix("\ufeff")
    if not text.strip():
        return Checked(mistakes=(_mistake("empty_file"),))
    top, error = _loads(text)
    if error is None:
        return _checked([("", top)])
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    first, no_line = _loads(lines[0][1])
    if len(lines) < 2 or no_line is not None or not isinstance(first, dict):
        return Checked(mistakes=(error,))
    values, mistakes = [], []
    for number, line in lines:
        value, wrong = _loads(line)
        if wrong is not None:
            mistakes.append(Mistake(place=f"line {number}", code=wrong.code, params={**wrong.params, "line": number}))
        else:
            values.append((f"line {number}", value))
    if mistakes:
        return Checked(mistakes=tuple(mistakes))
    return _checked(values)


def parse_set(parts: Iterable[tuple[str, str]]) -> Checked:
    """The values of several files of one export, given with their names; every mistake names its file."""
    values: list[tuple[str, Any]] = []
    mistakes: list[Mistake] = []
    for name, text in parts:
        checked = parse(text)
        values += [(f"{name} {place}".strip(), value) for place, value in checked.values]
        mistakes += [replace(one, place=f"{name} {one.place}".strip()) for one in checked.mistakes]
    return Checked(mistakes=tuple(mistakes)) if mistakes else Checked(values=tuple(values))


def together(parts: Iterable[tuple[str, str]]) -> str:
    """A set of files without mistakes as one text of NDJSON, which holds the same."""
    return "\n".join(json.dumps(value, ensure_ascii=False) for _place, value in parse_set(parts).values)


def _mistake(code: str, **params: Any) -> Mistake:
    return Mistake(place="", code=code, params=params)


def _unpacked(packed: bytes, most: int) -> tuple[bytes, Mistake | None]:
    """The content of a gzip file, never more than `most` bytes of it."""
    found, rest = bytearray(), packed
    try:
        while rest:
            part = zlib.decompressobj(wbits=31)
            found += part.decompress(rest, most + 1 - len(found))
            if len(found) > most:
                return b"", _mistake("too_large", most=most // 1_000_000)
            if not part.eof:
                return b"", _mistake("gzip_cut")
            rest = part.unused_data.lstrip(b"\x00")
    except zlib.error:
        return b"", _mistake("gzip_broken")
    return bytes(found), None


def _guess(packed: bytes) -> str:
    """The encoding that the bytes may have; GBK is what Chinese systems write."""
    try:
        packed.decode("gb18030")
    except UnicodeDecodeError:
        return "?"
    return "GBK"


def _loads(text: str) -> tuple[Any, Mistake | None]:
    try:
        return json.loads(
            text,
            parse_int=_whole,
            parse_float=_decimal,
            parse_constant=lambda value: _Wrong("no_number", value),
            object_pairs_hook=_object,
        ), None
    except json.JSONDecodeError as error:
        return None, _mistake("not_json", problem=error.msg, line=error.lineno, column=error.colno)
    except RecursionError:
        return None, _mistake("too_deep")


def _whole(digits: str) -> Any:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else _Wrong("number_too_large", f"{digits[:12]}…")


def _decimal(digits: str) -> Any:
    value = float(digits)
    fits = abs(value) < 10.0**_LONGEST_NUMBER and len(digits) < 10 * _LONGEST_NUMBER
    return value if fits else _Wrong("number_too_large", f"{digits[:12]}…")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        found[twice] = _Wrong("key_twice", twice)
    return found


def _checked(values: list[tuple[str, Any]]) -> Checked:
    """The values, or every mistake in them with its place."""
    mistakes = [mistake for place, value in values for mistake in _mistakes(value, place)]
    return Checked(mistakes=tuple(mistakes[:50])) if mistakes else Checked(values=tuple(values))


def _mistakes(top: Any, place: str) -> Iterator[Mistake]:
    """What is wrong anywhere in a value, found without recursion."""
    kind = top.get("resourceType") if isinstance(top, dict) else None
    start = " ".join(filter(None, (place, kind if isinstance(kind, str) else "")))
    waiting: list[tuple[Any, tuple[Any, ...]]] = [(top, ())]
    while waiting:
        value, path = waiting.pop()
        if isinstance(value, _Wrong):
            yield Mistake(place=_place(start, path), code=value.code, params={"value": value.value})
        elif isinstance(value, str):
            if _SUSPECT.search(value):
                yield Mistake(place=_place(start, path), code="bad_character")
        elif len(path) >= MOST_DEPTH and isinstance(value, dict | list):
            yield Mistake(place=_place(start, path[:6]), code="too_deep")
            return
        elif isinstance(value, dict):
            for key in reversed(value):
                if _SUSPECT.search(key):
                    yield Mistake(place=_place(start, path), code="bad_character")
                waiting.append((value[key], (*path, key)))
        elif isinstance(value, list):
            waiting.extend((one, (*path, number)) for number, one in reversed(list(enumerate(value))))


def _place(start: str, path: tuple[Any, ...]) -> str:
    parts = [f"[{one}]" if isinstance(one, int) else f".{one}" for one in path]
    return (start + "".join(parts)).removeprefix(".")
