"""Times by the hospital's clock, and how long something takes."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from django import template
from django.template import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from mdt_portal.i18n import clock

register = template.Library()


def _local(context: Context, at: datetime) -> datetime:
    return at.astimezone(clock.zone(context.get("hospital_zone")))


def _now(context: Context) -> datetime:
    return _local(context, context.get("now") or timezone.now())


def _time_tag(at: datetime, words: str) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', at.isoformat(timespec="minutes"), words)


@register.simple_tag(takes_context=True)
def hospital_time(context: Context, at: datetime | None) -> str:
    """`14:40`"""
    if at is None:
        return ""
    local = _local(context, at)
    return _time_tag(local, clock.hour(local))


@register.simple_tag(takes_context=True)
def hospital_date(context: Context, at: datetime | date | None) -> str:
    """`Tue 24 Nov`, with the year where it is not this one."""
    if at is None:
        return ""
    on = _local(context, at).date() if isinstance(at, datetime) else at
    words = clock.day(on, today=_now(context).date())
    return format_html('<time datetime="{}">{}</time>', on.isoformat(), words)


@register.simple_tag(takes_context=True)
def hospital_when(context: Context, at: datetime | None) -> str:
    """`today 14:40`, `Thu 09:20`, `3 Dec 09:20`"""
    if at is None:
        return ""
    local = _local(context, at)
    return _time_tag(local, clock.when(local, now=_now(context)))


@register.simple_tag(takes_context=True)
def time_range(context: Context, start: datetime, end: datetime) -> str:
    """`14:00–15:40`"""
    first, last = _local(context, start), _local(context, end)
    return format_html("{}–{}", _time_tag(first, clock.hour(first)), _time_tag(last, clock.hour(last)))


@register.simple_tag
def clock_hours(start: time, end: time) -> str:
    """`08:00–12:00` of a day: `20:00–24:00` until midnight, `22:00–02:00 (next day)` beyond it."""
    if end == time():
        return f"{start:%H:%M}–24:00"
    words = f"{start:%H:%M}–{end:%H:%M}"
    return words if start < end else _("%(hours)s (next day)") % {"hours": words}


@register.simple_tag(takes_context=True)
def clock_name(context: Context) -> str:
    """`hospital time (UTC+8)`: the words that name the clock."""
    return _("hospital time (%(zone)s)") % {"zone": clock.zone_words(_now(context))}


@register.filter
def full_day(value: date | str) -> str:
    """`4 May 1961`; a text that is no day stays as it is."""
    try:
        return clock.full_day(date.fromisoformat(value) if isinstance(value, str) else value)
    except ValueError:
        return str(value)


@register.filter
def minutes(value: float | None) -> str:
    """`20 min`, `1 h 18 min`, `2 days 1 h`"""
    return "" if value is None else clock.span(value)


@register.inclusion_tag("partials/_countdown.html", takes_context=True)
def countdown(
    context: Context, due: datetime | None, *, near_min: int = clock.NEAR_MIN, tick: bool = True
) -> dict[str, Any]:
    """What is left until `due`. It goes on counting in the page unless `tick=False`."""
    if due is None:
        return {"countdown": None}
    words = clock.countdown(_local(context, due), now=_now(context), near_min=near_min)
    return {"countdown": words, "due": due, "near_min": near_min, "tick": tick}


@register.inclusion_tag("partials/_countdown.html")
def countdown_of(words: clock.Countdown | None, due: datetime | None) -> dict[str, Any]:
    """The same of a limit that is in words already."""
    return {"countdown": words, "due": due, "near_min": clock.NEAR_MIN, "tick": True}


@register.inclusion_tag("partials/_waiting.html", takes_context=True)
def waiting(context: Context, since: datetime) -> dict[str, Any]:
    """How long something has waited where there is no limit."""
    local, now = _local(context, since), _now(context)
    return {"span": clock.span(max((now - local).total_seconds() / 60, 0)), "when": clock.when(local, now=now)}


@register.simple_tag(takes_context=True)
def clock_time(context: Context) -> SafeString:
    """Date and time of the hospital, which app.js keeps going."""
    now = _now(context)
    return format_html(
        '<time class="clock" datetime="{}" data-clock data-zone="{}" title="{}"><span data-clock-day>{}</span> '
        "<b data-clock-hour>{}</b></time>",
        now.isoformat(timespec="seconds"),
        context.get("hospital_zone") or clock.DEFAULT_ZONE,
        clock_name(context),
        clock.day(now.date()),
        clock.hour(now),
    )
