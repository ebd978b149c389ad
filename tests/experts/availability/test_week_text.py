"""The hours of a weekday as people write them."""

from datetime import time

import pytest

from experts.availability.core import week_text
from experts.availability.core.week_text import Unreadable


@pytest.mark.parametrize(
    ("text", "hours", "written"),
    [
        ("8-12, 14:00–18:00", [(time(8), time(12)), (time(14), time(18))], "08:00–12:00, 14:00–18:00"),
        ("18:00–24:00", [(time(18), time())], "18:00–24:00"),
        ("22：00至2：00", [(time(22), time(2))], "22:00–02:00"),
        ("0:00-24:00", [(time(), time())], "00:00–24:00"),
    ],
)
def test_what_is_written_is_read(text: str, hours: list[week_text.Hours], written: str) -> None:
    assert week_text.read(text) == hours
    assert week_text.write(hours) == written
    assert week_text.read(written) == hours


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("12:00–08:00", "order"),
        ("8:00–8:00", "order"),
        ("25:00–26:00", "shape"),
        ("20:00–02:00, 22:00–23:00", "overlap"),
    ],
)
def test_what_is_a_mistake_is_named(text: str, code: str) -> None:
    with pytest.raises(Unreadable) as raised:
        week_text.read(text)
    assert raised.value.code == code
