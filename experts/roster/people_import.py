"""People from a table: a dry run that says all that is wrong and all that would change, then the same again, written.

The key is the e-mail address: a line whose address is known changes that person, any other line makes a new one. A line
of our own export names the person by the portal's number. So a file taken in twice changes nothing the second time. An
absent column, or an empty cell, leaves what is there.
"""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db import transaction
from django.db.models import Q, prefetch_related_objects
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from experts import roles
from experts.availability import time_keeping, weekly_hours
from experts.availability.core import pattern_text, week_pattern
from experts.availability.core.week_pattern import WeekSpan
from experts.models import Discipline, Expert, Institution, Named, Role, Title
from experts.roster import person_cards
from experts.roster.core import people_table
from experts.roster.person_cards import Card
from mdt_portal import audit
from mdt_portal.errors import RuleError
from mdt_portal.models import User
from mdt_portal.tables import wording
from mdt_portal.tables.core import cells, reading
from mdt_portal.tables.core.columns import Sheet, TableRow

Names = dict[str, list[Any]]
"""Rows by their names, ready for comparison."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """What is wrong, and where: `line` counts from 1 (0: the whole file), `column` is spelt as in the file."""

    line: int
    column: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedLine:
    """What one line would do. `changes` names the card's fields, and `week`; a new person has no `expert`.

    `week` is None where the line says nothing of it.
    """

    number: int
    card: Card
    before: Card | None
    expert: Expert | None
    changes: list[str]
    week: list[WeekSpan] | None = None
    week_before: list[WeekSpan] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.card.name_zh or self.card.name_en

    name_en = property(lambda self: self.card.name_en)
    name_zh = property(lambda self: self.card.name_zh)


@dataclass(slots=True, kw_only=True)
class Read:
    """A file's dry run: how it was read, and what it would do."""

    sheet: Sheet
    lines: list[ImportedLine] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)

    @property
    def ignored(self) -> list[str]:
        """Headings that mean nothing here."""
        return self.sheet.unknown

    @property
    def new(self) -> list[ImportedLine]:
        return [one for one in self.lines if one.expert is None]

    @property
    def changed(self) -> list[ImportedLine]:
        return [one for one in self.lines if one.expert is not None and one.changes]

    @property
    def left(self) -> int:
        return len(self.lines) - len(self.new) - len(self.changed)


def read(given: bytes | str, *, by: User | None, encoding: str = "") -> Read:
    """The dry run of a file, or of its text: nothing is written. The queries do not grow with the lines.

    `encoding` is a key of `encodings.NAMES`, where somebody chose it.
    """
    sheet = reading.read(given, people_table.LAYOUT, encoding=encoding)
    found = Read(sheet=sheet)
    lacking = people_table.missing(sheet.heads)
    for fault in sheet.faults:
        if lacking and fault.code in wording.OF_A_LINE:
            continue
        sentence = wording.fault_text(fault)
        found.mistakes.append(Mistake(line=fault.line, column=fault.column, sentence=sentence))
    for complaint in _about_the_whole(sheet):
        found.mistakes.append(Mistake(line=0, column="", sentence=complaint))
    if not lacking:
        lines = _Reader(sheet, by)
        for row in sheet.rows:
            line, wrong = lines.read(row)
            found.mistakes += wrong
            if not wrong:
                found.lines.append(line)
        found.mistakes.sort(key=lambda one: one.line)
    return found


@transaction.atomic
def take_in(given: bytes | str, *, by: User | None, encoding: str = "") -> Read:
    """Write what the dry run says, all or nothing. Raises RuleError where the file has a mistake."""
    list(Institution.objects.select_for_update(no_key=True).order_by("pk"))  # two imports come one after the other
    found = read(given, by=by, encoding=encoding)
    if found.mistakes:
        words = _("The file has mistakes; nothing was written.")
        raise RuleError(words, code="import_refused", params={"mistakes": len(found.mistakes)})
    for line in [*found.new, *found.changed]:
        expert = person_cards.save(line.expert, line.card, by=by)
        if line.week is not None and line.week != line.week_before:
            time_keeping.set_week(expert, line.week, by=by)
    audit.record("experts.imported", by=by, new=len(found.new), changed=len(found.changed), left=found.left)
    return found


def template(*, chinese: bool) -> Iterator[list[str]]:
    """The headings alone."""
    return people_table.lines([], chinese=chinese)


