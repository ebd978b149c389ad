"""Reading FHIR: the standard's shapes, and every mistake with its place. And what patients lead to. No database."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from typing import Any

import pytest

from cases.catalogue.core import json_io, vocabulary
from cases.catalogue.core.evaluation import Requirement, Rule, Undecided
from cases.diagnoses.core import diseases
from cases.fhir.core import clinical_codes, conversion, reader
from cases.fhir.core.json_fields import Coding
from tests.cases.bundles import bundle, coded, condition, icd, observation, patient, snomed

TODAY = date(2026, 11, 22)


@cache
def rules() -> tuple[Rule, ...]:
    return json_io.read(vocabulary.CATALOGUE_FILE.read_text(encoding="utf-8"), vocabulary.shipped()).rules


def read(top: Any) -> reader.Content:
    return reader.read(json.dumps(top))


def one(*resources: dict[str, Any]) -> reader.Patient:
    found = read(bundle(*resources))
    assert found.mistakes == ()
    return found.patients[0]


def proposed(*resources: dict[str, Any]) -> dict[str, conversion.Referral]:
    """The referrals of the bundle's first patient, by WHO code."""
    referrals, _passed = conversion.propose(one(*resources), rules(), today=TODAY)
    return {referral.facts.code: referral for referral in referrals}


# Reading ------------------------------------------------------------------------------------------
def test_a_single_patient_is_a_file_too() -> None:
    found = read(patient("p", given="Adán", family="O'Neill"))
    assert [(one.name, one.sex, one.born, one.born_exactly) for one in found.patients] == [
        ("Adán O'Neill", "female", date(1970, 5, 17), True)
    ]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([{"family": "Old", "use": "old"}, {"family": "New", "given": ["A", "B"]}], "A B New"),
        ([{"use": "maiden", "family": "M"}, {"use": "official", "family": "O"}], "O"),
        ([{"text": "Dr. Who"}], "Dr. Who"),
        ([{"family": "王", "given": ["小明"]}], "王小明"),
        ([{"given": ["Only"]}], "Only"),
        ([], ""),
    ],
)
def test_the_name_in_use(names: list[dict[str, Any]], expected: str) -> None:
    assert one(patient("p", name=names)).name == expected


@pytest.mark.parametrize(
    "reference",
    ["Patient/p", "urn:uuid:p", "http://x/fhir/Patient/p", "Patient/p/_history/2", "Patient?identifier=urn:test|mrn-p"],
)
def test_a_reference_in_any_spelling(reference: str) -> None:
    disease = condition("1", "p", icd("C20")) | {"subject": {"reference": reference}}
    assert len(one(patient("p"), disease).conditions) == 1


def test_a_reference_by_full_url_by_identifier_and_to_a_contained_patient() -> None:
    by_url = {
        "resourceType": "Bundle",
        "entry": [
            {"fullUrl": "urn:uuid:abc", "resource": patient("p")},
            {"resource": condition("1", "p", icd("C20")) | {"subject": {"reference": "urn:uuid:abc"}}},
        ],
    }
    by_number = condition("1", "p", icd("C20")) | {"subject": {"identifier": {"system": "urn:test", "value": "mrn-p"}}}
    contained = condition("1", "p", icd("C20")) | {"subject": {"reference": "#p"}, "contained": [patient("p")]}
    for content in (read(by_url), read(bundle(patient("p"), by_number)), read(contained)):
        assert content.mistakes == ()
        assert [len(one.conditions) for one in content.patients] == [1]


def test_several_patients_keep_their_own_conditions() -> None:
    found = read(bundle(patient("a"), patient("b"), condition("1", "b", icd("C20")), condition("2", "a", icd("C34.9"))))
    assert [[one.codings[0].code for one in person.conditions] for person in found.patients] == [["C34.9"], ["C20"]]


