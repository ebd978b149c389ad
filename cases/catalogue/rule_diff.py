"""A version of a rule field by field, in words, and what changed from one version to another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.catalogue import answer_text, rule_text, wording
from cases.catalogue.core.evaluation import Rule
from cases.catalogue.rule_text import Names
from cases.models import CareLevel, CatalogueRule, Tier, Urgency
from mdt_portal.i18n import clock, phrases

FIELDS = {
    "name_en": gettext_lazy("Name in English"),
    "name_zh": gettext_lazy("Name in Chinese"),
    "icd10": gettext_lazy("ICD-10 codes"),
    "condition": gettext_lazy("Condition"),
    "tier": gettext_lazy("Tier"),
    "required": gettext_lazy("Seats that must be filled"),
    "optional": gettext_lazy("Welcome"),
    "minutes": gettext_lazy("Minutes"),
    "hours": gettext_lazy("Response limit"),
    "care_level": gettext_lazy("Care level"),
    "disease_group": gettext_lazy("Disease group"),
    "materials": gettext_lazy("Materials"),
    "evidence": gettext_lazy("Evidence"),
    "source": gettext_lazy("Source"),
    "source_url": gettext_lazy("Link to the source"),
    "note": gettext_lazy("Note"),
    "review_by": gettext_lazy("Review by"),
}
"""The fields of a rule by their keys in a catalogue file."""
EVIDENCE_OF = {
    "tier": gettext_lazy("tier"),
    "quorum": gettext_lazy("seats"),
    "hours": gettext_lazy("response limit"),
    "minutes": gettext_lazy("minutes"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field in words."""

    key: str
    label: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """One field that two versions have differently."""

    key: str
    label: str
    before: str
    after: str


def fields(row: CatalogueRule, rule: Rule, known: Names) -> list[Field]:
    """All fields of a version, in the order of the editor."""
    said = {
        "name_en": row.name_en,
        "name_zh": row.name_zh,
        "icd10": rule_text.codes_text(rule.ranges),
        "condition": rule_text.condition_text(rule.condition),
        "tier": str(Tier(rule.tier).label),
        "required": rule_text.seats_text(rule.seats, known),
        "optional": phrases.listed(known.discipline(key) for key in rule.optional),
        "minutes": str(rule.minutes or ""),
        "hours": _hours(rule),
        "care_level": str(CareLevel(rule.care_level).label),
        "disease_group": known.group(rule.disease_group),
        "materials": phrases.listed(sorted(wording.material_text(code) for code in rule.materials)),
        "evidence": evidence_text(row.evidence),
        "source": row.source,
        "source_url": row.source_url,
        "note": row.note,
        "review_by": clock.full_day(row.review_by) if row.review_by else "",
    }
    return [Field(key=key, label=str(label), text=said[key]) for key, label in FIELDS.items()]


def changes(before: list[Field], after: list[Field]) -> list[RuleChange]:
    """The fields whose words differ."""
    return [
        RuleChange(key=old.key, label=old.label, before=old.text, after=new.text)
        for old, new in zip(before, after, strict=True)
        if old.text != new.text
    ]


def evidence_text(evidence: Mapping[str, str]) -> str:
    """How well each part of the rule is founded; parts that nobody judged are left out."""
    return phrases.listed(
        phrases.labelled(word, answer_text.EVIDENCE[evidence[part]])
        for part, word in EVIDENCE_OF.items()
        if evidence.get(part) in answer_text.EVIDENCE
    )


def _hours(rule: Rule) -> str:
    return phrases.listed(
        phrases.labelled(Urgency(urgency).label, _("within %(limit)s") % {"limit": answer_text.limit_text(hours)})
        for urgency, hours in rule.hours.items()
    )
