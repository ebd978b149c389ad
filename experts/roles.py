"""What a user's role assignments reach. Every access rule of the project is put together from these.

They are asked of the database once for each object `user`, which lives as long as one request: a page asks dozens of
times, and plain ids in its queries are planned and run several times faster than the assignments in each of them.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from experts.models import Institution, Role
from mdt_portal.models import User

STAFF = (Role.COORDINATOR, Role.MANAGER, Role.AUDITOR)


def reach(user: User, *roles: str) -> frozenset[int]:
    """The ids of the institutions at which `user` has one of `roles`, by itself or through an alliance."""
    return frozenset(place for role, place in _assignments(user) if role in roles and place is not None)


def institutions(user: User, *roles: str) -> models.QuerySet[Institution]:
    """The institutions at which `user` has one of `roles`, by itself or through an alliance."""
    return Institution.objects.filter(pk__in=reach(user, *roles))


def has(user: User, *roles: str, at: Institution | None = None) -> bool:
    """Whether `user` has one of `roles` at `at` (anywhere when None)."""
    found = reach(user, *roles)
    return at.pk in found if at is not None else bool(found)


def holders(role: str, *, at: Iterable[int]) -> models.QuerySet[User]:
    """The active users who have `role` at one of these institutions (ids), by itself or through an alliance."""
    places = list(at)
    reached = Q(roles__institution__in=places) | Q(roles__alliance__institutions__in=places)
    return User.objects.filter(reached, roles__role=role, is_active=True).distinct().order_by("pk")


def held(user: User) -> set[str]:
    """All roles that `user` has anywhere."""
    return {role for role, _place in _assignments(user)}


def _assignments(user: User) -> frozenset[tuple[str, int | None]]:
    """Role and institution; None for a role in an alliance without institutions."""
    if not hasattr(user, "_assignments"):
        places = Coalesce(F("institution"), F("alliance__institutions"))
        user._assignments = frozenset(user.roles.values_list("role", places))  # type: ignore[attr-defined]
    return user._assignments  # type: ignore[attr-defined]
