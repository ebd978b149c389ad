"""Who sees and changes the pools of people."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from experts import roles
from experts.models import Expert, Institution, Role, Team, WeekTemplate
from mdt_portal import access
from mdt_portal.models import User

ANYBODY = tuple(Role.values)


@access.visibility_rule(Institution)
def institutions(user: User, rows: models.QuerySet) -> models.QuerySet:
    """One's own institutions and the other ones of their alliances."""
    own = roles.institutions(user, *ANYBODY)
    allied = own.filter(alliance__isnull=False).values("alliance")
    return rows.filter(Q(pk__in=roles.reach(user, *ANYBODY)) | Q(alliance__in=allied))


@access.visibility_rule(Team)
def teams(user: User, rows: models.QuerySet) -> models.QuerySet:
    return rows.filter(institution__in=access.visible(user, Institution.objects.all()))


@access.visibility_rule(WeekTemplate)
def week_templates(user: User, rows: models.QuerySet) -> models.QuerySet:
    return rows.filter(institution__in=access.visible(user, Institution.objects.all()))


@access.visibility_rule(Expert)
def experts(user: User, rows: models.QuerySet) -> models.QuerySet:
    """Colleagues of one's institutions and alliances, and oneself."""
    reach = access.visible(user, Institution.objects.all())
    return rows.filter(Q(user=user) | Q(pk__in=rows.filter(affiliations__institution__in=reach).values("pk")))


@access.permission_rule("expert.change_availability")
def change_availability(user: User, expert: Expert) -> bool:
    """Experts keep their own time; the coordinators of their hospitals may do it for them."""
    if expert.user_id == user.pk:
        return True
    reach = roles.reach(user, Role.COORDINATOR)
    return expert.affiliations.filter(institution__in=reach).exists()


@access.permission_rule("pool.edit")
def edit_pools(user: User, row: models.Model | None) -> bool:
    """Coordinators keep the pools of their hospitals. `row`: a hospital, who works there, or what it owns."""
    if row is None:
        return Role.COORDINATOR in roles.held(user)
    reach = roles.reach(user, Role.COORDINATOR)
    if isinstance(row, Expert):
        return row.affiliations.filter(institution__in=reach).exists()
    hospital = row.pk if isinstance(row, Institution) else row.institution_id  # type: ignore[attr-defined]
    return hospital in reach


@access.permission_rule("pool.view")
def view_pools(user: User, row: models.Model | None) -> bool:
    """Who is there, how loaded they are, and where one may meet, is for those who plan and those who answer for it."""
    return bool(roles.held(user) & set(roles.STAFF))


@access.permission_rule("reference.edit")
def edit_reference(user: User, row: models.Model | None) -> bool:
    """Disciplines, titles and disease groups are words of the catalogue's rules."""
    return Role.CATALOGUE_ADMIN in roles.held(user)


@access.permission_rule("records.read")
def read_records(user: User, row: models.Model | None) -> bool:
    return Role.AUDITOR in roles.held(user)


@access.permission_rule("user.edit", "outbox.read")
def administer(user: User, row: models.Model | None) -> bool:
    """Left to superusers, whom `access.can` lets pass."""
    return False
