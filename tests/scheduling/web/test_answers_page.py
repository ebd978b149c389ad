"""Experts answer: signed in, and by the link of a mail without a login."""

import re
from datetime import timedelta
from http import HTTPStatus

import pytest
from django.conf import settings
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from experts.models import Expert, Role
from mdt_portal.models import AuditEvent, StatusEvent
from scheduling.models import Attendance, Invitation, Session
from scheduling.sessions import invitations
from scheduling.states import InvitationStatus
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def expert() -> Expert:
    user = factories.user(Role.EXPERT, language="en")
    return factories.expert("RADIOL", at=factories.institution(), user=user)


@pytest.fixture
def session(expert: Expert) -> Session:
    team = factories.team(at=expert.affiliations.get().institution)
    cases = [factories.case_waiting(team=team, diagnosis="Rare sarcoma", question="Operate on her?") for _ in "ab"]
    return factories.session(team, experts=[expert], cases=cases, room=factories.room(at=team.institution))


@pytest.fixture
def invitation(session: Session) -> Invitation:
    return Invitation.objects.get()


def link(invitation: Invitation) -> str:
    invitation.refresh_from_db()
    return invitations.link(invitation)


def everything() -> list[object]:
    """The rows that an answer would change."""
    kept: list[type[models.Model]] = [Invitation, StatusEvent, AuditEvent]
    return [list(model.objects.order_by("pk").values()) for model in kept]  # type: ignore[attr-defined]


# The link -------------------------------------------------------------------------------------------------------------


def test_looking_at_a_link_changes_nothing(client: Client, invitation: Invitation) -> None:
    before = everything()
    for _ in range(3):
        assert client.get(link(invitation)).status_code == HTTPStatus.OK
        assert client.head(link(invitation)).status_code == HTTPStatus.OK
        assert client.get(link(invitation) + "?no").status_code == HTTPStatus.OK
    assert everything() == before


def test_the_page_tells_what_is_asked_and_nothing_of_patients(client: Client, invitation: Invitation) -> None:
    answer = client.get(link(invitation))
    page = answer.content.decode()
    session = invitation.attendance.session
    assert session is not None
    assert all(str(word) in page for word in (session.team, session.room, invitation.attendance.expert, "14:00"))
    assert "2 of 2 need you" in page
    for item in session.items.all():
        case = item.case
        for secret in (case.patient.identity.name, case.number, case.diagnosis, case.question, case.code):
            assert secret not in page
    assert answer.headers["X-Robots-Tag"].startswith("noindex")
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_link_answers_once(client: Client, invitation: Invitation) -> None:
    address = link(invitation)
    assert client.post(address, {"answer": "accept"}, follow=True).redirect_chain == [(address, HTTPStatus.FOUND)]
    invitation.refresh_from_db()
    assert invitation.status == InvitationStatus.ACCEPTED
    assert "Thank you for your answer" in client.get(address).content.decode()
    again = client.post(address, {"answer": "decline", "reason": "away"})
    assert again.status_code == HTTPStatus.CONFLICT
    invitation.refresh_from_db()
    assert invitation.status == InvitationStatus.ACCEPTED


def test_a_no_by_link_needs_a_reason(client: Client, invitation: Invitation) -> None:
    address = link(invitation)
    empty = client.post(address, {"answer": "decline"})
    assert empty.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    client.post(address, {"answer": "decline", "reason": "theatre", "note": "until noon"})
    invitation.refresh_from_db()
    assert (invitation.status, invitation.reason, invitation.note) == ("declined", "theatre", "until noon")
    assert "the coordinator has been told" in client.get(address).content.decode()


def test_a_link_works_with_csrf_checks_and_without_a_login(invitation: Invitation) -> None:
    strict = Client(enforce_csrf_checks=True)
    page = strict.get(link(invitation)).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token is not None
    refused = Client(enforce_csrf_checks=True).post(link(invitation), {"answer": "accept"})
    assert refused.status_code == HTTPStatus.FORBIDDEN
    done = strict.post(link(invitation), {"answer": "accept", "csrfmiddlewaretoken": token[1]})
    assert done.status_code == HTTPStatus.FOUND


def test_a_dead_link_says_what_to_do(client: Client, invitation: Invitation) -> None:
    address = link(invitation)
    Attendance.objects.update(end=invitation.attendance.end + timedelta(minutes=5))
    invitation.attendance.refresh_from_db()
    assert invitations.ask_again(invitation, roles=[], by=None)
    for dead in (address, "/answer/nonsense/"):
        answer = client.get(dead)
        assert answer.status_code == HTTPStatus.CONFLICT
        assert reverse("my_seats") in answer.content.decode()