def test_of_two_versions_the_latest_counts() -> None:
    old = condition("1", "p", icd("C20"), meta={"lastUpdated": "2026-01-01T00:00:00Z"})
    new = condition("1", "p", icd("C18.7"), meta={"lastUpdated": "2026-02-01T00:00:00Z"})
    for order in ((old, new), (new, old)):
        assert [one.codings[0].code for one in one(patient("p"), *order).conditions] == ["C18.7"]


def test_other_resources_deletions_and_groups_are_passed_over() -> None:
    top = bundle(patient("p"), {"resourceType": "Claim", "patient": 5}, condition("1", "p", icd("C20")))
    top["entry"] += [{"request": {"method": "DELETE", "url": "Patient/9"}}]
    top["entry"] += [{"resource": condition("2", "p", icd("C20")) | {"subject": {"reference": "Group/g"}}}]
    top["entry"] += [{"resource": observation("x", "1234-5")}]
    found = read(top)
    assert found.mistakes == ()
    assert len(found.patients[0].conditions) == 1


@pytest.mark.parametrize(
    ("fields", "active"),
    [
        ({}, True),
        ({"clinicalStatus": None}, True),
        ({"clinicalStatus": "active"}, True),
        ({"clinicalStatus": {"coding": [{"code": "recurrence"}]}}, True),
        ({"clinicalStatus": {"coding": [{"code": "resolved"}]}}, False),
        ({"clinicalStatus": {"coding": [{"code": "remission"}]}}, False),
        ({"clinicalStatus": {"coding": [{"code": "inactive"}]}}, False),
        ({"verificationStatus": {"coding": [{"code": "entered-in-error"}]}}, False),
        ({"verificationStatus": {"coding": [{"code": "refuted"}]}}, False),
        ({"verificationStatus": {"coding": [{"code": "provisional"}]}}, True),
        ({"abatementDateTime": "2020"}, False),
        ({"abatementDateTime": "2020-05"}, False),
        ({"abatementDateTime": "2020-05-01T10:00:00.5+02:00"}, False),
        ({"abatementDateTime": "2099-01-01"}, True),
        ({"abatementAge": {"value": 50}}, False),
        ({"abatementString": "in spring"}, False),
        ({"abatementBoolean": True}, False),
        ({"abatementBoolean": False}, True),
        ({"abatementPeriod": {"start": "2020-01-01"}}, True),
        ({"abatementPeriod": {"start": "2020-01-01", "end": "2020-02-01"}}, False),
    ],
)
def test_which_conditions_are_present(fields: dict[str, Any], active: bool) -> None:
    disease = condition("1", "p", icd("C20")) | fields
    assert [one.active(TODAY) for one in one(patient("p"), disease).conditions] == [active]
    assert bool(proposed(patient("p"), disease)) == active


@pytest.mark.parametrize(
    ("top", "place", "code"),
    [
        ([], "", "not_an_object"),
        ({}, "resourceType", "missing"),
        ({"resourceType": "Slot"}, "resourceType", "wrong_resource"),
        ({"resourceType": "Bundle", "entry": {}}, "Bundle.entry", "not_a_list"),
        ({"resourceType": "Bundle", "entry": [5]}, "Bundle.entry[0]", "not_an_object"),
        ({"resourceType": "Bundle", "entry": [{"resource": 5}]}, "Bundle.entry[0].resource", "not_an_object"),
        (bundle({"id": "x"}), "Bundle.entry[0].resource.resourceType", "missing"),
        (bundle(patient("p", birthDate="17.5.1970")), "Bundle.entry[0].resource.birthDate", "bad_date"),
        (bundle(patient("p", birthDate=1970)), "Bundle.entry[0].resource.birthDate", "not_text"),
        (bundle(patient("p", gender="F")), "Bundle.entry[0].resource.gender", "not_one_of"),
        (bundle(patient("p", name={"family": "x"})), "Bundle.entry[0].resource.name", "not_a_list"),
        (bundle(patient("p", name=["x"])), "Bundle.entry[0].resource.name[0]", "not_an_object"),
        (bundle(patient("p", name=[{"given": "x"}])), "Bundle.entry[0].resource.name[0].given", "not_a_list"),
        (
            bundle(patient("p"), condition("1", "q", icd("C20"))),
            "Bundle.entry[1].resource.subject.reference", "unknown_patient",
        ),
        (
            bundle(patient("p"), {"resourceType": "Condition", "code": icd("C20")}),
            "Bundle.entry[1].resource.subject", "missing",
        ),
        (
            bundle(patient("p"), condition("1", "p", icd("C20"), onsetDateTime="2026-13-01")),
            "Bundle.entry[1].resource.onsetDateTime", "bad_date",
        ),
        (
            bundle(patient("p"), condition("1", "p", icd("C20"), clinicalStatus={"coding": [{"code": "alive"}]})),
            "Bundle.entry[1].resource.clinicalStatus", "not_one_of",
        ),
        (
            bundle(patient("p"), condition("1", "p", {"coding": [{"code": 5}]})),
            "Bundle.entry[1].resource.code.coding[0].code", "not_text",
        ),
        (condition("1", "p", icd("C20")), "Condition.subject.reference", "unknown_patient"),
    ],
)  # fmt: skip
def test_a_broken_file_gives_nothing_but_its_mistakes(top: Any, place: str, code: str) -> None:
    found = read(top)
    assert [(one.place, one.code) for one in found.mistakes] == [(place, code)]
    assert found.patients == ()


