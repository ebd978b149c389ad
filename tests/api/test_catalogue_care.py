"""Approvals and reviews of rules over the API."""

from __future__ import annotations

import pytest

from cases.catalogue import rulebook
from cases.models import RuleApproval
from experts.models import Role
from tests import factories
from tests.cases.catalogue.test_rulebook import published, raw

pytestmark = pytest.mark.django_db
BASE = "/api/v1/catalogue/"
APPROVALS = f"{BASE}approvals/"


@pytest.fixture
def editor(api):
    return api(factories.user(Role.CATALOGUE_ADMIN))


@pytest.fixture
def other(api):
    return api(factories.user(Role.CATALOGUE_ADMIN))


def given(**changes):
    draft = {"key": "LUNG-3B", "version": 1}
    return {"drafts": [draft], "valid_from": rulebook.today().isoformat(), "reason": "Guideline"} | changes


def test_publishing_says_that_a_second_person_is_needed(editor) -> None:
    rulebook.save_draft(raw(), by=None)
    answer = editor.post(f"{BASE}publish/", given())
    assert (answer.status_code, answer.json()["code"]) == (400, "needs_approval")
    assert rulebook.in_force(rulebook.today()) == ()


def test_ask_and_approve(editor, other) -> None:
    rulebook.save_draft(raw(), by=None)
    answer = editor.post(APPROVALS, given())
    asked = answer.json()
    assert (answer.status_code, asked["decision"], asked["drafts"]) == (201, "", [{"key": "LUNG-3B", "version": 1}])
    again = editor.post(APPROVALS, given())
    assert (again.status_code, again.json()["code"]) == (409, "stale_state")
    own = editor.post(f"{APPROVALS}{asked['id']}/approve/")
    assert (own.status_code, own.json()["code"]) == (403, "second_person_needed")
    assert [one["id"] for one in other.get(APPROVALS).json()["results"]] == [asked["id"]]
    done = other.post(f"{APPROVALS}{asked['id']}/approve/")
    assert (done.status_code, done.json()["decision"]) == (200, "approved")
    assert editor.get(f"{BASE}rules/LUNG-3B/").json()["state"] == "in_force"
    assert other.get(APPROVALS).json()["results"] == []
    assert [one["decision"] for one in other.get(APPROVALS, {"open": "false"}).json()["results"]] == ["approved"]
    assert other.post(f"{APPROVALS}{asked['id']}/approve/").status_code == 409


def test_send_back_and_take_back(editor, other) -> None:
    rulebook.save_draft(raw(), by=None)
    address = f"{APPROVALS}{editor.post(APPROVALS, given()).json()['id']}/"
    assert list(other.post(f"{address}send-back/", {"reason": ""}).json()["fields"]) == ["reason"]
    assert other.post(f"{address}take-back/").status_code == 403
    sent = other.post(f"{address}send-back/", {"reason": "Seats are missing"}).json()
    assert (sent["decision"], sent["answer"]) == ("sent_back", "Seats are missing")
    second = f"{APPROVALS}{editor.post(APPROVALS, given()).json()['id']}/"
    assert editor.post(f"{second}take-back/").json()["decision"] == "taken_back"
    assert [one.status for one in rulebook.CatalogueRule.objects.all()] == ["draft"]


def test_what_cannot_be_asked_for(editor) -> None:
    rulebook.save_draft(raw(), by=None)
    assert list(editor.post(APPROVALS, given(valid_from="2020-01-01")).json()["fields"]) == ["valid_from"]
    assert editor.post(APPROVALS, given(drafts=[{"key": "LUNG-3B", "version": 7}])).status_code == 409
    assert editor.get(APPROVALS, {"opne": "true"}).status_code == 400
    assert editor.get(f"{APPROVALS}0123456789abcdef/").status_code == 404


def test_who_may_see_and_decide(api, editor) -> None:
    rulebook.save_draft(raw(), by=None)
    address = f"{APPROVALS}{editor.post(APPROVALS, given()).json()['id']}/"
    manager, referrer = api(factories.user(Role.MANAGER)), api(factories.user(Role.REFERRER))
    assert manager.get(address).status_code == 200
    assert referrer.get(address).status_code == referrer.get(APPROVALS).status_code == 403
    for name, body in (("approve", None), ("send-back", {"reason": "x"}), ("take-back", None)):
        assert manager.post(f"{address}{name}/", body).status_code == 403, name
    assert manager.post(APPROVALS, given()).status_code == 403
    assert RuleApproval.objects.get().decision == ""


def test_rules_due_for_review_are_listed_and_reviewed(api, editor) -> None:
    published(review_by="2026-11-01")
    published(id="LATER", condition={"age_min": 1}, review_by="2100-01-01")
    rules = f"{BASE}rules/"

    def due(wanted: str) -> list[str]:
        return [one["key"] for one in editor.get(rules, {"review_due": wanted}).json()["results"]]

    assert (due("true"), due("false")) == (["LUNG-3B"], ["LATER"])
    assert editor.get(f"{rules}LUNG-3B/").json()["review_by"] == "2026-11-01"
    address = f"{rules}LUNG-3B/review/"
    refused = editor.post(address, {"note": "x", "review_by": "2026-11-01"})
    assert (refused.status_code, list(refused.json()["fields"])) == (400, ["review_by"])
    done = editor.post(address, {"note": "Guideline unchanged", "review_by": "2027-10-01"})
    assert (done.status_code, done.json()["version"], done.json()["note"]) == (200, 1, "Guideline unchanged")
    assert (due("true"), editor.get(f"{rules}LUNG-3B/").json()["review_by"]) == ([], "2027-10-01")
    assert [one["note"] for one in editor.get(f"{rules}LUNG-3B/reviews/").json()] == ["Guideline unchanged"]
    manager = api(factories.user(Role.MANAGER))
    assert manager.post(address, {"note": "x", "review_by": "2027-10-01"}).status_code == 403
    assert editor.post(f"{rules}NOSUCH/review/", {"note": "x", "review_by": "2027-10-01"}).status_code == 404


def test_a_draft_brings_its_day_of_review(editor) -> None:
    answer = editor.post(f"{BASE}drafts/", {"rule": raw(review_by="2027-03-01")})
    assert (answer.status_code, answer.json()["review_by"]) == (201, "2027-03-01")
    wrong = editor.post(f"{BASE}drafts/", {"rule": raw(id="B", condition={}, review_by="soon")})
    assert list(wrong.json()["fields"]) == ["review_by"]
