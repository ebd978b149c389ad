"""Who sees which cases, who sees the patient behind them, and who may move them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from cases.models import Case, CatalogueRule, Patient, PatientIdentity
from experts import roles
from experts.models import Role
from mdt_portal import access
from mdt_portal.models import User


@access.sees(Case)
def cases(user: User, rows: models.QuerySet) -> models.QuerySet:
    """Staff see the cases that their institutions referred or whose team is theirs; referrers see their own.

    What experts see through their seats is added by the scheduling app (`scheduling.permissions`).
    """
    return rows.filter(reached(user))


def reached(user: User) -> Q:
    """The condition behind `cases`, for a rule that adds to it."""
    staff = roles.reach(user, *roles.STAFF)
    return Q(institution__in=staff) | Q(team__institution__in=staff) | Q(referrer=user)


@access.sees(Patient)
def patients(user: User, rows: models.QuerySet) -> models.QuerySet:
    """The patients, without their names, behind the cases that one sees."""
    return rows.filter(pk__in=access.visible(user, Case.objects.all()).values("patient"))


@access.sees(PatientIdentity)
def identities(user: User, rows: models.QuerySet) -> models.QuerySet:
    """The names that one may know: the rule of `case.identity`, for many patients at once."""
    reach = roles.reach(user, Role.COORDINATOR)
    own = Q(referrer=user) | Q(institution__in=reach) | Q(team__institution__in=reach)
    return rows.filter(patient__in=Case.objects.filter(own).values("patient"))


@access.sees(CatalogueRule)
def catalogue_rules(user: User, rows: models.QuerySet) -> models.QuerySet:
    return rows


@access.may("case.refer")
def refer(user: User, case: Case | None) -> bool:
    return bool(roles.held(user) & {Role.REFERRER, Role.COORDINATOR, Role.EXPERT, Role.CHAIR})


@access.may("case.edit", "case.submit", "case.withdraw", "case.supply")
def own_or_coordinate(user: User, case: Case) -> bool:
    return case.referrer_id == user.pk or coordinate(user, case)


@access.may("case.triage", "case.override")
def coordinate(user: User, case: Case) -> bool:
    reach = roles.reach(user, Role.COORDINATOR)
    return case.institution_id in reach or (case.team is not None and case.team.institution_id in reach)


@access.may("case.identity")
def identity(user: User, case: Case) -> bool:
    """Those who care for the patient, or call them, may see the name; managers and auditors see the number."""
    return own_or_coordinate(user, case)


@access.may("catalogue.preview")
def preview_catalogue(user: User, rule: CatalogueRule | None) -> bool:
    """Figures about all cases of the house: for those who keep the catalogue, and for staff."""
    return bool(roles.held(user) & {Role.CATALOGUE_ADMIN, *roles.STAFF})


@access.may("catalogue.edit")
def edit_catalogue(user: User, rule: CatalogueRule | None) -> bool:
    return Role.CATALOGUE_ADMIN in roles.held(user)
