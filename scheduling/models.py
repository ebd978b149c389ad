"""Rooms and their time, the published plan (sessions, agenda, seats, attendances), and planning runs.

    Session ──< AgendaItem ──< Seat >── Attendance >── Session       a seat: who fills one discipline of one case
                                        Attendance ──  Invitation    an attendance: one expert's stretch of a session
    RoomBooking: a session's or a hold's stretch of room time, changeover included

Attendance and RoomBooking carry the exclusion constraints: nobody and no room is ever in two places at once.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.contrib.postgres.fields.ranges import DateTimeRangeField
from django.db import models
from django.db.models import Deferrable, F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from cases.models import Case, RareClass
from experts.models import Discipline, Expert, Institution, Named, Team, WeeklyTime
from mdt_portal.fields import public_id_field
from scheduling.states import (
    HOLD_LIFECYCLE,
    INVITATION_LIFECYCLE,
    LIVE_SESSIONS,
    RUN_LIFECYCLE,
    SESSION_LIFECYCLE,
    HoldStatus,
    InvitationStatus,
    RunStatus,
    SessionStatus,
)


def same(field: str) -> Func:
    """`field` as a range of one integer: equality for a GiST exclusion without the btree_gist extension."""
    return Func(F(field), F(field), Value("[]"), function="int8range")


def stretch(start: str = "start", end: str = "end") -> Func:
    return Func(F(start), F(end), function="tstzrange", output_field=DateTimeRangeField())


class Room(Named):
    public_id = public_id_field()
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="rooms")
    capacity = models.PositiveSmallIntegerField(_("seats"))
    equipment = models.JSONField(_("equipment"), default=list, blank=True, help_text=_("e.g. video, display"))
    active = models.BooleanField(_("active"), default=True)

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
        constraints = [models.CheckConstraint(condition=Q(end__gt=F("start")), name="room_hours_end_after_start")]

    def __str__(self) -> str:
        return f"{self.room}: {self.get_weekday_display()} {self.start:%H:%M}–{self.end:%H:%M}"


class RoomClosure(models.Model):
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

    class Meta:
        verbose_name = _("block")
        verbose_name_plural = _("blocks")
        ordering = ["team", "first_day", "start"]
        constraints = [models.CheckConstraint(condition=Q(end__gt=F("start")), name="block_end_after_start")]

    def __str__(self) -> str:
        return f"{self.team}: {self.recurrence or self.first_day} {self.start:%H:%M}–{self.end:%H:%M}"


class PublishedPlan(models.Model):
    """The version of what is published at an institution. Every commit raises it; proposals remember it."""

    institution = models.OneToOneField(Institution, on_delete=models.CASCADE, related_name="published_plan")
    version = models.PositiveIntegerField(default=0)
    published_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.institution} v{self.version}"


class RunTrigger(models.TextChoices):
    MANUAL = "manual", _("by hand")
    COMMAND = "command", _("from the command line")
    API = "api", _("through the API")
    SCHEDULE = "schedule", _("by the clock")


class PlanningRun(models.Model):
    """One computation. Its lease and fencing token make a killed or late worker harmless."""

    public_id = public_id_field()
    institutions = models.ManyToManyField(Institution, related_name="runs")
    horizon_start = models.DateField(_("first day"))
    horizon_days = models.PositiveSmallIntegerField(_("days"), default=14)
    trigger = models.CharField(_("started"), max_length=10, choices=RunTrigger.choices, default=RunTrigger.MANUAL)
    seconds = models.PositiveSmallIntegerField(_("time limit (seconds)"), default=30)
    seed = models.PositiveIntegerField(default=1)
    status = models.CharField(_("status"), max_length=10, choices=RunStatus.choices, default=RunStatus.QUEUED)
    lifecycle = RUN_LIFECYCLE
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="runs"
    )
    idempotency_key = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    stop_requested = models.BooleanField(default=False)
    problem = models.JSONField(null=True, blank=True)
    progress = models.JSONField(default=list, blank=True)
    failure = models.JSONField(null=True, blank=True)

    class Meta:
        verbose_name = _("planning run")
        verbose_name_plural = _("planning runs")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["requested_by", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="run_once_per_idempotency_key",
            ),
            models.CheckConstraint(
                condition=~Q(status="running") | Q(lease_until__isnull=False), name="running_run_has_a_lease"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def finished(self) -> bool:
        return self.status not in (RunStatus.QUEUED, RunStatus.RUNNING)


class ProposalKind(models.TextChoices):
    BALANCED = "balanced", _("Balanced")
    FASTEST = "fastest", _("Fastest")
    LEAST_TIME = "least_time", _("Least expert time")
    FAIREST = "fairest", _("Fairest")
    LEAST_CHANGE = "least_change", _("Least change")


class Proposal(models.Model):
    """A plan that a run offers: Plan as JSON, its goals, bound, and the published versions that it starts from."""

    public_id = public_id_field()
    run = models.ForeignKey(PlanningRun, on_delete=models.CASCADE, related_name="proposals")
    kind = models.CharField(_("kind"), max_length=14, choices=ProposalKind.choices, default=ProposalKind.BALANCED)
    plan = models.JSONField()
    goals = models.JSONField()
    bound = models.JSONField(null=True, blank=True)
    gap = models.FloatField(_("gap of the effort"), null=True, blank=True)
    base_versions = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("proposal")
        verbose_name_plural = _("proposals")
        ordering = ["run", "pk"]
        constraints = [models.UniqueConstraint(fields=["run", "kind"], name="one_proposal_per_kind")]

    def __str__(self) -> str:
        return f"{self.run} {self.get_kind_display()}"


class SessionQuerySet(models.QuerySet["Session"]):
    def live(self) -> SessionQuerySet:
        """Sessions that occupy people and rooms, now or in time to come."""
        return self.filter(status__in=LIVE_SESSIONS)

    def overlapping(self, start: datetime, end: datetime) -> SessionQuerySet:
        return self.filter(start__lt=end, end__gt=start)


class Session(models.Model):
    """A team meeting with an agenda, in a room or remote. Exists from publishing on."""

    public_id = public_id_field()
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="sessions")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="sessions")
    room = models.ForeignKey(Room, null=True, blank=True, on_delete=models.PROTECT, related_name="sessions")
    start = models.DateTimeField(_("from"), db_index=True)
    end = models.DateTimeField(_("to"))
    status = models.CharField(
        _("status"), max_length=12, choices=SessionStatus.choices, default=SessionStatus.PUBLISHED
    )
    lifecycle = SESSION_LIFECYCLE
    version = models.PositiveIntegerField(default=1)
    proposal = models.ForeignKey(Proposal, null=True, blank=True, on_delete=models.SET_NULL, related_name="sessions")
    published_at = models.DateTimeField(auto_now_add=True)
    actual_start = models.DateTimeField(null=True, blank=True)
    actual_end = models.DateTimeField(null=True, blank=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        ordering = ["start", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="session_end_after_start"),
            ExclusionConstraint(
                name="team_meets_once_at_a_time",
                expressions=[(same("team"), RangeOperators.OVERLAPS), (stretch(), RangeOperators.OVERLAPS)],
                condition=Q(status__in=["published", "confirmed", "in_progress"]),
                deferrable=Deferrable.DEFERRED,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.team} {self.start.astimezone(self.institution.tz):%Y-%m-%d %H:%M}"


class Hold(models.Model):
    """A promise that is kept for a few minutes: it owns attendances and a room booking until `expires_at`."""

    public_id = public_id_field()
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="holds")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="holds")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="holds")
    slot = models.JSONField(default=dict)
    status = models.CharField(_("status"), max_length=10, choices=HoldStatus.choices, default=HoldStatus.HELD)
    lifecycle = HOLD_LIFECYCLE
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=Q(status="held"), name="one_hold_per_case"),
        ]

    def __str__(self) -> str:
        return f"{self.case} → {self.expires_at:%H:%M}"


OWNED_BY_SESSION_OR_HOLD = Q(session__isnull=False, hold__isnull=True) | Q(session__isnull=True, hold__isnull=False)


class RoomBooking(models.Model):
    """A stretch of room time that is taken; `end` includes the changeover."""

    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="bookings")
    session = models.OneToOneField(Session, null=True, blank=True, on_delete=models.CASCADE, related_name="booking")
    hold = models.OneToOneField(Hold, null=True, blank=True, on_delete=models.CASCADE, related_name="booking")
    start = models.DateTimeField()
    end = models.DateTimeField()
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=OWNED_BY_SESSION_OR_HOLD, name="booking_of_session_or_hold"),
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="booking_end_after_start"),
            ExclusionConstraint(
                name="room_used_once_at_a_time",
                expressions=[(same("room"), RangeOperators.OVERLAPS), (stretch(), RangeOperators.OVERLAPS)],
                condition=Q(active=True),
                deferrable=Deferrable.DEFERRED,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.room} {self.start:%Y-%m-%d %H:%M}–{self.end:%H:%M}"


class AgendaItem(models.Model):
    """One case in one session. `active` until it falls from the agenda."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="items")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="items")
    start = models.DateTimeField(_("from"))
    minutes = models.PositiveSmallIntegerField(_("minutes"))
    active = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("agenda item")
        verbose_name_plural = _("agenda items")
        ordering = ["session", "start"]
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=Q(active=True), name="one_active_place_per_case"),
        ]

    def __str__(self) -> str:
        return f"{self.case} {self.start.astimezone(self.session.institution.tz):%Y-%m-%d %H:%M}"


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

    objects = AttendanceQuerySet.as_manager()

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

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["answer_by", "pk"]

    def __str__(self) -> str:
        return f"{self.attendance}"
