"""Reading FHIR's JSON with care: getters that note a value of the wrong type, with its place, and go on. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Any

from cases.core import days
from cases.core.mistake import Mistake

_CONTROL = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    system: str
    code: str
    display: str = ""


class Node:
    """An object of the file with its place; every getter notes a value of the wrong type and goes on without it.

    `zone` is the hospital's: a moment that is given with another offset belongs to the day that it was there.
    """

    def __init__(
        self, value: Mapping[str, Any], place: str, mistakes: list[Mistake], zone: tzinfo | None = None
    ) -> None:
        self.value = value
        self.place = place
        self.mistakes = mistakes
        self.zone = zone

    def wrong(self, key: str, code: str, **params: Any) -> None:
        place = f"{self.place}.{key}" if key else self.place
        self.mistakes.append(Mistake(place=place, code=code, params=params))

    def text(self, key: str) -> str:
        value = self.value.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.wrong(key, "not_text")
            return ""
        return _CONTROL.sub(" ", value).strip()

    def short(self, key: str, longest: int) -> str:
        """A text that something is found by; one that is longer than `longest` characters is a mistake."""
        value = self.text(key)
        if len(value) > longest:
            self.wrong(key, "too_long", longest=longest)
        return value

    def choice(self, key: str, allowed: tuple[str, ...]) -> str:
        value = self.text(key)
        if value and value not in allowed:
            self.wrong(key, "not_one_of", value=value, allowed=list(allowed))
        return value

    def node(self, key: str) -> Node:
        value = self.value.get(key)
        if value is not None and not isinstance(value, dict):
            self.wrong(key, "not_an_object")
            value = None
        return Node(value or {}, f"{self.place}.{key}", self.mistakes, self.zone)

    def nodes(self, key: str) -> Iterator[Node]:
        values = self.value.get(key)
        if values is None:
            return
        if not isinstance(values, list):
            self.wrong(key, "not_a_list")
            return
        for number, value in enumerate(values):
            if isinstance(value, dict):
                yield Node(value, f"{self.place}.{key}[{number}]", self.mistakes, self.zone)
            else:
                self.wrong(f"{key}[{number}]", "not_an_object")

    def texts(self, key: str) -> list[str]:
        values = self.value.get(key, [])
        if not isinstance(values, list) or not all(isinstance(value, str) or value is None for value in values):
            self.wrong(key, "not_a_list")
            return []
        return [_CONTROL.sub(" ", value) for value in values if value]

    def day(self, key: str) -> tuple[date | None, bool]:
        """The day of a date or dateTime, and whether it was given to the day; else the middle of what was given."""
        text = self.text(key)
        if not text:
            return None, False
        found = days.read(text, self.zone)
        if found is None:
            self.wrong(key, "bad_date", value=text)
            return None, False
        return found.day, found.exact

    def concept(self, key: str) -> tuple[tuple[Coding, ...], str]:
        """Codings and text of a CodeableConcept; a bare code (as older versions of FHIR wrote it) counts as one."""
        if isinstance(self.value.get(key), str):
            return (Coding(system="", code=self.text(key)),), ""
        concept = self.node(key)
        codings = tuple(
            Coding(system=coding.text("system"), code=coding.text("code"), display=coding.text("display"))
            for coding in concept.nodes("coding")
        )
        return codings, concept.text("text")
