"""Who sees which cases, who sees the patient behind them, and who may move them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from cases.models import Case, CatalogueRule, Look, Patient, PatientIdentity
from cases.states import AFTER_DISCUSSION
from experts import roles
from experts.models import Role
from mdt_portal import access
from mdt_portal.models import User


@access.sees(Case)
def cases(user: User, rows: models.QuerySet) -> models.QuerySet:
    """Staff see the cases that their institutions referred or whose team is theirs; referrers see their own; chairs
    what their team has discussed; and whoever calls at the next look, that case.

    What experts see through their seats is added by the scheduling app (`scheduling.permissions`).
    """
    staff = roles.institutions(user, *roles.STAFF)
    own = Q(institution__in=staff) | Q(team__institution__in=staff) | Q(referrer=user)
    led = Q(status__in=AFTER_DISCUSSION, team__chair__user=user)
    called = Look.objects.filter(expert__user=user, outcome="").values("case")
    return rows.filter(own | led | Q(pk__in=called))


@access.sees(Patient)
def patients(user: User, rows: models.QuerySet) -> models.QuerySet:
    """The patients, without their names, behind the cases that one sees."""
    return rows.filter(pk__in=access.visible(user, Case.objects.all()).values("patient"))


@access.sees(PatientIdentity)
def identities(user: User, rows: models.QuerySet) -> models.QuerySet:
    """The names that one may know: the rule of `case.identity`, for many patients at once."""
    reach = roles.institutions(user, Role.COORDINATOR)
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
    reach = roles.institutions(user, Role.COORDINATOR)
    institutions = [case.institution_id] + ([case.team.institution_id] if case.team else [])
    return reach.filter(pk__in=institutions).exists()


@access.may("case.recommend")
def recommend(user: User, case: Case) -> bool:
    """The chair of the team that discussed it, or a coordinator of that team's hospital."""
    if case.team is None:
        return False
    chairs = case.team.chair is not None and case.team.chair.user_id == user.pk
    return chairs or roles.has(user, Role.COORDINATOR, at=case.team.institution)


@access.may("case.follow_up")
def follow_up(user: User, case: Case) -> bool:
    """The referrer, a coordinator, or who is to call at the next look, if they have an account."""
    called = Look.objects.filter(case=case, outcome="", expert__user=user)
    return own_or_coordinate(user, case) or recommend(user, case) or called.exists()


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