def test_a_file_that_is_not_json() -> None:
    found = reader.read('{"resourceType": "Bundle"\n')
    assert [(one.code, one.params["line"], one.params["column"]) for one in found.mistakes] == [("not_json", 2, 1)]
    assert reader.read("[" * 100_000).mistakes[0].code == "too_deep"


# Codes --------------------------------------------------------------------------------------------
CM = "http://hl7.org/fhir/sid/icd-10-cm"


@pytest.mark.parametrize(
    ("system", "code", "who"),
    [
        (CM, "C34.90", "C34.9"), (CM, "C80.1", "C80.9"), (CM, "E11.621", "E11.5"), (CM, "C7A.1", "C80.9"),
        (CM, "C7C.1", None),
        ("http://hl7.org/fhir/sid/icd-10", "c34.9", "C34.9"), ("urn:oid:2.16.840.1.113883.6.3", "I64", "I64"),
        ("http://fhir.de/CodeSystem/bfarm/icd-10-gm", "C50.9", "C50.9"),
        ("http://hl7.org/fhir/sid/icd-9-cm", "162.9", None),
        ("http://hl7.org/fhir/sid/icd-10-pcs", "B20", None), ("http://snomed.info/sct", "254637007", "C34.9"),
        ("http://snomed.info/sct", "271737000", None), ("http://snomed.info/sct", "1", None), ("", "C34.9", None),
    ],
)  # fmt: skip
def test_codes_become_those_of_who(system: str, code: str, who: str | None) -> None:
    found = clinical_codes.diagnosis([Coding(system=system, code=code)])
    assert (found.code if found else None) == who


def test_icd_10_goes_before_snomed() -> None:
    both = {"coding": [*snomed("254637007")["coding"], *icd("C34.1")["coding"]]}
    assert list(proposed(patient("p"), condition("1", "p", both, stage=[{"summary": {"text": "I"}}]))) == ["C34.1"]


def test_every_family_has_real_codes() -> None:
    assert diseases.disease_of("C34.9") == "lung"
    assert diseases.disease_of("C79.3") == diseases.METASTASIS
    assert diseases.disease_of("K40.9") == "K40"
    assert diseases.is_chronic("I10")
    assert not diseases.is_chronic("J01.9")


# Referrals ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "stage",
    [
        [{"summary": {"text": "Stage IIIB"}}], [{"summary": coded("http://cancerstaging.org", "3B")}],
        [{"summary": coded("http://snomed.info/sct", "1", "AJCC stage IIIB (qualifier value)")}],
        {"summary": {"text": "IIIB"}},
    ],
)  # fmt: skip
def test_the_stage_of_the_condition(stage: Any) -> None:
    found = proposed(patient("p"), condition("1", "p", icd("C34.9"), stage=stage))["C34.9"]
    assert found.facts.stage == "IIIB"
    assert isinstance(found.answer, Requirement)
    assert found.answer.tier == "required"


