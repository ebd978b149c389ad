"""A promised time: held for some minutes, then booked or free again; never held by two."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from cases.models import Case
from experts.models import Leave, Role
from mdt_portal.errors import Conflict, DomainError, RuleError, StaleState
from mdt_portal.models import OutboxMessage
from scheduling import locks
from scheduling.models import Attendance, Hold, Invitation, PublishedPlan, RoomBooking, Session
from scheduling.problem import snapshot
from scheduling.problem.core.horizon import Horizon
from scheduling.publishing import earliest_slots, holds, publication
from scheduling.states import HoldStatus
from tests import factories
from tests.scheduling import worlds
from tests.scheduling.publishing.test_earliest_slots import publish, seated
from tests.scheduling.worlds import World

pytestmark = pytest.mark.django_db


def first(case: Case) -> earliest_slots.Slot:
    return earliest_slots.earliest_slots(case, 1)[0]


def held(world: World, number: int = 0) -> Hold:
    return holds.hold(world.cases[number], first(world.cases[number]).key, by=world.coordinator)


def test_a_hold_owns_people_and_room_for_the_hospitals_minutes() -> None:
    world = worlds.small(1)
    world.hospital.hold_min = 7
    world.hospital.save()
    slot = first(world.cases[0])
    before = timezone.now()
    hold = holds.hold(world.cases[0], slot.key, by=world.coordinator)
    assert timedelta(minutes=7) <= hold.expires_at - before < timedelta(minutes=8)
    assert (hold.start, hold.end, hold.room, hold.session) == (slot.start, slot.end, slot.room, None)
    people = {row.expert: (row.start, row.end) for row in hold.attendances.all()}
    assert people == {one.expert: (slot.start, slot.end) for one in slot.attendees}
    assert (hold.booking.start, hold.booking.end) == (slot.start, slot.end + timedelta(minutes=15))
    assert holds.of(world.cases[0]) == hold


def test_a_held_time_is_offered_to_nobody_else_and_is_free_again_afterwards() -> None:
    world = worlds.small(2)
    slot, rival = first(world.cases[0]), first(world.cases[1])
    assert slot.start == rival.start
    hold = holds.hold(world.cases[0], slot.key, by=world.coordinator)
    assert first(world.cases[1]).start >= slot.end
    with pytest.raises(earliest_slots.SlotTaken, match="taken a moment ago"):
        holds.hold(world.cases[1], rival.key, by=world.coordinator)
    holds.release(hold, by=world.coordinator)
    assert first(world.cases[1]).start == rival.start
    holds.hold(world.cases[1], rival.key, by=world.coordinator)


def test_the_team_alone_is_enough_to_clash() -> None:
    world = worlds.small(2)
    for key in ("RADIOL", "PATH", "THORSURG"):
        factories.expert(key, at=world.hospital)
    slot = first(world.cases[0])
    holds.hold(world.cases[0], slot.key, by=world.coordinator)
    assert first(world.cases[1]).start >= slot.end  # though a second room and other people are free
    row = Hold.objects.get()
    with pytest.raises(IntegrityError):
        also_held(row, world.cases[1])


@transaction.atomic
def also_held(row: Hold, case: Case) -> None:
    Hold.objects.create(case=case, team=row.team, start=row.start, end=row.end, expires_at=row.expires_at)
    locks.check_constraints_now()


def test_joining_takes_only_what_is_added() -> None:
    world = worlds.small(2)
    publish(world, world.meeting(1, "08:00", [seated(world, 0, 2, 4)]))
    session = Session.objects.get()
    slot = next(one for one in earliest_slots.earliest_slots(world.cases[1], 100) if one.session)
    hold = holds.hold(world.cases[1], slot.key, by=world.coordinator)
    assert hold.session == session
    assert {(row.start, row.end) for row in hold.attendances.all()} == {(session.end, slot.end)}
    changeover = timedelta(minutes=15)
    assert (hold.booking.start, hold.booking.end) == (session.end + changeover, slot.end + changeover)
    assert RoomBooking.objects.get(session=session).end == hold.booking.start


def test_booking_a_new_session() -> None:
    world = worlds.small(1)
    hold = held(world)
    version = PublishedPlan.objects.filter(institution=world.hospital).values_list("version", flat=True).first() or 0
    case = holds.confirm(hold, by=world.coordinator)
    session = Session.objects.get()
    assert (case.status, session.status) == ("planned", "published")
    assert (session.start, session.end, session.room) == (hold.start, hold.end, hold.room)
    item = session.items.get()
    assert {seat.place: seat.attendance.expert_id for seat in item.seats.all()} == {
        int(place): expert for place, expert in hold.people.items()
    }
    assert Invitation.objects.filter(attendance__session=session, status="pending").count() == 3
    kinds = OutboxMessage.objects.values_list("kind", flat=True)
    assert sorted(kind for kind in kinds if kind.startswith("notification")) == [
        *["notification.expert"] * 3,
        "notification.referrer",
    ]
    hold.refresh_from_db()
    assert hold.status == HoldStatus.BOOKED
    assert not hold.attendances.filter(active=True).exists()
    assert PublishedPlan.objects.get(institution=world.hospital).version == version + 1


def test_booking_joins_the_session_and_asks_those_again_who_stay_longer() -> None:
    world = worlds.small(2)
    publish(world, world.meeting(1, "08:00", [seated(world, 0, 2, 4)]))
    session = Session.objects.get()
    slot = next(one for one in earliest_slots.earliest_slots(world.cases[1], 100) if one.session)
    holds.confirm(holds.hold(world.cases[1], slot.key, by=world.coordinator), by=world.coordinator)
    session.refresh_from_db()
    assert session.end == slot.end
    assert [item.case for item in session.items.order_by("start")] == world.cases
    rows = Attendance.objects.active().filter(session=session)
    assert {(row.expert, row.end) for row in rows} == {(one.expert, slot.end) for one in slot.attendees}
    assert all(row.sequence == 1 for row in rows)


def test_what_is_over_cannot_be_booked_and_frees_its_time() -> None:
    world = worlds.small(1)
    hold = held(world)
    Hold.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    hold.refresh_from_db()
    assert holds.of(world.cases[0]) is None
    with pytest.raises(holds.HoldOver):
        holds.confirm(hold, by=world.coordinator)
    assert holds.expire() == 1
    assert not Attendance.objects.active().exists()
    assert not RoomBooking.objects.filter(active=True).exists()
    assert held(world).start == hold.start


def test_the_same_person_changes_their_mind_and_another_may_not_interfere() -> None:
    world = worlds.small(1)
    slots = earliest_slots.earliest_slots(world.cases[0], 2)
    holds.hold(world.cases[0], slots[0].key, by=world.coordinator)
    colleague = factories.user(Role.COORDINATOR, at=world.hospital)
    with pytest.raises(Conflict, match=str(world.coordinator)):
        holds.hold(world.cases[0], slots[1].key, by=colleague)
    second = holds.hold(world.cases[0], slots[1].key, by=world.coordinator)
    assert holds.of(world.cases[0]) == second
    assert list(Hold.objects.order_by("pk").values_list("status", flat=True)) == ["released", "held"]


def test_what_breaks_a_rule_by_now_is_not_booked_and_stays_held() -> None:
    world = worlds.small(1)
    hold = held(world)
    day = hold.start.astimezone(world.hospital.tz).date()
    Leave.objects.create(expert_id=next(iter(hold.people.values())), first_day=day, last_day=day)
    with pytest.raises(earliest_slots.SlotTaken):
        holds.confirm(hold, by=world.coordinator)
    hold.refresh_from_db()
    assert (hold.status, Session.objects.count()) == ("held", 0)


def test_a_case_that_does_not_wait_or_lacks_materials_is_refused() -> None:
    world = worlds.small(1)
    lacking = factories.case_waiting(team=world.team, seats=[("RADIOL", 3)], missing=["imaging"])
    with pytest.raises(RuleError, match="Materials"):
        holds.hold(lacking, first(lacking).key, by=world.coordinator)
    key = first(world.cases[0]).key
    Case.objects.filter(pk=world.cases[0].pk).update(status="withdrawn")
    with pytest.raises(StaleState):
        holds.hold(world.cases[0], key, by=world.coordinator)
    assert not Hold.objects.exists()


def test_a_plan_leaves_a_held_case_alone_and_the_session_where_it_is() -> None:
    world = worlds.small(2)
    publish(world, world.meeting(3, "08:00", [seated(world, 0, 2, 4)]))
    slot = next(one for one in earliest_slots.earliest_slots(world.cases[1], 400) if one.session)
    run = world.request()
    assert [session.id for session in snapshot.take(run).problem.previous] == [slot.session.pk]  # type: ignore[union-attr]
    holds.hold(world.cases[1], slot.key, by=world.coordinator)
    seen = snapshot.take(run)
    assert [session.id for session in seen.problem.fixed] == [slot.session.pk]  # type: ignore[union-attr]
    assert world.cases[1].pk not in seen.problem.case_of
    minute = Horizon.around(factories.monday(), 7, world.hospital.tz).minute(slot.start)
    assert not any(a <= minute < b for a, b in seen.problem.team_of[world.team.pk].windows)


def test_publishing_elsewhere_does_not_take_a_held_time() -> None:
    world = worlds.small(2)
    hold = held(world)
    day = (hold.start.astimezone(world.hospital.tz).date() - factories.monday()).days
    at = f"{hold.start.astimezone(world.hospital.tz):%H:%M}"
    rival = world.meeting(day, at, [seated(world, 0, 2, 4), seated(world, 0, 2, 4)])
    with pytest.raises(DomainError):
        publication.publish(world.offer(world.cut(rival, 1)), by=world.coordinator)


def test_refusals_speak_the_readers_language() -> None:
    world = worlds.small(2)
    slot, rival = first(world.cases[0]), first(world.cases[1])
    holds.hold(world.cases[0], slot.key, by=world.coordinator)
    with translation.override("zh-hans"), pytest.raises(earliest_slots.SlotTaken, match="刚刚"):
        holds.hold(world.cases[1], rival.key, by=world.coordinator)
