"""One tag for each partial, so that a part sees only what it is given; icons, and what parts are drawn with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django import template
from django.template import Context
from django.template.loader import get_template
from django.templatetags.static import static
from django.utils import translation
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from mdt_portal.web import charts

register = template.Library()
KEPT = 1024
"""So many pieces of HTML that lists repeat are remembered, of each kind."""
WORK = ("icon", "what", "detail", "url", "action", "due", "since")
HUE_ICONS = {
    "waiting": "st-waiting",
    "planned": "st-planned",
    "confirmed": "st-confirmed",
    "pending": "st-pending",
    "declined": "st-declined",
    "late": "st-late",
}


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
    kind: str,
    what: Any,
    *,
    detail: Any = "",
    before: Any = "",
    after: Any = "",
    notified: int | None = None,
    reason: str = "",
) -> dict[str, Any]:
    """One change between two plans."""
    words = {"detail": detail, "before": before, "after": after, "reason": reason}
    return {"kind": kind, "what": what, "notified": notified} | words


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
def work_entry(context: Context, entry: Any, *, primary: bool = False) -> dict[str, Any]:
    """One entry of a list of work: label, icon, what, detail, url, action, due, since, dialog."""
    fields = {key: getattr(entry, key) for key in (*WORK, "dialog")}
    return {**_moment(context), **fields, "kind": entry.label, "primary": primary}


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
    dialog: str = "",
) -> dict[str, Any]:
    """One thing that needs a hand, with its one action."""
    return {
        **_moment(context),
        "kind": kind,
        "icon": icon,
        "what": what,
        "detail": detail,
        "due": due,
        "dialog": dialog,
        "since": since,
        "url": url,
        "action": action,
        "method": method,
        "primary": primary,
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("partials/_pagination.html", takes_context=True)
def pagination(context: Context, page: Any, *, target: str = "", listing: Any = None) -> dict[str, Any]:
    """The foot of a list."""
    return {"page": page, "target": target, "listing": listing, "request": context.get("request")}


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
