"""Patients and referrals out of a FHIR file, by the ordinary services; idempotent by their identifiers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from cases.catalogue import rulebook
from cases.catalogue.core.evaluation import Rule, Undecided
from cases.core import icd10_titles
from cases.core.certainty import SUSPECTED
from cases.diagnoses import code_maps
from cases.diagnoses.core import diseases
from cases.fhir.core import conversion, reader
from cases.fhir.core.conversion import Passed, Referral
from cases.identity.core.matching import NO_NAME
from cases.models import Case, CaseSource, Decision, HeldMatch, Patient
from cases.selectors import case_facts
from cases.services import identity_review, patients, workflow
from cases.states import AFTER_DISCUSSION, OPEN_FOR_FACTS, OVER
from experts.models import Institution
from mdt_portal import audit
from mdt_portal.errors import RuleError
from mdt_portal.fields import search_hash
from mdt_portal.models import User

KIND = "fhir-condition"


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """One referral and what became of it: `raised`, `completed` (facts were added) or `known`."""

    case: Case
    referral: Referral
    outcome: str
    deceased: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """A condition that led to `case`, which still runs, and which the source now says is wrong, over or revoked."""

    case: Case
    passed: Passed


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What one patient's data led to. `held` where the record may be another person's: then nothing was written."""

    record: reader.Patient
    patient: Patient | None = None
    held: HeldMatch | None = None
    raised: tuple[Raised, ...] = ()
    passed: tuple[Passed, ...] = ()
    taken_back: tuple[TakenBack, ...] = ()
    died: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """What all records of one import share."""

    by: User | None
    institution: Institution
    now: datetime
    today: date
    rules: Sequence[Rule]
    since: date | None
    of_the_dead: bool


@transaction.atomic
def bring_in(
    content: reader.Content,
    *,
    by: User | None,
    institution: Institution,
    at: datetime | None = None,
    since: date | None = None,
    of_the_dead: bool = False,
    dry_run: bool = False,
) -> tuple[Imported, ...]:
    """Write a file's patients and referrals; a file with mistakes must not come here. A dry run keeps nothing.

    A decided referral stays a draft, for a clinician to complete and submit. One that lacks a fact, and one that needs
    no discussion, are submitted at once, so that they stand where somebody sees them: needs_facts, listed. A record
    that shares a number with a patient and differs otherwise is held for a coordinator, with all that came with it.
    """
    if content.mistakes:
        raise ValueError("a file with mistakes is refused whole")
    run = _run(by=by, institution=institution, at=at, since=since, of_the_dead=of_the_dead)
    found = tuple(_one(person, run) for person in content.patients)
    if dry_run:
        transaction.set_rollback(True)
    return found


@transaction.atomic
def release(held: HeldMatch, *, decision: str, by: User, reason: str = "") -> tuple[Patient, Imported | None]:
    """Carry out what a coordinator decided about a held record: join it, or keep it apart; then take in what waited."""
    waiting = held.content if held.patient_id is None else ""
    decide = identity_review.join if decision == Decision.JOINED else identity_review.keep_apart
    patient = decide(held, by=by, reason=reason)
    if not waiting:
        return patient, None
    content = reader.read(waiting, held.institution.tz)
    run = _run(by=held.raised_by, institution=held.institution)
    found = [_take(person, patient, run) for person in content.patients]
    HeldMatch.objects.filter(pk=held.pk).update(content="")
    return patient, found[0] if found else None


def _run(
    *,
    by: User | None,
    institution: Institution,
    at: datetime | None = None,
    since: date | None = None,
    of_the_dead: bool = False,
) -> _Run:
    now = at or timezone.now()
    today = rulebook.today(institution.zone, at=now)
    return _Run(
        by=by,
        institution=institution,
        now=now,
        today=today,
        rules=rulebook.in_force(today),
        since=since,
        of_the_dead=of_the_dead,
    )


def _one(record: reader.Patient, run: _Run) -> Imported:
    person = reader.person_of(record)
    try:
        patient = patients.register(
            by=run.by,
            institution=run.institution,
            name=record.name or NO_NAME,
            sex=record.sex,
            birth_date=person.born,
            birth_year=person.birth_year,
            phone=record.phone[:40],
            identifiers=record.identifiers,
        )
    except patients.IdentityInDoubt as doubt:
        numbers = patients.numbers_of(record.identifiers, run.institution)
        held = patients.hold(
            replace(person, numbers=frozenset(numbers)),
            numbers,
            doubt.match,
            beside=doubt.candidate,
            by=run.by,
            institution=run.institution,
            phone=record.phone[:40],
            content=record.bundle,
        )
        return Imported(record=record, held=held)
    except RuleError as error:
        raise RuleError(f"{record.label}: {error}", code=error.code, fields=error.fields) from error
    return _take(record, patient, run)


