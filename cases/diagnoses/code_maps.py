"""The hospital's own map of codes beside the product's, and the codes that arrived and lie in none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Max
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.core import code_systems, icd10
from cases.core.code_systems import CodeMap, MapRow
from cases.diagnoses.code_tables import CodeTable, Loaded
from cases.diagnoses.core import code_map
from cases.models import CodeMapping, UnmappedCode
from mdt_portal import audit
from mdt_portal.errors import RuleError
from mdt_portal.models import User
from mdt_portal.tables.orders import Orders

TABLE = CodeTable(
    model=CodeMapping,
    identity=lambda row: (row.system, row.code),
    fields=("display", "who_code", "details", "source"),
    event="code_map.loaded",
)


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
    mappings = wanted(rows)
    done = TABLE.load(mappings, by=by)
    _forget_what_is_mapped(mappings)
    return done


def wanted(rows: Sequence[tuple[MapRow, str]]) -> list[CodeMapping]:
    """The lines of a map, each with its source, as they are to stand in the database."""
    return [
        CodeMapping(
            system=row.system,
            code=row.code,
            display=row.display,
            who_code=row.who_code,
            details=_details(row),
            source=source,
        )
        for row, source in rows
    ]


def lines() -> Iterator[list[str]]:
    """The hospital's map as the table that holds it; `code_map.read` gives it back."""
    yield [one.key for one in code_map.LAYOUT.columns]
    for row in CodeMapping.objects.all():
        said = _row(row)
        yield [
            *(row.system, row.code, row.display, row.who_code, row.source),
            *(said.role, said.disease, said.stage, " ".join(sorted(said.flags))),
            " ".join(f"{name}={value:g}" for name, value in said.scores.items()),
        ]


UNMAPPED: Orders = {
    "times": ("times",),
    "last_seen_at": ("last_seen_at",),
    "code": ("code", "system"),
    "system": ("system", "code"),
    "display": ("display", "code"),
}
"""The orders in which the codes without a map can be read."""


def unmapped_lines(rows: Iterable[UnmappedCode]) -> Iterator[list[Any]]:
    """Codes without a map as a table that `code_map.read` takes once icd10 and source are filled in."""
    yield [*code_map.COLUMNS, "times", "last_seen"]
    for row in rows:
        yield [row.system, row.code, row.display, "", "", row.times, row.last_seen_at.date().isoformat()]


def can_be_mapped(unmapped: UnmappedCode) -> bool:
    """Not where no system was named: nobody can say what such a code means."""
    return bool(code_systems.map_system(unmapped.system))


@transaction.atomic
def map_by_hand(unmapped: UnmappedCode, *, who_code: str, display: str, source: str, by: User) -> CodeMapping:
    """Say in which code of WHO an unmapped code lies; an empty one says that it is no diagnosis. It leaves the list.

    Raises RuleError where that cannot be said of it.
    """
    system = code_systems.map_system(unmapped.system)
    if not can_be_mapped(unmapped):
        words = _("This code came without the name of its system: nobody can say what it means. Ask who sends it.")
        raise RuleError(words, code="no_system")
    if who_code and not icd10.exists(who_code):
        words = _("“%(code)s” is not a code of WHO ICD-10.") % {"code": who_code}
        raise RuleError(words, code="unknown_code", fields={"who_code": [words]})
    row, _created = CodeMapping.objects.update_or_create(
        system=system,
        code=unmapped.code,
        defaults={
            "who_code": icd10.normalise(who_code) if who_code else "",
            "display": display,
            "source": source,
            "details": {},
        },
    )
    audit.record("code_map.entered", by=by, subject=row, system=system, code=row.code, who_code=row.who_code)
    _forget_what_is_mapped([row])
    return row


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
        row, _created = UnmappedCode.objects.get_or_create(
            system=system, code=code, defaults={"display": names[(system, code)], "last_seen_at": now}
        )
        UnmappedCode.objects.filter(pk=row.pk).update(times=F("times") + count, last_seen_at=now)
    return sum(times.values())


def _is_known(code: str, system: str, maps: CodeMap) -> bool:
    found = code_systems.resolve(code, system, maps=maps)
    return found is not None or (code_systems.map_system(system), code) in maps


def _forget_what_is_mapped(rows: Iterable[CodeMapping]) -> None:
    """What a map knows from now on need not be listed any more."""
    mapped = {(row.system, row.code) for row in rows}
    waiting = UnmappedCode.objects.filter(code__in={code for _system, code in mapped})
    maps = present()
    gone = [one.pk for one in waiting if _is_known(one.code, one.system, maps)]
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
