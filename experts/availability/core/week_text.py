"""The hours of one weekday as people write them: `08:00–12:00, 14:00–18:00`. Pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from datetime import time

from experts.availability.core.time_intervals import Hours, over_midnight, too_long

_BETWEEN = re.compile(r"\s*(?:-|–|—|~|～|至|to)\s*", re.IGNORECASE)
_STRETCHES = re.compile(r"\s*[,，;；、]\s*")
_CLOCK = re.compile(r"(\d{1,2})(?:[:：.]?(\d{2}))?")


class Unreadable(ValueError):
    """A part of the text is no stretch of time; `part` is that part, `code` says what is wrong with it."""

    def __init__(self, code: str, part: str) -> None:
        super().__init__(code, part)
        self.code, self.part = code, part


def read(text: str) -> list[Hours]:
    """The stretches in order; none for an empty text. Raises Unreadable: `shape`, `order` or `overlap`."""
    parts = [part for part in _STRETCHES.split(text.strip()) if part]
    found = sorted(_stretch(part) for part in parts)
    for first, second in itertools.pairwise(found):
        if over_midnight(first) or second[0] < first[1]:
            raise Unreadable("overlap", f"{write([first])}, {write([second])}")
    return found


def write(hours: Iterable[Hours]) -> str:
    """The same text in its one canonical spelling."""
    return ", ".join(f"{start:%H:%M}–{end_of_day(end)}" for start, end in hours)


def end_of_day(end: time) -> str:
    """An end on the clock: midnight is 24:00."""
    return f"{end:%H:%M}" if end != time() else "24:00"


def _stretch(part: str) -> Hours:
    ends = _BETWEEN.split(part)
    if len(ends) != 2:
        raise Unreadable("shape", part)
    start, end = (_clock(one, part) for one in ends)
    if too_long((start, end)):
        raise Unreadable("order", part)
    return start, end


def _clock(text: str, part: str) -> time:
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        raise Unreadable("shape", part)
    hour, minute = int(match[1]), int(match[2] or 0)
    if (hour, minute) == (24, 0):
        return time()
    if hour > 23 or minute > 59:
        raise Unreadable("shape", part)
    return time(hour, minute)
