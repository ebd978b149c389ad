"""The pools in a real browser: no violation in either theme and width, live dates, a dry run that is confirmed."""

import re
from datetime import date, timedelta

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from experts.models import Expert, Institution, Role, Team
from scheduling.models import Block
from tests import factories
from tests.browser import axe, complaints, doings

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def hospital(page: Page, live_server: LiveServer, client: Client) -> Institution:
    """A hospital with a bit of everything, and its coordinator signed in."""
    hospital = factories.institution(holiday_country="CN")
    person = factories.expert("RADIOL", at=hospital, sub_specialty="chest")
    team = factories.team(at=hospital, core=[person], chair=person)
    room = factories.room(at=hospital)
    day = factories.monday(2)
    factories.session(team, room=room, experts=[person], cases=[], start=factories.moment(day, "09:00", hospital))
    room.closures.create(
        start=factories.moment(day, "08:00", hospital), end=factories.moment(day, "12:00", hospital), reason="Paint"
    )
    factories.block(team, room=room, recurrence="FREQ=MONTHLY;BYDAY=2TH,4TH")
    client.force_login(factories.user(Role.COORDINATOR, at=hospital))
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    return hospital


@pytest.mark.slow
def test_no_page_of_the_pools_violates(page: Page, live_server: LiveServer, hospital: Institution) -> None:
    """In one language, theme and width; the others are tried by test_every_page.py."""
    names = {settings.LANGUAGE_COOKIE_NAME: "zh-hans", "theme": "light"}
    page.context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in names.items()])
    page.set_viewport_size({"width": 360, "height": 900})
    console = complaints.of(page)
    expert, team, block = Expert.objects.get(), Team.objects.get(), Block.objects.get()
    paths = ["people/", f"people/{expert.public_id}/", f"people/{expert.public_id}/edit/", "people/import/", "teams/"]
    paths += [f"teams/{team.public_id}/", "rooms/", f"rooms/{hospital.rooms.get().public_id}/", "standing/"]  # type: ignore[attr-defined]
    paths += [f"standing/{block.public_id}/", "hospitals/", f"hospitals/{hospital.public_id}/", "holidays/"]
    wrong = []
    for path in paths:
        page.goto(f"{live_server.url}/{path}")
        doings.settle(page)
        wrong += [f"{path}: {one}" for one in axe.violations(page)]
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            wrong.append(f"{path}: wider than the window")
    assert wrong == []
    assert console == []


def test_the_dates_of_a_rule_follow_the_form(page: Page, live_server: LiveServer, hospital: Institution) -> None:
    page.goto(f"{live_server.url}/standing/new/")
    day = date.today() + timedelta(days=1)
    page.get_by_label("Team", exact=True).select_option(Team.objects.get().public_id)
    expect(page.locator(".by-place")).to_be_hidden()
    page.get_by_text("by the month").click()
    for label in ("2nd", "4th", "Friday"):
        page.get_by_label(label, exact=True).check()
    page.get_by_label("From", exact=True).fill("08:00")
    page.get_by_label("To", exact=True).fill("09:30")
    page.get_by_label("First day").fill(day.isoformat())
    expect(page.locator("#dates")).to_contain_text("2nd and 4th Friday of the month")
    expect(page.locator("#dates li:not(.is-out)")).to_have_count(8)
    page.get_by_label("To", exact=True).fill("07:00")
    expect(page.locator("#dates")).to_contain_text("must lie after the start")
    page.get_by_label("To", exact=True).fill("09:30")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(re.compile("/standing/[A-Za-z0-9_-]{16}/$"))
    assert Block.objects.filter(recurrence="FREQ=MONTHLY;BYDAY=2FR,4FR").exists()


def test_a_file_is_tried_then_taken_in(page: Page, live_server: LiveServer, hospital: Institution) -> None:
    factories.discipline("PATH")
    text = "邮箱,姓名,职称,学科\nli@example.org,李娜,副主任医师,PATH\n".encode("gbk")
    page.goto(f"{live_server.url}/people/import/")
    file = {"name": "people.csv", "mimeType": "text/csv"}
    page.get_by_label("File (CSV or XLSX)").set_input_files({**file, "buffer": text.replace(b"PATH", b"PAHT")})
    page.get_by_role("button", name="Check the file").click()
    expect(page.locator("#mistakes-h")).to_have_text("1 mistake; nothing was written")
    assert axe.violations(page) == []
    page.get_by_label("File (CSV or XLSX)").set_input_files({**file, "buffer": text})
    page.get_by_role("button", name="Check the file").click()
    expect(page.locator(".imported-lines li")).to_have_count(1)
    assert axe.violations(page) == []
    assert Expert.objects.count() == 1
    page.get_by_role("button", name="Take them in").click()
    page.wait_for_url("**/people/")
    assert Expert.objects.count() == 2
