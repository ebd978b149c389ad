"""The referral form: what it asks, what the catalogue answers while it is filled in, and what becomes of it."""

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from cases.catalogue import rulebook
from cases.catalogue.core import json_io, vocabulary
from cases.core import days
from cases.models import Case, Patient
from experts.models import Institution, Role
from mdt_portal.models import User
from tests import factories

pytestmark = pytest.mark.django_db


RULES = {"ONC-COMORB", "ONC-PAED", "LUNG-3B", "LUNG-NEW", "ONC-RECUR", "STROKE-5-15", "STROKE-GE16", "APPX-SIMPLE"}


@pytest.fixture
def catalogue() -> None:
    """A few rules of the shipped catalogue, so that a test takes no seconds."""
    text = vocabulary.CATALOGUE_FILE.read_text(encoding="utf-8")
    found = json_io.read(text, vocabulary.shipped())
    rulebook.load(
        [raw for raw in found.raw if raw["id"] in RULES],
        by=None,
        unapproved="Tests begin so",
        publish_from=date(2020, 1, 1),
    )


@pytest.fixture
def hospital() -> Institution:
    return factories.institution()


@pytest.fixture
def referrer(hospital: Institution) -> User:
    return factories.user(Role.REFERRER, at=hospital)


@pytest.fixture
def referrer_client(client: Client, referrer: User, catalogue: None) -> Client:
    client.force_login(referrer)
    return client


def filled(hospital: Institution, **changes: Any) -> dict[str, Any]:
    return {
        "token": "t1",
        "institution": hospital.pk,
        "patient_name": "Wang Fang",
        "identifier": "YQ-1",
        "sex": "female",
        "birth_date": "1961-05-04",
        "search": "",
        "code": "C34.1",
        "stage": "IIIB",
        "urgency": "routine",
        "question": "Operate?",
        "remote_ok": "on",
        "action": "submit",
    } | changes


def test_only_those_who_refer_may(client: Client) -> None:
    client.force_login(factories.user(Role.AUDITOR))
    assert client.get("/refer/").status_code == 403


def test_the_form_asks_what_the_catalogue_wants_to_know(referrer_client: Client) -> None:
    asked = referrer_client.post("/refer/facts/", {"code": "C34.1"}).content.decode()
    assert 'name="stage"' in asked and 'name="score_NIHSS"' not in asked
    asked = referrer_client.post("/refer/facts/", {"code": "I63.9"}).content.decode()
    assert 'name="score_NIHSS"' in asked and 'name="stage"' not in asked


def test_answers_survive_another_look_at_the_questions(referrer_client: Client) -> None:
    asked = referrer_client.post(
        "/refer/facts/", {"code": "C34.1", "stage": "IIIB", "comorbidities": "3"}
    ).content.decode()
    assert 'value="IIIB" id="id_stage_6" checked' in " ".join(asked.split())


@pytest.mark.parametrize(("text", "code"), [("c34.1", "C34.1"), ("lung cancer", "C34"), ("肺癌", "C34")])
def test_a_diagnosis_is_found_by_code_english_and_chinese(referrer_client: Client, text: str, code: str) -> None:
    assert f'value="{code}"' in referrer_client.get("/refer/codes/", {"search": text}).content.decode()


def test_the_answer_follows_what_is_typed(referrer_client: Client, hospital: Institution) -> None:
    undecided = referrer_client.post("/refer/answer/", {"code": "C34.1", "urgency": "routine"}).content.decode()
    assert "Undecided" in undecided and "Needed for a decision" in undecided and "stage" in undecided
    decided = referrer_client.post("/refer/answer/", filled(hospital)).content.decode()
    assert "Required" in decided and "LUNG-3B" in decided and "to be discussed by" in decided
    listed = referrer_client.post("/refer/answer/", {"code": "K35.8", "urgency": "routine"}).content.decode()
    assert "A rule asks for no discussion" in listed
    assert "Choose a diagnosis" in referrer_client.post("/refer/answer/", {}).content.decode()


def test_an_emergency_is_held_to_the_hospitals_own_limit(referrer_client: Client, hospital: Institution) -> None:
    answer = referrer_client.post("/refer/answer/", filled(hospital, urgency="emergency"))
    assert answer.context["sheet"].hours == hospital.emergency_limit_h


