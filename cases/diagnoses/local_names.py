"""The hospital's own names of diagnoses: the list, and an index of it that is read again when it changes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache

from cases.diagnoses.code_tables import CodeTable, Loaded
from cases.diagnoses.core.code_list import CodeRow
from cases.diagnoses.core.name_index import Name, NameIndex
from cases.models import DiagnosisName, diagnosis_names
from mdt_portal.models import User

TABLE = CodeTable(
    model=DiagnosisName,
    identity=lambda row: row.code.upper(),
    fields=("code", "who_code", "name_en", "name_zh"),
    event="diagnosis_names.loaded",
)


def load(rows: Sequence[CodeRow], *, by: User | None) -> Loaded:
    """Add and rename; names that the list does not hold stay."""
    return TABLE.load(wanted(rows), by=by)


def wanted(rows: Sequence[CodeRow]) -> list[DiagnosisName]:
    """The lines of a list as they are to stand in the database."""
    return [
        DiagnosisName(code=row.code, who_code=row.who_code, name_en=row.name_en, name_zh=row.name_zh) for row in rows
    ]


def rows() -> list[CodeRow]:
    """The present list, as a file holds it."""
    return [
        CodeRow(code=row.code, who_code=row.who_code, name_en=row.name_en, name_zh=row.name_zh)
        for row in DiagnosisName.objects.order_by("code")
    ]


class Index(diagnosis_names.OwnNames):
    """All names of the list, ready to be searched."""

    @cached_property
    def names(self) -> NameIndex:
        found = [
            Name(code=who_code, text=name, everyday=True)
            for _code, who_code, name_en, name_zh in self.rows
            for name in (name_en, name_zh)
            if name
        ]
        return NameIndex(found, by_phrase=False)


def index() -> Index:
    """The present list. One query, unless the list has changed."""
    return _index(diagnosis_names.own_names())


@lru_cache(maxsize=1)
def _index(own: diagnosis_names.OwnNames) -> Index:
    return Index(own.rows)
