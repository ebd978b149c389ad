"""A condition as rows and as lines of text."""

import pytest

from cases.catalogue.core import clauses, csv_io, json_io, vocabulary
from cases.catalogue.core.clauses import Clause

SHIPPED = json_io.read(vocabulary.CATALOGUE_FILE.read_text(encoding="utf-8"), vocabulary.shipped())


@pytest.mark.parametrize("raw", SHIPPED.raw, ids=[raw["id"] for raw in SHIPPED.raw])
def test_every_shipped_condition_survives_the_way_to_text_and_back(raw) -> None:
    lines = clauses.text(clauses.of(raw["condition"]))
    assert clauses.condition(clauses.read(lines)[0]) == (raw["condition"], [])


def test_what_a_chinese_keyboard_types_is_understood() -> None:
    found, mistakes = clauses.read("stage ≥ iiib；any: recurrence，refractory")
    assert mistakes == []
    assert clauses.condition(found)[0] == {"stage_min": "IIIB", "flags_any": ["recurrence", "refractory"]}


@pytest.mark.parametrize("line", ["stage", "stage = III", "rare >= A", "some: recurrence", ">= 5"])
def test_what_is_not_understood_is_named(line: str) -> None:
    found, mistakes = clauses.read(f"age >= 65\n{line}")
    assert found == (Clause(key="age_min", values=("65",)),)
    assert [(one.place, one.code, one.params["value"]) for one in mistakes] == [
        ("clause[1]", "unreadable_clause", line)
    ]


def test_the_same_thing_twice_two_scores_and_nothing_at_all() -> None:
    rows = [
        Clause(key="age_min", values=("65",)),
        Clause(key="age_min", values=("70",)),
        Clause(key="score_min", values=("5",), score="NIHSS"),
        Clause(key="score_max", values=("8",), score="GCS"),
        Clause(key="flags_any", values=(" ",)),
    ]
    found, mistakes = clauses.condition(rows)
    assert found == {"age_min": 65, "score": "NIHSS", "score_min": 5}
    assert [(one.place, one.code) for one in mistakes] == [
        ("clause[1]", "clause_twice"),
        ("clause[3]", "two_scores"),
        ("clause[4]", "empty"),
    ]


# As a table ---------------------------------------------------------------------------------------


def test_the_shipped_catalogue_survives_the_way_to_a_table_and_back() -> None:
    back = csv_io.read(csv_io.write(SHIPPED.raw), vocabulary.shipped())
    assert back.mistakes == ()
    assert back.raw == SHIPPED.raw
    assert back.rules == SHIPPED.rules


def test_and_to_json_and_back() -> None:
    assert json_io.read(json_io.write(SHIPPED.raw), vocabulary.shipped()).raw == SHIPPED.raw


def test_a_text_like_a_formula_comes_back_as_it_was_and_does_no_harm_in_a_spreadsheet() -> None:
    raw = dict(SHIPPED.raw[0]) | {"note": "=1+1", "source": "'=x"}
    sheet = csv_io.write([raw])
    assert "'=1+1" in sheet
    assert csv_io.read(sheet, vocabulary.shipped()).raw == (raw,)


def test_a_seat_keeps_count_and_sub_specialty() -> None:
    seats = [{"discipline": "CARDIO", "count": 2, "min_rank": 4, "sub_specialty": "heart failure; children"}]
    raw = dict(SHIPPED.raw[0]) | {"required": seats}
    assert csv_io.read(csv_io.write([raw]), vocabulary.shipped()).raw == (raw,)


def test_all_mistakes_of_a_table_come_with_line_and_column() -> None:
    good, late = dict(SHIPPED.raw[0]), dict(SHIPPED.raw[1])
    bad = good | {"id": "BAD", "icd10": ["C34", "XX9"], "minutes": 45, "note": "two\nlines", "hours": {}}
    sheet = csv_io.write(
        [good, bad, late | {"id": "WORSE", "tier": "maybe", "required": [{"discipline": "NOBODY", "min_rank": 3}]}]
    )
    found = csv_io.read(sheet.replace("any: recurrence, treatment_failure", "whenever"), vocabulary.shipped())
    assert found.raw == ()
    assert {(one.line, one.place, one.code) for one in found.mistakes} == {
        (3, "icd10", "unknown_icd10"),
        (3, "minutes", "out_of_range"),
        *((3, f"{urgency}_h", "missing") for urgency in ("emergency", "urgent", "routine")),
        (5, "tier", "not_one_of"),
        (5, "required", "unknown_discipline"),
        (5, "condition", "unreadable_clause"),
    }


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty_file"),
        (",".join(csv_io.COLUMNS), "no_lines"),
        (",".join([*csv_io.COLUMNS, "colour", "colour"]) + "\n", "column_twice"),
        (",".join([*csv_io.COLUMNS, "id"]) + "\n", "column_twice"),
        (",".join(csv_io.COLUMNS) + "\nA,required\n", "cells_fewer"),
        (",".join(csv_io.COLUMNS) + '\n"open', "quote_unclosed"),
    ],
)
def test_a_table_that_is_none(text: str, code: str) -> None:
    assert code in {one.code for one in csv_io.read(text, vocabulary.shipped()).mistakes}


def test_json_mistakes_know_their_line() -> None:
    text = json_io.write([SHIPPED.raw[0], dict(SHIPPED.raw[1]) | {"minutes": 99}])
    (mistake,) = json_io.read(text, vocabulary.shipped()).mistakes
    assert (mistake.place, mistake.code) == ("rules[1].minutes", "out_of_range")
    assert text.splitlines()[mistake.line - 1].strip() == "{"
    assert SHIPPED.raw[1]["id"] in text.splitlines()[mistake.line]


def test_a_seat_that_is_not_understood_is_named_once_with_its_rule() -> None:
    sheet = csv_io.write([SHIPPED.raw[0]]).replace("RADIOL 3; PATH 3; MEDONC 3; RADONC 3", "RADIOL")
    (mistake,) = csv_io.read(sheet, vocabulary.shipped()).mistakes
    assert (mistake.rule, mistake.line, mistake.place, mistake.code) == ("ONC-STAGE4", 2, "required", "unreadable_seat")
