"""What the solver is told of the world: who is free, what is fixed, what counts against the caps."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from experts.availability import time_keeping
from experts.availability.core.week_pattern import WeekSpan
from experts.models import Affiliation, Expert, Institution, Travel
from scheduling.models import (
    Attendance,
    AttendanceMode,
    Hold,
    Room,
    RoomBooking,
    RoomClosure,
    Seat,
    Session,
)
from scheduling.problem import snapshot
from scheduling.problem.core.horizon import Horizon
from scheduling.publishing import publication
from scheduling.sessions import invitations, substitutes
from scheduling.solver.core import problem as pure
from tests import factories
from tests.scheduling import worlds

pytestmark = pytest.mark.django_db

TUESDAY, THURSDAY = 1, 3


def day(index: int) -> date:
    return factories.monday() + timedelta(days=index)


def read(*hospitals: Institution, days: int = 7, now: datetime | None = None) -> snapshot.Snapshot:
    horizon = Horizon.around(factories.monday(), days, hospitals[0].tz)
    return snapshot.read(hospitals, horizon, now=now, notice=timedelta(0))


def minute(hospital: Institution, index: int, clock: str) -> int:
    horizon = Horizon.around(factories.monday(), 7, hospital.tz)
    return horizon.minute(factories.moment(day(index), clock, hospital))


def is_free(seen: snapshot.Snapshot, expert: Expert, index: int, clock: str, minutes: int = 15) -> bool:
    start = seen.horizon.minute(datetime.combine(day(index), time.fromisoformat(clock), seen.horizon.zone))
    return any(a <= start and start + minutes <= b for a, b in seen.problem.expert_of[expert.pk].free)


def meets(world: worlds.World, index: int = TUESDAY, *, accepted: bool = True, clock: str = "09:00") -> Session:
    """A published session of the first case; confirmed if everybody accepted."""
    people = {1: world.experts[0], 2: world.experts[2], 3: world.experts[4]}
    publication.publish(world.offer(world.meeting(index, clock, [people])), by=world.coordinator)
    session = Session.objects.get()
    for row in session.attendances.all() if accepted else ():
        invitations.accept(row.invitation, by=None)
    session.refresh_from_db()
    assert session.status == ("confirmed" if accepted else "published")
    return session


def ids(sessions) -> list[int]:
    return [session.id for session in sessions]


# Fixed, previous, only occupying ------------------------------------------------------------------


def test_a_confirmed_session_is_fixed_and_a_published_one_may_move() -> None:
    world = worlds.small(1)
    session = meets(world, accepted=False)
    assert ids(read(world.hospital).problem.previous) == [session.pk]
    for row in session.attendances.all():
        invitations.accept(row.invitation, by=None)
    problem = read(world.hospital).problem
    assert (ids(problem.fixed), ids(problem.previous)) == ([session.pk], [])


def test_a_leave_takes_a_confirmed_session_out_of_what_is_fixed() -> None:
    world = worlds.small(1)
    session = meets(world)
    time_keeping.add_leave(world.experts[4], first_day=day(TUESDAY), last_day=day(TUESDAY), by=None)
    problem = read(world.hospital).problem
    assert (ids(problem.fixed), ids(problem.previous)) == ([], [session.pk])


def test_a_closed_room_takes_a_confirmed_session_out_of_what_is_fixed() -> None:
    world = worlds.small(1)
    session = meets(world)
    RoomClosure.objects.create(room=session.room, start=session.start, end=session.end)
    problem = read(world.hospital).problem
    assert (ids(problem.fixed), ids(problem.previous)) == ([], [session.pk])


def test_a_room_that_is_given_up_is_no_longer_offered_and_its_session_moves() -> None:
    world = worlds.small(1)
    session = meets(world)
    Room.objects.filter(pk=session.room_id).update(active=False)
    problem = read(world.hospital).problem
    assert (ids(problem.fixed), ids(problem.previous)) == ([], [session.pk])
    assert problem.room_of[session.room_id].free == ()


def test_deputies_are_judged_also_where_a_room_was_given_up() -> None:
    world = worlds.small(1)
    session = meets(world)
    Room.objects.filter(pk=session.room_id).update(active=False)
    invitations.decline(session.attendances.get(expert=world.experts[0]).invitation, by=None, reason="away")
    time_keeping.add_leave(world.experts[1], first_day=day(TUESDAY), last_day=day(TUESDAY), by=None)
    assert substitutes.of(Seat.objects.get(attendance=None)) == []


def test_the_sessions_of_a_team_that_was_given_up_only_occupy() -> None:
    world = worlds.small(1)
    session = meets(world)
    world.team.active = False
    world.team.save()
    seen = read(world.hospital)
    assert (seen.problem.fixed, seen.problem.previous, seen.problem.cases) == ((), (), ())
    factories.case_waiting(team=factories.team("breast", at=world.hospital), seats=[("RADIOL", 3)])
    seen = read(world.hospital)
    assert not is_free(seen, world.experts[0], TUESDAY, "09:00")
    assert all(b <= minute(world.hospital, TUESDAY, "09:00") or a >= minute(world.hospital, TUESDAY, "09:15")
               for a, b in seen.problem.room_of[session.room_id].free)  # fmt: skip


def test_a_session_that_began_without_its_people_only_occupies() -> None:
    world = worlds.small(1)
    session = meets(world, accepted=False)
    invitations.decline(session.attendances.get(expert=world.experts[0]).invitation, by=None, reason="away")
    problem = read(world.hospital, now=session.start + timedelta(minutes=5)).problem
    assert (problem.fixed, problem.previous) == ((), ())


# Time that is taken -------------------------------------------------------------------------------


def elsewhere(expert: Expert, index: int, clock: str, *, minutes: int = 60, **fields) -> Session:
    """A session at another hospital that this expert attends."""
    hospital = fields.pop("at", None) or factories.institution()
    start = factories.moment(day(index), clock, hospital)
    session = factories.session(factories.team(at=hospital), start=start, minutes=minutes, experts=[expert])
    Attendance.objects.filter(session=session).update(**{"mode": AttendanceMode.REMOTE} | fields)
    return session


def test_attendances_outside_the_scope_are_subtracted() -> None:
    world = worlds.small(1)
    elsewhere(world.experts[4], TUESDAY, "09:00")
    seen = read(world.hospital)
    assert is_free(seen, world.experts[4], TUESDAY, "08:45")
    assert not is_free(seen, world.experts[4], TUESDAY, "09:45")
    assert is_free(seen, world.experts[4], TUESDAY, "10:00")


@pytest.mark.parametrize(("known", "minutes"), [(45, 45), (None, 60)], ids=["known", "unknown"])
def test_who_attends_elsewhere_in_person_needs_time_to_travel(known: int | None, minutes: int) -> None:
    world = worlds.small(1)
    other = factories.institution()
    if known:
        Travel.objects.create(origin=world.hospital, destination=other, minutes=known)
    elsewhere(world.experts[4], TUESDAY, "09:30", minutes=30, at=other, mode=AttendanceMode.ON_SITE)
    start = minute(world.hospital, TUESDAY, "09:30")
    free = read(world.hospital).problem.expert_of[world.experts[4].pk].free
    assert [b for _, b in free if b <= start][-1] == start - minutes
    assert next(a for a, _ in free if a >= start) == start + 30 + minutes


def test_a_hold_is_subtracted_until_it_ends() -> None:
    world = worlds.small(2)
    now = datetime.now(UTC)
    start = factories.moment(day(TUESDAY), "09:00", world.hospital)
    end = start + timedelta(minutes=15)
    hold = Hold.objects.create(
        case=world.cases[0], team=world.team, start=start, end=end, expires_at=now + timedelta(minutes=5)
    )
    Attendance.objects.create(hold=hold, expert=world.experts[4], start=start, end=end)
    RoomBooking.objects.create(hold=hold, room=world.rooms[0], start=start, end=start + timedelta(minutes=25))
    begin = minute(world.hospital, TUESDAY, "09:00")

    held, over = read(world.hospital, now=now), read(world.hospital, now=now + timedelta(minutes=6))

    assert not is_free(held, world.experts[4], TUESDAY, "09:00")
    assert is_free(over, world.experts[4], TUESDAY, "09:00")
    rooms = [seen.problem.room_of[world.rooms[0].pk].free for seen in (held, over)]
    assert [any(a <= begin and begin + 15 <= b for a, b in free) for free in rooms] == [False, True]
    assert [set(seen.problem.case_of) for seen in (held, over)] == [
        {world.cases[1].pk},
        {case.pk for case in world.cases},
    ]


def test_who_declined_is_not_asked_for_that_time_but_may_be_for_the_time_to_which_it_moved() -> None:
    world = worlds.small(1)
    session = meets(world, accepted=False)
    invitations.decline(session.attendances.get(expert=world.experts[0]).invitation, by=None, reason="theatre")
    assert not is_free(read(world.hospital), world.experts[0], TUESDAY, "09:00")
    people = {1: world.experts[1], 2: world.experts[2], 3: world.experts[4]}
    publication.publish(world.offer(world.meeting(THURSDAY, "09:00", [people])), by=world.coordinator)
    seen = read(world.hospital)
    assert not is_free(seen, world.experts[0], TUESDAY, "09:00")
    assert is_free(seen, world.experts[0], THURSDAY, "09:00")


def test_who_leaves_the_hospital_is_planned_until_their_last_day() -> None:
    world = worlds.small(1)
    Affiliation.objects.filter(expert=world.experts[4]).update(until=day(TUESDAY))
    seen = read(world.hospital)
    assert is_free(seen, world.experts[4], TUESDAY, "17:00")
    assert not is_free(seen, world.experts[4], TUESDAY + 1, "09:00")


def test_who_comes_every_second_week_is_planned_in_those_weeks_only() -> None:
    world = worlds.small(1)
    someone = world.experts[4]
    for start, free in [(day(0), True), (day(-7), False), (day(-14), True), (day(7), False)]:
        time_keeping.set_week(someone, [WeekSpan(TUESDAY, time(9), time(10), 2, start)], by=None)
        assert is_free(read(world.hospital), someone, TUESDAY, "09:00") is free


# Caps ---------------------------------------------------------------------------------------------


def expert_of(world: worlds.World, *, days: int = 7) -> pure.Expert:
    return read(world.hospital, days=days).problem.expert_of[world.experts[4].pk]


def cap(world: worlds.World, **caps: int) -> None:
    Expert.objects.filter(pk=world.experts[4].pk).update(**caps)


def test_sessions_elsewhere_count_against_the_week() -> None:
    world = worlds.small(1)
    cap(world, max_sessions_week=5, max_minutes_week=300)
    elsewhere(world.experts[4], TUESDAY, "09:00", minutes=60)
    elsewhere(world.experts[4], THURSDAY, "09:00", minutes=30)
    assert (expert_of(world).max_sessions_week, expert_of(world).max_minutes_week) == (3, 210)


def test_sessions_after_the_horizon_count_against_its_last_week() -> None:
    world = worlds.small(1)
    cap(world, max_sessions_week=5, max_minutes_week=300)
    elsewhere(world.experts[4], 7 + THURSDAY, "09:00", minutes=60)
    assert (expert_of(world, days=8).max_sessions_week, expert_of(world, days=8).max_minutes_week) == (4, 240)
    assert expert_of(world, days=7).max_sessions_week == 5


def test_sessions_elsewhere_count_against_the_day() -> None:
    world = worlds.small(1)
    cap(world, max_sessions_day=2)
    elsewhere(world.experts[4], TUESDAY, "08:00", minutes=15)
    assert expert_of(world).max_sessions_day == 1
    elsewhere(world.experts[4], TUESDAY, "14:00", minutes=15)
    assert expert_of(world).max_sessions_day == 2
    assert not is_free(read(world.hospital), world.experts[4], TUESDAY, "16:00")


def test_a_full_week_elsewhere_does_not_take_a_confirmed_session_of_another_week() -> None:
    world = worlds.small(1)
    session = meets(world)
    cap(world, max_sessions_week=1)
    elsewhere(world.experts[4], 7 + THURSDAY, "09:00")
    seen = read(world.hospital, days=14)
    assert ids(seen.problem.fixed) == [session.pk]
    assert seen.problem.expert_of[world.experts[4].pk].max_sessions_week == 1
    assert not is_free(seen, world.experts[4], 7, "09:00")


# Clocks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sunday", "hours"), [(date(2027, 3, 28), 167), (date(2027, 10, 31), 169)])
def test_a_horizon_over_a_change_of_the_clocks_counts_elapsed_minutes(sunday: date, hours: int) -> None:
    horizon = Horizon.around(sunday, 8, ZoneInfo("Europe/London"))
    assert horizon.first_day == sunday - timedelta(days=6)
    assert horizon.day_starts[7] == hours * 60
    nine = datetime.combine(sunday + timedelta(days=1), time(9), ZoneInfo("Europe/London"))
    assert horizon.moment(horizon.minute(nine)) == nine
    assert horizon.minute(nine) == hours * 60 + 9 * 60
    assert horizon.minute_up(nine - timedelta(seconds=1)) == horizon.minute(nine)
    assert horizon.minute(nine - timedelta(seconds=1)) == horizon.minute(nine) - 1


@pytest.mark.parametrize("sunday", [date(2027, 3, 28), date(2027, 10, 31)])
def test_office_hours_stay_office_hours_over_a_change_of_the_clocks(sunday: date) -> None:
    hospital = factories.institution(zone="Europe/London")
    expert = factories.expert(at=hospital)
    factories.case_waiting(team=factories.team(at=hospital), due_at=datetime.combine(sunday, time(), UTC))
    horizon = Horizon.around(sunday, 14, hospital.tz)
    seen = snapshot.read([hospital], horizon, now=horizon.start)
    starts = {horizon.moment(a).astimezone(hospital.tz).time() for a, _ in seen.problem.expert_of[expert.pk].free}
    assert starts == {time(8), time(14)}
    assert len(seen.problem.expert_of[expert.pk].free) == 20
    (team,) = seen.problem.teams
    assert {horizon.moment(b).astimezone(hospital.tz).time() for _, b in team.windows} == {time(12), time(18)}


def test_an_attendance_shorter_than_a_minute_is_no_reason_to_fail() -> None:
    world = worlds.small(1)
    session = elsewhere(world.experts[4], TUESDAY, "09:00")
    Attendance.objects.filter(session=session).update(
        start=session.start + timedelta(seconds=10), end=session.start + timedelta(seconds=40)
    )
    assert not is_free(read(world.hospital), world.experts[4], TUESDAY, "09:00")


# Queries ------------------------------------------------------------------------------------------


def test_queries_do_not_grow_with_the_hospital() -> None:
    world = worlds.small(1)
    factories.block(world.team)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            read(Institution.objects.get(pk=world.hospital.pk))
        return len(queries)

    few = count()
    for _ in range(5):
        factories.room(at=world.hospital)
        factories.block(world.team, recurrence="FREQ=WEEKLY;BYDAY=WE")
        factories.expert("RADIOL", at=world.hospital)
        factories.case_waiting(team=world.team, seats=[("RADIOL", 3)], received=["ct"])
    assert count() == few


# Notice ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("urgency", "limit_h", "calm"), [("routine", 96, True), ("urgent", 96, False), ("routine", 30, False)]
)
def test_a_run_gives_people_time_to_answer_for_routine_cases(urgency: str, limit_h: int, calm: bool) -> None:
    hospital = factories.institution(answer_within_h=24)
    now = factories.moment(day(0), "08:00", hospital)
    limit = now + timedelta(hours=limit_h)
    factories.case_waiting(team=factories.team(at=hospital), urgency=urgency, due_at=limit, submitted_at=now)
    horizon = Horizon.around(factories.monday(), 7, hospital.tz)
    [case] = snapshot.read([hospital], horizon, now=now).problem.cases
    assert (case.release_min == minute(hospital, 1, "08:00")) is calm
    [case] = snapshot.read([hospital], horizon, now=now, notice=timedelta(0)).problem.cases
    assert case.release_min < minute(hospital, 1, "08:00")
