"""Experts keep their week, exceptions and leaves."""

from datetime import date, time

import pytest

from experts.availability import time_keeping
from experts.models import ExceptionKind
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
