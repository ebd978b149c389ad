"""The hospital's own names of diagnoses: loading the list, and an index of them that is read again when it changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache

from django.db import transaction
from django.db.models import Count, Max
from django.utils import timezone

from cases.diagnoses.core.code_list import CodeRow
from cases.diagnoses.core.name_index import Name, NameIndex
from cases.models import DiagnosisName
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


class Index:
    """All names of the list, ready to be searched. Rows are (code, WHO code, English, Chinese)."""

    def __init__(self, rows: Sequence[tuple[str, str, str, str]]) -> None:
        self.rows = rows

    @cached_property
    def names(self) -> NameIndex:
        found = [
            Name(code=who_code, text=name, everyday=True)
            for _code, who_code, name_en, name_zh in self.rows
            for name in (name_en, name_zh)
            if name
        ]
        return NameIndex(found, by_phrase=False)

    @cached_property
    def by_code(self) -> dict[str, tuple[str, str]]:
        """The hospital's names of a WHO code, from the line that is the code itself."""
        return {code: (name_en, name_zh) for code, who_code, name_en, name_zh in self.rows if code == who_code}

    @cached_property
    def by_raw(self) -> dict[str, str]:
        """The name of a code as the list writes it, in capital letters."""
        return {code.upper(): name_zh or name_en for code, _who_code, name_en, name_zh in self.rows}


def index() -> Index:
    """The present list. One query, unless the list has changed."""
    stamp = DiagnosisName.objects.aggregate(count=Count("pk"), newest=Max("changed_at"))
    return _index(stamp["count"], stamp["newest"])


@lru_cache(maxsize=1)
def _index(_count: int, _newest: datetime | None) -> Index:
    return Index(list(DiagnosisName.objects.order_by("code").values_list("code", "who_code", "name_en", "name_zh")))
