"""The help drawer, and the switch of the single keys (WCAG 2.1.4)."""

from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import get_resolver
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from experts.models import Role
from tests import factories
from tests.browser.crawl import session_of

HELP = Path(settings.BASE_DIR) / "templates" / "help"


def test_each_help_belongs_to_a_page() -> None:
    names = {name for name in get_resolver().reverse_dict if isinstance(name, str)}
    assert {file.stem for file in HELP.glob("*.html")} <= names


@pytest.mark.django_db
def test_a_page_explains_itself_in_both_languages(client: Client) -> None:
    user = factories.user(Role.COORDINATOR)
    client.force_login(user)
    assert "the nearest limit first. The last column says" in client.get("/queue/").content.decode()
    user.language = "zh-hans"
    user.save()
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "zh-hans"
    assert "本页帮助" in client.get("/queue/").content.decode()


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_single_keys_can_be_switched_off(page: Page, live_server: LiveServer) -> None:
    user = factories.user(Role.COORDINATOR)
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session_of(user), "url": live_server.url}
    page.context.add_cookies([cookie])  # type: ignore[list-item]
    page.goto(f"{live_server.url}/queue/")
    page.keyboard.press("?")
    drawer = page.locator("#help")
    expect(drawer).to_be_visible()
    drawer.get_by_role("checkbox").uncheck()
    page.keyboard.press("Escape")
    page.goto(f"{live_server.url}/queue/")
    page.keyboard.press("?")
    expect(drawer).to_be_hidden()
    page.get_by_role("button", name="Help for this page").click()
    drawer.get_by_role("checkbox").check()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(drawer).to_be_visible()
