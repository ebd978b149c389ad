"""The catalogue over the API: dry runs, rules, asked facts."""

import json
from datetime import date

import pytest

from cases import rulebook, vocabulary
from cases.models import Case
from mdt_portal.models import AuditEvent
from tests import factories

pytestmark = pytest.mark.django_db
EVALUATE = "/api/v1/catalogue/evaluate/"


@pytest.fixture
def client(api):
    raws = json.loads(vocabulary.CATALOGUE_FILE.read_text(encoding="utf-8"))["rules"]
    rulebook.load([raw for raw in raws if raw["icd10"] == ["C34"]], by=None, publish_from=date(2026, 1, 1))
    return api(factories.user())


def test_evaluate_answers_and_writes_nothing(client) -> None:
    before = AuditEvent.objects.count()
    answer = client.post(EVALUATE, {"code": "c34.10", "stage": "stage 3b", "urgency": "urgent"}).json()
    assert (answer["decided"], answer["tier"], answer["minutes"], answer["hours"]) == (True, "required", 20, 72)
    assert answer["disease_group"] == "lung"
    assert {"discipline": "PATH", "count": 1, "min_rank": 3, "sub_specialty": ""} in answer["seats"]
    reason = next(one for one in answer["reasons"] if one["params"]["rule"] == "LUNG-3B")
    assert "LUNG-3B" in reason["text"]
    assert {"key": "LUNG-3B", "version": 1} in answer["rules"]
    assert Case.objects.count() == 0
    assert AuditEvent.objects.count() == before


def test_evaluate_says_what_is_missing(client) -> None:
    answer = client.post(EVALUATE, {"code": "C34.1"}).json()
    assert (answer["decided"], answer["tier"]) == (False, None)
    assert {"fact": "stage", "text": "stage"} in answer["missing"]


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"code": "XX"}, "code"),
        ({"code": "C34.1", "stage": "nine"}, "stage"),
        ({"code": "C34.1", "scores": {"NIHSS": "nan"}}, "scores.NIHSS"),
        ({"code": "C34.1", "scores": {"\x00": 1}}, "scores"),
        ({"code": "C34.1", "flags": ["two words"]}, "flags.0"),
        ({"code": "C34.1", "age": 131}, "age"),
    ],
)
def test_impossible_facts_are_named(client, facts, field) -> None:
    answer = client.post(EVALUATE, facts)
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == [field]


def test_asked_facts_of_a_code(client) -> None:
    assert {"fact": "stage", "text": "stage"} in client.get("/api/v1/catalogue/asked-facts/?code=C34.1").json()
    assert client.get("/api/v1/catalogue/asked-facts/").json()["code"] == "unknown_code"


def test_rules_in_force_by_tier_and_code(client) -> None:
    rules = client.get("/api/v1/catalogue/rules/?code=C34.1&tier=required").json()["results"]
    assert "LUNG-3B" in [rule["key"] for rule in rules]
    assert {rule["tier"] for rule in rules} == {"required"}
    assert all(rule["icd10"] == ["C34"] for rule in rules)
    one = client.get("/api/v1/catalogue/rules/LUNG-3B/").json()
    assert (one["version"], one["valid_from"], one["condition"]) == (1, "2026-01-01", {"stage_min": "IIIB"})
    assert client.get("/api/v1/catalogue/rules/NOSUCH/").status_code == 404


def test_a_draft_is_not_listed(client) -> None:
    raw = rulebook.raw_of(rulebook.CatalogueRule.objects.get(key="LUNG-3B")) | {"minutes": 25}
    rulebook.save_draft(raw, by=None)
    assert client.get("/api/v1/catalogue/rules/LUNG-3B/").json()["minutes"] == 20
