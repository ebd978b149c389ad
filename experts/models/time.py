"""When experts are there: their week, departures from it, leaves, and on-call duties."""

from __future__ import annotations

from datetime import time, timedelta

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from experts.models.people import Discipline, DiseaseGroup, Expert
from experts.models.places import UNTIL_MIDNIGHT, Institution, Named, WeeklyTime
from mdt_portal.fields import public_id_field


class Every(models.IntegerChoices):
    WEEK = 1, _("every week")
    SECOND = 2, _("every second week")
    THIRD = 3, _("every third week")
    FOURTH = 4, _("every fourth week")


class RhythmicTime(WeeklyTime):
    """A stretch of every week, or of every second, third or fourth one.

    `since` is the Monday of the first week in which it holds; empty where it always held.
    """

    every = models.PositiveSmallIntegerField(_("how often"), choices=Every.choices, default=Every.WEEK)
    since = models.DateField(_("from the week of"), null=True, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(condition=UNTIL_MIDNIGHT, name="%(class)s_within_its_day"),
            models.CheckConstraint(
                condition=Q(every=1) | Q(every__in=[2, 3, 4], since__isnull=False), name="%(class)s_rhythm_has_a_start"
            ),
            models.CheckConstraint(
                condition=Q(since__isnull=True) | Q(since__iso_week_day=1), name="%(class)s_starts_with_a_week"
            ),
        ]

    def clean(self) -> None:
        if self.since is not None:
            self.since -= timedelta(days=self.since.weekday())
        elif self.every != Every.WEEK:
            raise ValidationError({"since": _("Say from which week on.")})


class WeeklyAvailability(RhythmicTime):
    """When an expert is free for MDT work, week by week, in the time of their main employer."""

    expert = models.ForeignKey(Expert, on_delete=models.CASCADE, related_name="weekly_availability")

    class Meta(RhythmicTime.Meta):
        verbose_name = _("weekly availability")
        verbose_name_plural = _("weekly availability")
        ordering = ["expert", "weekday", "start", "since"]

    def __str__(self) -> str:
        return f"{self.expert}: {self.get_weekday_display()} {self.start:%H:%M}–{self.end:%H:%M}"


class WeekTemplate(Named):
    """A week that a hospital keeps under a name, to give it to several people."""

    public_id = public_id_field()
    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="week_templates")

    class Meta:
        verbose_name = _("week template")
        verbose_name_plural = _("week templates")
        ordering = ["institution", "name_en", "pk"]


class TemplateTime(RhythmicTime):
    template = models.ForeignKey(WeekTemplate, on_delete=models.CASCADE, related_name="times")

    class Meta(RhythmicTime.Meta):
        verbose_name = _("time of a week template")
        verbose_name_plural = _("times of a week template")
        ordering = ["template", "weekday", "start", "since"]

    def __str__(self) -> str:
        return f"{self.template}: {self.get_weekday_display()} {self.start:%H:%M}–{self.end:%H:%M}"


class ExceptionKind(models.TextChoices):
    ADDS = "adds", _("Also free")
    TAKES = "takes", _("Not free")


class AvailabilityException(models.Model):
    """One day's departure from the week: it takes time away, or adds it. What is taken wins over what is added.

    It begins on its day and may end on the next one: an end at or before the start lies past midnight.
    """

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
        constraints = [
            models.CheckConstraint(condition=~Q(end=F("start")) | Q(end=time()), name="exception_lasts_some_time")
        ]

    def __str__(self) -> str:
        return f"{self.expert}: {self.get_kind_display()} {self.date} {self.start:%H:%M}–{self.end:%H:%M}"


class Leave(models.Model):
    """Days away, both included. Nothing that is added gives time back in a leave.

    With `start` and `end` only those hours of each day, such as every afternoon; without them whole days.
    """

    expert = models.ForeignKey(Expert, on_delete=models.CASCADE, related_name="leaves")
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    start = models.TimeField(_("from"), null=True, blank=True)
    end = models.TimeField(_("to"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("leave")
        verbose_name_plural = _("leaves")
        ordering = ["first_day"]
        constraints = [
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="leave_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(start__isnull=True, end__isnull=True)
                | Q(start__isnull=False, end__isnull=False) & (~Q(end=F("start")) | Q(end=time())),
                name="leave_has_both_hours_or_none",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.expert}: {self.first_day}–{self.last_day}"

    @property
    def hours(self) -> tuple[time, time] | None:
        """Those of each day; None for whole days."""
        return (self.start, self.end) if self.start is not None and self.end is not None else None


class OnCallDuty(models.Model):
    """An expert answers emergencies at an institution: of a discipline, of a disease group, or any.

    From moment to moment, entered and shown by the clock of the institution.
    """

    public_id = public_id_field()

    expert = models.ForeignKey(Expert, on_delete=models.CASCADE, related_name="on_call_duties")
    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="on_call_duties")
    disease_group = models.ForeignKey(
        DiseaseGroup,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="on_call_duties",
        verbose_name=_("disease group"),
    )
    discipline = models.ForeignKey(
        Discipline,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="on_call_duties",
        verbose_name=_("discipline"),
    )
    start = models.DateTimeField(_("from"))
    end = models.DateTimeField(_("to"))

    class Meta:
        verbose_name = _("on-call duty")
        verbose_name_plural = _("on-call duties")
        ordering = ["start"]
        constraints = [
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="duty_end_after_start"),
            models.CheckConstraint(
                condition=Q(disease_group__isnull=True) | Q(discipline__isnull=True), name="duty_of_group_or_discipline"
            ),
        ]

    def __str__(self) -> str:
        start, end = (one.astimezone(self.institution.tz) for one in (self.start, self.end))
        return f"{self.expert}: {start:%Y-%m-%d %H:%M}–{end:%Y-%m-%d %H:%M}"