def test_a_submitted_referral_waits_for_its_team(
    referrer_client: Client, hospital: Institution, referrer: User
) -> None:
    team = factories.team("lung", at=hospital)
    response = referrer_client.post("/refer/", filled(hospital), follow=True)
    case = Case.objects.get()
    assert response.redirect_chain == [(f"/cases/{case.public_id}/", 302)]
    assert (case.status, case.team, case.tier, case.referrer) == ("waiting", team, "required", referrer)
    assert (case.stage, case.question, case.remote_ok) == ("IIIB", "Operate?", True)
    assert case.age == timezone.localdate().year - 1961 - (timezone.localdate() < date(timezone.localdate().year, 5, 4))
    said = response.content.decode()
    assert f"{case.number} is handed in." in said and team.name in said
    assert "It is planned once its materials are complete: see the checklist." in said


def test_what_is_missing_is_said_after_submitting_too(referrer_client: Client, hospital: Institution) -> None:
    response = referrer_client.post("/refer/", filled(hospital, stage=""), follow=True)
    assert Case.objects.get().status == "needs_facts"
    assert "The catalogue cannot decide yet. Missing: stage" in response.content.decode()


def test_a_draft_needs_no_question_and_starts_no_limit(referrer_client: Client, hospital: Institution) -> None:
    referrer_client.post("/refer/", filled(hospital, question="", action="draft"))
    case = Case.objects.get()
    assert (case.status, case.due_at) == ("draft", None)


def test_a_typed_code_counts_where_nothing_was_picked(referrer_client: Client, hospital: Institution) -> None:
    referrer_client.post("/refer/", filled(hospital, code="", search="c341", action="draft"))
    assert Case.objects.get().code == "C34.1"


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"patient_name": " "}, "patient_name", "This field is required."),
        ({"code": "", "search": "lung"}, "search", "Choose a diagnosis from the list, or type its ICD-10 code."),
        ({"question": ""}, "question", "Say what the team shall answer."),
        ({"birth_date": "2999-01-01"}, "birth_date", "Nobody was born on this day."),
        ({"birth_date": "1850"}, "birth_date", "Nobody was born on this day."),
        ({"birth_date": "3/4/1961"}, "birth_date", "Write the day like 24 Nov 2026."),
        ({"comorbidities": "-1"}, "comorbidities", "Ensure this value is greater than or equal to 0."),
    ],
)
def test_a_mistake_stands_beside_its_field_and_nothing_typed_is_lost(
    referrer_client: Client, hospital: Institution, changes: dict[str, str], field: str, words: str
) -> None:
    response = referrer_client.post("/refer/", filled(hospital, diagnosis="Squamous, upper lobe") | changes)
    assert response.status_code == 422
    assert response.context["form"].errors == {field: [words]}
    text = response.content.decode()
    assert words.replace("'", "&#x27;") in text and "Squamous, upper lobe" in text and "YQ-1" in text
    assert not Case.objects.exists() and not Patient.objects.exists()


@pytest.mark.parametrize(
    ("typed", "known"),
    [("1961年4月3日", "1961-04-03"), ("3 Apr 1961", "1961-04-03"), ("1961-04", ""), ("1961", ""), ("1961年", "")],
)
def test_of_a_date_of_birth_the_year_may_be_all_that_is_known(
    referrer_client: Client, hospital: Institution, typed: str, known: str
) -> None:
    assert referrer_client.post("/refer/", filled(hospital, birth_date=typed)).status_code == 302
    case = Case.objects.get()
    assert (case.patient.birth_year, case.patient.identity.birth_date) == (1961, known)
    today = timezone.localdate()
    expected = days.read(typed) or days.Given(first=date(1961, 4, 3))
    assert case.age == days.age_of(expected, today)


def test_mistakes_speak_the_readers_language(referrer_client: Client, hospital: Institution) -> None:
    response = referrer_client.post(
        "/refer/", filled(hospital, patient_name=""), headers={"Accept-Language": "zh-hans"}
    )
    assert response.context["form"].errors["patient_name"] == ["此项必填。"]


