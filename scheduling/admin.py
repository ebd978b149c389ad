"""Admin pages: rooms and blocks, which coordinators keep; runs, sessions and invitations, which only services write."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext as _

from experts.admin import Pool, PoolRows
from mdt_portal.admin_parts import ReadOnly, ReadOnlyRows
from scheduling.models import (
    AgendaItem,
    Attendance,
    Block,
    Hold,
    Invitation,
    PlanningRun,
    Proposal,
    Room,
    RoomHours,
    Session,
)
from scheduling.problem.core import recurrence
from scheduling.resources import recurrence_text


class RoomHoursRows(PoolRows):
    model = RoomHours


@admin.register(Room)
class RoomAdmin(Pool):
    place = "institution"
    list_display = ["name_en", "name_zh", "institution", "capacity", "equipment", "active"]
    list_select_related = ["institution"]
    list_filter = ["active", "institution"]
    search_fields = ["name_en", "name_zh"]
    autocomplete_fields = ["institution"]
    inlines = [RoomHoursRows]


class BlockForm(forms.ModelForm):
    class Meta:
        model = Block
        fields = ["team", "kind", "room", "first_day", "last_day", "start", "end", "recurrence", "reserved_class"]

    def clean_recurrence(self) -> str:
        """An RFC 5545 rule without DTSTART, or nothing."""
        text = self.cleaned_data["recurrence"].strip()
        try:
            return recurrence.read(text).text if text else ""
        except recurrence.BadRule as error:
            raise forms.ValidationError(recurrence_text.wrong(error)) from error

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        team, room = data.get("team"), data.get("room")
        if team and room and team.institution_id != room.institution_id:
            self.add_error("room", _("The room belongs to another hospital than the team."))
        return data


@admin.register(Block)
class BlockAdmin(Pool):
    place = "team__institution"
    form = BlockForm
    list_display = ["team", "kind", "recurrence", "first_day", "last_day", "start", "end", "room", "reserved_class"]
    list_select_related = ["team__institution", "room"]
    list_filter = ["kind", "team__institution", "reserved_class"]
    search_fields = ["team__name_en", "team__name_zh"]
    autocomplete_fields = ["team", "room"]


# Written by services only ---------------------------------------------------------------------------
class ProposalRows(ReadOnlyRows):
    permission = "records.read"
    model = Proposal
    fields = ["kind", "goals", "bound", "gap", "created_at", "published_at"]


@admin.register(PlanningRun)
class PlanningRunAdmin(ReadOnly):
    """The problem is left out: it is megabytes."""

    permission = "records.read"
    list_display = [
        "id",
        "status",
        "trigger",
        "horizon_start",
        "horizon_days",
        "requested_by",
        "created_at",
        "attempts",
    ]
    list_select_related = ["requested_by"]
    list_filter = ["status", "trigger", "institutions"]
    exclude = ["problem", "progress", "idempotency_key"]
    inlines = [ProposalRows]


class AgendaRows(ReadOnlyRows):
    permission = "records.read"
    model = AgendaItem
    fields = ["case", "start", "minutes", "active"]


class AttendanceRows(ReadOnlyRows):
    permission = "records.read"
    model = Attendance
    fields = ["expert", "start", "end", "mode", "active"]


@admin.register(Session)
class SessionAdmin(ReadOnly):
    permission = "records.read"
    list_display = ["start", "end", "team", "institution", "room", "status"]
    list_select_related = ["team", "institution", "room"]
    list_filter = ["status", "institution"]
    search_fields = ["team__name_en", "team__name_zh"]
    date_hierarchy = "start"
    exclude = ["proposal"]
    inlines = [AgendaRows, AttendanceRows]


@admin.register(Invitation)
class InvitationAdmin(ReadOnly):
    """Without the nonce, from which an answer link could be made."""

    permission = "records.read"
    list_display = ["attendance_in_words", "status", "answer_by", "answered_at", "reason"]
    list_select_related = ["attendance__expert", "attendance__session__team__institution", "attendance__hold__team"]
    list_filter = ["status", "reason"]
    search_fields = ["attendance__expert__name_en", "attendance__expert__name_zh"]
    exclude = ["nonce"]

    @admin.display(description=Attendance._meta.verbose_name)
    def attendance_in_words(self, invitation: Invitation) -> str:
        return str(invitation.attendance)


@admin.register(Hold)
class HoldAdmin(ReadOnly):
    permission = "records.read"
    list_display = ["case", "team", "status", "by", "created_at", "expires_at"]
    list_select_related = ["case", "team", "by"]
    list_filter = ["status"]
