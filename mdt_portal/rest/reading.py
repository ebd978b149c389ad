"""How the body of a request is read: strict JSON, so that nothing is guessed and all that is stored can be read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import exceptions, parsers

LARGEST = 10_000_000
"""Bytes of a body: the longest catalogue file (two million characters), in Chinese, with room to spare."""
LARGEST_NUMBER = 2**31 - 1
DEEPEST = 40


class TooLarge(exceptions.APIException):
    status_code = 413
    default_code = "too_large"


class JsonParser(parsers.BaseParser):
    """JSON in UTF-8 (or the charset that is named): no key twice, no NaN, no sign that cannot be stored."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        content = stream.read(LARGEST + 1)
        if len(content) > LARGEST:
            message = _("The request is larger than %(most)d bytes.") % {"most": LARGEST}
            raise TooLarge(message)
        try:
            encoding = parsers.get_encoding(parser_context or {})  # type: ignore[attr-defined]  # the stubs lack it
            text = content.decode(encoding)
        except UnicodeError as error:
            raise exceptions.ParseError(
                _("The request is not text in the encoding that it names (%(why)s).") % {"why": error}
            ) from None
        if mistakes := {place: [message] for place, message in _mistakes(_loaded(text.removeprefix("\ufeff")))}:
            raise exceptions.ValidationError(mistakes)
        return json.loads(text.removeprefix("\ufeff"))


class _Pairs(list[tuple[str, Any]]):
    """An object as its pairs, so that a key that stands twice can be named."""


def _loaded(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_Pairs, parse_constant=_no_number, parse_int=_integer)
    except RecursionError:
        raise exceptions.ParseError(_("The request is nested too deeply.")) from None
    except ValueError as error:
        raise exceptions.ParseError(_("The request is not JSON: %(why)s.") % {"why": error}) from None


def _no_number(name: str) -> Any:
    raise ValueError(name)


def _integer(digits: str) -> int:
    return int(digits) if len(digits) < 20 else 10**20


def _mistakes(value: Any, place: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """What is wrong below `place`, as (place, message)."""
    if depth > DEEPEST:
        raise exceptions.ParseError(_("The request is nested too deeply."))
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for key, item in value:
            here = f"{place}.{key}" if place else key
            if key in seen:
                yield here, _("This field stands here twice.")
            elif not readable(key):
                yield place, _("A name contains a sign that cannot be stored.")
            seen.add(key)
            yield from _mistakes(item, here, depth + 1)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _mistakes(item, f"{place}.{number}" if place else str(number), depth + 1)
    elif isinstance(value, str):
        if not readable(value):
            yield place, _("This text contains a sign that cannot be stored.")
    elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) > LARGEST_NUMBER:
        yield place, _("This number is too large.")


def readable(text: str) -> bool:
    """Whether the database can hold it: no NUL, and no half of a sign."""
    return "\0" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)
