"""The session ends in mid-form, and nothing is lost."""

from datetime import date
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from cases.models import Case, PatientIdentity
from experts.models import Role
from mdt_portal.models import KeptForm
from tests import factories
from tests.browser import complaints
from tests.browser.crawl import session_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WORDS: dict[str, dict[str, Any]] = {
    "en": {"kept": "is kept for half an hour", "sign_in": "Sign in", "saved": "is saved", "born": "4 May 1961"},
    "zh-hans": {"kept": "已加密保留半小时", "sign_in": "登录", "saved": "已保存", "born": "1961-05-04"},
}


@pytest.mark.parametrize("language", ["en", pytest.param("zh-hans", marks=pytest.mark.slow)])
def test_session_ended_in_mid_form_and_nothing_lost(page: Page, live_server: LiveServer, language: str) -> None:
    said, words = complaints.of(page), WORDS[language]
    writer = factories.user(Role.REFERRER, language=language)
    names = {settings.SESSION_COOKIE_NAME: session_of(writer), settings.LANGUAGE_COOKIE_NAME: language}
    page.context.add_cookies([{"name": n, "value": v, "url": live_server.url} for n, v in names.items()])
    page.goto(f"{live_server.url}/refer/")
    page.fill("[name=patient_name]", "王芳")
    page.fill("[name=birth_date]", words["born"])
    page.fill("[name=question]", "First line\nSecond line")
    page.fill("[name=search]", "C34.1")
    expect(page.locator("#codes :checked")).to_have_value("C34.1")
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    page.locator("button[value=draft]").click()
    page.wait_for_url("**/login/**")
    expect(page.locator("main")).to_contain_text(words["kept"])
    page.fill("[name=username]", writer.username)
    page.fill("[name=password]", factories.PASSWORD)
    page.get_by_role("button", name=words["sign_in"]).click()
    page.wait_for_url("**/cases/**")
    expect(page.locator("#messages")).to_contain_text(words["saved"])
    case = Case.objects.get()
    assert (case.code, case.question.replace("\r\n", "\n")) == ("C34.1", "First line\nSecond line")
    who = PatientIdentity.objects.get()
    assert (who.name, who.birth_date) == ("王芳", date(1961, 5, 4).isoformat())
    assert not KeptForm.objects.exists()
    stored = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert "王芳" not in stored and "C34" not in stored
    assert said == []
