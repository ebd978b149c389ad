"""The planning screens fit a phone and a desk, in light and dark, and are accessible."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from experts.models import Expert, Role
from mdt_portal.models import KeptMail, User
from scheduling.models import Invitation, Proposal, RoomClosure, Session
from scheduling.sessions import invitations
from scheduling.states import RunStatus
from tests import factories
from tests.browser import axe, complaints

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[[str], None]


class Hospital:
    """A hospital with a week: an open seat, a closed room, a queue, a run under way, a proposal, a kept mail."""

    def __init__(self) -> None:
        self.at = factories.institution()
        self.team = factories.team(at=self.at)
        self.room = factories.room(at=self.at)
        self.coordinator = factories.user(Role.COORDINATOR, at=self.at)
        self.expert = self._expert()
        cases = [factories.case_waiting(team=self.team) for _ in range(2)]
        self.session = factories.session(self.team, room=self.room, experts=[self.expert], cases=cases)
        open_seat = self.session.items.all()[1].seats.get()
        open_seat.attendance, open_seat.place = None, 1
        open_seat.save()
        self.open_seat = open_seat
        factories.case_waiting(team=self.team, diagnosis="重症肺炎")
        RoomClosure.objects.create(
            room=self.room, start=self.session.start + timedelta(days=1), end=self.session.end + timedelta(days=1)
        )
        self.running = self._running()
        self.proposal = self._proposal()
        KeptMail.objects.create(to=self.expert.email, subject="请答复", body=f"{settings.MDT_PUBLIC_URL}/seats/\n")

    def _expert(self) -> Expert:
        user = factories.user(Role.EXPERT, at=self.at)
        return factories.expert("RADIOL", at=self.at, user=user)

    def _running(self) -> str:
        now = timezone.now()
        points = [
            {"seconds": 1.0, "phase": "search", "goals": [0, 0, 0, 120], "bound": [0, 0, 0, 60]},
            {"seconds": 2.0, "phase": "search", "goals": [0, 0, 0, 100], "bound": [0, 0, 0, 90]},
        ]
        fields = {"status": RunStatus.RUNNING, "started_at": now, "heartbeat_at": now, "lease_until": now}
        return factories.run(self.at, progress=points, seconds=600, **fields).public_id

    def _proposal(self) -> str:
        """One that would call the session off, and leaves the waiting case out."""
        goals = {"required_unplaced": 8, "required_late": 0, "suggested": 0, "effort": 0}
        case = factories.case_waiting(team=self.team)
        reasons = [{"code": "team_busy", "params": {"team": self.team.pk}}]
        plan = {
            "status": "feasible",
            "goals": goals,
            "bound": None,
            "seconds": 1.0,
            "first_plan_s": 0.1,
            "sessions": [],
            "unplaced": [{"case": case.pk, "reasons": reasons}],
        }
        run = factories.run(self.at, status=RunStatus.PROPOSED)
        base = {str(self.at.pk): self.at.published_plan.version}
        return Proposal.objects.create(run=run, plan=plan, goals=goals, base_versions=base).public_id

    def pages(self) -> list[tuple[User | None, str]]:
        """Every screen around planning, with who looks at it."""
        session: Session = self.session
        invitation = Invitation.objects.get()
        seat = [session.public_id, self.open_seat.item.case.number, self.open_seat.place]
        office = [
            reverse("board"),
            reverse("runs"),
            reverse("run_new"),
            reverse("run", args=[self.running]),
            reverse("proposal", args=[self.proposal]),
            reverse("sessions"),
            reverse("session", args=[session.public_id]),
            reverse("session_cancel", args=[session.public_id]),
            reverse("seat_fill", args=seat),
            reverse("agenda", args=[session.public_id]),
            reverse("mails"),
        ]
        own = [reverse("my_seats"), reverse("invitation", args=[invitation.public_id]), reverse("my_time")]
        by_link = [invitations.link(invitation), f"{invitations.link(invitation)}?no", "/answer/dead/"]
        return [
            *[(self.coordinator, path) for path in office],
            *[(self.expert.user, path) for path in own],
            *[(None, path) for path in by_link],
        ]


@pytest.mark.slow
def test_screens_are_accessible_and_fit(page: Page, live_server: LiveServer) -> None:
    """In one language, theme and width; the others are tried by test_every_page.py."""
    said = complaints.of(page)
    page.set_viewport_size({"width": 360, "height": 800})
    wrong = []
    for user, path in Hospital().pages():
        _be(page, live_server.url, user, {settings.LANGUAGE_COOKIE_NAME: "zh-hans", "theme": "dark"})
        page.goto(live_server.url + path)
        wrong += [f"{path}: {found}" for found in axe.violations(page)]
        if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
            wrong.append(f"{path} scrolls sideways")
    assert wrong == []
    assert [text for text in said if "409" not in text] == []  # the dead link says so by its status


def _be(page: Page, server: str, user: User | None, cookies: dict[str, str]) -> None:
    """Sign somebody in (or nobody), by cookie."""
    page.context.clear_cookies()
    if user is not None:
        client = Client()
        client.force_login(user)
        cookies |= {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}
    page.context.add_cookies([{"name": name, "value": value, "url": server} for name, value in cookies.items()])
