"""People from a table: a dry run that says all that is wrong and all that would change, then the same again, written.

The key is the e-mail address: a line whose address is known changes that person, any other line makes a new one. So a
file taken in twice changes nothing the second time. An absent column, or an empty cell, leaves what is there.
"""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db import transaction
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from experts import roles
from experts.models import Discipline, Expert, Institution, Named, Role, Title
from experts.roster import person_cards
from experts.roster.core import people_table
from experts.roster.core.people_table import Sheet, TableRow
from experts.roster.person_cards import Card
from mdt_portal import audit
from mdt_portal.errors import RuleError
from mdt_portal.models import User

MOST_LINES = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """What is wrong, and where: `line` counts from 1 (0: the whole file), `column` is spelt as in the file."""

    line: int
    column: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedLine:
    """What one line would do. `changes` names the card's fields; a new person has no `expert`."""

    number: int
    card: Card
    before: Card | None
    expert: Expert | None
    changes: list[str]

    @property
    def name(self) -> str:
        return self.card.name_zh or self.card.name_en

    name_en = property(lambda self: self.card.name_en)
    name_zh = property(lambda self: self.card.name_zh)


@dataclass(slots=True, kw_only=True)
class Read:
    """A file's dry run. `ignored` are headings that mean nothing here."""

    lines: list[ImportedLine] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)

    @property
    def new(self) -> list[ImportedLine]:
        return [one for one in self.lines if one.expert is None]

    @property
    def changed(self) -> list[ImportedLine]:
        return [one for one in self.lines if one.expert is not None and one.changes]

    @property
    def left(self) -> int:
        return len(self.lines) - len(self.new) - len(self.changed)


def decode(raw: bytes) -> str:
    """The text of a file as it was uploaded. Raises RuleError."""
    if len(raw) > people_table.LONGEST:
        raise RuleError(_("The file is too large for a list of people."), code="too_large")
    try:
        return people_table.decode(raw)
    except people_table.NotText:
        words = _("The file is neither UTF-8 nor GBK text. Save it as CSV.")
        raise RuleError(words, code="not_text") from None


def read(text: str, *, by: User | None) -> Read:
    """The dry run: nothing is written. The number of queries does not grow with the lines."""
    sheet = people_table.read(text)
    found = Read(ignored=sheet.unknown)
    for complaint in _about_the_whole(sheet):
        found.mistakes.append(Mistake(line=0, column="", sentence=complaint))
    if not found.mistakes:
        lines = _Reader(sheet, by)
        for row in sheet.rows:
            line, wrong = lines.read(row)
            found.mistakes += wrong
            if not wrong:
                found.lines.append(line)
    return found


@transaction.atomic
def take_in(text: str, *, by: User | None) -> Read:
    """Write what the dry run says, all or nothing. Raises RuleError where the file has a mistake."""
    list(Institution.objects.select_for_update(no_key=True).order_by("pk"))  # two imports come one after the other
    found = read(text, by=by)
    if found.mistakes:
        words = _("The file has mistakes; nothing was written.")
        raise RuleError(words, code="import_refused", params={"mistakes": len(found.mistakes)})
    for line in [*found.new, *found.changed]:
        person_cards.save(line.expert, line.card, by=by)
    audit.record("experts.imported", by=by, new=len(found.new), changed=len(found.changed), left=found.left)
    return found


def template(*, chinese: bool) -> str:
    """The headings alone."""
    return people_table.write([], chinese=chinese)


def export(experts: Iterable[Expert], hospital: Institution, *, chinese: bool) -> str:
    """People of one hospital as a file that changes nothing when it is taken in again."""
    return people_table.write((_cells(one, hospital, chinese) for one in experts), chinese=chinese)


def _cells(expert: Expert, hospital: Institution, chinese: bool) -> dict[str, str]:
    def word(row: Named) -> str:
        return row.name_zh if chinese else row.name_en

    def yes(value: bool) -> str:
        return ("是" if value else "否") if chinese else ("yes" if value else "no")

    title = next(row.title for row in expert.work if row.institution_id == hospital.pk)  # type: ignore[attr-defined]
    skills = [(word(row.discipline), row.sub_specialty) for row in expert.qualifications.all()]  # type: ignore[attr-defined]
    plain = {name: str(getattr(expert, name)) for name in person_cards.COLUMNS}
    words = {"hospital": word(hospital), "title": word(title), "skills": people_table.skills_cell(skills)}
    return plain | words | {"remote": yes(expert.remote), "active": yes(expert.active)}


def _about_the_whole(sheet: Sheet) -> Iterator[str]:
    if not sheet.heads and not sheet.unknown:
        yield _("The file is empty.")
        return
    for column in sheet.missing:
        yield _("The column “%(en)s” (%(zh)s) is missing.") % {"en": column.en, "zh": column.zh}
    for head in sheet.doubled:
        yield _("The column “%(head)s” stands there twice.") % {"head": head}
    if not sheet.rows:
        yield _("There is no line below the headings.")
    if len(sheet.rows) > MOST_LINES:
        yield _("More than %(most)d lines; cut the file in two.") % {"most": MOST_LINES}


