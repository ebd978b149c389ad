"""Form fields of days and times: typed and shown in the page's language, whatever the browser's own.

A browser's date field follows the browser (`mm/dd/yyyy`, AM and PM), not the page. These are text fields; a day has a
calendar beside it (static/portal/calendar.js), which only helps to fill it in.
"""

from __future__ import annotations

import json
from datetime import date, datetime, time
from typing import Any

from django import forms
from django.utils.timezone import is_aware, make_naive
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mdt_portal.i18n import clock, typed_time

A_DAY = date(2026, 11, 24)
A_TIME = time(14, 30)


class DayInput(forms.TextInput):
    template_name = "widgets/day.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"autocomplete": "off", "maxlength": 20, **(attrs or {})})

    def format_value(self, value: Any) -> str | None:
        return typed_time.write_day(value) if isinstance(value, date) else super().format_value(value)

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        own = context["widget"]["attrs"]
        own.setdefault("placeholder", self.example())
        return context | {"calendar": calendar_words()}

    @staticmethod
    def example() -> str:
        return typed_time.write_day(A_DAY)


class MomentInput(DayInput):
    """A day and a time of it in one field."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"maxlength": 30, **(attrs or {})})

    def format_value(self, value: Any) -> str | None:
        if isinstance(value, datetime):
            return typed_time.write_moment(make_naive(value) if is_aware(value) else value)
        return forms.TextInput.format_value(self, value)

    @staticmethod
    def example() -> str:
        return typed_time.write_moment(datetime.combine(A_DAY, A_TIME))


class HourInput(forms.TextInput):
    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        words = {"autocomplete": "off", "maxlength": 12, "placeholder": typed_time.write_hour(A_TIME), "size": 8}
        super().__init__(words | (attrs or {}))

    def format_value(self, value: Any) -> str | None:
        return typed_time.write_hour(value) if isinstance(value, time | datetime) else super().format_value(value)


class DayField(forms.DateField):
    widget = DayInput
    default_error_messages = {"invalid": gettext_lazy("Write the day like %(example)s.")}

    def to_python(self, value: Any) -> date | None:
        if isinstance(value, str) and value.strip():
            found = typed_time.read_day(value)
            if found is None:
                raise _invalid(self, typed_time.write_day(A_DAY))
            return found
        return super().to_python(value or None)


class HourField(forms.TimeField):
    widget = HourInput
    default_error_messages = {"invalid": gettext_lazy("Write the time like %(example)s, from 00:00 to 23:59.")}

    def to_python(self, value: Any) -> time | None:
        if isinstance(value, str) and value.strip():
            found = typed_time.read_hour(value)
            if found is None:
                raise _invalid(self, typed_time.write_hour(A_TIME))
            return found
        return super().to_python(value or None)


class MomentField(forms.DateTimeField):
    """A moment by the clock of the zone that the view activates."""

    widget = MomentInput
    default_error_messages = {"invalid": gettext_lazy("Write day and time like %(example)s.")}

    def to_python(self, value: Any) -> datetime | None:
        if isinstance(value, str) and value.strip():
            found = typed_time.read_moment(value)
            if found is None:
                raise _invalid(self, MomentInput.example())
            return super().to_python(found)
        return super().to_python(value or None)


def _invalid(field: forms.Field, example: str) -> forms.ValidationError:
    return forms.ValidationError(field.error_messages["invalid"], code="invalid", params={"example": example})


def calendar_words() -> str:
    """What the calendar says, as JSON."""
    return json.dumps(
        {
            "months": typed_time.month_names(),
            "weekdays": [str(day) for day in clock.WEEKDAYS],
            "yearFirst": typed_time.is_chinese(),
            "title": _("Choose a day"),
            "month": _("Month"),
            "year": _("Year"),
            "before": _("Previous month"),
            "after": _("Next month"),
            "today": _("Today"),
            "close": _("Close"),
        },
        ensure_ascii=False,
    )
