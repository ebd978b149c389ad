"""The catalogue's pages in a real browser: edit with live mistakes, preview, publish, see it count."""

from datetime import date
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from cases.catalogue import rulebook
from cases.catalogue.core import json_io, vocabulary
from cases.models import CatalogueRule
from experts import reference
from experts.models import Role
from tests import factories
from tests.browser import axe, complaints, doings

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
RULES = {"LUNG-3B", "LUNG-NEW", "ONC-COMORB", "APPX-SIMPLE"}


@pytest.fixture
def editor_page(page: Page, live_server: LiveServer, client: Client) -> Page:
    """The catalogue with four rules, one waiting case of stage II, and its administrator signed in."""
    reference.load()
    found = json_io.read(vocabulary.CATALOGUE_FILE.read_text(encoding="utf-8"), vocabulary.shipped())
    rulebook.load(
        [raw for raw in found.raw if raw["id"] in RULES],
        by=None,
        unapproved="Tests begin so",
        publish_from=date(2020, 1, 1),
    )
    hospital = factories.institution()
    factories.case_waiting(team=factories.team("lung", at=hospital), code="C34.1", stage="II", comorbidities=0)
    client.force_login(factories.user(Role.CATALOGUE_ADMIN, at=hospital))
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    return page


def speak(page: Page, live_server: LiveServer, language: str, theme: str = "light") -> None:
    names = {settings.LANGUAGE_COOKIE_NAME: language, "theme": theme}
    page.context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in names.items()])


@pytest.mark.usefixtures("one_person_publishes")
@pytest.mark.parametrize(
    ("language", "said", "outside"),
    [
        ("en", "C34 with stage II or above: a discussion is required", "45 lies outside 1 to 30"),
        pytest.param("zh-hans", "C34，且分期 II 及以上：必须会诊", "45", marks=pytest.mark.slow),
    ],
)
def test_catalogue_preview_and_publish(
    editor_page: Page, live_server: LiveServer, language: str, said: str, outside: str
) -> None:
    page = editor_page
    console = complaints.of(page)
    speak(page, live_server, language)
    page.goto(f"{live_server.url}/catalogue/")
    page.fill("#rule-filter [name=q]", "LUNG-3B")
    expect(page.locator("[data-row]")).to_have_count(1)
    page.locator("[data-row] a").first.click()
    page.wait_for_url("**/rules/LUNG-3B/")
    page.locator("a[href$='/edit/']").click()
    page.wait_for_url("**/edit/")

    page.fill("#f-minutes", "45")
    expect(page.locator("#wrong-minutes")).to_contain_text(outside)
    expect(page.locator("#f-minutes")).to_have_attribute("aria-invalid", "true")
    assert axe.violations(page) == []
    page.fill("#f-minutes", "25")
    expect(page.locator("#wrong-minutes")).to_be_empty()
    expect(page.locator("#f-minutes")).not_to_have_attribute("aria-invalid", "true")
    page.select_option("#f-clause-0", "II")
    expect(page.locator("#rule-live")).to_contain_text(said)
    page.locator("button[value=add-seat]").click()
    expect(page.locator("[name=seat]")).to_have_count(7)
    page.locator("button[value=remove-seat-6]").click()
    expect(page.locator("[name=seat]")).to_have_count(6)
    page.fill("#reason", "Guideline 2026")
    page.locator("button.btn-primary[value=save]").click()

    page.wait_for_url("**/rules/LUNG-3B/?version=2")
    expect(page.locator("#comparison tbody tr")).to_have_count(2)
    assert axe.violations(page) == []
    page.locator(".page-head .btn-primary").click()
    page.wait_for_url("**/publish/**")
    expect(page.locator("#effect table .tier-required")).to_be_visible()
    expect(page.locator("#effect svg rect").first).to_be_attached()
    assert axe.violations(page) == []
    page.locator(".draft-list [type=checkbox]").uncheck()
    expect(page.locator("#effect table")).to_have_count(0)
    page.locator(".draft-list [type=checkbox]").check()
    expect(page.locator("#effect table .tier-required")).to_be_visible()
    with page.expect_navigation():
        page.locator("#publish button[type=submit]").click()  # no reason yet
    expect(page.locator(".field-error")).to_be_visible()
    page.fill("#publish [name=reason]", "Board of 20 November")
    page.locator("#publish button[type=submit]").click()
    page.wait_for_url("**/catalogue/")
    assert [rule.condition.stage_min for rule in rulebook.in_force(rulebook.today()) if rule.key == "LUNG-3B"] == ["II"]
    assert [text for text in console if "422" not in text] == []


