"""Alliances and institutions with their hours and days, and the way between them."""

from __future__ import annotations

import zoneinfo
from datetime import time

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from experts.models.institution_settings import InstitutionSettings
from mdt_portal.fields import public_id_field, updated_at_field


class Named(models.Model):
    """Reference data with a name in both languages."""

    name_en = models.CharField(_("name (English)"), max_length=120)
    name_zh = models.CharField(_("name (Chinese)"), max_length=120)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        first, second = self.name_en, self.name_zh
        if (translation.get_language() or "").startswith("zh"):
            first, second = second, first
        return first or second


class Alliance(Named):
    """Hospitals that share cases and experts."""

    class Meta:
        verbose_name = _("alliance")
        verbose_name_plural = _("alliances")
        ordering = ["pk"]


class Level(models.TextChoices):
    PRIMARY = "primary", _("Primary")
    SECONDARY = "secondary", _("Secondary")
    TERTIARY = "tertiary", _("Tertiary")
    NATIONAL = "national", _("National centre")


def is_time_zone(value: str) -> None:
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("“%(zone)s” is not a known time zone."), params={"zone": value})


class Institution(Named, InstitutionSettings):
    """A hospital or health centre: a site of the solver, with its own settings."""

    public_id = public_id_field()
    alliance = models.ForeignKey(
        Alliance,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="institutions",
        verbose_name=_("alliance"),
    )
    level = models.CharField(_("level"), max_length=12, choices=Level.choices)
    beds = models.PositiveIntegerField(_("beds"), default=0)
    zone = models.CharField(_("time zone"), max_length=40, default="Asia/Shanghai", validators=[is_time_zone])
    holiday_country = models.CharField(_("holidays of country"), max_length=2, default="CN", blank=True)
    holidays_checked = models.PositiveSmallIntegerField(_("holidays compared with the notice until"), default=0)
    """The last year whose predicted holidays somebody has compared with the government's notice."""
    updated_at = updated_at_field()

    class Meta:
        verbose_name = _("institution")
        verbose_name_plural = _("institutions")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(grain_min__gte=1), name="institution_grain_positive"),
            models.CheckConstraint(
                condition=Q(max_session_min__gte=F("grain_min")), name="institution_session_longer_than_grain"
            ),
        ]

    @property
    def tz(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.zone)


class Weekday(models.IntegerChoices):
    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


UNTIL_MIDNIGHT = Q(end__gt=F("start")) | Q(end=time())
"""Weekly hours end on their day; an end at 00:00 is 24:00. What passes midnight is kept as two stretches."""


class WeeklyTime(models.Model):
    """A stretch of local time that recurs every week; an end at 00:00 is 24:00."""

    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday.choices)
    start = models.TimeField(_("from"))
    end = models.TimeField(_("to"))

    class Meta:
        abstract = True


class OpeningHours(WeeklyTime):
    """When sessions may be held at an institution on a working day."""

    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="opening_hours")

    class Meta:
        verbose_name = _("opening hours")
        verbose_name_plural = _("opening hours")
        ordering = ["institution", "weekday", "start"]
        constraints = [models.CheckConstraint(condition=UNTIL_MIDNIGHT, name="opening_hours_within_their_day")]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.start:%H:%M}–{self.end:%H:%M}"


class CalendarDay(models.Model):
    """A day on which an institution departs from its week: a holiday, or a make-up working day."""

    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="calendar_days")
    date = models.DateField(_("date"))
    working = models.BooleanField(_("working day"), default=False)
    name = models.CharField(_("name"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("special day")
        verbose_name_plural = _("special days")
        ordering = ["institution", "date"]
        constraints = [
            models.UniqueConstraint(fields=["institution", "date"], name="one_entry_per_institution_and_day")
        ]

    def __str__(self) -> str:
        return f"{self.date} {self.name}"


class Travel(models.Model):
    """Minutes between two institutions; a pair without a row counts as 60."""

    origin = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="+")
    destination = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="+")
    minutes = models.PositiveSmallIntegerField(_("minutes"))

    class Meta:
        verbose_name = _("travel time")
        verbose_name_plural = _("travel times")
        constraints = [
            models.UniqueConstraint(fields=["origin", "destination"], name="one_travel_time_per_pair"),
            models.CheckConstraint(condition=Q(origin__lt=F("destination")), name="travel_stored_once"),
        ]

    def __str__(self) -> str:
        return f"{self.origin} – {self.destination}: {self.minutes} min"
