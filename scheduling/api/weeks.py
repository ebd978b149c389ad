"""Weeks as programs write them, the same everywhere: ISO 8601, such as 2026-W50."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from scheduling.selectors.weeks import Week

PATTERN = r"^20\d{2}-W(0[1-9]|[1-4]\d|5[0-3])$"


@extend_schema_field({"type": "string", "pattern": PATTERN, "example": "2026-W50"})
class WeekField(serializers.Field):
    """`2026-W50`, read into a Week and shown as such."""

    default_error_messages = {"invalid": gettext_lazy("Write the week as 2026-W48.")}

    def to_internal_value(self, data: Any) -> Week:
        week = Week.parse(data) if isinstance(data, str) and data.isascii() else None
        if week is None:
            self.fail("invalid")
        return week

    def to_representation(self, value: Week) -> str:
        return str(value)
