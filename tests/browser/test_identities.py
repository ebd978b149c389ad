"""A doubtful identity, from the row on Today to the decision; the form that asks; a FHIR file on its page."""

from __future__ import annotations

import json
import os
from datetime import date

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from cases.catalogue import rulebook
from cases.catalogue.core import json_io, vocabulary
from cases.fhir import imports
from cases.fhir.core import reader
from cases.models import Case, HeldMatch
from experts.models import Institution, Role
from mdt_portal.models import User
from tests import factories
from tests.browser import axe, complaints
from tests.cases.bundles import bundle, condition, icd, patient

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NUMBER = {"system": "urn:insurer", "value": "A000000001"}
PICTURES = os.environ.get("MDT_PICTURES", "")
"""A folder for pictures of the pages, for people to look at."""


@pytest.fixture
def hospital() -> Institution:
    text = vocabulary.CATALOGUE_FILE.read_text(encoding="utf-8")
    found = json_io.read(text, vocabulary.shipped())
    wanted = {"BREAST", "BREAST-NEW", "LUNG-3B", "LUNG-NEW", "ONC-STAGE4"}
    rulebook.load(
        [raw for raw in found.raw if raw["id"] in wanted],
        by=None,
        unapproved="Tests begin so",
        publish_from=date(2020, 1, 1),
    )
    return factories.institution(name_en="Riverside Hospital", name_zh="江畔医院")


@pytest.fixture
def coordinator(hospital: Institution) -> User:
    return factories.user(Role.COORDINATOR, at=hospital)


@pytest.fixture
def signed_in(page: Page, live_server: LiveServer, client: Client, coordinator: User) -> Page:
    client.force_login(coordinator)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    return page


def speak(page: Page, live_server: LiveServer, language: str) -> None:
    page.context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": live_server.url}])


def family(hospital: Institution, *, mother: bool = True) -> str:
    """A mother and her child, who have one insurance number; only the child without `mother`."""
    child = patient("c", family="王", given="小明", gender="male", birthDate="2015-05-05", identifier=[NUMBER])
    resources = [child, condition("2", "c", icd("C34.1"), stage=[{"summary": {"text": "IIIB"}}])]
    if mother:
        woman = patient("m", family="王", given="芳", birthDate="1985-01-01", identifier=[NUMBER])
        resources += [woman, condition("1", "m", icd("C34.9"), stage=[{"summary": {"text": "IIIB"}}])]
        resources.sort(key=lambda one: str(one.get("id")) in ("c", "2"))
    return json.dumps(bundle(*resources))


def picture(page: Page, name: str) -> None:
    if PICTURES:
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 900})
            page.screenshot(path=f"{PICTURES}/{name}-{width}.png", full_page=True)
        page.set_viewport_size({"width": 1280, "height": 900})


WORDS = {
    "en": ("Identity in doubt", "Compare", "Keep apart: two people", "Join: one person", "Nothing is in doubt"),
    "zh-hans": ("身份存疑", "比对", "分开：两个人", "合并：同一人", "没有存疑的身份"),
}


@pytest.mark.parametrize("language", ["en", pytest.param("zh-hans", marks=pytest.mark.slow)])
def test_a_doubtful_identity_is_resolved(
    signed_in: Page, live_server: LiveServer, hospital: Institution, coordinator: User, language: str
) -> None:
    imports.bring_in(reader.read(family(hospital)), by=coordinator, institution=hospital)
    assert (Case.objects.count(), HeldMatch.objects.count()) == (1, 1)
    page, (doubt, compare, apart, join, none) = signed_in, WORDS[language]
    said = complaints.of(page)
    speak(page, live_server, language)
    page.goto(live_server.url)
    row = page.locator(".work", has_text=doubt).or_(page.locator("li", has_text=doubt)).first
    expect(row).to_be_visible()
    with page.expect_navigation():
        page.locator("#main a[href='/identities/']").first.click()
    picture(page, f"identities-{language}")
    with page.expect_navigation():
        page.get_by_role("link", name=compare).last.click()
    expect(page.locator("#main")).to_contain_text("王芳")
    expect(page.locator("#main")).to_contain_text("王小明")
    expect(page.get_by_role("button", name=join)).to_be_visible()
    assert axe.violations(page) == []
    picture(page, f"held-{language}")
    with page.expect_navigation():
        page.get_by_role("button", name=apart).click()
    expect(page.locator("#main")).to_contain_text(none)
    assert {case.patient.identity.name for case in Case.objects.all()} == {"王芳", "王小明"}
    assert said == []


def test_a_fhir_file_is_tried_and_taken_in(
    signed_in: Page, live_server: LiveServer, hospital: Institution, coordinator: User
) -> None:
    page, said = signed_in, complaints.of(signed_in)
    speak(page, live_server, "en")
    page.goto(f"{live_server.url}/refer/")
    with page.expect_navigation():
        page.get_by_role("link", name="Take in a FHIR file").click()
    page.set_input_files(
        "[name=file]", {"name": "family.json", "mimeType": "application/json", "buffer": family(hospital).encode()}
    )
    with page.expect_navigation():
        page.get_by_role("button", name="Check the file").click()
    expect(page.locator("#main")).to_contain_text("new referral")
    assert not Case.objects.exists()
    assert axe.violations(page) == []
    picture(page, "file-tried")
    with page.expect_navigation():
        page.get_by_role("button", name="Take it in").click()
    expect(page.locator("#main")).to_contain_text(Case.objects.get().number)
    expect(page.locator("#main")).to_contain_text("shares a number with a known patient")
    picture(page, "file-taken-in")
    assert said == []