def _take(record: reader.Patient, patient: Patient, run: _Run) -> Imported:
    """The referrals of somebody who is known beyond doubt."""
    died = record.deceased and patients.record_death(patient, died_on=record.died, by=run.by)
    referrals, passed = conversion.propose(
        record,
        run.rules,
        today=run.today,
        maps=code_maps.present(),
        since=run.since,
        of_the_dead=run.of_the_dead,
    )
    code_maps.count_unmapped(
        (coding.system, coding.code, coding.display) for one in record.conditions for coding in one.codings
    )
    return Imported(
        record=record,
        patient=patient,
        raised=tuple(_raise(patient, one, run, deceased=record.deceased) for one in referrals),
        passed=tuple(passed),
        taken_back=tuple(_taken_back(patient, passed, run)),
        died=died,
    )


def _raise(patient: Patient, referral: Referral, run: _Run, *, deceased: bool) -> Raised:
    case = _known(patient, referral)
    if case is not None:
        outcome = "completed" if _complete(case, referral, by=run.by) else "known"
    else:
        case, outcome = _refer(patient, referral, run), "raised"
    _remember(case, patient, referral.keys)
    case.refresh_from_db()
    return Raised(case=case, referral=referral, outcome=outcome, deceased=deceased)


def _taken_back(patient: Patient, passed: Iterable[Passed], run: _Run) -> Iterator[TakenBack]:
    """Cases that still run although the source takes back what led to them; each is marked once."""
    for one in passed:
        if one.why not in conversion.TAKEN_BACK:
            continue
        source = _sources(patient, one.keys).exclude(case__status__in=(*OVER, *AFTER_DISCUSSION)).first()
        if source is None:
            continue
        if source.taken_back_at is None:
            source.taken_back_at = run.now
            source.save(update_fields=["taken_back_at"])
            audit.record("case.taken_back_by_source", by=run.by, subject=source.case, why=one.why)
        yield TakenBack(case=source.case, passed=one)


def _sources(patient: Patient, keys: Iterable[str]) -> QuerySet[CaseSource]:
    """The records from which cases of this patient came, under whatever number the patient had then."""
    kin = [patient.pk, *patient.joined.values_list("pk", flat=True)]
    if patient.taken_from_id:
        kin.append(patient.taken_from_id)
    hashes = [search_hash(KIND, str(pk), key) for pk in kin for key in keys]
    rows = CaseSource.objects.filter(record_hash__in=hashes, case__patient=patient)
    return rows.select_related("case").order_by("pk")


def _known(patient: Patient, referral: Referral) -> Case | None:
    """The case that one of these conditions led to before, else an open case of the same disease."""
    source = _sources(patient, referral.keys).first()
    if source is not None:
        return source.case
    cases = Case.objects.filter(patient=patient).exclude(status__in=OVER).order_by("pk")
    return next((case for case in cases if diseases.disease_of(case.code) == referral.disease), None)


def _refer(patient: Patient, referral: Referral, run: _Run) -> Case:
    facts, diagnosis = referral.facts, referral.diagnosis
    found = {"urgency": referral.urgency, "question": referral.question}
    requested: dict[str, Any] = {name: value for name, value in found.items() if value}
    case = workflow.refer(
        by=run.by,
        institution=run.institution,
        patient=patient,
        code=facts.code,
        code_raw=diagnosis.raw[:40],
        code_system=diagnosis.system[:80],
        diagnosis="" if icd10_titles.is_title(diagnosis.display, facts.code) else diagnosis.display[:200],
        stage=facts.stage or "",
        scores=dict(facts.scores),
        flags=sorted(facts.flags),
        comorbidities=facts.comorbidities,
        age=facts.age,
        **requested,
    )
    audit.record("case.imported", by=run.by, subject=case, format="fhir-r4", conditions=len(referral.keys))
    for note in referral.notes:
        audit.record("case.left_out", by=run.by, subject=case, mistake=note.code, about=dict(note.params))
    if isinstance(referral.answer, Undecided) or referral.answer.tier == "none":
        workflow.submit(case, by=run.by, at=run.now)
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
        flags=(known.flags - ({SUSPECTED} - told.flags)) | told.flags,
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
        (CaseSource(case=case, record_hash=search_hash(KIND, str(patient.pk), key), kind=KIND) for key in keys),
        ignore_conflicts=True,
    )
    CaseSource.objects.filter(
        case=case, record_hash__in=[search_hash(KIND, str(patient.pk), key) for key in keys]
    ).update(taken_back_at=None)
