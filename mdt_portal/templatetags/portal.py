"""Tags and filters of the portal: icons, times by the hospital's clock, names in the reader's language, form fields.

    {% load portal %}
    {% icon "clock" %}  {% icon "video" label=_("Remote") %}  {% icon "mark" css="icon-lg" %}
    {% countdown case.due_at %}
    {% hospital_time at %}  {% hospital_date at %}  {% hospital_when at %}  {% time_range start end %}
    {{ 78|minutes }}  {{ expert|name }}  {{ expert|plain_name }}  {{ expert|initials }}  {{ percent|bar_class }}
    {{ names|listed }}
    {% crumbs _("Queue") queue_url case.number %}  {% field form.stage %}

and one tag for each part: tier, pill, countdown, waiting, note, person, seats, diff_row, empty, figures, steps,
session_card, work_row, pagination, progress_chart. What a part takes stands at the top of its partial; /styleguide/
shows each in every state. Query strings: Django's own {% querystring page=2 %}.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django import template
from django.conf import settings
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select
from django.template import Context
from django.template.loader import get_template
from django.templatetags.static import static
from django.utils import timezone, translation
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from mdt_portal import charts, clock, phrases

register = template.Library()
register.filter("listed", phrases.listed)

KEPT = 1024
"""So many pieces of HTML that lists repeat are remembered, of each kind."""

HAN = re.compile(r"[\u3400-\u9fff]")
HUE_ICONS = {
    "waiting": "st-waiting",
    "planned": "st-planned",
    "confirmed": "st-confirmed",
    "pending": "st-pending",
    "declined": "st-declined",
    "late": "st-late",
}


# Icons --------------------------------------------------------------------------------------------
@register.simple_tag
def icon(name: str, *, label: str = "", css: str = "") -> SafeString:
    """One symbol of the sprite. With a label it speaks for itself; without, the words beside it do."""
    return _icon(name, str(label), css)


@lru_cache(maxsize=KEPT, typed=True)
def _icon(name: str, label: str, css: str) -> SafeString:
    role = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    return format_html(
        '<svg class="icon{}" {}><use href="{}#i-{}"/></svg>',
        f" {css}" if css else "",
        role,
        static("portal/icons.svg"),
        name,
    )


# Time ---------------------------------------------------------------------------------------------
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


@register.simple_tag(takes_context=True)
def clock_name(context: Context) -> str:
    """`hospital time (UTC+8)`: the words that name the clock."""
    return _("hospital time (%(zone)s)") % {"zone": clock.zone_words(_now(context))}


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


# Names --------------------------------------------------------------------------------------------
def _named(value: Any) -> tuple[str, str]:
    """The name in the reader's language and the language it is really in."""
    chinese = (translation.get_language() or "").startswith("zh")
    if isinstance(value, str) or not hasattr(value, "name_zh"):
        text = str(value)
        return text, "zh-Hans" if HAN.search(text) else ("zh-Hans" if chinese else "en")
    zh, en = value.name_zh, value.name_en
    first, second = ((zh, "zh-Hans"), (en, "en")) if chinese else ((en, "en"), (zh, "zh-Hans"))
    return first if first[0] else second if second[0] else (str(value), "en")


@register.filter
def name(value: Any) -> str:
    """The name in the reader's language; marked with `lang` where it is only known in the other one."""
    if value is None or value == "":
        return ""
    text, language = _named(value)
    active = translation.get_language() or "en"
    if language[:2] == active[:2]:
        return text
    return format_html('<span lang="{}">{}</span>', language, text)


@register.filter
def plain_name(value: Any) -> str:
    """The same name without markup, for attributes and sentences."""
    return "" if value is None else _named(value)[0]


@register.filter
def initials(value: Any) -> str:
    """What stands in the round face: the Chinese family name, or two capital letters."""
    text = plain_name(value).strip()
    if not text:
        return "?"
    if HAN.search(text):
        return text[0]
    words = re.findall(r"\w+", text)
    return "".join(word[0] for word in words[:2]).upper() or "?"


# Parts: one tag for each partial, so that a part sees only what it is given -------------------------
def _moment(context: Context) -> dict[str, Any]:
    return {"now": context.get("now"), "hospital_zone": context.get("hospital_zone")}


