"""The closed grammar of rules and files: every mistake is found, with its place."""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import Any

import pytest

from cases.catalogue import wording
from cases.catalogue.core import json_io, vocabulary
from cases.core.mistake import Mistake

GOOD: dict[str, Any] = {
    "id": "X-1",
    "name_en": "A rule",
    "name_zh": "规则",
    "icd10": ["C18-C21", "C34.9"],
    "condition": {"stage_min": "II", "stage_max": "IIIB"},
    "tier": "required",
    "care_level": "regional",
    "required": [{"discipline": "PATH", "count": 1, "min_rank": 3}],
    "optional": ["CNS"],
    "hours": {"emergency": 4, "urgent": 24, "routine": 72},
    "minutes": 15,
}


@cache
def words() -> vocabulary.Vocabulary:
    return vocabulary.shipped()


def read(*rules: Any) -> json_io.RuleFile:
    return json_io.read(json.dumps({"rules": list(rules)}), words())


def changed(path: str, value: Any) -> dict[str, Any]:
    """GOOD with one value replaced; `path` such as `required.0.count`; a value of ... takes the key away."""
    raw: Any = copy.deepcopy(GOOD)
    node, *rest = path.split(".")
    target = raw
    while rest:
        target = target[int(node) if node.isdigit() else node]
        node, *rest = rest
    if value is ...:
        del target[node]
    else:
        target[int(node) if node.isdigit() else node] = value
    return raw


def test_the_good_rule_has_no_mistake_and_takes_group_and_materials_from_its_codes() -> None:
    found = read(GOOD)
    assert found.mistakes == ()
    assert found.rules[0].disease_group == "colorectal"
    assert "imaging" in found.rules[0].materials


@pytest.mark.parametrize(
    ("path", "value", "place", "code"),
    [
        ("minutes", 31, "rules[0].minutes", "out_of_range"),
        ("minutes", 0, "rules[0].minutes", "out_of_range"),
        ("minutes", "15", "rules[0].minutes", "not_a_whole_number"),
        ("minutes", True, "rules[0].minutes", "not_a_whole_number"),
        ("minutes", ..., "rules[0].minutes", "missing"),
        ("tier", "maybe", "rules[0].tier", "not_one_of"),
        ("tier", ["required"], "rules[0].tier", "not_one_of"),
        ("care_level", "galactic", "rules[0].care_level", "not_one_of"),
        ("name_zh", "", "rules[0].name_zh", "empty"),
        ("name_en", 5, "rules[0].name_en", "not_text"),
        ("id", "bad id!", "rules[0].id", "bad_key"),
        ("colour", "red", "rules[0].colour", "unknown_key"),
        ("icd10", [], "rules[0].icd10", "empty"),
        ("icd10", "C34", "rules[0].icd10", "not_a_list"),
        ("icd10.1", "C99", "rules[0].icd10[1]", "unknown_icd10"),
        ("icd10.0", "C21-C18", "rules[0].icd10[0]", "range_backwards"),
        ("icd10.0", "C18-Q99.99", "rules[0].icd10[0]", "unknown_icd10"),
        ("icd10.1", "C18-C21", "rules[0].icd10[1]", "twice"),
        ("required", [], "rules[0].required", "no_seat"),
        ("required.0", "PATH", "rules[0].required[0]", "not_an_object"),
        ("required.0.discipline", "NOPE", "rules[0].required[0].discipline", "unknown_discipline"),
        ("required.0.discipline", None, "rules[0].required[0].discipline", "unknown_discipline"),
        ("required.0.discipline", ["PATH"], "rules[0].required[0].discipline", "unknown_discipline"),
        ("required.0.min_rank", 5, "rules[0].required[0].min_rank", "out_of_range"),
        ("required.0.count", 0, "rules[0].required[0].count", "out_of_range"),
        ("required.0.colour", 1, "rules[0].required[0].colour", "unknown_key"),
        ("optional.0", "NOPE", "rules[0].optional[0]", "unknown_discipline"),
        ("hours", None, "rules[0].hours", "not_an_object"),
        ("hours.urgent", ..., "rules[0].hours.urgent", "missing"),
        ("hours.urgent", 3, "rules[0].hours.urgent", "hours_not_rising"),
        ("hours.soon", 3, "rules[0].hours.soon", "unknown_key"),
        ("hours.routine", 0, "rules[0].hours.routine", "out_of_range"),
        ("condition", [], "rules[0].condition", "not_an_object"),
        ("condition.stage", "IV", "rules[0].condition.stage", "unknown_key"),
        ("condition.stage_min", "V", "rules[0].condition.stage_min", "unknown_stage"),
        ("condition.stage_max", "I", "rules[0].condition.stage_max", "max_below_min"),
        ("condition", {"or_flags": ["recurrence"]}, "rules[0].condition.or_flags", "or_flags_without_stage"),
        ("condition", {"score": "NIHSS"}, "rules[0].condition.score", "score_without_limit"),
        ("condition", {"score_min": 5}, "rules[0].condition.score_min", "limit_without_score"),
        ("condition", {"score": "NIHSS", "score_min": "5"}, "rules[0].condition.score_min", "not_a_number"),
        (
            "condition", {"score": "NIHSS", "score_min": 5, "score_max": 4},
            "rules[0].condition.score_max", "max_below_min",
        ),
        ("condition", {"flags_any": []}, "rules[0].condition.flags_any", "empty"),
        ("condition", {"flags_any": ["Big Flag"]}, "rules[0].condition.flags_any[0]", "bad_name"),
        (
            "condition", {"flags_all": ["a", "b"], "flags_none": ["b"]},
            "rules[0].condition.flags_none", "never_true",
        ),
        (
            "condition", {"flags_any": ["b"], "flags_none": ["b"]},
            "rules[0].condition.flags_any", "never_true",
        ),
        ("condition", {"age_min": 70, "age_max": 60}, "rules[0].condition.age_max", "max_below_min"),
        ("condition", {"comorbidities_min": -1}, "rules[0].condition.comorbidities_min", "out_of_range"),
        ("condition", {"rare_class": "D"}, "rules[0].condition.rare_class", "not_one_of"),
        ("condition", {"surgery_level_min": 5}, "rules[0].condition.surgery_level_min", "out_of_range"),
        ("disease_group", "nobody", "rules[0].disease_group", "unknown_group"),
        ("disease_group", ["lung"], "rules[0].disease_group", "unknown_group"),
        ("materials", ["nothing"], "rules[0].materials[0]", "unknown_material"),
        ("evidence", {"tier": 5}, "rules[0].evidence", "not_texts_by_name"),
    ],
)  # fmt: skip
def test_one_mistake_is_one_message_with_its_place(path: str, value: Any, place: str, code: str) -> None:
    found = read(changed(path, value))
    assert [(one.place, one.code) for one in found.mistakes] == [(place, code)]
    assert found.rules == ()
    assert wording.mistake_text(found.mistakes[0])


