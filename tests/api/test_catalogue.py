"""The catalogue over the API: dry runs, rules, asked facts."""

import json
from datetime import date

import pytest

from cases.catalogue import rulebook
from cases.catalogue.core import csv_io, vocabulary
from cases.models import Case, CatalogueRule
from experts.models import Role
from mdt_portal.models import AuditEvent
from tests import factories

pytestmark = pytest.mark.django_db
EVALUATE = "/api/v1/catalogue/evaluate/"


@pytest.fixture
def client(api):
    raws = json.loads(vocabulary.CATALOGUE_FILE.read_text(encoding="utf-8"))["rules"]
    rulebook.load(
        [raw for raw in raws if raw["icd10"] == ["C34"]],
        by=None,
        unapproved="Tests begin so",
        publish_from=date(2026, 1, 1),
    )
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


def test_a_diagnosis_is_found_by_code_words_and_chinese_name(client) -> None:
    found = client.get("/api/v1/catalogue/codes/", {"search": "c34.1"}).json()
    assert (found[0]["code"], set(found[0])) == ("C34.1", {"code", "title", "title_zh", "known_as", "similar"})
    assert any(one["code"].startswith("C34") for one in client.get("/api/v1/catalogue/codes/?search=bronchus").json())
    assert any(one["code"].startswith("C34") for one in client.get("/api/v1/catalogue/codes/?search=肺癌").json())
    assert client.get("/api/v1/catalogue/codes/?search=").json() == []


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
    assert {"fact": "stage", "text": "stage"} in client.get("/api/v1/catalogue/wanted-facts/?code=C34.1").json()
    assert client.get("/api/v1/catalogue/wanted-facts/?code=lung").json()["code"] == "unknown_code"


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


# The desk -------------------------------------------------------------------------------------------------------------

BASE = "/api/v1/catalogue/"


@pytest.fixture
def editor(client, api):
    return api(factories.user(Role.CATALOGUE_ADMIN))


def changed(**fields):
    return rulebook.raw_of(CatalogueRule.objects.get(key="LUNG-3B", version=1)) | fields


def test_check_lists_every_mistake_and_says_the_rule(editor) -> None:
    wrong = editor.post(f"{BASE}check/", {"rule": changed(minutes=45, icd10=["C999"])}).json()
    assert (wrong["fine"], {one["place"] for one in wrong["mistakes"]}) == (False, {"minutes", "icd10[0]"})
    fine = editor.post(f"{BASE}check/", {"rule": changed(minutes=25)}).json()
    assert fine["fine"] and fine["sentence"].startswith("C34 with stage IIIB or above: a discussion is required")


