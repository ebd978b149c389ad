"""Who leaves a page with something typed and not sent is asked by the browser; who sends it is not."""

from datetime import time

import pytest
from django.conf import settings
from playwright.sync_api import Dialog, Page, expect
from pytest_django.live_server_helper import LiveServer

from experts.models import Expert, Role
from mdt_portal.models import User
from tests import factories
from tests.browser import complaints
from tests.browser.crawl import session_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def hours_of(expert: Expert) -> list[tuple[int, time, time]]:
    return list(expert.weekly_availability.values_list("weekday", "start", "end"))  # type: ignore[attr-defined]


@pytest.fixture
def questions(page: Page) -> list[str]:
    """The questions that the browser has asked so far; it stays on the page at each of them."""
    kinds: list[str] = []

    def stay(dialog: Dialog) -> None:
        kinds.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    return kinds


def _sign_in(page: Page, live_server: LiveServer, user: User) -> None:
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session_of(user), "url": live_server.url}
    page.context.add_cookies([cookie])  # type: ignore[list-item]


def test_a_changed_form_asks_before_it_is_left_until_it_is_sent(
    page: Page, live_server: LiveServer, questions: list[str]
) -> None:
    _sign_in(page, live_server, factories.user(Role.REFERRER))
    brand = page.locator("a.brand").first
    page.goto(f"{live_server.url}/refer/")
    page.fill("[name=question]", "Which first?")
    page.fill("[name=question]", "")
    with page.expect_navigation():
        brand.click()  # as it was before: nothing to lose
    page.goto(f"{live_server.url}/refer/")
    page.fill("[name=question]", "Which first?")
    with page.expect_event("dialog"):
        brand.click(no_wait_after=True)
    expect(page.locator("[name=question]")).to_have_value("Which first?")
    page.fill("[name=birth_date]", "3/4/1961")
    with page.expect_navigation():
        page.locator("button[value=submit]").click()
    expect(page.locator("[name=birth_date]")).to_have_value("3/4/1961")
    page.locator("h1").click()
    with page.expect_event("dialog"):
        brand.click(no_wait_after=True)  # it was refused: it is still unsaved
    page.fill("[name=patient_name]", "Ada Bright")
    page.fill("[name=birth_date]", "1961-05-04")
    page.fill("[name=search]", "C34.1")
    expect(page.locator("#codes :checked")).to_have_value("C34.1")
    page.locator("button[value=draft]").click()
    page.wait_for_url("**/cases/**")
    with page.expect_navigation():
        brand.click()
    assert questions == ["beforeunload"] * 2


def test_one_form_is_not_lost_over_another_and_is_sent_after_staying(
    page: Page, live_server: LiveServer, questions: list[str]
) -> None:
    said = complaints.of(page)
    expert = factories.expert(user=factories.user(Role.EXPERT), hours=[])
    assert expert.user is not None
    _sign_in(page, live_server, expert.user)
    page.goto(f"{live_server.url}/time/")
    page.locator("[name=copy_day]").select_option("3")  # a tool, nothing that is saved
    with page.expect_navigation():
        page.locator("a.brand").first.click()
    page.goto(f"{live_server.url}/time/")
    page.locator("[name=free][value='2-0900']").check()
    chinese = page.locator("button[name=language]").first
    with page.expect_event("dialog"):
        chinese.click(no_wait_after=True)
    expect(chinese).to_be_enabled()
    with page.expect_navigation():
        page.locator("button[value=week]").click()
    assert questions == ["beforeunload"]
    assert hours_of(expert) == [(2, time(9), time(9, 30))]
    assert said == []


def test_a_filter_is_left_freely(page: Page, live_server: LiveServer, questions: list[str]) -> None:
    _sign_in(page, live_server, factories.user(Role.COORDINATOR))
    page.goto(f"{live_server.url}/queue/")
    page.locator("#queue-filter [name=q]").fill("lung")
    page.goto(f"{live_server.url}/people/")
    assert questions == []
