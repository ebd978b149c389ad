"""What an institution may set for itself: one list, from which its columns, form, API, admin page and checks derive.

A new setting is one line here, a migration, the place that reads it, and the Chinese of its label.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


class NumberSetting(models.PositiveSmallIntegerField):
    """A whole number from `least` to `most`.

    The bounds bind forms, API and admin, not the database: migrations see a plain number, so a bound needs none.
    """

    def __init__(self, *args: Any, least: int, most: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.least, self.most = least, most

    @cached_property
    def validators(self) -> list[Any]:
        return [*super().validators, MinValueValidator(self.least), MaxValueValidator(self.most)]

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.PositiveSmallIntegerField", args, kwargs

    def clone(self) -> NumberSetting:
        *_names, args, kwargs = self.deconstruct()
        return type(self)(*args, **kwargs, least=self.least, most=self.most)

    def formfield(self, **kwargs: Any) -> forms.Field | None:  # type: ignore[override]
        return super().formfield(**{"min_value": self.least, "max_value": self.most, **kwargs})


class InstitutionSettings(models.Model):
    """The settings, in the order in which people see them."""

    answer_within_h = NumberSetting(_("invitations answered within (hours)"), default=24, least=1, most=336)
    materials_lead_days = NumberSetting(_("materials complete before (working days)"), default=3, least=0, most=30)
    emergency_limit_h = NumberSetting(_("limit for emergencies (hours)"), default=4, least=1, most=4)
    hold_min = NumberSetting(_("a promise is held for (minutes)"), default=10, least=1, most=120)
    max_session_min = NumberSetting(_("longest session (minutes)"), default=120, least=15, most=480)
    changeover_min = NumberSetting(_("between two sessions in one room (minutes)"), default=15, least=0, most=120)
    grain_min = NumberSetting(_("starts on multiples of (minutes)"), default=5, least=1, most=60)
    break_after_min = NumberSetting(_("break after (minutes of discussion)"), default=0, least=0, most=480)
    break_min = NumberSetting(_("length of a break (minutes)"), default=10, least=0, most=60)
    solve_seconds = NumberSetting(_("time limit of a planning run (seconds)"), default=30, least=5, most=600)

    class Meta:
        abstract = True


INSTITUTION_SETTINGS: dict[str, NumberSetting] = {
    one.name: one for one in InstitutionSettings._meta.fields if isinstance(one, NumberSetting)
}
"""The settings by name."""
