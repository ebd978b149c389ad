"""What a coordinator decides about two records that may be of one person, and how a wrong join is taken apart."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.core import days
from cases.identity.core.matching import Person
from cases.models import Case, Decision, HeldMatch, Patient, PatientIdentifier
from cases.services import patients
from mdt_portal import access, audit
from mdt_portal.errors import RuleError, StaleState
from mdt_portal.models import User


@transaction.atomic
def join(held: HeldMatch, *, by: User, reason: str = "") -> Patient:
    """Both records are of one person: what the held one has goes to the known patient, who is returned.

    The known patient's name, sex and date of birth stay; what is unknown there is filled in.
    """
    access.require(by, "identity.join", held)
    held = _locked(held)
    known, other = held.candidate, held.patient
    moved: dict[str, list[int]] = {"cases": [], "identifiers": []}
    if other is not None:
        moved = _move_all(other, known)
    patients.add_numbers(known, patients.numbers_of(_numbers(held), held.institution))
    _decide(held, Decision.JOINED, by=by, patient=other or known)
    told = {"reason": reason.strip()} if reason.strip() else {}
    audit.record("identity.joined", by=by, subject=known, held=held.pk, other=other and other.pk, **moved, **told)
    return known


@transaction.atomic
def keep_apart(held: HeldMatch, *, by: User, reason: str = "") -> Patient:
    """The records are of two people: the held one is, or becomes, a patient of its own, who is returned."""
    access.require(by, "identity.keep_apart", held)
    held = _locked(held)
    patient = held.patient
    if patient is None:
        numbers = patients.numbers_of(_numbers(held), held.institution)
        patient = patients.create(person_of(held), numbers, by=by, institution=held.institution, phone=held.phone)
    _decide(held, Decision.APART, by=by, patient=patient)
    told = {"reason": reason.strip()} if reason.strip() else {}
    audit.record("identity.kept_apart", by=by, subject=patient, held=held.pk, other=held.candidate_id, **told)
    return patient


@transaction.atomic
def take_apart(
    patient: Patient,
    *,
    by: User,
    name: str,
    sex: str,
    birth_date: date | None = None,
    birth_year: int | None = None,
    cases: Iterable[Case],
    identifiers: Iterable[PatientIdentifier],
    reason: str,
) -> Patient:
    """One patient was two people: these cases and numbers go to a new patient with this identity, who is returned."""
    access.require(by, "patient.take_apart", patient)
    patient = Patient.objects.select_for_update().get(pk=patient.pk)
    case_ids, number_ids = sorted(one.pk for one in cases), sorted(one.pk for one in identifiers)
    if not case_ids and not number_ids:
        raise RuleError(_("Choose at least one case or number that belongs to the other person."))
    if not name.strip():
        raise RuleError(_("Please enter the patient's name."), fields={"name": [_("This field is required.")]})
    if not reason.strip():
        raise RuleError(_("Please say why."), fields={"reason": [_("This field is required.")]})
    patients.check_birth(birth_date, birth_year, institution=patient.institution)
    person = Person(
        name=name.strip(), sex=sex, born=birth_date, birth_year=birth_date.year if birth_date else birth_year
    )
    other = patients.create(person, {}, by=by, institution=patient.institution)
    other.taken_from = patient
    other.save(update_fields=["taken_from"])
    moved = Case.objects.filter(pk__in=case_ids, patient=patient).update(patient=other)
    numbers = PatientIdentifier.objects.filter(pk__in=number_ids, patient=patient).update(patient=other)
    if moved != len(case_ids) or numbers != len(number_ids):
        raise StaleState(_("This patient was changed by somebody else meanwhile. Look again."))
    HeldMatch.objects.joined().filter(candidate=patient).update(undone_at=timezone.now())
    audit.record(
        "identity.taken_apart",
        by=by,
        subject=patient,
        other=other.pk,
        cases=case_ids,
        identifiers=number_ids,
        reason=reason.strip(),
    )
    return other


def person_of(held: HeldMatch) -> Person:
    """The held record as it is compared."""
    name = "" if held.name == patients.NO_NAME else held.name
    born = days.read(held.birth_date)
    return Person(
        name=name, sex=held.sex, born=born.known if born else None, birth_year=born.first.year if born else None
    )


def _numbers(held: HeldMatch) -> list[tuple[str, str]]:
    return [(system, value) for system, value in json.loads(held.numbers or "[]")]


def _locked(held: HeldMatch) -> HeldMatch:
    rows = HeldMatch.objects.select_for_update(of=("self",)).select_related("institution", "candidate", "patient")
    found = rows.get(pk=held.pk)
    if found.decision:
        raise StaleState(_("Somebody has decided about this already."))
    return found


def _decide(held: HeldMatch, decision: str, *, by: User, patient: Patient) -> None:
    held.decision, held.decided_by, held.decided_at, held.patient = decision, by, timezone.now(), patient
    held.save(update_fields=["decision", "decided_by", "decided_at", "patient"])


def _move_all(other: Patient, known: Patient) -> dict[str, list[int]]:
    """Cases and numbers of `other` go to `known`; other records in doubt beside `other` stand beside `known` now."""
    cases = list(Case.objects.filter(patient=other).values_list("pk", flat=True))
    Case.objects.filter(pk__in=cases).update(patient=known)
    own = set(known.identifiers.values_list("value_hash", flat=True))
    numbers = list(other.identifiers.exclude(value_hash__in=own).values_list("pk", flat=True))
    PatientIdentifier.objects.filter(pk__in=numbers).update(patient=known)
    other.identifiers.all().delete()
    HeldMatch.objects.open().filter(candidate=other).update(candidate=known)
    if other.deceased:
        patients.record_death(known, died_on=other.died_on, by=None)
    other.joined_into = known
    other.save(update_fields=["joined_into"])
    return {"cases": cases, "identifiers": numbers}
