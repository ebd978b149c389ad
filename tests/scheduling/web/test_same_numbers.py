"""The numbers that people read mean one thing each, and add up on Today, Queue, Week and Plans."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cases.models import Case
from cases.selectors import case_queue
from experts.models import Institution
from scheduling.problem import snapshot
from scheduling.problem.core.horizon import Horizon
from scheduling.selectors import today
from scheduling.web import navigation
from tests import factories
from tests.scheduling import worlds

pytestmark = pytest.mark.django_db


@pytest.fixture
def busy() -> worlds.World:
    """One hospital with some of everything: ready, held back by materials, without a team, without facts, placed."""
    world = worlds.small(5)
    Institution.objects.filter(pk=world.hospital.pk).update(answer_within_h=0)
    for _ in range(4):
        factories.case_waiting(team=world.team, missing=["imaging"])
    factories.case_waiting(team=world.team, missing=["imaging"], urgency="urgent")  # held back by nothing
    factories.case_waiting(team=world.team, tier="suggested", due_at=timezone.now() - timedelta(hours=3))
    for _ in range(3):
        homeless = factories.case_waiting(team=world.team)
        Case.objects.filter(pk=homeless.pk).update(status="submitted", team=None)
    Case.objects.filter(pk=factories.case_waiting(team=world.team).pk).update(status="needs_facts", team=None)
    factories.case_waiting(team=world.team, status="planned")
    factories.case_waiting(team=world.team, status="withdrawn")
    return world


def tiles(world: worlds.World) -> dict[str, tuple[int, str]]:
    found = today.figures(world.coordinator, timezone.now(), world.hospital.tz)
    return {row["label"]: (row["value"], row["note"]) for row in found}


def test_queue_waiting_held_back_and_ready_add_up_on_every_page(client: Client, busy: worlds.World) -> None:
    client.force_login(busy.coordinator)
    shown = tiles(busy)
    assert shown["In the queue"] == (15, "7 can be planned, 8 held back")
    assert shown["Waiting for a place"] == (11, "10 required, 1 suggested")
    assert shown["Held back"] == (8, "4 lack materials, 4 lack facts, a team or a decision")
    assert shown["Over their limit"][0] == 1
    queue = client.get(reverse("queue")).context
    assert (queue["counts"]["all"], queue["counts"]["blocked"]) == (15, 8)
    assert queue["tally"] == (
        "15 in the queue: 11 wait for a place (7 can be planned, 4 lack materials), 4 lack facts, a team or a decision."
    )
    assert navigation.numbers(busy.coordinator)["queue"] == 15
    board = client.get(reverse("board"))
    assert (board.context["tally"].waiting, board.context["waiting_count"]) == (11, 11)
    assert board.context["tally"].queue == 15
    assert "11 cases wait for a place: 7 can be planned, 4 lack materials." in " ".join(board.content.decode().split())
    assert client.get(reverse("queue"), {"blocked": "nothing"}).context["counts"]["all"] == 7


def test_a_plan_looks_at_what_can_be_planned_and_at_what_has_a_place(busy: worlds.World) -> None:
    numbers = case_queue.tally(Case.objects.all(), timezone.now())
    seen = snapshot.read([busy.hospital], Horizon.around(factories.monday(), 7, busy.hospital.tz))
    assert len(seen.problem.cases) == numbers.ready == 7
    assert numbers.queue == numbers.waiting + numbers.unready == numbers.ready + numbers.held_back


def test_a_heading_counts_what_is_not_shown_too(client: Client, busy: worlds.World) -> None:
    for _ in range(12):
        factories.case_waiting(team=busy.team, missing=["imaging"])
    client.force_login(busy.coordinator)
    few: Any = client.get(reverse("today")).context
    every: Any = client.get(reverse("today"), {"all": "1"}).context
    assert sum(len(group.entries) for group in few["groups"]) == 12
    assert few["others"] == sum(group.total for group in every["groups"]) - 12 > 0
    totals = {group.label: group.total for group in every["groups"]}
    assert all(totals[group.label] == group.total for group in few["groups"])