def test_the_stage_of_an_observation_the_last_one_counts() -> None:
    def staged(day: str, text: str, **fields: Any) -> dict[str, Any]:
        return observation("p", "21908-9", effectiveDateTime=day, valueCodeableConcept={"text": text}, **fields)

    tumour = condition("1", "p", icd("C34.9"), stage=[{"summary": {"text": "IIIB"}}], onsetDateTime="2026-01-01")
    found = proposed(patient("p"), tumour, staged("2026-03-01", "Stage IIA"), staged("2026-02-01", "IV"))
    assert found["C34.9"].facts.stage == "IIA"
    two = proposed(patient("p"), tumour, condition("2", "p", icd("C18.7")), staged("2026-03-01", "I"))
    assert (two["C34.9"].facts.stage, two["C18.7"].facts.stage) == ("IIIB", None), "whose stage it is cannot be known"
    focused = staged("2026-03-01", "II", focus=[{"reference": "Condition/2"}])
    two = proposed(patient("p"), tumour, condition("2", "p", icd("C18.7")), focused)
    assert (two["C34.9"].facts.stage, two["C18.7"].facts.stage) == ("IIIB", "II")


def test_a_stage_of_kidney_disease_is_no_stage_of_a_tumour() -> None:
    kidney = condition("1", "p", snomed("431855005", "Chronic kidney disease stage 1 (disorder)"))
    assert proposed(patient("p"), kidney) == {}
    assert clinical_codes.diagnosis([Coding(system="http://snomed.info/sct", code="431855005")]).stage is None  # type: ignore[union-attr]


def test_metastases_join_their_primary() -> None:
    found = proposed(
        patient("p"),
        condition("1", "p", icd("C18.7"), stage=[{"summary": {"text": "II"}}]),
        condition("2", "p", icd("C78.7")),
        condition("3", "p", icd("C79.3")),
    )
    assert list(found) == ["C18.7"]
    assert (found["C18.7"].facts.stage, found["C18.7"].facts.flags) == ("IV", {"liver_metastasis", "brain_metastasis"})
    assert found["C18.7"].keys == ("Condition/1", "Condition/2", "Condition/3")
    answer = found["C18.7"].answer
    assert isinstance(answer, Requirement)
    assert {"CRLM", "ONC-STAGE4", "ONC-BRMETS"} == {key for key, _ in answer.rules}


def test_metastases_of_a_resolved_primary_stand_for_themselves_as_one_disease() -> None:
    gone = condition("1", "p", icd("C18.7"), abatementDateTime="2020")
    found = proposed(patient("p"), gone, condition("2", "p", icd("C78.7")), condition("3", "p", icd("C79.3")))
    assert len(found) == 1
    assert next(iter(found.values())).facts.stage == "IV"


def test_scores_by_loinc_the_last_since_onset() -> None:
    def nihss(day: str, **value: Any) -> dict[str, Any]:
        return observation("p", "70182-1", effectiveDateTime=day, **value)

    stroke = condition("1", "p", icd("I63.9"), onsetDateTime="2026-05-01")
    old = nihss("2020-01-01", valueInteger=20)
    assert isinstance(proposed(patient("p"), stroke, old)["I63.9"].answer, Undecided), "from another stroke"
    later = [nihss("2026-05-01T09:00:00Z", valueQuantity={"value": 18}), nihss("2026-05-03", valueString="7")]
    assert proposed(patient("p"), stroke, old, *later)["I63.9"].facts.scores == {"NIHSS": 7}
    void = nihss("2026-05-04", valueInteger=30) | {"status": "entered-in-error"}
    assert proposed(patient("p"), stroke, *later, void)["I63.9"].facts.scores == {"NIHSS": 7}


