"""Records in doubt as a coordinator reads them: both side by side, each only as far as the reader may know it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.db.models import QuerySet

from cases.models import Case, HeldMatch, Patient, Sex
from experts import roles
from experts.models import Institution, Role
from mdt_portal import access, audit
from mdt_portal.models import User

PAGE = "identities"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of two records. Where `hidden`, only its hospital is told."""

    institution: Institution
    hidden: bool
    name: str = ""
    sex: str = ""
    born: str = ""
    phone: str = ""
    numbers: tuple[str, ...] = ()
    cases: tuple[Case, ...] = ()
    patient: Patient | None = None


def held(user: User) -> QuerySet[HeldMatch]:
    """What nobody has decided yet and this reader may look at, the oldest first."""
    rows = access.visible(user, HeldMatch.objects.open()).order_by("pk")
    return rows.select_related("institution", "candidate__institution", "candidate__identity", "patient", "raised_by")


def sides(held: HeldMatch, user: User) -> tuple[Side, Side]:
    """The held record and the known patient; whoever sees the name leaves a record of it."""
    return _record(held, user), _known(held.candidate, user)


def _reaches(user: User, institution: Institution) -> bool:
    return user.is_superuser or institution.pk in roles.reach(user, Role.COORDINATOR)


def _record(held: HeldMatch, user: User) -> Side:
    if not _reaches(user, held.institution):
        return Side(institution=held.institution, hidden=True)
    audit.looked(held, by=user, page=PAGE)
    return Side(
        institution=held.institution,
        hidden=False,
        name=held.name,
        sex=str(Sex(held.sex).label),
        born=held.birth_date,
        phone=held.phone,
        numbers=tuple(value for _system, value in json.loads(held.numbers or "[]")),
        cases=tuple(access.visible(user, Case.objects.filter(patient=held.patient))) if held.patient else (),
        patient=held.patient,
    )


def _known(patient: Patient, user: User) -> Side:
    if not _reaches(user, patient.institution):
        return Side(institution=patient.institution, hidden=True)
    audit.looked(patient, by=user, page=PAGE)
    return Side(
        institution=patient.institution,
        hidden=False,
        name=patient.identity.name,
        sex=str(patient.get_sex_display()),
        born=patient.identity.birth_date or str(patient.birth_year or ""),
        phone=patient.identity.phone,
        numbers=tuple(one.value for one in patient.identifiers.order_by("pk")),
        cases=tuple(access.visible(user, Case.objects.filter(patient=patient))),
        patient=patient,
    )
