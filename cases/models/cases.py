"""Patients, referred cases, their materials, and the disease catalogue's rules."""

from __future__ import annotations

from datetime import date, datetime

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import connection, models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cases.identity.core.matching import Number
from cases.models import diagnosis_names
from cases.states import (
    CASE_LIFECYCLE,
    MATERIAL_LIFECYCLE,
    RULE_LIFECYCLE,
    CaseStatus,
    MaterialStatus,
    RuleStatus,
)
from experts.models import Institution, Named, Team
from mdt_portal.fields import EncryptedTextField, public_id_field, search_hash, updated_at_field


class Sex(models.TextChoices):
    FEMALE = "female", _("Female")
    MALE = "male", _("Male")
    OTHER = "other", _("Other")
    UNKNOWN = "unknown", _("Unknown")


class Patient(models.Model):
    """A patient without a name: what the schedulers may see."""

    public_id = public_id_field()
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="patients")
    sex = models.CharField(_("sex"), max_length=8, choices=Sex.choices, default=Sex.UNKNOWN)
    birth_year = models.PositiveSmallIntegerField(_("year of birth"), null=True, blank=True)
    deceased = models.BooleanField(_("recorded as deceased"), default=False)
    died_on = models.DateField(_("date of death"), null=True, blank=True)
    joined_into = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="joined")
    """Another record of the same person, which has the cases and numbers of this one since both were joined."""
    taken_from = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    """The patient from whom this one was taken apart, after a wrong join."""

    class Meta:
        verbose_name = _("patient")
        verbose_name_plural = _("patients")

    def __str__(self) -> str:
        return f"P-{self.pk}"


class PatientIdentity(models.Model):
    """Who the patient is. A table of its own, encrypted; every read goes through `audit.looked`."""

    patient = models.OneToOneField(Patient, on_delete=models.CASCADE, related_name="identity")
    name = EncryptedTextField(_("name"))
    birth_date = EncryptedTextField(_("date of birth"), blank=True)
    phone = EncryptedTextField(_("phone"), blank=True)
    name_hash = models.CharField(max_length=64, db_index=True, editable=False)

    class Meta:
        verbose_name = _("patient identity")
        verbose_name_plural = _("patient identities")

    def __str__(self) -> str:
        return f"P-{self.patient_id}"

    @staticmethod
    def hash_of(name: str) -> str:
        """By which a name can be found again, if it is written in the same way."""
        return search_hash("name", name)


class PatientIdentifier(models.Model):
    """A number by which another system knows the patient; found again by its keyed hash.

    Two patients may have the same one (an insurance number of a family), where somebody has looked and said so.
    """

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="identifiers")
    system = models.CharField(max_length=200)
    value = EncryptedTextField()
    value_hash = models.CharField(max_length=64, db_index=True, editable=False)

    class Meta:
        verbose_name = _("patient identifier")
        verbose_name_plural = _("patient identifiers")
        constraints = [models.UniqueConstraint(fields=["patient", "value_hash"], name="number_once_per_patient")]

    def __str__(self) -> str:
        return f"P-{self.patient_id} {self.system}"

    @staticmethod
    def hash_of(number: Number) -> str:
        """By which an identifier can be found again."""
        return search_hash(number.system, number.value)


class Tier(models.TextChoices):
    """Who needs an MDT: required 必须, suggested 建议, none 无需."""

    REQUIRED = "required", _("Required")
    SUGGESTED = "suggested", _("Suggested")
    NONE = "none", pgettext_lazy("tier", "Not needed")


class Urgency(models.TextChoices):
    EMERGENCY = "emergency", _("Emergency")
    URGENT = "urgent", _("Urgent")
    ROUTINE = "routine", _("Routine")


class CareLevel(models.TextChoices):
    PRIMARY = "primary", _("Local")
    REGIONAL = "regional", _("Regional centre")
    NATIONAL = "national", _("National centre")


class RareClass(models.TextChoices):
    A = "A", _("Class A")
    B = "B", _("Class B")
    C = "C", _("Class C")


class CaseQuerySet(models.QuerySet["Case"]):
    def waiting(self) -> CaseQuerySet:
        """Cases that want a place in a session."""
        return self.filter(status=CaseStatus.WAITING)

    def nearest_limit_first(self) -> CaseQuerySet:
        return self.order_by(F("due_at").asc(nulls_last=True), "pk")

    def with_materials(self) -> CaseQuerySet:
        """Adds `materials_missing`, the number of items that are still awaited."""
        return self.annotate(
            materials_missing=models.Count("materials", filter=Q(materials__status=MaterialStatus.MISSING))
        )


