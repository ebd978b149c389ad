"""Admin pages: reference data, institutions, experts and their time, teams, users with their roles."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db import models
from django.forms import ModelChoiceField
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from experts import roles
from experts.models import (
    INSTITUTION_SETTINGS,
    Affiliation,
    Alliance,
    AvailabilityException,
    CalendarDay,
    Discipline,
    DiseaseGroup,
    Expert,
    Institution,
    Leave,
    OpeningHours,
    Qualification,
    Role,
    RoleAssignment,
    Team,
    Title,
    Travel,
    WeeklyAvailability,
)
from mdt_portal.admin_parts import ByAction, Recorded
from mdt_portal.models import User


class Pool(Recorded):
    """Rows of one's own hospitals. `place` is the way from a row to its institution."""

    permission = "pool.edit"
    place: str

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        rows = super().get_queryset(request)
        if request.user.is_superuser:
            return rows
        return rows.filter(pk__in=rows.model.objects.filter(**{f"{self.place}__in": reach(request)}).values("pk"))

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey, request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField | None:
        """A row cannot be given to a hospital, team or room outside one's reach."""
        related = db_field.related_model
        way = "pk__in" if related is Institution else "institution__in" if related is Team else ""
        if way and not request.user.is_superuser:
            kwargs["queryset"] = related._default_manager.filter(**{way: reach(request)})  # type: ignore[union-attr]
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


def reach(request: HttpRequest) -> models.QuerySet[Institution]:
    """The hospitals whose pools this person keeps."""
    return roles.institutions(request.user, Role.COORDINATOR)  # type: ignore[arg-type]


class PoolRows(ByAction, admin.TabularInline):
    permission = "pool.edit"
    extra = 0


# Reference data ----------------------------------------------------------------------------------
class Reference(Recorded):
    permission = "reference.edit"
    search_fields = ["name_en", "name_zh"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who keeps the pools must find disciplines and titles to choose from."""
        return super().has_view_permission(request, obj) or Role.COORDINATOR in roles.held(request.user)  # type: ignore[arg-type]


@admin.register(Discipline)
class DisciplineAdmin(Reference):
    list_display = ["key", "name_en", "name_zh", "kind", "core", "nhc_code", "snomed_code"]
    list_filter = ["kind", "core"]
    search_fields = ["key", "name_en", "name_zh", "nhc_code"]


@admin.register(Title)
class TitleAdmin(Reference):
    list_display = ["name_en", "name_zh", "family", "rank", "level"]
    list_filter = ["family", "rank"]


@admin.register(DiseaseGroup)
class DiseaseGroupAdmin(Reference):
    list_display = ["key", "name_en", "name_zh"]
    search_fields = ["key", "name_en", "name_zh"]


@admin.register(Alliance)
class AllianceAdmin(Reference):
    list_display = ["name_en", "name_zh"]


# Institutions ------------------------------------------------------------------------------------
class OpeningHoursRows(PoolRows):
    model = OpeningHours


class CalendarDayRows(PoolRows):
    model = CalendarDay


@admin.register(Institution)
class InstitutionAdmin(Pool):
    place = "pk"
    list_display = ["name_en", "name_zh", "level", "alliance", "beds", "zone"]
    list_select_related = ["alliance"]
    list_filter = ["level", "alliance"]
    search_fields = ["name_en", "name_zh"]
    autocomplete_fields = ["alliance"]
    inlines = [OpeningHoursRows, CalendarDayRows]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[tuple[Any, Any]]:
        other = [name for name in self.get_fields(request, obj) if name not in INSTITUTION_SETTINGS]
        return [(None, {"fields": other}), (_("Thresholds"), {"fields": list(INSTITUTION_SETTINGS)})]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    has_delete_permission = has_add_permission


@admin.register(Travel)
class TravelAdmin(Pool):
    place = "origin"
    list_display = ["origin", "destination", "minutes"]
    list_select_related = ["origin", "destination"]

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey, request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField | None:
        """Travel leads to hospitals that are not one's own."""
        return super(Pool, self).formfield_for_foreignkey(db_field, request, **kwargs)


# Experts -----------------------------------------------------------------------------------------
class AffiliationRows(PoolRows):
    model = Affiliation
    autocomplete_fields = ["institution", "title"]


class QualificationRows(PoolRows):
    model = Qualification
    autocomplete_fields = ["discipline"]


class WeeklyAvailabilityRows(PoolRows):
    model = WeeklyAvailability


class ExceptionRows(PoolRows):
    model = AvailabilityException


class LeaveRows(PoolRows):
    model = Leave


@admin.register(Expert)
class ExpertAdmin(Pool):
    place = "affiliations__institution"
    list_display = ["name_en", "name_zh", "disciplines_in_words", "email", "remote", "active"]
    list_filter = ["active", "remote", "affiliations__institution", "disciplines"]
    search_fields = ["name_en", "name_zh", "email"]
    autocomplete_fields = ["user"]
    inlines = [AffiliationRows, QualificationRows, WeeklyAvailabilityRows, ExceptionRows, LeaveRows]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        return super().get_queryset(request).prefetch_related("disciplines")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Whose account an expert is, is a matter of access."""
        return [] if request.user.is_superuser else ["user"]

    @admin.display(description=_("disciplines"))
    def disciplines_in_words(self, expert: Expert) -> str:
        return ", ".join(sorted({one.name for one in expert.disciplines.all()}))


@admin.register(Team)
class TeamAdmin(Pool):
    place = "institution"
    list_display = ["name_en", "name_zh", "institution", "disease_group", "lead_discipline", "chair", "active"]
    list_select_related = ["institution", "disease_group", "lead_discipline", "chair"]
    list_filter = ["active", "institution", "disease_group"]
    search_fields = ["name_en", "name_zh"]
    autocomplete_fields = ["institution", "disease_group", "lead_discipline", "chair", "core_members"]


# Users -------------------------------------------------------------------------------------------
class RoleRows(ByAction, admin.TabularInline):
    permission = "user.edit"
    model = RoleAssignment
    extra = 0
    autocomplete_fields = ["institution", "alliance"]


@admin.register(User)
class PortalUserAdmin(ByAction, UserAdmin):
    permission = "user.edit"
    list_display = ["username", "name_en", "name_zh", "roles_in_words", "is_active", "is_staff"]
    list_filter = ["roles__role", "is_active", "is_staff"]
    search_fields = ["username", "name_en", "name_zh", "email"]
    inlines = [RoleRows]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("Person"), {"fields": ["name_en", "name_zh", "email", "language"]}),
        (_("Access"), {"fields": ["is_active", "is_staff", "is_superuser"]}),
    ]
    filter_horizontal = ()

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        return super().get_queryset(request).prefetch_related("roles__institution", "roles__alliance")

    @admin.display(description=_("roles"))
    def roles_in_words(self, user: User) -> str:
        return "; ".join(
            f"{one.get_role_display()}, {one.institution or one.alliance}"
            for one in user.roles.all()  # type: ignore[attr-defined]
        )
