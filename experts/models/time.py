"""When experts are there: their week, departures from it, leaves, and on-call duties."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from experts.models.people import DiseaseGroup, Expert
from experts.models.places import Institution, WeeklyTime


class WeeklyAvailability(WeeklyTime):
    """When an expert is free for MDT work in an ordinary week, in the time of their main employer."""

    expert = models.ForeignKey(Expert, on_delete=models.CASCADE, related_name="weekly_availability")

    class Meta:
        verbose_name = _("weekly availability")
        verbose_name_plural = _("weekly availability")
        ordering = ["expert", "weekday", "start"]
        constraints = [models.CheckConstraint(condition=Q(end__gt=F("start")), name="availability_end_after_start")]

    def __str__(self) -> str:
        return f"{self.expert}: {self.get_weekday_display()} {self.start:%H:%M}–{self.end:%H:%M}"


class ExceptionKind(models.TextChoices):
    ADDS = "adds", _("Also free")
    TAKES = "takes", _("Not free")


class AvailabilityException(models.Model):
    """One day's departure from the week: it takes time away, or adds it. What is taken wins over what is added."""

    expert = models.ForeignKey(Expert, on_delete=models.CASCADE, related_name="availability_exceptions")
    date = models.DateField(_("date"))
    start = models.TimeField(_("from"))
    end = models.TimeField(_("to"))
    kind = models.CharField(_("kind"), max_length=5, choices=ExceptionKind.choices)
    note = models.CharField(_("note"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("availability exception")
        verbose_name_plural = _("availability exceptions")
        ordering = ["date", "start"]
        constraints = [models.CheckConstraint(condition=Q(end__gt=F("start")), name="exception_end_after_start")]

    def __str__(self) -> str:
        return f"{self.expert}: {self.get_kind_display()} {self.date} {self.start:%H:%M}–{self.end:%H:%M}"


class Leave(models.Model):
    """Whole days away, both days included. Nothing that is added gives time back in a leave."""

    expert = models.ForeignKey(Expert, on_delete=models.CASCADE, related_name="leaves")
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    note = models.CharField(_("note"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("leave")
        verbose_name_plural = _("leaves")
        ordering = ["first_day"]
        constraints = [
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="leave_ends_after_it_starts")
        ]

    def __str__(self) -> str:
        return f"{self.expert}: {self.first_day}–{self.last_day}"


class OnCallDuty(models.Model):
    """An expert answers emergencies of a disease group (or any) at an institution."""

    expert = models.ForeignKey(Expert, on_delete=models.CASCADE, related_name="on_call_duties")
    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="on_call_duties")
    disease_group = models.ForeignKey(
        DiseaseGroup, null=True, blank=True, on_delete=models.CASCADE, related_name="on_call_duties"
    )
    start = models.DateTimeField(_("from"))
    end = models.DateTimeField(_("to"))

    class Meta:
        verbose_name = _("on-call duty")
        verbose_name_plural = _("on-call duties")
        ordering = ["start"]
        constraints = [models.CheckConstraint(condition=Q(end__gt=F("start")), name="duty_end_after_start")]

    def __str__(self) -> str:
        return f"{self.expert}: {self.start:%Y-%m-%d %H:%M}–{self.end:%Y-%m-%d %H:%M}"
