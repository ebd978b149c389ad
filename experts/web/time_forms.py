"""The forms in which experts keep their time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from experts.availability.core import week_grid, week_pattern, week_text
from experts.availability.core.time_intervals import MONDAY
from experts.availability.core.week_grid import Cell, WeeklyHours
from experts.availability.core.week_pattern import WeekSpan
from experts.models import Every, ExceptionKind, Expert, Weekday
from mdt_portal.i18n import clock
from mdt_portal.web.time_fields import DayField, HourField

CELLS = {one.key: one for one in week_grid.cells()}
A_MONDAY = date(2024, 1, 1)
"""To name the days after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """One cell of the grid as a checkbox."""

    cell: Cell
    label: str
    checked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRow:
    """One weekday of the grid."""

    number: int
    label: str
    short: str
    squares: list[Square]


class _Rest(forms.MultipleChoiceField):
    """Stretches beside the grid. Whoever looks at an older page may keep what stood there."""

    def valid_value(self, value: str) -> bool:
        return _stretch(value) is not None


class WeekForm(forms.Form):
    """The ordinary week, painted: `free` are the cells, `kept` what fits none of them (`0-0615-0700`).

    `others` are the stretches that do not hold every week, or not from the beginning: they stay as they are.
    """

    def __init__(self, *args: Any, expert: Expert, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        pattern = week_pattern.of_rows(expert.weekly_availability.all())
        self.others = [one for one in pattern if not one.always]
        painted, rest = week_grid.split(one[:3] for one in pattern if one.always)
        self.fields["free"] = forms.MultipleChoiceField(
            required=False, choices=[(one.key, one.key) for one in CELLS.values()], initial=[one.key for one in painted]
        )
        self.fields["kept"] = _Rest(
            required=False,
            choices=[(_key(one), _words(one)) for one in rest],
            initial=[_key(one) for one in rest],
            widget=forms.CheckboxSelectMultiple,
            label=_("Also free"),
        )

    @property
    def shown_day(self) -> int:
        """The day that a phone shows first: the one it showed, else the first with free time."""
        chosen = self.data.get("shown_day", "")
        if chosen in {str(day) for day in Weekday.values}:
            return int(chosen)
        return min((CELLS[key].weekday for key in self["free"].value() or () if key in CELLS), default=MONDAY)

    def rows(self) -> Iterator[DayRow]:
        painted = set(self["free"].value() or ())
        for day in Weekday:
            squares = [
                Square(cell=one, label=_words((day.value, one.start, one.end)), checked=one.key in painted)
                for one in CELLS.values()
                if one.weekday == day.value
            ]
            short = clock.weekday(A_MONDAY + timedelta(days=day.value))
            yield DayRow(number=day.value, label=str(day.label), short=short, squares=squares)

    @staticmethod
    def hours_shown() -> list[int]:
        """The full hours above the grid, two cells each."""
        return [start // 60 for start in week_grid.STARTS if start % 60 == 0]

    def hours(self) -> list[WeekSpan]:
        """What was filled in, with the other stretches, as the service takes it."""
        rest = [found for text in self.cleaned_data["kept"] if (found := _stretch(text))]
        painted = week_grid.join((CELLS[key] for key in self.cleaned_data["free"]), rest)
        return [*(WeekSpan(*one) for one in painted), *self.others]


def _key(hours: WeeklyHours) -> str:
    day, start, end = hours
    return f"{day}-{start:%H%M}-{end:%H%M}"


def _stretch(key: str) -> WeeklyHours | None:
    """The stretch that a key names, if it is one."""
    found = re.fullmatch(r"([0-6])-([01]\d|2[0-3])([0-5]\d)-([01]\d|2[0-3])([0-5]\d)", key)
    if found is None:
        return None
    day, *numbers = map(int, found.groups())
    start, end = time(*numbers[:2]), time(*numbers[2:])
    return (day, start, end) if start < end or end == time() else None


def _words(hours: WeeklyHours) -> str:
    """`Monday 07:00–07:30`"""
    day, start, end = hours
    return f"{Weekday(day).label} {week_text.write([(start, end)])}"


class StretchForm(forms.Form):
    """A stretch of every second, third or fourth week, or of every week from one on."""

    weekday = forms.TypedChoiceField(label=gettext_lazy("Weekday"), choices=Weekday.choices, coerce=int)
    start = HourField(label=gettext_lazy("From"))
    end = HourField(label=gettext_lazy("To"))
    every = forms.TypedChoiceField(
        label=gettext_lazy("How often"), choices=Every.choices, initial=Every.SECOND, coerce=int
    )
    since = DayField(label=gettext_lazy("From the week of"), help_text=gettext_lazy("Any day of the first week."))

    def span(self) -> WeekSpan:
        return WeekSpan(**self.cleaned_data)


class ExceptionForm(forms.Form):
    """One day that differs from the week."""

    kind = forms.ChoiceField(
        label=gettext_lazy("That day I am"),
        choices=ExceptionKind.choices,
        initial=ExceptionKind.TAKES,
        widget=forms.RadioSelect,
    )
    day = DayField(label=gettext_lazy("Day"))
    start = HourField(label=gettext_lazy("From"))
    end = HourField(
        label=gettext_lazy("To"),
        help_text=gettext_lazy("00:00 is midnight; a time before the start is on the next day."),
    )
    note = forms.CharField(label=gettext_lazy("Note"), max_length=120, required=False)


class LeaveForm(forms.Form):
    """Days away: whole ones, or the same hours of each."""

    first_day = DayField(label=gettext_lazy("First day"))
    last_day = DayField(label=gettext_lazy("Last day"))
    start = HourField(label=pgettext_lazy("hours of a day", "From"), required=False)
    end = HourField(
        label=pgettext_lazy("hours of a day", "To"), required=False, help_text=gettext_lazy("Both empty: whole days.")
    )
    note = forms.CharField(label=gettext_lazy("Note"), max_length=120, required=False)
