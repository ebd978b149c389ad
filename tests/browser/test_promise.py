"""Refer and book by promise, in a real browser and both languages: type, see the time, refer, hold it, book it."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from cases.catalogue import rulebook
from cases.catalogue.core import json_io, vocabulary
from cases.models import Case
from experts.models import Institution, Role
from mdt_portal.models import User
from scheduling.models import Hold, Session
from scheduling.publishing import earliest_slots, holds
from tests import factories
from tests.browser import axe, complaints, doings

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WORDS = {
    "en": {
        "typed": "lnug cancer",
        "promise": "The earliest time that could be kept:",
        "hold": "Hold",
        "let_go": "Let go",
        "book": "Book",
        "taken": "This time was taken a moment ago.",
        "booked": "is booked for",
    },
    "zh-hans": {
        "typed": "肺癌",
        "promise": "最早可保证的时间：",
        "hold": "保留",
        "let_go": "放弃",
        "book": "预约",
        "taken": "这个时间刚刚被占用",
        "booked": "已预约",
    },
}


@pytest.fixture
def hospital() -> Institution:
    text = vocabulary.CATALOGUE_FILE.read_text(encoding="utf-8")
    found = json_io.read(text, vocabulary.shipped())
    raw = [one for one in found.raw if one["id"] == "LUNG-3B"]
    rulebook.load(raw, by=None, unapproved="Tests begin so", publish_from=date(2020, 1, 1))
    hospital = factories.institution()
    factories.team("lung", at=hospital, name_en="Thoracic MDT", name_zh="胸部肿瘤团队")
    factories.room(at=hospital)
    for seat in raw[0]["required"]:
        for _ in range(2):
            factories.expert(seat["discipline"], at=hospital, rank=4)
    return hospital


@pytest.fixture
def coordinator(hospital: Institution) -> User:
    return factories.user(Role.COORDINATOR, at=hospital)


@pytest.fixture
def signed_in(page: Page, live_server: LiveServer, client: Client, coordinator: User) -> Page:
    client.force_login(coordinator)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    return page


def speak(page: Page, live_server: LiveServer, language: str, theme: str = "light") -> None:
    names = {settings.LANGUAGE_COOKIE_NAME: language, "theme": theme}
    page.context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in names.items()])


@pytest.mark.parametrize("language", ["en", pytest.param("zh-hans", marks=pytest.mark.slow)])
def test_book_by_promise(signed_in: Page, live_server: LiveServer, language: str) -> None:
    page, words = signed_in, WORDS[language]
    said = complaints.of(page)
    speak(page, live_server, language)

    page.goto(f"{live_server.url}/refer/")
    page.fill("[name=patient_name]", "王芳")
    page.fill("[name=search]", words["typed"])
    page.locator("#codes label", has_text="C34").first.click()
    page.locator("#asked label", has_text="IIIB").click()
    page.locator("label", has=page.locator("[name=urgency][value=urgent]")).click()
    expect(page.locator("#typed-promise")).to_contain_text(words["promise"])
    page.locator("#typed-promise summary").click()
    expect(page.locator("#typed-promise .offer")).to_have_count(3)
    promised = page.locator("#typed-promise .offer .when").first.inner_text()
    assert axe.violations(page) == []
    page.fill("[name=question]", "Is she fit for surgery?")
    page.locator("button[value=submit]").click()
    page.wait_for_url("**/cases/**")

    expect(page.locator("#promise .offer .when").first).to_have_text(promised)
    assert axe.violations(page) == []
    page.locator("#promise").get_by_role("button", name=words["hold"]).first.click()
    expect(page.locator("#promise .offer-held .when")).to_have_text(promised)
    expect(page.locator("#promise .countdown [data-words]")).to_contain_text(re.compile("9|10"))
    assert axe.violations(page) == []
    assert Hold.objects.get().status == "held"
    page.locator("#promise").get_by_role("button", name=words["let_go"]).click()
    expect(page.locator("#promise .offer")).to_have_count(3)

    page.locator("#promise").get_by_role("button", name=words["hold"]).first.focus()
    page.keyboard.press("Enter")
    page.locator("#promise").get_by_role("button", name=words["book"], exact=True).click()
    expect(page.locator("#messages")).to_contain_text(words["booked"], timeout=20_000)
    case = Case.objects.get()
    assert (case.status, Session.objects.get().items.get().case) == ("planned", case)
    expect(page.locator("#promise")).to_have_count(0)
    assert said == []


@pytest.mark.parametrize("language", ["en", pytest.param("zh-hans", marks=pytest.mark.slow)])
def test_a_time_that_somebody_else_took_is_said_and_others_are_offered(
    signed_in: Page, live_server: LiveServer, hospital: Institution, coordinator: User, language: str
) -> None:
    page = signed_in
    speak(page, live_server, language)
    team = hospital.teams.get()
    first, second = (factories.case_waiting(team=team, seats=[("RADIOL", 3)]) for _ in range(2))
    page.goto(f"{live_server.url}/cases/{first.public_id}/")
    shown = page.locator("#promise .offer .when").first.inner_text()
    holds.hold(second, earliest_slots.earliest_slots(second, 1)[0].key, by=coordinator)
    page.locator("#promise").get_by_role("button", name=WORDS[language]["hold"]).first.click()
    expect(page.locator("#promise [role=alert]")).to_contain_text(WORDS[language]["taken"])
    expect(page.locator("#promise .offer .when").first).not_to_have_text(shown)
    expect(page.locator("#promise .offer")).to_have_count(3)
    doings.settle(page)  # the hint about others is still being asked for


@pytest.mark.parametrize(("width", "theme"), [(360, "light")])  # the others: test_every_page.py
def test_the_panel_is_accessible_and_fits(
    signed_in: Page, live_server: LiveServer, hospital: Institution, coordinator: User, theme: str, width: int
) -> None:
    page = signed_in
    speak(page, live_server, "zh-hans", theme)
    page.set_viewport_size({"width": width, "height": 800})
    team = hospital.teams.get()
    long_ago = factories.moment(date(2020, 1, 1), "08:00", hospital)
    plain, late, lacking, none, held = (
        factories.case_waiting(team=team, seats=[("RADIOL", 3)]),
        factories.case_waiting(team=team, seats=[("RADIOL", 3)], due_at=long_ago),
        factories.case_waiting(team=team, seats=[("RADIOL", 3)], missing=["imaging"]),
        factories.case_waiting(team=team, seats=[("CARDIO", 3)]),
        factories.case_waiting(team=team, seats=[("RADIOL", 3)]),
    )  # fmt: skip
    holds.hold(held, earliest_slots.earliest_slots(held, 1)[0].key, by=coordinator)
    wrong = {}
    for name, case, part in (
        ("plain", plain, ".offer"),
        ("late", late, ".offer .is-declined"),
        ("lacking", lacking, ".note-warn"),
        ("none", none, ".empty"),
        ("held", held, ".offer-held"),
    ):
        page.goto(f"{live_server.url}/cases/{case.public_id}/")
        expect(page.locator(f"#promise {part}").first).to_be_visible()
        found = axe.violations(page)
        if found or page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
            wrong[name] = found or "too wide"
        doings.settle(page)
    assert wrong == {}
