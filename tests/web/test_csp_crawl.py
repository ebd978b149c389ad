"""No page of the portal breaks its own content policy or says anything on the console, whoever looks at it."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from experts.models import Role
from mdt_portal.models import User
from tests import factories

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
    queue, seen = ["/"], set[str]()
    while queue and len(seen) < MOST_PAGES:
        path = queue.pop(0)
        if kind(path) in seen:
            continue
        seen.add(kind(path))
        answer = page.goto(live_server.url + path)
        assert answer is not None
        if not answer.ok:
            wrong.append(f"{path}: {answer.status}")
        found = page.eval_on_selector_all("main a[href^='/'], nav a[href^='/']", "all => all.map(a => a.pathname)")
        queue += [path for path in found if not path.endswith(FILES)]
    assert wrong == []
    assert len(seen) > 1


def kind(path: str) -> str:
    """Addresses that differ in an id only are one kind of page."""
    return "/".join("*" if len(part) == len("public-id-16-chr") else part for part in path.split("/"))


def sign_in(page: Page, live_server: LiveServer, user: User) -> None:
    client = Client()
    client.force_login(user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
