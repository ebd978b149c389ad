"""The published version of a hospital's plan, planning runs, and the proposals that they offer."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from experts.models import Institution
from mdt_portal.fields import public_id_field, updated_at_field
from scheduling.states import RUN_LIFECYCLE, UNFINISHED_RUNS, RunStatus


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
    alternatives = models.BooleanField(_("with alternatives"), default=False)
    status = models.CharField(_("status"), max_length=10, choices=RunStatus.choices, default=RunStatus.QUEUED)
    lifecycle = RUN_LIFECYCLE
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="runs"
    )
    idempotency_key = models.CharField(max_length=80, blank=True)
    based_on = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="later")
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
    updated_at = updated_at_field()

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
        return self.status not in UNFINISHED_RUNS


class Incumbent(models.Model):
    """The best sessions of a running run so far: where another worker goes on if this one is lost. Gone with the run's
    end, and apart from the run's row, which everybody reads."""

    run = models.OneToOneField(PlanningRun, on_delete=models.CASCADE, related_name="incumbent")
    sessions = models.JSONField()
    seconds = models.FloatField(_("seconds of search behind it"))

    def __str__(self) -> str:
        return f"{self.run} {self.seconds:.0f} s"


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
    figures = models.JSONField(default=dict, blank=True)
    base_versions = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    published_at = models.DateTimeField(null=True, blank=True)
    changes = models.JSONField(null=True, blank=True)
    """What publishing it changed, as plan_diff writes it with the moment of minute 0; None before."""

    class Meta:
        verbose_name = _("proposal")
        verbose_name_plural = _("proposals")
        ordering = ["run", "pk"]
        constraints = [models.UniqueConstraint(fields=["run", "kind"], name="one_proposal_per_kind")]

    def __str__(self) -> str:
        return f"{self.run} {self.get_kind_display()}"
