"""The week board as a tool: drag, the dialog by keys alone, a blocked move, two coordinators at once; accessible."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from experts.models import Role
from mdt_portal.models import User
from scheduling.board import moves
from scheduling.board.moves import Where
from scheduling.models import Session
from scheduling.selectors.weeks import Week
from tests import factories
from tests.browser import axe, complaints
from tests.scheduling.worlds import World, small

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NEXT = Week.around(factories.monday())
WORDS = {
    "en": {"save": "Save", "again": "Save on the new state", "undo": "Undo", "blocked": "Blocked", "passed": "passed"},
    "zh-hans": {"save": "保存", "again": "按最新状态保存", "undo": "撤销", "blocked": "不可行", "passed": "已经过去"},
}
HOLD_MS = 250  # a finger that moves sooner scrolls
Desk = Callable[..., Page]


@pytest.fixture
def world() -> World:
    return small(cases=3)


@pytest.fixture
def board_page(browser: Browser, browser_context_args: dict[str, Any], live_server: LiveServer, world: World) -> Any:
    """Opens the board for somebody in a browser of their own."""
    contexts = []

    def open_(
        user: User, language: str = "en", *, theme: str = "light", width: int = 1280, has_touch: bool = False
    ) -> Page:
        options = {"viewport": {"width": width, "height": 900}, "has_touch": has_touch}
        context = browser.new_context(**browser_context_args | options)
        contexts.append(context)
        client = Client()
        client.force_login(user)
        cookies = {
            settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value,
            settings.LANGUAGE_COOKIE_NAME: language,
            "theme": theme,
        }
        context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()])
        page = context.new_page()
        page.goto(f"{live_server.url}{reverse('board')}?week={NEXT}")
        return page

    yield open_
    for context in contexts:
        context.close()


def at(world: World, day: int, clock: str) -> datetime:
    return factories.moment(factories.monday() + timedelta(days=day), clock, world.hospital)


def placed(world: World, number: int, *, day: int = 1, clock: str = "14:00") -> Session:
    moves.place(world.cases[number], Where(start=at(world, day, clock), room=world.rooms[0]), by=world.coordinator)
    return Session.objects.live().get(items__case=world.cases[number], items__active=True)


def cell(page: Page, world: World, day: int, room: int = 0) -> Locator:
    return page.locator(f'[data-cell="r|{world.rooms[room].public_id}|{NEXT.day(day)}"]')


def carry(page: Page, what: Locator, to: Locator) -> None:
    """Take hold, wait until the places are shaded, let go."""
    begin = what.bounding_box()
    assert begin is not None
    page.mouse.move(begin["x"] + 50, begin["y"] + 12)
    page.mouse.down()
    page.mouse.move(begin["x"] + 20, begin["y"] + 30, steps=4)
    expect(page.locator("#movebar")).to_be_visible()
    end = to.bounding_box()
    assert end is not None
    page.mouse.move(end["x"] + 60, end["y"] + 30, steps=6)
    page.mouse.up()


@pytest.mark.parametrize("language", ["en", pytest.param("zh-hans", marks=pytest.mark.slow)])
def test_drag_a_case_to_a_room_and_undo(board_page: Desk, world: World, language: str) -> None:
    page, words = board_page(world.coordinator, language), WORDS[language]
    carry(page, page.locator(f"#w-{world.cases[0].public_id}"), cell(page, world, 1))
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".move-seats li")).to_have_count(3)
    dialog.get_by_role("button", name=words["save"], exact=True).click()
    expect(cell(page, world, 1).locator(".sess")).to_have_count(1)  # without a reload
    expect(page.locator(f"#w-{world.cases[0].public_id}")).to_have_count(0)
    assert Session.objects.get().start == at(world, 1, "08:00")
    page.get_by_role("button", name=words["undo"], exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=words["undo"], exact=True).click()
    expect(cell(page, world, 1).locator(".sess")).to_have_count(0)
    assert not Session.objects.live().exists()


def test_drag_a_session_and_a_case_into_a_session(board_page: Desk, world: World) -> None:
    placed(world, 0)
    page = board_page(world.coordinator)
    carry(page, cell(page, world, 1).locator(".b-card"), cell(page, world, 3, room=1))
    page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    card = cell(page, world, 3, room=1).locator(".b-card")
    expect(card).to_have_count(1)
    carry(page, page.locator(f"#w-{world.cases[1].public_id}"), card)
    page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    expect(card.locator("summary")).to_contain_text("2 cases")
    session = Session.objects.get()
    assert (session.room, session.items.filter(active=True).count()) == (world.rooms[1], 2)


@pytest.mark.parametrize("language", ["en", pytest.param("zh-hans", marks=pytest.mark.slow)])
def test_places_are_shaded_with_their_reason(board_page: Desk, world: World, language: str) -> None:
    world.experts[4].weekly_availability.filter(weekday=0).delete()
    page = board_page(world.coordinator, language)
    what = page.locator(f"#w-{world.cases[0].public_id}")
    begin = what.bounding_box()
    assert begin is not None
    page.mouse.move(begin["x"] + 50, begin["y"] + 12)
    page.mouse.down()
    page.mouse.move(begin["x"] + 20, begin["y"] + 30, steps=4)
    expect(cell(page, world, 0).locator(".slot-forbid")).to_contain_text("THORSURG" if language != "en" else "Thorsurg")
    expect(cell(page, world, 1).locator(".slot-free")).to_contain_text("08:00")
    assert axe.violations(page) == []
    page.mouse.up()
    expect(page.locator(".slot-spot")).to_have_count(0)


@pytest.mark.parametrize("language", ["en", pytest.param("zh-hans", marks=pytest.mark.slow)])
def test_move_by_keys_alone(board_page: Desk, world: World, language: str) -> None:
    page, words = board_page(world.coordinator, language), WORDS[language]
    page.locator(f"#w-{world.cases[0].public_id} button").focus()
    page.keyboard.press("Enter")
    where = page.locator("#move-to")
    expect(where).to_be_focused()
    before = where.input_value()
    with page.expect_response("**/week/move/**"):
        page.keyboard.press("ArrowDown")
    expect(where).not_to_have_value(before)
    expect(where).to_be_focused()
    expect(page.locator(".move-seats li")).to_have_count(3)
    save = page.get_by_role("button", name=words["save"], exact=True)
    for _ in range(6):
        if save.evaluate("e => e === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(save).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#board-grid .sess")).to_have_count(1)
    assert Session.objects.count() == 1


@pytest.mark.parametrize("language", ["en", pytest.param("zh-hans", marks=pytest.mark.slow)])
def test_a_blocked_move_says_why(board_page: Desk, world: World, language: str) -> None:
    placed(world, 0)
    page, words = board_page(world.coordinator, language), WORDS[language]
    cell(page, world, 1).locator(".b-tools > .b-move").click()
    page.locator("#move-to").select_option("other")
    page.locator("#move-date").fill(str(NEXT.plus(-2).monday))
    page.locator("#move-date").blur()
    outcome = page.locator("#move-outcome")
    expect(outcome.locator(".note-block")).to_contain_text(words["passed"])
    expect(page.get_by_role("button", name=words["save"], exact=True)).to_be_disabled()
    assert axe.violations(page) == []


@pytest.mark.parametrize("language", ["en", pytest.param("zh-hans", marks=pytest.mark.slow)])
def test_two_coordinators_at_once(board_page: Desk, world: World, language: str) -> None:
    words = WORDS[language]
    one = board_page(world.coordinator, language)
    two = board_page(factories.user(Role.COORDINATOR, at=world.hospital), language)
    one.locator(f"#w-{world.cases[0].public_id} button").click()
    dialog = one.get_by_role("dialog")
    expect(dialog).to_be_visible()
    carry(two, two.locator(f"#w-{world.cases[1].public_id}"), cell(two, world, 2))
    two.get_by_role("dialog").get_by_role("button", name=words["save"], exact=True).click()
    expect(cell(one, world, 2).locator(".sess")).to_have_count(1, timeout=10_000)  # seen while the dialog stays open
    dialog.get_by_role("button", name=words["save"], exact=True).click()
    expect(dialog.locator(".note-warn")).to_be_visible()
    expect(dialog.locator("table").first).to_contain_text(
        world.team.name_en if language == "en" else world.team.name_zh
    )
    assert Session.objects.count() == 1  # nothing was overwritten
    dialog.get_by_role("button", name=words["again"]).click()
    expect(dialog).to_have_count(0)
    expect(two.locator("#board-grid .sess")).to_have_count(2, timeout=10_000)


def test_a_case_is_moved_from_its_own_page(board_page: Desk, world: World) -> None:
    page = board_page(world.coordinator)
    page.goto(page.url.split("/week/")[0] + reverse("case", args=[world.cases[0].public_id]))
    page.get_by_role("button", name="Move…").click()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("#main")).to_contain_text("Open session")


def test_the_search_and_the_focus_survive_a_change(board_page: Desk, world: World) -> None:
    page = board_page(world.coordinator)
    search = page.get_by_role("searchbox", name="Search the cases without a place")
    search.fill(world.cases[0].number)
    expect(page.locator(".rail .case-card")).to_have_count(1)
    placed(world, 1)
    expect(cell(page, world, 1).locator(".sess")).to_have_count(1, timeout=10_000)
    expect(search).to_be_focused()
    expect(search).to_have_value(world.cases[0].number)
    expect(page.locator(".rail .case-card")).to_have_count(1)


@pytest.mark.parametrize(("language", "theme", "width"), [("zh-hans", "dark", 360)])  # the others: test_every_page.py
def test_board_and_dialogs_are_accessible_and_fit(
    board_page: Desk, world: World, language: str, theme: str, width: int
) -> None:
    session = placed(world, 0)
    moves.place(world.cases[1], Where(session=session), by=world.coordinator)
    page = board_page(world.coordinator, language, theme=theme, width=width)
    said = complaints.of(page)
    wrong = []
    for by in ("room", "team", "person"):
        page.goto(f"{page.url.partition('?')[0]}?week={NEXT}&by={by}")
        page.locator(".b-cases:visible summary").first.click()
        wrong += [f"{by}: {found}" for found in axe.violations(page)]
        if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
            wrong.append(f"{by} scrolls sideways")
    for opener in (".rail .b-place", ".b-tools > .b-move:visible", "#board-undo button"):
        page.locator(opener).first.click()
        dialog = page.locator("#dialog")
        expect(dialog).to_be_visible()
        wrong += [f"{opener}: {found}" for found in axe.violations(page)]
        if dialog.evaluate("e => e.scrollWidth - e.clientWidth") > 0:
            wrong.append(f"{opener}: the dialog scrolls sideways")
        page.keyboard.press("Escape")
    assert (wrong, said) == ([], [])


# By finger ------------------------------------------------------------------------------------------------------------


class Finger:
    """One finger on the page's glass."""

    def __init__(self, page: Page) -> None:
        self._hand = page.context.new_cdp_session(page)
        self._at = (0.0, 0.0)

    def _touch(self, kind: str, *points: tuple[float, float]) -> None:
        touches = [{"x": x, "y": y} for x, y in points]
        self._hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    def down(self, what: Locator) -> None:
        box = what.bounding_box()
        assert box is not None
        self._at = (box["x"] + 50, box["y"] + 12)
        self._touch("touchStart", self._at)

    def by(self, x: float, y: float, steps: int = 8) -> None:
        (from_x, from_y), self._at = self._at, (self._at[0] + x, self._at[1] + y)
        for step in range(1, steps + 1):
            self._touch("touchMove", (from_x + x * step / steps, from_y + y * step / steps))

    def over(self, what: Locator) -> None:
        box = what.bounding_box()
        assert box is not None
        self.by(box["x"] + 40 - self._at[0], box["y"] + 20 - self._at[1])

    def up(self) -> None:
        self._touch("touchEnd")