class _Reader:
    """Lines into cards, with all that they name read from the database once."""

    def __init__(self, sheet: Sheet, by: User | None) -> None:
        self.heads = sheet.heads
        reach = Institution.objects.all() if by is None or by.is_superuser else roles.institutions(by, Role.COORDINATOR)
        self.reach = {one.pk: one for one in reach}
        self.doubles = Counter(_key(row.cells.get("email", "")) for row in sheet.rows)
        rows = Expert.objects.alias(key=Lower("email")).filter(key__in=[key for key in self.doubles if key])
        self.known: dict[str, list[Expert]] = defaultdict(list)
        for expert in person_cards.with_work(rows):
            self.known[_key(expert.email)].append(expert)

    @cached_property
    def hospitals(self) -> dict[str, list[Any]]:
        return _by_name(self.reach.values())

    @cached_property
    def titles(self) -> dict[str, list[Any]]:
        return _by_name(Title.objects.all())

    @cached_property
    def disciplines(self) -> dict[str, list[Any]]:
        rows = list(Discipline.objects.all())
        return _by_name(rows) | {row.key.casefold(): [row] for row in rows}

    def read(self, row: TableRow) -> tuple[ImportedLine, list[Mistake]]:
        return _LineReader(self, row).line()


class _LineReader:
    """One line into a card, with everything that is wrong in it."""

    def __init__(self, file: _Reader, row: TableRow) -> None:
        self.file, self.row = file, row
        self.wrong: list[Mistake] = []

    def line(self) -> tuple[ImportedLine, list[Mistake]]:
        expert = self._expert()
        before = person_cards.card_of(expert) if expert else None
        card = self._card(before or Card())
        said = {one.column for one in self.wrong}
        for name, texts in person_cards.mistakes(card).items():
            if name != "titles" and self._head(name) not in said:  # why there is no title was said already
                for text in texts:
                    self._say(name, text)
        changes = person_cards.changed(before, card) if before else []
        return ImportedLine(
            number=self.row.number, card=card, before=before, expert=expert, changes=changes
        ), self.wrong

    def _expert(self) -> Expert | None:
        address = _key(self._cell("email"))
        if not address:
            self._say("email", _("An e-mail address is needed: by it a person is known again."))
            return None
        if self.file.doubles[address] > 1:
            self._say("email", _("This address stands in more than one line."))
        known = self.file.known[address]
        if len(known) > 1:
            self._say("email", _("More than one person has this address in the portal. Put that right there first."))
        if known and not {row.institution_id for row in known[0].work} & set(self.file.reach):  # type: ignore[attr-defined]
            self._say("email", _("This person belongs to another hospital; its coordinator keeps them."))
            return None
        return known[0] if known else None

    def _card(self, before: Card) -> Card:
        given: dict[str, Any] = {"email": self._cell("email") or before.email}
        if _key(given["email"]) == _key(before.email):
            given["email"] = before.email
        for name in ("name_en", "name_zh", "phone"):
            given[name] = self._cell(name) or getattr(before, name)
        for name in ("remote", "active"):
            given[name] = self._yes_or_no(name, getattr(before, name))
        for name in person_cards.CAPS:
            given[name] = self._number(name, getattr(before, name))
        return dataclasses.replace(before, **given, titles=self._titles(before), skills=self._skills(before))

    def _titles(self, before: Card) -> dict[int, int]:
        hospital, title = self._hospital(), None
        if text := self._cell("title"):
            title = self._one(self.file.titles, "title", text, _("There is no title “%(text)s”."))
        elif not before.titles:
            self._say("title", _("A title is needed for somebody new."))
        return {**before.titles, hospital.pk: title.pk} if hospital and title else dict(before.titles)

    def _hospital(self) -> Institution | None:
        if text := self._cell("hospital"):
            none = _("“%(text)s” is not a hospital whose people you keep.")
            return self._one(self.file.hospitals, "hospital", text, none)  # type: ignore[no-any-return]
        if len(self.file.reach) == 1:
            return next(iter(self.file.reach.values()))
        self._say("hospital", _("Name the hospital: you keep the people of several."))
        return None

    def _skills(self, before: Card) -> frozenset[person_cards.Skill]:
        text = self._cell("skills")
        if not text:
            return before.skills
        found = set()
        for name, sub in people_table.skills(text):
            row = self._one(self.file.disciplines, "skills", name, _("There is no discipline “%(text)s”."))
            if row is not None:
                found.add((row.pk, sub))
        return frozenset(found) or before.skills

    def _one(self, known: Mapping[str, list[Any]], column: str, text: str, none: str) -> Any:
        rows = known.get(_key(text), [])
        if len(rows) == 1:
            return rows[0]
        said = _("“%(text)s” means more than one thing.") if rows else none
        self._say(column, said % {"text": text})
        return None

    def _yes_or_no(self, name: str, before: bool) -> bool:
        text = _key(self._cell(name))
        if text and text not in people_table.YES | people_table.NO:
            self._say(name, _("Write yes or no (是 or 否)."))
        return text in people_table.YES if text else before

    def _number(self, name: str, before: int) -> int:
        text = self._cell(name)
        if text and not (text.isascii() and text.isdigit() and len(text) < 7):
            self._say(name, _("“%(text)s” is not a whole number.") % {"text": text})
            return before
        return int(text) if text else before

    def _cell(self, column: str) -> str:
        return self.row.cells.get(column, "")

    def _head(self, column: str) -> str:
        return self.file.heads.get(column, column)

    def _say(self, column: str, sentence: str) -> None:
        self.wrong.append(Mistake(line=self.row.number, column=self._head(column), sentence=sentence))


def _key(text: str) -> str:
    return text.strip().casefold()


def _by_name(rows: Iterable[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        for name in {_key(row.name_en), _key(row.name_zh)} - {""}:
            found[name].append(row)
    return found
