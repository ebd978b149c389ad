"""Interval arithmetic against sets of minutes, and weeks against what a wall clock shows. No database."""

import itertools
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.availability.core import time_intervals
from experts.availability.core.time_intervals import DayKind, Departure

SHANGHAI = ZoneInfo("Asia/Shanghai")
LONDON = ZoneInfo("Europe/London")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # changes its clocks by half an hour
OFFICE = (time(8), time(12))

interval = st.tuples(st.integers(0, 60), st.integers(0, 60))
intervals = st.lists(interval, max_size=8)


def minutes(some):
    return {minute for start, end in some for minute in range(start, end)}


def is_merged(some):
    return all(start < end for start, end in some) and all(a[1] < b[0] for a, b in itertools.pairwise(some))


@given(intervals)
def test_union_keeps_every_minute_and_merges(some):
    merged = time_intervals.union(some)
    assert minutes(merged) == minutes(some)
    assert is_merged(merged)


@given(intervals, intervals)
def test_subtract_is_the_difference_of_sets(first, second):
    left = time_intervals.subtract(first, second)
    assert minutes(left) == minutes(first) - minutes(second)
    assert is_merged(left)


@given(intervals, intervals)
def test_intersect_is_the_intersection_of_sets(first, second):
    both = time_intervals.intersect(first, second)
    assert minutes(both) == minutes(first) & minutes(second)
    assert is_merged(both)


@given(intervals, st.tuples(st.integers(0, 59), st.integers(1, 60)).filter(lambda one: one[0] < one[1]))
def test_covers_asks_for_one_interval_that_holds_all(some, wanted):
    merged = time_intervals.union(some)
    assert time_intervals.covers(merged, *wanted) == (minutes([wanted]) <= minutes(merged))


def test_touching_intervals_become_one():
    assert time_intervals.union([(14, 18), (8, 12), (12, 14)]) == [(8, 18)]