def next_case_number() -> str:
    """The next pseudonymous case number, from a sequence of the database (migration 0001)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('case_number_seq')")
        return f"C-{cursor.fetchone()[0]}"


class Case(models.Model):
    """One question about one patient to one MDT.

    `requirement` is the catalogue's answer, frozen as JSON (catalogue.Requirement or catalogue.Undecided);
    `tier`, `minutes`, `due_at` repeat what lists sort and filter by.
    """

    public_id = public_id_field()
    number = models.CharField(_("case number"), max_length=16, unique=True, editable=False, default=next_case_number)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="cases")
    institution = models.ForeignKey(
        Institution, on_delete=models.PROTECT, related_name="cases", verbose_name=_("referring institution")
    )
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="cases")
    referrer = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="referrals"
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="owned_cases"
    )
    previous = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="later")
    status = models.CharField(_("status"), max_length=14, choices=CaseStatus.choices, default=CaseStatus.DRAFT)
    lifecycle = CASE_LIFECYCLE

    code = models.CharField(_("ICD-10 code"), max_length=8, db_index=True)
    code_raw = models.CharField(max_length=40, blank=True)
    code_system = models.CharField(max_length=80, blank=True)
    diagnosis = models.CharField(_("diagnosis in words"), max_length=200, blank=True)
    stage = models.CharField(_("stage"), max_length=5, blank=True)
    scores = models.JSONField(_("scores"), default=dict, blank=True)
    flags = models.JSONField(_("findings"), default=list, blank=True)
    comorbidities = models.PositiveSmallIntegerField(_("comorbidities"), null=True, blank=True)
    age = models.PositiveSmallIntegerField(_("age"), null=True, blank=True, validators=[MaxValueValidator(130)])
    rare_class = models.CharField(_("rare disease"), max_length=1, choices=RareClass.choices, blank=True)
    rare_reason = models.CharField(_("why another class than the list's"), max_length=200, blank=True)
    surgery_level = models.PositiveSmallIntegerField(
        _("grade of operation"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(4)]
    )
    urgency = models.CharField(_("urgency"), max_length=10, choices=Urgency.choices, default=Urgency.ROUTINE)
    question = models.TextField(_("question to the team"), blank=True)
    remote_ok = models.BooleanField(_("may be discussed by video"), default=True)
    equipment = models.JSONField(_("equipment needed"), default=list, blank=True)

    tier = models.CharField(_("tier"), max_length=10, choices=Tier.choices, blank=True)
    minutes = models.PositiveSmallIntegerField(_("minutes"), null=True, blank=True, validators=[MaxValueValidator(30)])
    requirement = models.JSONField(null=True, blank=True)
    evaluated_at = models.DateTimeField(null=True, blank=True)
    override = models.JSONField(null=True, blank=True)
    discussion_request = models.JSONField(null=True, blank=True)
    """Who asked for a discussion of a listed case (`by`, `name`), when (`at`), why (`reason`); until it is decided."""

    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    submitted_at = models.DateTimeField(_("submitted"), null=True, blank=True)
    due_at = models.DateTimeField(_("response limit"), null=True, blank=True, db_index=True)
    recommend_by = models.DateTimeField(_("recommendation wanted by"), null=True, blank=True)
    """The goal of a discussed case: the end of the working day after its meeting."""
    version = models.PositiveIntegerField(default=1)

    objects = CaseQuerySet.as_manager()
    updated_at = updated_at_field()

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["status", "due_at"])]
        constraints = [
            models.CheckConstraint(
                condition=~Q(status__in=["waiting", "planned", "confirmed"])
                | Q(
                    team__isnull=False, minutes__isnull=False, due_at__isnull=False, tier__in=["required", "suggested"]
                ),
                name="case_in_the_pool_has_a_requirement",
            ),
            models.CheckConstraint(
                condition=Q(minutes__isnull=True) | Q(minutes__lte=30), name="case_at_most_30_minutes"
            ),
            models.CheckConstraint(
                condition=~Q(status="discussed") | Q(recommend_by__isnull=False), name="discussed_case_has_a_goal"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def title(self) -> str:
        """What the case is about, without the patient: the diagnosis in words, else what its code is called here."""
        return self.diagnosis or diagnosis_names.title(self.code, raw=self.code_raw)

    def within(self, hours: int) -> int:
        """The hours that the case really has: an emergency's never exceed its hospital's own limit."""
        return min(hours, self.institution.emergency_limit_h) if self.urgency == Urgency.EMERGENCY else hours

    def overdue(self, now: datetime | None = None) -> bool:
        return self.due_at is not None and self.due_at < (now or timezone.now())


class CaseSource(models.Model):
    """A record of another system that a case came from; makes an import idempotent."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="sources")
    record_hash = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=20)
    taken_back_at = models.DateTimeField(null=True, blank=True)
    """When the source said that the record was wrong or is over."""

    def __str__(self) -> str:
        return f"{self.case} ← {self.kind}"


