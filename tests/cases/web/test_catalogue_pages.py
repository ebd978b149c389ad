"""The catalogue's pages: the table, one rule with its history, the editor, the bench, preview and publish, files."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases.catalogue import rulebook
from cases.catalogue.core import csv_io, vocabulary
from cases.models import CatalogueRule
from experts.models import Role
from mdt_portal.models import StatusEvent, User
from tests import factories
from tests.cases.catalogue.test_rulebook import published, raw

pytestmark = pytest.mark.django_db
SINCE = date(2020, 1, 1)
HTMX = {"HX-Request": "true"}


@pytest.fixture
def editor() -> User:
    return factories.user(Role.CATALOGUE_ADMIN)


@pytest.fixture
def coordinator_client(client: Client, editor: User) -> Client:
    factories.discipline("RADIOL", name_en="Radiology", name_zh="影像科")
    client.force_login(editor)
    return client


def text(response: Any) -> str:
    return response.content.decode()


def keys(response: Any) -> list[str]:
    return [line.key for line in response.context["lines"]]


# The table ----------------------------------------------------------------------------------------


def test_an_empty_catalogue_says_what_to_do(coordinator_client: Client) -> None:
    assert "/catalogue/import/" in text(coordinator_client.get("/catalogue/"))


def test_each_rule_has_one_line_with_its_states(coordinator_client: Client) -> None:
    published(SINCE)
    published(rulebook.today() + timedelta(days=30), minutes=25)
    rulebook.save_draft(raw(minutes=15), by=None)
    rulebook.withdraw(published(SINCE, id="GONE", icd10=["C50"]), by=None, reason="x")
    lines = {line.key: line for line in coordinator_client.get("/catalogue/").context["lines"]}
    assert [(one.state, one.row.version) for one in lines["LUNG-3B"].open] == [
        ("in_force", 1),
        ("future", 2),
        ("draft", 3),
    ]
    assert lines["LUNG-3B"].rule.minutes == 20
    assert [one.state for one in lines["GONE"].open] == ["withdrawn"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=C34.1", ["A-LUNG"]),
        ("q=乳腺", ["B-BREAST"]),
        ("q=stage+iiib", ["A-LUNG"]),
        ("q=radiology", ["A-LUNG"]),
        ("tier=suggested", ["B-BREAST"]),
        ("evidence=verified", ["B-BREAST"]),
        ("state=draft", ["B-BREAST"]),
        ("state=withdrawn", []),
        ("group=lung", ["A-LUNG"]),
        ("q=nothing+like+this", []),
        ("page=x&tier=", ["A-LUNG", "B-BREAST"]),
    ],
)
def test_search_and_filters(coordinator_client: Client, query: str, found: list[str]) -> None:
    published(SINCE, id="A-LUNG")
    seats = [{"discipline": "PATH", "count": 1, "min_rank": 2}]
    breast = raw(
        id="B-BREAST", icd10=["C50"], name_en="Breast", name_zh="乳腺癌", tier="suggested", required=seats,
        condition={}, evidence={"tier": "verified"},
    )  # fmt: skip
    rulebook.save_draft(breast, by=None)
    assert keys(coordinator_client.get(f"/catalogue/?{query}")) == found
    assert text(coordinator_client.get(f"/catalogue/?{query}", headers=HTMX)).lstrip().startswith('<div id="rules">')


def test_queries_do_not_grow_with_the_rules(coordinator_client: Client) -> None:
    def queries() -> int:
        coordinator_client.get("/catalogue/")
        with CaptureQueriesContext(connection) as caught:
            coordinator_client.get("/catalogue/")
        return len(caught)

    published(SINCE)
    few = queries()
    for number in range(24):
        published(SINCE, id=f"R-{number}", condition={"age_min": number})
    assert queries() == few


def test_who_may_not_edit_reads(client: Client) -> None:
    published(SINCE)
    client.force_login(factories.user(Role.REFERRER))
    page = text(client.get("/catalogue/"))
    assert "LUNG-3B" in page and "/catalogue/new/" not in page
    assert "/edit/" not in text(client.get("/catalogue/rules/LUNG-3B/"))
    for path in ("new/", "import/", "publish/", "rules/LUNG-3B/edit/", "rules/LUNG-3B/withdraw/1/"):
        assert client.get(f"/catalogue/{path}").status_code == 403, path


# One rule -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("one_person_publishes")
def test_the_history_says_who_when_and_why_and_the_difference(coordinator_client: Client, editor: User) -> None:
    published(SINCE)
    second = rulebook.save_draft(raw(minutes=30, condition={"stage_min": "II"}), by=editor, reason="Too late")
    rulebook.release([second], by=editor, valid_from=rulebook.today(), reason="Board", not_before=rulebook.today())
    response = coordinator_client.get("/catalogue/rules/LUNG-3B/")
    changes = {one.key: (one.before, one.after) for one in response.context["comparison"]["changes"]}
    assert changes == {
        "condition": ("stage IIIB or above", "stage II or above"),
        "minutes": ("20", "30"),
    }
    assert "Too late" in text(response) and "Board" in text(response)
    assert [one.version.state for one in response.context["history"]] == ["in_force", "replaced"]
    older = coordinator_client.get("/catalogue/rules/LUNG-3B/?version=1&against=2")
    assert older.context["shown"].row.version == 1
    assert {one.key for one in older.context["comparison"]["changes"]} == {"condition", "minutes"}
    assert coordinator_client.get("/catalogue/rules/LUNG-3B/?version=9").status_code == 404
    assert coordinator_client.get("/catalogue/rules/NOSUCH/").status_code == 404


def test_a_version_is_withdrawn_in_a_dialog_with_a_reason(coordinator_client: Client) -> None:
    row = published(SINCE)
    assert "stops counting at once" in text(coordinator_client.get("/catalogue/rules/LUNG-3B/withdraw/1/"))
    refused = coordinator_client.post("/catalogue/rules/LUNG-3B/withdraw/1/", {"reason": ""}, headers=HTMX)
    assert (refused.status_code, "field-error" in text(refused)) == (422, True)
    done = coordinator_client.post("/catalogue/rules/LUNG-3B/withdraw/1/", {"reason": "Superseded"}, headers=HTMX)
    assert done.headers["HX-Redirect"] == "/catalogue/rules/LUNG-3B/"
    row.refresh_from_db()
    assert row.status == "withdrawn"
    assert StatusEvent.objects.get(new="withdrawn").params == {"reason": "Superseded"}


# The editor ---------------------------------------------------------------------------------------


def form(**changes: Any) -> dict[str, Any]:
    """The editor as it is posted for `raw()`."""
    return {
        "id": "LUNG-3B",
        "name_en": "Lung cancer from stage IIIB",
        "name_zh": "肺癌ⅢB期及以上",
        "icd10": "C34",
        "clause": ["0"],
        "clause-0-key": "stage_min",
        "clause-0-value": "IIIB",
        "tier": "required",
        "care_level": "regional",
        "seat": ["0"],
        "seat-0-discipline": "RADIOL",
        "seat-0-count": "1",
        "seat-0-min_rank": "3",
        "hours-emergency": "24",
        "hours-urgent": "72",
        "hours-routine": "336",
        "minutes": "20",
        "version": "0",
        "action": "save",
        **changes,
    }


def test_a_new_rule_is_saved_as_a_draft(coordinator_client: Client) -> None:
    assert coordinator_client.get("/catalogue/new/").status_code == 200
    response = coordinator_client.post("/catalogue/new/", form(reason="First"))
    assert response.headers["Location"] == "/catalogue/rules/LUNG-3B/?version=1"
    row = CatalogueRule.objects.get()
    assert (row.status, row.reason, row.content["condition"]) == ("draft", "First", {"stage_min": "IIIB"})


SHIPPED = json.loads(vocabulary.CATALOGUE_FILE.read_text(encoding="utf-8"))["rules"]


def test_opening_and_saving_any_shipped_rule_changes_nothing(coordinator_client: Client) -> None:
    from cases.catalogue import rule_form

    rulebook.load(SHIPPED, by=None)
    words = rulebook.known_words()
    for row in CatalogueRule.objects.all():
        stored = rulebook.raw_of(row)
        found, mistakes = rule_form.of_raw(stored).raw(words)
        assert (mistakes, found) == ([], stored), row.key


def test_every_mistake_stands_at_its_field_and_nothing_typed_is_lost(coordinator_client: Client) -> None:
    wrong = form(
        name_zh="", icd10="C34, C999", minutes="45", **{"hours-urgent": "soon", "seat-0-discipline": "NOBODY"},
        source_url="javascript:alert(1)",
    )  # fmt: skip
    wrong |= {"clause": ["0", "1"], "clause-1-key": "age_min", "clause-1-value": "old"}
    response = coordinator_client.post("/catalogue/new/", wrong)
    assert response.status_code == 422
    assert set(response.context["judged"].wrong) == {
        "name_zh", "icd10", "minutes", "hours-urgent", "seat-0", "clause-1", "source_url",
    }  # fmt: skip
    for typed in ("C34, C999", "45", "soon", "javascript:alert(1)", "old"):
        assert f'value="{typed}"' in text(response), typed
    assert not CatalogueRule.objects.exists()


def test_while_one_types_only_what_cannot_be_is_refused(coordinator_client: Client) -> None:
    factories.discipline("PATH")
    live = coordinator_client.post("/catalogue/check/", form(name_zh="", minutes="99"))
    assert live.context["judged"].wrong == {"minutes": ["99 lies outside 1 to 30"]}
    assert live.context["judged"].unfinished == ["Name in Chinese"]
    assert "C34 with stage IIIB or above: a discussion is required" in text(live)
    assert 'id="wrong-minutes" data-wrong hx-swap-oob="true"' in text(live)
    fine = coordinator_client.post("/catalogue/check/", form())
    assert (fine.context["judged"].wrong, fine.context["judged"].fine) == ({}, True)


def test_rows_come_and_go_and_keep_the_rest(coordinator_client: Client) -> None:
    def typed(action: str, **changes: Any) -> Any:
        return coordinator_client.post("/catalogue/new/", form(action=action, **changes), headers=HTMX).context["typed"]

    assert len(typed("add-clause").clauses) == 2
    assert typed("remove-clause-0").clauses == ()
    assert [seat.discipline for seat in typed("add-seat").seats] == ["RADIOL", ""]
    assert typed("remove-seat-0").seats == ()
    assert typed("add-optional", optional=["PALL"]).optional == ("PALL", "")
    assert typed("remove-optional-0", optional=["PALL", "CNS"]).optional == ("CNS",)
    assert typed("add-seat", minutes="45").texts["minutes"] == "45"


def test_the_condition_can_be_written_as_text(coordinator_client: Client) -> None:
    def posted(action: str, **changes: Any) -> Any:
        return coordinator_client.post("/catalogue/new/", form(action=action, **changes), headers=HTMX).context["typed"]

    assert posted("mode-text").lines == "stage >= IIIB"
    back = posted("mode-rows", mode="text", lines="age >= 70\nany: recurrence")
    assert [(one.key, one.values) for one in back.clauses] == [("age_min", ("70",)), ("flags_any", ("recurrence",))]
    assert posted("mode-rows", mode="text", lines="nonsense").lines == "nonsense"
    refused = coordinator_client.post("/catalogue/new/", form(mode="text", lines="nonsense"))
    assert list(refused.context["judged"].wrong) == ["condition"]
    coordinator_client.post("/catalogue/new/", form(mode="text", lines="stage >= II"))
    assert CatalogueRule.objects.get().content["condition"] == {"stage_min": "II"}


def test_of_two_editors_the_second_keeps_what_they_typed(coordinator_client: Client) -> None:
    published(SINCE)
    first = form(version="1", minutes="25")
    assert coordinator_client.post("/catalogue/rules/LUNG-3B/edit/", first | {"id": "OTHER"}).status_code == 302
    assert {row.key for row in CatalogueRule.objects.all()} == {"LUNG-3B"}  # the key of a rule stays
    second = coordinator_client.post("/catalogue/rules/LUNG-3B/edit/", first | {"minutes": "15"})
    assert second.status_code == 409
    assert 'value="15"' in text(second)
    assert coordinator_client.post("/catalogue/new/", form()).status_code == 409  # the key is taken


# The bench ----------------------------------------------------------------------------------------


def test_the_bench_shows_each_clause_and_the_draft_beside_what_is_in_force(coordinator_client: Client) -> None:
    published(SINCE, condition={"stage_min": "IIIB", "age_min": 70})
    rulebook.save_draft(raw(condition={"stage_min": "II"}), by=None)
    assert coordinator_client.get("/catalogue/test/?code=C34").status_code == 200
    response = coordinator_client.post(
        "/catalogue/test/", {"search": "C34.1", "stage": "IIIB", "urgency": "routine"}, headers=HTMX
    )
    present, then = response.context["columns"]
    assert (present.sheet.tier, then.sheet.tier) == ("", "required")
    (tried,) = present.test.tried
    assert (tried.applies, [(one.text, one.holds) for one in tried.clauses]) == (
        None,
        [("stage IIIB or above", True), ("age 70 or above", None)],
    )
    low = coordinator_client.post(
        "/catalogue/test/", {"search": "C34.1", "stage": "I", "age": "60", "urgency": "routine"}
    )
    assert [one.sheet.tier for one in low.context["columns"]] == ["", ""]
    assert low.context["columns"][0].test.tried[0].applies is False


def test_the_bench_finds_diagnoses_and_asks_what_the_rules_ask(coordinator_client: Client) -> None:
    published(SINCE, condition={"stage_min": "IIIB", "age_min": 70})
    assert "C34" in text(coordinator_client.get("/catalogue/test/codes/?search=肺癌", headers=HTMX))
    asked = text(coordinator_client.post("/catalogue/test/facts/", {"code": "C34"}, headers=HTMX))
    assert 'name="stage"' in asked and 'name="age"' in asked


# Preview and publish ------------------------------------------------------------------------------


def publish_form(**changes: Any) -> dict[str, Any]:
    return {"draft": ["LUNG-3B:2"], "valid_from": rulebook.today().isoformat(), "reason": "Guideline"} | changes


@pytest.mark.usefixtures("one_person_publishes")
def test_preview_then_publish(coordinator_client: Client, editor: User) -> None:
    published(SINCE)
    rulebook.save_draft(raw(condition={"stage_min": "II"}), by=None)
    factories.case_waiting(code="C34.1", stage="II")
    page = coordinator_client.get("/catalogue/publish/?draft=LUNG-3B")
    assert [(one.stamp, one.checked) for one in page.context["drafts"]] == [("LUNG-3B:2", True)]
    assert [(one.before, one.after, one.waiting) for one in page.context["preview"].moves] == [
        ("undecided", "required", 1)
    ]
    assert [row.name for row in page.context["loads"]] == ["Radiology"]
    refused = coordinator_client.post("/catalogue/publish/", publish_form(reason=""))
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["reason"])
    past = coordinator_client.post("/catalogue/publish/", publish_form(valid_from="2020-01-01"))
    assert list(past.context["form"].errors) == ["valid_from"]
    assert coordinator_client.post("/catalogue/publish/", publish_form()).status_code == 302
    assert [rule.condition.stage_min for rule in rulebook.in_force(rulebook.today())] == ["II"]
    assert StatusEvent.objects.filter(code="rule.published").latest("pk").params == {"reason": "Guideline"}


@pytest.mark.usefixtures("one_person_publishes")
def test_a_draft_that_was_changed_since_the_preview_is_not_published(coordinator_client: Client) -> None:
    published(SINCE)
    rulebook.save_draft(raw(minutes=25), by=None)
    rulebook.save_draft(raw(minutes=30), by=None)
    response = coordinator_client.post("/catalogue/publish/", publish_form())
    assert response.status_code == 422
    assert "changed in the meantime" in text(response)
    assert [rule.minutes for rule in rulebook.in_force(rulebook.today())] == [20]


@pytest.mark.usefixtures("one_person_publishes")
def test_staff_may_preview_but_not_publish(client: Client) -> None:
    published(SINCE)
    rulebook.save_draft(raw(minutes=25), by=None)
    client.force_login(factories.user(Role.MANAGER))
    assert client.get("/catalogue/publish/").status_code == 200
    assert client.post("/catalogue/publish/", publish_form()).status_code != 302
    assert [rule.minutes for rule in rulebook.in_force(rulebook.today())] == [20]


def test_nothing_to_publish_says_what_to_do(coordinator_client: Client) -> None:
    assert "No draft waits" in text(coordinator_client.get("/catalogue/publish/"))


# Files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_what_is_exported_and_imported_again_changes_nothing(coordinator_client: Client, kind: str) -> None:
    rulebook.load(SHIPPED, by=None, unapproved="Tests begin so", publish_from=SINCE)
    exported = coordinator_client.get(f"/catalogue/export.{kind}")
    assert exported.headers["Content-Disposition"].endswith(f'.{kind}"')
    file = SimpleUploadedFile(f"rules.{kind}", exported.content)
    plan = coordinator_client.post("/catalogue/import/", {"file": file}).context["plan"]
    assert (plan.new, plan.changed, plan.unchanged) == ([], [], 95)
    assert coordinator_client.get("/catalogue/export.xml").status_code == 404


def test_import_shows_the_plan_first_and_writes_drafts_on_confirmation(coordinator_client: Client) -> None:
    published(SINCE)
    sheet = csv_io.write([raw(minutes=25), raw(id="NEW", condition={"age_min": 80})])
    dry = coordinator_client.post("/catalogue/import/", {"text": sheet, "reason": "Yearly review"})
    plan = dry.context["plan"]
    assert [one.key for one in plan.new] == ["NEW"]
    assert [(one.key, [change.key for change in one.changes]) for one in plan.changed] == [("LUNG-3B", ["minutes"])]
    assert CatalogueRule.objects.count() == 1
    done = coordinator_client.post("/catalogue/import/", {"text": sheet, "reason": "Yearly review", "confirm": "1"})
    assert done.headers["Location"] == "/catalogue/publish/"
    drafts = CatalogueRule.objects.filter(status="draft")
    assert {(row.key, row.version, row.reason) for row in drafts} == {
        ("LUNG-3B", 2, "Yearly review"),
        ("NEW", 1, "Yearly review"),
    }


def test_import_lists_all_mistakes_with_line_field_and_sentence(coordinator_client: Client) -> None:
    sheet = csv_io.write([raw(minutes=45, icd10=["C34", "C999"]), raw(id="B", tier="perhaps")])
    response = coordinator_client.post("/catalogue/import/", {"text": sheet, "confirm": "1"})
    assert response.status_code == 422
    assert [(line, rule, field) for line, rule, field, _ in response.context["found"].lines] == [
        (2, "LUNG-3B", "icd10"),
        (2, "LUNG-3B", "minutes"),
        (3, "B", "tier"),
    ]
    assert "45 lies outside 1 to 30" in text(response)
    assert not CatalogueRule.objects.exists()


def test_a_file_that_contradicts_a_rule_in_force_is_refused(coordinator_client: Client) -> None:
    published(SINCE)
    sheet = csv_io.write([raw(id="OTHER", tier="suggested")])
    response = coordinator_client.post("/catalogue/import/", {"text": sheet, "confirm": "1"})
    assert [(rule, field) for _, rule, field, _ in response.context["found"].lines] == [("OTHER", "tier")]
    assert not CatalogueRule.objects.filter(key="OTHER").exists()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"{", b"just words"])
def test_a_file_that_is_none_is_refused_in_words(coordinator_client: Client, content: bytes) -> None:
    response = coordinator_client.post("/catalogue/import/", {"file": SimpleUploadedFile("x.csv", content)})
    assert response.status_code == 422
    assert not CatalogueRule.objects.exists()
