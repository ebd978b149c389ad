"""That a disease is only suspected, over or ruled out is understood alike in a form, in the API and in a FHIR file."""

from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from cases.core.certainty import LETTERS, VERIFICATION
from cases.models import Case
from cases.services import workflow
from experts.models import Institution, Role
from mdt_portal.models import User
from tests import factories
from tests.cases.bundles import coded, condition, patient
from tests.cases.fhir.test_reader import proposed
from tests.cases.web.test_refer_page import filled

pytestmark = pytest.mark.django_db
GM = "http://fhir.de/CodeSystem/bfarm/icd-10-gm"
NOT_THERE = "“{}” says that the disease is over or was ruled out; there is nothing to discuss."


@pytest.fixture
def hospital() -> Institution:
    return factories.institution()


@pytest.fixture
def referrer(hospital: Institution) -> User:
    return factories.user(Role.REFERRER, at=hospital)


def in_fhir(code: str, verification: str = "confirmed") -> dict[str, list[str]]:
    status = {"coding": [{"code": verification}]}
    found = proposed(patient("p"), condition("1", "p", coded(GM, code), verificationStatus=status))
    return {one: sorted(referral.facts.flags) for one, referral in found.items()}


def by_api(referrer: User, code: str) -> Any:
    client = APIClient()
    client.force_authenticate(referrer)
    sent = {"patient": {"name": "Li Na"}, "code": code, "code_system": GM, "question": "Operate?"}
    return client.post("/api/v1/cases/", sent, format="json")


@pytest.mark.parametrize(("code", "flags"), [("C34.1V", ["suspected"]), ("C34.1G", []), ("C34.1", [])])
def test_a_suspicion_in_the_code_is_a_finding_everywhere(
    client: Client, hospital: Institution, referrer: User, code: str, flags: list[str]
) -> None:
    assert in_fhir(code) == {"C34.1": flags}
    assert by_api(referrer, code).status_code == 201
    typed = code.replace("C34.1", "C34.1 ").strip()
    client.force_login(referrer)
    assert client.post("/refer/", filled(hospital, code="", search=typed, action="draft")).status_code == 302
    assert [case.flags for case in Case.objects.order_by("pk")] == [flags, flags]
    assert sorted(workflow.checked_facts(code=typed).flags) == flags


def test_a_suspicion_is_kept_beside_what_else_was_found_and_when_the_code_changes(
    hospital: Institution, referrer: User
) -> None:
    case = workflow.refer(
        by=referrer, institution=hospital, patient=factories.patient(at=hospital), code="C34.1 V", flags=["recurrence"]
    )
    assert case.flags == ["recurrence", "suspected"]
    case = workflow.edit(case, by=referrer, code="C34.1", flags=["recurrence"])
    assert case.flags == ["recurrence"]
    assert workflow.edit(case, by=referrer, code="C20 V").flags == ["recurrence", "suspected"]


@pytest.mark.parametrize("letter", [one for one, said in LETTERS.items() if said in ("history", "excluded")])
def test_what_is_over_or_ruled_out_is_referred_nowhere(
    client: Client, hospital: Institution, referrer: User, letter: str
) -> None:
    assert in_fhir(f"C34.1{letter}") == {}
    answer = by_api(referrer, f"C34.1{letter}")
    assert (answer.status_code, answer.json()["code"]) == (400, "not_present")
    assert answer.json()["fields"] == {"code": [NOT_THERE.format(f"C34.1{letter}")]}
    client.force_login(referrer)
    page = client.post("/refer/", filled(hospital, code="", search=f"C34.1 {letter}"))
    assert page.context["form"].errors["search"] == [NOT_THERE.format(f"C34.1 {letter}")]
    page = client.post(
        "/refer/", filled(hospital, code="", search=f"C34.1 {letter}"), headers={"Accept-Language": "zh-hans"}
    )
    assert page.context["form"].errors["search"] == [f"“C34.1 {letter}”表示该病已愈或已排除，无需讨论。"]
    assert not Case.objects.exists()


@pytest.mark.parametrize(("verification", "said"), VERIFICATION.items())
def test_what_fhir_says_of_a_disease_is_one_of_the_same_words(verification: str, said: str) -> None:
    expected = {"": {"C34.1": []}, "suspected": {"C34.1": ["suspected"]}, "excluded": {}}
    assert in_fhir("C34.1", verification) == expected[said]
