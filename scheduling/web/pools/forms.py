"""The forms in which coordinators keep rooms, closures and standing times."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.models import RareClass
from experts.availability.core.time_intervals import local_moment
from experts.models import Institution, Team, Weekday
from experts.web.pool_forms import HoursMixin, date_field, time_field
from scheduling.explain.solver_text import EQUIPMENT
from scheduling.models import Block, Room
from scheduling.problem.core import recurrence as rules
from scheduling.resources import recurrence_text, recurring_blocks
from scheduling.resources.core import recurrence_rules
from scheduling.resources.core.recurrence_rules import Pattern


class RoomForm(HoursMixin):
    name_zh = forms.CharField(label=gettext_lazy("name (Chinese)"), max_length=120, required=False)
    name_en = forms.CharField(label=gettext_lazy("name (English)"), max_length=120, required=False)
    capacity = forms.IntegerField(label=gettext_lazy("seats"), min_value=1, max_value=500)
    equipment = forms.MultipleChoiceField(
        label=gettext_lazy("equipment"), required=False, widget=forms.CheckboxSelectMultiple
    )
    active = forms.BooleanField(label=gettext_lazy("active: may be planned"), required=False)

    def __init__(self, *args: Any, room: Room | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [*EQUIPMENT, *(one for one in (room.equipment if room else []) if one not in EQUIPMENT)]
        self.fields["equipment"].choices = [(one, EQUIPMENT.get(one, one)) for one in known]  # type: ignore[attr-defined]
        names = ("name_zh", "name_en", "capacity", "equipment", "active")
        self.initial = {name: getattr(room, name) for name in names} if room else {"active": True, "capacity": 12}
        self.add_hours(room.hours.all() if room else [])  # type: ignore[attr-defined]

    def facts(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("name_zh", "name_en", "capacity", "equipment", "active")}


class ClosureForm(forms.Form):
    """A stretch in which a room cannot be used, by the clock of `zone`."""

    first_day = date_field(gettext_lazy("From day"))
    start = time_field(gettext_lazy("From"))
    last_day = date_field(gettext_lazy("To day"))
    end = time_field(gettext_lazy("To"))
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=120)

    def __init__(self, *args: Any, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone
        self.fields["reason"].required = not self.is_bound or "action" in self.data  # not while it is being typed

    def stretch(self) -> tuple[datetime, datetime]:
        cells = self.cleaned_data
        return (
            local_moment(cells["first_day"], cells["start"], self.zone),
            local_moment(cells["last_day"], cells["end"], self.zone),
        )


class LeavingForm(forms.Form):
    """Somebody's last day at a hospital."""

    until = date_field(gettext_lazy("Last day there"), required=False)
    until.help_text = gettext_lazy("Empty: no end is known.")


FORTNIGHT, AS_TEXT = "fortnight", "text"
REPEATS = [
    (recurrence_rules.WEEKLY, gettext_lazy("every week")),
    (FORTNIGHT, gettext_lazy("every second week")),
    (recurrence_rules.MONTHLY, gettext_lazy("by the month")),
    (recurrence_rules.ONCE, gettext_lazy("once")),
    (AS_TEXT, gettext_lazy("a rule as text")),
]


class BlockForm(forms.Form):
    """A standing time, with the choices that a recurrence rule stands for."""

    team = forms.ModelChoiceField(Team.objects.none(), label=gettext_lazy("Team"), to_field_name="public_id")
    repeats = forms.ChoiceField(label=gettext_lazy("Takes place"), choices=REPEATS, widget=forms.RadioSelect)
    weekdays = forms.TypedMultipleChoiceField(
        label=gettext_lazy("On"),
        choices=Weekday.choices,
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    places = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Which of the month"),
        choices=list(recurrence_text.PLACES.items()),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    recurrence = forms.CharField(
        label=gettext_lazy("Rule (RFC 5545)"),
        max_length=rules.LONGEST_TEXT,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "FREQ=MONTHLY;BYDAY=2TH,4TH", "spellcheck": "false"}),
    )
    start = time_field(gettext_lazy("From"))
    end = time_field(gettext_lazy("To"))
    room = forms.ModelChoiceField(
        Room.objects.none(),
        label=gettext_lazy("Room"),
        to_field_name="public_id",
        required=False,
        empty_label=gettext_lazy("any room that fits"),
    )
    first_day = date_field(gettext_lazy("First day"))
    last_day = date_field(gettext_lazy("Last day"), required=False)
    reserved_class = forms.ChoiceField(label=gettext_lazy("Kept for rare class"), required=False)

    def __init__(self, *args: Any, institution: Institution, block: Block | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = Team.objects.filter(institution=institution)
        rooms = Room.objects.filter(institution=institution)
        if block is None:
            teams, rooms = teams.filter(active=True), rooms.filter(active=True)
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]
        self.fields["room"].queryset = rooms  # type: ignore[attr-defined]
        self.fields["reserved_class"].choices = [("", _("for all cases")), *RareClass.choices]  # type: ignore[attr-defined]
        self.fields["weekdays"].wanted = self.fields["places"].wanted = True  # type: ignore[attr-defined]
        self.initial = _initial(block) if block else {"repeats": recurrence_rules.WEEKLY}

    def clean(self) -> dict[str, Any]:
        cells = super().clean() or self.cleaned_data
        repeats = cells.get("repeats", "")
        if repeats in (recurrence_rules.WEEKLY, FORTNIGHT, recurrence_rules.MONTHLY) and not cells.get("weekdays"):
            self.add_error("weekdays", _("Choose one weekday at least."))
        if repeats == recurrence_rules.MONTHLY and not cells.get("places"):
            self.add_error("places", _("Choose which of the month, several if you like."))
        if repeats == AS_TEXT and not cells.get("recurrence"):
            self.add_error("recurrence", _("Write the rule, or choose how it repeats above."))
        return cells

    def filled(self) -> dict[str, Any]:
        """What the service takes; only of a valid form."""
        names = ("team", "room", "first_day", "last_day", "start", "end", "reserved_class")
        return {name: self.cleaned_data[name] for name in names} | {"recurrence": self._rule()}

    def _rule(self) -> str:
        cells = self.cleaned_data
        if cells["repeats"] == AS_TEXT:
            return recurring_blocks.written(cells["recurrence"], cells["team"])
        return recurrence_rules.write(
            Pattern(
                kind=recurrence_rules.WEEKLY if cells["repeats"] == FORTNIGHT else cells["repeats"],
                weekdays=tuple(cells["weekdays"]),
                places=tuple(cells["places"]),
                interval=2 if cells["repeats"] == FORTNIGHT else 1,
            )
        )


def _initial(block: Block) -> dict[str, Any]:
    """The choices of a block that exists; a rule that they cannot say is shown as it is."""
    names = ("first_day", "last_day", "start", "end", "reserved_class", "recurrence")
    kept = {name: getattr(block, name) for name in names}
    kept |= {"team": block.team.public_id, "room": block.room.public_id if block.room else ""}
    pattern = recurrence_rules.read(block.recurrence)
    if pattern is None:
        return kept | {"repeats": AS_TEXT}
    repeats = FORTNIGHT if pattern.interval == 2 else pattern.kind
    return kept | {"repeats": repeats, "weekdays": pattern.weekdays, "places": pattern.places}
