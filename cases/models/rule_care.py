"""How the catalogue is cared for: a second person's approval before a rule counts, and reviews that changed nothing.

RuleApproval >──< CatalogueRule     drafts that are to be published together, until somebody else has decided
RuleReview   >──  CatalogueRule     a version that was looked at again and stays as it is
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cases.models.cases import CatalogueRule
from mdt_portal.fields import public_id_field


class ApprovalDecision(models.TextChoices):
    APPROVED = "approved", _("Approved")
    SENT_BACK = "sent_back", _("Sent back")
    TAKEN_BACK = "taken_back", _("Taken back")
    OVERTAKEN = "overtaken", _("Overtaken: a draft was changed")


class RuleApprovalQuerySet(models.QuerySet["RuleApproval"]):
    def open(self) -> RuleApprovalQuerySet:
        """Those about which nobody has decided yet, the oldest first."""
        return self.filter(decision="").order_by("pk")


class RuleApproval(models.Model):
    """Somebody asks that drafts be published together from a day on; another person approves, or sends them back."""

    public_id = public_id_field()
    rules = models.ManyToManyField(CatalogueRule, related_name="approvals")
    valid_from = models.DateField(_("in force from"))
    reason = models.CharField(_("reason"), max_length=200)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(_("asked"), auto_now_add=True)
    decision = models.CharField(_("decision"), max_length=10, choices=ApprovalDecision.choices, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    answer = models.CharField(_("why it was sent back"), max_length=200, blank=True)

    objects = RuleApprovalQuerySet.as_manager()

    class Meta:
        verbose_name = _("approval of rules")
        verbose_name_plural = _("approvals of rules")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(decision__in=["approved", "sent_back"])
                | (Q(decided_by__isnull=False) & ~Q(decided_by=F("requested_by"))),
                name="approval_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(decision="") | Q(decided_at__isnull=False), name="decided_approval_has_its_time"
            ),
            models.CheckConstraint(
                condition=~Q(decision="sent_back") | ~Q(answer=""), name="approval_sent_back_says_why"
            ),
        ]

    def __str__(self) -> str:
        return ", ".join(str(rule) for rule in self.rules.all())


class RuleReview(models.Model):
    """Somebody looked at a published version again and left it as it is; `next_by` is the day of the next look."""

    rule = models.ForeignKey(CatalogueRule, on_delete=models.PROTECT, related_name="reviews")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(_("reviewed"), auto_now_add=True)
    note = models.CharField(_("note"), max_length=200)
    next_by = models.DateField(_("review by"))

    class Meta:
        verbose_name = _("review of a rule")
        verbose_name_plural = _("reviews of rules")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.rule} {self.next_by}"
