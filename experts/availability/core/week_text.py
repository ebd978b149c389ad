"""The hours of one weekday as people write them: `08:00–12:00, 14:00–18:00`. Pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from datetime import time

Hours = tuple[time, time]
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
        if second[0] < first[1]:
            raise Unreadable("overlap", f"{write([first])}, {write([second])}")
    return found


def write(hours: Iterable[Hours]) -> str:
    """The same text in its one canonical spelling."""
    return ", ".join(f"{start:%H:%M}–{end:%H:%M}" for start, end in hours)


def _stretch(part: str) -> Hours:
    ends = _BETWEEN.split(part)
    if len(ends) != 2:
        raise Unreadable("shape", part)
    start, end = (_clock(one, part) for one in ends)
    if end <= start:
        raise Unreadable("order", part)
    return start, end


def _clock(text: str, part: str) -> time:
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        raise Unreadable("shape", part)
    hour, minute = int(match[1]), int(match[2] or 0)
    if hour > 23 or minute > 59:
        raise Unreadable("shape", part)
    return time(hour, minute)
