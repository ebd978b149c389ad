"""Days and times as people type them, and as a field shows them: in the page's language, by a clock of 24 hours.

    read_day("24 Nov 2026")  read_day("2026-11-24")  read_day("2026年11月24日")  read_day("24/11/2026")
    read_hour("9:05")  read_hour("0905")  read_hour("下午2点30分")  read_hour("2:30 pm")

What can be meant in two ways (03/04/2026) is not guessed: `None`, like everything that is no day or no time.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time

from django.utils import translation

from mdt_portal.i18n import clock

ENGLISH_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
YEAR_FIRST = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?")
TOGETHER = re.compile(r"(\d{4})(\d\d)(\d\d)")
YEAR_LAST = re.compile(r"(\d{1,2})\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{4})")
DAY_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[\s.-]+([a-z]{3,9})\.?,?[\s.-]+(\d{4})")
MONTH_DAY = re.compile(r"([a-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})")
HOUR = re.compile(
    r"(?P<before>上午|下午|晚上)?\s*(?P<h>\d{1,2})\s*(?:[:.点时h]\s*(?P<m>\d{1,2})?\s*分?(?::00)?)?\s*(?P<after>am|pm)?"
)
LATE = frozenset({"下午", "晚上", "pm"})


def is_chinese() -> bool:
    return (translation.get_language() or "").startswith("zh")


def write_day(on: date) -> str:
    """`24 Nov 2026`; `2026-11-24` on a Chinese page."""
    return f"{on:%Y-%m-%d}" if is_chinese() else f"{on.day} {ENGLISH_MONTHS[on.month - 1][:3].title()} {on.year}"


def write_hour(at: time | datetime) -> str:
    return f"{at:%H:%M}"


def write_moment(at: datetime) -> str:
    return f"{write_day(at.date())} {write_hour(at)}"


def read_day(text: str) -> date | None:
    plain = _plain(text)
    for pattern in (YEAR_FIRST, TOGETHER):
        if found := pattern.fullmatch(plain):
            return _day(*found.groups())
    if found := DAY_MONTH.fullmatch(plain):
        return _day(found[3], _month(found[2]), found[1])
    if found := MONTH_DAY.fullmatch(plain):
        return _day(found[3], _month(found[1]), found[2])
    if found := YEAR_LAST.fullmatch(plain):
        meant = {_day(found[3], found[2], found[1]), _day(found[3], found[1], found[2])} - {None}
        return meant.pop() if len(meant) == 1 else None
    return None


def read_hour(text: str) -> time | None:
    plain = _plain(text)
    if re.fullmatch(r"\d{3,4}", plain):
        plain = f"{plain[:-2]}:{plain[-2:]}"
    found = HOUR.fullmatch(plain)
    if found is None or not re.search(r"[:.点时h]|am|pm", plain) or (found["before"] and found["after"]):
        return None
    hour, minute = int(found["h"]), int(found["m"] or 0)
    half = found["before"] or found["after"]
    if half and not 1 <= hour <= 12:
        return None
    if half:
        hour = hour % 12 + (12 if half in LATE else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def read_moment(text: str) -> datetime | None:
    """A day and a time with a space between them: `24 Nov 2026 14:30`; without a zone."""
    plain = re.sub(r"(?<=\d)t(?=\d)", " ", _plain(text))
    for at in (found.start() for found in re.finditer(r"\s+", plain)):
        day, hour = read_day(plain[:at]), read_hour(plain[at:])
        if day and hour:
            return datetime.combine(day, hour)
    return None


def month_names() -> list[str]:
    return [str(month) for month in clock.MONTHS]


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip().lower()


def _month(word: str) -> int:
    """The number of an English month, whole or in three letters; 0 for another word."""
    known = {"sept": 9}
    for number, name in enumerate(ENGLISH_MONTHS, 1):
        known |= {name: number, name[:3]: number}
    return known.get(word, 0)


def _day(year: str, month: str | int, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
