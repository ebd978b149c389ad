"""Patients and their identities. The identity is a table of its own, encrypted, and looking at it is written down."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cases.models import Case, Patient, PatientIdentifier, PatientIdentity, Sex
from experts.models import Institution
from mdt_portal import access, audit
from mdt_portal.errors import RuleError
from mdt_portal.fields import search_hash
from mdt_portal.models import User


@transaction.atomic
def register(
    *,
    by: User | None,
    institution: Institution,
    name: str,
    sex: str = Sex.UNKNOWN,
    birth_date: date | None = None,
    phone: str = "",
    identifiers: Iterable[tuple[str, str]] = (),
) -> Patient:
    """The patient with one of these identifiers (system, value), else a new one with this identity."""
    name = name.strip()
    if not name:
        raise RuleError(_("Please enter the patient's name."), fields={"patient_name": [_("This field is required.")]})
    pairs = [(system.strip(), value.strip()) for system, value in identifiers if value.strip()]
    known = find(pairs)
    if known is not None:
        return known
    patient = Patient.objects.create(
        institution=institution, sex=sex, birth_year=birth_date.year if birth_date else None
    )
    PatientIdentity.objects.create(
        patient=patient,
        name=name,
        birth_date=birth_date.isoformat() if birth_date else "",
        phone=phone,
        name_hash=PatientIdentity.hash_of(name),
    )
    PatientIdentifier.objects.bulk_create(
        PatientIdentifier(patient=patient, system=system, value=value, value_hash=search_hash(system, value))
        for system, value in pairs
    )
    audit.record("patient.registered", by=by, subject=patient)
    return patient


def find(identifiers: Iterable[tuple[str, str]]) -> Patient | None:
    """The patient known by one of these identifiers, if any."""
    hashes = [search_hash(system, value) for system, value in identifiers]
    # no ORDER BY ... LIMIT 1: it lures the planner away from the unique index while a fresh table has no statistics
    rows = PatientIdentifier.objects.filter(value_hash__in=hashes).select_related("patient")
    return min((row.patient for row in rows), key=lambda patient: patient.pk, default=None)


@transaction.atomic
def cases_by_identifier(system: str, value: str, *, rows: QuerySet[Case], by: User) -> list[Case]:
    """Of `rows`, the cases of the patient with this identifier, if `by` may know the patient's name.

    Every attempt is recorded, a find as a look at the patient. Nobody learns of a patient whom they may not know.
    """
    patient = find([(system.strip(), value.strip())])
    known = access.visible(by, PatientIdentity.objects.filter(patient=patient)) if patient else None
    audit.record("patient.looked_up", by=by, found=bool(known))
    if patient is None or not known:
        return []
    audit.looked(patient, by=by, page="api.look_up")
    return list(rows.filter(patient=patient))


def identity(patient: Patient, *, by: User | None, page: str) -> PatientIdentity:
    """Who the patient is; the look is recorded."""
    audit.looked(patient, by=by, page=page)
    return patient.identity


def who_may_be_named(user: User, cases: Iterable[Case]) -> list[Patient]:
    """The patients behind `cases` whose names `user` may know; one query, however many cases."""
    rows = access.visible(user, PatientIdentity.objects.filter(patient__in=[case.patient_id for case in cases]))
    return [row.patient for row in rows.select_related("patient")]


@transaction.atomic
def identities(patients: Iterable[Patient], *, by: User | None, page: str) -> dict[int, PatientIdentity]:
    """Who these patients are, by the patient's id; each look is recorded."""
    rows = {
        row.patient_id: row
        for row in PatientIdentity.objects.filter(patient__in=list(patients)).select_related("patient")
    }
    audit.looked_at_all([row.patient for row in rows.values()], by=by, page=page)
    return rows


def record_system(institution: Institution) -> str:
    """The name under which a hospital's own record numbers are kept apart from those of others."""
    return f"record:{institution.public_id}"


def is_called(patient: Patient, name: str) -> bool:
    """Whether this is the patient's name; the stored one is not read."""
    return PatientIdentity.objects.filter(patient=patient, name_hash=PatientIdentity.hash_of(name)).exists()
