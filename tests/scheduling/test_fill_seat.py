"""Putting somebody on an open seat who comes to the session already."""

from datetime import timedelta

import pytest

from scheduling import commit, invitations, sessions
from scheduling.models import Attendance, Seat
from tests.scheduling import world

pytestmark = pytest.mark.django_db(transaction=True)


def test_who_comes_already_stays_longer_and_is_asked_again() -> None:
    w = world.small(2)
    commit.publish(w.propose(seconds=1), by=w.coordinator)
    first, second = Seat.objects.filter(discipline__key="THORSURG").order_by("item__start")
    end = first.item.start + timedelta(minutes=first.item.minutes)
    Seat.objects.filter(pk=second.pk).update(attendance=None)
    Attendance.objects.filter(pk=first.attendance_id).update(end=end)
    invitations.accept(Attendance.objects.get(pk=first.attendance_id).invitation, by=None)

    attendance = sessions.fill_seat(Seat.objects.get(pk=second.pk), w.experts[4], by=w.coordinator)

    assert attendance.pk == first.attendance_id
    attendance.refresh_from_db()
    assert (attendance.start, attendance.end) == (first.item.start, second.item.start + timedelta(minutes=15))
    assert attendance.sequence == 1
    assert attendance.invitation.status == "pending"
