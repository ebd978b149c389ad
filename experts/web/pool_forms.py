"""The forms in which coordinators keep people, teams, hospitals and their special days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import time
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from experts.availability.core import week_text
from experts.availability.core.time_intervals import split_at_midnight
from experts.models import (
    INSTITUTION_SETTINGS,
    Discipline,
    DiseaseGroup,
    Expert,
    Institution,
    Team,
    Title,
    Weekday,
    WeeklyTime,
)
from experts.roster import person_cards
from experts.roster.person_cards import Card
from mdt_portal.web.time_fields import DayField, HourField

SPARE_SKILLS = 2
UNREADABLE = {
    "shape": gettext_lazy("“%(part)s” is not a stretch of time; write 08:00–12:00."),
    "order": gettext_lazy("“%(part)s” ends before it starts."),
    "overlap": gettext_lazy("These stretches overlap: %(part)s."),
}


def date_field(label: Any, *, required: bool = True) -> forms.DateField:
    return DayField(label=label, required=required)


def time_field(label: Any) -> forms.TimeField:
    return HourField(label=label)


class HoursMixin(forms.Form):
    """Seven fields, one for each weekday, each with its stretches as text."""

    def add_hours(self, rows: Iterable[WeeklyTime]) -> None:
        kept: dict[int, list[week_text.Hours]] = {day: [] for day in Weekday.values}
        for row in rows:
            kept[row.weekday].append((row.start, row.end))
        for day in Weekday:
            widget = forms.TextInput(attrs={"autocomplete": "off"})
            self.fields[f"day_{day.value}"] = forms.CharField(
                label=day.label, required=False, max_length=80, widget=widget
            )
            self.initial.setdefault(f"day_{day.value}", week_text.write(sorted(kept[day.value])))

    def hour_fields(self) -> list[forms.BoundField]:
        return [self[f"day_{day.value}"] for day in Weekday]

    def hours(self) -> list[tuple[int, time, time]]:
        """What stands there, as the services take it; only of a valid form."""
        week = [(day, start, end) for day in Weekday.values for start, end in self.cleaned_data[f"day_{day}"]]
        return split_at_midnight(week)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for day in Weekday.values:
            try:
                cleaned[f"day_{day}"] = week_text.read(cleaned.get(f"day_{day}", ""))
            except week_text.Unreadable as error:
                self.add_error(f"day_{day}", UNREADABLE[error.code] % {"part": error.part})
        return cleaned


class HospitalForm(HoursMixin):
    """Settings and opening hours."""

    def __init__(self, *args: Any, institution: Institution, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, one in INSTITUTION_SETTINGS.items():
            self.fields[name] = one.formfield(label=one.verbose_name)
            self.initial.setdefault(name, getattr(institution, name))
        self.add_hours(institution.opening_hours.all())  # type: ignore[attr-defined]

    def setting_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in INSTITUTION_SETTINGS]

    def settings(self) -> dict[str, int]:
        return {name: self.cleaned_data[name] for name in INSTITUTION_SETTINGS}


class SpecialDayForm(forms.Form):
    date = date_field(gettext_lazy("Day"))
    working = forms.TypedChoiceField(
        label=gettext_lazy("That day is"),
        choices=[("no", gettext_lazy("a day off")), ("yes", gettext_lazy("worked"))],
        coerce=lambda value: value == "yes",
        initial="no",
        widget=forms.RadioSelect,
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80, required=False)


class PersonForm(forms.Form):
    """One person's card. `hospitals` are those at which the reader may give a title."""

    name_zh = forms.CharField(label=gettext_lazy("name (Chinese)"), max_length=120, required=False)
    name_en = forms.CharField(label=gettext_lazy("name (English)"), max_length=120, required=False)
    email = forms.CharField(label=gettext_lazy("e-mail"), max_length=254, required=False)
    phone = forms.CharField(label=gettext_lazy("phone"), max_length=30, required=False)
    remote = forms.BooleanField(label=gettext_lazy("can attend remotely"), required=False)
    active = forms.BooleanField(label=gettext_lazy("active: may be asked"), required=False)

    def __init__(self, *args: Any, card: Card, hospitals: Sequence[Institution], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.card, self.hospitals = card, hospitals
        self.initial = {name: getattr(card, name) for name in person_cards.COLUMNS}
        for name, most in person_cards.CAPS.items():
            label = Expert._meta.get_field(name).verbose_name
            self.fields[name] = forms.IntegerField(label=label, min_value=0, max_value=most)
        self._add_titles()
        self._add_skills()

    def _add_titles(self) -> None:
        self.titles = {_title_value(row): row for row in Title.objects.all()}
        choices = [("", "—"), *((value, f"{row.name} · {row.family}") for value, row in self.titles.items())]
        values = {row.pk: value for value, row in self.titles.items()}
        for hospital in self.hospitals:
            name = f"title_{hospital.public_id}"
            label = _("Title at %(hospital)s") % {"hospital": hospital.name}
            self.fields[name] = forms.ChoiceField(label=label, choices=choices, required=False)
            self.initial[name] = values.get(self.card.titles.get(hospital.pk, 0), "")

    def _add_skills(self) -> None:
        self.disciplines = {row.key: row for row in Discipline.objects.all()}
        keys = {row.pk: row.key for row in self.disciplines.values()}
        choices = [("", "—"), *sorted(((key, row.name) for key, row in self.disciplines.items()), key=lambda p: p[1])]
        kept = sorted((keys[pk], sub) for pk, sub in self.card.skills)
        self.skill_count = len(kept) + SPARE_SKILLS
        for number in range(self.skill_count):
            key, sub = kept[number] if number < len(kept) else ("", "")
            named = {"number": number + 1}
            self.fields[f"discipline_{number}"] = forms.ChoiceField(
                label=_("Discipline %(number)d") % named, choices=choices, required=False, initial=key
            )
            self.fields[f"sub_{number}"] = forms.CharField(
                label=_("Sub-specialty %(number)d") % named, max_length=40, required=False, initial=sub
            )
        self.fields["skills"] = forms.CharField(required=False)  # holds the place for what is wrong with all of them
        self.fields["titles"] = forms.CharField(required=False)

    def title_fields(self) -> list[forms.BoundField]:
        return [self[f"title_{one.public_id}"] for one in self.hospitals]

    def cap_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in person_cards.CAPS]

    def skill_fields(self) -> Iterator[tuple[forms.BoundField, forms.BoundField]]:
        for number in range(self.skill_count):
            yield self[f"discipline_{number}"], self[f"sub_{number}"]

    def filled(self) -> Card:
        """The card as it was filled in; titles at other hospitals stay."""
        cells = self.cleaned_data
        titles = dict(self.card.titles)
        for hospital in self.hospitals:
            if value := cells.get(f"title_{hospital.public_id}"):
                titles[hospital.pk] = self.titles[value].pk
        skills = {
            (self.disciplines[key].pk, cells[f"sub_{number}"])
            for number in range(self.skill_count)
            if (key := cells.get(f"discipline_{number}"))
        }
        values = {name: cells[name] for name in person_cards.COLUMNS}
        return Card(**values, titles=titles, skills=frozenset(skills))


