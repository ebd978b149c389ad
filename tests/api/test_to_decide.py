"""Over the API: no answer without a rule, the children of a category, and asking for a discussion."""

import pytest

from experts.models import Role
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def hospital(whole_catalogue):
    return factories.institution()


def test_evaluate_says_where_there_is_no_rule(api, hospital) -> None:
    doctor = factories.user(Role.REFERRER, at=hospital)
    body = api(doctor).post("/api/v1/catalogue/evaluate/", {"code": "L60.0"}).json()
    assert (body["decided"], body["tier"], body["no_rule"]) == (False, None, True)


def test_evaluate_offers_the_children_of_a_category(api, hospital) -> None:
    doctor = factories.user(Role.REFERRER, at=hospital)
    body = api(doctor).post("/api/v1/catalogue/evaluate/", {"code": "I71"}).json()
    assert (body["decided"], body["could_be"]) == (False, "required")
    assert [one["fact"] for one in body["missing"]] == ["code"]
    assert body["choices"][0]["code"] == "I71.0"


def test_a_referrer_asks_and_the_answer_shows_it(api, hospital) -> None:
    doctor = factories.user(Role.REFERRER, at=hospital)
    case = factories.case(
        at=hospital, referrer=doctor, status="listed", tier="none",
        requirement=factories.requirement(tier="none", minutes=0, hours=0).to_json(),
    )  # fmt: skip
    assert api(doctor).post(f"/api/v1/cases/{case.public_id}/ask/", {"reason": ""}).status_code == 400
    answer = api(doctor).post(f"/api/v1/cases/{case.public_id}/ask/", {"reason": "Pregnant"})
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["discussion_request"]) == ("to_decide", "Pregnant")
    assert api(doctor).post(f"/api/v1/cases/{case.public_id}/ask/", {"reason": "Again"}).status_code == 400
