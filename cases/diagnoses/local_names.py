"""The hospital's own names of diagnoses: loading the list, and an index of them that is read again when it changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from django.db import transaction
from django.utils import timezone

from cases.diagnoses.core.code_list import CodeRow
from cases.diagnoses.core.name_index import Name, NameIndex
from cases.models import DiagnosisName, diagnosis_names
from mdt_portal import audit
from mdt_portal.models import User

BATCH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    new: int
    changed: int
    unchanged: int


@transaction.atomic
def load(rows: Sequence[CodeRow], *, by: User | None) -> Loaded:
    """Add and rename; names that the list does not hold stay."""
    known = {row.code.upper(): row for row in DiagnosisName.objects.all()}
    now = timezone.now()
    new, changed = [], []
    for row in rows:
        old = known.get(row.code.upper())
        wanted = DiagnosisName(
            pk=old.pk if old else None,
            code=row.code,
            who_code=row.who_code,
            name_en=row.name_en,
            name_zh=row.name_zh,
            changed_at=now,
        )
        if old is None:
            new.append(wanted)
        elif (old.who_code, old.name_en, old.name_zh) != (row.who_code, row.name_en, row.name_zh):
            changed.append(wanted)
    DiagnosisName.objects.bulk_create(new, batch_size=BATCH)
    fields = ["code", "who_code", "name_en", "name_zh", "changed_at"]
    DiagnosisName.objects.bulk_update(changed, fields, batch_size=BATCH)
    done = Loaded(new=len(new), changed=len(changed), unchanged=len(rows) - len(new) - len(changed))
    audit.record("diagnosis_names.loaded", by=by, new=done.new, changed=done.changed)
    return done


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