# Weeks -------------------------------------------------------------------------------------------
quarters = st.integers(0, 95).map(lambda n: time(n // 4, n % 4 * 15))
hours = st.tuples(quarters, quarters).filter(lambda one: one[0] < one[1])
weeks = st.dictionaries(st.integers(0, 6), st.lists(hours, max_size=3))
# The clocks of all three zones change in, or near, these weeks of 2027.
first_days = st.sampled_from([date(2027, 3, 26), date(2027, 10, 29), date(2027, 4, 2), date(2027, 10, 1)])
offsets = st.integers(0, 5)


@given(
    week=weeks,
    departures=st.lists(st.tuples(offsets, hours, st.booleans()), max_size=4),
    leaves=st.lists(st.tuples(offsets, st.integers(0, 2)), max_size=2),
    kinds=st.lists(st.sampled_from(DayKind), min_size=6, max_size=6),
    first_day=first_days,
    zone=st.sampled_from([SHANGHAI, LONDON, LORD_HOWE]),
)
def test_free_intervals_agree_with_the_wall_clock(week, departures, leaves, kinds, first_day, zone):
    last_day = first_day + timedelta(days=5)
    kind_of = {first_day + timedelta(days=n): kind for n, kind in enumerate(kinds)}
    departures = [Departure(day=first_day + timedelta(days=n), hours=h, adds=adds) for n, h, adds in departures]
    leaves = [(first_day + timedelta(days=n), first_day + timedelta(days=n + more)) for n, more in leaves]
    free = time_intervals.free_intervals(
        week, departures, leaves, zone=zone, first_day=first_day, last_day=last_day, kinds=kind_of.__getitem__
    )
    assert is_merged(free)

    def expected(wall):
        day, clock = wall.date(), wall.time()
        on = [d for d in departures if d.day == day and d.hours[0] <= clock < d.hours[1]]
        if any(first <= day <= last for first, last in leaves) or any(not d.adds for d in on):
            return False
        weekly = time_intervals.hours_of(week, day, kind_of[day])
        return bool(on) or any(start <= clock < end for start, end in weekly)

    moment, end = time_intervals.whole_days(first_day, last_day, zone)
    while moment < end:
        wall = moment.astimezone(zone)
        if not wall.fold:  # the second of two equal times belongs to what the first one began
            is_free = time_intervals.covers(free, moment, moment + timedelta(minutes=1))
            assert is_free == expected(wall.replace(tzinfo=None)), wall
        moment += timedelta(minutes=15)


@given(day=st.dates(date(2026, 1, 1), date(2028, 1, 1)), first=quarters, second=quarters)
@pytest.mark.parametrize("zone", [SHANGHAI, LONDON, LORD_HOWE])
def test_a_later_wall_time_is_never_an_earlier_moment(zone, day, first, second):
    first, second = sorted([first, second])
    assert time_intervals.local_moment(day, first, zone) <= time_intervals.local_moment(day, second, zone)


def test_a_skipped_time_means_the_moment_of_the_change():
    # London, 28 March 2027: 01:00 becomes 02:00.
    change = datetime(2027, 3, 28, 1, tzinfo=UTC)
    assert time_intervals.local_moment(date(2027, 3, 28), time(1, 30), LONDON) == change
    assert time_intervals.local_moment(date(2027, 3, 28), time(2), LONDON) == change


def test_hours_in_a_skipped_hour_vanish():
    day = date(2027, 3, 28)
    week = {6: [(time(1, 15), time(1, 45))]}
    assert time_intervals.free_intervals(week, [], [], zone=LONDON, first_day=day, last_day=day) == []


def test_a_time_shown_twice_means_the_first():
    # London, 31 October 2027: 02:00 becomes 01:00 again.
    assert time_intervals.local_moment(date(2027, 10, 31), time(1, 30), LONDON) == datetime(
        2027, 10, 31, 0, 30, tzinfo=UTC
    )


def test_office_hours_follow_the_clock_over_a_change():
    free = time_intervals.free_intervals(
        {5: [OFFICE], 0: [OFFICE]}, [], [], zone=LONDON, first_day=date(2027, 3, 27), last_day=date(2027, 3, 29)
    )
    assert [start.hour for start, _ in free] == [8, 7]


# What wins over what -----------------------------------------------------------------------------
MONDAY = date(2027, 3, 1)


def free_on(day, *, week=None, departures=(), leaves=(), kind=DayKind.ORDINARY):
    found = time_intervals.free_intervals(
        week or {}, departures, leaves, zone=SHANGHAI, first_day=day, last_day=day, kinds=lambda _: kind
    )
    return [(a.astimezone(SHANGHAI).time(), b.astimezone(SHANGHAI).time()) for a, b in found]


def test_what_is_taken_wins_over_what_is_added():
    departures = [
        Departure(day=MONDAY, hours=(time(18), time(20)), adds=True),
        Departure(day=MONDAY, hours=(time(11), time(19)), adds=False),
    ]
    assert free_on(MONDAY, week={0: [OFFICE]}, departures=departures) == [(time(8), time(11)), (time(19), time(20))]


def test_nothing_gives_time_back_in_a_leave():
    added = Departure(day=MONDAY, hours=(time(18), time(20)), adds=True)
    assert free_on(MONDAY, week={0: [OFFICE]}, departures=[added], leaves=[(MONDAY, MONDAY)]) == []


def test_a_holiday_takes_the_week_but_not_what_was_offered_for_that_day():
    added = Departure(day=MONDAY, hours=(time(18), time(20)), adds=True)
    assert free_on(MONDAY, week={0: [OFFICE]}, departures=[added], kind=DayKind.OFF) == [(time(18), time(20))]


def test_a_make_up_saturday_works_like_monday_unless_it_has_hours_of_its_own():
    saturday, morning = date(2027, 3, 6), (time(9), time(10))
    assert free_on(saturday, week={0: [OFFICE]}, kind=DayKind.MAKE_UP) == [OFFICE]
    assert free_on(saturday, week={0: [OFFICE], 5: [morning]}, kind=DayKind.MAKE_UP) == [morning]
    assert free_on(saturday, week={0: [OFFICE]}) == []
