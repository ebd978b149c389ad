"""Experts keep their week, exceptions and leaves."""

from datetime import date, time, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from experts.availability import free_time, time_keeping
from experts.availability.core.time_intervals import covers
from experts.models import ExceptionKind, WeeklyAvailability
from mdt_portal.errors import RuleError
from mdt_portal.models import AuditEvent
from tests import factories

pytestmark = pytest.mark.django_db

DAY = date(2027, 3, 1)


@pytest.fixture
def expert():
    return factories.expert(hours=[(4, time(8), time(9))])


def refused(action, *args, **keywords):
    with pytest.raises(RuleError) as caught:
        action(*args, **keywords)
    return caught.value.code


def test_set_week_replaces_the_week_and_is_recorded(expert):
    by = factories.user()
    time_keeping.set_week(expert, [(0, time(8), time(12)), (0, time(12), time(14))], by=by)
    assert list(expert.weekly_availability.values_list("weekday", "start", "end")) == [
        (0, time(8), time(12)),
        (0, time(12), time(14)),
    ]
    event = AuditEvent.objects.get()
    assert (event.action, event.by, event.subject_id) == ("expert.week_set", by, expert.pk)


def test_set_week_may_empty_the_week(expert):
    time_keeping.set_week(expert, [], by=None)
    assert not expert.weekly_availability.exists()


@pytest.mark.parametrize(
    ("hours", "code"),
    [
        ([(0, time(12), time(8))], "ends_before_start"),
        ([(0, time(8), time(8))], "ends_before_start"),
        ([(7, time(8), time(9))], "unknown_weekday"),
        ([(0, time(8), time(12)), (0, time(11), time(13))], "overlap"),
    ],
)
def test_set_week_refuses_and_changes_nothing(expert, hours, code):
    assert refused(time_keeping.set_week, expert, hours, by=None) == code
    assert expert.weekly_availability.count() == 1


def test_the_same_hours_on_two_weekdays_do_not_overlap(expert):
    assert len(time_keeping.set_week(expert, [(0, time(8), time(12)), (1, time(8), time(12))], by=None)) == 2


def test_the_administration_keeps_the_monday_and_asks_for_it(expert):
    row = WeeklyAvailability(expert=expert, weekday=1, start=time(8), end=time(9), every=2, since=date(2026, 12, 3))
    row.full_clean()
    assert row.since == date(2026, 11, 30)
    row.since = None
    with pytest.raises(ValidationError, match="from which week on"):
        row.full_clean()


def test_exceptions_of_one_kind_may_not_overlap_but_the_kinds_may(expert):
    hours = {"start": time(8), "end": time(12)}
    time_keeping.add_exception(expert, day=DAY, kind=ExceptionKind.ADDS, by=None, **hours)
    time_keeping.add_exception(expert, day=DAY, kind=ExceptionKind.TAKES, by=None, **hours)
    time_keeping.add_exception(expert, day=DAY, start=time(12), end=time(13), kind=ExceptionKind.ADDS, by=None)
    assert refused(time_keeping.add_exception, expert, day=DAY, kind=ExceptionKind.ADDS, by=None, **hours) == "overlap"


def test_exception_must_end_after_it_starts(expert):
    code = refused(
        time_keeping.add_exception, expert, day=DAY, start=time(9), end=time(8), kind=ExceptionKind.ADDS, by=None
    )
    assert code == "ends_before_start"


def test_leaves_may_not_overlap(expert):
    time_keeping.add_leave(expert, first_day=DAY, last_day=date(2027, 3, 5), by=None)
    assert (
        refused(time_keeping.add_leave, expert, first_day=date(2027, 3, 5), last_day=date(2027, 3, 9), by=None)
        == "overlap"
    )
    assert (
        refused(time_keeping.add_leave, expert, first_day=date(2027, 3, 9), last_day=DAY, by=None)
        == "ends_before_start"
    )
    time_keeping.add_leave(expert, first_day=date(2027, 3, 6), last_day=date(2027, 3, 6), by=None)


def test_what_was_added_can_be_removed_and_both_are_recorded(expert):
    leave = time_keeping.add_leave(expert, first_day=DAY, last_day=DAY, by=None)
    time_keeping.remove_leave(leave, by=None)
    exception = time_keeping.add_exception(
        expert, day=DAY, start=time(8), end=time(9), kind=ExceptionKind.ADDS, by=None
    )
    time_keeping.remove_exception(exception, by=None)
    assert not expert.leaves.exists()
    assert not expert.availability_exceptions.exists()
    assert list(AuditEvent.objects.order_by("pk").values_list("action", flat=True)) == [
        "expert.leave_added",
        "expert.leave_removed",
        "expert.exception_added",
        "expert.exception_removed",
    ]


def test_hours_may_pass_midnight_and_end_at_it(expert):
    hours = [(0, time(22), time(2)), (2, time(18), time()), (6, time(23), time(1))]
    time_keeping.set_week(expert, hours, by=None)
    assert list(expert.weekly_availability.values_list("weekday", "start", "end")) == [
        (0, time(), time(1)),
        (0, time(22), time()),
        (1, time(), time(2)),
        (2, time(18), time()),
        (6, time(23), time()),
    ]
    night = (factories.moment(DAY, "22:00"), factories.moment(DAY + timedelta(days=1), "02:00"))  # a Monday
    assert covers(free_time.free([expert], *night)[expert.pk], *night)


def test_an_exception_may_pass_midnight(expert):
    night = {"start": time(20), "end": time(6)}
    time_keeping.add_exception(expert, day=DAY, kind=ExceptionKind.ADDS, by=None, **night)
    asked = (factories.moment(DAY + timedelta(days=1), "00:00"), factories.moment(DAY + timedelta(days=1), "06:00"))
    assert free_time.free([expert], *asked)[expert.pk] == [asked]
    next_morning = {"day": DAY + timedelta(days=1), "start": time(5), "end": time(8)}
    assert refused(time_keeping.add_exception, expert, kind=ExceptionKind.ADDS, by=None, **next_morning) == "overlap"


def test_a_leave_may_be_for_some_hours_of_each_day(expert):
    time_keeping.set_week(expert, [(day, time(8), time(18)) for day in range(5)], by=None)
    days = {"first_day": DAY, "last_day": DAY + timedelta(days=2)}
    time_keeping.add_leave(expert, **days, start=time(13), end=time(), by=None)
    span = (factories.moment(DAY, "00:00"), factories.moment(DAY + timedelta(days=4), "00:00"))
    assert [(start.hour, end - start) for start, end in free_time.free([expert], *span)[expert.pk]] == [
        *[(0, timedelta(hours=5))] * 3,  # 8:00 to 13:00 in China
        (0, timedelta(hours=10)),
    ]
    assert refused(time_keeping.add_leave, expert, **days, start=time(8), by=None) == "one_time_missing"


def test_what_is_over_is_refused_and_said(expert):
    yesterday = timezone.now().date() - timedelta(days=2)
    assert refused(time_keeping.add_leave, expert, first_day=yesterday, last_day=yesterday, by=None) == "past"
    hours = {"start": time(8), "end": time(9), "kind": ExceptionKind.TAKES}
    assert refused(time_keeping.add_exception, expert, day=yesterday, **hours, by=None) == "past"
    time_keeping.add_leave(expert, first_day=yesterday, last_day=yesterday + timedelta(days=9), by=None)


def test_a_leave_of_ten_years_is_refused(expert):
    assert refused(time_keeping.add_leave, expert, first_day=DAY, last_day=date(2037, 3, 1), by=None) == "too_long"
