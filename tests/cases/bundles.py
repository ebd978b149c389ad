"""Small FHIR resources for tests; every element can be overridden."""

from __future__ import annotations

from typing import Any


def patient(key: str, *, family: str = "Doe", given: str = "Jo", **fields: Any) -> dict[str, Any]:
    number = {"system": "urn:test", "value": f"mrn-{key}", "type": {"coding": [{"code": "MR"}]}}
    name = {"use": "official", "family": family, "given": [given]}
    return {
        "resourceType": "Patient",
        "id": key,
        "identifier": [number],
        "name": [name],
        "gender": "female",
        "birthDate": "1970-05-17",
    } | fields


def coded(system: str, code: str, display: str = "") -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def snomed(code: str, display: str = "") -> dict[str, Any]:
    return coded("http://snomed.info/sct", code, display)


def icd(code: str, display: str = "") -> dict[str, Any]:
    return coded("http://hl7.org/fhir/sid/icd-10", code, display)


def condition(key: str, owner: str, code: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "id": key,
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "verificationStatus": {"coding": [{"code": "confirmed"}]},
        "code": code,
        "subject": {"reference": f"Patient/{owner}"},
    } | fields


def observation(owner: str, loinc: str, **fields: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": coded("http://loinc.org", loinc),
        "subject": {"reference": f"Patient/{owner}"},
    } | fields


def bundle(*resources: dict[str, Any], kind: str = "collection") -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": [{"resource": one} for one in resources]}
