"""Putting a deputy on open seats."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from experts.models import Affiliation
from mdt_portal.errors import StaleState
from scheduling.models import Attendance, Seat
from scheduling.publishing import publication
from scheduling.sessions import invitations, session_services, substitutes
from tests import factories
from tests.scheduling import worlds

pytestmark = pytest.mark.django_db


def test_who_comes_already_stays_longer_and_is_asked_again() -> None:
    world = worlds.small(2)
    publication.publish(world.propose(seconds=1), by=world.coordinator)
    first, second = Seat.objects.filter(discipline__key="THORSURG").order_by("item__start")
    end = first.item.start + timedelta(minutes=first.item.minutes)
    Seat.objects.filter(pk=second.pk).update(attendance=None)
    Attendance.objects.filter(pk=first.attendance_id).update(end=end)
    invitations.accept(Attendance.objects.get(pk=first.attendance_id).invitation, by=None)

    attendance = session_services.fill_seat(Seat.objects.get(pk=second.pk), world.experts[4], by=world.coordinator)

    assert attendance.pk == first.attendance_id
    attendance.refresh_from_db()
    assert (attendance.start, attendance.end) == (first.item.start, second.item.start + timedelta(minutes=15))
    assert attendance.sequence == 1
    assert attendance.invitation.status == "pending"


def test_one_deputy_takes_all_that_a_colleague_leaves_with_one_invitation() -> None:
    world = worlds.small(3)
    publication.publish(world.propose(seconds=1), by=world.coordinator)
    lost = Seat.objects.filter(discipline__key="RADIOL").order_by("item__start").first()
    assert lost is not None and lost.attendance is not None
    session = lost.item.session
    assert session.items.filter(active=True).count() == 3
    invitations.decline(lost.attendance.invitation, by=None, reason="away")

    seats = substitutes.together(Seat.objects.get(pk=lost.pk))
    (colleague,) = substitutes.of(*seats)
    attendance = session_services.fill_seats(seats, colleague, by=world.coordinator)

    assert [seat.item.start for seat in seats] == sorted(seat.item.start for seat in seats)
    assert attendance.seats.count() == len(seats) == 3
    assert Attendance.objects.active().filter(expert=colleague).get().sequence == 0
    with pytest.raises(StaleState):
        session_services.fill_seats(seats, colleague, by=world.coordinator)


def test_who_does_not_work_here_any_more_is_invited_by_video() -> None:
    world = worlds.small(1)
    world.hospital.alliance = factories.alliance()
    world.hospital.save()
    deputy = factories.expert("RADIOL", at=factories.institution(alliance=world.hospital.alliance), remote=True)
    Affiliation.objects.create(
        expert=deputy, institution=world.hospital, title=factories.title(3), home=False, until=factories.monday(-4)
    )
    publication.publish(world.propose(seconds=1), by=world.coordinator)
    lost = Attendance.objects.get(seats__discipline__key="RADIOL")
    invitations.decline(lost.invitation, by=None, reason="away")
    world.experts[1 if lost.expert == world.experts[0] else 0].delete()

    attendance = session_services.fill_seat(Seat.objects.get(attendance=None), deputy, by=world.coordinator)

    assert attendance.mode == "remote"


def test_the_page_asks_for_one_deputy_not_for_one_per_case(client: Client) -> None:
    world = worlds.small(3)
    publication.publish(world.propose(seconds=1), by=world.coordinator)
    lost = Attendance.objects.filter(seats__discipline__key="RADIOL").first()
    assert lost is not None
    session = lost.session
    assert session is not None
    invitations.decline(lost.invitation, by=None, reason="away")
    client.force_login(world.coordinator)

    page = client.get(reverse("session", args=[session.public_id])).content.decode()
    (path,) = set(re.findall(r'href="(/sessions/[^"]+/seats/[^"]+)"', page))
    assert "for cases 1–3" in page
    (colleague,) = [one for one in world.experts[:2] if one.pk != lost.expert_id]
    page = client.get(path).content.decode()
    assert f"that week 0 of at most {colleague.max_sessions_week} sessions" in page
    answer = client.post(path, {"expert": colleague.public_id, "cases": "all"})

    assert answer.status_code == 302
    assert Seat.objects.filter(item__session=session, item__active=True, attendance=None).count() == 0