@pytest.mark.usefixtures("one_person_publishes")
def test_draft_preview_publish_history_withdraw(editor) -> None:
    factories.case_waiting(code="C34.1", stage="II")
    draft = editor.post(
        f"{BASE}drafts/", {"rule": changed(condition={"stage_min": "II"}), "reason": "Late", "version": 1}
    )
    assert (draft.status_code, draft.json()["version"], draft.json()["state"]) == (201, 2, "draft")
    assert [one["key"] for one in editor.get(f"{BASE}rules/?state=draft").json()["results"]] == ["LUNG-3B"]
    stale = editor.post(f"{BASE}drafts/", {"rule": changed(), "version": 1})
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_state")

    effect = editor.post(f"{BASE}preview/", {"drafts": ["LUNG-3B"]}).json()
    assert (effect["waiting"], [(one["after"], one["waiting"]) for one in effect["moves"]]) == (1, [("required", 1)])
    assert {one["discipline"] for one in effect["loads"]} >= {"RADIOL", "PATH"}
    assert editor.post(f"{BASE}preview/", {"drafts": ["NOSUCH"]}).json()["code"] == "no_draft"

    day = rulebook.today().isoformat()
    given = {"drafts": [{"key": "LUNG-3B", "version": 2}], "valid_from": day, "reason": "Guideline"}
    assert editor.post(f"{BASE}publish/", given | {"reason": ""}).status_code == 400
    assert editor.post(f"{BASE}publish/", given | {"valid_from": "2020-01-01"}).json()["fields"].keys() == {
        "valid_from"
    }
    assert editor.post(f"{BASE}publish/", given | {"drafts": [{"key": "LUNG-3B", "version": 1}]}).status_code == 409
    assert [one["state"] for one in editor.post(f"{BASE}publish/", given).json()] == ["in_force"]
    assert editor.get(f"{BASE}rules/LUNG-3B/").json()["condition"] == {"stage_min": "II"}
    assert editor.get(f"{BASE}rules/LUNG-3B/?version=1").json()["state"] == "replaced"

    versions = editor.get(f"{BASE}rules/LUNG-3B/versions/").json()
    assert [(one["version"], one["state"]) for one in versions] == [(2, "in_force"), (1, "replaced")]
    assert versions[0]["reason"] == "Late" and versions[0]["events"][0]["reason"] == "Guideline"
    diff = editor.get(f"{BASE}rules/LUNG-3B/changes/?before=1&after=2").json()
    assert [(one["field"], one["before"], one["after"]) for one in diff] == [
        ("condition", "stage IIIB or above", "stage II or above")
    ]
    assert editor.get(f"{BASE}rules/LUNG-3B/changes/?before=1&after=9").status_code == 404

    assert editor.post(f"{BASE}rules/LUNG-3B/withdraw/", {"version": 2, "reason": ""}).status_code == 400
    assert editor.post(f"{BASE}rules/LUNG-3B/withdraw/", {"version": 2, "reason": "Wrong"}).status_code == 200
    assert editor.get(f"{BASE}rules/LUNG-3B/").json()["version"] == 1


def test_bench_clause_by_clause_with_and_without_the_drafts(editor) -> None:
    rulebook.save_draft(changed(condition={"stage_min": "II"}), by=None)
    found = editor.post(f"{BASE}test/", {"code": "C34.1", "stage": "IIB"}).json()

    def applies(which: str) -> dict[str, object]:
        return {one["key"]: one["applies"] for one in found[which]["tried"]}

    assert (applies("in_force")["LUNG-3B"], applies("with_drafts")["LUNG-3B"]) == (False, True)
    assert found["with_drafts"]["answer"]["tier"] == "required"


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_export_round_trips_and_import_is_a_dry_run_first(editor, kind) -> None:
    text = editor.get(f"{BASE}export/?kind={kind}").content.decode()
    same = editor.post(f"{BASE}import/", {"text": text}).json()
    assert (same["new"], same["changed"], same["mistakes"], same["unchanged"] > 0) == ([], [], [], True)
    before = CatalogueRule.objects.count()
    sheet = csv_io.write([changed(minutes=25)])
    dry = editor.post(f"{BASE}import/", {"text": sheet}).json()
    assert (dry["written"], [change["field"] for change in dry["changed"][0]["changes"]]) == (False, ["minutes"])
    assert CatalogueRule.objects.count() == before
    assert editor.post(f"{BASE}import/", {"text": sheet, "confirm": True}).json()["written"] is True
    assert CatalogueRule.objects.get(status="draft").content["minutes"] == 25
    wrong = editor.post(f"{BASE}import/", {"text": csv_io.write([changed(minutes=99)]), "confirm": True}).json()
    assert (wrong["written"], [(one["line"], one["place"]) for one in wrong["mistakes"]]) == (False, [(2, "minutes")])
    assert editor.get(f"{BASE}export/?kind=xml").status_code == 400


def test_who_may_not_edit_may_not_write(client) -> None:
    for path, body in {
        "drafts/": {"rule": changed(minutes=25)},
        "preview/": {},
        "publish/": {"drafts": [{"key": "LUNG-3B", "version": 1}], "valid_from": "2030-01-01", "reason": "x"},
        "import/": {"text": "x"},
        "rules/LUNG-3B/withdraw/": {"version": 1, "reason": "x"},
    }.items():
        assert client.post(BASE + path, body).status_code == 403, path


def test_search(client) -> None:
    found = client.get(f"{BASE}rules/?search=lung+3b").json()["results"]
    assert [one["key"] for one in found] == ["LUNG-3B"]
    assert client.get(f"{BASE}rules/?state=future").json()["results"] == []