def test_a_score_in_a_component_and_one_from_the_diagnosis_itself() -> None:
    panel = observation("p", "85353-1", component=[{"code": coded("http://loinc.org", "9269-2"), "valueInteger": 7}])
    assert proposed(patient("p"), condition("1", "p", icd("S06.5")), panel)["S06.5"].facts.scores == {"GCS": 7}
    obese = condition("1", "p", snomed("408512008", "Body mass index 40+ - severely obese (finding)"))
    answer = proposed(patient("p"), obese)["E66.8"].answer
    assert isinstance(answer, Requirement)
    assert answer.tier == "suggested"


def test_comorbidities_are_the_other_active_chronic_diseases() -> None:
    found = proposed(
        patient("p"),
        condition("1", "p", icd("C18.7"), stage=[{"summary": {"text": "I"}}]),
        condition("2", "p", icd("I10")),
        condition("3", "p", icd("E11.4")),
        condition("4", "p", icd("E11.3")),
        condition("5", "p", icd("J44.9")),
        condition("6", "p", icd("N18.3"), abatementDateTime="2020"),
        condition("7", "p", icd("J01.9")),
    )
    assert found["C18.7"].facts.comorbidities == 3
    answer = found["C18.7"].answer
    assert isinstance(answer, Requirement)
    assert ("ONC-COMORB", 1) in answer.rules


@pytest.mark.parametrize(
    ("fields", "age"),
    [
        ({"birthDate": "2000-11-23"}, 25), ({"birthDate": "2000-11-22"}, 26), ({"birthDate": "2000"}, 26),
        ({"birthDate": "2000-12"}, 25), ({"birthDate": "1800-01-01"}, None), ({}, 56),
        ({"birthDate": "1950-01-01", "deceasedDateTime": "2010-06-01"}, 60),
    ],
)  # fmt: skip
def test_the_age(fields: dict[str, Any], age: int | None) -> None:
    person = one(patient("p", **fields), condition("1", "p", icd("C20")))
    referrals, _passed = conversion.propose(person, rules(), today=TODAY, of_the_dead=True)
    assert [referral.facts.age for referral in referrals] == [age]


@pytest.mark.parametrize("written", ["1961-04-03", "1961年4月3日"])
def test_a_date_of_birth_is_read_as_the_form_reads_it(written: str) -> None:
    (found,) = read(bundle(patient("p", birthDate=written))).patients
    assert (found.born, found.born_exactly) == (date(1961, 4, 3), True)


def test_without_a_birth_date_the_age_is_unknown() -> None:
    nobody = patient("p")
    del nobody["birthDate"]
    assert proposed(nobody, condition("1", "p", icd("C20")))["C20"].facts.age is None


def test_a_recurrence_and_a_pregnancy_are_findings() -> None:
    relapse = condition("1", "p", icd("C18.7"), clinicalStatus={"coding": [{"code": "recurrence"}]})
    pregnant = condition("2", "p", snomed("72892002", "Normal pregnancy"), onsetDateTime="2026-08-01")
    assert proposed(patient("p"), relapse, pregnant)["C18.7"].facts.flags == {"recurrence", "pregnant"}
    long_ago = pregnant | {"onsetDateTime": "2016-08-01"}
    assert proposed(patient("p"), relapse, long_ago)["C18.7"].facts.flags == {"recurrence"}


def test_what_gives_no_referral_says_why() -> None:
    person = one(
        patient("p"),
        condition("1", "p", snomed("428251008", "History of appendectomy")),
        condition("2", "p", snomed("271737000", "Anemia (disorder)")),
        condition("3", "p", icd("I48.9", "Atrial fibrillation")),
        condition("4", "p", icd("C20"), abatementDateTime="2020"),
        condition("5", "p", {"text": "feels odd"}),
        {"resourceType": "Condition", "id": "6", "subject": {"reference": "Patient/p"}},
    )
    referrals, passed = conversion.propose(person, rules(), today=TODAY)
    assert referrals == []
    assert sorted(one.why for one in passed) == ["history", "no_rule", "resolved", "unmapped", "unmapped", "unmapped"]
