"""The way of one case, in a real browser and with a real worker: refer, plan, publish, confirm."""

from __future__ import annotations

import re
import time
from datetime import date

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from cases.catalogue import rulebook
from cases.catalogue.core import json_io, vocabulary
from cases.models import Case
from experts.models import Institution, Role
from mdt_portal.models import KeptMail, User
from mdt_portal.native.processes import Child
from scheduling.models import Session
from tests import factories
from tests.browser import axe, complaints

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DISCIPLINES = ("RESP", "THORSURG", "MEDONC", "RADONC", "RADIOL", "PATH")


@pytest.fixture
def hospital() -> Institution:
    """A hospital that can hold exactly what rule LUNG-3B asks for."""
    text = vocabulary.CATALOGUE_FILE.read_text(encoding="utf-8")
    found = json_io.read(text, vocabulary.shipped())
    rulebook.load(
        [raw for raw in found.raw if raw["id"] == "LUNG-3B"],
        by=None,
        unapproved="Tests begin so",
        publish_from=date(2020, 1, 1),
    )
    row = factories.institution()
    factories.room(at=row)
    factories.team("lung", at=row, name_en="Thoracic MDT", name_zh="胸部肿瘤团队")
    for discipline in DISCIPLINES:
        factories.expert(discipline, at=row)
    return row


class Reader:
    """One person's browser, in one language, that remembers what the console said."""

    def __init__(self, browser: Browser, server: str, language: str, user: User | None = None) -> None:
        self.server = server
        self.context: BrowserContext = browser.new_context(viewport={"width": 1280, "height": 800})
        cookies = {settings.LANGUAGE_COOKIE_NAME: language}
        if user is not None:
            client = Client()
            client.force_login(user)
            cookies[settings.SESSION_COOKIE_NAME] = client.cookies[settings.SESSION_COOKIE_NAME].value
        self.context.add_cookies([{"name": name, "value": value, "url": server} for name, value in cookies.items()])
        self.page: Page = self.context.new_page()
        self.said = complaints.of(self.page)
        self.lang = "zh-Hans" if language.startswith("zh") else "en"

    def open(self, path: str) -> Page:
        self.page.goto(self.server + path)
        self.look()
        return self.page

    def look(self) -> None:
        """The page speaks the right language and is accessible."""
        expect(self.page.locator("html")).to_have_attribute("lang", self.lang)
        assert axe.violations(self.page) == []


@pytest.mark.parametrize("language", ["en", pytest.param("zh-hans", marks=pytest.mark.slow)])
def test_from_referral_to_confirmed_session(
    browser: Browser, live_server: LiveServer, worker: Child, hospital: Institution, language: str
) -> None:
    referrer = Reader(browser, live_server.url, language, factories.user(Role.REFERRER, at=hospital))
    coordinator = Reader(browser, live_server.url, language, factories.user(Role.COORDINATOR, at=hospital))
    phone = Reader(browser, live_server.url, language)

    case = refer(referrer)
    plan(coordinator)
    publish(coordinator)
    assert_status(case, "planned")
    for number, address in enumerate(invitations(coordinator, len(DISCIPLINES))):
        accept(phone, address, look=number == 0)
    confirmed(coordinator, case)
    assert referrer.said + coordinator.said + phone.said == []


def refer(referrer: Reader) -> Case:
    page = referrer.open("/refer/")
    page.fill("[name=patient_name]", "王芳")
    page.fill("[name=birth_date]", "1961-05-04")
    page.fill("[name=search]", "C34")
    page.locator("#codes label", has_text="C34").first.click()
    page.locator("#asked label", has_text="IIIB").click()
    page.locator("label:has([name=urgency][value=urgent])").click()
    page.fill("[name=question]", "Is she fit for surgery?")
    page.locator("button[value=submit]").click()
    page.wait_for_url("**/cases/**")
    case = Case.objects.get()
    assert (case.tier, case.status) == ("required", "waiting")
    return case


def plan(coordinator: Reader) -> None:
    page = coordinator.open("/plans/new/")
    page.fill("[name=seconds]", "3")
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(re.compile(r"/plans/[\w-]{16}/$"))
    page.locator("#run-actions a.btn-primary").click(timeout=30_000)  # comes when the worker is through
    page.wait_for_url("**/proposals/**")
    coordinator.look()
    expect(page.locator("table.diff tbody tr")).to_have_count(1)


def publish(coordinator: Reader) -> None:
    page = coordinator.page
    page.locator("form[action$='/publish/'] button").click()
    page.locator("#confirm [data-confirm-yes]").click()
    page.wait_for_url("**/week/**")
    coordinator.look()
    expect(page.locator(".board .sess")).to_have_count(1)


def invitations(coordinator: Reader, count: int) -> list[str]:
    """The addresses in the mails that the worker has written, as the coordinator reads them in the portal."""
    deadline = time.monotonic() + 30
    while KeptMail.objects.count() < count:
        assert time.monotonic() < deadline, "the mails do not come"
        time.sleep(0.2)
    page = coordinator.open("/mails/")
    links = page.locator(".mail-body a")
    expect(links).to_have_count(count)
    return [str(link.get_attribute("href")) for link in links.all()]


def accept(phone: Reader, address: str, *, look: bool) -> None:
    page = phone.page
    page.goto(phone.server + address)
    if look:
        phone.look()
    expect(page.locator("main")).not_to_contain_text("王芳")
    page.locator("button[value=accept]").click()
    expect(page.locator("main .pill.is-confirmed")).to_be_visible()
    if look:
        phone.look()


def confirmed(coordinator: Reader, case: Case) -> None:
    assert_status(case, "confirmed")
    page = coordinator.open(f"/sessions/{Session.objects.get().public_id}/")
    expect(page.locator("#about + .pill")).to_have_class("pill is-confirmed")
    expect(page.locator("[aria-labelledby=people] .pill.is-confirmed")).to_have_count(len(DISCIPLINES))
    page = coordinator.open("/week/")
    expect(page.locator(".board .sess-confirmed")).to_have_count(1)


def assert_status(case: Case, status: str) -> None:
    case.refresh_from_db()
    assert case.status == status
