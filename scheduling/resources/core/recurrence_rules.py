"""Recurrence rules (RFC 5545) as the choices of a form, and back. Pure.

What a form cannot say (a yearly rule, a count, the last working day) stays the text that it is: `read` gives None.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from scheduling.problem.core.recurrence import DAYS

LAST = -1
PLACES = (1, 2, 3, 4, LAST)
WEEKLY, MONTHLY, ONCE = "weekly", "monthly", "once"
_NAMED = re.compile(r"([+-]?\d+)?(MO|TU|WE|TH|FR|SA|SU)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Every `interval` weeks on `weekdays` (0 = Monday); or each month on their `places` (-1 = the last); or once."""

    kind: str
    weekdays: tuple[int, ...] = ()
    interval: int = 1
    places: tuple[int, ...] = ()


def write(pattern: Pattern) -> str:
    """The rule, empty for a single day."""
    days = [DAYS[day] for day in sorted(set(pattern.weekdays))]
    if pattern.kind == WEEKLY:
        every = f"INTERVAL={pattern.interval};" if pattern.interval > 1 else ""
        return f"FREQ=WEEKLY;{every}BYDAY={','.join(days)}"
    if pattern.kind == MONTHLY:
        places = [place for place in PLACES if place in pattern.places]
        return f"FREQ=MONTHLY;BYDAY={','.join(f'{place}{day}' for place in places for day in days)}"
    return ""


def read(rule: str) -> Pattern | None:
    """The choices that a rule stands for; None where they cannot say it."""
    if not rule:
        return Pattern(kind=ONCE)
    parts = dict(part.partition("=")[::2] for part in rule.upper().split(";"))
    named = [_NAMED.fullmatch(one) for one in parts.pop("BYDAY", "").split(",")]
    frequency, interval = parts.pop("FREQ", ""), parts.pop("INTERVAL", "1")
    parts.pop("WKST", None)
    if parts or not all(named) or not interval.isdecimal():
        return None
    pairs = [(int(one[1] or 0), DAYS.index(one[2])) for one in named if one]
    weekdays = tuple(sorted({day for _, day in pairs}))
    places = tuple(place for place in PLACES if place in {place for place, _ in pairs})
    if frequency == "WEEKLY" and not any(place for place, _ in pairs) and interval in ("1", "2"):
        return Pattern(kind=WEEKLY, weekdays=weekdays, interval=int(interval))
    even = set(pairs) == {(place, day) for place in places for day in weekdays}
    if frequency == "MONTHLY" and interval == "1" and even:
        return Pattern(kind=MONTHLY, weekdays=weekdays, places=places)
    return None
