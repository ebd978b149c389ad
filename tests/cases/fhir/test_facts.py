"""Scores and stages out of a FHIR file: what cannot be is not taken, and the referral stands."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from cases.catalogue.core import json_io, vocabulary
from cases.catalogue.core.evaluation import Rule, Undecided
from cases.fhir.core import conversion, reader
from cases.fhir.core.conversion import Referral
from tests.cases import bundles

TODAY = date(2026, 11, 30)


@pytest.fixture(scope="module")
def rules() -> tuple[Rule, ...]:
    found = json_io.read(vocabulary.CATALOGUE_FILE.read_text(encoding="utf-8"), vocabulary.shipped())
    return tuple(found.rules)


def referral(rules: tuple[Rule, ...], *resources: dict[str, Any]) -> Referral:
    text = json.dumps(bundles.bundle(bundles.patient("p1"), *resources))
    content = reader.read(text)
    assert not content.mistakes
    (found,), _passed = conversion.propose(content.patients[0], rules, today=TODAY)
    return found


def stroke() -> dict[str, Any]:
    return bundles.condition("c1", "p1", bundles.icd("I63.9"), onsetDateTime="2026-11-29")


def nihss(**value: Any) -> dict[str, Any]:
    return bundles.observation("p1", "70182-1", effectiveDateTime="2026-11-29", **value)


@pytest.mark.parametrize(
    "value",
    [
        {"valueQuantity": {"value": 99}}, {"valueQuantity": {"value": -5}}, {"valueInteger": 420},
        {"valueQuantity": {"value": 18, "comparator": "<"}},
        {"valueString": "NaN"}, {"valueString": "<18"},
    ],
)  # fmt: skip
def test_a_score_that_cannot_be_is_asked_for_and_the_referral_stands(rules, value: dict[str, Any]) -> None:
    found = referral(rules, stroke(), nihss(**value))
    assert isinstance(found.answer, Undecided)
    assert found.answer.missing == ("score:NIHSS",)
    assert {one.code for one in found.notes} <= {"score_out_of_range", "score_is_a_limit"}


def test_a_score_is_read_from_a_string(rules) -> None:
    assert referral(rules, stroke(), nihss(valueString="12")).facts.scores == {"NIHSS": 12}


def tumour(**fields: Any) -> dict[str, Any]:
    return bundles.condition("c1", "p1", bundles.icd("C34.1"), onsetDateTime="2026-10-01", **fields)


def staged(text: str, **fields: Any) -> dict[str, Any]:
    return {"summary": {"text": text}} | fields


def test_the_stage_of_the_tissue_counts_before_the_clinical_one(rules) -> None:
    clinical = staged("IIA", type=bundles.snomed("260998006", "Clinical staging"))
    tissue = staged("IIIB", type=bundles.snomed("261023001", "Pathological staging"))
    assert referral(rules, tumour(stage=[tissue, clinical])).facts.stage == "IIIB"
    assert referral(rules, tumour(stage=[clinical, tissue])).facts.stage == "IIIB"


def stage_group(day: str, **fields: Any) -> dict[str, Any]:
    return bundles.observation("p1", "21908-9", effectiveDateTime=day, **fields)


def test_a_stage_of_another_time_is_not_taken(rules) -> None:
    assert referral(rules, tumour(), stage_group("2015-01-01", valueString="IIIB")).facts.stage is None
    assert referral(rules, tumour(), stage_group("2027-01-01", valueString="IIIB")).facts.stage is None


def test_the_assessment_that_a_condition_names_is_followed(rules) -> None:
    assessment = {"id": "o1", "code": {"text": "our own staging"}, "valueCodeableConcept": bundles.snomed("1222806003")}
    condition = tumour(stage=[{"assessment": [{"reference": "Observation/o1"}]}])
    found = referral(rules, condition, stage_group("2026-10-05", **assessment))
    assert found.facts.stage == "IIIC"


def test_a_stage_of_mcode_needs_no_display(rules) -> None:
    value = bundles.snomed("1222806003")
    assert referral(rules, tumour(), stage_group("2026-10-05", valueCodeableConcept=value)).facts.stage == "IIIC"
