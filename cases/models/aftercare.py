"""What follows a discussion: the team's recommendation, what is to be done, and the follow-ups: was it done?"""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cases.models.cases import Case
from cases.states import CaseStatus
from experts.models import Expert
from mdt_portal.fields import public_id_field, updated_at_field
from mdt_portal.models import User
from mdt_portal.statuses import Status


class Outcome(Status):
    """What became of a case at its meeting: discussed, or why not."""

    DISCUSSED = "discussed", "confirmed", _("Discussed")
    MATERIALS = "materials", "pending", _("Materials were missing")
    ABSENT = "absent", "pending", _("Someone who was needed was absent")
    NO_TIME = "no_time", "pending", _("Out of time")
    NOT_NEEDED = "not_needed", "waiting", _("No longer needed")
    OTHER = "other", "pending", _("Another reason")


class FollowUpOutcome(Status):
    """Whether a recommendation was carried out."""

    OUT = "out", "confirmed", _("Carried out")
    PARTLY = "partly", "pending", pgettext_lazy("carried out", "Partly")
    NOT = "not", "declined", _("Not carried out")


class WithPerson(models.Model):
    """Somebody, by name; `expert` is set where it is one of ours."""

    who = models.CharField(_("who"), max_length=80, blank=True)
    expert = models.ForeignKey(Expert, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        abstract = True

    @property
    def person(self) -> Expert | str:
        """Who it is, as pages show it: an expert's name follows the reader's language."""
        return self.expert or self.who


class Recommendation(WithPerson):
    """What the team recommends for one discussed case: a draft until it is signed, unchangeable afterwards.

    `next_follow_up_on` is the day of the first follow-up; `who` calls on that day.
    """

    public_id = public_id_field()
    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="recommendation")
    text = models.TextField(_("recommendation"), blank=True)
    next_follow_up_on = models.DateField(_("next look"), null=True, blank=True)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    signed_at = models.DateTimeField(_("signed"), null=True, blank=True, db_index=True)
    version = models.PositiveIntegerField(default=1)
    updated_at = updated_at_field()

    class Meta:
        verbose_name = _("recommendation")
        verbose_name_plural = _("recommendations")
        constraints = [
            models.CheckConstraint(
                condition=Q(signed_at__isnull=True) | (~Q(text="") & ~Q(who="") & Q(next_follow_up_on__isnull=False)),
                name="signed_recommendation_has_text_and_follow_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case}"

    @property
    def in_time(self) -> bool | None:
        """Whether it was signed by the end of the working day after the meeting; None for a draft."""
        goal = self.case.recommend_by
        return None if self.signed_at is None or goal is None else self.signed_at <= goal


class Addendum(models.Model):
    """What is said later of a signed recommendation. Signed as it is written, and unchangeable like what it adds to."""

    public_id = public_id_field()
    recommendation = models.ForeignKey(Recommendation, on_delete=models.PROTECT, related_name="addenda")
    text = models.TextField(_("addendum"))
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField(_("signed"))
    updated_at = updated_at_field()

    class Meta:
        verbose_name = _("addendum")
        verbose_name_plural = _("addenda")
        ordering = ["signed_at", "pk"]
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="addendum_says_something")]

    def __str__(self) -> str:
        return f"{self.recommendation}"


class Task(WithPerson):
    """One thing that a recommendation asks somebody to do."""

    recommendation = models.ForeignKey(Recommendation, on_delete=models.CASCADE, related_name="tasks")
    what = models.CharField(_("what is to be done"), max_length=200)
    due = models.DateField(_("by"), null=True, blank=True)

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        ordering = ["pk"]
        constraints = [models.CheckConstraint(condition=~Q(what=""), name="task_says_what")]

    def __str__(self) -> str:
        return self.what


class FollowUpQuerySet(models.QuerySet["FollowUp"]):
    def open(self) -> FollowUpQuerySet:
        """Follow-ups that are still to be done, of cases that are followed up."""
        return self.filter(outcome="", case__status=CaseStatus.FOLLOWING_UP)

    def taken(self) -> FollowUpQuerySet:
        return self.exclude(outcome="")

    def overdue(self, today: date) -> FollowUpQuerySet:
        return self.open().filter(due__lt=today)


class FollowUp(WithPerson):
    """Once asking whether a recommendation was carried out: due on a day, then taken."""

    public_id = public_id_field()
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="follow_ups")
    due = models.DateField(_("next look"), db_index=True)
    outcome = models.CharField(_("carried out"), max_length=8, choices=FollowUpOutcome.choices, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    taken_at = models.DateTimeField(_("taken"), null=True, blank=True)
    taken_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    objects = FollowUpQuerySet.as_manager()
    updated_at = updated_at_field()

    class Meta:
        verbose_name = _("look")
        verbose_name_plural = _("looks")
        ordering = ["due", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=Q(outcome=""), name="one_open_follow_up_per_case"),
            models.CheckConstraint(condition=~Q(who=""), name="follow_up_names_who_calls"),
            models.CheckConstraint(
                condition=Q(outcome="", taken_at__isnull=True) | (~Q(outcome="") & Q(taken_at__isnull=False)),
                name="follow_up_taken_with_its_outcome",
            ),
            models.CheckConstraint(
                condition=~Q(outcome__in=["partly", "not"]) | ~Q(note=""), name="follow_up_says_why_not_carried_out"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case} {self.due}"

    @property
    def hue(self) -> str:
        return FollowUpOutcome(self.outcome).hue
