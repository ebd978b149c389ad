"""Sessions with their agenda, promises that are held, and the room time that both take."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import Deferrable, F, Q
from django.utils.translation import gettext_lazy as _

from cases.models import Case, Outcome
from experts.models import Institution, Team
from mdt_portal.fields import public_id_field, updated_at_field
from scheduling.models.constraints import OWNED_BY_SESSION_OR_HOLD, same, stretch
from scheduling.models.places import Room
from scheduling.models.runs import Proposal
from scheduling.states import HOLD_LIFECYCLE, LIVE_SESSIONS, SESSION_LIFECYCLE, HoldStatus, SessionStatus


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
    actual_start = models.DateTimeField(_("began"), null=True, blank=True)
    actual_end = models.DateTimeField(_("ended"), null=True, blank=True)
    recorded_at = models.DateTimeField(_("recorded"), null=True, blank=True)
    cancel_reason = models.CharField(_("reason of the cancellation"), max_length=200, blank=True)
    people_came = models.PositiveSmallIntegerField(_("people who came"), null=True, blank=True)
    """Who came and whether the discussed cases had their seats, as the record says; see `sessions.presence`."""
    seats_needed = models.PositiveSmallIntegerField(_("required seats"), null=True, blank=True)
    seats_missing = models.JSONField(_("seats that were empty"), default=list, blank=True)
    """The discipline's key of each required seat that nobody filled."""
    quorum_reason = models.CharField(_("reason without quorum"), max_length=300, blank=True)

    objects = SessionQuerySet.as_manager()
    updated_at = updated_at_field()

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        ordering = ["start", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="session_end_after_start"),
            models.CheckConstraint(
                condition=~Q(status="held")
                | Q(actual_end__gt=F("actual_start"), actual_start__isnull=False, recorded_at__isnull=False),
                name="held_session_has_its_record",
            ),
            models.CheckConstraint(
                condition=Q(people_came__isnull=True) | Q(people_came__gt=0, seats_missing=[]) | ~Q(quorum_reason=""),
                name="record_without_quorum_says_why",
            ),
            ExclusionConstraint(
                name="team_meets_once_at_a_time",
                expressions=[(same("team"), RangeOperators.OVERLAPS), (stretch(), RangeOperators.OVERLAPS)],
                condition=Q(status__in=["published", "confirmed", "in_progress"]),
                deferrable=Deferrable.DEFERRED,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.team} {self.start.astimezone(self.institution.tz):%Y-%m-%d %H:%M}"


class HoldQuerySet(models.QuerySet["Hold"]):
    def live(self, now: datetime) -> HoldQuerySet:
        """Holds that keep their promise still."""
        return self.filter(status=HoldStatus.HELD, expires_at__gt=now)


class Hold(models.Model):
    """A promise that is kept for a few minutes: it owns attendances and a room booking until `expires_at`.

    `start` to `end` is the case's time; `session` the one that it joins (None: a new one in `room`, None: by video);
    `people` who takes which place (place id as text -> expert id).
    """

    public_id = public_id_field()
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="holds")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="holds")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="holds")
    session = models.ForeignKey(Session, null=True, blank=True, on_delete=models.CASCADE, related_name="holds")
    room = models.ForeignKey(Room, null=True, blank=True, on_delete=models.PROTECT, related_name="holds")
    start = models.DateTimeField(_("from"))
    end = models.DateTimeField(_("to"))
    people = models.JSONField(default=dict)
    status = models.CharField(_("status"), max_length=10, choices=HoldStatus.choices, default=HoldStatus.HELD)
    lifecycle = HOLD_LIFECYCLE
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects = HoldQuerySet.as_manager()

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=Q(status="held"), name="one_hold_per_case"),
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="hold_end_after_start"),
            ExclusionConstraint(
                name="team_held_once_at_a_time",
                expressions=[(same("team"), RangeOperators.OVERLAPS), (stretch(), RangeOperators.OVERLAPS)],
                condition=Q(status="held"),
                deferrable=Deferrable.DEFERRED,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case} → {self.start.astimezone(self.team.institution.tz):%Y-%m-%d %H:%M}"


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


class NotifiedPlace(models.Model):
    """Where the referrer of a case was last told that it stands: `place` is empty for "it waits"."""

    case = models.OneToOneField(Case, on_delete=models.CASCADE, related_name="notified_place")
    place = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("place that was told")
        verbose_name_plural = _("places that were told")

    def __str__(self) -> str:
        return f"{self.case}"


class AgendaItemQuerySet(models.QuerySet["AgendaItem"]):
    def of_record(self) -> AgendaItemQuerySet:
        """What a record speaks of: what is on the agenda, or was when the record was made."""
        return self.filter(Q(active=True) | ~Q(outcome=""))


class AgendaItem(models.Model):
    """One case in one session. `active` until it falls from the agenda; `called_off` says that it stood there when the
    session was called off, with the people on its seats.

    The record of the meeting gives it its `outcome`; what was not discussed is not active any more.
    """

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="items")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="items")
    start = models.DateTimeField(_("from"))
    minutes = models.PositiveSmallIntegerField(_("minutes"))
    active = models.BooleanField(default=True)
    called_off = models.BooleanField(default=False)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)

    objects = AgendaItemQuerySet.as_manager()
    updated_at = updated_at_field()

    class Meta:
        verbose_name = _("agenda item")
        verbose_name_plural = _("agenda items")
        ordering = ["session", "start"]
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=Q(active=True), name="one_active_place_per_case"),
            models.CheckConstraint(
                condition=Q(outcome="")
                | Q(outcome="discussed", active=True)
                | (~Q(outcome__in=["", "discussed"]) & Q(active=False)),
                name="item_active_only_if_discussed",
            ),
            models.CheckConstraint(condition=~Q(outcome="other") | ~Q(note=""), name="other_outcome_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.case} {self.start.astimezone(self.session.institution.tz):%Y-%m-%d %H:%M}"
