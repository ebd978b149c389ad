"""The pools of people: institutions, disciplines, experts and their time, teams, roles."""

from __future__ import annotations

import zoneinfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from mdt_portal.fields import public_id_field


class Named(models.Model):
    """Reference data with a name in both languages."""

    name_en = models.CharField(_("name (English)"), max_length=120)
    name_zh = models.CharField(_("name (Chinese)"), max_length=120)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        first, second = self.name_en, self.name_zh
        if (translation.get_language() or "").startswith("zh"):
            first, second = second, first
        return first or second


class Alliance(Named):
    """Hospitals that share cases and experts."""

    class Meta:
        verbose_name = _("alliance")
        verbose_name_plural = _("alliances")
        ordering = ["pk"]


class Level(models.TextChoices):
    PRIMARY = "primary", _("Primary")
    SECONDARY = "secondary", _("Secondary")
    TERTIARY = "tertiary", _("Tertiary")
    NATIONAL = "national", _("National centre")


def is_time_zone(value: str) -> None:
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("“%(zone)s” is not a known time zone."), params={"zone": value})


class Institution(Named):
    """A hospital or health centre: a site of the solver, and the owner of all thresholds."""

    public_id = public_id_field()
    alliance = models.ForeignKey(
        Alliance,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="institutions",
        verbose_name=_("alliance"),
    )
    level = models.CharField(_("level"), max_length=12, choices=Level.choices)
    beds = models.PositiveIntegerField(_("beds"), default=0)
    zone = models.CharField(_("time zone"), max_length=40, default="Asia/Shanghai", validators=[is_time_zone])
    holiday_country = models.CharField(_("holidays of country"), max_length=2, default="CN", blank=True)

    grain_min = models.PositiveSmallIntegerField(_("starts on multiples of (minutes)"), default=5)
    max_session_min = models.PositiveSmallIntegerField(_("longest session (minutes)"), default=120)
    changeover_min = models.PositiveSmallIntegerField(_("between two sessions in one room (minutes)"), default=15)
    break_after_min = models.PositiveSmallIntegerField(_("break after (minutes of discussion)"), default=0)
    break_min = models.PositiveSmallIntegerField(_("length of a break (minutes)"), default=10)
    materials_lead_days = models.PositiveSmallIntegerField(_("materials complete before (working days)"), default=3)
    emergency_limit_h = models.PositiveSmallIntegerField(_("limit for emergencies (hours)"), default=4)
    answer_within_h = models.PositiveSmallIntegerField(_("invitations answered within (hours)"), default=24)
    hold_min = models.PositiveSmallIntegerField(_("a promise is held for (minutes)"), default=10)
    solve_seconds = models.PositiveSmallIntegerField(_("time limit of a planning run (seconds)"), default=30)

    class Meta:
        verbose_name = _("institution")
        verbose_name_plural = _("institutions")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(grain_min__gte=1), name="institution_grain_positive"),
            models.CheckConstraint(
                condition=Q(max_session_min__gte=F("grain_min")), name="institution_session_longer_than_grain"
            ),
        ]

    @property
    def tz(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.zone)


class Weekday(models.IntegerChoices):
    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class WeeklyTime(models.Model):
    """A stretch of local time that recurs every week."""

    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday.choices)
    start = models.TimeField(_("from"))
    end = models.TimeField(_("to"))

    class Meta:
        abstract = True


class OpeningHours(WeeklyTime):
    """When sessions may be held at an institution on a working day."""

    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="opening_hours")

    class Meta:
        verbose_name = _("opening hours")
        verbose_name_plural = _("opening hours")
        ordering = ["institution", "weekday", "start"]
        constraints = [models.CheckConstraint(condition=Q(end__gt=F("start")), name="opening_hours_end_after_start")]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.start:%H:%M}–{self.end:%H:%M}"


