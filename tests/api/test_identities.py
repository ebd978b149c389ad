"""Identities in doubt over the API: listed, compared, decided, and wrong joins taken apart."""

from __future__ import annotations

from typing import Any

import pytest

from cases.models import Case, HeldMatch, Patient
from cases.services import identity_review
from experts.models import Role
from mdt_portal.models import AuditEvent
from tests import factories
from tests.cases.identity.test_patients import import_person, register

pytestmark = pytest.mark.django_db
LIST = "/api/v1/identities/"


@pytest.fixture
def hospital():
    return factories.institution()


@pytest.fixture
def coordinator(hospital):
    return factories.user(Role.COORDINATOR, at=hospital)


@pytest.fixture
def client(api, coordinator):
    return api(coordinator)


@pytest.fixture
def held(hospital) -> HeldMatch:
    """A woman who is known, and a record with her number that says a man's name."""
    register(hospital)
    register(hospital, name="Li Na", sex="male", separate=True)
    return HeldMatch.objects.get()


def looks() -> int:
    return AuditEvent.objects.filter(action="looked").count()


def test_they_are_listed_without_names(client, held) -> None:
    answer = client.get(LIST)
    (row,) = answer.json()["results"]
    assert (row["id"], row["decision"], row["known_patient"]) == (held.public_id, "", held.candidate.public_id)
    assert {one["code"] for one in row["reasons"]} == set(held.reasons) and row["reasons"][0]["text"]
    assert "Li Na" not in answer.content.decode() and "Doe" not in answer.content.decode()
    assert looks() == 0


def test_both_sides_are_compared_and_the_look_is_recorded(client, held) -> None:
    answer = client.get(f"{LIST}{held.public_id}/")
    body = answer.json()
    assert (body["record"]["name"], body["known"]["name"], body["known"]["born"]) == ("Li Na", "Jo Doe", "1970-05-17")
    assert (answer.headers["Cache-Control"], looks()) == ("no-store", 2)


def test_who_is_elsewhere_is_hidden_and_cannot_be_joined(api, held, hospital) -> None:
    elsewhere = factories.institution()
    HeldMatch.objects.update(institution=elsewhere)
    client = api(factories.user(Role.COORDINATOR, at=elsewhere))
    body = client.get(f"{LIST}{held.public_id}/").json()
    assert (body["known"]["hidden"], body["known"]["name"], body["record"]["name"]) == (True, "", "Li Na")
    assert client.post(f"{LIST}{held.public_id}/decide/", {"decision": "joined"}).status_code == 403
    assert client.post(f"{LIST}{held.public_id}/decide/", {"decision": "apart"}).status_code == 200


@pytest.mark.parametrize("decision", ["joined", "apart"])
def test_they_are_joined_or_kept_apart_with_a_reason(client, held, decision: str) -> None:
    address, own = f"{LIST}{held.public_id}/decide/", held.patient
    answer = client.post(address, {"decision": decision, "reason": "Asked on the phone"})
    owner = held.candidate if decision == "joined" else own
    assert (answer.status_code, answer.json()["decision"]) == (200, decision)
    assert answer.json()["owner"] == owner.public_id
    action = {"joined": "identity.joined", "apart": "identity.kept_apart"}[decision]
    assert AuditEvent.objects.get(action=action).params["reason"] == "Asked on the phone"
    assert client.get(LIST).json()["results"] == []
    assert [one["decision"] for one in client.get(LIST, {"open": "false"}).json()["results"]] == [decision]
    again = client.post(address, {"decision": decision})
    assert (again.status_code, again.json()["code"]) == (409, "stale_state")


def test_what_waited_is_taken_in(client, hospital, whole_catalogue: None) -> None:
    import_person(hospital)
    held = import_person(hospital, family="Other", given="Name", gender="male", code="C61").held
    assert held is not None
    body = client.post(f"{LIST}{held.public_id}/decide/", {"decision": "apart"}).json()
    assert [one["code"] for one in body["cases"]] == ["C61"]
    assert Case.objects.get(code="C61").patient.public_id == body["owner"]


