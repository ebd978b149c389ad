"""A list of codes in the database: what new lines would change in it, and the same written. What they lack stays."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from mdt_portal import audit
from mdt_portal.models import User

BATCH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    new: int
    changed: int
    unchanged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Of the lines that were compared: those that are new, those that change (before, after), and how many do not."""

    new: list[Any]
    changed: list[tuple[Any, Any]]
    unchanged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeTable:
    """`identity`: by what a line is known again; `fields`: what it may change. `event` goes into the audit log."""

    model: type[models.Model]
    identity: Callable[[Any], Hashable]
    fields: tuple[str, ...]
    event: str

    def compare(self, wanted: Sequence[Any]) -> Comparison:
        """Nothing is written; one query."""
        known = {self.identity(row): row for row in self.model._default_manager.all()}
        new, changed = [], []
        for row in wanted:
            before = known.get(self.identity(row))
            if before is None:
                new.append(row)
            elif any(getattr(before, name) != getattr(row, name) for name in self.fields):
                row.pk = before.pk
                changed.append((before, row))
        return Comparison(new=new, changed=changed, unchanged=len(wanted) - len(new) - len(changed))

    @transaction.atomic
    def load(self, wanted: Sequence[Any], *, by: User | None) -> Loaded:
        """Add and change."""
        found = self.compare(wanted)
        rows: Any = self.model._default_manager
        after = [row for _before, row in found.changed]
        now = timezone.now()
        for row in (*found.new, *after):
            row.changed_at = now
        rows.bulk_create(found.new, batch_size=BATCH)
        rows.bulk_update(after, [*self.fields, "changed_at"], batch_size=BATCH)
        done = Loaded(new=len(found.new), changed=len(after), unchanged=found.unchanged)
        audit.record(self.event, by=by, new=done.new, changed=done.changed)
        return done
