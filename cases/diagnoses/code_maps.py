"""The hospital's own map of codes beside the product's, and the codes that arrived and lie in none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType

from django.db import transaction
from django.db.models import Count, F, Max
from django.utils import timezone

from cases.core import code_systems
from cases.core.code_systems import CodeMap, MapRow
from cases.diagnoses.core import code_map
from cases.models import CodeMapping, UnmappedCode
from mdt_portal import audit
from mdt_portal.models import User

BATCH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    new: int
    changed: int
    unchanged: int


def present() -> CodeMap:
    """Both maps; where they differ the hospital's own counts. One query, unless its map has changed."""
    stamp = CodeMapping.objects.aggregate(count=Count("pk"), newest=Max("changed_at"))
    return _present(stamp["count"], stamp["newest"])


@lru_cache(maxsize=1)
def _present(count: int, _newest: datetime | None) -> CodeMap:
    if not count:
        return code_map.shipped()
    own = {(row.system, row.code): _row(row) for row in CodeMapping.objects.all()}
    return MappingProxyType({**code_map.shipped(), **own})


@transaction.atomic
def load(rows: Sequence[tuple[MapRow, str]], *, by: User | None) -> Loaded:
    """Add and change the rows, each with its source; rows that the list does not hold stay."""
    known = {(row.system, row.code): row for row in CodeMapping.objects.all()}
    now = timezone.now()
    new, changed = [], []
    for row, source in rows:
        old = known.get((row.system, row.code))
        wanted = CodeMapping(
            pk=old.pk if old else None,
            system=row.system,
            code=row.code,
            display=row.display,
            who_code=row.who_code,
            details=_details(row),
            source=source,
            changed_at=now,
        )
        if old is None:
            new.append(wanted)
        elif any(getattr(old, name) != getattr(wanted, name) for name in ("display", "who_code", "details", "source")):
            changed.append(wanted)
    CodeMapping.objects.bulk_create(new, batch_size=BATCH)
    CodeMapping.objects.bulk_update(
        changed, ["display", "who_code", "details", "source", "changed_at"], batch_size=BATCH
    )
    _forget_what_is_mapped(row for row, _source in rows)
    done = Loaded(new=len(new), changed=len(changed), unchanged=len(rows) - len(new) - len(changed))
    audit.record("code_map.loaded", by=by, new=done.new, changed=done.changed)
    return done


@transaction.atomic
def count_unmapped(codings: Iterable[tuple[str, str, str]]) -> int:
    """Count those of the codings (system, code, display) that lie in no WHO code; how many there were.

    A code that the map knows as no diagnosis is mapped. Nothing is kept of whose code it was.
    """
    maps = present()
    names: dict[tuple[str, str], str] = {}
    times: Counter[tuple[str, str]] = Counter()
    for system, code, display in codings:
        key = (system[:200], code.strip()[:80])
        if key[1] and not _is_known(key[1], system, maps):
            times[key] += 1
            names.setdefault(key, display[:240])
    now = timezone.now()
    for (system, code), count in sorted(times.items()):
        row, _new = UnmappedCode.objects.get_or_create(
            system=system, code=code, defaults={"display": names[(system, code)], "last_seen_at": now}
        )
        UnmappedCode.objects.filter(pk=row.pk).update(times=F("times") + count, last_seen_at=now)
    return sum(times.values())


def _is_known(code: str, system: str, maps: CodeMap) -> bool:
    found = code_systems.resolve(code, system, maps=maps)
    return found is not None or (code_systems.system_of(system), code) in maps


def _forget_what_is_mapped(rows: Iterable[MapRow]) -> None:
    """What lies in a WHO code from now on need not be listed any more."""
    mapped = {(row.system, row.code) for row in rows}
    waiting = UnmappedCode.objects.filter(code__in={code for _system, code in mapped})
    gone = [one.pk for one in waiting if (code_systems.system_of(one.system), one.code) in mapped]
    UnmappedCode.objects.filter(pk__in=gone).delete()


def _details(row: MapRow) -> dict[str, object]:
    """What a row says besides the code; nothing where it says nothing."""
    said = {
        "role": row.role,
        "disease": row.disease,
        "stage": row.stage,
        "flags": sorted(row.flags),
        "scores": dict(row.scores),
    }
    return {name: value for name, value in said.items() if value}


def _row(row: CodeMapping) -> MapRow:
    said = row.details
    return MapRow(
        system=row.system,
        code=row.code,
        who_code=row.who_code,
        display=row.display,
        role=said.get("role", ""),
        disease=said.get("disease", ""),
        stage=said.get("stage", ""),
        flags=frozenset(said.get("flags", ())),
        scores=said.get("scores", {}),
    )
