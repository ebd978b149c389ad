"""Who attends what, in which seat, and what was answered."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import Deferrable, F, Q
from django.utils.translation import gettext_lazy as _

from experts.models import Discipline, Expert
from mdt_portal.fields import public_id_field, updated_at_field
from scheduling.models.constraints import OWNED_BY_SESSION_OR_HOLD, same, stretch
from scheduling.models.sessions import AgendaItem, Hold, Session
from scheduling.states import INVITATION_LIFECYCLE, InvitationStatus


class AttendanceMode(models.TextChoices):
    ON_SITE = "on_site", _("On site")
    REMOTE = "remote", _("By video")


class AttendanceQuerySet(models.QuerySet["Attendance"]):
    def active(self) -> AttendanceQuerySet:
        return self.filter(active=True)

    def overlapping(self, start: datetime, end: datetime) -> AttendanceQuerySet:
        return self.filter(start__lt=end, end__gt=start)


class Attendance(models.Model):
    """One expert in one session, from the first to the last case that needs them. Occupies their time while active.

    `public_id` is the calendar UID for ever; `sequence` rises with each change of time, place or role.
    """

    public_id = public_id_field()
    expert = models.ForeignKey(Expert, on_delete=models.PROTECT, related_name="attendances")
    session = models.ForeignKey(Session, null=True, blank=True, on_delete=models.CASCADE, related_name="attendances")
    hold = models.ForeignKey(Hold, null=True, blank=True, on_delete=models.CASCADE, related_name="attendances")
    start = models.DateTimeField(_("from"))
    end = models.DateTimeField(_("to"))
    mode = models.CharField(_("mode"), max_length=8, choices=AttendanceMode.choices, default=AttendanceMode.ON_SITE)
    active = models.BooleanField(default=True)
    sequence = models.PositiveIntegerField(default=0)
    came = models.BooleanField(_("came"), null=True, blank=True)
    """As the record of the meeting says; None before there is one."""

    objects = AttendanceQuerySet.as_manager()
    updated_at = updated_at_field()

    class Meta:
        verbose_name = _("attendance")
        verbose_name_plural = _("attendances")
        ordering = ["start", "pk"]
        indexes = [models.Index(fields=["expert", "start"], condition=Q(active=True), name="attendance_by_expert")]
        constraints = [
            models.CheckConstraint(condition=OWNED_BY_SESSION_OR_HOLD, name="attendance_of_session_or_hold"),
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="attendance_end_after_start"),
            models.UniqueConstraint(
                fields=["session", "expert"],
                condition=Q(session__isnull=False, active=True),
                name="one_active_attendance_per_session",
            ),
            ExclusionConstraint(
                name="expert_in_one_place_at_a_time",
                expressions=[(same("expert"), RangeOperators.OVERLAPS), (stretch(), RangeOperators.OVERLAPS)],
                condition=Q(active=True),
                deferrable=Deferrable.DEFERRED,
            ),
        ]

    def __str__(self) -> str:
        team = self.session.team if self.session else self.hold.team  # type: ignore[union-attr]
        zone = team.institution.tz
        return f"{self.expert} {self.start.astimezone(zone):%Y-%m-%d %H:%M}–{self.end.astimezone(zone):%H:%M}"

    @property
    def length_min(self) -> int:
        return (self.end - self.start) // timedelta(minutes=1)

    @property
    def meeting(self) -> Session:
        """The session of an attendance that belongs to no hold: of every one that has an invitation."""
        assert self.session is not None
        return self.session


class Seat(models.Model):
    """One discipline at a lowest title that one case needs; `attendance` says who fills it (empty: open)."""

    item = models.ForeignKey(AgendaItem, on_delete=models.CASCADE, related_name="seats")
    place = models.PositiveSmallIntegerField(_("place in the requirement"))
    discipline = models.ForeignKey(Discipline, on_delete=models.PROTECT, related_name="+")
    min_rank = models.PositiveSmallIntegerField(_("lowest title"), default=0)
    sub_specialty = models.CharField(_("sub-specialty"), max_length=40, blank=True)
    optional = models.BooleanField(_("welcome, not required"), default=False)
    attendance = models.ForeignKey(
        Attendance, null=True, blank=True, on_delete=models.SET_NULL, related_name="seats", verbose_name=_("filled by")
    )

    class Meta:
        verbose_name = _("seat")
        verbose_name_plural = _("seats")
        ordering = ["item", "optional", "place"]
        constraints = [
            models.UniqueConstraint(fields=["item", "optional", "place"], name="seat_once_per_item"),
            models.UniqueConstraint(
                fields=["item", "attendance"],
                condition=Q(attendance__isnull=False),
                name="one_seat_per_person_and_case",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item.case_id}: {self.discipline}"


class Invitation(models.Model):
    """What is asked of one attendance, and the answer. `nonce` makes an answer link die after use or change."""

    public_id = public_id_field()
    attendance = models.OneToOneField(Attendance, on_delete=models.CASCADE, related_name="invitation")
    status = models.CharField(
        _("status"), max_length=8, choices=InvitationStatus.choices, default=InvitationStatus.PENDING
    )
    lifecycle = INVITATION_LIFECYCLE
    nonce = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)
    answer_by = models.DateTimeField(_("answer by"))
    answered_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=20, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    deputy = models.ForeignKey(Expert, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    """A colleague whom somebody who declined suggests."""
    offered = models.JSONField(default=list, blank=True)
    """Other times at which they could come, as pairs of moments; see `scheduling.sessions.suggestions`."""
    notified = models.JSONField(null=True, blank=True, editable=False)
    """What the expert was last told, with the answer and the link that go with it; see `scheduling.sessions.notified`.
    None: nothing yet, or that they are free."""
    updated_at = updated_at_field()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["answer_by", "pk"]

    def __str__(self) -> str:
        return f"{self.attendance}"
