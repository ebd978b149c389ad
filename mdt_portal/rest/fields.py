"""Fields that endpoints of several apps share."""

from __future__ import annotations

import re
from datetime import time
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

_HOUR = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?"
_END = f"{_HOUR}|24:00(:00)?"


@extend_schema_field({"type": "string", "pattern": f"^{_HOUR}$", "example": "08:30"})
class TimeOfDayField(serializers.TimeField):
    """A time of day by the hospital's clock, `08:30`. (The schema's format `time` would demand a zone.)"""

    pattern = re.compile(_HOUR)

    def __init__(self, **keywords: Any) -> None:
        super().__init__(format="%H:%M", **keywords)

    def to_internal_value(self, value: Any) -> Any:
        if isinstance(value, str) and not self.pattern.fullmatch(value):
            self.fail("invalid", format="hh:mm")
        return super().to_internal_value(value)


@extend_schema_field({"type": "string", "pattern": f"^({_END})$", "example": "24:00"})
class EndOfHoursField(TimeOfDayField):
    """A time of day at which something ends: midnight is `24:00`, and may be given as `00:00` too."""

    pattern = re.compile(_END)

    def to_internal_value(self, value: Any) -> Any:
        return time() if value in ("24:00", "24:00:00") else super().to_internal_value(value)

    def to_representation(self, value: Any) -> Any:
        return "24:00" if value == time() else super().to_representation(value)
