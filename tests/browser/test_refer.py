"""Referring a case in a real browser: fill in, see the answer follow, submit, arrive on the case page."""

from datetime import date
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from cases.catalogue import rulebook
from cases.catalogue.core import json_io, vocabulary
from cases.models import Case
from experts.models import Role
from mdt_portal.models import User
from tests import factories
from tests.browser import axe, complaints

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
RULES = {"ONC-COMORB", "LUNG-3B", "LUNG-NEW", "STROKE-5-15"}


@pytest.fixture
def referrer() -> User:
    text = vocabulary.CATALOGUE_FILE.read_text(encoding="utf-8")
    found = json_io.read(text, vocabulary.shipped())
    rulebook.load(
        [raw for raw in found.raw if raw["id"] in RULES],
        by=None,
        unapproved="Tests begin so",
        publish_from=date(2020, 1, 1),
    )
    hospital = factories.institution()
    factories.team("lung", at=hospital, name_en="Thoracic MDT", name_zh="胸部肿瘤团队")
    return factories.user(Role.REFERRER, at=hospital)


@pytest.fixture
def signed_in(page: Page, live_server: LiveServer, client: Client, referrer: User) -> Page:
    client.force_login(referrer)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    return page


def speak(page: Page, live_server: LiveServer, language: str, theme: str = "light") -> None:
    names = {settings.LANGUAGE_COOKIE_NAME: language, "theme": theme}
    page.context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in names.items()])


@pytest.mark.parametrize(
    ("language", "typed", "required", "team"),
    [
        ("en", "lung", "Required", "Thoracic MDT"),
        pytest.param("zh-hans", "肺癌", "必须", "胸部肿瘤团队", marks=pytest.mark.slow),
    ],
)
def test_from_the_form_to_the_case(
    signed_in: Page, live_server: LiveServer, language: str, typed: str, required: str, team: str
) -> None:
    page = signed_in
    said = complaints.of(page)
    speak(page, live_server, language)
    page.goto(f"{live_server.url}/refer/")
    page.fill("[name=patient_name]", "王芳")
    page.fill("[name=birth_date]", "1961-05-04")
    page.fill("[name=search]", typed)
    page.locator("#codes label", has_text="C34").first.click()
    stage = page.locator("#asked label", has_text="IIIB")
    expect(stage).to_be_visible()
    stage.click()
    expect(page.locator("#answer .tier")).to_have_text(required)
    expect(page.locator("#answer")).to_contain_text("LUNG-3B")
    page.fill("[name=question]", "Is she fit for surgery?")
    assert axe.violations(page) == []
    page.locator("button[value=submit]").click()
    page.wait_for_url("**/cases/**")
    case = Case.objects.get()
    assert (case.code, case.stage, case.status) == ("C34", "IIIB", "waiting")
    expect(page.locator("#messages")).to_contain_text(case.number)
    expect(page.locator("#main")).to_contain_text(team)
    expect(page.locator("#main")).not_to_contain_text("王芳")
    page.locator("#identity button").click()
    expect(page.locator("#identity")).to_contain_text("王芳")
    assert axe.violations(page) == []
    assert said == []


def test_nothing_typed_is_lost_when_something_is_missing(signed_in: Page, live_server: LiveServer) -> None:
    page = signed_in
    page.goto(f"{live_server.url}/refer/")
    page.fill("[name=search]", "C34.1")
    page.locator("#codes label").first.click()
    page.locator("#asked label", has_text="IIIB").click()
    page.locator("button[value=submit]").click()
    expect(page.locator(".field-error")).to_have_count(2)  # the name, the question
    expect(page.locator("#asked [value=IIIB]")).to_be_checked()
    expect(page.locator("#answer .tier")).to_have_text("Required")
    assert axe.violations(page) == []


def test_a_double_click_makes_one_case(signed_in: Page, live_server: LiveServer) -> None:
    page = signed_in
    page.goto(f"{live_server.url}/refer/")
    page.fill("[name=patient_name]", "Wang Fang")
    page.fill("[name=search]", "C34.1")
    page.locator("button[value=draft]").dblclick()
    page.wait_for_url("**/cases/**")
    assert Case.objects.count() == 1


def test_what_is_typed_outlives_a_session_when_one_signs_in_again_in_a_second_window(
    signed_in: Page, live_server: LiveServer, referrer: User
) -> None:
    page = signed_in
    page.goto(f"{live_server.url}/refer/")
    page.fill("[name=patient_name]", "Wang Fang")
    page.fill("[name=question]", "Is she fit for surgery?")
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    page.fill("[name=search]", "C34.1")
    expect(page.locator("#toasts")).to_contain_text("Sign in again in a second window")
    second = page.context.new_page()
    second.goto(f"{live_server.url}/login/")
    second.fill("[name=username]", referrer.username)
    second.fill("[name=password]", factories.PASSWORD)
    second.locator("main button[type=submit]").click()
    second.wait_for_url(f"{live_server.url}/")
    page.locator("[name=search]").press("End")
    page.locator("[name=search]").press("Backspace")
    page.locator("#codes label", has_text="C34").first.click()
    page.locator("#asked label", has_text="IIIB").click()
    page.locator("button[value=submit]").click()
    page.wait_for_url("**/cases/**")
    assert Case.objects.get().question == "Is she fit for surgery?"


@pytest.mark.parametrize(("width", "theme"), [(1280, "light")])  # the others: test_every_page.py
def test_the_pages_are_accessible_and_fit(
    signed_in: Page, live_server: LiveServer, referrer: User, theme: str, width: int
) -> None:
    page = signed_in
    assignment = referrer.roles.get()
    assert assignment.institution is not None
    factories.assign(referrer, Role.COORDINATOR, at=assignment.institution)
    team = assignment.institution.teams.get()
    case = factories.case_waiting(team=team, missing=["imaging"], seats=[("RADIOL", 3), ("PATH", 3)])
    speak(page, live_server, "en", theme)
    page.set_viewport_size({"width": width, "height": 800})
    wrong: dict[str, Any] = {}
    for path in ("/", "/queue/", "/refer/", f"/cases/{case.public_id}/", f"/cases/{case.public_id}/edit/"):
        page.goto(live_server.url + path)
        found = axe.violations(page)
        if found or page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
            wrong[path] = found or "too wide"
    page.goto(f"{live_server.url}/cases/{case.public_id}/")
    for words in ("Withdraw…", "Set tier by hand…"):
        page.get_by_role("button", name=words).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        if found := axe.violations(page):
            wrong[words] = found
        page.keyboard.press("Escape")
    assert wrong == {}


def test_the_queue_filters_while_one_types(signed_in: Page, live_server: LiveServer, referrer: User) -> None:
    page = signed_in
    first, second = (factories.case_waiting(referrer=referrer) for _ in range(2))
    page.goto(f"{live_server.url}/queue/")
    expect(page.locator("[data-row]")).to_have_count(2)
    page.fill("#queue-filter [name=q]", first.number)
    expect(page.locator("[data-row]")).to_have_count(1)
    assert f"q={first.number}" in page.url
    page.fill("#queue-filter [name=q]", "")
    expect(page.locator("[data-row]")).to_have_count(2)
    expect(page.locator("#queue")).to_contain_text(second.number)
