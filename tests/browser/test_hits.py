"""A leave that hits a seat: seen before it is saved, on Today afterwards, and mended in one step. In both languages."""

from datetime import time

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from experts.models import Expert, Institution, Role
from scheduling.models import Attendance
from tests import factories
from tests.browser import axe, doings

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WORDS = {
    "en": ("1 published session needs another person", "Needs a hand now", "Mend", "Choose another person"),
    "zh-hans": ("1 场已发布的会诊需要换人", "现在需要处理", "处理", "改请他人"),
}


@pytest.fixture
def hospital(client: Client) -> Institution:
    """Two pathologists, of whom the first sits in one session."""
    hospital = factories.institution()
    away, _other = factories.expert("PATH", at=hospital), factories.expert("PATH", at=hospital)
    case = factories.case_waiting(team=factories.team(at=hospital), seats=[("PATH", 3)])
    start = factories.moment(factories.monday(2), "09:00", hospital)
    factories.session(case.team, room=factories.room(at=hospital), experts=[away], cases=[case], start=start)
    client.force_login(factories.user(Role.COORDINATOR, at=hospital))
    return hospital


@pytest.mark.parametrize("language", ["en", pytest.param("zh-hans", marks=pytest.mark.slow)])
def test_a_leave_that_hits_a_seat(
    page: Page, live_server: LiveServer, client: Client, hospital: Institution, language: str
) -> None:
    before, heading, mend, another = WORDS[language]
    cookies = {
        settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value,
        settings.LANGUAGE_COOKIE_NAME: language,
    }
    page.context.add_cookies(
        [{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()]
    )
    away = Attendance.objects.get().expert
    page.goto(f"{live_server.url}/time/{away.public_id}/")
    page.locator("[name=leave-first_day]").fill(str(factories.monday(2)))
    page.locator("[name=leave-last_day]").fill(str(factories.monday(2)))
    page.locator("[name=leave-note]").click()
    expect(page.locator("#leave-hits")).to_contain_text(before)
    doings.settle(page)
    assert axe.violations(page) == []
    with page.expect_navigation():
        page.locator("button[value=leave]").click()
    page.goto(f"{live_server.url}/")
    expect(page.locator("#worklist-h")).to_have_text(heading)
    page.locator(".worklist li", has=page.locator("a[href$='#hit']")).get_by_role("link", name=mend).click()
    expect(page.locator("#hit")).to_contain_text(away.name_zh if language == "zh-hans" else away.name_en)
    assert axe.violations(page) == []
    page.get_by_role("link", name=another).click()
    assert axe.violations(page) == []
    with page.expect_navigation():
        page.locator("button[name=expert]").click()
    expect(page.locator("#hit")).to_have_count(0)
    assert Attendance.objects.active().get().expert == Expert.objects.exclude(pk=away.pk).get()


def test_a_drag_paints_the_rectangle_and_a_day_is_copied(
    page: Page, live_server: LiveServer, client: Client, hospital: Institution
) -> None:
    """Over days and hours at once; a drag that turns back leaves nothing behind."""
    expert = factories.expert("PATH", at=hospital, hours=[])
    name = settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
    page.goto(f"{live_server.url}/time/{expert.public_id}/")

    def middle(key: str) -> tuple[float, float]:
        box = page.locator(f"[name=free][value='{key}']").bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    page.locator("[name=free][value='1-0800']").scroll_into_view_if_needed()
    page.mouse.move(*middle("1-0800"))
    page.mouse.down()
    for key in ("1-1000", "4-1000", "3-0930", "2-0830"):
        page.mouse.move(*middle(key), steps=3)
    page.mouse.up()
    checked = page.locator("[name=free]:checked")
    expect(checked).to_have_count(4)
    page.locator("[name=copy_day]").select_option("2")
    page.locator("[data-week-tools] button[value=copy]").click()
    expect(checked).to_have_count(10)
    with page.expect_navigation():
        page.locator("button[value=week]").click()
    week = expert.weekly_availability.values_list("weekday", "start", "end")  # type: ignore[attr-defined]
    assert list(week) == [(day, time(8), time(9)) for day in range(5)]
    page.locator("[data-week-tools] button[value=hospital]").click()
    expect(checked).to_have_count(5 * 16)
