"""Whether two records are of one person. No database."""

from __future__ import annotations

from datetime import date

import pytest

from cases.identity.core import matching
from cases.identity.core.matching import Number, Person

A, B = Number(system="urn:a", value="1"), Number(system="urn:a", value="2")
BORN = date(1961, 5, 4)


def person(name: str = "Wang Fang", sex: str = "female", born: date | None = BORN, *numbers: Number) -> Person:
    return Person(name=name, sex=sex, born=born, numbers=frozenset(numbers or {A}))


@pytest.mark.parametrize(
    ("other", "verdict", "reasons"),
    [
        (person(), "same", ()),
        (person("FANG, Wang"), "same", ()),
        (person(born=None), "same", ()),
        (person(sex="unknown"), "same", ()),
        (person(""), "same", ()),
        (person("Wang Li"), "doubtful", ("name",)),
        (person(sex="male"), "doubtful", ("sex",)),
        (person(born=date(1961, 4, 5)), "doubtful", ("birth_date",)),
        (Person(birth_year=1990, numbers=frozenset({A})), "doubtful", ("birth_date",)),
        (person("Kind", "male", date(2015, 5, 5)), "doubtful", ("name", "sex", "birth_date")),
        (person("", "female", None), "doubtful", ("nothing_else",)),
        (person("Wang Fang", "female", BORN, B), "different", ()),
    ],
)
def test_a_shared_number_alone_joins_nobody(other: Person, verdict: str, reasons: tuple[str, ...]) -> None:
    for match in (matching.compare(person(), other), matching.compare(other, person())):
        assert (match.verdict, match.reasons) == (verdict, reasons)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Zoë O'Brien-Núñez", "zoe obrien nunez", True), ("王 小明", "王小明", True),
        ("Ｗａｎｇ　Ｆａｎｇ", "wang fang", True), ("Doe, Jo", "Jo Doe", True), ("王芳", "王方", False),
        ("Jo Doe", "Jo A Doe", False), ("王芳", "Wang Fang", False),
    ],
)  # fmt: skip
def test_one_name_in_several_spellings(one: str, other: str, same: bool) -> None:
    assert matching.same_name(one, other) == same


def test_a_system_that_is_no_address_counts_at_its_hospital_only() -> None:
    for system in ("", "mrn", "MRN", " "):
        assert matching.number(system, "7", hospital="x") != matching.number(system, "7", hospital="y")
        assert matching.number(system, "7", hospital="x") == matching.number(system, " ７ ", hospital="x")
    assert matching.number("mrn", "7", hospital="x") != matching.number("", "7", hospital="x")
    for system in ("urn:oid:1.2", "http://a.example/mrn"):
        assert matching.number(system, "7", hospital="x") == matching.number(system, "7", hospital="y")
    assert matching.system_of("record:y", hospital="x") != matching.system_of("", hospital="y"), "not to be feigned"


def test_of_several_the_same_one_goes_before_those_in_doubt() -> None:
    mother, child = person("Mutter"), person("Kind", "male", date(2015, 5, 5))
    match, key = matching.best(child, [(1, mother), (2, child)])
    assert (match.verdict, key) == ("same", 2)
    match, key = matching.best(person("Other"), [(2, child), (1, mother)])
    assert (match.verdict, key) == ("doubtful", 1)
    assert matching.best(child, []) == (matching.Match(verdict="different"), None)


def test_two_records_without_anything_but_the_number_are_one() -> None:
    bare = Person(numbers=frozenset({A}))
    assert matching.compare(bare, bare).verdict == "same"
    assert matching.compare(bare, Person(sex="male", numbers=frozenset({A}))).verdict == "same"
