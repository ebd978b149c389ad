"""The forms in which experts keep their time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from experts.models import ExceptionKind, Expert, Weekday
from experts.time_keeping import WeeklyHours

STRETCHES = 2  # a morning and an afternoon; more where somebody has more already


def _clock(label: str) -> forms.TimeField:
    widget = forms.TimeInput(format="%H:%M", attrs={"type": "time", "aria-label": label})
    return forms.TimeField(required=False, widget=widget, label=label)


def _day(label: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRow:
    """One weekday with its stretches, each as two bound fields."""

    label: str
    stretches: list[tuple[forms.BoundField, forms.BoundField]]


class WeekForm(forms.Form):
    """The ordinary week: for each weekday some stretches, empty where one is not free."""

    def __init__(self, *args: Any, expert: Expert, **kwargs: Any) -> None:
        hours: dict[int, list[tuple[time, time]]] = {day: [] for day in Weekday.values}
        for row in expert.weekly_availability.all():
            hours[row.weekday].append((row.start, row.end))
        self.count = max(STRETCHES, *(len(one) for one in hours.values()))
        super().__init__(*args, **kwargs)
        for day in Weekday:
            for index in range(self.count):
                known = hours[day][index] if index < len(hours[day]) else (None, None)
                for part, label, value in zip(("start", "end"), self._labels(day, index), known, strict=True):
                    self.fields[f"d{day.value}_{index}_{part}"] = _clock(label)
                    self.initial.setdefault(f"d{day.value}_{index}_{part}", value)

    @staticmethod
    def _labels(day: Weekday, index: int) -> tuple[str, str]:
        parts = {"day": day.label, "number": index + 1}
        return _("%(day)s, from (%(number)d)") % parts, _("%(day)s, to (%(number)d)") % parts

    def rows(self) -> Iterator[DayRow]:
        for day in Weekday:
            yield DayRow(
                label=str(day.label),
                stretches=[
                    (self[f"d{day.value}_{index}_start"], self[f"d{day.value}_{index}_end"])
                    for index in range(self.count)
                ],
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for day in Weekday:
            for index in range(self.count):
                first, last = (f"d{day.value}_{index}_{part}" for part in ("start", "end"))
                if (cleaned.get(first) is None) != (cleaned.get(last) is None):
                    missing = first if cleaned.get(first) is None else last
                    if missing not in self.errors:
                        self.add_error(None, _("%(day)s: give both times, or none.") % {"day": day.label})
        return cleaned

    def hours(self) -> list[WeeklyHours]:
        """What was filled in, as the verb takes it."""
        cells = self.cleaned_data
        return [
            (day.value, cells[f"d{day.value}_{index}_start"], cells[f"d{day.value}_{index}_end"])
            for day in Weekday
            for index in range(self.count)
            if cells.get(f"d{day.value}_{index}_start") is not None
        ]


class ExceptionForm(forms.Form):
    """One day that differs from the week."""

    kind = forms.ChoiceField(
        label=gettext_lazy("That day I am"),
        choices=ExceptionKind.choices,
        initial=ExceptionKind.TAKES,
        widget=forms.RadioSelect,
    )
    day = _day(gettext_lazy("Day"))
    start = forms.TimeField(label=gettext_lazy("From"), widget=forms.TimeInput(attrs={"type": "time"}))
    end = forms.TimeField(label=gettext_lazy("To"), widget=forms.TimeInput(attrs={"type": "time"}))
    note = forms.CharField(label=gettext_lazy("Note"), max_length=120, required=False)


class LeaveForm(forms.Form):
    """Whole days away."""

    first_day = _day(gettext_lazy("First day"))
    last_day = _day(gettext_lazy("Last day"))
    note = forms.CharField(label=gettext_lazy("Note"), max_length=120, required=False)
