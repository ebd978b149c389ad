"""What the frame does by itself: theme, notices, questions, countdowns, keys; and that it is accessible."""

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser import axe, complaints

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def guide(page: Page, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> Page:
    """The style guide, which holds every part."""
    monkeypatch.setattr(settings, "DEBUG", True)
    page.goto(f"{live_server.url}/styleguide/")
    return page


@pytest.mark.parametrize(
    ("language", "theme", "width"),
    [("en", "light", 360), ("zh-hans", "dark", 360), ("en", "dark", 1280), ("zh-hans", "light", 1280)],
)
def test_parts_are_accessible_and_fit(
    guide: Page, live_server: LiveServer, language: str, theme: str, width: int
) -> None:
    said = complaints.of(guide)
    guide.context.add_cookies(
        [
            {"name": "theme", "value": theme, "url": live_server.url},
            {"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": live_server.url},
        ]
    )
    guide.set_viewport_size({"width": width, "height": 800})
    guide.reload()
    assert axe.violations(guide) == []
    assert guide.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert said == []


def test_theme_is_kept_by_the_server(guide: Page) -> None:
    root = guide.locator("html")
    guide.emulate_media(color_scheme="light")
    guide.reload()
    expect(root).to_have_attribute("data-bs-theme", "light")
    guide.get_by_role("button", name="Switch light and dark").click()
    expect(root).to_have_attribute("data-bs-theme", "dark")
    assert 'data-bs-theme="dark"' in guide.request.get(guide.url).text()


def test_a_failed_request_says_why_and_keeps_what_was_typed(guide: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "DEBUG", False)  # our own error page, not Django's
    field = guide.get_by_label("Question to the team")
    field.fill("Is she fit for surgery?")
    guide.evaluate("htmx.ajax('GET', '/no/such/page', {target: '#main'})")
    expect(guide.locator("#toasts")).to_contain_text("There is nothing at this address")
    expect(field).to_have_value("Is she fit for surgery?")
    guide.locator("#toasts").get_by_role("button", name="Close").click()
    expect(guide.locator("#toasts .note")).to_have_count(0)


def test_a_lost_connection_is_said(guide: Page) -> None:
    guide.route("**/healthz", lambda route: route.abort())
    guide.evaluate("htmx.ajax('GET', '/healthz', {target: '#main'}).catch(() => {})")
    expect(guide.locator("#toasts")).to_contain_text("does not answer")


def test_a_server_event_becomes_a_notice(guide: Page) -> None:
    headers = {"HX-Trigger": '{"portal:say": {"level": "ok", "text": "\\u5df2\\u53d1\\u5e03"}}'}
    guide.route("**/healthz", lambda route: route.fulfill(status=204, headers=headers))
    guide.evaluate("htmx.ajax('GET', '/healthz', {target: '#main'})")
    expect(guide.locator("#toasts .note-ok")).to_contain_text("已发布")


def test_the_sign_in_page_is_never_pasted_into_this_one(guide: Page, live_server: LiveServer) -> None:
    guide.evaluate("htmx.ajax('GET', '/login/', {target: '#main'})")
    expect(guide.locator("#toasts")).to_contain_text("signed out")
    expect(guide.locator("h1")).to_have_text("Style guide")


def test_a_question_is_asked_before_the_action(guide: Page) -> None:
    button = guide.locator("[lang=en]").get_by_role("button", name="Cancel session")
    button.click()
    dialog = guide.get_by_role("dialog")
    expect(dialog).to_contain_text("Cancel this session? 5 people are told.")
    dialog.get_by_role("button", name="Back").click()
    expect(dialog).to_have_count(0)
    assert not guide.url.endswith("?")
    button.click()
    with guide.expect_navigation():
        dialog.get_by_role("button", name="Cancel session").click()
    assert guide.url.endswith("?")


def test_countdowns_and_clock_go_on(page: Page, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "DEBUG", True)
    page.clock.install()
    page.goto(f"{live_server.url}/styleguide/")
    # Only the sample in the page's language goes on; here both columns are made to belong to it.
    page.evaluate("document.querySelectorAll('.guide-sample[lang=en]').forEach(e => e.removeAttribute('lang'))")
    near = page.get_by_role("region", name="countdown").locator("[data-due]").nth(1)
    expect(near).to_contain_text("5 h 18 min left")
    page.clock.run_for("01:00:00")
    expect(near).to_contain_text("4 h 18 min left")
    page.clock.run_for("05:00:00")
    expect(near).to_contain_text("41 min over")
    expect(near).to_contain_text("limit was")
    expect(near).to_have_class("countdown countdown-over")


def test_skip_link_leads_to_the_content(guide: Page) -> None:
    guide.keyboard.press("Tab")
    expect(guide.get_by_role("link", name="Skip to content")).to_be_focused()
    guide.keyboard.press("Enter")
    expect(guide.locator("#main")).to_be_focused()