TRIED = """addEventListener("htmx:beforeRequest", event => {
  if (event.detail.elt.id === "rule-live")
    document.documentElement.dataset.checks = event.defaultPrevented ? "not now" : "yes";
})"""
TYPED = "(field, text) => { field.value = text; field.dispatchEvent(new Event('input', {bubbles: true})); }"


def test_the_answer_to_what_stood_there_before_comes_no_more(editor_page: Page, live_server: LiveServer) -> None:
    """A check of seven seats is under way when the seventh goes: it is taken back, and none starts before that."""
    page = editor_page
    said = complaints.of(page)
    page.goto(f"{live_server.url}/catalogue/rules/LUNG-3B/edit/")
    page.locator("button[value=add-seat]").click()
    expect(page.locator("[name=seat]")).to_have_count(7)
    page.evaluate(TRIED)
    held: list[Route] = []
    page.route("**/catalogue/check/", lambda _: None)  # no answer comes as long as the page waits for one
    page.route("**/edit/", lambda route: held.append(route))
    with page.expect_request("**/catalogue/check/") as under_way:
        page.locator("#f-minutes").evaluate(TYPED, "45")  # no key, no focus: one event and one check
    with page.expect_event("requestfailed", lambda request: request == under_way.value):
        page.locator("button[value=remove-seat-6]").evaluate("button => button.click()")
    expect(page.locator("html")).to_have_attribute("data-checks", "yes")
    page.locator("#f-minutes").evaluate(TYPED, "45")
    expect(page.locator("html")).to_have_attribute("data-checks", "not now")
    held[0].continue_()
    expect(page.locator("[name=seat]")).to_have_count(6)
    expect(page.locator("#wrong-minutes")).to_contain_text("45 lies outside 1 to 30")
    page.unroute("**/catalogue/check/")
    page.fill("#f-minutes", "25")
    expect(page.locator("#wrong-minutes")).to_be_empty()
    assert said == []


def test_the_tester_answers_while_one_types(editor_page: Page, live_server: LiveServer) -> None:
    page = editor_page
    rulebook.save_draft(
        rulebook.raw_of(CatalogueRule.objects.get(key="LUNG-3B")) | {"condition": {"stage_min": "II"}}, by=None
    )
    page.goto(f"{live_server.url}/catalogue/test/")
    page.fill("[name=search]", "C34.1")
    page.locator("#codes label").first.click()
    page.locator("#asked label", has_text="IIIB").click()
    expect(page.locator("#tester-answer .answer-tier .tier-required")).to_have_count(2)
    expect(page.locator("#tester-answer .tried-yes").first).to_contain_text("stage IIIB or above")
    assert axe.violations(page) == []


@pytest.mark.slow
def test_the_pages_are_accessible_and_fit(editor_page: Page, live_server: LiveServer) -> None:
    """In one language, theme and width; the others are tried by test_every_page.py."""
    page = editor_page
    raw = rulebook.raw_of(CatalogueRule.objects.get(key="LUNG-3B"))
    rulebook.save_draft(raw | {"condition": {"stage_min": "II", "flags_none": ["pregnant"]}}, by=None)
    speak(page, live_server, "zh-hans", "dark")
    page.set_viewport_size({"width": 1280, "height": 800})
    wrong: dict[str, Any] = {}

    def look(name: str) -> None:
        found = axe.violations(page)
        if found or page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
            wrong[name] = found or "too wide"

    for path in ("", "new/", "test/?code=C34", "publish/", "import/", "rules/LUNG-3B/", "rules/LUNG-3B/edit/"):
        page.goto(f"{live_server.url}/catalogue/{path}")
        doings.settle(page)
        look(path or "table")
    page.goto(f"{live_server.url}/catalogue/rules/LUNG-3B/edit/")
    page.locator("button[value=mode-text]").click()
    expect(page.locator("#f-lines")).to_be_visible()
    look("text")
    page.goto(f"{live_server.url}/catalogue/rules/LUNG-3B/")
    page.locator("[hx-get*=withdraw]").last.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    look("withdraw")
    page.goto(f"{live_server.url}/catalogue/import/")
    page.fill("[name=text]", "id,tier\nA,required\n")
    page.locator("#main form button[type=submit]").click()
    expect(page.locator("#mistakes-h")).to_be_visible()
    look("mistakes")
    assert wrong == {}
