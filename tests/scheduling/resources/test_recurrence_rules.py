"""Recurrence rules as choices of a form, and back."""

from itertools import combinations

import pytest

from scheduling.problem.core import recurrence
from scheduling.resources.core import recurrence_rules
from scheduling.resources.core.recurrence_rules import Pattern


def test_every_choice_survives_the_way_through_the_rule() -> None:
    days = [pair for size in (1, 2) for pair in combinations(range(7), size)]
    places = [pair for size in (1, 2, 5) for pair in combinations(recurrence_rules.PLACES, size)]
    patterns = [Pattern(kind="weekly", weekdays=one, interval=n) for one in days for n in (1, 2)]
    patterns += [Pattern(kind="monthly", weekdays=one, places=two) for one in days for two in places]
    for pattern in [*patterns, Pattern(kind="once")]:
        rule = recurrence_rules.write(pattern)
        assert recurrence_rules.read(rule) == pattern, rule
        assert not rule or recurrence.read(rule).text == rule


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=MONTHLY;BYMONTHDAY=15",
        "FREQ=WEEKLY;INTERVAL=3;BYDAY=TH",
        "FREQ=WEEKLY;BYDAY=TH;COUNT=3",
        "FREQ=MONTHLY;BYDAY=1MO,2TU",
        "FREQ=MONTHLY;BYDAY=TH",
        "FREQ=MONTHLY;INTERVAL=2;BYDAY=1MO",
        "FREQ=WEEKLY",
        "FREQ=YEARLY;BYDAY=1MO",
    ],
)
def test_a_rule_that_the_form_cannot_say_is_left_alone(rule: str) -> None:
    assert recurrence_rules.read(rule) is None
    assert recurrence.read(rule).text == rule
