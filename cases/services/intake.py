"""A whole referral at once: the patient, the case, perhaps its submission. The same key gives the same case."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction

from cases.models import Case, CaseSource, Patient
from cases.services import external_ids, patients, workflow
from experts.models import Institution
from mdt_portal.fields import search_hash
from mdt_portal.models import User

KIND = "api"


def take_in(
    *,
    by: User,
    institution: Institution,
    patient: Patient | None = None,
    identity: dict[str, Any] | None = None,
    submit: bool = False,
    key: str = "",
    external_id: str = "",
    external_system: str = "",
    **details: Any,
) -> tuple[Case, bool]:
    """The case, and whether it is new. `identity` registers a patient (patients.register); `key` is the sender's own.

    `external_id` is its id of the referral: raises ExternalIdTaken where it is that of another case.
    Raises IdentityInDoubt where the number may be another person's, RuleError where age and date of birth differ.

    Of two rivals with the same key one writes, and the other gets what it wrote.
    """
    known = by_key(key, by=by)
    if known is not None:
        return known, False
    born = (identity or {}).get("birth_date")
    year = patient.birth_year if patient else (identity or {}).get("birth_year")
    patients.check_age(details.get("age"), birth_date=born, birth_year=year, institution=institution)
    try:
        with transaction.atomic():
            patient = patient or patients.register(by=by, institution=institution, **identity or {})
            case = workflow.refer(by=by, institution=institution, patient=patient, **details)
            if external_id:
                external_ids.give(case, by=by, value=external_id, system=external_system)
            if key:
                CaseSource.objects.create(case=case, record_hash=_hash(key, by), kind=KIND)
            return (workflow.submit(case, by=by) if submit else case), True
    except IntegrityError:
        known = by_key(key, by=by)
        if known is None:
            raise
        return known, False


def by_key(key: str, *, by: User) -> Case | None:
    """The case that this user sent with this key, if any."""
    return Case.objects.filter(sources__record_hash=_hash(key, by)).first() if key else None


def _hash(key: str, by: User) -> str:
    return search_hash(KIND, str(by.pk), key)