def test_a_link_dies_with_the_session(client: Client, invitation: Invitation) -> None:
    now = timezone.now()
    Session.objects.update(start=now - timedelta(hours=1), end=now + timedelta(hours=1))
    assert client.post(link(invitation), {"answer": "accept"}).status_code == HTTPStatus.CONFLICT


def test_the_link_speaks_the_experts_language_until_told_otherwise(
    client: Client, invitation: Invitation, expert: Expert
) -> None:
    assert expert.user is not None
    expert.user.language = "zh-hans"
    expert.user.save()
    assert '<html lang="zh-Hans"' in client.get(link(invitation)).content.decode()
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    assert '<html lang="en"' in client.get(link(invitation)).content.decode()


# Signed in ------------------------------------------------------------------------------------------------------------


def test_my_seats_ask_first_and_then_tell(client: Client, invitation: Invitation, expert: Expert) -> None:
    assert expert.user is not None
    client.force_login(expert.user)
    assert [part.invitation for part in client.get(reverse("my_seats")).context["asked"]] == [invitation]
    client.post(reverse("invitation", args=[invitation.public_id]), {"answer": "accept"})
    context = client.get(reverse("my_seats")).context
    assert context["asked"] == []
    assert [part.invitation for day in context["days"] for part in day.parts] == [invitation]


def test_i_decline_what_i_had_accepted(client: Client, invitation: Invitation, expert: Expert) -> None:
    assert expert.user is not None
    client.force_login(expert.user)
    invitations.accept(invitation, by=expert.user)
    address = reverse("invitation", args=[invitation.public_id])
    answer = client.post(address, {"answer": "decline", "reason": "clash"}, follow=True)
    assert "Thank you for your answer." in answer.content.decode()
    invitation.refresh_from_db()
    assert invitation.status == InvitationStatus.DECLINED


def test_others_do_not_answer_for_me(client: Client, invitation: Invitation) -> None:
    hospital = invitation.attendance.session.institution  # type: ignore[union-attr]
    address = reverse("invitation", args=[invitation.public_id])
    client.force_login(factories.user(Role.EXPERT, at=hospital))
    assert client.post(address, {"answer": "accept"}).status_code == HTTPStatus.NOT_FOUND
    client.force_login(factories.user(Role.MANAGER, at=hospital))
    assert client.post(address, {"answer": "accept"}).status_code == HTTPStatus.FORBIDDEN


def test_my_seats_are_for_experts(client: Client) -> None:
    client.force_login(factories.user(Role.COORDINATOR))
    assert client.get(reverse("my_seats")).status_code == HTTPStatus.FORBIDDEN
    client.logout()
    assert client.get(reverse("my_seats")).status_code == HTTPStatus.FOUND


def test_many_seats_cost_no_more_queries(
    client: Client, invitation: Invitation, expert: Expert, django_assert_max_num_queries
) -> None:
    assert expert.user is not None
    client.force_login(expert.user)
    with django_assert_max_num_queries(25) as one:
        client.get(reverse("my_seats"))
    hospital = expert.affiliations.get().institution
    for n in range(1, 9):
        start = factories.moment(factories.monday(1 + n), "14:00", hospital)
        factories.session(factories.team(f"g{n}", at=hospital), start=start, experts=[expert])
    with django_assert_max_num_queries(len(one)):
        assert len(client.get(reverse("my_seats")).context["asked"]) == 9


def test_a_chair_finds_the_meeting_that_is_going_on_at_once(client: Client) -> None:
    """Also without a seat of their own: the start page leads to the session and to its record."""
    hospital = factories.institution()
    chair = factories.expert("RESP", at=hospital, user=factories.user(Role.EXPERT, at=hospital, language="en"))
    team = factories.team(at=hospital, chair=chair)
    now = timezone.now()
    running = factories.session(team, start=now - timedelta(minutes=10), minutes=30)
    coming = factories.session(team, start=now + timedelta(days=2))
    factories.session(factories.team("other", at=hospital), start=now - timedelta(minutes=10))
    client.force_login(chair.user)
    answer = client.get(reverse("today"), follow=True)
    led = answer.context["led"]
    assert [(one.session, one.begun, one.recordable) for one in led] == [(running, True, True), (coming, False, False)]
    page = answer.content.decode()
    assert reverse("session_record", args=[running.public_id]) in page
    assert "No appointment" not in page
    assert f'href="{reverse("sessions")}"' in page
    assert {row.session for row in client.get(reverse("sessions")).context["rows"]} == {running, coming}


def test_who_neither_plans_nor_sits_has_no_sessions_in_the_menu(client: Client) -> None:
    client.force_login(factories.user(Role.REFERRER))
    assert f'href="{reverse("sessions")}"' not in client.get(reverse("today")).content.decode()
