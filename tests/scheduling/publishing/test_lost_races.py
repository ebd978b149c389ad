"""What somebody decided on a page that is out of date, or at the very moment at which somebody else decided."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from cases.services import workflow
from experts.models import Expert
from mdt_portal.errors import Conflict, StalePlan, StaleState
from scheduling import locks
from scheduling.models import AgendaItem, Seat, Session
from scheduling.publishing import publication
from scheduling.sessions import invitations, session_services
from tests.scheduling import worlds

pytestmark = pytest.mark.django_db(transaction=True)

TUESDAY, THURSDAY = 1, 3


def seats(world: worlds.World, radiologist: int = 0) -> dict[int, Expert]:
    return {1: world.experts[radiologist], 2: world.experts[2], 3: world.experts[4]}


def publish(world: worlds.World, *planned) -> None:
    publication.publish(world.offer(*planned), by=world.coordinator)


class Rival(threading.Thread):
    """Another request with a connection of its own; `error` is what it was answered."""

    def __init__(self, action: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self.action, self.error = action, None

    def run(self) -> None:
        try:
            self.action()
        except Exception as error:  # noqa: BLE001  # whatever it is, the test looks at it
            self.error = error
        finally:
            connection.close()


@contextmanager
def while_waiting(action: Callable[[], object]) -> Iterator[Rival]:
    """Start a rival, go on as soon as it waits for a lock of this transaction, and let it end after the commit."""
    rival = Rival(action)
    with transaction.atomic():
        yield rival
        # whatever was locked or written above stays so until the rival has come to it
    rival.join(timeout=30)
    assert not rival.is_alive()


def wait_for(rival: Rival) -> None:
    rival.start()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and rival.is_alive():
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)


def test_a_plan_with_a_case_that_is_withdrawn_at_the_same_moment_is_refused() -> None:
    world = worlds.small(1)
    offer = world.offer(world.meeting(TUESDAY, "09:00", [seats(world)]))
    with while_waiting(lambda: publication.publish(offer, by=world.coordinator)) as rival:
        workflow.withdraw(world.cases[0], by=None, reason="moved away")
        wait_for(rival)
    assert isinstance(rival.error, StalePlan)
    assert not AgendaItem.objects.exists()


def test_who_withdraws_a_case_that_is_just_moved_to_another_session_is_told_to_look_again() -> None:
    world = worlds.small(3)
    early = world.meeting(TUESDAY, "09:00", [seats(world)] * 2)
    late = world.meeting(THURSDAY, "09:00", [seats(world)] * 3, number=2)
    publish(world, early, world.cut(late, 2))
    with while_waiting(
        lambda: session_services.withdraw(world.cases[1], by=world.coordinator, reason="moved away")
    ) as rival:
        locks.take(plans=[world.hospital.pk])
        wait_for(rival)
        publish(world, world.cut(early, 0), world.cut(late, 1, 2))
    assert isinstance(rival.error, StaleState)
    item = AgendaItem.objects.select_related("session", "case").get(case=world.cases[1], active=True)
    assert item.case.status == "planned"
    assert item.session.start.astimezone(world.hospital.tz).weekday() == THURSDAY


def test_a_seat_of_a_case_that_has_moved_cannot_be_filled() -> None:
    world = worlds.small(3)
    early = world.meeting(TUESDAY, "09:00", [seats(world)] * 2)
    late = world.meeting(THURSDAY, "09:00", [seats(world)] * 3, number=2)
    publish(world, early, world.cut(late, 2))
    seat = Seat.objects.get(item__case=world.cases[1], place=1)
    publish(world, world.cut(early, 0), world.cut(late, 1, 2))
    with pytest.raises(StaleState):
        session_services.fill_seat(seat, world.experts[1], by=world.coordinator)


def test_a_seat_that_was_written_anew_cannot_be_filled() -> None:
    world = worlds.small(1)
    publish(world, world.meeting(TUESDAY, "09:00", [seats(world)]))
    seat = Seat.objects.get(place=1)
    publish(world, world.meeting(TUESDAY, "15:00", [seats(world)]))
    with pytest.raises(StaleState):
        session_services.fill_seat(seat, world.experts[1], by=world.coordinator)


def test_a_session_that_was_confirmed_meanwhile_is_called_off_all_the_same() -> None:
    world = worlds.small(1)
    publish(world, world.meeting(TUESDAY, "09:00", [seats(world)]))
    seen = Session.objects.get()
    for row in seen.attendances.all():
        invitations.accept(row.invitation, by=None)
    session_services.cancel(seen, by=world.coordinator, reason="chair ill")
    assert Session.objects.get().status == "cancelled"
    with pytest.raises(Conflict, match="09:00 is “Cancelled”"):  # by the hospital's clock
        session_services.cancel(seen, by=world.coordinator, reason="chair ill")


def test_an_answer_waits_for_the_plan_that_is_being_published() -> None:
    world = worlds.small(1)
    publish(world, world.meeting(TUESDAY, "09:00", [seats(world)]))
    invitation = Session.objects.get().attendances.get(expert=world.experts[0]).invitation
    with while_waiting(lambda: invitations.accept(invitation, by=None)) as rival:
        publish(world, world.meeting(TUESDAY, "09:00", [seats(world, radiologist=1)]))
        wait_for(rival)
    assert isinstance(rival.error, Conflict)
    invitation.refresh_from_db()
    assert invitation.status == "replaced"