def export(experts: Iterable[Expert], hospital: Institution, *, chinese: bool) -> Iterator[list[str]]:
    """People of one hospital as the lines of a table that changes nothing when it is taken in again."""
    disciplines = _disciplines()
    people = list(experts)
    prefetch_related_objects(people, "weekly_availability")
    rows = (_cells(one, hospital, disciplines, chinese) for one in people)
    return people_table.lines(rows, chinese=chinese)


def _cells(expert: Expert, hospital: Institution, disciplines: Names, chinese: bool) -> dict[str, str]:
    def word(row: Named) -> str:
        return (row.name_zh or row.name_en) if chinese else (row.name_en or row.name_zh)

    def yes(value: bool) -> str:
        return ("是" if value else "否") if chinese else ("yes" if value else "no")

    def skill(row: Discipline, sub: str) -> tuple[str, str]:
        """The name, or the key where the name would be read as another discipline."""
        pair = (word(row), sub)
        text = people_table.skills_cell([pair])
        fits = people_table.skills(text, lambda name: _key(name) in disciplines) == [pair]
        return pair if fits and disciplines[_key(pair[0])] == [row] else (row.key, sub)

    title = next(row.title for row in expert.work if row.institution_id == hospital.pk)  # type: ignore[attr-defined]
    skills = [skill(row.discipline, row.sub_specialty) for row in expert.qualifications.all()]  # type: ignore[attr-defined]
    plain = {name: str(getattr(expert, name)) for name in person_cards.COLUMNS}
    words = {"hospital": word(hospital), "title": word(title), "skills": people_table.skills_cell(skills)}
    week = week_pattern.of_rows(expert.weekly_availability.all())  # type: ignore[attr-defined]
    words["week"] = pattern_text.write(week, chinese=chinese)
    return plain | words | {"remote": yes(expert.remote), "active": yes(expert.active), "id": expert.public_id}


def _about_the_whole(sheet: Sheet) -> Iterator[str]:
    if not sheet.heads and not sheet.unknown:
        return  # nothing could be read at all, and that was said
    for column in people_table.missing(sheet.heads):
        yield _("The column “%(en)s” (%(zh)s) is missing.") % {"en": column.en, "zh": column.zh}
    if not sheet.rows and not sheet.faults:
        yield _("There is no line below the headings.")