class ExternalId(models.Model):
    """By which another program knows the case: its own id for the referral, once a hospital and program."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="external_ids")
    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="+")
    system = models.CharField(_("other program"), max_length=120, blank=True)
    value = models.CharField(_("its id"), max_length=120)

    class Meta:
        verbose_name = _("external id of a case")
        verbose_name_plural = _("external ids of cases")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["institution", "system", "value"], name="external_id_once_per_program")
        ]

    def __str__(self) -> str:
        return f"{self.case}: {self.value}"


class MaterialItem(models.Model):
    """One thing that must be at hand for the discussion: a CT, a pathology report."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="materials")
    code = models.CharField(_("material"), max_length=24)
    status = models.CharField(_("status"), max_length=8, choices=MaterialStatus.choices, default=MaterialStatus.MISSING)
    lifecycle = MATERIAL_LIFECYCLE
    origin = models.ForeignKey(
        Institution, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("from")
    )
    note = models.CharField(_("note"), max_length=120, blank=True)
    changed_at = models.DateTimeField(null=True, blank=True)
    updated_at = updated_at_field()

    class Meta:
        verbose_name = _("material")
        verbose_name_plural = _("materials")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["case", "code"], name="material_once_per_case")]

    def __str__(self) -> str:
        return f"{self.case}: {self.code}"


class CatalogueRuleQuerySet(models.QuerySet["CatalogueRule"]):
    def in_force(self, on: date) -> CatalogueRuleQuerySet:
        """The published version of each rule that counts on day `on`: the one with the latest start."""
        return (
            self.filter(status=RuleStatus.PUBLISHED, valid_from__lte=on)
            .order_by("key", "-valid_from", "-version")
            .distinct("key")
        )


class CatalogueRule(Named):
    """One version of one rule of the disease catalogue; `content` is as `cases/catalogue/core/grammar.py` says."""

    key = models.CharField(_("key"), max_length=24, db_index=True)
    version = models.PositiveIntegerField(_("version"), default=1)
    status = models.CharField(_("status"), max_length=10, choices=RuleStatus.choices, default=RuleStatus.DRAFT)
    lifecycle = RULE_LIFECYCLE
    valid_from = models.DateField(_("in force from"), null=True, blank=True)
    tier = models.CharField(_("tier"), max_length=10, choices=Tier.choices)
    content = models.JSONField(_("rule"))
    evidence = models.JSONField(_("evidence"), default=dict, blank=True)
    source = models.CharField(_("source"), max_length=400, blank=True)
    source_url = models.CharField(_("link to the source"), max_length=400, blank=True)
    note = models.TextField(_("note"), blank=True)
    review_by = models.DateField(_("review by"), null=True, blank=True)
    """When somebody should look whether the rule still holds; a review that changes nothing sets the next day."""
    reason = models.CharField(_("reason for this version"), max_length=200, blank=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = CatalogueRuleQuerySet.as_manager()
    updated_at = updated_at_field()

    class Meta:
        verbose_name = _("catalogue rule")
        verbose_name_plural = _("catalogue rules")
        ordering = ["key", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["key", "version"], name="rule_version_once"),
            models.UniqueConstraint(fields=["key"], condition=Q(status="draft"), name="one_draft_per_rule"),
            models.CheckConstraint(
                condition=~Q(status="published") | Q(valid_from__isnull=False), name="published_rule_has_a_date"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} v{self.version}"
