"""Times in words, by the hospital's clock and in the active language. Moments in, words out; no database."""

from __future__ import annotations

import json
import zoneinfo
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext, pgettext_lazy

DEFAULT_ZONE = "Asia/Shanghai"
NEAR_MIN = 24 * 60  # from here on a limit is shown as near


def zone(name: str | tzinfo | None) -> tzinfo:
    """The time zone of a hospital, given by name or as it is; the default where none is given."""
    return name if isinstance(name, tzinfo) else zoneinfo.ZoneInfo(str(name or DEFAULT_ZONE))


def midnights(on: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """When a day begins and ends by this clock."""
    first = datetime(on.year, on.month, on.day, tzinfo=zone)
    last = on + timedelta(days=1)
    return first, datetime(last.year, last.month, last.day, tzinfo=zone)


def zone_words(at: datetime) -> str:
    """`UTC+8`, `UTC-3:30`: the offset of a moment in its own zone, for the sentence that names the clock."""
    offset_min = int((at.utcoffset() or timedelta()).total_seconds()) // 60
    sign = "-" if offset_min < 0 else "+"
    hours, minutes = divmod(abs(offset_min), 60)
    return f"UTC{sign}{hours}" + (f":{minutes:02}" if minutes else "")


def span(minutes: float) -> str:
    """A length of time, at most two units: `2 days 1 h`, `5 h 18 min`, `40 min`."""
    total = int(minutes)
    days, rest = divmod(total, 24 * 60)
    h, m = divmod(rest, 60)
    if days:
        words = ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
        return pgettext("time span", "%(days)s %(h)d h") % {"days": words, "h": h} if h else words
    if h:
        return (pgettext("time span", "%(h)d h %(m)d min") if m else pgettext("time span", "%(h)d h")) % {
            "h": h,
            "m": m,
        }
    return pgettext("time span", "%(m)d min") % {"m": m}


def hour(at: datetime) -> str:
    return f"{at:%H:%M}"


WEEKDAYS = (
    pgettext_lazy("weekday", "Mon"),
    pgettext_lazy("weekday", "Tue"),
    pgettext_lazy("weekday", "Wed"),
    pgettext_lazy("weekday", "Thu"),
    pgettext_lazy("weekday", "Fri"),
    pgettext_lazy("weekday", "Sat"),
    pgettext_lazy("weekday", "Sun"),
)
MONTHS = (
    pgettext_lazy("month", "Jan"),
    pgettext_lazy("month", "Feb"),
    pgettext_lazy("month", "Mar"),
    pgettext_lazy("month", "Apr"),
    pgettext_lazy("month", "May"),
    pgettext_lazy("month", "Jun"),
    pgettext_lazy("month", "Jul"),
    pgettext_lazy("month", "Aug"),
    pgettext_lazy("month", "Sep"),
    pgettext_lazy("month", "Oct"),
    pgettext_lazy("month", "Nov"),
    pgettext_lazy("month", "Dec"),
)


def weekday(on: date) -> str:
    return str(WEEKDAYS[on.weekday()])


def day(on: date, *, today: date | None = None) -> str:
    """`Tue 24 Nov`; the year is added where it is not this one."""
    parts = {"weekday": weekday(on), "day": on.day, "month": MONTHS[on.month - 1], "year": on.year}
    if today is not None and on.year != today.year:
        return pgettext("date", "%(weekday)s %(day)d %(month)s %(year)d") % parts
    return pgettext("date", "%(weekday)s %(day)d %(month)s") % parts


def full_day(on: date) -> str:
    """`24 Nov 2026`: a day of any year, for sentences."""
    parts = {"day": on.day, "month": MONTHS[on.month - 1], "year": on.year}
    return pgettext("date", "%(day)d %(month)s %(year)d") % parts


def month(on: date) -> str:
    """`Nov 2026`"""
    return pgettext("date", "%(month)s %(year)d") % {"month": MONTHS[on.month - 1], "year": on.year}


def short_day(on: date, *, today: date) -> str:
    """`today`, `Thu` within the next six days, else `3 Dec`: as short as it stays unmistakable."""
    if on == today:
        return pgettext("day", "today")
    if timedelta() < on - today < timedelta(days=7):
        return weekday(on)
    parts = {"day": on.day, "month": MONTHS[on.month - 1], "year": on.year}
    if on.year != today.year:
        return pgettext("date", "%(day)d %(month)s %(year)d") % parts
    return pgettext("date", "%(day)d %(month)s") % parts


def when(at: datetime, *, now: datetime) -> str:
    """`today 14:40`, `Thu 09:20`, `3 Dec 09:20`. Both moments in the hospital's zone."""
    return _("%(day)s %(time)s") % {"day": short_day(at.date(), today=now.date()), "time": hour(at)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Countdown:
    """A limit in words: how long still, then the clock time. `line_over` replaces `line` once it has passed."""

    level: str  # far, near, over
    words: str
    line: str
    line_over: str


def countdown(due: datetime, *, now: datetime, near_min: int = NEAR_MIN) -> Countdown:
    """What is left until `due` at `now`, both in the hospital's zone."""
    left_min = (due - now).total_seconds() / 60
    today = due.date() == now.date()
    parts = {"day": short_day(due.date(), today=now.date()), "time": hour(due)}
    line = (_("by %(time)s today") if today else _("by %(day)s %(time)s")) % parts
    line_over = (_("limit was %(time)s") if today else _("limit was %(day)s %(time)s")) % parts
    if left_min < 0:
        words = _("%(span)s over") % {"span": span(-left_min)}
        return Countdown(level="over", words=words, line=line, line_over=line_over)
    words = _("%(span)s left") % {"span": span(left_min)}
    return Countdown(level="near" if left_min < near_min else "far", words=words, line=line, line_over=line_over)


def word_templates() -> str:
    """The words of `span` and `countdown` as JSON, so that the page can go on counting by itself."""
    return json.dumps(
        {
            "day": ngettext("%(n)d day", "%(n)d days", 1),
            "days": ngettext("%(n)d day", "%(n)d days", 2),
            "dh": pgettext("time span", "%(days)s %(h)d h"),
            "hm": pgettext("time span", "%(h)d h %(m)d min"),
            "h": pgettext("time span", "%(h)d h"),
            "m": pgettext("time span", "%(m)d min"),
            "left": _("%(span)s left"),
            "over": _("%(span)s over"),
        },
        ensure_ascii=False,
    )
