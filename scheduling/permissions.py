"""Who sees and changes sessions, runs and invitations."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from cases import permissions as case_permissions
from cases.models import Case
from experts import roles
from experts.models import Expert, Institution, Role, Team
from mdt_portal import access, shell
from mdt_portal.models import KeptMail, User
from scheduling.models import (
    AgendaItem,
    Block,
    Invitation,
    Move,
    PlacementConstraint,
    PlanningRun,
    Proposal,
    Room,
    Session,
    TimeRequest,
)


@access.visibility_rule(Case)
def cases(user: User, rows: models.QuerySet) -> models.QuerySet:
    """What the cases app shows, the cases in whose session one has a seat, and those of one's team's meetings, since
    the chair keeps the minutes."""
    shown = case_permissions.reached(user)
    if has_seats(user, None):
        sits = {"session__attendances__expert__user": user, "session__attendances__active": True}
        shown |= Q(pk__in=AgendaItem.objects.filter(active=True, **sits).values("case"))
        led = {"session__team__chair": user.expert, "session__start__lte": timezone.now()}
        shown |= Q(pk__in=AgendaItem.objects.of_record().filter(**led).values("case"))
    return rows.filter(shown)


@access.visibility_rule(Session)
def sessions(user: User, rows: models.QuerySet) -> models.QuerySet:
    """Staff see those of their hospitals, experts where they sit or lead, referrers where their cases are discussed."""
    referred = Session.objects.filter(items__active=True, items__case__referrer=user).values("pk")
    shown = Q(institution__in=roles.reach(user, *roles.STAFF)) | Q(pk__in=referred)
    if has_seats(user, None):
        asked = Session.objects.filter(attendances__expert=user.expert).values("pk")
        shown |= Q(pk__in=asked) | Q(team__in=Team.objects.filter(chair=user.expert).values("pk"))
    return rows.filter(shown)


@access.visibility_rule(PlanningRun)
def runs(user: User, rows: models.QuerySet) -> models.QuerySet:
    reach = PlanningRun.objects.filter(institutions__in=roles.reach(user, *roles.STAFF))
    return rows.filter(pk__in=reach.values("pk"))


@access.visibility_rule(Proposal)
def proposals(user: User, rows: models.QuerySet) -> models.QuerySet:
    return rows.filter(run__in=access.visible(user, PlanningRun.objects.all()))


@access.visibility_rule(Invitation)
def invitations(user: User, rows: models.QuerySet) -> models.QuerySet:
    staff = roles.reach(user, *roles.STAFF)
    return rows.filter(Q(attendance__expert__user=user) | Q(attendance__session__institution__in=staff))


@access.visibility_rule(Move)
def changes_by_hand(user: User, rows: models.QuerySet) -> models.QuerySet:
    return rows.filter(institution__in=roles.reach(user, *roles.STAFF))


@access.visibility_rule(Room)
def rooms(user: User, rows: models.QuerySet) -> models.QuerySet:
    return rows.filter(institution__in=access.visible(user, Institution.objects.all()))


@access.visibility_rule(Block)
def blocks(user: User, rows: models.QuerySet) -> models.QuerySet:
    return rows.filter(team__institution__in=access.visible(user, Institution.objects.all()))


@access.visibility_rule(PlacementConstraint)
def placement_constraints(user: User, rows: models.QuerySet) -> models.QuerySet:
    return rows.filter(case__team__institution__in=roles.reach(user, *roles.STAFF))


@access.visibility_rule(TimeRequest)
def time_requests(user: User, rows: models.QuerySet) -> models.QuerySet:
    staff = roles.reach(user, *roles.STAFF)
    return rows.filter(Q(expert__user=user) | Q(case__team__institution__in=staff))


@access.visibility_rule(KeptMail)
def mails(user: User, rows: models.QuerySet) -> models.QuerySet:
    """Coordinators see what everybody would have got; the others see their own."""
    if Role.COORDINATOR in roles.held(user):
        return rows
    own = [user.email, *Expert.objects.filter(user=user).values_list("email", flat=True)]
    return rows.filter(Q(user=user) | Q(to__in=[address for address in own if address]))


@access.permission_rule("invitation.answer")
def answer(user: User, invitation: Invitation) -> bool:
    """The expert answers; the coordinator may note down an answer given by phone."""
    if invitation.attendance.expert.user_id == user.pk:
        return True
    return roles.has(user, Role.COORDINATOR, at=invitation.attendance.session.institution)


@access.permission_rule("case.book")
def book(user: User, case: Case) -> bool:
    """Coordinators of the hospital whose people and rooms are taken; referrers see the times and ask."""
    return case.team is not None and roles.has(user, Role.COORDINATOR, at=case.team.institution)


@access.permission_rule("plan.view")
def view_plans(user: User, _: object) -> bool:
    return bool(roles.held(user) & set(roles.STAFF))


@access.permission_rule("sessions.view")
def view_sessions(user: User, _: object) -> bool:
    """The list of sessions, each reader's own: staff see those of their hospitals, experts where they sit or lead."""
    return view_plans(user, None) or has_seats(user, None)


@access.permission_rule("plan.request")
def request(user: User, institutions: list[Institution] | None) -> bool:
    """Coordinators plan for their own hospitals; None asks whether for any at all."""
    if institutions is None:
        return Role.COORDINATOR in roles.held(user)
    reach = roles.reach(user, Role.COORDINATOR)
    return all(institution.pk in reach for institution in institutions)


@access.permission_rule("run.control", "plan.publish")
def control(user: User, run: PlanningRun) -> bool:
    return request(user, list(run.institutions.all()))


@access.permission_rule("case.plan")
def plan_case(user: User, case: Case) -> bool:
    """Pin, forbid and relax: for those who plan for the hospital of the case's team."""
    return case.team is not None and roles.has(user, Role.COORDINATOR, at=case.team.institution)


@access.permission_rule("time_request.answer")
def answer_time_request(user: User, asked: TimeRequest) -> bool:
    """The expert; or the coordinator, who notes down what was said by phone."""
    return asked.expert.user_id == user.pk or plan_case(user, asked.case)


@access.permission_rule("session.change")
def change(user: User, session: Session) -> bool:
    return roles.has(user, Role.COORDINATOR, at=session.institution)


def recordable(user: User, rows: models.QuerySet[Session]) -> models.QuerySet[Session]:
    """Those whose minutes the user keeps: as a coordinator of the hospital, or as the team's chair."""
    if user.is_superuser:
        return rows
    reach = roles.reach(user, Role.COORDINATOR)
    return rows.filter(Q(institution__in=reach) | Q(team__chair__user=user))


@access.permission_rule("session.record")
def record(user: User, session: Session) -> bool:
    return recordable(user, Session.objects.filter(pk=session.pk)).exists()


@access.permission_rule("seat.mine")
def has_seats(user: User, _: object) -> bool:
    return hasattr(user, "expert")


def home(user: User) -> Institution | None:
    """The hospital whose name and clock a user sees: of their role, else of their own employment."""
    found = Institution.objects.filter(roles__user=user).order_by("roles__pk").first()
    if found is None:
        alliance = Institution.objects.filter(alliance__roles__user=user).order_by("pk").first()
        found = alliance or Institution.objects.filter(affiliations__expert__user=user, affiliations__home=True).first()
    return found


shell.home_of(home)
