"""Kept mails: who reads which, links that work here and nowhere else; and what the mails say."""

import re
from datetime import timedelta
from http import HTTPStatus

import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone, translation

from experts.models import Role
from mdt_portal.models import KeptMail, OutboxMessage
from scheduling.models import Attendance, Invitation, Session
from scheduling.sessions import invitations, notifications
from scheduling.web.mails import linked
from tests import factories

pytestmark = pytest.mark.django_db


def kept(to: str = "a@example.org", **fields: object) -> KeptMail:
    return KeptMail.objects.create(**{"to": to, "subject": "Please answer", "body": "Dear A"} | fields)


def shown(client: Client, **query: object) -> list[KeptMail]:
    return [row.mail for row in client.get(reverse("mails"), query).context["rows"]]


def test_coordinators_read_all_and_others_their_own(client: Client) -> None:
    person = factories.user(Role.EXPERT, email="me@example.org")
    expert = factories.expert(user=person, email="work@example.org")
    own = [kept("me@example.org"), kept("work@example.org"), kept("x@example.org", user=person)]
    others = kept("b@example.org")
    client.force_login(person)
    assert shown(client) == own[::-1]
    assert shown(client, q=str(expert)) == [own[1]]
    client.force_login(factories.user(Role.MANAGER))
    assert shown(client) == []
    client.force_login(factories.user(Role.COORDINATOR))
    assert shown(client) == [others, *own[::-1]]


def test_where_mails_are_sent_there_is_no_such_page(client: Client) -> None:
    client.force_login(factories.user(Role.COORDINATOR))
    assert client.get(reverse("mails")).status_code == HTTPStatus.OK
    with override_settings(LOCAL=False):
        assert client.get(reverse("mails")).status_code == HTTPStatus.NOT_FOUND
        client.logout()
        assert client.get(reverse("mails")).status_code == HTTPStatus.NOT_FOUND


def test_mails_are_found_by_person(client: Client) -> None:
    wanted = kept("li@example.org", user=factories.user(name_en="Li Lei", name_zh="李雷"))
    kept("b@example.org")
    client.force_login(factories.user(Role.COORDINATOR))
    assert shown(client, q="李雷") == shown(client, q="li lei") == shown(client, q="li@") == [wanted]


def test_many_mails_cost_no_more_queries(client: Client, django_assert_max_num_queries) -> None:
    client.force_login(factories.user(Role.COORDINATOR))
    kept(user=factories.user())
    with django_assert_max_num_queries(25) as one:
        shown(client)
    for n in range(30):
        kept(f"n{n}@example.org", user=factories.user())
    with django_assert_max_num_queries(len(one)):
        assert len(shown(client)) == 20


def test_only_links_into_the_portal_can_be_followed() -> None:
    own = f"{settings.MDT_PUBLIC_URL}/answer/x/"
    assert linked(f"see {own} now") == f'see <a href="/answer/x/">{own}</a> now'
    assert linked("/sessions/1/") == '<a href="/sessions/1/">/sessions/1/</a>'
    for foreign in ("https://evil.example/", "//evil.example/x", "/\\evil.example", f"{settings.MDT_PUBLIC_URL}.evil/"):
        assert "<a" not in linked(foreign)
    assert linked("<b>&") == "&lt;b&gt;&amp;"
    assert (
        linked(f'{own}"><script>') == f'<a href="/answer/x/&quot;&gt;&lt;script&gt;">{own}&quot;&gt;&lt;script&gt;</a>'
    )


# What the mails say ---------------------------------------------------------------------------------------------------


def meeting() -> Session:
    hospital = factories.institution()
    team = factories.team(at=hospital)
    expert = factories.expert(at=hospital, user=factories.user(language="en"))
    return factories.session(team, experts=[expert], cases=[factories.case_waiting(team=team)])


def test_an_invitation_asks_for_an_answer_with_its_link() -> None:
    session = meeting()
    attendance = session.attendances.get()
    notifications.mail_expert(attendance.expert_id, invited=[attendance.pk], changed=[], released=[])
    mail = KeptMail.objects.get()
    assert mail.subject == "Please answer: can you take 1 MDT seat?"
    assert settings.MDT_PUBLIC_URL + invitations.link(attendance.invitation) in mail.body
    assert "14:00–15:00 (UTC+8)" in mail.body
    assert not re.search(r"\n{3,}", mail.body)
    case = session.items.get().case
    assert case.number not in mail.body
    assert case.patient.identity.name not in mail.body


def test_who_is_free_again_gets_no_link() -> None:
    attendance = meeting().attendances.get()
    Attendance.objects.filter(pk=attendance.pk).update(active=False)
    notifications.mail_expert(attendance.expert_id, invited=[], changed=[], released=[attendance.pk])
    mail = KeptMail.objects.get()
    assert "free again" in mail.subject
    assert "/answer/" not in mail.body


def test_an_answered_invitation_is_not_mailed_any_more() -> None:
    attendance = meeting().attendances.get()
    invitations.accept(attendance.invitation, by=None)
    notifications.mail_expert(attendance.expert_id, invited=[attendance.pk], changed=[], released=[])
    notifications.mail_reminder(attendance.invitation.pk)
    assert not KeptMail.objects.exists()


def test_a_reminder_repeats_the_link() -> None:
    invitation = meeting().attendances.get().invitation
    notifications.mail_reminder(invitation.pk)
    mail = KeptMail.objects.get()
    assert mail.subject.startswith("Reminder: please answer")
    assert invitations.link(invitation) in mail.body


@pytest.mark.parametrize(("hours_ago", "reminded"), [(11, 0), (13, 1), (25, 0)])
def test_a_reminder_comes_once_when_half_the_time_is_over(hours_ago: int, reminded: int) -> None:
    invitation = meeting().attendances.get().invitation
    sent_at = timezone.now() - timedelta(hours=hours_ago)
    Invitation.objects.update(sent_at=sent_at, answer_by=sent_at + timedelta(hours=24))
    assert invitations.remind() == reminded
    assert invitations.remind() == 0
    assert (
        OutboxMessage.objects.filter(kind="notification.reminder", payload={"invitation": invitation.pk}).count()
        == reminded
    )


def test_a_no_asks_the_coordinator_for_a_deputy() -> None:
    session = meeting()
    coordinator = factories.user(Role.COORDINATOR, at=session.institution, email="desk@example.org", language="en")
    invitation = Invitation.objects.get()
    invitations.decline(invitation, by=None, reason="theatre", note="until noon")
    notifications.mail_declined(invitation.pk, coordinator.pk)
    mail = KeptMail.objects.get(user=coordinator)
    assert mail.subject.startswith("Please find a deputy:")
    assert "In theatre or with patients" in mail.body
    assert "until noon" in mail.body
    assert settings.MDT_PUBLIC_URL + reverse("session", args=[session.public_id]) in mail.body


def test_mails_follow_the_readers_language() -> None:
    session = meeting()
    attendance = session.attendances.get()
    user = attendance.expert.user
    assert user is not None
    user.language = "zh-hans"
    user.save()
    notifications.mail_expert(attendance.expert_id, invited=[attendance.pk], changed=[], released=[])
    with translation.override("zh-hans"):
        assert str(session.team) == session.team.name_zh
    assert session.team.name_zh in KeptMail.objects.get().body
