"""Rooms, when they may be used, and the stretches of time in which teams meet."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cases.models import RareClass
from experts.models import UNTIL_MIDNIGHT, Institution, Named, Team, WeeklyTime
from mdt_portal.fields import public_id_field, updated_at_field


class Room(Named):
    public_id = public_id_field()
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="rooms")
    capacity = models.PositiveSmallIntegerField(_("seats"))
    equipment = models.JSONField(_("equipment"), default=list, blank=True, help_text=_("e.g. video, display"))
    active = models.BooleanField(_("active"), default=True)
    updated_at = updated_at_field()

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")
        ordering = ["institution", "name_en"]


class RoomHours(WeeklyTime):
    """When a room may be used; a room without rows follows its institution's opening hours."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="hours")

    class Meta:
        verbose_name = _("room hours")
        verbose_name_plural = _("room hours")
        ordering = ["room", "weekday", "start"]
        constraints = [models.CheckConstraint(condition=UNTIL_MIDNIGHT, name="room_hours_within_their_day")]

    def __str__(self) -> str:
        return f"{self.room}: {self.get_weekday_display()} {self.start:%H:%M}–{self.end:%H:%M}"


class RoomClosure(models.Model):
    public_id = public_id_field()
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="closures")
    start = models.DateTimeField(_("from"))
    end = models.DateTimeField(_("to"))
    reason = models.CharField(_("reason"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("room closure")
        verbose_name_plural = _("room closures")
        ordering = ["start"]
        constraints = [models.CheckConstraint(condition=Q(end__gt=F("start")), name="closure_end_after_start")]

    def __str__(self) -> str:
        return f"{self.room}: {self.start:%Y-%m-%d %H:%M}–{self.end:%Y-%m-%d %H:%M}"


class BlockKind(models.TextChoices):
    STANDING = "standing", _("Standing")
    OPENED = "opened", _("Opened")


class Block(models.Model):
    """A stretch of time in which a team may meet: standing (a recurrence rule) or opened once by the planner.

    `recurrence` is an RFC 5545 rule without DTSTART, empty for a single day; times are the institution's.
    """

    public_id = public_id_field()
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="blocks")
    kind = models.CharField(_("kind"), max_length=8, choices=BlockKind.choices, default=BlockKind.STANDING)
    room = models.ForeignKey(Room, null=True, blank=True, on_delete=models.SET_NULL, related_name="blocks")
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"), null=True, blank=True)
    start = models.TimeField(_("from"))
    end = models.TimeField(_("to"))
    recurrence = models.CharField(
        _("recurrence"), max_length=120, blank=True, help_text="FREQ=WEEKLY;INTERVAL=2;BYDAY=TH"
    )
    reserved_class = models.CharField(_("kept for rare class"), max_length=1, choices=RareClass.choices, blank=True)
    updated_at = updated_at_field()

    class Meta:
        verbose_name = _("block")
        verbose_name_plural = _("blocks")
        ordering = ["team", "first_day", "start"]
        constraints = [models.CheckConstraint(condition=Q(end__gt=F("start")), name="block_end_after_start")]

    def __str__(self) -> str:
        return f"{self.team}: {self.recurrence or self.first_day} {self.start:%H:%M}–{self.end:%H:%M}"
