"""The code lists of a hospital as files: its names of diagnoses, and its map of other systems' codes.

A dry run says how the file was read, all that is wrong with it, and which lines are new or change what is there; then
the same is written, all or nothing. Page, API and commands call the same functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.catalogue import wording
from cases.core.mistake import Mistake
from cases.diagnoses import code_maps, local_names
from cases.diagnoses.code_tables import CodeTable, Loaded
from cases.diagnoses.core import code_list, code_map
from mdt_portal.errors import RuleError
from mdt_portal.models import User
from mdt_portal.tables.core.columns import Column, Sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One of the two lists. `read` takes a file or its text, and an encoding, and gives `rows`, `mistakes` and `sheet`;
    `wanted` makes the rows what stands in the database; `lines` are the present list as a table that `read` takes."""

    key: str
    label: str | Promise
    table: CodeTable
    columns: tuple[Column, ...]
    needed: frozenset[str]
    read: Callable[..., Any]
    wanted: Callable[[Sequence[Any]], list[Any]]
    load: Callable[..., Loaded]
    lines: Callable[[], Iterable[Sequence[Any]]]


NAMES = Kind(
    key="names",
    label=gettext_lazy("Names of diagnoses (ICD-10)"),
    table=local_names.TABLE,
    columns=code_list.LAYOUT.columns,
    needed=frozenset({"code"}),
    read=code_list.read,
    wanted=local_names.wanted,
    load=local_names.load,
    lines=lambda: code_list.lines(local_names.rows()),
)
MAP = Kind(
    key="map",
    label=gettext_lazy("Map of other codes to ICD-10"),
    table=code_maps.TABLE,
    columns=code_map.LAYOUT.columns,
    needed=frozenset(code_map.COLUMNS),
    read=code_map.read,
    wanted=code_maps.wanted,
    load=code_maps.load,
    lines=code_maps.lines,
)
KINDS = {one.key: one for one in (NAMES, MAP)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """What is wrong, and where: `line` counts from 1 (0: the whole file), `column` is spelt as in the file."""

    line: int
    column: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeChange:
    """What one line of a file would do to the list: `code` as the list writes it; `new`: it stands there not yet."""

    line: int
    code: str
    new: bool
    changes: list[FieldChange]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeFile:
    """A file of a list, read and compared with what is there. With a mistake nothing would be written."""

    kind: Kind
    sheet: Sheet
    rows: tuple[Any, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    changes: tuple[CodeChange, ...] = ()
    unchanged: int = 0

    @property
    def new(self) -> int:
        return sum(one.new for one in self.changes)

    @property
    def changed(self) -> int:
        return len(self.changes) - self.new

    @property
    def refused(self) -> list[Refused]:
        """Every mistake, in words."""
        return [
            Refused(line=one.line, column=one.place.rpartition("] ")[2], sentence=_sentence(one))
            for one in self.mistakes
        ]


def read(kind: Kind, given: bytes | str, *, encoding: str = "") -> CodeFile:
    """The dry run of a file, or of its text. `encoding` is a key of `encodings.NAMES`, where somebody chose it."""
    found = kind.read(given, encoding=encoding)
    if found.mistakes:
        return CodeFile(kind=kind, sheet=found.sheet, mistakes=tuple(found.mistakes))
    wanted = kind.wanted(found.rows)
    numbers = {id(row): line.number for row, line in zip(wanted, found.sheet.rows, strict=True)}
    compared = kind.table.compare(wanted)
    pairs = [*((None, row) for row in compared.new), *compared.changed]
    return CodeFile(
        kind=kind,
        sheet=found.sheet,
        rows=tuple(found.rows),
        changes=tuple(_change(kind, before, row, numbers[id(row)]) for before, row in pairs),
        unchanged=compared.unchanged,
    )


def take_in(found: CodeFile, *, by: User | None) -> Loaded:
    """Write what the dry run says. Raises RuleError where the file has a mistake: then nothing is written."""
    if found.mistakes:
        words = _("The file has mistakes; nothing was written.")
        raise RuleError(words, code="import_refused", params={"mistakes": len(found.mistakes)})
    return found.kind.load(found.rows, by=by)


def _change(kind: Kind, before: Any, after: Any, line: int) -> CodeChange:
    changes = []
    for name in kind.table.fields:
        was, is_now = (_shown(getattr(row, name)) if row else "" for row in (before, after))
        if was != is_now and name != "code":
            label = str(after._meta.get_field(name).verbose_name)
            changes.append(FieldChange(label=label[:1].upper() + label[1:], before=was, after=is_now))
    return CodeChange(line=line, code=_code(after), new=before is None, changes=changes)


def _code(row: Any) -> str:
    return f"{row.system} {row.code}" if hasattr(row, "system") else row.code


def _shown(value: Any) -> str:
    """Details of a map as `role: suspected, stage: III`."""
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_shown(one)}" for key, one in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _sentence(mistake: Mistake) -> str:
    said = wording.mistake_text(mistake)
    return said[:1].upper() + said[1:]