def carry_by_finger(page: Page, what: Locator, to: Locator) -> None:
    finger = Finger(page)
    finger.down(what)
    page.wait_for_timeout(HOLD_MS)
    finger.by(-20, 20)
    expect(page.locator("#movebar")).to_be_visible()
    finger.over(to)
    finger.up()


def test_a_case_is_dragged_by_a_finger_on_a_tablet(board_page: Desk, world: World) -> None:
    page = board_page(world.coordinator, has_touch=True)
    carry_by_finger(page, page.locator(f"#w-{world.cases[0].public_id}"), cell(page, world, 1))
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("#move-to option:checked")).to_contain_text("08:00")
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(cell(page, world, 1).locator(".sess")).to_have_count(1)


def test_a_session_is_dragged_by_a_finger_on_a_tablet(board_page: Desk, world: World) -> None:
    placed(world, 0)
    page = board_page(world.coordinator, width=1024, has_touch=True)
    carry_by_finger(page, cell(page, world, 1).locator(".b-card"), cell(page, world, 3, room=1))
    page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    expect(cell(page, world, 3, room=1).locator(".b-card")).to_have_count(1)


def test_a_swipe_scrolls_and_carries_nothing(board_page: Desk, world: World) -> None:
    page = board_page(world.coordinator, width=360, has_touch=True)
    page.set_viewport_size({"width": 360, "height": 500})
    card = page.locator(f"#w-{world.cases[0].public_id}")
    card.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    finger = Finger(page)
    finger.down(card)
    finger.by(0, -200)
    finger.up()
    page.wait_for_timeout(HOLD_MS)
    assert page.evaluate("scrollY") > before
    expect(page.locator("#movebar")).to_be_hidden()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_phone_moves_a_case_by_taps(board_page: Desk, world: World) -> None:
    page = board_page(world.coordinator, width=360, has_touch=True)
    move = page.locator(f"#w-{world.cases[0].public_id} button")
    box = move.bounding_box()
    assert box is not None and box["height"] >= 24
    move.tap()
    page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).tap()
    expect(page.locator("#board-days .b-card")).to_have_count(1)
