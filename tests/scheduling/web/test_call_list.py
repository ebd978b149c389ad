"""The call list: numbers that dial, who is silent first, and reminding by hand."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from experts.models import Institution, Role
from mdt_portal.models import AuditEvent, OutboxMessage, User
from mdt_portal.tags.names import tel
from scheduling.models import Invitation, Session
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def hospital() -> Institution:
    return factories.institution()


@pytest.fixture
def coordinator(hospital: Institution) -> User:
    return factories.user(Role.COORDINATOR, at=hospital)


@pytest.fixture
def coordinator_client(client: Client, coordinator: User) -> Client:
    client.force_login(coordinator)
    return client


def tomorrow(hospital: Institution, hour: int = 14, days: int = 1) -> datetime:
    day = timezone.now().astimezone(hospital.tz) + timedelta(days=days)
    return day.replace(hour=hour, minute=0, second=0, microsecond=0)


def meeting(hospital: Institution, people: int = 3, hour: int = 14, days: int = 1) -> Session:
    """A session of tomorrow whose people have not answered."""
    team = factories.team(f"g{hour}", at=hospital)
    experts = [
        factories.expert("RADIOL", at=hospital, phone=f"+86 138-0000-{hour:02}{n:02}", email=f"e{hour}.{n}@example.org")
        for n in range(people)
    ]
    case = factories.case_waiting(team=team)
    return factories.session(team, start=tomorrow(hospital, hour, days), experts=experts, cases=[case])


def invitations(session: Session) -> list[Invitation]:
    return list(Invitation.objects.filter(attendance__session=session).order_by("pk"))


def reminded() -> list[int]:
    return sorted(
        message.payload["invitation"] for message in OutboxMessage.objects.filter(kind="notification.reminder")
    )


@pytest.mark.parametrize(
    ("number", "link"),
    [("+86 138-0000-0001", "tel:+8613800000001"), ("０１０ 6555 0001", "tel:01065550001"), ("abc", ""), ("", "")],
)
def test_a_number_dials(number: str, link: str) -> None:
    assert tel(number) == link


def test_tomorrows_silent_people_come_first_with_numbers_that_dial(
    coordinator_client: Client, hospital: Institution
) -> None:
    session = meeting(hospital)
    first, second, third = invitations(session)
    Invitation.objects.filter(pk=first.pk).update(status="accepted")
    Invitation.objects.filter(pk=third.pk).update(answer_by=timezone.now() - timedelta(hours=1))
    meeting(hospital, hour=15, days=9)
    page = coordinator_client.get("/calls/")
    text = page.content.decode()
    (calls,) = page.context["listed"]
    assert [one.invitation.pk for one in calls.silent] == [third.pk, second.pk]
    assert [one.late for one in calls.silent] == [True, False]
    assert [one.invitation.pk for one in calls.accepted] == [first.pk]
    assert 'href="tel:+8613800001402"' in text and "2 people have not answered." in text
    assert "1 is over the time to answer." in text


def test_one_is_reminded_and_not_twice_within_an_hour(coordinator_client: Client, hospital: Institution) -> None:
    one, *_others = invitations(meeting(hospital))
    answer = coordinator_client.post("/calls/remind/", {"invitation": one.public_id}, follow=True)
    assert "1 person is reminded." in answer.content.decode()
    assert reminded() == [one.pk]
    answer = coordinator_client.post("/calls/remind/", {"invitation": one.public_id}, follow=True)
    assert "less than an hour ago" in answer.content.decode() and reminded() == [one.pk]
    assert AuditEvent.objects.filter(action="invitation.reminded", subject_id=one.pk).count() == 1


def test_a_session_and_a_whole_day_are_reminded(coordinator_client: Client, hospital: Institution) -> None:
    early, late = meeting(hospital, 2, hour=9), meeting(hospital, 2, hour=16)
    other_day = meeting(hospital, 1, hour=10, days=3)
    coordinator_client.post("/calls/remind/", {"session": early.public_id})
    assert reminded() == sorted(one.pk for one in invitations(early))
    answer = coordinator_client.post("/calls/remind/", {"day": f"{tomorrow(hospital):%Y-%m-%d}"}, follow=True)
    assert "2 people are reminded. 2 were reminded less than an hour ago." in answer.content.decode()
    assert reminded() == sorted(one.pk for session in (early, late) for one in invitations(session))
    assert invitations(other_day)[0].reminded_at is None


def test_who_has_no_address_is_to_be_called(coordinator_client: Client, hospital: Institution) -> None:
    one = invitations(meeting(hospital, 1))[0]
    one.attendance.expert.email = ""
    one.attendance.expert.save()
    answer = coordinator_client.post("/calls/remind/", {"invitation": one.public_id}, follow=True)
    assert "1 has no e-mail address: please call." in answer.content.decode() and not reminded()


def test_a_yes_on_the_phone_is_noted_in_place(coordinator_client: Client, hospital: Institution) -> None:
    one = invitations(meeting(hospital, 1))[0]
    answer = coordinator_client.post(f"/seats/{one.public_id}/", {"answer": "accept", "next": "/calls/?day=2026-12-01"})
    assert answer.headers["Location"] == "/calls/?day=2026-12-01"
    one.refresh_from_db()
    assert one.status == "accepted"


def test_the_way_on_never_leaves_the_portal(coordinator_client: Client, hospital: Institution) -> None:
    session = meeting(hospital, 1)
    one = invitations(session)[0]
    answer = coordinator_client.post(f"/seats/{one.public_id}/", {"answer": "accept", "next": "https://example.org/"})
    assert answer.headers["Location"] == f"/sessions/{session.public_id}/"


def test_numbers_are_for_those_who_call(client: Client, hospital: Institution) -> None:
    session = meeting(hospital, 1)
    for role in (Role.REFERRER, Role.EXPERT, Role.MANAGER):
        client.force_login(factories.user(role, at=hospital))
        assert client.get("/calls/").status_code == 403
        assert client.post("/calls/remind/", {"session": session.public_id}).status_code == 403
    client.force_login(factories.user(Role.COORDINATOR, at=factories.institution()))
    assert "tel:" not in client.get(f"/calls/?session={session.public_id}").content.decode()
    client.post("/calls/remind/", {"session": session.public_id})
    assert not reminded()


def test_today_and_the_session_lead_to_the_list(coordinator_client: Client, hospital: Institution) -> None:
    session = meeting(hospital, 1)
    Invitation.objects.update(answer_by=timezone.now() - timedelta(hours=1))
    address = f"/calls/?session={session.public_id}"
    entries = [entry for group in coordinator_client.get("/").context["groups"] for entry in group.entries]
    assert [entry.url for entry in entries if entry.kind == "silent"] == [address]
    assert address in coordinator_client.get(f"/sessions/{session.public_id}/").content.decode()
    only: Any = coordinator_client.get(address).context["only"]
    assert only == session


def test_an_idle_week_says_so(coordinator_client: Client) -> None:
    assert "No sessions ahead" in coordinator_client.get("/calls/").content.decode()


def test_thirty_people_cost_the_same_queries_as_one(coordinator_client: Client, hospital: Institution) -> None:
    meeting(hospital, 1, hour=9)
    coordinator_client.get("/calls/")
    with CaptureQueriesContext(connection) as few:
        coordinator_client.get("/calls/")
    for hour in (10, 11, 12):
        meeting(hospital, 10, hour=hour)
    with CaptureQueriesContext(connection) as many:
        coordinator_client.get("/calls/")
    assert len(many) == len(few)
