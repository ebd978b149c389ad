"""The outbox: at least once, later and later, in the end given up and shown; many deliverers at once."""

from __future__ import annotations

import threading
from datetime import timedelta
from smtplib import SMTPRecipientsRefused

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection, transaction
from django.utils import timezone

from experts.models import Role
from mdt_portal import outbox
from mdt_portal.models import OutboxMessage, StatusEvent, User
from scheduling.sessions import invitations
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Messages of kind "test" note their number here; a negative one fails, having written something."""
    found: list[int] = []

    def handler(number: int) -> None:
        if number < 0:
            factories.user(username="half done")
            raise ValueError("no")
        found.append(number)

    monkeypatch.setitem(outbox._handlers, "test", handler)
    return found


def put(number: int, **fields) -> OutboxMessage:
    with transaction.atomic():
        return outbox.put("test", number=number, **fields)


def fresh(message: OutboxMessage) -> OutboxMessage:
    return OutboxMessage.objects.get(pk=message.pk)


def test_a_promise_needs_the_transaction_of_its_cause() -> None:
    with pytest.raises(RuntimeError):
        outbox.put("test", number=1)


def test_an_effect_falls_with_its_cause(done: list[int]) -> None:
    with transaction.atomic():
        outbox.put("test", number=1)
        transaction.set_rollback(True)
    assert outbox.deliver() == 0
    assert done == []


def test_it_is_carried_out_once_and_not_before_its_time(done: list[int]) -> None:
    put(1, not_before=timezone.now() + timedelta(hours=1))
    message = put(2)
    assert outbox.deliver() == 1
    assert outbox.deliver() == 0
    assert done == [2]
    assert fresh(message).status == "done"


def test_one_that_fails_leaves_nothing_behind_comes_back_later_and_stops_nobody(done: list[int]) -> None:
    broken = put(-1)
    put(2)
    before = timezone.now()
    assert outbox.deliver() == 2
    assert done == [2]
    row = fresh(broken)
    assert (row.status, row.attempts, row.last_error) == ("waiting", 1, "ValueError: no")
    assert before < row.not_before < before + timedelta(minutes=1)
    assert not User.objects.filter(username="half done").exists()


def test_a_mail_server_may_be_away_for_half_a_day_before_a_message_is_given_up(done: list[int]) -> None:
    message = put(-1)
    waited, longest = timedelta(), timedelta()
    while fresh(message).status == "waiting":
        outbox.deliver()
        if fresh(message).status == "waiting":
            wait = fresh(message).not_before - timezone.now()
            waited, longest = waited + wait, max(longest, wait)
            OutboxMessage.objects.filter(pk=message.pk).update(not_before=timezone.now())
    assert fresh(message).status == "dead"
    assert StatusEvent.objects.get(subject_id=message.pk, new="dead").code == "outbox.gave_up"
    assert timedelta(hours=12) < waited < timedelta(hours=36)
    assert longest <= timedelta(hours=1)


def test_an_unknown_kind_is_kept_and_said() -> None:
    with transaction.atomic():
        message = outbox.put("nobody.handles.this")
    outbox.deliver()
    assert fresh(message).last_error == "KeyError: 'nobody.handles.this'"


def test_many_deliver_at_once_and_each_message_is_carried_out_once(done: list[int]) -> None:
    for number in range(40):
        put(number)
    start = threading.Barrier(4)

    def deliver() -> None:
        start.wait()
        try:
            outbox.deliver()
        finally:
            connection.close()

    threads = [threading.Thread(target=deliver) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(done) == list(range(40))


def test_a_message_that_somebody_works_on_is_passed_over(done: list[int]) -> None:
    held, _free = put(1), put(2)
    with transaction.atomic():
        OutboxMessage.objects.select_for_update().get(pk=held.pk)
        rival = threading.Thread(target=lambda: (outbox.deliver(), connection.close()))
        rival.start()
        rival.join(timeout=10)
        assert not rival.is_alive()
        assert done == [2]


class Refusing(EmailBackend):
    """A mail server that refuses one address."""

    def send_messages(self, messages) -> int:
        if any("broken" in address for message in messages for address in message.to):
            raise SMTPRecipientsRefused({"broken@example.org": (550, b"no such user")})
        return super().send_messages(messages)


def test_one_coordinator_with_a_broken_address_costs_the_others_no_second_mail(settings) -> None:
    session = factories.session(experts=[factories.expert()])
    well = factories.user(Role.COORDINATOR, at=session.institution, email="well@example.org")
    factories.user(Role.COORDINATOR, at=session.institution, email="broken@example.org")
    invitations.decline(session.attendances.get().invitation, by=None, reason="away")
    settings.LOCAL = False
    settings.EMAIL_BACKEND = f"{__name__}.{Refusing.__name__}"
    for _ in range(4):
        outbox.deliver()
        OutboxMessage.objects.filter(status="waiting").update(not_before=timezone.now())
    assert [one.to for one in mail.outbox] == [[well.email]]


def test_a_transaction_wakes_the_deliverer_once(monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[int] = []
    monkeypatch.setattr(outbox, "_wake", lambda: woken.append(1))
    with transaction.atomic():
        for number in range(5):
            outbox.put("test", number=number)
    assert woken == [1]
