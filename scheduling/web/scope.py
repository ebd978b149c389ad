"""Which hospitals a page is about: those that the reader plans for, or may look at as staff."""

from __future__ import annotations

from typing import TYPE_CHECKING

from experts import roles
from experts.models import Institution, Role
from mdt_portal import shell

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from mdt_portal.models import User


def looked_at(user: User) -> list[Institution]:
    """The hospitals with teams whose plan this user may see, their own first."""
    rows = Institution.objects.all() if user.is_superuser else roles.institutions(user, *roles.STAFF)
    found = list(rows.filter(teams__active=True).distinct().order_by("pk"))
    home = shell.home(user)
    return sorted(found, key=lambda one: (one != home, one.pk))


def planned_by(user: User) -> QuerySet[Institution]:
    """The hospitals for which this user may ask for a plan."""
    rows = Institution.objects.all() if user.is_superuser else roles.institutions(user, Role.COORDINATOR)
    return rows.filter(teams__active=True).distinct().order_by("pk")