class _Reader:
    """Lines into cards, with all that they name read from the database once."""

    def __init__(self, sheet: Sheet, by: User | None) -> None:
        self.sheet = sheet
        reach = Institution.objects.all() if by is None or by.is_superuser else roles.institutions(by, Role.COORDINATOR)
        self.reach = {one.pk: one for one in reach}
        self.doubles = Counter(row.cells.get("email", "").casefold() for row in sheet.rows)
        ids = [row.cells.get("id", "") for row in sheet.rows]
        self.ids = Counter(ids)
        addresses = Q(key__in=[key for key in self.doubles if key])
        rows = Expert.objects.alias(key=Lower("email")).filter(addresses | Q(public_id__in=[one for one in ids if one]))
        self.known: dict[str, list[Expert]] = defaultdict(list)
        self.by_id: dict[str, Expert] = {}
        for expert in person_cards.with_work(rows).prefetch_related("weekly_availability"):
            self.known[expert.email.casefold()].append(expert)
            self.by_id[expert.public_id] = expert

    @cached_property
    def hospitals(self) -> Names:
        return _by_name(self.reach.values())

    @cached_property
    def titles(self) -> Names:
        return _by_name(Title.objects.all())

    @cached_property
    def disciplines(self) -> Names:
        return _disciplines()

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
        week, kept = self._week(), week_pattern.of_rows(expert.weekly_availability.all()) if expert else []  # type: ignore[attr-defined]
        if before and week is not None and week != kept:
            changes.append("week")
        return ImportedLine(
            number=self.row.number,
            card=card,
            before=before,
            expert=expert,
            changes=changes,
            week=week,
            week_before=kept,
        ), self.wrong

    def _week(self) -> list[WeekSpan] | None:
        """When they can come; None where the cell is empty, or wrong."""
        text = self._cell("week")
        if not text:
            return None
        try:
            return weekly_hours.checked_pattern(weekly_hours.read(text))
        except RuleError as error:
            self._say("week", error.message)
            return None

    def _expert(self) -> Expert | None:
        address = self._cell("email").casefold()
        if number := self._cell("id"):
            return self._numbered(number, address)
        if not address:
            self._say("email", _("An e-mail address is needed: by it a person is known again."))
            return None
        if self.file.doubles[address] > 1:
            self._say("email", _("This address stands in more than one line."))
        known = self.file.known[address]
        if len(known) > 1:
            self._say("email", _("More than one person has this address in the portal. Put that right there first."))
        return self._kept(known[0], "email") if known else None

    def _numbered(self, number: str, address: str) -> Expert | None:
        """The person whom the portal's own number names; the address may be new, or none."""
        expert = self.file.by_id.get(number)
        if expert is None:
            self._say("id", _("Nobody has this number in the portal. Leave the cell empty for somebody new."))
            return None
        if self.file.ids[number] > 1:
            self._say("id", _("This number stands in more than one line."))
        if address and self.file.doubles[address] > 1:
            self._say("email", _("This address stands in more than one line."))
        if address and any(one.pk != expert.pk for one in self.file.known[address]):
            self._say("email", _("Somebody else has this e-mail address already."))
        return self._kept(expert, "id")

    def _kept(self, expert: Expert, column: str) -> Expert | None:
        """Them, if who takes the file in keeps their hospital."""
        if {row.institution_id for row in expert.work} & set(self.file.reach):  # type: ignore[attr-defined]
            return expert
        self._say(column, _("This person belongs to another hospital; its coordinator keeps them."))
        return None

    def _card(self, before: Card) -> Card:
        given: dict[str, Any] = {"email": self._cell("email") or before.email}
        if given["email"].casefold() == before.email.casefold():
            given["email"] = before.email
        for name in ("name_en", "name_zh", "phone"):
            given[name] = self._cell(name) or getattr(before, name)
        for name in ("remote", "active"):
            given[name] = self._yes_or_no(name, getattr(before, name))
        for name in person_cards.CAPS:
            given[name] = self._number(name, getattr(before, name))
        return dataclasses.replace(before, **given, titles=self._titles(before), skills=self._skills(before))

    def _titles(self, before: Card) -> dict[int, int]:
        hospital, title = self._hospital(before), None
        if text := self._cell("title"):
            present = {before.titles.get(hospital.pk)} if hospital else ()
            title = self._one(self.file.titles, "title", text, _("There is no title “%(text)s”."), present)
        elif not before.titles:
            self._say("title", _("A title is needed for somebody new."))
        return {**before.titles, hospital.pk: title.pk} if hospital and title else dict(before.titles)

    def _hospital(self, before: Card) -> Institution | None:
        if text := self._cell("hospital"):
            none = _("“%(text)s” is not a hospital whose people you keep.")
            return self._one(self.file.hospitals, "hospital", text, none, before.titles)  # type: ignore[no-any-return]
        if len(self.file.reach) == 1:
            return next(iter(self.file.reach.values()))
        self._say("hospital", _("Name the hospital: you keep the people of several."))
        return None

    def _skills(self, before: Card) -> frozenset[person_cards.Skill]:
        text = self._cell("skills")
        if not text:
            return before.skills
        found = set()
        present = {pk for pk, _sub in before.skills}
        none = _("There is no discipline “%(text)s”.")
        for name, sub in people_table.skills(text, lambda name: _key(name) in self.file.disciplines):
            row = self._one(self.file.disciplines, "skills", name, none, present)
            if row is not None:
                found.add((row.pk, sub))
        return frozenset(found) or before.skills

    def _one(self, known: Names, column: str, text: str, none: str, present: Container[Any]) -> Any:
        """What a text names. Of several, the one that the person has at `present` (ids) is meant."""
        rows = known.get(_key(text), [])
        if len(rows) > 1:
            rows = [row for row in rows if row.pk in present] or rows
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
        text = cells.whole(self._cell(name))
        if text and not (text.isascii() and text.isdigit() and len(text) < 7):
            self._say(name, _("“%(text)s” is not a whole number.") % {"text": text})
            return before
        return int(text) if text else before

    def _cell(self, column: str) -> str:
        return self.row.cells.get(column, "")

    def _head(self, column: str) -> str:
        return self.file.sheet.head(column)

    def _say(self, column: str, sentence: str) -> None:
        self.wrong.append(Mistake(line=self.row.number, column=self._head(column), sentence=sentence))


def _key(text: str) -> str:
    return cells.same(text)


def _disciplines() -> Names:
    """Disciplines by their names and keys. A key means one discipline, whatever others are called."""
    rows = list(Discipline.objects.all())
    return _by_name(rows) | {_key(row.key): [row] for row in rows}


def _by_name(rows: Iterable[Any]) -> Names:
    found: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        for name in {_key(row.name_en), _key(row.name_zh)} - {""}:
            found[name].append(row)
    return found
