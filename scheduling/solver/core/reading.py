"""Strict reading of JSON into frozen values: every mistake is collected with its place, none is guessed away.

A *parser* takes (reading, place, value) and answers the value read, or None after it has noted a mistake.
"""

import dataclasses
import gzip
import json
import math
import zlib
from collections.abc import Callable, Mapping
from typing import Any

Parser = Callable[["Reading", str, Any], Any]
LARGEST = 2**53 - 1
"""Beyond this other programs' JSON does not keep an integer exactly; CP-SAT's sums stay far from 64 bits below it."""
LONGEST_NUMBER = 40


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """What is wrong, where, as a code with parameters; put into words when shown."""

    place: str
    code: str
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)


class ProblemError(ValueError):
    """The input breaks the format; `mistakes` holds all that was found, not just the first."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = mistakes
        super().__init__("; ".join(f"{m.place}: {m.code} {dict(m.params) or ''}".rstrip() for m in mistakes))


class Reading:
    """One pass over one document."""

    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []

    def fault(self, place: str, code: str, **params: Any) -> Any:
        """Notes the mistake; answers None, which is what a parser has read then."""
        self.mistakes.append(Mistake(place=place, code=code, params=params))
        return None

    def finish(self) -> None:
        if self.mistakes:
            raise ProblemError(self.mistakes)


def integer(low: int = -LARGEST, high: int = LARGEST) -> Parser:
    def read(reading: Reading, place: str, value: Any) -> int | None:
        if isinstance(value, HugeNumber):
            return reading.fault(place, "too_large", most=high)
        if not isinstance(value, int) or isinstance(value, bool):
            return reading.fault(place, "not_an_integer")
        if value < low:
            return reading.fault(place, "too_small", least=low, value=value)
        if value > high:
            return reading.fault(place, "too_large", most=high, value=value)
        return value

    return read


def number(reading: Reading, place: str, value: Any) -> float | None:
    if not isinstance(value, int | float | HugeNumber) or isinstance(value, bool):
        return reading.fault(place, "not_a_number")
    if isinstance(value, HugeNumber) or not math.isfinite(value) or abs(value) > LARGEST:
        return reading.fault(place, "not_a_finite_number")
    return value


def text(reading: Reading, place: str, value: Any) -> str | None:
    if not isinstance(value, str):
        return reading.fault(place, "not_a_text")
    if "\0" in value or any("\ud800" <= sign <= "\udfff" for sign in value):
        return reading.fault(place, "not_readable")
    return value


def flag(reading: Reading, place: str, value: Any) -> bool | None:
    return value if isinstance(value, bool) else reading.fault(place, "not_true_or_false")


def anything(_reading: Reading, _place: str, value: Any) -> Any:
    return value


def one_of(*choices: Any) -> Parser:
    def read(reading: Reading, place: str, value: Any) -> Any:
        same = [choice for choice in choices if choice == value and type(choice) is type(value)]
        return same[0] if same else reading.fault(place, "not_a_choice", choices=list(choices))

    return read


def nullable(parser: Parser) -> Parser:
    return lambda reading, place, value: None if value is None else parser(reading, place, value)


def many(parser: Parser, make: Callable[[list[Any]], Any] = tuple) -> Parser:
    def read(reading: Reading, place: str, value: Any) -> Any:
        if not isinstance(value, list):
            return reading.fault(place, "not_a_list")
        before = len(reading.mistakes)
        items = [parser(reading, f"{place}[{index}]", item) for index, item in enumerate(value)]
        return make(items) if len(reading.mistakes) == before else None

    return read


def span(high: int = LARGEST) -> Parser:
    """`[from, to]`, half-open, not empty."""

    def read(reading: Reading, place: str, value: Any) -> tuple[int, int] | None:
        if not (isinstance(value, list) and len(value) == 2):
            return reading.fault(place, "not_a_span")
        before, end = len(reading.mistakes), integer(-high, high)
        start, stop = (end(reading, f"{place}[{index}]", one) for index, one in enumerate(value))
        if len(reading.mistakes) > before:
            return None
        if start >= stop:
            return reading.fault(place, "empty_span", **{"from": start, "to": stop})
        return start, stop

    return read


def keyed(parser: Parser) -> Parser:
    """An object whose keys are ids: JSON writes them as text."""

    def read(reading: Reading, place: str, value: Any) -> dict[int, Any] | None:
        if not isinstance(value, dict):
            return reading.fault(place, "not_an_object")
        given = {}
        _note_twice(reading, f"{place}.", value)
        for key, item in value.items():
            if not (isinstance(key, str) and key.isascii() and key.isdigit() and len(key) <= LONGEST_NUMBER):
                reading.fault(f"{place}.{key}", "not_an_id")
                continue
            given[int(key)] = parser(reading, f"{place}.{key}", item)
        return given

    return read


def record(
    make: Callable[..., Any],
    needed: Mapping[str, Parser],
    optional: Mapping[str, Parser] | None = None,
    names: Mapping[str, str] | None = None,
) -> Parser:
    """An object with exactly these keys; `names` maps a JSON key to its field where the two differ."""
    known: dict[str, Parser] = {**needed, **(optional or {})}
    field = {key: (names or {}).get(key, key) for key in known}

    def read(reading: Reading, place: str, value: Any) -> Any:
        if not isinstance(value, dict):
            return reading.fault(place, "not_an_object")
        before, path = len(reading.mistakes), f"{place}." if place else ""
        _note_twice(reading, path, value)
        for key in value:
            if key not in known:
                reading.fault(f"{path}{key}", "unknown_key")
        for key in needed:
            if key not in value:
                reading.fault(f"{path}{key}", "missing_key")
        given = {field[key]: known[key](reading, f"{path}{key}", item) for key, item in value.items() if key in known}
        return make(**given) if len(reading.mistakes) == before else None

    return read


class HugeNumber:
    """An integer of JSON with more digits than anybody needs; parsers refuse it at its place."""


class Doubled(dict[str, Any]):
    """An object of JSON in which keys stand twice; `twice` names them."""

    twice: tuple[str, ...] = ()


def _note_twice(reading: Reading, path: str, value: dict[str, Any]) -> None:
    for key in value.twice if isinstance(value, Doubled) else ():
        reading.fault(f"{path}{key}", "key_twice")


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    names = [key for key, _ in pairs]
    doubled = Doubled(found)
    doubled.twice = tuple(sorted({key for key in names if names.count(key) > 1}))
    return doubled


def from_bytes(content: bytes, *, compressed: bool = False) -> Any:
    """A document of JSON (UTF-8, -16 or -32), perhaps gzipped, as a parser takes it.

    Raises ProblemError with the line and column where it is no JSON. Huge numbers and keys that stand twice are left to
    the parsers, which know their place.
    """
    try:
        content = gzip.decompress(content) if compressed else content
        return json.loads(
            content,
            object_pairs_hook=_pairs,
            parse_int=lambda digits: int(digits) if len(digits) <= LONGEST_NUMBER else HugeNumber(),
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        mistake = Mistake(place=place, code="not_json", params={"why": error.msg})
    except (EOFError, OSError, zlib.error) as error:
        mistake = Mistake(place="", code="not_gzip", params={"why": str(error)})
    except UnicodeDecodeError as error:
        mistake = Mistake(place=f"byte {error.start}", code="not_unicode", params={"encoding": error.encoding})
    except RecursionError:
        mistake = Mistake(place="", code="nested_too_deeply")
    raise ProblemError([mistake])


def whole(parser: Parser, data: Any) -> Any:
    """Reads one document; raises ProblemError with all its mistakes."""
    document = Reading()
    value = parser(document, "", data)
    document.finish()
    return value


def as_json(value: Any) -> Any:
    """The inverse of reading, for every dataclass of this package."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = getattr(value, "JSON_NAMES", {})
        optional: frozenset[str] = getattr(value, "JSON_OPTIONAL", frozenset())
        written = {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.init}
        return {
            names.get(name, name): as_json(item)
            for name, item in written.items()
            if not (name in optional and item in (None, ()))
        }
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple | list):
        return [as_json(item) for item in value]
    return value