class CalendarDay(models.Model):
    """A day on which an institution departs from its week: a holiday, or a make-up working day."""

    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="calendar_days")
    date = models.DateField(_("date"))
    working = models.BooleanField(_("working day"), default=False)
    name = models.CharField(_("name"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("special day")
        verbose_name_plural = _("special days")
        ordering = ["institution", "date"]
        constraints = [
            models.UniqueConstraint(fields=["institution", "date"], name="one_entry_per_institution_and_day")
        ]

    def __str__(self) -> str:
        return f"{self.date} {self.name}"


class Travel(models.Model):
    """Minutes between two institutions; a pair without a row counts as 60."""

    origin = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="+")
    destination = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="+")
    minutes = models.PositiveSmallIntegerField(_("minutes"))

    class Meta:
        verbose_name = _("travel time")
        verbose_name_plural = _("travel times")
        constraints = [
            models.UniqueConstraint(fields=["origin", "destination"], name="one_travel_time_per_pair"),
            models.CheckConstraint(condition=Q(origin__lt=F("destination")), name="travel_stored_once"),
        ]

    def __str__(self) -> str:
        return f"{self.origin} – {self.destination}: {self.minutes} min"


class Discipline(Named):
    key = models.CharField(_("key"), max_length=12, unique=True)
    kind = models.CharField(_("kind"), max_length=20, default="physician")
    nhc_code = models.CharField(_("code of the National Health Commission"), max_length=12, blank=True)
    snomed_code = models.CharField(_("SNOMED CT code"), max_length=20, blank=True)
    core = models.BooleanField(_("core discipline"), default=False)

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

    EMAIL_ONCE = "one_expert_per_email"
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


class WeeklyAvailability(WeeklyTime):
    """When an expert is free for MDT work in an ordinary week, in the time of their main employer."""

    expert = models.ForeignKey(Expert, on_delete=models.CASCADE, related_name="weekly_availability")

    class Meta:
        verbose_name = _("weekly availability")
        verbose_name_plural = _("weekly availability")
        ordering = ["expert", "weekday", "start"]
        constraints = [models.CheckConstraint(condition=Q(end__gt=F("start")), name="availability_end_after_start")]

    def __str__(self) -> str:
        return f"{self.expert}: {self.get_weekday_display()} {self.start:%H:%M}–{self.end:%H:%M}"


class ExceptionKind(models.TextChoices):
    ADDS = "adds", _("Also free")
    TAKES = "takes", _("Not free")


class AvailabilityException(models.Model):
    """One day's departure from the week: it takes time away, or adds it. What is taken wins over what is added."""

    expert = models.ForeignKey(Expert, on_delete=models.CASCADE, related_name="availability_exceptions")
    date = models.DateField(_("date"))
    start = models.TimeField(_("from"))
    end = models.TimeField(_("to"))
    kind = models.CharField(_("kind"), max_length=5, choices=ExceptionKind.choices)
    note = models.CharField(_("note"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("availability exception")
        verbose_name_plural = _("availability exceptions")
        ordering = ["date", "start"]
        constraints = [models.CheckConstraint(condition=Q(end__gt=F("start")), name="exception_end_after_start")]

    def __str__(self) -> str:
        return f"{self.expert}: {self.get_kind_display()} {self.date} {self.start:%H:%M}–{self.end:%H:%M}"


class Leave(models.Model):
    """Whole days away, both days included. Nothing that is added gives time back in a leave."""

    expert = models.ForeignKey(Expert, on_delete=models.CASCADE, related_name="leaves")
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    note = models.CharField(_("note"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("leave")
        verbose_name_plural = _("leaves")
        ordering = ["first_day"]
        constraints = [
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="leave_ends_after_it_starts")
        ]

    def __str__(self) -> str:
        return f"{self.expert}: {self.first_day}–{self.last_day}"


class OnCallDuty(models.Model):
    """An expert answers emergencies of a disease group (or any) at an institution."""

    expert = models.ForeignKey(Expert, on_delete=models.CASCADE, related_name="on_call_duties")
    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="on_call_duties")
    disease_group = models.ForeignKey(
        DiseaseGroup, null=True, blank=True, on_delete=models.CASCADE, related_name="on_call_duties"
    )
    start = models.DateTimeField(_("from"))
    end = models.DateTimeField(_("to"))

    class Meta:
        verbose_name = _("on-call duty")
        verbose_name_plural = _("on-call duties")
        ordering = ["start"]
        constraints = [models.CheckConstraint(condition=Q(end__gt=F("start")), name="duty_end_after_start")]

    def __str__(self) -> str:
        return f"{self.expert}: {self.start:%Y-%m-%d %H:%M}–{self.end:%Y-%m-%d %H:%M}"
