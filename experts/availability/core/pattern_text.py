"""A person's weeks as people write them in a cell or a field, in either language. Pure.

`Mon 08:00–12:00, 14:00–18:00; Wed 09:00–12:00 every 2 weeks from 2026-11-30` or
`周一 08:00–12:00，14:00–18:00；周三 09:00–12:00 每2周 自2026-11-30起`; a line break parts like a semicolon.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from datetime import date, time

from experts.availability.core import week_text
from experts.availability.core.time_intervals import Hours
from experts.availability.core.week_pattern import MOST_WEEKS, WeekSpan, in_order, monday
from experts.availability.core.week_text import Unreadable

ENGLISH = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
CHINESE = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
NONE = frozenset({"-", "–", "—", "none", "no", "无", "空"})
"""A cell that says that no time is free."""
_PARTS = re.compile(r"\s*[;；|\n]\s*")
_PART = re.compile(
    r"(?P<days>\D+?)\s*(?P<hours>\d.*?)\s*(?P<rhythm>[,，]?\s*(?:every|each|from|since|每|隔|自|从).*)?", re.IGNORECASE
)
_RHYTHM = re.compile(
    r"[,，]?\s*(?:(?:every|each|每)\s*(?P<every>\d+|week|other|second|third|fourth|两|二|三|四|一|周)?"
    r"\s*(?:个?(?:weeks?|周|星期))?|(?P<other>隔(?:一)?周))?"
    r"[\s,，]*(?:(?:from|since|自|从)\s*(?:the\s+week\s+of\s*)?(?P<since>\d{4}[-/.年]\s?\d{1,2}[-/.月]\s?\d{1,2})日?\s*(?:起|开始)?)?",
    re.IGNORECASE,
)
_NUMBERS = {
    "other": 2,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "两": 2,
    "二": 2,
    "三": 3,
    "四": 4,
    "一": 1,
    "week": 1,
    "周": 1,
}
_DAY = re.compile(r"(mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?|(?:周|星期|礼拜)([一二三四五六日天])", re.IGNORECASE)
_RANGE = re.compile(r"\s*(?:-|–|—|~|～|至|到|to)\s*", re.IGNORECASE)
_ZH = "一二三四五六日"


def read(text: str) -> list[WeekSpan]:
    """The stretches in order. Raises Unreadable: `shape`, `order`, `overlap` (within a part), `rhythm`, `since`."""
    if text.strip().casefold() in NONE:
        return []
    found = [span for part in _PARTS.split(text.strip()) if part for span in _part(part)]
    return in_order(found)


def write(pattern: Iterable[WeekSpan], *, chinese: bool) -> str:
    """The same text in its one canonical spelling; `read` gives the pattern back."""
    days, comma, semicolon = (CHINESE, "，", "；") if chinese else (ENGLISH, ", ", "; ")
    parts = []
    grouped = itertools.groupby(_by_rhythm(pattern), key=lambda one: (one.weekday, one.every, one.since))
    for (weekday, every, since), spans in grouped:
        hours = comma.join(week_text.write([one.hours]) for one in spans)
        parts.append(f"{days[weekday]} {hours}{rhythm(every, since, chinese=chinese)}")
    return semicolon.join(parts)


def rhythm(every: int, since: date | None, *, chinese: bool) -> str:
    """What follows the hours, with a space before it; empty where they hold every week."""
    said = ""
    if every > 1:
        said += f" 每{every}周" if chinese else f" every {every} weeks"
    if since is not None:
        said += f" 自{since.isoformat()}起" if chinese else f" from {since.isoformat()}"
    return said


def _by_rhythm(pattern: Iterable[WeekSpan]) -> list[WeekSpan]:
    return sorted(pattern, key=lambda one: (one.weekday, one.every, one.since or date.min, one.start))


def _part(part: str) -> Iterator[WeekSpan]:
    match = _PART.fullmatch(part)
    if match is None:
        raise Unreadable("shape", part)
    every, since = _rhythm(match["rhythm"] or "", part)
    hours = _hours(match["hours"].rstrip(",，、 "), part)
    for day in _days(match["days"].strip(" :："), part):
        yield from (WeekSpan(day, start, end, every, since) for start, end in hours)


def _hours(text: str, part: str) -> list[tuple[time, time]]:
    found: list[Hours] = week_text.read(text)
    if not found:
        raise Unreadable("shape", part)
    return found


def _rhythm(text: str, part: str) -> tuple[int, date | None]:
    match = _RHYTHM.fullmatch(text.strip())
    if match is None:
        raise Unreadable("rhythm", part)
    every = 2 if match["other"] else _number(match["every"] or "1")
    if not 1 <= every <= MOST_WEEKS:
        raise Unreadable("rhythm", part)
    if match["since"] is None:
        if every > 1:
            raise Unreadable("since", part)
        return 1, None
    try:
        return every, monday(date(*map(int, re.findall(r"\d+", match["since"]))))
    except (ValueError, OverflowError):
        raise Unreadable("since", part) from None


def _number(text: str) -> int:
    return _NUMBERS.get(text.lower()) or int(text)


def _days(text: str, part: str) -> list[int]:
    """`Mon`, `Mon–Fri`, `周一、周三`."""
    found: list[int] = []
    for piece in re.split(r"\s*(?:[,，、/&+]|\band\b|和)\s*", text):
        ends = [_day(one, part) for one in _RANGE.split(piece)]
        if len(ends) > 2 or (len(ends) == 2 and ends[1] < ends[0]):
            raise Unreadable("shape", part)
        found += range(ends[0], ends[-1] + 1)
    return sorted(set(found))


def _day(text: str, part: str) -> int:
    match = _DAY.fullmatch(text.strip())
    if match is None:
        raise Unreadable("shape", part)
    if match[2]:
        return _ZH.index(match[2].replace("天", "日"))
    return [one.lower() for one in ENGLISH].index(match[1].lower())
