"""Free time, opening hours and working days as the database knows them."""

from datetime import date, time, timedelta

import pytest

from experts.availability import free_time, time_keeping, working_days
from experts.availability.core.time_intervals import intersect
from experts.availability.core.week_pattern import WeekSpan
from experts.models import Affiliation, AvailabilityException, CalendarDay, ExceptionKind, Leave
from tests import factories

pytestmark = pytest.mark.django_db

MONDAY = date(2027, 3, 1)  # an ordinary week in China and in Britain
MORNING = [(0, time(8), time(12))]


def clock(stretches, zone):
    return [f"{a.astimezone(zone):%a %H:%M}-{b.astimezone(zone):%H:%M}" for a, b in stretches]


def week_of(expert, first_day=MONDAY, days=7):
    start = factories.moment(first_day, "00:00")
    return free_time.free([expert], start, start + timedelta(days=days))[expert.pk]


def test_free_follows_the_clock_of_the_main_employer():
    london = factories.institution(zone="Europe/London")
    expert = factories.expert(at=london, hours=MORNING)
    assert clock(week_of(expert), london.tz) == ["Mon 08:00-12:00"]


def test_every_second_week_counts_from_its_start():
    hospital = factories.institution()
    expert = factories.expert(at=hospital, hours=MORNING)
    spans = [WeekSpan(1, time(8), time(9), 2, MONDAY + timedelta(days=9)), WeekSpan(6, time(22), time(2), 2, MONDAY)]
    time_keeping.set_week(expert, [*MORNING, *spans], by=None)
    found = [
        f"{a.astimezone(hospital.tz):%d.%m. %H}-{b.astimezone(hospital.tz):%H}" for a, b in week_of(expert, days=28)
    ]
    assert found == [
        "01.03. 08-12",
        *("07.03. 22-02", "08.03. 08-12", "09.03. 08-09"),
        "15.03. 08-12",
        *("21.03. 22-02", "22.03. 08-12", "23.03. 08-09"),
    ]


def test_a_make_up_day_works_like_the_monday_of_its_own_week():
    hospital = factories.institution()
    expert = factories.expert(at=hospital, hours=[])
    time_keeping.set_week(expert, [WeekSpan(0, time(8), time(12), 2, MONDAY)], by=None)
    for weeks in (0, 1):
        day = MONDAY + timedelta(days=5, weeks=weeks)
        CalendarDay.objects.create(institution=hospital, date=day, working=True)
    assert clock(week_of(expert, days=14), hospital.tz) == ["Mon 08:00-12:00", "Sat 08:00-12:00"]


def test_free_is_cut_at_both_ends():
    expert = factories.expert(hours=MORNING)
    start, end = factories.moment(MONDAY, "09:00"), factories.moment(MONDAY, "10:00")
    assert free_time.free([expert], start, end) == {expert.pk: [(start, end)]}


def test_free_obeys_exceptions_leaves_and_special_days():
    hospital = factories.institution()
    expert = factories.expert(at=hospital, hours=[(day, time(8), time(12)) for day in range(5)])
    tuesday, wednesday, thursday, saturday = (MONDAY + timedelta(days=n) for n in (1, 2, 3, 5))
    AvailabilityException.objects.create(
        expert=expert, date=MONDAY, start=time(14), end=time(16), kind=ExceptionKind.ADDS
    )
    AvailabilityException.objects.create(
        expert=expert, date=tuesday, start=time(8), end=time(10), kind=ExceptionKind.TAKES
    )
    Leave.objects.create(expert=expert, first_day=wednesday, last_day=wednesday)
    CalendarDay.objects.create(institution=hospital, date=thursday)
    CalendarDay.objects.create(institution=hospital, date=saturday, working=True)
    assert clock(week_of(expert), hospital.tz) == [
        "Mon 08:00-12:00",
        "Mon 14:00-16:00",
        "Tue 10:00-12:00",
        "Fri 08:00-12:00",
        "Sat 08:00-12:00",
    ]


def test_free_knows_public_holidays_and_the_days_worked_for_them():
    hospital = factories.institution(holiday_country="CN")
    expert = factories.expert(at=hospital)
    national_day = date(2026, 10, 5)
    assert week_of(expert, national_day, days=3) == []
    assert clock(week_of(expert, date(2026, 10, 10), days=1), hospital.tz) == ["Sat 08:00-12:00", "Sat 14:00-18:00"]


def test_an_entry_of_the_institution_wins_over_the_public_holiday():
    hospital = factories.institution(holiday_country="CN")
    CalendarDay.objects.create(institution=hospital, date=date(2026, 10, 5), working=True)
    calendar = working_days.calendar(hospital)
    assert calendar.works(date(2026, 10, 5))
    assert not calendar.works(date(2026, 10, 6))


def test_a_former_employer_does_not_set_the_clock():
    london = factories.institution(zone="Europe/London")
    expert = factories.expert(at=london, hours=MORNING)
    expert.affiliations.update(until=date(2026, 12, 31))
    shanghai = factories.institution()
    Affiliation.objects.create(expert=expert, institution=shanghai, title=factories.title(), since=date(2027, 1, 1))
    assert clock(week_of(expert), shanghai.tz) == ["Mon 08:00-12:00"]


def test_free_asks_the_same_number_of_questions_for_one_and_for_thirty(django_assert_num_queries):
    experts = [factories.expert(at=factories.institution()) for _ in range(30)]
    start = factories.moment(MONDAY, "00:00")
    for some in (experts[:1], experts):
        with django_assert_num_queries(6):
            free_time.free(some, start, start + timedelta(days=14))


def test_opening_hours_leave_out_the_weekend():
    hospital = factories.institution()
    assert clock(free_time.opening(hospital, MONDAY + timedelta(days=4), 4), hospital.tz) == [
        "Fri 08:00-12:00",
        "Fri 14:00-18:00",
        "Mon 08:00-12:00",
        "Mon 14:00-18:00",
    ]


# Working days ------------------------------------------------------------------------------------
def test_working_days_are_counted_over_a_weekend():
    hospital = factories.institution()
    thursday = factories.moment(MONDAY + timedelta(days=3), "15:00")
    tuesday = factories.moment(MONDAY + timedelta(days=8), "15:00")
    assert working_days.add_working_days(hospital, thursday, 3) == tuesday
    assert working_days.add_working_days(hospital, tuesday, -3) == thursday
    assert working_days.add_working_days(hospital, thursday, 0) == thursday


def test_working_days_jump_over_a_holiday_and_count_a_make_up_day():
    hospital = factories.institution(holiday_country="CN")
    before = factories.moment(date(2026, 9, 30), "09:00")
    assert working_days.add_working_days(hospital, before, 3) == factories.moment(date(2026, 10, 10), "09:00")


def test_next_working_monday_passes_a_holiday():
    hospital = factories.institution(holiday_country="CN")
    assert working_days.next_working_monday(hospital, date(2026, 10, 1)) == date(2026, 10, 12)


def test_an_unknown_country_has_no_holidays():
    assert working_days.public_days("XX", 2027) == (frozenset(), frozenset())


def test_free_and_opening_overlap_where_both_say_so():
    hospital = factories.institution()
    expert = factories.expert(at=hospital, hours=[(0, time(7), time(9))])
    both = intersect(week_of(expert), free_time.opening(hospital, MONDAY, 7))
    assert clock(both, hospital.tz) == ["Mon 08:00-09:00"]
