"""The seats on a case's page: what is lacking is an alarm, what would only be welcome is not."""

import pytest
from django.test import Client
from django.urls import reverse

from scheduling.models import Seat
from scheduling.publishing import publication
from tests.scheduling import worlds

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("optional", [True, False])
def test_a_welcome_discipline_that_does_not_come_is_no_open_seat(client: Client, optional: bool) -> None:
    world = worlds.small(1)
    publication.publish(world.propose(seconds=1), by=world.coordinator)
    Seat.objects.filter(discipline__key="PATH").update(attendance=None, optional=optional)
    client.force_login(world.coordinator)

    page = client.get(reverse("case", args=[world.cases[0].public_id])).content.decode()

    assert ("Seat open" in page) is not optional
    assert ("Welcome, but not coming: " in page) is optional