def test_a_rule_for_none_needs_no_hours_minutes_or_seats() -> None:
    assert read(GOOD | {"tier": "none", "hours": None, "minutes": 0, "required": []}).mistakes == ()


def test_all_mistakes_come_at_once_and_name_their_rule() -> None:
    found = read(GOOD, GOOD | {"id": "X-2", "minutes": 99, "tier": "no"}, 7, {"id": "X-4"})
    assert {(one.rule, one.place) for one in found.mistakes} >= {
        ("X-2", "rules[1].minutes"), ("X-2", "rules[1].tier"), ("", "rules[2]"), ("X-4", "rules[3].icd10"),
    }  # fmt: skip


def test_an_id_twice_and_a_contradiction() -> None:
    other = GOOD | {"id": "X-2", "tier": "suggested", "icd10": ["C34.9", "C18", "C19-C21"]}
    assert [(one.place, one.code) for one in read(GOOD, other).mistakes] == [("rules[1].tier", "contradiction")]
    assert [(one.place, one.code) for one in read(GOOD, GOOD).mistakes] == [("rules[1].id", "id_twice")]
    assert read(GOOD, other | {"condition": {}}).mistakes == (), "overlap is meant"


def test_a_file_of_the_wrong_shape() -> None:
    def codes(text: str) -> list[tuple[str, str]]:
        return [(one.place, one.code) for one in json_io.read(text, words()).mistakes]

    assert codes("[]") == [("rules", "no_rules")]
    assert codes('{"rules": {}}') == [("rules", "no_rules")]
    assert codes('{"rules": [], "extra": 1}') == [("extra", "unknown_key")]
    assert codes('{"rules": [], "rules": []}') == [("rules", "key_twice")]
    assert codes("[" * 100_000) == [("", "too_deep")]
    found = json_io.read('{"rules": [\n{"id" "X"}]}', words()).mistakes
    assert found == (
        Mistake(
            place="", code="not_json", params={"line": 2, "column": 7, "problem": "Expecting ':' delimiter"}, line=2
        ),
    )


def test_a_misspelt_flag_is_a_hint_not_a_mistake() -> None:
    found = read(GOOD | {"condition": {"flags_any": ["recurence"]}})
    assert found.mistakes == ()
    assert [(one.code, one.params["near"]) for one in found.hints] == [("new_flag", "recurrence")]


def test_every_code_of_the_vocabulary_has_words() -> None:
    assert set(wording.FLAGS) == set(vocabulary.FLAGS)
    assert set(wording.SCORES) == set(vocabulary.SCORES)
