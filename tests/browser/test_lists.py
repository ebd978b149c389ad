"""A list in a real browser: sorted in place by a heading, and the order goes on with the filter and the file."""

import re

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from experts.models import Institution, Role
from tests import factories
from tests.browser import complaints

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def hospital(page: Page, live_server: LiveServer, client: Client) -> Institution:
    """A hospital with two people, and its coordinator signed in."""
    hospital = factories.institution()
    for name in ("Alpha One", "Beta Two"):
        factories.expert(at=hospital, name_en=name)
    client.force_login(factories.user(Role.COORDINATOR, at=hospital))
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    return hospital


def test_a_heading_sorts_in_place_and_the_filter_keeps_the_order(
    page: Page, live_server: LiveServer, hospital: Institution
) -> None:
    console = complaints.of(page)
    page.goto(f"{live_server.url}/people/")
    names = page.locator("#people tbody th")
    heading = page.locator("#people-by-name")
    expect(names).to_have_text([re.compile("Alpha One"), re.compile("Beta Two")])
    heading.click()
    expect(page).to_have_url(re.compile(r"/people/\?ordering=-name$"))
    expect(names).to_have_text([re.compile("Beta Two"), re.compile("Alpha One")])
    expect(page.locator("#people th[aria-sort=descending]")).to_have_count(1)
    expect(heading).to_be_focused()
    page.locator("#people-filter [name=state]").select_option("all")
    expect(page).to_have_url(re.compile(r"state=all.*ordering=-name"))
    expect(names).to_have_text([re.compile("Beta Two"), re.compile("Alpha One")])
    file = page.locator("#people a[download]", has_text="CSV")
    expect(file).to_have_attribute("href", re.compile(r"state=all.*ordering=-name&file=csv"))
    with page.expect_download() as download:
        file.click()
    assert re.fullmatch(r"people-\d{4}-\d\d-\d\d\.csv", download.value.suggested_filename)
    assert console == []


def test_on_a_small_screen_links_sort_the_list(page: Page, live_server: LiveServer, hospital: Institution) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(f"{live_server.url}/people/")
    page.locator("#people .sorts a", has_text="Name").click()
    expect(page).to_have_url(re.compile(r"ordering=-name$"))
    expect(page.locator("#people tbody th")).to_have_text([re.compile("Beta Two"), re.compile("Alpha One")])
    expect(page.locator("#people .sorts a[aria-current=true]")).to_contain_text("Name")
