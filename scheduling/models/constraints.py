"""What the exclusion constraints are made of."""

from __future__ import annotations

from django.contrib.postgres.fields.ranges import DateTimeRangeField
from django.db.models import F, Func, Q, Value


def same(field: str) -> Func:
    """`field` as a range of one integer: equality for a GiST exclusion without the btree_gist extension."""
    return Func(F(field), F(field), Value("[]"), function="int8range")


def stretch(start: str = "start", end: str = "end") -> Func:
    return Func(F(start), F(end), function="tstzrange", output_field=DateTimeRangeField())


OWNED_BY_SESSION_OR_HOLD = Q(session__isnull=False, hold__isnull=True) | Q(session__isnull=True, hold__isnull=False)
