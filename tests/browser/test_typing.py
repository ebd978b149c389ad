"""What the keyboard does in a form: Enter, whole codes, errors that lead to their field, and the calendar."""

from datetime import date

import pytest
from django.conf import settings
from playwright.sync_api import Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from cases.catalogue import rulebook
from cases.catalogue.core import json_io, vocabulary
from cases.models import Case
from experts.models import Role
from tests import factories
from tests.browser import axe, complaints
from tests.browser.crawl import session_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def form(page: Page, live_server: LiveServer) -> Page:
    """The referral form, with a rule that asks for the stage of lung cancer."""
    found = json_io.read(vocabulary.CATALOGUE_FILE.read_text(encoding="utf-8"), vocabulary.shipped())
    rulebook.load(
        [raw for raw in found.raw if raw["id"] == "LUNG-3B"],
        by=None,
        unapproved="Tests begin so",
        publish_from=date(2020, 1, 1),
    )
    cookie = {"name": settings.SESSION_COOKIE_NAME, "url": live_server.url}
    page.context.add_cookies([cookie | {"value": session_of(factories.user(Role.REFERRER))}])  # type: ignore[list-item]
    page.goto(f"{live_server.url}/refer/")
    return page


def test_enter_chooses_and_never_saves(form: Page) -> None:
    form.fill("[name=search]", "C34.1")
    form.keyboard.press("Enter")
    expect(form.locator("#asked label", has_text="IIIB")).to_be_visible()
    expect(form.locator("#codes :checked")).to_be_focused()
    form.locator("[name=patient_name]").press("Enter")
    form.locator("[name=diagnosis]").press("Enter")
    expect(form).to_have_url(f"{form.url.split('/refer')[0]}/refer/")
    assert not Case.objects.exists()


def test_a_whole_code_shows_its_stage_without_a_click(form: Page) -> None:
    form.fill("[name=search]", "c341")
    expect(form.locator("#codes :checked")).to_have_value("C34.1")
    expect(form.locator("#asked label", has_text="IIIB")).to_be_visible()


def test_words_that_fit_several_lead_into_the_list(form: Page) -> None:
    form.fill("[name=search]", "lung")
    form.keyboard.press("Enter")
    expect(form.locator("#codes input").first).to_be_focused()
    expect(form.locator("#codes :checked")).to_have_count(0)


def test_who_is_wrong_is_led_to_the_field(form: Page) -> None:
    form.fill("[name=birth_date]", "3/4/1961")
    form.locator("button[value=submit]").click()
    expect(form.locator("[name=patient_name]")).to_be_focused()
    expect(form.locator("[name=birth_date]")).to_have_value("3/4/1961")
    form.locator(".wrong-fields a", has_text="Date of birth").click()
    expect(form.locator("[name=birth_date]")).to_be_focused()


def test_the_calendar_is_used_with_the_keyboard(form: Page) -> None:
    said = complaints.of(form)
    form.fill("[name=birth_date]", "2026-11-24")
    form.locator("[data-calendar]").focus()
    form.keyboard.press("Enter")
    dialog = form.locator("dialog.calendar")
    expect(dialog.locator("[data-day='2026-11-24']")).to_be_focused()
    assert axe.violations(form) == []
    for key in ("ArrowRight", "ArrowDown", "PageUp", "Home"):
        form.keyboard.press(key)
    expect(dialog.locator("[data-day='2026-11-02']")).to_be_focused()
    form.keyboard.press("Enter")
    expect(form.locator("[name=birth_date]")).to_have_value("2 Nov 2026")
    expect(form.locator("[name=birth_date]")).to_be_focused()
    assert said == []


def test_what_is_typed_before_the_scripts_have_come_counts(form: Page) -> None:
    held: list[Route] = []
    form.route("**/htmx.min*.js", lambda route: held.append(route))
    form.goto(form.url, wait_until="commit")
    form.fill("[name=search]", "c341")
    form.fill("[name=birth_date]", "1961-04-03")
    held[0].continue_()
    expect(form.locator("#codes :checked")).to_have_value("C34.1")
    expect(form.locator("[name=birth_date]")).to_have_value("1961-04-03")