def _title_value(row: Title) -> str:
    return f"{row.family}/{row.name_en}"


class TeamForm(forms.Form):
    """One team of a hospital."""

    name_zh = forms.CharField(label=gettext_lazy("name (Chinese)"), max_length=120, required=False)
    name_en = forms.CharField(label=gettext_lazy("name (English)"), max_length=120, required=False)
    disease_group = forms.ModelChoiceField(
        DiseaseGroup.objects.all(), label=gettext_lazy("Disease group"), to_field_name="key"
    )
    lead_discipline = forms.ModelChoiceField(
        Discipline.objects.all(), label=gettext_lazy("Lead discipline"), to_field_name="key"
    )
    chair = forms.ModelChoiceField(
        Expert.objects.none(), label=gettext_lazy("Chair"), to_field_name="public_id", required=False
    )
    core_members = forms.ModelMultipleChoiceField(
        Expert.objects.none(),
        label=gettext_lazy("Core members"),
        to_field_name="public_id",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    active = forms.BooleanField(label=gettext_lazy("active: may meet"), required=False)

    def __init__(self, *args: Any, institution: Institution, team: Team | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        at_work = person_cards.present(institution.affiliations.all())  # type: ignore[attr-defined]
        people = Expert.objects.filter(pk__in=at_work.values("expert"), active=True)
        if team is not None:
            people = people | Expert.objects.filter(pk__in=team.core_members.values("pk"))
            people = people | Expert.objects.filter(chaired_teams=team)
        for name in ("chair", "core_members"):
            self.fields[name].queryset = people.distinct().order_by("name_en", "pk")  # type: ignore[attr-defined]
        self.initial = {"active": True}
        if team is not None:
            self.initial = {
                **{name: getattr(team, name) for name in ("name_zh", "name_en", "active")},
                "disease_group": team.disease_group.key,
                "lead_discipline": team.lead_discipline.key,
                "chair": team.chair.public_id if team.chair else "",
                "core_members": list(team.core_members.values_list("public_id", flat=True)),
            }
