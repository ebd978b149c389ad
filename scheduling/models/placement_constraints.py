"""What is agreed beside the rules: pins and bans of single cases, and time asked of an expert."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cases.models import Case
from experts.models import AvailabilityException, Expert
from mdt_portal.fields import public_id_field, updated_at_field
from scheduling.models.places import Room
from scheduling.states import TIME_REQUEST_LIFECYCLE, TimeRequestStatus


class PlacementConstraintKind(models.TextChoices):
    PIN = "pin", pgettext_lazy("placement constraint", "Pin")
    FORBID = "forbid", pgettext_lazy("placement constraint", "Forbid")


class PlacementConstraintQuerySet(models.QuerySet["PlacementConstraint"]):
    def in_force(self) -> PlacementConstraintQuerySet:
        """Those that the next plan obeys: not withdrawn, and of a case that may still be planned."""
        return self.filter(ended_at=None)

    def with_names(self) -> PlacementConstraintQuerySet:
        return self.select_related("case__team__institution", "expert", "room", "by")


class PlacementConstraint(models.Model):
    """A pin: each part given holds wherever the case is placed. A ban: not all given parts together.

    `start` and `end` bound the case's own start: `start <= begins < end`.
    """

    public_id = public_id_field()
    kind = models.CharField(_("kind"), max_length=6, choices=PlacementConstraintKind.choices)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="placement_constraints")
    expert = models.ForeignKey(Expert, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    room = models.ForeignKey(Room, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    start = models.DateTimeField(_("from"), null=True, blank=True)
    end = models.DateTimeField(_("to"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="placement_constraints"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = PlacementConstraintQuerySet.as_manager()
    updated_at = updated_at_field()

    class Meta:
        verbose_name = _("pin or ban")
        verbose_name_plural = _("pins and bans")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(expert__isnull=False)
                | Q(room__isnull=False)
                | Q(start__isnull=False)
                | Q(end__isnull=False),
                name="placement_constraint_names_something",
            ),
            models.CheckConstraint(
                condition=Q(start__isnull=True) | Q(end__isnull=True) | Q(end__gt=F("start")),
                name="placement_constraint_end_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case} {self.kind}"

    @property
    def active(self) -> bool:
        return self.ended_at is None

    @property
    def parts(self) -> dict[str, Any]:
        """What it names, without what it leaves open."""
        named = {"expert": self.expert_id, "room": self.room_id, "start": self.start, "end": self.end}
        return {name: value for name, value in named.items() if value is not None}


class TimeRequest(models.Model):
    """One expert is asked to come for one case at a time when they are off duty. Only their yes adds the time."""

    public_id = public_id_field()
    expert = models.ForeignKey(Expert, on_delete=models.CASCADE, related_name="time_requests")
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="time_requests")
    start = models.DateTimeField(_("from"))
    end = models.DateTimeField(_("to"))
    note = models.CharField(_("note"), max_length=200, blank=True)
    status = models.CharField(
        _("status"), max_length=10, choices=TimeRequestStatus.choices, default=TimeRequestStatus.OPEN
    )
    lifecycle = TIME_REQUEST_LIFECYCLE
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    answered_at = models.DateTimeField(null=True, blank=True)
    added = models.OneToOneField(
        AvailabilityException, null=True, blank=True, on_delete=models.SET_NULL, related_name="asked_by"
    )
    updated_at = updated_at_field()

    class Meta:
        verbose_name = _("time asked for")
        verbose_name_plural = _("times asked for")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="time_request_end_after_start"),
            models.UniqueConstraint(
                fields=["expert", "case", "start"], condition=Q(status="asked"), name="one_open_time_request"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.expert}, {self.case}"
