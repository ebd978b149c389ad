"""Who sees which cases, who sees the patient behind them, and who may move them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from cases.models import Case, CatalogueRule, FhirFile, FollowUp, HeldMatch, Patient, PatientIdentity, Task
from cases.states import AFTER_DISCUSSION
from experts import roles
from experts.models import Role, Team
from mdt_portal import access
from mdt_portal.models import User


@access.visibility_rule(Case)
def cases(user: User, rows: models.QuerySet) -> models.QuerySet:
    """Staff see the cases that their institutions referred or whose team is theirs; referrers see their own; chairs
    what their team has discussed; and who has a task from a recommendation, calls, or has called, that case.

    What experts see through their seats is added by the scheduling app (`scheduling.permissions`).
    """
    return rows.filter(reached(user))


def reached(user: User) -> Q:
    """The condition behind `cases`, for a rule that adds to it."""
    staff = roles.reach(user, *roles.STAFF)
    reached = Q(institution__in=staff) | Q(team__institution__in=staff) | Q(referrer=user)
    if hasattr(user, "expert"):
        led = Q(status__in=AFTER_DISCUSSION, team__in=Team.objects.filter(chair=user.expert).values("pk"))
        does = Task.objects.filter(expert=user.expert, recommendation__signed_at__isnull=False)
        calls = FollowUp.objects.filter(expert=user.expert)
        reached |= led | Q(pk__in=does.values("recommendation__case")) | Q(pk__in=calls.values("case"))
    return reached


@access.visibility_rule(Patient)
def patients(user: User, rows: models.QuerySet) -> models.QuerySet:
    """The patients, without their names, behind the cases that one sees."""
    return rows.filter(pk__in=access.visible(user, Case.objects.all()).values("patient"))


@access.visibility_rule(PatientIdentity)
def identities(user: User, rows: models.QuerySet) -> models.QuerySet:
    """The names that one may know: the rule of `case.identity`, for many patients at once."""
    reach = roles.reach(user, Role.COORDINATOR)
    own = Q(referrer=user) | Q(institution__in=reach) | Q(team__institution__in=reach)
    return rows.filter(patient__in=Case.objects.filter(own).values("patient"))


@access.visibility_rule(HeldMatch)
def held_matches(user: User, rows: models.QuerySet) -> models.QuerySet:
    """Coordinators see what was held at their hospital, and what may be a patient of theirs."""
    reach = roles.reach(user, Role.COORDINATOR)
    return rows.filter(Q(institution__in=reach) | Q(candidate__institution__in=reach))


@access.visibility_rule(FhirFile)
def fhir_files(user: User, rows: models.QuerySet) -> models.QuerySet:
    return rows.filter(institution__in=roles.reach(user, Role.COORDINATOR))


@access.visibility_rule(CatalogueRule)
def catalogue_rules(user: User, rows: models.QuerySet) -> models.QuerySet:
    return rows


@access.permission_rule("case.refer")
def refer(user: User, case: Case | None) -> bool:
    return bool(roles.held(user) & {Role.REFERRER, Role.COORDINATOR, Role.EXPERT, Role.CHAIR})


@access.permission_rule("case.edit", "case.submit", "case.withdraw", "case.supply")
def own_or_coordinate(user: User, case: Case) -> bool:
    return case.referrer_id == user.pk or coordinate(user, case)


@access.permission_rule("case.ask")
def ask(user: User, case: Case) -> bool:
    """Whoever may refer can ask for a discussion of a case that they see."""
    return refer(user, case) and access.visible(user, Case.objects.filter(pk=case.pk)).exists()


@access.permission_rule("case.triage", "case.override")
def coordinate(user: User, case: Case) -> bool:
    reach = roles.reach(user, Role.COORDINATOR)
    return case.institution_id in reach or (case.team is not None and case.team.institution_id in reach)


def recommendable(user: User, rows: models.QuerySet[Case]) -> models.QuerySet[Case]:
    """Those for which the user may write: as the chair of the team, or a coordinator of the team's hospital."""
    if user.is_superuser:
        return rows
    reach = roles.reach(user, Role.COORDINATOR)
    return rows.filter(Q(team__chair__user=user) | Q(team__institution__in=reach))


def lookable(user: User, rows: models.QuerySet[Case]) -> models.QuerySet[Case]:
    """Those at which the user may look: who may recommend, the referrer and their coordinators, and who is to call."""
    if user.is_superuser:
        return rows
    reach = roles.reach(user, Role.COORDINATOR)
    called = FollowUp.objects.filter(outcome="", expert__user=user).values("case")
    near = Q(referrer=user) | Q(institution__in=reach) | Q(pk__in=called)
    return rows.filter(near | Q(pk__in=recommendable(user, Case.objects.all()).values("pk")))


@access.permission_rule("case.recommend")
def recommend(user: User, case: Case) -> bool:
    return recommendable(user, Case.objects.filter(pk=case.pk)).exists()


@access.permission_rule("case.follow_up")
def follow_up(user: User, case: Case) -> bool:
    return lookable(user, Case.objects.filter(pk=case.pk)).exists()


@access.permission_rule("case.identity")
def identity(user: User, case: Case) -> bool:
    """Those who care for the patient, or call them, may see the name; managers and auditors see the number."""
    return own_or_coordinate(user, case)


@access.permission_rule("identity.review", "case.import")
def review_identities(user: User, obj: object | None) -> bool:
    return Role.COORDINATOR in roles.held(user)


@access.permission_rule("identity.keep_apart")
def keep_apart(user: User, held: HeldMatch) -> bool:
    return bool({held.institution_id, held.candidate.institution_id} & roles.reach(user, Role.COORDINATOR))


@access.permission_rule("identity.join")
def join(user: User, held: HeldMatch) -> bool:
    """Only who may see both records can say that they are of one person."""
    return {held.institution_id, held.candidate.institution_id} <= roles.reach(user, Role.COORDINATOR)


@access.permission_rule("patient.take_apart")
def take_apart(user: User, patient: Patient) -> bool:
    return patient.institution_id in roles.reach(user, Role.COORDINATOR)


@access.permission_rule("catalogue.preview")
def preview_catalogue(user: User, rule: CatalogueRule | None) -> bool:
    """Figures about all cases of the house: for those who keep the catalogue, and for staff."""
    return bool(roles.held(user) & {Role.CATALOGUE_ADMIN, *roles.STAFF})


@access.permission_rule("catalogue.edit")
def edit_catalogue(user: User, rule: CatalogueRule | None) -> bool:
    return Role.CATALOGUE_ADMIN in roles.held(user)
