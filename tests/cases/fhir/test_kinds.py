"""The kinds behind the faults of FHIR files: references, dates, requests, and files that are none. No database."""

from __future__ import annotations

import gzip
import json
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cases.fhir.core import conversion, guard, reader
from tests.cases.bundles import bundle, condition, icd, observation, patient
from tests.cases.fhir.test_reader import one, proposed, read, rules

TODAY = date(2026, 11, 30)


def at(base: str, resource: dict[str, Any]) -> dict[str, Any]:
    return {"fullUrl": f"{base}/{resource['resourceType']}/{resource['id']}", "resource": resource}


def codes(found: reader.Content, place: int = 0) -> list[str]:
    assert found.mistakes == ()
    return [each.codings[0].code for each in found.patients[place].conditions]


# References -----------------------------------------------------------------------------------------------------------
def test_a_reference_counts_from_the_server_of_its_entry() -> None:
    a, b = "http://a.example/fhir", "http://b.example/fhir"
    entries = [at(a, patient("1", family="A")), at(b, patient("1", family="B", identifier=[]))]
    diseases = [at(a, condition("7", "1", icd("C20"))), at(b, condition("7", "1", icd("C61")))]
    found = read({"resourceType": "Bundle", "entry": [*entries, *diseases]})
    assert (codes(found, 0), codes(found, 1)) == (["C20"], ["C61"])
    lost = [*entries, at("http://c.example/fhir", condition("7", "1", icd("C20")))]
    assert [each.code for each in read({"resourceType": "Bundle", "entry": lost}).mistakes] == ["unknown_patient"]
    unsaid = [*entries, {"resource": condition("7", "1", icd("C20"))}]
    assert [each.code for each in read({"resourceType": "Bundle", "entry": unsaid}).mistakes] == ["ambiguous_reference"]


def test_a_reference_by_a_number_that_two_have_is_ambiguous() -> None:
    number = [{"system": "urn:x", "value": "1"}]
    disease = condition("1", "a", icd("C20")) | {"subject": {"identifier": number[0]}}
    found = read(bundle(patient("a", identifier=number), patient("b", identifier=number), disease))
    assert [each.code for each in found.mistakes] == ["ambiguous_reference"]


@pytest.mark.parametrize("twice", [patient("p", family="Other"), condition("1", "p", icd("C61"))])
def test_two_resources_under_one_id_are_refused_and_copies_are_not(twice: dict[str, Any]) -> None:
    resources = [patient("p"), condition("1", "p", icd("C20"))]
    assert codes(read(bundle(*resources, *resources))) == ["C20"]
    assert [each.code for each in read(bundle(*resources, twice)).mistakes] == ["resource_twice"]


def test_two_patients_are_no_versions_of_one() -> None:
    old = patient("p", meta={"lastUpdated": "2026-01-01T00:00:00Z"})
    new = patient("p", identifier=[{"value": "else"}], meta={"lastUpdated": "2026-02-01T00:00:00Z"})
    assert [each.code for each in read(bundle(old, new)).mistakes] == ["resource_twice"]


# Links ----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "other", "people"),
    [
        ("replaced-by", {"family": "Else"}, 1), ("replaces", {"family": "Else"}, 1),
        ("seealso", {}, 1), ("seealso", {"family": "Else"}, 2), ("seealso", {"gender": "male"}, 2),
    ],
)  # fmt: skip
def test_linked_patients(kind: str, other: dict[str, Any], people: int) -> None:
    linked = patient("a", link=[{"type": kind, "other": {"reference": "Patient/b"}}])
    found = read(bundle(linked, patient("b", **other), condition("1", "a", icd("C20"))))
    assert found.mistakes == () and len(found.patients) == people
    owner = next(each for each in found.patients if each.conditions)
    assert len(owner.identifiers) == (2 if people == 1 else 1)


def test_links_in_a_circle_end() -> None:
    first = patient("a", link=[{"type": "replaced-by", "other": {"reference": "Patient/b"}}])
    second = patient("b", link=[{"type": "replaced-by", "other": {"reference": "Patient/a"}}])
    assert len(read(bundle(first, second)).patients) == 1


# Facts ----------------------------------------------------------------------------------------------------------------
def test_suspected_is_marked_until_it_is_confirmed() -> None:
    def tumour(status: str, key: str = "1") -> dict[str, Any]:
        return condition(key, "p", icd("C20"), verificationStatus={"coding": [{"code": status}]})

    for status in ("provisional", "differential", "unconfirmed"):
        assert "suspected" in proposed(patient("p"), tumour(status))["C20"].facts.flags
    assert "suspected" not in proposed(patient("p"), tumour("provisional"), tumour("confirmed", "2"))["C20"].facts.flags