@lru_cache(maxsize=KEPT, typed=True)  # typed: a text that is safe already is another one than the same text that is not
def _kept(partial: str, _language: str | None, **fields: str) -> SafeString:
    """A part that stands in every row of a list, and is made of a few words only: rendered once for all of them."""
    return mark_safe(get_template(partial).render(dict(fields)))  # noqa: S308  a template has escaped it


@register.simple_tag
def tier(value: str | None) -> SafeString:
    """The tier badge; an unknown or empty tier is shown as undecided."""
    return _kept("partials/_tier.html", translation.get_language(), tier=str(getattr(value, "value", value) or ""))


@register.simple_tag
def pill(status: Any = None, *, hue: str = "", label: str = "", icon: str = "") -> SafeString:
    """The pill of a status (with `hue` and `label`), or of a hue and a label given by hand."""
    hue = hue or getattr(status, "hue", "waiting")
    words = str(label or getattr(status, "label", status))
    return _kept("partials/_pill.html", translation.get_language(), hue=hue, label=words, icon=icon or HUE_ICONS[hue])


@register.inclusion_tag("partials/_note.html")
def note(
    level: str,
    text: Any = "",
    *,
    title: str = "",
    detail: str = "",
    url: str = "",
    action: str = "",
    toast: bool = False,
) -> dict[str, Any]:
    """A message: block, hold (blocks publishing), warn, info, ok."""
    if level not in ("block", "hold", "warn", "info", "ok"):
        raise template.TemplateSyntaxError(f"note: unknown level {level!r}")
    return {
        "level": level,
        "text": text,
        "title": title,
        "detail": detail,
        "url": url,
        "action": action,
        "toast": toast,
    }


@register.inclusion_tag("partials/_person.html")
def person(
    who: Any = None, *, second: str = "", remote: bool = False, chip: bool = False, hue: str = "", state: str = ""
) -> dict[str, Any]:
    """A person; nobody means that the seat is open."""
    return {"person": who, "second": second, "remote": remote, "chip": chip, "hue": hue, "state": state}


@register.inclusion_tag("partials/_seats.html")
def seats(rows: Sequence[Any]) -> dict[str, Any]:
    """The seats of a case or a session."""
    return {"seats": rows}


@register.inclusion_tag("partials/_diff_row.html")
def diff_row(
    kind: str, what: Any, *, detail: Any = "", before: Any = "", after: Any = "", told: int | None = None
) -> dict[str, Any]:
    """One change between two plans."""
    return {"kind": kind, "what": what, "detail": detail, "before": before, "after": after, "told": told}


@register.inclusion_tag("partials/_empty.html")
def empty(title: str, text: str = "", *, icon: str = "st-confirmed", url: str = "", action: str = "") -> dict[str, Any]:
    """Nothing here, and what that means."""
    return {"title": title, "text": text, "icon": icon, "url": url, "action": action}


@register.inclusion_tag("partials/_figures.html")
def figures(rows: Sequence[Any]) -> dict[str, Any]:
    """A strip of figures."""
    return {"figures": rows}


@register.inclusion_tag("partials/_steps.html")
def steps(rows: Sequence[Any]) -> dict[str, Any]:
    """The way of a case."""
    return {"steps": rows}


@register.inclusion_tag("partials/_session_card.html", takes_context=True)
def session_card(
    context: Context,
    *,
    url: str,
    start: datetime,
    end: datetime,
    team: Any,
    hue: str,
    state: str,
    place: Any = "",
    required: int = 0,
    suggested: int = 0,
    filled: int = 0,
    seats: int = 0,
    fill: float | None = None,
    draft: bool = False,
) -> dict[str, Any]:
    """A session in a list or on the board."""
    return {
        **_moment(context),
        "url": url,
        "start": start,
        "end": end,
        "team": team,
        "hue": hue,
        "state": state,
        "place": place,
        "required": required,
        "suggested": suggested,
        "filled": filled,
        "seats": seats,
        "fill": fill,
        "draft": draft,
    }


