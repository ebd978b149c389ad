"""The calendar feed: one UID for ever, rising SEQUENCE, no patient, dead when renewed."""

from datetime import timedelta

import icalendar
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases.models import Case
from experts.models import Expert, Role
from scheduling.models import Attendance, Invitation, Session
from scheduling.sessions import ical, invitations, session_services
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def expert() -> Expert:
    return factories.expert("RADIOL", at=factories.institution(), user=factories.user(Role.EXPERT, language="en"))


@pytest.fixture
def session(expert: Expert) -> Session:
    team = factories.team(at=expert.affiliations.get().institution)
    cases = [factories.case_waiting(team=team, diagnosis="Rare sarcoma") for _ in "ab"]
    return factories.session(team, experts=[expert], cases=cases, room=factories.room(at=team.institution))


def events(client: Client, expert: Expert) -> list[icalendar.Event]:
    expert.refresh_from_db()
    answer = client.get(ical.address(expert).removeprefix("http://testserver"))
    assert answer.status_code == 200 and answer["Content-Type"] == "text/calendar; charset=utf-8"
    return icalendar.Calendar.from_ical(answer.content).walk("VEVENT")


@pytest.fixture(autouse=True)
def public_url(settings) -> None:
    settings.MDT_PUBLIC_URL = "http://testserver"


def test_an_appointment_without_its_patients(client: Client, expert: Expert, session: Session) -> None:
    ical.renew(expert, by=expert.user)
    [event] = events(client, expert)
    assert event["SUMMARY"] == "Lung MDT (please answer)" and event["STATUS"] == "TENTATIVE"
    assert event.start == session.start and event.end == session.end
    assert session.room is not None and session.room.name in event["LOCATION"]
    raw = event.to_ical().decode()
    assert "sarcoma" not in raw and session.items.all()[0].case.number not in raw


def test_the_uid_stays_and_the_sequence_rises(client: Client, expert: Expert, session: Session) -> None:
    Case.objects.update(status="planned")
    ical.renew(expert, by=expert.user)
    [before] = events(client, expert)
    invitations.accept(Invitation.objects.get(), by=expert.user)
    [accepted] = events(client, expert)
    assert (accepted["UID"], accepted["STATUS"]) == (before["UID"], "CONFIRMED")
    session_services.cancel(session, by=factories.user(Role.COORDINATOR, at=session.institution), reason="snow")
    [cancelled] = events(client, expert)
    assert (cancelled["UID"], cancelled["STATUS"]) == (before["UID"], "CANCELLED")
    assert cancelled["SEQUENCE"] > before["SEQUENCE"]


def test_an_address_is_made_renewed_and_closed(client: Client, expert: Expert) -> None:
    assert ical.address(expert) == ""
    client.force_login(expert.user)
    client.post("/seats/calendar/", {"action": "renew"})
    expert.refresh_from_db()
    first = ical.address(expert)
    assert first.removeprefix("http://testserver") in client.get("/seats/").content.decode()
    client.post("/seats/calendar/", {"action": "renew"})
    expert.refresh_from_db()
    second = ical.address(expert)
    client.logout()
    assert client.get(first).status_code == 404 and client.get(second).status_code == 200
    client.force_login(expert.user)
    client.post("/seats/calendar/", {"action": "close"})
    assert client.get(second).status_code == 404


def test_the_feed_ends_with_the_account(client: Client, expert: Expert) -> None:
    address = ical.renew(expert, by=expert.user)
    expert.user.is_active = False
    expert.user.save()
    assert client.get(address).status_code == 404
    assert client.get("/calendar/.ics").status_code == 404


def test_who_is_no_expert_has_none(client: Client) -> None:
    client.force_login(factories.user(Role.COORDINATOR))
    assert client.post("/seats/calendar/", {"action": "renew"}).status_code == 403


def test_queries_do_not_grow(client: Client, expert: Expert, session: Session) -> None:
    ical.renew(expert, by=expert.user)

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            events(client, expert)
        return len(caught)

    few = queries()
    for day in range(1, 4):
        factories.session(session.team, start=session.start + timedelta(days=day), experts=[expert])
    assert queries() == few
    assert Attendance.objects.filter(expert=expert).count() == 4