def test_two_clicks_make_one_case(referrer_client: Client, hospital: Institution) -> None:
    addresses = {referrer_client.post("/refer/", filled(hospital))["Location"] for _ in range(2)}
    assert len(addresses) == 1
    assert Case.objects.count() == 1
    referrer_client.post("/refer/", filled(hospital, token="t2"))
    assert (Case.objects.count(), Patient.objects.count()) == (2, 1)


def test_another_patient_in_a_form_that_was_sent_is_not_lost(referrer_client: Client, hospital: Institution) -> None:
    referrer_client.post("/refer/", filled(hospital))
    response = referrer_client.post("/refer/", filled(hospital, patient_name="Li Na", identifier=""))
    assert response.status_code == 422
    assert "This form was sent already" in response.content.decode()
    token = response.context["form"]["token"].value()
    assert (
        referrer_client.post("/refer/", filled(hospital, patient_name="Li Na", identifier="", token=token)).status_code
        == 302
    )
    assert (Case.objects.count(), Patient.objects.count()) == (2, 2)


def test_a_number_never_joins_two_patients(referrer_client: Client, hospital: Institution) -> None:
    referrer_client.post("/refer/", filled(hospital))
    response = referrer_client.post("/refer/", filled(hospital, token="t2", patient_name="Li Na"))
    assert response.status_code == 422
    said = response.content.decode()
    assert "The known patient with this number has another name." in said
    assert "Is this the same person?" in said and "Wang Fang" not in said
    assert Patient.objects.count() == Case.objects.count() == 1


def test_nobody_refers_from_a_hospital_that_is_not_theirs(referrer_client: Client) -> None:
    response = referrer_client.post("/refer/", filled(factories.institution()))
    assert "institution" in response.context["form"].errors
    assert not Case.objects.exists()


def test_each_page_has_a_token_of_its_own(referrer_client: Client) -> None:
    tokens = {referrer_client.get("/refer/").context["form"]["token"].value() for _ in range(2)}
    assert len(tokens) == 2


# Changing a case ------------------------------------------------------------------------------------------------------


def test_supplied_facts_bring_the_case_into_the_pool(referrer_client: Client, hospital: Institution) -> None:
    factories.team("lung", at=hospital)
    referrer_client.post("/refer/", filled(hospital, stage=""))
    case = Case.objects.get()
    page = referrer_client.get(f"/cases/{case.public_id}/edit/")
    assert "Supply facts for" in page.content.decode()
    changes = filled(hospital, version=case.version, stage="IV", age="64")
    assert referrer_client.post(f"/cases/{case.public_id}/edit/", changes).status_code == 302
    case.refresh_from_db()
    assert (case.status, case.stage, case.age) == ("waiting", "IV", 64)


def test_a_stale_form_saves_nothing_and_says_what_to_do(referrer_client: Client, hospital: Institution) -> None:
    referrer_client.post("/refer/", filled(hospital, action="draft"))
    case = Case.objects.get()
    changes = filled(hospital, version=case.version + 5, question="Radiate?")
    response = referrer_client.post(f"/cases/{case.public_id}/edit/", changes)
    text = response.content.decode()
    assert response.status_code == 409
    assert "was changed by somebody else" in text and "Nothing was saved" in text and "Radiate?" in text


def test_facts_that_were_not_asked_for_stay(referrer_client: Client, hospital: Institution, referrer: User) -> None:
    case = factories.case(at=hospital, referrer=referrer, scores={"NIHSS": 4}, flags=["pregnant"], code="C34.1")
    referrer_client.post(f"/cases/{case.public_id}/edit/", filled(hospital, version=case.version, flags=["recurrence"]))
    case.refresh_from_db()
    assert (case.scores, case.flags) == ({"NIHSS": 4}, ["pregnant", "recurrence"])


def test_strangers_neither_see_nor_change_it(client: Client, hospital: Institution) -> None:
    case = factories.case(at=hospital)
    client.force_login(factories.user(Role.REFERRER, at=hospital))
    assert client.get(f"/cases/{case.public_id}/edit/").status_code == 404
    client.force_login(factories.user(Role.AUDITOR, at=hospital))
    assert client.get(f"/cases/{case.public_id}/edit/").status_code == 403
