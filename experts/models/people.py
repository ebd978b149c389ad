"""Experts with their titles and disciplines, the teams in which they work, and the roles of users."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from experts.models.places import Alliance, Institution, Named
from mdt_portal.fields import public_id_field, updated_at_field


class Discipline(Named):
    key = models.CharField(_("key"), max_length=12, unique=True)
    kind = models.CharField(_("kind"), max_length=20, default="physician")
    nhc_code = models.CharField(_("code of the National Health Commission"), max_length=12, blank=True)
    snomed_code = models.CharField(_("SNOMED CT code"), max_length=20, blank=True)
    core = models.BooleanField(_("core discipline"), default=False)
    updated_at = updated_at_field()

    class Meta:
        verbose_name = _("discipline")
        verbose_name_plural = _("disciplines")
        ordering = ["key"]


class Title(Named):
    """A professional title; `rank` 4 is the highest (chief), 0 the lowest."""

    family = models.CharField(_("family"), max_length=20)
    rank = models.PositiveSmallIntegerField(_("rank"), validators=[MaxValueValidator(4)])
    level = models.CharField(_("level"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("title")
        verbose_name_plural = _("titles")
        ordering = ["family", "-rank"]
        constraints = [models.UniqueConstraint(fields=["family", "name_en"], name="title_once_per_family")]


class DiseaseGroup(Named):
    """A family of diseases that one team looks after, such as `lung`."""

    key = models.CharField(_("key"), max_length=24, unique=True)

    class Meta:
        verbose_name = _("disease group")
        verbose_name_plural = _("disease groups")
        ordering = ["key"]


EMAIL_ONCE = models.UniqueConstraint(
    Lower("email"),
    condition=~Q(email=""),
    name="one_expert_per_email",
    violation_error_message=_("Somebody else has this e-mail address already."),
)


class Expert(Named):
    """One person, whatever the number of hospitals and disciplines."""

    public_id = public_id_field()
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="expert"
    )
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    remote = models.BooleanField(_("can attend remotely"), default=True)
    active = models.BooleanField(_("active"), default=True)
    calendar_key = models.CharField(max_length=43, blank=True, editable=False)
    """The secret part of the address of their calendar feed; empty until they ask for one."""
    max_sessions_day = models.PositiveSmallIntegerField(_("sessions a day at most"), default=3)
    max_sessions_week = models.PositiveSmallIntegerField(_("sessions a week at most"), default=8)
    max_minutes_week = models.PositiveSmallIntegerField(_("minutes a week at most"), default=600)
    disciplines = models.ManyToManyField(Discipline, through="Qualification", related_name="experts")
    updated_at = updated_at_field()

    class Meta:
        verbose_name = _("expert")
        verbose_name_plural = _("experts")
        ordering = ["name_en", "pk"]
        constraints = [EMAIL_ONCE]


class Affiliation(models.Model):
    """An expert works at an institution with a title, from a day until another (open when empty)."""

    expert = models.ForeignKey(Expert, on_delete=models.CASCADE, related_name="affiliations")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="affiliations")
    title = models.ForeignKey(Title, on_delete=models.PROTECT, related_name="+")
    since = models.DateField(_("since"), null=True, blank=True)
    until = models.DateField(_("until"), null=True, blank=True)
    home = models.BooleanField(_("main employer"), default=True)

    class Meta:
        verbose_name = _("affiliation")
        verbose_name_plural = _("affiliations")
        ordering = ["expert", "-home", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["expert", "institution", "since"], name="affiliation_once_per_start"),
            models.UniqueConstraint(
                fields=["expert"], condition=Q(home=True, until__isnull=True), name="one_current_main_employer"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.expert}, {self.title}, {self.institution}"


class Qualification(models.Model):
    """An expert may sit for a discipline, with or without a sub-specialty."""

    expert = models.ForeignKey(Expert, on_delete=models.CASCADE, related_name="qualifications")
    discipline = models.ForeignKey(Discipline, on_delete=models.PROTECT, related_name="qualifications")
    sub_specialty = models.CharField(_("sub-specialty"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("qualification")
        verbose_name_plural = _("qualifications")
        constraints = [
            models.UniqueConstraint(fields=["expert", "discipline", "sub_specialty"], name="qualification_once")
        ]

    def __str__(self) -> str:
        return f"{self.discipline}" + (f" ({self.sub_specialty})" if self.sub_specialty else "")


class Team(Named):
    """An MDT: one disease group at one institution, with a chair and core members."""

    public_id = public_id_field()
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="teams")
    disease_group = models.ForeignKey(DiseaseGroup, on_delete=models.PROTECT, related_name="teams")
    lead_discipline = models.ForeignKey(Discipline, on_delete=models.PROTECT, related_name="+")
    chair = models.ForeignKey(Expert, null=True, blank=True, on_delete=models.SET_NULL, related_name="chaired_teams")
    core_members = models.ManyToManyField(Expert, blank=True, related_name="teams")
    active = models.BooleanField(_("active"), default=True)
    updated_at = updated_at_field()

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ["institution", "name_en"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "disease_group"], condition=Q(active=True), name="one_active_team_per_group"
            )
        ]


class Role(models.TextChoices):
    REFERRER = "referrer", _("Referring clinician")
    COORDINATOR = "coordinator", _("Coordinator")
    EXPERT = "expert", _("Expert")
    CHAIR = "chair", _("Chair")
    CATALOGUE_ADMIN = "catalogue_admin", _("Catalogue admin")
    MANAGER = "manager", _("Manager")
    AUDITOR = "auditor", _("Auditor")


class RoleAssignment(models.Model):
    """A user has a role at one institution, or at all institutions of an alliance."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="roles")
    role = models.CharField(_("role"), max_length=16, choices=Role.choices)
    institution = models.ForeignKey(Institution, null=True, blank=True, on_delete=models.CASCADE, related_name="roles")
    alliance = models.ForeignKey(Alliance, null=True, blank=True, on_delete=models.CASCADE, related_name="roles")

    class Meta:
        verbose_name = _("role assignment")
        verbose_name_plural = _("role assignments")
        constraints = [
            models.CheckConstraint(
                condition=Q(institution__isnull=False, alliance__isnull=True)
                | Q(institution__isnull=True, alliance__isnull=False),
                name="role_at_institution_or_alliance",
            ),
            models.UniqueConstraint(
                fields=["user", "role", "institution", "alliance"], nulls_distinct=False, name="role_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()}, {self.institution or self.alliance}"
