"""Alternatives and publish, pin and plan again with a live worker, and Why not? with a remedy, in both languages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from experts.models import Role
from mdt_portal.models import User
from scheduling.models import AgendaItem, PlacementConstraint, PlanningRun, Proposal, ProposalKind, Session, TimeRequest
from scheduling.states import RunStatus
from tests import factories
from tests.browser import axe, complaints
from tests.scheduling import worlds

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WORDS = {
    "en": {"choose": "Choose", "pin": "Note it for the next plan", "again": "Plan again with these", "ask": "Ask"},
    "zh-hans": {"choose": "选择", "pin": "用于下一次方案", "again": "按此重新排程", "ask": "询问"},
}


def be(page: Page, server: str, user: User, language: str, theme: str = "light") -> None:
    client = Client()
    client.force_login(user)
    cookies = {settings.LANGUAGE_COOKIE_NAME: language, "theme": theme}
    cookies[settings.SESSION_COOKIE_NAME] = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.clear_cookies()
    page.context.add_cookies([{"name": name, "value": value, "url": server} for name, value in cookies.items()])


def with_alternative(proposal: Proposal) -> Proposal:
    """A second plan of the run, so that there is something to choose."""
    return Proposal.objects.create(
        run=proposal.run,
        kind=ProposalKind.LEAST_TIME,
        plan=proposal.plan,
        goals=proposal.goals,
        base_versions=proposal.base_versions,
        figures=proposal.figures,
    )


@pytest.mark.parametrize("language", ["en", pytest.param("zh-hans", marks=pytest.mark.slow)])
def test_pin_plan_again_compare_and_publish(page: Page, live_server: LiveServer, worker: object, language: str) -> None:
    """A coordinator pins a case to Thursday afternoon, plans again with a live worker, chooses and publishes."""
    words, small = WORDS[language], worlds.small(cases=2)
    first = small.propose(seconds=1)
    be(page, live_server.url, small.coordinator, language)
    page.goto(live_server.url + reverse("proposal", args=[first.public_id]))
    page.locator("details.planned summary").first.click()
    page.locator("details.planned button").first.click()
    dialog = page.locator("dialog[open]")
    day = factories.monday() + timedelta(days=3)
    dialog.locator("[name=room]").select_option(str(small.rooms[1].pk))
    dialog.locator("[name=start]").fill(f"{day}T14:00")
    dialog.locator("[name=end]").fill(f"{day}T18:00")
    with page.expect_navigation():
        dialog.get_by_role("button", name=words["pin"]).click()
    expect(page.locator(".constraints > li")).to_have_count(1)
    pinned = PlacementConstraint.objects.get().case
    with page.expect_navigation():
        page.get_by_role("button", name=words["again"]).click()
    expect(page.locator("#alternatives section")).to_be_visible(timeout=60_000)
    run = PlanningRun.objects.order_by("-pk")[0]
    assert run.based_on == first.run
    chosen = with_alternative(run.proposals.get())
    page.reload()
    page.get_by_role("link", name=words["choose"]).last.click()
    page.wait_for_url(f"**{reverse('proposal', args=[chosen.public_id])}")
    page.locator(".actionbar .btn-primary").click()
    page.locator("#confirm [data-confirm-yes]").click()
    page.wait_for_url("**/week/**")
    item = AgendaItem.objects.select_related("session").get(case=pinned, active=True)
    assert item.session.room == small.rooms[1]
    assert factories.moment(day, "14:00") <= item.start < factories.moment(day, "18:00")
    assert set(Session.objects.values_list("proposal", flat=True)) == {chosen.pk}
    run.refresh_from_db()
    assert run.status == RunStatus.PUBLISHED


@pytest.mark.parametrize("language", ["en", pytest.param("zh-hans", marks=pytest.mark.slow)])
def test_why_not_leads_to_an_expert_who_agrees(page: Page, live_server: LiveServer, language: str) -> None:
    words, small = WORDS[language], worlds.small(cases=0)
    user = factories.user(Role.EXPERT, at=small.hospital)
    factories.expert("DERM", at=small.hospital, hours=[], user=user)
    case = factories.case_waiting(team=small.team, seats=[("DERM", 3)], remote_ok=False)
    why = live_server.url + reverse("why_not", args=[case.public_id])
    be(page, live_server.url, small.coordinator, language)
    page.goto(why)
    expect(page.locator(".funnel .key-row")).to_have_count(1)
    with page.expect_navigation():
        page.locator(".relax").get_by_role("button", name=words["ask"]).click()
    expect(page.locator("[href*='/time-requests/']")).to_have_count(1)
    asked = TimeRequest.objects.get()
    be(page, live_server.url, user, language)
    page.goto(live_server.url + reverse("time_request", args=[asked.public_id]))
    with page.expect_navigation():
        page.locator("button[value=agree]").click()
    expect(page.locator("button[value=agree]")).to_have_count(0)
    asked.refresh_from_db()
    assert asked.status == "agreed"
    be(page, live_server.url, small.coordinator, language)
    page.goto(why)
    expect(page.locator(".funnel .key-row")).to_have_count(0)


@pytest.mark.slow
@pytest.mark.parametrize(("language", "theme", "width"), [("en", "dark", 1280)])  # the others: test_every_page.py
def test_the_review_pages_are_accessible_and_fit(
    page: Page, live_server: LiveServer, language: str, theme: str, width: int
) -> None:
    small = worlds.small(cases=2)
    proposal = small.propose(seconds=1)
    with_alternative(proposal)
    user = factories.user(Role.EXPERT, at=small.hospital)
    only = factories.expert("DERM", at=small.hospital, hours=[], user=user)
    case = factories.case_waiting(team=small.team, seats=[("DERM", 3)], remote_ok=False)
    now = factories.moment(factories.monday(2))
    asked = TimeRequest.objects.create(
        expert=only, case=case, start=now, end=now + timedelta(minutes=15), by=small.coordinator
    )
    PlacementConstraint.objects.create(kind="pin", case=case, room=small.rooms[0], by=small.coordinator)
    said = complaints.of(page)
    page.set_viewport_size({"width": width, "height": 800})
    wrong = []
    be(page, live_server.url, small.coordinator, language, theme)
    for path in (
        reverse("run", args=[proposal.run.public_id]),
        reverse("proposal", args=[proposal.public_id]),
        reverse("why_not", args=[case.public_id]),
        reverse("time_request", args=[asked.public_id]),
        reverse("case", args=[case.public_id]),
    ):
        page.goto(live_server.url + path)
        for part in page.locator("details.planned").all():
            part.locator("summary").click()
        if "/proposals/" in path:
            page.locator("details.planned button").first.click()
            page.wait_for_selector("dialog[open]")
        wrong += [f"{path}: {found}" for found in axe.violations(page)]
        if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
            wrong.append(f"{path} scrolls sideways")
    assert wrong == []
    assert said == []