def test_of_two_codings_of_a_status_the_standard_one_counts() -> None:
    standard = {"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "resolved"}
    both = {"coding": [{"system": "urn:ours", "code": "AKT"}, standard]}
    assert one(patient("p"), condition("1", "p", icd("C20"), clinicalStatus=both)).conditions[0].clinical == "resolved"


def test_a_limit_is_no_value_and_the_day_of_recording_no_onset() -> None:
    stroke = condition("1", "p", icd("I63.9"), recordedDate="2026-11-20")
    nihss = observation("p", "70182-1", effectiveDateTime="2026-11-10", valueQuantity={"value": 18})
    assert proposed(patient("p"), stroke, nihss)["I63.9"].facts.scores == {"NIHSS": 18}
    limit = nihss | {"valueQuantity": {"value": 18, "comparator": "<"}}
    found = proposed(patient("p"), stroke, limit)["I63.9"]
    assert found.facts.scores == {} and [note.code for note in found.notes] == ["score_is_a_limit"]


def test_a_moment_is_a_day_of_the_hospital() -> None:
    late = condition("1", "p", icd("C20"), onsetDateTime="2026-09-30T16:30:00Z")
    found = reader.read(json.dumps(bundle(patient("p"), late)), ZoneInfo("Asia/Shanghai"))
    assert found.patients[0].conditions[0].onset == date(2026, 10, 1)


def test_a_request_brings_urgency_and_question_and_can_be_revoked() -> None:
    asked = {
        "resourceType": "ServiceRequest", "id": "s", "status": "active", "priority": "stat",
        "code": {"text": "Tumor board"}, "subject": {"reference": "Patient/p"}, "note": [{"text": "Operate?"}],
        "reasonReference": [{"reference": "Condition/1"}],
    }  # fmt: skip
    tumour = condition("1", "p", icd("C20"))
    found = proposed(patient("p"), tumour, asked)["C20"]
    assert (found.urgency, found.question) == ("emergency", "Operate?")
    revoked = asked | {"status": "revoked", "reasonReference": [], "reasonCode": [icd("C61")]}
    person = one(patient("p"), revoked)
    assert [each.why for each in conversion.propose(person, rules(), today=TODAY)[1]] == ["revoked"]
    scan = asked | {"code": {"text": "CT of the chest"}}
    assert proposed(patient("p"), tumour, scan)["C20"].urgency == "", "not every request is for a discussion"


# Files ----------------------------------------------------------------------------------------------------------------
def test_ndjson_is_read_and_a_broken_line_named() -> None:
    lines = [json.dumps(each) for each in (patient("p"), condition("1", "p", icd("C20")))]
    assert codes(reader.read("\n".join([*lines, ""]))) == ["C20"]
    (mistake,) = reader.read("\n".join([lines[0], "{", lines[1]])).mistakes
    assert (mistake.place, mistake.code) == ("line 2", "not_json")


@pytest.mark.parametrize(
    ("packed", "code"),
    [
        (b"", "empty_file"), (b" \n", "empty_file"), ("{}".encode("utf-16"), "wrong_encoding"),
        ('{"a": "王"}'.encode("gbk"), "wrong_encoding"), (b"<Patient/>", "xml"), (b"<!DOCTYPE html><p>", "html"),
        (b"PK\x03\x04rest", "zip"), (gzip.compress(b"{}", mtime=0)[:-9], "gzip_cut"),
        (b"\x1f\x8b" + b"x" * 40, "gzip_broken"),
        (gzip.compress(b" " * 3_000_000, mtime=0), "too_large"), (b"\x1f\x8b", "gzip_cut"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_why(packed: bytes, code: str) -> None:
    _text, mistake = guard.text_of(packed, most=2_000_000)
    assert mistake is not None and mistake.code == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"a": NaN}', "no_number"), ('{"a": 1e999}', "number_too_large"),
        ('{"a": %s}' % ("9" * 6000), "number_too_large"),
        ('{"a": 1, "a": 2}', "key_twice"), ('{"a": "\\u0000"}', "bad_character"), ('{"\\ud800": 1}', "bad_character"),
        ('{"a":' * 90 + "1" + "}" * 90, "too_deep"), ('{"a":' * 90_000 + "1" + "}" * 90_000, "too_deep"),
        ("[1, 2]", "not_an_object"), ('"x"', "not_an_object"), ("{", "not_json"),
    ],
)  # fmt: skip
def test_no_file_ends_in_a_traceback(text: str, code: str) -> None:
    assert [each.code for each in reader.read(text).mistakes] == [code]


def test_bundles_in_bundles_end() -> None:
    inner: dict[str, Any] = bundle(patient("p"))
    for _ in range(8):
        inner = bundle(inner)
    assert {each.code for each in read(inner).mistakes} == {"too_deep"}


def test_another_version_of_fhir_is_named() -> None:
    dstu2 = condition("1", "nobody", icd("C20"), patient={"reference": "Patient/x"}, dateRecorded="2015-01-01")
    del dstu2["subject"]
    assert [each.code for each in read(bundle(dstu2)).mistakes] == ["other_version", "unknown_patient"]
