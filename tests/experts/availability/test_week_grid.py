"""The week as half hours and back."""

from datetime import time

from hypothesis import given
from hypothesis import strategies as st

from experts.availability.core import week_grid
from experts.availability.core.week_grid import Cell

STRETCHES = st.tuples(st.integers(0, 6), st.integers(0, 1439), st.integers(0, 1439)).filter(lambda one: one[1] < one[2])
WEEKS = st.lists(STRETCHES.map(lambda one: (one[0], week_grid.clock(one[1]), week_grid.clock(one[2]))), max_size=8)


def minutes(week: list[week_grid.WeeklyHours]) -> set[tuple[int, int]]:
    """Every free minute of the week."""
    return {(day, m) for day, a, b in week for m in range(week_grid.minute(a), week_grid.minute(b))}


@given(WEEKS)
def test_nothing_is_lost_or_won_by_showing_a_week(week: list[week_grid.WeeklyHours]) -> None:
    painted, rest = week_grid.split(week)
    assert minutes(week_grid.join(painted, rest)) == minutes(week)
    assert not minutes([(one.weekday, one.start, one.end) for one in painted]) & minutes(rest)


def test_a_cell_is_painted_when_all_of_it_is_free() -> None:
    painted, rest = week_grid.split([(1, time(6, 45), time(8, 15)), (1, time(19, 30), time(20, 30))])
    assert painted == {Cell(1, 7 * 60), Cell(1, 7 * 60 + 30), Cell(1, 19 * 60 + 30)}
    assert rest == [(1, time(6, 45), time(7)), (1, time(8), time(8, 15)), (1, time(20), time(20, 30))]


def test_what_touches_becomes_one_stretch() -> None:
    assert week_grid.join([Cell(0, 480), Cell(0, 510)], [(0, time(9), time(9, 10))]) == [(0, time(8), time(9, 10))]
