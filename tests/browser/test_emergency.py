"""An emergency that no rule wants discussed, in a real browser and both languages: it reaches Today and is decided."""

from __future__ import annotations

from datetime import date

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from cases.catalogue import rulebook
from cases.catalogue.core import json_io, vocabulary
from cases.models import Case
from experts.models import Institution, Role
from tests import factories
from tests.browser.test_phone import DESKTOP, PHONE, looks_right, opened

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WORDS = {
    "en": {"answer": "never only listed", "emergency": "Emergency", "first": "Emergencies", "decide": "Decide"},
    "zh-hans": {"answer": "急诊不会仅作登记", "emergency": "急诊", "first": "急诊", "decide": "判定"},
}


@pytest.fixture
def hospital() -> Institution:
    text = vocabulary.CATALOGUE_FILE.read_text(encoding="utf-8")
    found = json_io.read(text, vocabulary.shipped())
    rulebook.load(
        [raw for raw in found.raw if raw["id"] == "APPX-SIMPLE"],
        by=None,
        unapproved="Tests begin so",
        publish_from=date(2020, 1, 1),
    )
    return factories.institution()


@pytest.mark.parametrize("language", ["en", pytest.param("zh-hans", marks=pytest.mark.slow)])
def test_an_emergency_of_tier_none_reaches_today(
    browser: Browser, live_server: LiveServer, hospital: Institution, language: str
) -> None:
    words = WORDS[language]
    doctor = opened(browser, live_server.url, language, PHONE, factories.user(Role.REFERRER, at=hospital)).new_page()
    doctor.goto(f"{live_server.url}/refer/")
    doctor.fill("[name=patient_name]", "王芳")
    doctor.fill("[name=search]", "K35.8")
    doctor.locator("#codes input[value='K35.8']").check()
    doctor.locator("[name=urgency][value=emergency]").check()
    doctor.fill("[name=question]", "?")
    expect(doctor.locator("#answer")).to_contain_text(words["answer"])
    looks_right(doctor)
    doctor.locator("button[value=submit]").click()
    doctor.wait_for_url("**/cases/**")

    case = Case.objects.get()
    lead = factories.user(Role.COORDINATOR, at=hospital)
    page = opened(browser, live_server.url, language, DESKTOP, lead).new_page()
    page.goto(live_server.url)
    expect(page.locator(".worklist-group").first).to_contain_text(words["first"])
    row = page.locator(".worklist li").first
    expect(row).to_contain_text(case.number)
    expect(row).to_contain_text(words["emergency"])
    looks_right(page)
    row.locator(f"a[href='/cases/{case.public_id}/']").first.click()
    page.wait_for_url(f"**/cases/{case.public_id}/")
    looks_right(page)
    page.get_by_role("button", name=words["decide"]).click()
    page.locator("#dialogs [name=tier][value=none]").check()
    page.fill("#dialogs [name=reason]", "已直接手术")
    page.locator("#dialogs button[type=submit]").click()
    expect(page.locator("main")).not_to_contain_text(words["decide"] + "…")
    page.goto(live_server.url)
    expect(page.locator(".worklist")).to_have_count(0)
