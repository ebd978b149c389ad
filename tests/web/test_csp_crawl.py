"""No page of the portal breaks its own content policy or says anything on the console, whoever looks at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, Response
from pytest_django.live_server_helper import LiveServer

from experts.models import Role
from mdt_portal.models import User
from tests import factories
from tests.browser import axe

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FILES = (".csv", ".json", ".pdf", ".ics")  # are downloaded, not shown
MOST_PAGES = 60  # of one role; the crawl follows links, so one of each kind is enough


@pytest.fixture
def people() -> dict[str, User]:
    """One user of each role, at a hospital with a team, a session and a case in the queue."""
    hospital = factories.institution()
    team = factories.team(at=hospital)
    users = {role.value: factories.user(role, at=hospital) for role in Role}
    expert = factories.expert("RADIOL", at=hospital, user=users["expert"])
    case = factories.case_waiting(team=team, referrer=users["referrer"])
    factories.session(team, room=factories.room(at=hospital), experts=[expert], cases=[case])
    factories.case_waiting(team=team)
    factories.run(hospital, requested_by=users["coordinator"])
    return users


@pytest.mark.parametrize("role", [role.value for role in Role])
def test_no_page_breaks_the_policy(page: Page, live_server: LiveServer, people: dict[str, User], role: str) -> None:
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(f"{page.url}: {message.text}"))
    page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
    sign_in(page, live_server, people[role])
    seen = 0
    for path, answer in crawl(page, live_server):
        seen += 1
        if not answer.ok:
            wrong.append(f"{path}: {answer.status}")
    assert wrong == []
    assert seen > 1


@pytest.mark.slow
@pytest.mark.parametrize(("theme", "language", "width"), [("light", "en", 1280), ("dark", "zh-hans", 360)])
def test_every_page_is_accessible_and_fits(
    page: Page, live_server: LiveServer, people: dict[str, User], theme: str, language: str, width: int
) -> None:
    """The coordinator reaches most pages; the expert's and the catalogue's have tests of their own."""
    page.set_viewport_size({"width": width, "height": 800})
    names = {settings.LANGUAGE_COOKIE_NAME: language, "theme": theme}
    page.context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in names.items()])
    sign_in(page, live_server, people["coordinator"])
    wrong: dict[str, list[str]] = {}
    for path, _answer in crawl(page, live_server, skip="/admin/"):  # those have a test of their own
        found = axe.violations(page)
        if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
            found.append("wider than the window")
        if found:
            wrong[path] = found
    assert wrong == {}


def crawl(page: Page, live_server: LiveServer, *, skip: str = "#") -> Iterator[tuple[str, Response]]:
    """Open one page of each kind that links lead to, beginning with the first one."""
    queue, seen = ["/"], set[str]()
    while queue and len(seen) < MOST_PAGES:
        path = queue.pop(0)
        if kind(path) in seen:
            continue
        seen.add(kind(path))
        answer = page.goto(live_server.url + path)
        assert answer is not None
        yield path, answer
        found = page.eval_on_selector_all("main a[href^='/'], nav a[href^='/']", "all => all.map(a => a.pathname)")
        queue += [path for path in found if not path.endswith(FILES) and not path.startswith(skip)]


def kind(path: str) -> str:
    """Addresses that differ in an id only are one kind of page."""
    return "/".join("*" if len(part) == len("public-id-16-chr") else part for part in path.split("/"))


def sign_in(page: Page, live_server: LiveServer, user: User) -> None:
    client = Client()
    client.force_login(user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
