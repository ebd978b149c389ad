"""What the admin pages of all apps share: who may do what, what nobody may change, and the record of changes."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.forms import ModelForm
from django.http import HttpRequest

from mdt_portal import access, audit


class ByAction:
    """Permissions by `access.can` instead of Django's own; `action` names what one must be allowed to do."""

    permission: str

    def has_module_permission(self, request: HttpRequest) -> bool:
        return access.can(request.user, self.permission)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return access.can(request.user, self.permission)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return access.can(request.user, self.permission)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return access.can(request.user, self.permission)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return access.can(request.user, self.permission)


class Recorded(ByAction, admin.ModelAdmin):
    """Rows that people keep here. Each change is written down with the names of the columns, not their values."""

    list_per_page = 50
    show_full_result_count = False

    def save_model(self, request: HttpRequest, obj: models.Model, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        permission = "admin.changed" if change else "admin.added"
        audit.record(permission, by=request.user, subject=obj, fields=sorted(form.changed_data))  # type: ignore[arg-type]

    def delete_model(self, request: HttpRequest, obj: models.Model) -> None:
        audit.record("admin.deleted", by=request.user, subject=obj, what=str(obj))  # type: ignore[arg-type]
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        for obj in queryset:
            self.delete_model(request, obj)


class ReadOnly(ByAction, admin.ModelAdmin):
    """Rows that only services write: shown, never changed. A status has no other way than `lifecycle.move`."""

    list_per_page = 50
    show_full_result_count = False
    actions = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyRows(ByAction, admin.TabularInline):
    extra = 0
    can_delete = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields or ()

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
