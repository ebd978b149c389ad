"""What a change hits, on the pages: in the form, on Today, on session and board; and another person in one step."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from experts.availability import time_keeping
from experts.models import Expert, Role
from mdt_portal.errors import RuleError, StaleState
from mdt_portal.models import OutboxMessage
from scheduling.models import Attendance, Session
from scheduling.publishing import publication
from scheduling.selectors.weeks import Week
from scheduling.sessions import session_services
from tests import factories
from tests.scheduling import worlds
from tests.scheduling.worlds import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    world = worlds.small(2)
    publication.publish(world.propose(seconds=1), by=world.coordinator)
    return world


def part(world: World) -> Attendance:
    """The part of a radiologist."""
    return Attendance.objects.active().filter(seats__discipline__key="RADIOL").distinct().get()


def away(row: Attendance) -> None:
    day = row.start.astimezone(row.meeting.institution.tz).date()
    time_keeping.add_leave(row.expert, first_day=day, last_day=day, by=None)


def text(answer: Any) -> str:
    return answer.content.decode()


def test_a_leave_shows_what_it_hits_before_it_is_saved(client: Client, world: World) -> None:
    row = part(world)
    url = reverse("hits", args=["leave", row.expert.public_id])
    client.force_login(world.coordinator)
    day = row.start.astimezone(world.hospital.tz).date()
    typed = {"leave-first_day": str(day), "leave-last_day": str(day)}
    assert reverse("session", args=[row.meeting.public_id]) in text(client.get(url, typed))
    later = str(day + timedelta(days=60))
    assert "No published session is hit" in text(client.get(url, {"leave-first_day": later, "leave-last_day": later}))
    assert text(client.get(url, {"leave-first_day": str(day)})).strip() == ""
    assert not row.expert.leaves.exists()
    client.force_login(factories.user(Role.EXPERT, at=world.hospital))
    assert client.get(url, typed).status_code == 403
    assert client.get(reverse("hits", args=["nothing", row.expert.public_id])).status_code == 404


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_today_session_and_board_say_it(client: Client, world: World, language: str) -> None:
    row = part(world)
    away(row)
    words = "on leave" if language == "en" else "休假"
    client.force_login(world.coordinator)
    headers = {"Accept-Language": language}
    session = reverse("session", args=[row.meeting.public_id])
    today = text(client.get("/", headers=headers))
    assert f"{session}#hit" in today and words in today
    page = text(client.get(session, headers=headers))
    assert words in page and reverse("seat_replace", args=[row.meeting.public_id, row.public_id]) in page
    week = Week.around(row.start.astimezone(world.hospital.tz).date())
    board = text(client.get(reverse("board"), {"week": str(week)}, headers=headers))
    assert 'class="sess-hit"' in board and words in board


def test_another_person_is_chosen_in_one_step(client: Client, world: World) -> None:
    row = part(world)
    away(row)
    client.force_login(world.coordinator)
    OutboxMessage.objects.all().delete()
    url = reverse("seat_replace", args=[row.meeting.public_id, row.public_id])
    (choice,) = client.get(url).context["deputies"]
    assert choice.expert in world.experts[:2] and choice.expert != row.expert
    client.post(url, {"expert": choice.expert.public_id})
    assert part(world).expert == choice.expert
    row.refresh_from_db()
    assert (row.active, row.invitation.status) == (False, "replaced")
    told = {one.payload["expert"]: one.payload for one in OutboxMessage.objects.filter(kind="notification.expert")}
    assert told.keys() == {row.expert_id, choice.expert.pk}
    assert told[row.expert_id]["released"] == [row.pk]
    assert "#hit" not in text(client.get("/"))
    assert client.get(url).status_code == 404
    with pytest.raises(StaleState):
        session_services.replace(row, choice.expert, by=world.coordinator)


def test_who_does_not_fit_cannot_replace_and_nobody_is_set_free(world: World) -> None:
    row = part(world)
    stranger: Expert = factories.expert("PATH", at=world.hospital)
    with pytest.raises(RuleError):
        session_services.replace(row, stranger, by=world.coordinator)
    assert part(world) == row
    assert Session.objects.live().count() == 1


def test_only_the_coordinator_of_the_hospital_replaces(client: Client, world: World) -> None:
    row = part(world)
    url = reverse("seat_replace", args=[row.meeting.public_id, row.public_id])
    client.force_login(factories.user(Role.MANAGER, at=world.hospital))
    assert client.get(url).status_code == 403
