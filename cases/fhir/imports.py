"""Patients and referrals out of a FHIR file, by the ordinary services; idempotent by their identifiers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from cases.catalogue import rulebook
from cases.catalogue.core.evaluation import Rule, Undecided
from cases.diagnoses import code_maps
from cases.diagnoses.core import diseases
from cases.fhir.core import conversion, reader
from cases.fhir.core.conversion import Passed, Referral
from cases.models import Case, CaseSource, Patient
from cases.selectors import case_facts
from cases.services import patients, workflow
from cases.states import OPEN_FOR_FACTS, OVER
from experts.models import Institution
from mdt_portal import audit
from mdt_portal.fields import search_hash
from mdt_portal.models import User

NO_NAME = "—"


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """One referral and what became of it: `raised`, `completed` (facts were added) or `known`."""

    case: Case
    referral: Referral
    outcome: str
    deceased: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What one patient's data led to."""

    patient: Patient
    raised: tuple[Raised, ...]
    passed: tuple[Passed, ...]


@transaction.atomic
def bring_in(
    content: reader.Content, *, by: User | None, institution: Institution, at: datetime | None = None
) -> tuple[Imported, ...]:
    """Write a file's patients and referrals; a file with mistakes must not come here.

    A decided referral stays a draft, for a clinician to complete and submit. One that lacks a fact, and one that needs
    no discussion, are submitted at once, so that they stand where somebody sees them: needs_facts, listed.
    """
    if content.mistakes:
        raise ValueError("a file with mistakes is refused whole")
    now = at or timezone.now()
    today = rulebook.today(institution.zone, at=now)
    rules = rulebook.in_force(today)
    return tuple(
        _one(person, rules, by=by, institution=institution, now=now, today=today) for person in content.patients
    )


def _one(
    person: reader.Patient,
    rules: Sequence[Rule],
    *,
    by: User | None,
    institution: Institution,
    now: datetime,
    today: date,
) -> Imported:
    patient = patients.register(
        by=by,
        institution=institution,
        name=person.name or NO_NAME,
        sex=person.sex,
        birth_date=person.born if person.born_exactly else None,
        phone=person.phone[:40],
        identifiers=person.identifiers,
    )
    referrals, passed = conversion.propose(person, rules, today=today, maps=code_maps.present())
    code_maps.count_unmapped(
        (coding.system, coding.code, coding.display) for one in person.conditions for coding in one.codings
    )
    raised = [
        _raise(patient, one, by=by, institution=institution, at=now, deceased=person.deceased) for one in referrals
    ]
    return Imported(patient=patient, raised=tuple(raised), passed=tuple(passed))


def _raise(
    patient: Patient, referral: Referral, *, by: User | None, institution: Institution, at: datetime, deceased: bool
) -> Raised:
    case = _known(patient, referral)
    if case is not None:
        outcome = "completed" if _complete(case, referral, by=by) else "known"
    else:
        case, outcome = _refer(patient, referral, by=by, institution=institution, at=at), "raised"
    _remember(case, patient, referral.keys)
    case.refresh_from_db()
    return Raised(case=case, referral=referral, outcome=outcome, deceased=deceased)


def _known(patient: Patient, referral: Referral) -> Case | None:
    """The case that one of these conditions led to before, else an open case of the same disease."""
    hashes = [_record_hash(patient, key) for key in referral.keys]
    source = CaseSource.objects.filter(record_hash__in=hashes).select_related("case").order_by("pk").first()
    if source is not None:
        return source.case
    cases = Case.objects.filter(patient=patient).exclude(status__in=OVER).order_by("pk")
    return next((case for case in cases if diseases.disease_of(case.code) == referral.disease), None)


def _refer(patient: Patient, referral: Referral, *, by: User | None, institution: Institution, at: datetime) -> Case:
    facts, diagnosis = referral.facts, referral.diagnosis
    case = workflow.refer(
        by=by,
        institution=institution,
        patient=patient,
        code=facts.code,
        code_raw=diagnosis.raw[:40],
        code_system=diagnosis.system[:80],
        diagnosis=diagnosis.display[:200],
        stage=facts.stage or "",
        scores=dict(facts.scores),
        flags=sorted(facts.flags),
        comorbidities=facts.comorbidities,
        age=facts.age,
    )
    audit.record("case.imported", by=by, subject=case, format="fhir-r4", conditions=len(referral.keys))
    if isinstance(referral.answer, Undecided) or referral.answer.tier == "none":
        workflow.submit(case, by=by, at=at)
    return case


def _complete(case: Case, referral: Referral, *, by: User | None) -> bool:
    """Add what the file knows and the case does not; what somebody entered stays."""
    if case.status not in OPEN_FOR_FACTS:
        return False
    told, known = referral.facts, case_facts.facts_of(case)
    wider = replace(
        known,
        stage=known.stage or told.stage,
        scores={**told.scores, **known.scores},
        flags=known.flags | told.flags,
        comorbidities=told.comorbidities if known.comorbidities is None else known.comorbidities,
        age=told.age if known.age is None else known.age,
    )
    if wider == known:
        return False
    workflow.supply_facts(
        case,
        by=by,
        stage=wider.stage or "",
        scores=dict(wider.scores),
        flags=sorted(wider.flags),
        comorbidities=wider.comorbidities,
        age=wider.age,
    )
    return True


def _remember(case: Case, patient: Patient, keys: Iterable[str]) -> None:
    CaseSource.objects.bulk_create(
        (CaseSource(case=case, record_hash=_record_hash(patient, key), kind="fhir-condition") for key in keys),
        ignore_conflicts=True,
    )


def _record_hash(patient: Patient, key: str) -> str:
    return search_hash("fhir-condition", str(patient.pk), key)