def test_a_decision_is_one_of_two(client, held) -> None:
    for body, field in (({"decision": "maybe"}, "decision"), ({}, "decision"), ({"decision": "apart", "x": 1}, "x")):
        answer = client.post(f"{LIST}{held.public_id}/decide/", body)
        assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])


@pytest.mark.parametrize("role", [Role.REFERRER, Role.MANAGER, Role.CATALOGUE_ADMIN])
def test_others_neither_see_nor_decide(api, held, hospital, role: str) -> None:
    other, foreign = api(factories.user(role, at=hospital)), api(factories.user(Role.COORDINATOR))
    address = f"{LIST}{held.public_id}/"
    assert [other.get(LIST).status_code, other.get(address).status_code] == [403, 403]
    assert other.post(f"{address}decide/", {"decision": "apart"}).status_code == 403
    assert (foreign.get(LIST).json()["results"], foreign.get(address).status_code) == ([], 404)
    assert foreign.post(f"{address}decide/", {"decision": "apart"}).status_code == 404
    assert HeldMatch.objects.get().decision == ""


# Taken apart ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def joined(held, coordinator, hospital) -> Patient:
    """One patient who was two: with a case of each."""
    assert held.patient is not None
    factories.case(at=hospital, patient=held.candidate, code="C20")
    factories.case(at=hospital, patient=held.patient, code="C61")
    return identity_review.join(held, by=coordinator)


def url(patient: Patient) -> str:
    return f"/api/v1/patients/{patient.public_id}/apart/"


def other_person(case: Case, **changes: Any) -> dict[str, Any]:
    return {"name": "Li Na", "sex": "male", "cases": [case.public_id], "reason": "Two people"} | changes


def test_a_wrong_join_is_taken_apart(client, joined) -> None:
    whole = client.get(url(joined))
    body = whole.json()
    assert (body["name"], {one["code"] for one in body["cases"]}) == ("Jo Doe", {"C20", "C61"})
    assert (whole.headers["Cache-Control"], looks()) == ("no-store", 1)
    case = Case.objects.get(code="C61")
    numbers = [one["id"] for one in body["identifiers"]]
    answer = client.post(url(joined), other_person(case, identifiers=numbers, birth_year=1980))
    other = Patient.objects.get(public_id=answer.json()["patient"])
    case.refresh_from_db()
    assert (answer.status_code, case.patient, other.taken_from, other.birth_year) == (201, other, joined, 1980)
    assert other.identifiers.count() == len(numbers) > 0 == joined.identifiers.count()
    assert AuditEvent.objects.get(action="identity.taken_apart").params["reason"] == "Two people"


def test_what_is_wrong_is_named_and_nothing_is_written(client, joined, hospital) -> None:
    case, foreign = Case.objects.get(code="C61"), factories.case(at=hospital)
    for changes, fields in (
        ({"cases": [foreign.public_id]}, ["cases"]),
        ({"identifiers": [999999]}, ["identifiers"]),
        ({"identifiers": [2**63]}, ["identifiers.0"]),
        ({"reason": ""}, ["reason"]),
        ({"birth_date": "2199-01-01"}, ["birth_date"]),
        ({"cases": []}, []),
    ):
        answer = client.post(url(joined), other_person(case, **changes))
        assert (answer.status_code, list(answer.json()["fields"])) == (400, fields), changes
    assert not Patient.objects.filter(taken_from=joined).exists()


def test_only_coordinators_of_the_hospital_take_apart(api, joined, hospital) -> None:
    case = Case.objects.get(code="C61")
    manager, foreign = api(factories.user(Role.MANAGER, at=hospital)), api(factories.user(Role.COORDINATOR))
    assert [manager.get(url(joined)).status_code, foreign.get(url(joined)).status_code] == [403, 404]
    assert manager.post(url(joined), other_person(case)).status_code == 403
    assert looks() == 0