@register.inclusion_tag("partials/_work_row.html", takes_context=True)
def work_row(
    context: Context,
    *,
    kind: str,
    icon: str,
    what: Any,
    detail: Any = "",
    due: datetime | None = None,
    since: datetime | None = None,
    url: str = "",
    action: str = "",
    method: str = "get",
    primary: bool = False,
) -> dict[str, Any]:
    """One thing that needs a hand, with its one action."""
    return {
        **_moment(context),
        "kind": kind,
        "icon": icon,
        "what": what,
        "detail": detail,
        "due": due,
        "since": since,
        "url": url,
        "action": action,
        "method": method,
        "primary": primary,
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("partials/_pagination.html", takes_context=True)
def pagination(context: Context, page: Any, *, target: str = "") -> dict[str, Any]:
    """The foot of a list."""
    return {"page": page, "target": target, "request": context.get("request")}


@register.filter
def hue_icon(hue: str) -> str:
    """The glyph of a hue."""
    return HUE_ICONS[hue]


@register.filter
def bar_class(percent: float | None) -> str:
    """The width class of a bar: steps of 5 %, never over the end; a little is never shown as nothing."""
    value = min(max(float(percent or 0), 0), 100)
    step = round(value / 5) * 5
    if value > 0:
        step = max(step, 5)
    # 25, 50, 75 and 100 have names of their own: Bootstrap's are !important
    return f"w-{step}i" if step and step % 25 == 0 else f"w-{step}"


@register.filter
def percent_of(part: float | None, whole: float | None) -> int:
    """`{{ used|percent_of:capacity }}`, 0 where there is no whole."""
    return round(100 * (part or 0) / whole) if whole else 0


@register.inclusion_tag("partials/_crumbs.html")
def crumbs(*steps: str) -> dict[str, Any]:
    """Label and address by turns; the last label stands for this page and has no address."""
    pairs = [(str(steps[i]), steps[i + 1]) for i in range(0, len(steps) - 1, 2)]
    return {"steps": pairs, "here": steps[-1] if len(steps) % 2 else ""}


@register.inclusion_tag("partials/_progress_chart.html")
def progress_chart(
    best: Sequence[charts.Point], bound: Sequence[charts.Point], *, seconds: float, limit_s: float, uid: str = "run"
) -> dict[str, Any]:
    """Best plan and proven bound over time; points are (seconds, value)."""
    return {
        "chart": charts.progress(best, bound, seconds=seconds, limit_s=limit_s),
        "best": f"{best[-1][1]:,.0f}" if best else "",
        "bound": f"{bound[-1][1]:,.0f}" if bound else "",
        "seconds": round(seconds),
        "uid": uid,
    }


# Forms --------------------------------------------------------------------------------------------
@register.inclusion_tag("partials/_field.html")
def field(bound: BoundField, *, wide: bool = False, **attributes: Any) -> dict[str, Any]:
    """A form field with label, help and errors. Attributes go to the control; `_` in their names becomes `-`."""
    widget = bound.field.widget
    attrs = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items() if value is not None}
    kind = "text"
    if isinstance(widget, CheckboxSelectMultiple):
        kind = "checks"
    elif isinstance(widget, RadioSelect):
        kind = "segment"
    elif isinstance(widget, CheckboxInput):
        kind = "check"
    css = {"check": "form-check-input", "segment": "", "checks": "form-check-input"}.get(
        kind, "form-select" if isinstance(widget, Select) else "form-control"
    )
    if bound.errors and css:
        css += " is-invalid"
    own = widget.attrs.get("class", "")
    if css or own:
        attrs["class"] = f"{css} {own}".strip()
    control = bound.as_widget(attrs=attrs) if kind in ("text", "check") else ""
    return {"field": bound, "kind": kind, "control": control, "attrs": attrs, "wide": wide}


# The frame ----------------------------------------------------------------------------------------
@register.simple_tag
def other_language() -> Mapping[str, str]:
    """The language to switch to: code, lang attribute, and its own short name."""
    if (translation.get_language() or settings.LANGUAGE_CODE).startswith("zh"):
        return {"code": "en", "lang": "en", "label": "EN", "name": "English"}
    return {"code": "zh-hans", "lang": "zh-Hans", "label": "中文", "name": "简体中文"}


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


@register.simple_tag
def tier_word(value: str) -> str:
    """The word of a tier, for labels and sentences."""
    return {
        "required": pgettext("tier", "Required"),
        "suggested": pgettext("tier", "Suggested"),
        "none": pgettext("tier", "None"),
    }.get(str(value), pgettext("tier", "Undecided"))
