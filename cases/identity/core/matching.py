"""Whether two records describe one person. Pure.

A number says something only within its system. A system that is no web address and no URN (`mrn`, or none at all) is
a hospital's own: the same value at another hospital is another number. A shared number alone never joins two records:
name, sex and date of birth must not speak against it, and the name or the date of birth must speak for it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

Verdict = Literal["same", "different", "doubtful"]
NAME, SEX, BIRTH_DATE, NOTHING_ELSE = "name", "sex", "birth_date", "nothing_else"
REASONS = (NAME, SEX, BIRTH_DATE, NOTHING_ELSE)
NO_NAME = "—"
"""What stands where a name is not known."""

_UNKNOWN_SEX = ("", "unknown")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One identifier; `system` is as `system_of` gives it."""

    system: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What a record says of a person. `born` is exact; where it is not known, `birth_year` may be."""

    name: str = ""
    sex: str = ""
    born: date | None = None
    birth_year: int | None = None
    numbers: frozenset[Number] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The verdict, and what made it doubtful: some of REASONS."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()


def record_system(hospital: str) -> str:
    """The name under which a hospital's own record numbers are kept apart from those of others."""
    return f"record:{hospital}"


def system_of(system: str, *, hospital: str) -> str:
    """The name under which values of this system are kept apart; `hospital` is the public id of the one that uses it.

    A web address or URN stands for itself everywhere; anything else counts at this hospital only.
    """
    plain = unicodedata.normalize("NFKC", system).strip()
    if re.match(r"(https?|urn):\S+$", plain, re.IGNORECASE):
        return plain
    own = record_system(hospital)
    return own if not plain else plain if plain == own else f"{own}:{plain.casefold()}"


def number(system: str, value: str, *, hospital: str) -> Number:
    """An identifier as it is compared: full-width signs and spaces around it make no other number."""
    return Number(
        system=system_of(system, hospital=hospital), value=unicodedata.normalize("NFKC", value).strip().casefold()
    )


def compare(one: Person, other: Person) -> Match:
    """Whether both are one person.

    same        a number is shared, nothing speaks against it, and the name or the date of birth for it
    doubtful    a number is shared, but not the name, sex or date of birth, or nothing else can be compared
    different   no number is shared
    """
    if not one.numbers & other.numbers:
        return Match(verdict="different")
    against = conflicts(one, other)
    if against:
        return Match(verdict="doubtful", reasons=against)
    agree = _born_agrees(one, other) or (_name(one.name) and _name(one.name) == _name(other.name))
    alike = not any((_name(one.name), _name(other.name), _year(one), _year(other)))
    if agree or alike:
        return Match(verdict="same")
    return Match(verdict="doubtful", reasons=(NOTHING_ELSE,))


def conflicts(one: Person, other: Person) -> tuple[str, ...]:
    """Which of name, sex and date of birth both records know, and know differently."""
    found = []
    if _name(one.name) and _name(other.name) and _name(one.name) != _name(other.name):
        found.append(NAME)
    if one.sex not in _UNKNOWN_SEX and other.sex not in _UNKNOWN_SEX and one.sex != other.sex:
        found.append(SEX)
    if one.born and other.born:
        if one.born != other.born:
            found.append(BIRTH_DATE)
    elif _year(one) and _year(other) and _year(one) != _year(other):
        found.append(BIRTH_DATE)
    return tuple(found)


def same_name(one: str, other: str) -> bool:
    """Whether two spellings are one name: case, accents, points and the order of its parts make no difference."""
    return _name(one) == _name(other)


def best(person: Person, known: Iterable[tuple[int, Person]]) -> tuple[Match, int | None]:
    """The verdict over several known records, by their key: one that is the same goes before those in doubt.

    Of several the one that shares most numbers, then the oldest (the lowest key).
    """
    found = [(compare(person, other), len(person.numbers & other.numbers), key) for key, other in known]
    for verdict in ("same", "doubtful"):
        fits = [one for one in found if one[0].verdict == verdict]
        if fits:
            match, _shared, key = min(fits, key=lambda one: (-one[1], one[2]))
            return match, key
    return Match(verdict="different"), None


def _born_agrees(one: Person, other: Person) -> bool:
    return bool(_year(one) and _year(other))  # what differs was found before


def _year(person: Person) -> int | None:
    return person.born.year if person.born else person.birth_year


def _name(name: str) -> tuple[str, ...]:
    """The parts of a name in a fixed order, without case, accents and points; empty where none is known."""
    bare = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name)).casefold()
    letters = "".join(sign for sign in bare if not unicodedata.combining(sign))
    plain = re.sub(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])", "", re.sub(r"['’`·•・]", "", letters))
    return tuple(sorted(_WORD.findall(plain)))
