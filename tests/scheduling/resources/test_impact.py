"""What does this hit? Before it is saved, and as things stand, for every kind of change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from experts.availability import special_days, time_keeping
from experts.availability.core.week_pattern import WeekSpan
from experts.models import Affiliation, Expert, Institution, Team
from mdt_portal.models import AuditEvent
from scheduling.models import Hold, Room, Session
from scheduling.resources import hits, impact, room_services
from scheduling.resources.impact import Cause, Impact
from tests import factories

pytestmark = pytest.mark.django_db

TUESDAY = factories.monday(2) + timedelta(days=1)


class Meeting:
    """One session on a Tuesday at nine, in a room, with Ann."""

    def __init__(self) -> None:
        self.hospital: Institution = factories.institution(name_en="General")
        self.room: Room = factories.room(at=self.hospital)
        self.team: Team = factories.team(at=self.hospital)
        self.ann: Expert = factories.expert("PATH", at=self.hospital, name_en="Ann")
        case = factories.case_waiting(team=self.team, seats=[("PATH", 3)])
        self.session: Session = factories.session(
            self.team,
            room=self.room,
            experts=[self.ann],
            cases=[case],
            start=factories.moment(TUESDAY, "09:00", self.hospital),
        )

    def now(self) -> list[tuple[str, Expert | None]]:
        found = hits.now(Session.objects.all())
        return [(hit.cause, hit.expert) for of_session in found.values() for hit in of_session]


@pytest.fixture
def meeting() -> Meeting:
    return Meeting()


def leave(it: Meeting) -> Impact:
    found = impact.of_leave(it.ann, first_day=TUESDAY - timedelta(days=1), last_day=TUESDAY)
    time_keeping.add_leave(it.ann, first_day=TUESDAY - timedelta(days=1), last_day=TUESDAY, by=None)
    return found


def mornings_away(it: Meeting) -> Impact:
    asked = {"first_day": TUESDAY, "last_day": TUESDAY + timedelta(days=2), "start": time(8), "end": time(12)}
    found = impact.of_leave(it.ann, **asked)
    time_keeping.add_leave(it.ann, **asked, by=None)
    return found


def taken(it: Meeting) -> Impact:
    found = impact.of_taken(it.ann, day=TUESDAY, start=time(8), end=time(9, 5))
    time_keeping.add_exception(it.ann, day=TUESDAY, start=time(8), end=time(9, 5), kind="takes", by=None)
    return found


def the_night_before(it: Meeting) -> Impact:
    asked = {"day": TUESDAY - timedelta(days=1), "start": time(20), "end": time(9, 30)}
    found = impact.of_taken(it.ann, **asked)
    time_keeping.add_exception(it.ann, **asked, kind="takes", by=None)
    return found


def another_week(it: Meeting) -> Impact:
    week = [(2, time(8), time(12))]
    found = impact.of_week(it.ann, week)
    time_keeping.set_week(it.ann, week, by=None)
    return found


def the_other_weeks(it: Meeting) -> Impact:
    week = [WeekSpan(1, time(8), time(12), 2, factories.monday(1))]
    found = impact.of_week(it.ann, week)
    time_keeping.set_week(it.ann, week, by=None)
    return found


def departure(it: Meeting) -> Impact:
    work = it.ann.affiliations.get()
    found = impact.of_departure(work, TUESDAY - timedelta(days=1))
    Affiliation.objects.update(until=TUESDAY - timedelta(days=1))
    return found


def not_active(it: Meeting) -> Impact:
    found = impact.of_person_end(it.ann)
    Expert.objects.filter(pk=it.ann.pk).update(active=False)
    return found


def another_discipline(it: Meeting) -> Impact:
    found = impact.of_skills(it.ann, [(factories.discipline("RADIOL").pk, "")])
    it.ann.qualifications.update(discipline=factories.discipline("RADIOL"))
    return found


def day_off(it: Meeting) -> Impact:
    found = impact.of_day_off(it.hospital, TUESDAY)
    special_days.set_day(it.hospital, TUESDAY, working=False, by=None)
    return found


def closure(it: Meeting) -> Impact:
    asked = {"start": it.session.start - timedelta(hours=1), "end": it.session.start + timedelta(minutes=5)}
    found = impact.of_closure(it.room, **asked)
    room_services.close(it.room, **asked, reason="Paint", by=None)
    return found


def room_given_up(it: Meeting) -> Impact:
    found = impact.of_room_end(it.room)
    Room.objects.update(active=False)
    return found


def team_given_up(it: Meeting) -> Impact:
    found = impact.of_team_end(it.team)
    Team.objects.update(active=False)
    return found


PEOPLE = {
    leave: Cause.LEAVE,
    mornings_away: Cause.LEAVE,
    taken: Cause.TAKEN,
    the_night_before: Cause.TAKEN,
    another_week: Cause.WEEK,
    the_other_weeks: Cause.WEEK,
    departure: Cause.DEPARTURE,
    not_active: Cause.PERSON,
    another_discipline: Cause.SKILL,
}
OTHERS = {
    day_off: Cause.HOLIDAY,
    closure: Cause.CLOSURE,
    room_given_up: Cause.ROOM,
    team_given_up: Cause.TEAM,
}


@pytest.mark.parametrize(("change", "cause"), [*PEOPLE.items(), *OTHERS.items()])
def test_a_change_is_known_before_and_after_it_is_saved(
    meeting: Meeting, change: Callable[[Meeting], Impact], cause: Cause
) -> None:
    assert meeting.now() == []
    before = change(meeting)
    who = meeting.ann if change in PEOPLE else None
    assert [(hit.session, hit.cause, hit.expert) for hit in before.hits] == [(meeting.session, cause, who)]
    assert meeting.now() == [(cause, who)]


def test_what_misses_the_session_hits_nothing(meeting: Meeting) -> None:
    ann, day = meeting.ann, TUESDAY
    assert not impact.of_leave(ann, first_day=day + timedelta(days=1), last_day=day + timedelta(days=9))
    assert not impact.of_leave(ann, first_day=day, last_day=day, start=time(14), end=time(18))
    assert not impact.of_taken(ann, day=day, start=time(14), end=time(15))
    assert not impact.of_taken(ann, day=day - timedelta(days=1), start=time(20), end=time(9))
    assert not impact.of_week(ann, [(1, time(9), time(12))])
    assert not impact.of_week(ann, [WeekSpan(1, time(9), time(12), 2, factories.monday(0))])
    assert not impact.of_day_off(meeting.hospital, day + timedelta(days=1))
    assert not impact.of_closure(meeting.room, start=meeting.session.end, end=meeting.session.end + timedelta(hours=1))
    assert not impact.of_departure(ann.affiliations.get(), day)
    assert not impact.of_skills(ann, ann.qualifications.values_list("discipline", "sub_specialty"))


def test_who_said_yes_after_changing_their_week_is_not_hit(meeting: Meeting) -> None:
    another_week(meeting)
    assert [cause for cause, _who in meeting.now()] == [Cause.WEEK]
    invitation = meeting.session.attendances.get().invitation
    type(invitation).objects.update(status="accepted", answered_at=timezone.now())
    assert meeting.now() == []


def test_who_never_changed_their_week_was_asked_outside_it_on_purpose(meeting: Meeting) -> None:
    meeting.ann.weekly_availability.all().delete()
    assert meeting.now() == []
    AuditEvent.objects.create(action="expert.week_set", subject_type="experts.expert", subject_id=meeting.ann.pk)
    assert [cause for cause, _who in meeting.now()] == [Cause.WEEK]


def test_what_is_over_or_called_off_is_not_hit(meeting: Meeting) -> None:
    leave(meeting)
    Session.objects.update(status="cancelled")
    assert meeting.now() == []
    assert not impact.of_leave(meeting.ann, first_day=date(2020, 1, 1), last_day=date(2020, 1, 9))


def test_standing_times_and_held_times_are_named(meeting: Meeting) -> None:
    block = factories.block(meeting.team, room=meeting.room, recurrence="FREQ=WEEKLY;BYDAY=TU")
    start = factories.moment(TUESDAY, "14:00", meeting.hospital)
    hold = Hold.objects.create(
        case=factories.case_waiting(team=meeting.team),
        team=meeting.team,
        room=meeting.room,
        start=start,
        end=start + timedelta(minutes=20),
        expires_at=timezone.now() + timedelta(minutes=5),
    )
    for found in (impact.of_day_off(meeting.hospital, TUESDAY), impact.of_team_end(meeting.team)):
        assert found.holds == [hold]
        assert (block, TUESDAY) in [(one.block, one.date) for one in found.dates]
    closed = impact.of_closure(meeting.room, start=start, end=start + timedelta(minutes=5))
    assert (closed.hits, closed.holds) == ([], [hold])


def test_thirty_sessions_cost_the_queries_of_one(meeting: Meeting) -> None:
    leave(meeting)
    another_week(meeting)
    with CaptureQueriesContext(
        connection,
    ) as one:
        hits.now(Session.objects.all())
    for number in range(3, 32):
        person = factories.expert("PATH", at=meeting.hospital)
        factories.session(
            factories.team(f"group{number}", at=meeting.hospital),
            experts=[person],
            cases=[],
            start=factories.moment(TUESDAY + timedelta(days=7 * (number % 4)), "09:00", meeting.hospital),
        )
        time_keeping.set_week(person, [], by=None)
    with CaptureQueriesContext(connection) as thirty:
        assert len(hits.now(Session.objects.all())) == 30
    assert len(thirty) == len(one)
