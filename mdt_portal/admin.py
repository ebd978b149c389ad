"""Admin pages: the records that nobody changes. Users are in experts/admin.py, next to their roles."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from mdt_portal.admin_parts import ReadOnly
from mdt_portal.models import AuditEvent, KeptMail, OutboxMessage, StatusEvent

admin.site.site_header = _("MDT Portal: administration")
admin.site.site_title = _("MDT Portal")
admin.site.index_title = _("Reference data, pools and records")


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly):
    permission = "records.read"
    list_display = ["at", "by", "action", "subject_type", "subject_id"]
    list_select_related = ["by"]
    list_filter = ["subject_type", "action"]
    search_fields = ["action", "=subject_id", "by__username"]
    date_hierarchy = "at"


@admin.register(StatusEvent)
class StatusEventAdmin(ReadOnly):
    permission = "records.read"
    list_display = ["at", "subject_type", "subject_id", "old", "new", "by", "code"]
    list_select_related = ["by"]
    list_filter = ["subject_type", "new"]
    search_fields = ["=subject_id", "code"]


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnly):
    """The payload stays out: it may hold the link of an invitation."""

    permission = "outbox.read"
    list_display = ["id", "kind", "status", "created_at", "not_before", "attempts"]
    list_filter = ["status", "kind"]
    fields = ["kind", "status", "created_at", "not_before", "attempts", "last_error"]
    ordering = ["-pk"]


@admin.register(KeptMail)
class KeptMailAdmin(ReadOnly):
    """That a mail went out, and to whom; its text is read in the portal by the one it was for."""

    permission = "outbox.read"
    list_display = ["sent_at", "to", "subject"]
    search_fields = ["to", "subject"]
    fields = ["sent_at", "to", "user", "subject"]
