"""The expert's phone in a real browser and both languages: decline by the mail's link and repair, paint one's week."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from experts.availability import time_keeping
from experts.models import Expert, Role
from mdt_portal.models import User
from scheduling.models import Attendance, Invitation, Session
from scheduling.publishing import publication
from scheduling.sessions import invitations
from tests import factories
from tests.browser import axe
from tests.scheduling import worlds
from tests.scheduling.worlds import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 800}
LANGUAGES = ["en", "zh-hans"]
WORDS = {
    "en": {"suggests": "suggests", "thanks": "Thank you for your answer"},
    "zh-hans": {"suggests": "建议由", "thanks": "感谢您的答复"},
}


@pytest.fixture
def world() -> World:
    """Two cases in one session on Tuesday; all but the radiologist have accepted, and another one is free."""
    world = worlds.small(2)
    people = [{1: world.experts[0], 2: world.experts[2], 3: world.experts[4]}] * 2
    publication.publish(world.offer(world.meeting(1, "09:00", people)), by=world.coordinator)
    for row in Invitation.objects.exclude(attendance__expert=world.experts[0]):
        invitations.accept(row, by=None)
    return world


def opened(
    browser: Browser, server: str, language: str, size: dict[str, int], user: User | None = None, theme: str = "light"
) -> BrowserContext:
    context = browser.new_context(viewport=size, has_touch=size is PHONE, reduced_motion="reduce")  # type: ignore[arg-type]
    cookies = {settings.LANGUAGE_COOKIE_NAME: language, "theme": theme}
    if user is not None:
        client = Client()
        client.force_login(user)
        cookies[settings.SESSION_COOKIE_NAME] = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": name, "value": value, "url": server} for name, value in cookies.items()])
    return context


def looks_right(page: Page) -> None:
    """Accessible (dark on the phone, light on the desk; test_every_page.py tries the rest), and nothing sticks out."""
    theme = "dark" if page.viewport_size == PHONE else "light"
    page.evaluate("theme => document.documentElement.setAttribute('data-bs-theme', theme)", theme)
    assert axe.violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def finger_sized(page: Page, selector: str) -> None:
    for box in [one.bounding_box() for one in page.locator(selector).all()]:
        assert box is not None and box["height"] >= 44 and box["width"] >= 44


# Decline and repair ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", pytest.param("zh-hans", marks=pytest.mark.slow)])
def test_decline_from_a_phone_and_repair(
    browser: Browser, live_server: LiveServer, world: World, language: str
) -> None:
    absent, deputy = world.experts[0], world.experts[1]
    session = Session.objects.get()
    link = invitations.link(Invitation.objects.get(attendance__expert=absent))

    phone = opened(browser, live_server.url, language, PHONE).new_page()
    decline(phone, live_server.url + link, deputy, WORDS[language]["thanks"])

    coordinator_page = opened(browser, live_server.url, language, DESKTOP, world.coordinator).new_page()
    coordinator_page.goto(f"{live_server.url}/sessions/{session.public_id}/")
    gap = coordinator_page.locator("[aria-labelledby=open-seats]")
    expect(gap).to_contain_text(WORDS[language]["suggests"])
    looks_right(coordinator_page)
    gap.locator(f"button[value='{deputy.public_id}']").click()
    expect(gap).to_have_count(0)

    asked = Attendance.objects.active().get(expert=deputy)
    assert asked.seats.count() == 2
    phone.goto(live_server.url + invitations.link(asked.invitation))
    phone.locator("button[value=accept]").click()
    expect(phone.locator("main .pill.is-confirmed")).to_be_visible()
    session.refresh_from_db()
    assert session.status == "confirmed"


def decline(page: Page, address: str, deputy: Expert, thanks: str) -> None:
    page.goto(address)
    looks_right(page)
    finger_sized(page, ".asked-buttons .btn")
    page.locator("a[href='?no']").click()
    page.wait_for_url("**/?no")
    page.locator("label:has([name=reason][value=theatre])").click()
    expect(page.locator("[name=deputy]").first).to_be_hidden()
    expect(page.locator("[name=day_0]")).to_be_hidden()
    page.locator("label:has([name=instead][value=deputy])").click()
    looks_right(page)
    page.locator(f"label:has([name=deputy][value='{deputy.public_id}'])").click()
    page.locator("button[value=decline]").click()
    expect(page.locator("h1")).to_have_text(thanks)


# My seats and my week -------------------------------------------------------------------------------------------------


@pytest.fixture
def expert() -> Expert:
    """Somebody with three questions, and one accepted seat that lies in their leave."""
    hospital = factories.institution()
    user = factories.user(Role.EXPERT, at=hospital)
    expert = factories.expert("RADIOL", at=hospital, user=user, hours=[(0, time(6, 30), time(9))])
    for day in range(4):
        start = factories.moment(factories.monday(1) + timedelta(days=day), "14:00", hospital)
        factories.session(factories.team(f"g{day}", at=hospital), start=start, experts=[expert])
    first = Invitation.objects.order_by("attendance__start")[0]
    invitations.accept(first, by=None)
    time_keeping.add_leave(expert, first_day=factories.monday(1), last_day=factories.monday(1), by=None)
    return expert


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_question_a_screen(browser: Browser, live_server: LiveServer, expert: Expert, language: str) -> None:
    page = opened(browser, live_server.url, language, PHONE, expert.user).new_page()
    page.goto(f"{live_server.url}/seats/")
    looks_right(page)
    finger_sized(page, ".asked-buttons .btn, .asked-place .btn")
    expect(page.locator("#asked-1 button[value=accept]")).to_be_in_viewport(ratio=1)
    expect(page.locator("#asked-2 button[value=accept]")).not_to_be_in_viewport()
    page.locator("#asked-1 .asked-place a").click()
    expect(page.locator("#asked-2 button[value=accept]")).to_be_in_viewport(ratio=1)
    expect(page.locator("#asked-1 button[value=accept]")).not_to_be_in_viewport()
    page.locator("#asked-2 button[value=accept]").click()
    expect(page.locator(".asked-one")).to_have_count(2)


@pytest.mark.parametrize("language", ["en", pytest.param("zh-hans", marks=pytest.mark.slow)])
def test_the_week_is_painted_by_tapping(
    browser: Browser, live_server: LiveServer, expert: Expert, language: str
) -> None:
    page = opened(browser, live_server.url, language, PHONE, expert.user).new_page()
    page.goto(f"{live_server.url}/time/")
    looks_right(page)
    expect(page.locator("[aria-labelledby=clashes] a")).to_have_count(1)
    finger_sized(page, "tr[data-day='0'] input")
    expect(page.locator("tr[data-day='2']")).to_be_hidden()
    page.locator(".paint-days label").nth(2).click()
    page.locator("[value='2-1000']").tap()
    page.locator("[value='2-1030']").tap()
    with page.expect_navigation():
        page.locator("button[value=week]").click()
    assert list(expert.weekly_availability.values_list("weekday", "start", "end")) == [
        (0, time(6, 30), time(9)),
        (2, time(10), time(11)),
    ]


def test_the_week_is_painted_by_mouse_and_by_keys(browser: Browser, live_server: LiveServer, expert: Expert) -> None:
    page = opened(browser, live_server.url, "en", DESKTOP, expert.user).new_page()
    page.goto(f"{live_server.url}/time/")
    looks_right(page)
    drag(page, "1-0800", "1-0930")
    drag(page, "0-0730", "0-0700")  # free so far: wiped
    page.locator("[value='3-1400']").click()
    expect(page.locator("[value='3-1400']")).to_be_checked()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    with page.expect_navigation():
        page.locator("button[value=week]").click()
    assert list(expert.weekly_availability.values_list("weekday", "start", "end")) == [
        (0, time(6, 30), time(7)),
        (0, time(8), time(9)),
        (1, time(8), time(10)),
        (3, time(14), time(14, 30)),
        (4, time(14), time(15)),
    ]


def drag(page: Page, first: str, last: str) -> None:
    for number, key in enumerate((first, last)):
        box = page.locator(f"[value='{key}']").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=8)
        if number == 0:
            page.mouse.down()
    page.mouse.up()


def test_without_a_script_the_week_is_checkboxes(browser: Browser, live_server: LiveServer, expert: Expert) -> None:
    plain = browser.new_context(viewport=PHONE, java_script_enabled=False)  # type: ignore[arg-type]
    client = Client()
    assert expert.user is not None
    client.force_login(expert.user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    plain.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    page = plain.new_page()
    page.goto(f"{live_server.url}/time/")
    page.locator(".paint-days label").nth(4).click()
    page.locator("[value='4-0700']").check()
    with page.expect_navigation():
        page.locator("button[value=week]").click()
    assert expert.weekly_availability.filter(weekday=4, start=time(7), end=time(7, 30)).exists()
