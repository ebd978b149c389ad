"""A card's fields in words: what a column wants, and what an import would change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from experts.availability.core import pattern_text
from experts.models import Discipline, Expert, Institution, Title
from experts.roster.people_import import ImportedLine, Read
from mdt_portal.i18n import phrases

COLUMN_HELP = {
    "email": gettext_lazy("By it a person is known again; one address, one person."),
    "name_zh": gettext_lazy("One of the two names is needed."),
    "name_en": gettext_lazy("One of the two names is needed."),
    "hospital": gettext_lazy("May be left out where you keep one hospital only."),
    "title": gettext_lazy("The name of a title, such as 主任医师 or Chief physician."),
    "skills": gettext_lazy("Names or keys, parted by semicolons; sub-specialty in brackets: Radiology (chest); PATH."),
    "phone": "",
    "remote": gettext_lazy("yes or no (是 or 否)"),
    "active": gettext_lazy("yes or no (是 or 否)"),
    "max_sessions_day": gettext_lazy("a whole number"),
    "max_sessions_week": gettext_lazy("a whole number"),
    "max_minutes_week": gettext_lazy("a whole number"),
    "week": gettext_lazy(
        "Mon 08:00–12:00, 14:00–18:00; Tue 09:00–12:00 every 2 weeks from 2026-11-30. A dash takes all time away."
    ),
    "id": gettext_lazy("Stands in our own export; leave it empty for somebody new."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CardChange:
    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedPerson:
    """One line of a dry run in words; somebody new has no changes but what they will be."""

    line: ImportedLine
    summary: str
    changes: list[CardChange]


def imported(found: Read) -> list[ImportedPerson]:
    """The lines that change anything, new people first."""
    words = _Words()
    new = [ImportedPerson(line=one, summary=words.summary(one), changes=[]) for one in found.new]
    return new + [ImportedPerson(line=one, summary="", changes=words.changes(one)) for one in found.changed]


class _Words:
    def __init__(self) -> None:
        self.titles = {row.pk: row.name for row in Title.objects.all()}
        self.hospitals = {row.pk: row.name for row in Institution.objects.all()}
        self.disciplines = {row.pk: row.name for row in Discipline.objects.all()}

    def summary(self, line: ImportedLine) -> str:
        card = line.card
        facts = self._value("titles", card.titles), self._value("skills", card.skills), card.email
        return phrases.line(*facts, self._value("week", line.week or ()))

    def changes(self, line: ImportedLine) -> list[CardChange]:
        return [
            CardChange(
                label=self._label(name),
                before=self._value(name, line.week_before if name == "week" else getattr(line.before, name)),
                after=self._value(name, line.week if name == "week" else getattr(line.card, name)),
            )
            for name in line.changes
        ]

    def _label(self, name: str) -> str:
        if name == "week":
            return str(_("ordinary week"))
        if name in ("titles", "skills"):
            return _("title") if name == "titles" else _("disciplines")
        return str(Expert._meta.get_field(name).verbose_name)  # type: ignore[union-attr]

    def _value(self, name: str, value: Any) -> str:
        if name == "titles":
            return phrases.listed(
                phrases.line(self.titles[title], self.hospitals[at]) for at, title in sorted(value.items())
            )
        if name == "skills":
            named = ((self.disciplines[pk], sub) for pk, sub in value)
            return phrases.listed(f"{one} ({sub})" if sub else one for one, sub in sorted(named))
        if name == "week":
            return pattern_text.write(value, chinese=(get_language() or "").startswith("zh"))
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        return str(value)
