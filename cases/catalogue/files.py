"""Catalogue files beside the catalogue in the database: what is in force as a file, and a file's dry run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from cases.catalogue import rule_diff, rulebook, wording
from cases.catalogue.core import csv_io, json_io
from cases.catalogue.core.evaluation import Rule
from cases.catalogue.core.json_io import RuleFile
from cases.catalogue.rule_diff import RuleChange
from cases.catalogue.rule_text import Names
from cases.catalogue.rulebook import Loaded
from cases.core.mistake import Mistake
from cases.models import CatalogueRule
from mdt_portal.models import User
from mdt_portal.tables.core import reading, writing
from mdt_portal.tables.core.faults import UnreadableError

KINDS = {**writing.KINDS, "json": "application/json; charset=utf-8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A file that was read: of which kind it is, what it holds, and its text, which may be read again."""

    kind: str
    file: RuleFile
    text: str = ""

    @property
    def lines(self) -> list[tuple[int, str, str, str]]:
        """Every mistake: line, rule, field, sentence."""
        return [(one.line, one.rule, one.place, _sentence(one)) for one in self.file.mistakes]

    @property
    def hints(self) -> list[tuple[int, str, str, str]]:
        """What is allowed but may be a slip, in the same shape."""
        return [(one.line, one.rule, one.place, _sentence(one)) for one in self.file.hints]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What a file would do to one rule; no changes means that the rule is new."""

    key: str
    rule: Rule
    changes: list[RuleChange]

    @property
    def name_en(self) -> str:
        return self.rule.name_en

    @property
    def name_zh(self) -> str:
        return self.rule.name_zh


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a file would do: rules that are new, that change, and how many say nothing new."""

    new: list[Planned]
    changed: list[Planned]
    unchanged: int


def export(kind: str, on: date) -> bytes:
    """The rules that count on a day, as a file."""
    raws = [rulebook.raw_of(row) for row in CatalogueRule.objects.in_force(on)]
    if kind == "json":
        return json_io.write(raws).encode()
    return writing.write(kind, csv_io.lines(raws), title=f"catalogue {on.isoformat()}")


def read(given: bytes | str, *, encoding: str = "") -> Read:
    """A file of any kind, or its text: an object or a list is JSON, all else is a table.

    `encoding` is a key of `encodings.NAMES`, where somebody chose it.
    """
    words = rulebook.known_words()
    text = given
    if isinstance(given, bytes) and not reading.is_workbook(given):
        try:
            text = reading.as_text(given, encoding=encoding, known=tuple(csv_io.LAYOUT.by_spelling)).text
        except UnreadableError as error:
            wrong = Mistake(place="", code=error.fault.code, params=error.fault.params)
            return Read(kind="csv", file=RuleFile(mistakes=(wrong,)))
    if isinstance(text, str) and text.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
        text = text.replace("\r\n", "\n")  # a form hands every line end on as two characters
        found = json_io.read(text, words)
        return Read(kind="json", file=_beside(found), text=text)
    found = csv_io.read(given, words, encoding=encoding)
    return Read(kind="csv", file=_beside(found), text=found.sheet.text if found.sheet else "")


def _beside(found: RuleFile) -> RuleFile:
    """The file, with the mistakes where it contradicts a rule in force that it does not name."""
    keys = {rule.key for rule in found.rules}
    others = [rule for rule in rulebook.in_force(rulebook.today()) if rule.key not in keys]
    mistakes = json_io.contradictions(dict(enumerate([*others, *found.rules])))
    more = [replace(one, place="tier") for one in mistakes if one.rule in keys]
    return replace(found, mistakes=(*found.mistakes, *more))


def plan(found: Read, known: Names) -> Plan:
    """What taking the file in would change, compared with the newest version of each rule."""
    keys = [rule.key for rule in found.file.rules]
    latest = rulebook.newest_live(keys)
    words = rulebook.known_words()
    new, changed, unchanged = [], [], 0
    for raw, rule in zip(found.file.raw, found.file.rules, strict=True):
        before = latest.get(rule.key)
        wanted = rulebook.completed(raw, before, words)
        if before is not None and rulebook.raw_of(before) == wanted:
            unchanged += 1
            continue
        after = CatalogueRule(key=rule.key, **rulebook.columns(wanted))
        fields = rule_diff.fields(after, rulebook.rule_of(after, words), known)
        earlier = rule_diff.fields(before, rulebook.parsed(before, words), known) if before else None
        changes = rule_diff.changes(earlier, fields) if earlier else []
        (changed if before else new).append(Planned(key=rule.key, rule=rule, changes=changes))
    return Plan(new=new, changed=changed, unchanged=unchanged)


def take_in(found: Read, *, by: User | None, reason: str) -> Loaded:
    """Write what the file says as drafts; a file with mistakes must not come here."""
    if found.file.mistakes:
        raise ValueError("a file with mistakes is refused whole")
    return rulebook.load(found.file.raw, by=by, reason=reason)


def _sentence(mistake: Mistake) -> str:
    said = wording.mistake_text(mistake)
    return said[:1].upper() + said[1:]
