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
from tests.scheduling import world

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
def w() -> world.World:
    return english(1)


def english(cases: int) -> world.World:
    found = world.small(cases)
    found.hospital.zone = "Europe/London"  # where mails are written in English
    found.hospital.save()
    return found


def seats(w: world.World, radiologist: int = 0, pathologist: int = 2) -> dict[int, Expert]:
    return {1: w.experts[radiologist], 2: w.experts[pathologist], 3: w.experts[4]}


def publish(w: world.World, *planned: PlannedSession, accepted: bool = False) -> dict[str, str]:
    publication.publish(w.offer(*planned), by=w.coordinator)
    told = mails()
    if accepted:  # by all but the surgeon: what is confirmed would stay
        for row in Attendance.objects.active().exclude(expert__qualifications__discipline__key="THORSURG"):
            invitations.accept(row.invitation, by=None)
    return told


def answers() -> dict[Expert, str]:
    return {row.expert: row.invitation.status for row in Attendance.objects.active()}


def test_a_moved_session_tells_all_who_come_with_the_new_time_and_asks_again(w: world.World) -> None:
    publish(w, w.meeting(TUESDAY, "09:00", [seats(w)]), accepted=True)
    told = publish(w, w.meeting(TUESDAY, "15:00", [seats(w)]))
    assert set(told) == of(*seats(w).values())
    assert all("has changed" in body and "15:00–15:15" in body and "09:00" not in body for body in told.values())
    assert set(answers().values()) == {"pending"}
    assert Session.objects.get().status == "published"


def test_who_leaves_a_session_that_moves_is_free_at_the_time_that_they_knew(w: world.World) -> None:
    publish(w, w.meeting(TUESDAY, "09:00", [seats(w)]))
    told = publish(w, w.meeting(THURSDAY, "15:00", [seats(w, radiologist=1)]))
    left = told[w.experts[0].email]
    assert "free again" in left and "09:00–09:15" in left and "15:00" not in left
    assert "offered to you" in told[w.experts[1].email]
    assert set(told) == of(*w.experts[:3], w.experts[4])


def test_only_those_who_change_hear_of_a_changed_person(w: world.World) -> None:
    publish(w, w.meeting(TUESDAY, "09:00", [seats(w)]), accepted=True)
    told = publish(w, w.meeting(TUESDAY, "09:00", [seats(w, radiologist=1)]))
    assert set(told) == of(*w.experts[:2])
    assert answers() == {w.experts[1]: "pending", w.experts[2]: "accepted", w.experts[4]: "pending"}


def test_two_who_change_their_roles_are_written_asked_again_and_told(w: world.World) -> None:
    for expert, key in ((w.experts[0], "PATH"), (w.experts[2], "RADIOL")):
        Qualification.objects.create(expert=expert, discipline=factories.discipline(key))
    publish(w, w.meeting(TUESDAY, "09:00", [seats(w)]), accepted=True)
    told = publish(w, w.meeting(TUESDAY, "09:00", [seats(w, radiologist=2, pathologist=0)]))
    held = {seat.discipline.key: seat.attendance.expert for seat in Seat.objects.all() if seat.attendance}
    assert held == {"RADIOL": w.experts[2], "PATH": w.experts[0], "THORSURG": w.experts[4]}
    assert answers() == {w.experts[0]: "pending", w.experts[2]: "pending", w.experts[4]: "pending"}
    assert set(told) == of(w.experts[0], w.experts[2])


def test_another_room_is_told_to_those_who_come_to_it_only(w: world.World) -> None:
    partner = factories.institution(alliance=factories.alliance())
    w.hospital.alliance = partner.alliance
    w.hospital.save()
    remote = factories.expert("RADIOL", at=partner, remote=True)
    w.experts[1].delete()
    people = seats(w) | {1: remote}
    publish(w, w.meeting(TUESDAY, "09:00", [people]), accepted=True)
    told = publish(w, w.meeting(TUESDAY, "09:00", [people], room=1))
    assert set(told) == of(w.experts[2], w.experts[4])
    assert answers()[remote] == "accepted"


def test_a_cancelled_session_tells_each_once_and_a_withdrawn_case_only_its_own_people() -> None:
    w = english(2)
    publish(w, w.meeting(TUESDAY, "09:00", [seats(w), seats(w, radiologist=1)]))
    session_services.withdraw(w.cases[1], by=w.coordinator, reason="moved away")
    assert set(mails()) == of(w.experts[1])
    session_services.cancel(Session.objects.get(), by=w.coordinator, reason="chair ill")
    assert set(mails()) == of(*seats(w).values())


def test_who_came_back_before_the_mail_was_written_is_not_told_to_stay_away(w: world.World) -> None:
    publish(w, w.meeting(TUESDAY, "09:00", [seats(w)]))
    publication.publish(w.offer(w.meeting(TUESDAY, "09:00", [seats(w, radiologist=1)])), by=w.coordinator)
    publication.publish(w.offer(w.meeting(TUESDAY, "09:00", [seats(w)])), by=w.coordinator)
    told = mails_of(w.experts[0])
    assert all("free again" not in body for body in told)
    assert sum("offered to you" in body for body in told) == 1


def mails_of(expert: Expert) -> list[str]:
    outbox.deliver()
    return list(KeptMail.objects.filter(to=expert.email).values_list("body", flat=True))
