"""What comes out of the printer: whole, across the sheet, and without what only a screen needs."""

import re

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from experts.models import Role
from tests import factories
from tests.browser.crawl import session_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LANDSCAPE = {"width": 1047, "height": 718}


def test_boards_and_lists_print_across_the_sheet(page: Page, live_server: LiveServer) -> None:
    hospital = factories.institution()
    team = factories.team("lung", at=hospital)
    experts = [factories.expert("RADIOL", at=hospital)]
    room = factories.room(at=hospital)
    session = factories.session(team, experts=experts, cases=[factories.case_waiting(team=team)], room=room)
    for _ in range(3):
        factories.case_waiting(team=team)
    day = session.start.astimezone(hospital.tz).date()
    cookie = {"name": settings.SESSION_COOKIE_NAME, "url": live_server.url}
    coordinator = factories.user(Role.COORDINATOR, at=hospital)
    page.context.add_cookies([cookie | {"value": session_of(coordinator)}])  # type: ignore[list-item]
    page.set_viewport_size(LANDSCAPE)  # type: ignore[arg-type]
    for address in ("/week/", "/queue/", f"/week/day/?day={day}&by=person", "/calls/"):
        page.goto(live_server.url + address)
        sheets = page.pdf(prefer_css_page_size=True)
        boxes = {tuple(map(float, box.split())) for box in re.findall(rb"/MediaBox \[([^\]]*)\]", sheets)}
        assert {(width > height) for _x, _y, width, height in boxes} == {True}, address
        assert len(re.findall(rb"/Type /Page\b", sheets)) == 1, address  # no blank page before a small list
        page.emulate_media(media="print")
        assert page.evaluate("document.documentElement.scrollWidth") <= LANDSCAPE["width"], address
        expect(page.locator("main h1")).to_be_visible()
        for hidden in page.locator(".rail, .toolbar, .topbar, .side").all():
            expect(hidden).to_be_hidden()
        page.emulate_media(media="screen")
