"""The form of a no: what prevents somebody, and what they suggest instead."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from django import forms
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from experts.availability.core.time_intervals import Stretch, local_moment
from experts.models import Expert
from mdt_portal.web.time_fields import DayField, HourField
from scheduling.models import Invitation
from scheduling.sessions import invitations, substitutes, suggestions
from scheduling.sessions.invitations import DeclineReason
from scheduling.sessions.substitutes import Deputy

MOST_DEPUTIES = 8
PARTS = ("day", "start", "end")


class Instead(models.TextChoices):
    NOTHING = "", gettext_lazy("No suggestion")
    DEPUTY = "deputy", gettext_lazy("A colleague could come")
    TIME = "time", gettext_lazy("I could come at another time")


class DeclineForm(forms.Form):
    """A reason and, if one likes, a deputy or other times; times are those of the session's hospital."""

    reason = forms.ChoiceField(choices=DeclineReason.choices, widget=forms.RadioSelect)
    instead = forms.ChoiceField(choices=Instead.choices, required=False, initial=Instead.NOTHING)
    deputy = forms.CharField(max_length=16, required=False)
    note = forms.CharField(max_length=invitations.MAX_NOTE, required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, invitation: Invitation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._invitation = invitation
        self._session = invitation.attendance.meeting
        self.fields["reason"].label = _("Reason")
        self.fields["instead"].label = _("Suggestion")
        self.fields["note"].label = _("Note to the coordinator")
        self.fields["note"].help_text = _("Please name no patient.")
        for number in range(suggestions.MAX_OFFERS):
            self._add_stretch(number)
        for name in self.fields.keys() - {"note"}:
            self.fields[name].wanted = True  # type: ignore[attr-defined]  # what is optional is said once, above

    def _add_stretch(self, number: int) -> None:
        asked = self._invitation.attendance.start.astimezone(self._session.institution.tz).date()
        self.fields[f"day_{number}"] = DayField(label=_("Day"), required=False, initial=asked if number == 0 else None)
        for name, label in (("start", _("From")), ("end", _("To"))):
            self.fields[f"{name}_{number}"] = HourField(label=label, required=False)

    @cached_property
    def deputies(self) -> list[Deputy]:
        """Qualified and free; looked for only where the form is shown."""
        return substitutes.titled(self._invitation.attendance)[:MOST_DEPUTIES]

    def stretches(self) -> Iterator[tuple[forms.BoundField, ...]]:
        for number in range(suggestions.MAX_OFFERS):
            yield tuple(self[f"{part}_{number}"] for part in PARTS)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        wanted = cleaned.get("instead")
        if wanted == Instead.DEPUTY:
            cleaned["deputy"] = Expert.objects.filter(public_id=cleaned.get("deputy") or "", active=True).first()
            if cleaned["deputy"] is None:
                self.add_error("deputy", _("Please choose a colleague."))
        elif wanted == Instead.TIME and not self.errors:
            cleaned["offered"] = list(self._offered(cleaned))
            if not cleaned["offered"] and not self.errors:
                self.add_error("start_0", _("Please give the day and both times."))
        return cleaned

    def _offered(self, cleaned: dict[str, Any]) -> Iterator[Stretch]:
        """The stretches that were filled in; a day alone is only the one that stood there."""
        zone = self._session.institution.tz
        for number in range(suggestions.MAX_OFFERS):
            day, start, end = (cleaned.get(f"{part}_{number}") for part in PARTS)
            if start is None and end is None:
                continue
            if day is None or start is None or end is None:
                self.add_error(f"start_{number}", _("Please give the day and both times."))
            else:
                yield local_moment(day, start, zone), local_moment(day, end, zone)

    def answer(self) -> dict[str, Any]:
        """What was filled in, as the service takes it."""
        given = self.cleaned_data
        return {
            "reason": given["reason"],
            "note": given["note"],
            "offered": given.get("offered", ()),
            "deputy": given["deputy"] if given["instead"] == Instead.DEPUTY else None,
        }
