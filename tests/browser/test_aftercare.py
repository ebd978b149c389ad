"""The loop in a real browser and both languages: record a meeting, sign a recommendation, close the follow-up."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from cases.models import Case, FollowUp
from experts.models import Role
from mdt_portal.models import User
from scheduling.models import Session
from tests import factories
from tests.browser.test_phone import DESKTOP, LANGUAGES, PHONE, finger_sized, looks_right, opened

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WORDS = {
    "en": {"late": "12 minutes late", "signed": "Signed", "closed": "Loop closed"},
    "zh-hans": {"late": "晚 12 分钟", "signed": "已签署", "closed": "已闭环"},
}


@pytest.fixture
def over() -> Session:
    return factories.meeting_over(days_ago=1)


@pytest.fixture
def coordinator(over: Session) -> User:
    return factories.user(Role.COORDINATOR, at=over.institution)


@pytest.mark.parametrize("language", ["en", pytest.param("zh-hans", marks=pytest.mark.slow)])
def test_from_the_meeting_to_the_closed_case(
    browser: Browser, live_server: LiveServer, over: Session, coordinator: User, language: str
) -> None:
    words = WORDS[language]
    coordinator_page = opened(browser, live_server.url, language, DESKTOP, coordinator).new_page()
    coordinator_page.goto(live_server.url)
    coordinator_page.locator(f"a[href^='/sessions/{over.public_id}/record/']").first.click()
    coordinator_page.wait_for_url("**/record/**")
    record(coordinator_page, over)
    coordinator_page.goto(f"{live_server.url}/sessions/{over.public_id}/")  # Today's list led on to its next entry
    expect(coordinator_page.locator("main")).to_contain_text(words["late"])
    looks_right(coordinator_page)

    case = Case.objects.get(status="discussed")
    coordinator_page.locator(f"a[href='/cases/{case.public_id}/recommendation/']").click()
    coordinator_page.wait_for_url("**/recommendation/")
    recommend(coordinator_page)
    expect(coordinator_page.locator("[aria-labelledby=recommendation-h]")).to_contain_text(words["signed"])
    looks_right(coordinator_page)

    coordinator_page.goto(f"{live_server.url}/cases/{case.public_id}/follow-up/")
    looks_right(coordinator_page)

    assert case.referrer is not None
    phone = opened(browser, live_server.url, language, PHONE, case.referrer).new_page()
    FollowUp.objects.update(due=over.start.date())
    phone.goto(live_server.url)
    phone.locator(f"a[href='/cases/{case.public_id}/follow-up/']").click()
    phone.wait_for_url("**/follow-up/")
    close(phone)
    expect(phone.locator("[aria-labelledby=follow-ups-h]")).to_contain_text(words["closed"])
    looks_right(phone)
    case.refresh_from_db()
    assert case.status == "closed"

    for size in (DESKTOP, PHONE):
        page = opened(browser, live_server.url, language, size, coordinator).new_page()
        page.goto(f"{live_server.url}/sessions/?view=past")
        expect(page.locator("main")).to_contain_text(words["late"])
        looks_right(page)


def record(page: Page, over: Session) -> None:
    """The first case was not discussed; everything else as it was planned, twelve minutes late."""
    first = over.items.order_by("start")[0].case_id
    looks_right(page)
    page.locator("[name=start]").fill("14:12")
    page.locator(f"[name=outcome_{first}]").select_option("other")
    with page.expect_navigation():
        page.locator(".record-foot button").click()
    expect(page.locator(f"[name=note_{first}]")).to_have_class("form-control is-invalid")
    looks_right(page)
    page.locator(f"[name=note_{first}]").fill("The patient was moved to another hospital.")
    with page.expect_navigation():
        page.locator(".record-foot button").click()


def recommend(page: Page) -> None:
    looks_right(page)
    page.locator("[name=text]").fill("Resect.\nThen chemotherapy.")
    page.locator("[name=what_0]").fill("Stage again")
    page.locator("[name=by_0]").fill("Dr Ma")
    page.locator("[name=who]").fill("")
    with page.expect_navigation():
        sign(page)
    expect(page.locator("#id_who_error")).to_be_visible()
    looks_right(page)
    page.locator("[name=who]").fill("Nurse Li")
    sign(page)
    page.wait_for_url("**/cases/*/")


def sign(page: Page) -> None:
    """The button asks first."""
    page.locator("button[value=sign]").click()
    page.locator("[data-confirm-yes]").click()


def close(page: Page) -> None:
    looks_right(page)
    finger_sized(page, ".aftercare .btn, .aftercare .form-control")
    page.locator("label:has([name=outcome][value=out])").click()
    page.locator("label:has([name=then][value=again])").click()
    expect(page.locator("[name=next_follow_up_on]")).to_be_visible()
    page.locator("label:has([name=then][value=close])").click()
    expect(page.locator("[name=next_follow_up_on]")).to_be_hidden()
    looks_right(page)
    page.locator(".aftercare button[type=submit]").click()
    page.wait_for_url("**/cases/*/")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_chair_records_on_the_phone(browser: Browser, live_server: LiveServer, over: Session, language: str) -> None:
    chair = factories.expert("RESP", at=over.institution, user=factories.user(Role.CHAIR, at=over.institution))
    over.team.chair = chair
    over.team.save()
    page = opened(browser, live_server.url, language, PHONE, chair.user).new_page()
    page.goto(live_server.url)
    looks_right(page)
    page.locator(f"a[href^='/sessions/{over.public_id}/record/']").first.click()
    page.wait_for_url("**/record/**")
    looks_right(page)
    finger_sized(page, ".aftercare .btn, .aftercare .form-select")
    expect(page.locator("[name=quorum_reason]")).to_be_hidden()
    page.locator("input[name=came]").first.uncheck()
    expect(page.locator("[name=quorum_reason]")).to_be_visible()
    page.locator("[name=quorum_reason]").fill("The report was read out.")
    looks_right(page)
    page.locator(".record-foot button").click()
    page.wait_for_url(f"**/sessions/{over.public_id}/")
    looks_right(page)
    page.locator("a[href$='/recommendation/']").first.click()
    page.wait_for_url("**/recommendation/")
    looks_right(page)
