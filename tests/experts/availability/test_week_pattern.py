"""Weeks that are not all alike: every second, third or fourth one from a start."""

from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.availability.core import pattern_text, week_pattern
from experts.availability.core.week_pattern import WeekSpan
from experts.availability.core.week_text import Unreadable

MONDAY = date(2026, 11, 30)
MORNING, AFTERNOON = (time(8), time(12)), (time(14), time(18))
quarters = st.integers(0, 95).map(lambda n: time(n // 4, n % 4 * 15))
mondays = st.integers(0, 60).map(lambda n: MONDAY + timedelta(weeks=n - 20))
spans = st.builds(
    lambda day, ends, every, since: WeekSpan(day, *sorted(ends), every, since),
    st.integers(0, 6),
    st.lists(quarters, min_size=2, max_size=2, unique=True),
    st.integers(1, 4),
    mondays,
) | st.builds(
    lambda day, ends: WeekSpan(day, *sorted(ends)),
    st.integers(0, 6),
    st.lists(quarters, min_size=2, max_size=2, unique=True),
)
patterns = st.lists(spans, max_size=5).map(week_pattern.in_order)


def days_of(span: WeekSpan, count: int = 8) -> list[int]:
    """The numbers of the weeks from MONDAY on in which it holds."""
    return [n for n in range(count) if week_pattern.holds(span, MONDAY + timedelta(weeks=n, days=3))]


def test_every_nth_week_counts_from_its_start_and_never_before_it() -> None:
    assert days_of(WeekSpan(0, *MORNING)) == list(range(8))
    assert days_of(WeekSpan(0, *MORNING, 2, MONDAY)) == [0, 2, 4, 6]
    assert days_of(WeekSpan(0, *MORNING, 3, MONDAY + timedelta(weeks=1))) == [1, 4, 7]
    assert days_of(WeekSpan(0, *MORNING, 1, MONDAY + timedelta(weeks=5))) == [5, 6, 7]


def test_a_sunday_night_of_every_second_week_ends_in_the_week_after() -> None:
    night = WeekSpan(6, time(22), time(6), 2, MONDAY)
    assert list(week_pattern.split_at_midnight([night])) == [
        WeekSpan(6, time(22), time(), 2, MONDAY),
        WeekSpan(0, time(), time(6), 2, MONDAY + timedelta(weeks=1)),
    ]


@given(patterns)
def test_two_stretches_overlap_where_they_share_a_minute_of_some_week(pattern: list[WeekSpan]) -> None:
    far = MONDAY + timedelta(weeks=50)  # all have begun by then; twelve weeks hold every rhythm
    shared = any(
        one.weekday == other.weekday
        and max(one.start, other.start) < min(one.end, other.end)
        and any(
            week_pattern.holds(one, week) and week_pattern.holds(other, week)
            for week in (far + timedelta(weeks=n) for n in range(12))
        )
        for index, one in enumerate(pattern)
        for other in pattern[index + 1 :]
    )
    assert (week_pattern.overlapping(pattern) is not None) == shared


@given(patterns.filter(lambda found: week_pattern.overlapping(found) is None), st.booleans())
def test_what_is_written_is_read_again_in_either_language(pattern: list[WeekSpan], chinese: bool) -> None:
    text = pattern_text.write(pattern, chinese=chinese)
    assert pattern_text.read(text) == pattern


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mon 08:00–12:00, 14:00–18:00", [WeekSpan(0, *MORNING), WeekSpan(0, *AFTERNOON)]),
        ("mon-tue 8-12", [WeekSpan(0, *MORNING), WeekSpan(1, *MORNING)]),
        ("Monday and Thursday 8:00 to 12:00", [WeekSpan(0, *MORNING), WeekSpan(3, *MORNING)]),
        (
            "周一至周二 08:00-12:00；星期日 14：00~18：00",
            [WeekSpan(0, *MORNING), WeekSpan(1, *MORNING), WeekSpan(6, *AFTERNOON)],
        ),
        ("周一、周四 8:00至12:00 隔周 自2026年12月2日起", [WeekSpan(day, *MORNING, 2, MONDAY) for day in (0, 3)]),
        (
            "Tue 08:00–12:00 every second week from 2026-11-30\nWed 8-12",
            [WeekSpan(1, *MORNING, 2, MONDAY), WeekSpan(2, *MORNING)],
        ),
        ("Tue 08:00–12:00, every 3 weeks from the week of 2026-12-06", [WeekSpan(1, *MORNING, 3, MONDAY)]),
        ("周二 08:00–12:00 每4周，自2026-11-30起", [WeekSpan(1, *MORNING, 4, MONDAY)]),
        ("Tue 08:00–12:00 from 2027-01-04", [WeekSpan(1, *MORNING, 1, date(2027, 1, 4))]),
        ("Tue 22:00–24:00", [WeekSpan(1, time(22), time())]),
        ("-", []),
        ("无", []),
    ],
)
def test_what_people_write(text: str, expected: list[WeekSpan]) -> None:
    assert pattern_text.read(text) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("08:00–12:00", "shape"),
        ("Mon", "shape"),
        ("Someday 08:00–12:00", "shape"),
        ("Fri-Mon 08:00–12:00", "shape"),
        ("Mon 12:00–12:00", "order"),
        ("Mon 08:00–12:00, 11:00–13:00", "overlap"),
        ("Mon 08:00–12:00 every 5 weeks from 2026-11-30", "rhythm"),
        ("Mon 08:00–12:00 every 0 weeks from 2026-11-30", "rhythm"),
        ("Mon 08:00–12:00 every month", "rhythm"),
        ("Mon 08:00–12:00 every 2 weeks", "since"),
        ("Mon 08:00–12:00 every 2 weeks from 2026-02-30", "since"),
        ("Mon 08:00–12:00 every 2 weeks from 0000-01-01", "since"),
    ],
)
def test_what_is_no_time_of_a_week(text: str, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        pattern_text.read(text)
    assert refused.value.code == code


def test_patterns_are_joined_rhythm_by_rhythm() -> None:
    second = WeekSpan(0, *MORNING, 2, MONDAY)
    found = week_pattern.joined([WeekSpan(0, *AFTERNOON), second], [WeekSpan(0, time(12), time(15)), second])
    assert found == [second, WeekSpan(0, time(12), time(18))]
    assert week_pattern.joined([second], [WeekSpan(0, time(9), time(18))]) == [
        second._replace(end=time(9)),
        WeekSpan(0, time(9), time(18)),
    ]
    assert week_pattern.hours_a_week([WeekSpan(1, *MORNING), second]) == 6
