"""A rule of the catalogue in words: its codes, its condition, and the whole of it as a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from cases.catalogue import answer_text, wording
from cases.catalogue.core.condition import Condition
from cases.catalogue.core.evaluation import Rule
from cases.catalogue.core.requirement import SeatNeed
from cases.core import icd10
from experts import titles
from experts.models import Discipline, DiseaseGroup
from mdt_portal.i18n import phrases

CLAUSES = {
    "stage_min": gettext_lazy("Stage at least"),
    "stage_max": gettext_lazy("Stage at most"),
    "or_flags": gettext_lazy("… or, whatever the stage, one of these findings"),
    "flags_any": gettext_lazy("One of these findings"),
    "flags_all": gettext_lazy("All of these findings"),
    "flags_none": gettext_lazy("None of these findings"),
    "score_min": gettext_lazy("Score at least"),
    "score_max": gettext_lazy("Score at most"),
    "age_min": gettext_lazy("Age at least"),
    "age_max": gettext_lazy("Age at most"),
    "comorbidities_min": gettext_lazy("Comorbidities at least"),
    "comorbidities_max": gettext_lazy("Comorbidities at most"),
    "rare_class": gettext_lazy("Rare disease class"),
    "surgery_level_min": gettext_lazy("Grade of operation at least"),
}
"""What a row of the editor asks, by the key of the grammar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What disciplines and disease groups are called in the reader's language."""

    disciplines: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)

    def discipline(self, key: str) -> str:
        return self.disciplines.get(key, key)

    def group(self, key: str) -> str:
        return self.groups.get(key, key)


def names() -> Names:
    """Two queries, whatever is to be named."""
    return Names(
        disciplines={row.key: row.name for row in Discipline.objects.all()},
        groups={row.key: row.name for row in DiseaseGroup.objects.all()},
    )


def codes_text(ranges: Iterable[icd10.CodeRange]) -> str:
    """`C18–C21, C34`"""
    return phrases.listed(str(one).replace("-", "–") for one in ranges)


def condition_text(condition: Condition) -> str:
    """All that must hold: `stage IIIB or above, age 65 or above`; "" where the codes alone decide."""
    return phrases.listed(part_text(part) for part in condition.parts())


def part_text(part: Condition) -> str:
    """One part of a condition (`Condition.parts`) in words."""
    if part.stage_min or part.stage_max:
        stage = _limits(_("stage"), part.stage_min, part.stage_max)
        if part.or_flags:
            return _("%(stage)s, or %(findings)s") % {"stage": stage, "findings": _either(part.or_flags)}
        return stage
    if part.score:
        return _limits(part.score, part.score_min, part.score_max)
    if part.flags_any:
        return _either(part.flags_any)
    if part.flags_all:
        return phrases.listed(_findings(part.flags_all))
    if part.flags_none:
        return _("without %(findings)s") % {"findings": _either(part.flags_none)}
    if part.age_min is not None or part.age_max is not None:
        return _limits(_("age"), part.age_min, part.age_max)
    if part.comorbidities_min is not None or part.comorbidities_max is not None:
        return _limits(_("comorbidities"), part.comorbidities_min, part.comorbidities_max)
    if part.rare_class:
        return _("rare disease of class %(rare)s") % {"rare": part.rare_class}
    return _("operation of grade %(grade)s or above") % {"grade": part.surgery_level_min}


def _limits(name: str, low: Any, high: Any) -> str:
    words = {"name": name, "low": _figure(low), "high": _figure(high)}
    if low is None:
        return _("%(name)s %(high)s or below") % words
    if high is None:
        return _("%(name)s %(low)s or above") % words
    return (_("%(name)s %(low)s") if low == high else _("%(name)s %(low)s–%(high)s")) % words


def _figure(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _findings(flags: Iterable[str]) -> list[str]:
    return sorted(_lowered(wording.flag_text(flag)) for flag in flags)


def _either(flags: Iterable[str]) -> str:
    """`recurrence or refractory to treatment`"""
    *first, last = _findings(flags)
    if not first:
        return last
    return pgettext("list", "%(first)s or %(last)s") % {"first": phrases.listed(first), "last": last}


def _lowered(label: str) -> str:
    """A label in the middle of a sentence; abbreviations stay as they are."""
    return label[:1].lower() + label[1:] if label[1:2].islower() else label


def seats_text(seats: Iterable[SeatNeed], known: Names) -> str:
    """`2 × radiology (chief), surgery, pathology (each attending or above)`; the same title is said once."""
    by_rank: dict[int, list[str]] = {}
    for seat in seats:
        by_rank.setdefault(seat.min_rank, []).append(_seat_text(seat, known))
    said = []
    for rank, who in by_rank.items():
        words = {"who": phrases.listed(who), "title": titles.lowest(rank)}
        said.append((_("%(who)s (each %(title)s)") if len(who) > 1 else _("%(who)s (%(title)s)")) % words)
    return phrases.listed(said)


def _seat_text(seat: SeatNeed, known: Names) -> str:
    who = phrases.line(known.discipline(seat.discipline), seat.sub_specialty)
    return f"{seat.count} × {who}" if seat.count > 1 else who


def hours_text(hours: Mapping[str, int]) -> str:
    """`24 hours in an emergency, 72 hours when urgent, 14 days otherwise`"""
    if not hours:
        return ""
    limits = {urgency: answer_text.limit_text(value) for urgency, value in hours.items()}
    if len(set(limits.values())) == 1:
        return _("within %(limit)s") % {"limit": limits["routine"]}
    return _("within %(emergency)s in an emergency, %(urgent)s when urgent, %(routine)s otherwise") % limits


def sentence(rule: Rule, known: Names) -> str:
    """The whole rule as somebody would say it."""
    codes, condition = codes_text(rule.ranges), condition_text(rule.condition)
    whom = _("%(codes)s with %(condition)s") % {"codes": codes, "condition": condition} if condition else codes
    if rule.tier == "none":
        return _("%(whom)s: no discussion is needed.") % {"whom": whom}
    seats = seats_text(rule.seats, known)
    details = phrases.line(
        ngettext("%(n)d minute", "%(n)d minutes", rule.minutes) % {"n": rule.minutes} if rule.minutes else "",
        _("with %(seats)s") % {"seats": seats} if seats else "",
        hours_text(rule.hours),
    )
    if rule.tier == "required":
        said = _("%(whom)s: a discussion is required; %(details)s.") % {"whom": whom, "details": details}
    else:
        said = _("%(whom)s: a discussion is suggested; %(details)s.") % {"whom": whom, "details": details}
    if not rule.optional:
        return said
    welcome = phrases.listed(known.discipline(key) for key in rule.optional)
    return phrases.sentences(said, _("Welcome: %(disciplines)s.") % {"disciplines": welcome})
