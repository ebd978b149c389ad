"""Exactly who is told what when the published plan changes."""

from __future__ import annotations

import pytest

from experts.models import Expert, Qualification
from mdt_portal import outbox
from mdt_portal.models import KeptMail
from scheduling.models import Attendance, Seat, Session
from scheduling.publishing import publication
from scheduling.sessions import invitations, session_services
from scheduling.solver.core.plan import PlannedSession
from tests import factories
from tests.scheduling import worlds

pytestmark = pytest.mark.django_db

TUESDAY, THURSDAY = 1, 3


def mails() -> dict[str, str]:
    """The mails since the last time, by address; nobody gets two for one cause."""
    outbox.deliver()
    found = {mail.to: mail.body for mail in KeptMail.objects.all()}
    assert len(found) == KeptMail.objects.count()
    KeptMail.objects.all().delete()
    return found


def of(*experts: Expert) -> set[str]:
    return {expert.email for expert in experts}


@pytest.fixture
def world() -> worlds.World:
    return english(1)


def english(cases: int) -> worlds.World:
    found = worlds.small(cases)
    found.hospital.zone = "Europe/London"  # where mails are written in English
    found.hospital.save()
    return found


def seats(world: worlds.World, radiologist: int = 0, pathologist: int = 2) -> dict[int, Expert]:
    return {1: world.experts[radiologist], 2: world.experts[pathologist], 3: world.experts[4]}


def publish(world: worlds.World, *planned: PlannedSession, accepted: bool = False) -> dict[str, str]:
    publication.publish(world.offer(*planned), by=world.coordinator)
    notified = mails()
    if accepted:  # by all but the surgeon: what is confirmed would stay
        for row in Attendance.objects.active().exclude(expert__qualifications__discipline__key="THORSURG"):
            invitations.accept(row.invitation, by=None)
    return notified


def answers() -> dict[Expert, str]:
    return {row.expert: row.invitation.status for row in Attendance.objects.active()}


def test_a_moved_session_tells_all_who_come_with_the_new_time_and_asks_again(world: worlds.World) -> None:
    publish(world, world.meeting(TUESDAY, "09:00", [seats(world)]), accepted=True)
    notified = publish(world, world.meeting(TUESDAY, "15:00", [seats(world)]))
    assert set(notified) == of(*seats(world).values())
    assert all("has changed" in body and "15:00–15:15" in body and "09:00" not in body for body in notified.values())
    assert set(answers().values()) == {"pending"}
    assert Session.objects.get().status == "published"


def test_who_leaves_a_session_that_moves_is_free_at_the_time_that_they_knew(world: worlds.World) -> None:
    publish(world, world.meeting(TUESDAY, "09:00", [seats(world)]))
    notified = publish(world, world.meeting(THURSDAY, "15:00", [seats(world, radiologist=1)]))
    left = notified[world.experts[0].email]
    assert "free again" in left and "09:00–09:15" in left and "15:00" not in left
    assert "offered to you" in notified[world.experts[1].email]
    assert set(notified) == of(*world.experts[:3], world.experts[4])


def test_only_those_who_change_hear_of_a_changed_person(world: worlds.World) -> None:
    publish(world, world.meeting(TUESDAY, "09:00", [seats(world)]), accepted=True)
    notified = publish(world, world.meeting(TUESDAY, "09:00", [seats(world, radiologist=1)]))
    assert set(notified) == of(*world.experts[:2])
    assert answers() == {world.experts[1]: "pending", world.experts[2]: "accepted", world.experts[4]: "pending"}


def test_two_who_change_their_roles_are_written_asked_again_and_told(world: worlds.World) -> None:
    for expert, key in ((world.experts[0], "PATH"), (world.experts[2], "RADIOL")):
        Qualification.objects.create(expert=expert, discipline=factories.discipline(key))
    publish(world, world.meeting(TUESDAY, "09:00", [seats(world)]), accepted=True)
    notified = publish(world, world.meeting(TUESDAY, "09:00", [seats(world, radiologist=2, pathologist=0)]))
    held = {seat.discipline.key: seat.attendance.expert for seat in Seat.objects.all() if seat.attendance}
    assert held == {"RADIOL": world.experts[2], "PATH": world.experts[0], "THORSURG": world.experts[4]}
    assert answers() == {world.experts[0]: "pending", world.experts[2]: "pending", world.experts[4]: "pending"}
    assert set(notified) == of(world.experts[0], world.experts[2])


def test_another_room_is_told_to_those_who_come_to_it_only(world: worlds.World) -> None:
    partner = factories.institution(alliance=factories.alliance())
    world.hospital.alliance = partner.alliance
    world.hospital.save()
    remote = factories.expert("RADIOL", at=partner, remote=True)
    world.experts[1].delete()
    people = seats(world) | {1: remote}
    publish(world, world.meeting(TUESDAY, "09:00", [people]), accepted=True)
    notified = publish(world, world.meeting(TUESDAY, "09:00", [people], room=1))
    assert set(notified) == of(world.experts[2], world.experts[4])
    assert answers()[remote] == "accepted"


def test_a_cancelled_session_tells_each_once_and_a_withdrawn_case_only_its_own_people() -> None:
    world = english(2)
    publish(world, world.meeting(TUESDAY, "09:00", [seats(world), seats(world, radiologist=1)]))
    session_services.withdraw(world.cases[1], by=world.coordinator, reason="moved away")
    assert set(mails()) == of(world.experts[1])
    session_services.cancel(Session.objects.get(), by=world.coordinator, reason="chair ill")
    assert set(mails()) == of(*seats(world).values())


def test_who_came_back_before_the_mail_was_written_hears_nothing(world: worlds.World) -> None:
    publish(world, world.meeting(TUESDAY, "09:00", [seats(world)]))
    publication.publish(
        world.offer(world.meeting(TUESDAY, "09:00", [seats(world, radiologist=1)])), by=world.coordinator
    )
    publication.publish(world.offer(world.meeting(TUESDAY, "09:00", [seats(world)])), by=world.coordinator)
    assert mails_of(world.experts[0]) == []


def mails_of(expert: Expert) -> list[str]:
    outbox.deliver()
    return list(KeptMail.objects.filter(to=expert.email).values_list("body", flat=True))
