"""What was called off, or published, can still be read: agenda, people, reason, and the list of changes."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from scheduling.models import Attendance, Proposal, Session
from scheduling.publishing import publication
from scheduling.sessions import session_services
from tests.scheduling import worlds

pytestmark = pytest.mark.django_db


def test_a_cancelled_session_keeps_agenda_people_and_reason(client: Client) -> None:
    world = worlds.small(2)
    publication.publish(world.propose(seconds=1), by=world.coordinator)
    session = Session.objects.get()
    people = [row.expert.name for row in session.attendances.active()]
    session_services.cancel(session, by=world.coordinator, reason="The chair is ill")
    assert not Attendance.objects.active().exists()
    client.force_login(world.coordinator)
    answer = client.get(reverse("session", args=[session.public_id]))
    page = answer.content.decode()
    assert "The chair is ill" in page
    assert {line.case for line in answer.context["table"].lines} == set(world.cases)
    assert sorted(one.attendance.expert.name for one in answer.context["table"].people) == sorted(people)
    assert answer.context["table"].open == [] and answer.context["table"].lost == []
    publication.publish(world.propose(seconds=1), by=world.coordinator)  # its cases and people are free again
    assert Session.objects.live().get() != session
    assert len(client.get(reverse("session", args=[session.public_id])).context["table"].lines) == 2


def test_a_published_plan_keeps_the_list_of_its_changes(client: Client) -> None:
    world = worlds.small(2)
    proposal = world.propose(seconds=1)
    client.force_login(world.coordinator)
    url = reverse("proposal", args=[proposal.public_id])
    before = client.get(url).context["review"]
    publication.publish(proposal, by=world.coordinator)
    publication.publish(world.propose(seconds=1), by=world.coordinator)  # another plan makes no difference
    answer = client.get(url)
    after = answer.context["review"]
    assert before.rows and after.rows == before.rows
    assert [(one.expert, one.what) for one in after.notified] == [(one.expert, one.what) for one in before.notified]
    assert 'id="changes"' in answer.content.decode()
    assert Proposal.objects.get(pk=proposal.pk).changes
