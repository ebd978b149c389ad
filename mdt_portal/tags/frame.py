"""Form fields, and what stands around every page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.conf import settings
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select
from django.forms.widgets import Widget
from django.utils import translation
from django.utils.safestring import SafeString
from django.utils.translation import pgettext

from mdt_portal.web.pages import THEN
from mdt_portal.web.time_fields import DayInput, HourInput

register = template.Library()


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


@register.filter
def then_next(url: str, kind: str) -> str:
    """The address of a page that goes on to the next piece of work (of this kind, or of all) once it is saved."""
    address, mark, place = url.partition("#")
    return f"{address}{'&' if '?' in address else '?'}{THEN}={kind or 'all'}{mark}{place}"


@register.simple_tag
def day_control(name: str, value: Any = None, *, label: str = "", counted: int = 0, **attributes: Any) -> SafeString:
    """A day to type, with its calendar, without a form field; `label` and `counted` name the control of a row."""
    return _control(DayInput(), name, value, label, counted, attributes)


@register.simple_tag
def hour_control(name: str, value: Any = None, *, label: str = "", counted: int = 0, **attributes: Any) -> SafeString:
    """A time of day to type."""
    return _control(HourInput(), name, value, label, counted, attributes)


def _control(
    widget: Widget, name: str, value: Any, label: str, counted: int, attributes: Mapping[str, Any]
) -> SafeString:
    attrs = {"class": "form-control", **{key.replace("_", "-"): given for key, given in attributes.items()}}
    if label:
        attrs["aria-label"] = f"{label} {counted}" if counted else label
    return widget.render(name, value, attrs)


@register.simple_tag
def other_language() -> Mapping[str, str]:
    """The language to switch to: code, lang attribute, and its own short name."""
    if (translation.get_language() or settings.LANGUAGE_CODE).startswith("zh"):
        return {"code": "en", "lang": "en", "label": "EN", "name": "English"}
    return {"code": "zh-hans", "lang": "zh-Hans", "label": "中文", "name": "简体中文"}


@register.simple_tag
def tier_word(value: str) -> str:
    """The word of a tier, for labels and sentences."""
    return {
        "required": pgettext("tier", "Required"),
        "suggested": pgettext("tier", "Suggested"),
        "none": pgettext("tier", "None"),
    }.get(str(value), pgettext("tier", "Undecided"))
