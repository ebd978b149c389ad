"""A name in both languages as a plain value, for what is kept in memory longer than its row."""

from __future__ import annotations

from dataclasses import dataclass

from experts.models import Named


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """As the filter `name` takes it. (Rows compare by their id, whatever they are called.)"""

    name_en: str
    name_zh: str

    @classmethod
    def of(cls, row: Named) -> Name:
        return cls(name_en=row.name_en, name_zh=row.name_zh)
