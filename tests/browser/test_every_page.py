"""Every page that anybody can reach: in both themes and languages, at each width, and with what one does on it.

One hospital serves all tests of this file; they look at it and change nothing. All are slow: in `make test` the tests
of each screen look at its pages in one language, theme and width.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest
from django.conf import settings
from django.core.management import call_command
from django.template.loader import render_to_string
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import translation
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer
from pytest_django.plugin import DjangoDbBlocker

from tests.browser import axe, complaints, crawl, doings, hospital
from tests.browser.crawl import Seen
from tests.browser.hospital import Busy

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.django_db]
ROLES = ("coordinator", "referrer", "expert", "catalogue", "chair", "manager", "auditor", "admin", "newcomer")
LOOK_CLOSER = ("coordinator", "referrer", "expert")
"""Whose pages are looked at in each state of their rows; the others see the same parts, with fewer buttons."""
LANGUAGES = ("en", "zh-hans")
READ_AT = {"en": {360: "light", 1280: "dark"}, "zh-hans": {360: "dark", 1280: "light"}}
"""The theme in which a page is judged at each width: every pair of language, width and theme occurs."""
FITS_AT = (360, 768, 1024, 1280, 1920)
NOT_REACHED = {
    "healthz": "for machines",
    "calendar": "for calendar programs",
    "api-token": "for machines",
    "api-schema": "for machines",
    "api-docs": "described in the manual; has a test of its own",
    "styleguide": "for developers; see test_frame.py",
    "calls_remind": "asked by the call list where somebody is silent; see test_call_list.py",
    "fhir_file": "asked by a file that was tried; see test_identities.py",
    "identities": "linked from Today while records are in doubt; see test_identities.py",
    "identity_held": "a record in doubt; see test_identities.py",
    "kept_form": "a form whose session had ended; see test_session_ended.py",
    "kept_form_drop": "a form whose session had ended; see test_kept_forms.py",
    "patient_apart": "asked by a join that was wrong; see test_identities.py",
    "proposal_discard": "asked by a proposal that is not overtaken; see test_planning_pages.py and test_walk.py",
    "proposal_fit": "asked by a proposal that is overtaken; see test_proposal_page.py",
    "proposal_publish": "asked by a proposal that is not overtaken; see test_walk.py",
    "today_next": "where a form that was opened from Today leads; see test_today_order.py",
}
REMARKS = re.compile(r"Autofocus processing was blocked|status of (409|422)")
"""What the browser says of pages as they are meant: a dialog has the focus; a form or a link was refused."""


@dataclass
class Portal:
    """The hospital with its server. Which pages a role has is found out when somebody asks."""

    world: Busy
    url: str
    sessions: dict[str, str]
    judged: set[tuple[str, frozenset[str]]] = field(default_factory=set)
    _pages: dict[str, list[Seen]] = field(default_factory=dict)

    def pages(self, role: str) -> list[Seen]:
        if role not in self._pages:
            session = self.sessions[role]
            self._pages[role] = crawl.reachable(session)
            if role in LOOK_CLOSER:
                places = [*hospital.one_of_each_state(), *hospital.with_nothing_to_show()]
                self._pages[role] += crawl.visible(session, places)
        return self._pages[role]

    def distinct(self, role: str, language: str) -> list[Seen]:
        """The pages of a role that hold something of which no page of their name has the like before them.

        A role's fullest pages come first, and what the roles before it have seen counts. What other words can break is
        seen on the fullest page of a name: in Chinese there is no other.
        """
        seen: dict[str, set[str]] = defaultdict(set)
        for other in ROLES[: ROLES.index(role)]:
            for page in self.pages(other):
                seen[page.name] |= page.shape
        found = []
        for page in sorted(self.pages(role), key=lambda page: -len(page.shape)):
            if page.name not in seen or (language == LANGUAGES[0] and page.shape - seen[page.name]):
                seen[page.name] |= page.shape
                found.append(page)
        return found


@pytest.fixture(scope="module")
def portal(django_db_setup: None, django_db_blocker: DjangoDbBlocker, at_rest: Callable[[], None]) -> Iterator[Portal]:
    with django_db_blocker.unblock(), ExitStack() as afterwards:
        afterwards.callback(call_command, "flush", verbosity=0, interactive=False)  # also where it cannot be built
        world = hospital.busy()
        server = LiveServer("127.0.0.1")
        afterwards.callback(at_rest)
        afterwards.callback(server.stop)
        yield Portal(
            world=world, url=server.url, sessions={role: crawl.session_of(world.users[role]) for role in ROLES}
        )


@pytest.fixture
def text_of(page: Page) -> list[str]:
    """What the browser complains of; whatever breaks the content policy is among it."""
    return complaints.of(page, but=REMARKS)


# What is right --------------------------------------------------------------------------------------------------------


def wrong_with(page: Page, language: str, inside: str = "html") -> Iterator[str]:
    """What is not accessible at the widths and in the themes that count, and where the page is too wide."""
    themes = READ_AT[language]
    for width in FITS_AT if inside in ("html", "main") else themes:
        page.set_viewport_size({"width": width, "height": 800})
        doings.settle(page)
        if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
            yield f"{width}: wider than the window"
        if theme := themes.get(width):
            page.evaluate("theme => { document.documentElement.dataset.bsTheme = theme; }", theme)
            yield from (f"{width} {theme}: {found}" for found in axe.violations(page, inside))
    page.set_viewport_size({"width": 1280, "height": 800})
    page.evaluate("document.documentElement.dataset.bsTheme = 'light'")


def signed_in(page: Page, portal: Portal, role: str, language: str) -> None:
    names = {settings.SESSION_COOKIE_NAME: portal.sessions.get(role, ""), settings.LANGUAGE_COOKIE_NAME: language}
    cookies = [
        {"name": name, "value": value, "url": portal.url} for name, value in (names | {"theme": "light"}).items()
    ]
    page.context.add_cookies(cookies)  # type: ignore[arg-type]


def opened(page: Page, portal: Portal, what: Seen) -> None:
    answer = page.goto(portal.url + what.address)
    assert answer is not None and answer.ok, f"{what.address}: {answer and answer.status}"
    doings.settle(page)


def test_the_administration_keeps_the_policy(page: Page, portal: Portal, text_of: list[str]) -> None:
    signed_in(page, portal, "admin", "zh-hans")
    page.goto(portal.url + reverse("admin:index"))
    for address in page.eval_on_selector_all("#content-main .module a", "all => all.map(link => link.href)"):
        answer = page.goto(address)
        assert answer is not None and answer.ok, address
        row = page.locator("#result_list tbody th a")
        if row.count():
            with page.expect_navigation():
                row.first.click()
    assert text_of == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("role", ROLES)
def test_every_page_is_accessible_and_fits(
    page: Page, portal: Portal, text_of: list[str], role: str, language: str
) -> None:
    """And breaks no policy: the browser complains of nothing."""
    signed_in(page, portal, role, language)
    assert len(portal.pages(role)) > 5
    wrong: dict[str, list[str]] = {}
    for what in portal.distinct(role, language):
        opened(page, portal, what)
        wrong[what.address] = list(wrong_with(page, language))
        for shown in doings.everything(page, what):
            built = (language, crawl.shape(page.locator(shown.inside).first.evaluate("e => e.outerHTML")))
            if built not in portal.judged:  # what is built alike looks alike
                wrong[f"{what.address} {shown.name}"] = list(wrong_with(page, language, shown.inside))
                portal.judged.add(built)
    assert {place: found for place, found in wrong.items() if found} == {}
    assert text_of == []


# Without a login ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", ["asked", "declining", "accepted", "declined", "dead"])
def test_the_link_of_a_mail_in_each_state(
    page: Page, portal: Portal, text_of: list[str], state: str, language: str
) -> None:
    signed_in(page, portal, "", language)
    page.goto(portal.url + portal.world.links[state])
    doings.settle(page)
    wrong = list(wrong_with(page, language))
    if state == "declining":
        for shown in doings.suggesting(page):
            wrong += [f"{shown.name}: {found}" for found in wrong_with(page, language, shown.inside)]
    assert wrong == []
    assert text_of == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_signing_in(page: Page, portal: Portal, text_of: list[str], language: str) -> None:
    signed_in(page, portal, "", language)
    page.goto(portal.url + reverse("login"))
    wrong = list(wrong_with(page, language))
    page.fill("[name=username]", "nobody")
    page.fill("[name=password]", "nothing")
    page.locator("main [type=submit]").click()
    page.locator(".note-block").wait_for()
    assert wrong + list(wrong_with(page, language)) == []
    assert text_of == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500", "refused", "registration/locked"])
def test_pages_of_errors(page: Page, portal: Portal, text_of: list[str], name: str, language: str) -> None:
    """Shown at an address of the portal, with the headers that it sends."""
    signed_in(page, portal, "", language)
    with translation.override(language):
        words = translation.gettext("Your role does not allow this. Ask your coordinator if you need it.")
        body = render_to_string(f"{name}.html", {"message": words, "back": "/"})
    address = portal.url + reverse("login")
    page.route(address, lambda route: route.fulfill(response=route.fetch(), body=body))
    page.goto(address)
    assert list(wrong_with(page, language)) == []
    assert text_of == []


# What there is --------------------------------------------------------------------------------------------------------


def test_every_address_is_reached(portal: Portal) -> None:
    """Each named address is a page to which links lead, or is asked by a form, a button or a script of one."""
    names = {pattern.name for pattern in named(get_resolver().url_patterns)}
    assert set(NOT_REACHED) - names == set()
    missing = names - set(NOT_REACHED)
    for role in ROLES:
        for page in portal.pages(role) if missing else ():
            missing -= {page.name, *page.asks}
    assert not missing, " ".join(sorted(missing))


def named(patterns: Iterable[URLPattern | URLResolver]) -> Iterator[URLPattern]:
    """All addresses with a name, but those of the administration and of the API's resources."""
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            if pattern.name:
                yield pattern
        elif not str(pattern.pattern).startswith(("admin/", "api/v1/")):
            yield from named(pattern.url_patterns)
