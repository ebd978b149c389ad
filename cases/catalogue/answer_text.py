"""The catalogue's answer, ready to be shown: disciplines, reasons with their sources, what is missing. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cases.catalogue import wording
from cases.catalogue.core import requirement
from cases.catalogue.core.requirement import Answer, Reason, Requirement, Undecided
from cases.models import CareLevel, Case, CatalogueRule, diagnosis_names
from experts import titles
from experts.models import Discipline, DiseaseGroup
from mdt_portal.i18n import phrases

EVIDENCE = {
    "verified": gettext_lazy("read in the source"),
    "partly": gettext_lazy("the source says less"),
    "brief": gettext_lazy("set by the project"),
    "recalled": gettext_lazy("source not opened"),
    "judgement": gettext_lazy("clinical judgement"),
}
"""How well a rule's tier is founded, by the tags of the catalogue file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSeat:
    """One discipline that must come; `count` people with at least the title `wants`."""

    discipline: Discipline | str
    wants: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """One reason: a sentence, the tier of its rule ("" where there is none), and where the rule comes from."""

    text: str
    tier: str = ""
    rule: str = ""
    source: str = ""
    url: str = ""
    evidence: str = ""
    note: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One answer in words. `tier` is "" while it is undecided; `sure` then tells what is certain already.

    `no_rule`: no rule speaks of the case, so that people decide. `choices` are the more exact diagnoses one of which is
    to be chosen, as code and title.
    """

    tier: str
    no_rule: bool
    choices: tuple[tuple[str, str], ...]
    could_be: str
    missing: tuple[str, ...]
    sure: bool
    seats: tuple[AnswerSeat, ...]
    optional: tuple[Discipline | str, ...]
    minutes: int
    hours: int
    due_at: datetime | None
    care_level: str
    group: DiseaseGroup | None
    materials: tuple[str, ...]
    reasons: tuple[Why, ...]

    @property
    def people(self) -> int:
        return sum(seat.count for seat in self.seats)

    @property
    def summary(self) -> str:
        """`20 minutes, 4 seats, within 24 hours, regional centre`."""
        parts = []
        if self.minutes:
            parts.append(ngettext("%(n)d minute", "%(n)d minutes", self.minutes) % {"n": self.minutes})
        if self.seats:
            parts.append(ngettext("%(n)d seat", "%(n)d seats", self.people) % {"n": self.people})
        if self.hours:
            parts.append(_("within %(limit)s") % {"limit": limit_text(self.hours)})
        if self.seats:
            parts.append(self.care_level)
        return phrases.line(*parts)


def limit_text(hours: int) -> str:
    """`24 hours`, `3 days`: the words in which a rule sets a limit."""
    if hours % 24 == 0 and hours > 48:
        return ngettext("%(n)d day", "%(n)d days", hours // 24) % {"n": hours // 24}
    return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}


def of(case: Case) -> Sheet | None:
    """What is frozen on the case; None before it was submitted."""
    if not case.requirement:
        return None
    answer = requirement.from_json(case.requirement)
    return sheet(answer, due_at=case.due_at, hours=case.within(answer.hours))


def preview(answer: Answer, *, now: datetime, most_hours: int | None) -> Sheet:
    """The answer as it would be if the case were submitted now; `most_hours` is the hospital's own limit, if any."""
    hours = answer.hours
    if most_hours is not None:  # also where no rule sets a limit
        hours = min(answer.hours or most_hours, most_hours)
    return sheet(answer, due_at=now + timedelta(hours=hours) if hours else None, hours=hours)


def sheet(answer: Answer, *, due_at: datetime | None, hours: int | None = None) -> Sheet:
    """Three queries: disciplines, the disease group, the versions of the rules."""
    certain = answer if isinstance(answer, Requirement) else answer.at_least
    undecided = answer if isinstance(answer, Undecided) else None
    no_rule = isinstance(answer, Requirement) and answer.without_rule
    seats = certain.seats if certain else ()
    optional = certain.optional if certain else ()
    keys = {*optional, *(seat.discipline for seat in seats)}
    named = {row.key: row for row in Discipline.objects.filter(key__in=keys)}
    return Sheet(
        tier="" if undecided or no_rule else answer.tier,  # type: ignore[union-attr]
        no_rule=no_rule,
        choices=tuple((code, diagnosis_names.title(code)) for code in undecided.children) if undecided else (),
        could_be=undecided.could_be if undecided else "",
        missing=tuple(wording.fact_text(fact) for fact in undecided.missing) if undecided else (),
        sure=certain is not None,
        seats=tuple(
            AnswerSeat(
                discipline=named.get(seat.discipline, seat.discipline),
                wants=_wants(seat.min_rank, seat.sub_specialty),
                count=seat.count,
            )
            for seat in seats
        ),
        optional=tuple(named.get(key, key) for key in optional),
        minutes=certain.minutes if certain else 0,
        hours=answer.hours if hours is None else hours,
        due_at=due_at,
        care_level=str(CareLevel(certain.care_level).label) if certain else "",
        group=DiseaseGroup.objects.filter(key=answer.disease_group).first(),
        materials=tuple(wording.material_text(code) for code in certain.materials) if certain else (),
        reasons=_reasons((*(certain.reasons if undecided and certain else ()), *answer.reasons)),
    )


def _wants(rank: int, sub_specialty: str) -> str:
    return phrases.line(sub_specialty, titles.lowest(rank))


def _reasons(reasons: Iterable[Reason]) -> tuple[Why, ...]:
    """Each reason once, with the source of the rule's version that it names."""
    found = list({(one.code, str(one.params)): one for one in reasons}.values())
    versions = {(one.params["rule"], one.params["version"]) for one in found if "version" in one.params}
    wanted = Q(pk__in=[])
    for key, version in versions:
        wanted |= Q(key=key, version=version)
    rules = {(row.key, row.version): row for row in CatalogueRule.objects.filter(wanted).defer("content")}
    return tuple(_why(one, rules.get((one.params.get("rule", ""), one.params.get("version", 0)))) for one in found)


def _why(reason: Reason, rule: CatalogueRule | None) -> Why:
    return Why(
        text=wording.reason_text(reason),
        tier=rule.tier if rule else "",
        rule=str(reason.params.get("rule", "")),
        source=rule.source if rule else "",
        url=rule.source_url if rule else "",
        evidence=str(EVIDENCE.get(rule.evidence.get("tier", ""), "")) if rule else "",
        note=reason.code != "rule_matched",
    )
