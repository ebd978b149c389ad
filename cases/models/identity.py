"""Records that may or may not be a known patient's, held until somebody has compared them; and FHIR files handed in."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.models.cases import Patient, Sex
from experts.models import Institution
from mdt_portal.fields import EncryptedTextField, public_id_field


class Decision(models.TextChoices):
    JOINED = "joined", _("Joined: one person")
    APART = "apart", _("Kept apart: two people")


class HeldMatchQuerySet(models.QuerySet["HeldMatch"]):
    def open(self) -> HeldMatchQuerySet:
        """Those about which nobody has decided yet."""
        return self.filter(decision="")

    def joined(self) -> HeldMatchQuerySet:
        """Those that somebody found to be one person, and nobody has taken apart since."""
        return self.filter(decision=Decision.JOINED, undone_at=None)


class HeldMatch(models.Model):
    """A record that shares a number with `candidate` and may be of the same person; nothing was joined.

    Without `patient` the record waits, with all that came with it in `content` (a FHIR bundle); with one it was taken
    in as a patient of its own, and only whether both are one person is open.
    """

    public_id = public_id_field()
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="held_matches")
    candidate = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="doubted")
    patient = models.ForeignKey(Patient, null=True, blank=True, on_delete=models.CASCADE, related_name="held_matches")
    name = EncryptedTextField(_("name"), blank=True)
    sex = models.CharField(_("sex"), max_length=8, choices=Sex.choices, default=Sex.UNKNOWN)
    birth_date = EncryptedTextField(_("date of birth"), blank=True)
    phone = EncryptedTextField(_("phone"), blank=True)
    numbers = EncryptedTextField(_("numbers"), blank=True)
    content = EncryptedTextField(blank=True)
    reasons = models.JSONField(default=list)
    fingerprint = models.CharField(max_length=64, db_index=True, editable=False)
    raised_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    held_at = models.DateTimeField(_("held since"), auto_now_add=True)
    decision = models.CharField(_("decision"), max_length=8, choices=Decision.choices, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    """When a wrong join was taken apart; from then on the decision counts no longer."""

    objects = HeldMatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("doubtful identity")
        verbose_name_plural = _("doubtful identities")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(decision="") | Q(decided_at__isnull=False), name="decided_match_has_its_time"
            ),
            models.UniqueConstraint(
                fields=["institution", "candidate", "fingerprint"],
                condition=Q(decision=""),
                name="record_held_once_beside_a_patient",
            ),
        ]

    def __str__(self) -> str:
        return f"P-{self.candidate_id} ?"


class FhirFile(models.Model):
    """A FHIR file that a coordinator handed in on the page: its text until it is taken in, then only the report."""

    public_id = public_id_field()
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("file"), max_length=200)
    text = EncryptedTextField(blank=True)
    report = models.JSONField(default=dict)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(_("handed in"), auto_now_add=True)
    taken_in_at = models.DateTimeField(_("taken in"), null=True, blank=True)

    class Meta:
        verbose_name = _("FHIR file")
        verbose_name_plural = _("FHIR files")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name
