"""Days of birth and of a disease: read once for form, API and FHIR, and judged once. No database."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from cases.core import days

TODAY = date(2026, 11, 30)


@pytest.mark.parametrize(
    ("text", "known", "middle"),
    [
        ("1961-04-03", date(1961, 4, 3), date(1961, 4, 3)),
        ("1961-04", None, date(1961, 4, 15)),
        ("1961", None, date(1961, 7, 1)),
        ("1961年4月3日", date(1961, 4, 3), date(1961, 4, 3)),
        ("１９６１年０４月０３号", date(1961, 4, 3), date(1961, 4, 3)),
        ("1961年4月", None, date(1961, 4, 15)),
        ("1961年", None, date(1961, 7, 1)),
        ("2026-11-24T23:30:00Z", date(2026, 11, 25), date(2026, 11, 25)),
        ("2026-11-24T23:30:00-05:00", date(2026, 11, 25), date(2026, 11, 25)),
        ("2026-11-24T23:30", date(2026, 11, 24), date(2026, 11, 24)),
    ],
)
def test_a_day_is_read_as_far_as_it_is_known(text: str, known: date | None, middle: date) -> None:
    given = days.read(text, ZoneInfo("Asia/Shanghai"))
    assert given is not None
    assert (given.known, given.day) == (known, middle)


@pytest.mark.parametrize(
    "text",
    ["", "1961-02-31", "1961-13", "3/4/1961", "2026/10/01", "61-04-03", "1961-4-3", "0000", "1961年13月",
     "2026-10-01T24:00:00Z", "0001-01-01T00:00:00+14:00", "yesterday", "19610403", "1961-04-03 x", "九月"],
)  # fmt: skip
def test_what_is_no_day_or_could_be_two_is_none(text: str) -> None:
    assert days.read(text, ZoneInfo("Asia/Shanghai")) is None


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        ("2026-11-30", True), ("2026-12-01", False), ("2026-11", True), ("2026-12", False), ("2026", True),
        ("2027", False), ("1896-01-01", True), ("1895-11-30", False), ("1895", True), ("1894", False),
        ("1850-01-01", False),
    ],
)  # fmt: skip
def test_nobody_is_born_tomorrow_or_older_than_anybody(text: str, possible: bool) -> None:
    given = days.read(text)
    assert given is not None
    assert days.is_birth(given, TODAY) is possible
    if given.precision == "year":
        assert days.is_birth_year(given.first.year, TODAY) is possible


def test_an_age_is_counted_from_the_middle_and_never_below_nothing() -> None:
    ages = [days.age_of(given, TODAY) for text in ("1961-12-01", "1961", "2026") if (given := days.read(text))]
    assert ages == [64, 65, 0]
    assert days.age_of(days.Given(first=date(2026, 1, 1), precision="year"), date(2026, 2, 1)) == 0
