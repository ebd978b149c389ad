"""The administration pages work in Chromium under the portal's content policy: pickers, rows, no complaint."""

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests import factories
from tests.browser import complaints

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def text_of(page: Page, live_server: LiveServer) -> list[str]:
    """What the browser complains of, while a superuser is signed in."""
    user = factories.user(is_staff=True, is_superuser=True)
    session = SessionStore()
    session.update(
        {
            SESSION_KEY: str(user.pk),
            BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[-1],
            HASH_SESSION_KEY: user.get_session_auth_hash(),
        }
    )
    session.save()
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session.session_key, "url": live_server.url}]
    )
    return complaints.of(page)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_team_is_given_a_chair(page: Page, live_server: LiveServer, text_of: list[str], language: str) -> None:
    hospital = factories.institution()
    team = factories.team(at=hospital)
    chair = factories.expert("RESP", at=hospital, name_en="Wang Xiao'an", name_zh="王晓安")
    page.context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": live_server.url}])
    page.goto(f"{live_server.url}/admin/experts/team/{team.pk}/change/")
    page.locator(".field-chair .select2-selection").click()
    page.locator(".select2-search__field").last.fill("Xiao'an")
    page.locator(".select2-results__option", has_text=chair.name_zh if language == "zh-hans" else chair.name_en).click()
    page.locator("[name=_save]").click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    team.refresh_from_db()
    assert team.chair == chair
    assert text_of == []


def test_a_room_is_given_hours(page: Page, live_server: LiveServer, text_of: list[str]) -> None:
    room = factories.room()
    page.goto(f"{live_server.url}/admin/scheduling/room/{room.pk}/change/")
    page.locator("#hours-group .add-row a").click()
    page.locator("#id_hours-0-weekday").select_option("0")
    page.locator("#id_hours-0-start").fill("08:00")
    page.locator("#id_hours-0-end").fill("12:00")
    page.locator("[name=_save]").click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    assert room.hours.count() == 1
    assert text_of == []
