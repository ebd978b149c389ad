"""What a user's role assignments reach. Every access rule of the project is put together from these."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from experts.models import Institution, Role, RoleAssignment
from mdt_portal.models import User

STAFF = (Role.COORDINATOR, Role.MANAGER, Role.AUDITOR)


def institutions(user: User, *roles: str) -> models.QuerySet[Institution]:
    """The institutions at which `user` has one of `roles`, by itself or through an alliance."""
    held = RoleAssignment.objects.filter(user=user, role__in=roles)
    return Institution.objects.filter(
        Q(pk__in=held.filter(institution__isnull=False).values("institution"))
        | Q(alliance__in=held.filter(alliance__isnull=False).values("alliance"))
    )


def has(user: User, *roles: str, at: Institution | None = None) -> bool:
    """Whether `user` has one of `roles` at `at` (anywhere when None)."""
    reach = institutions(user, *roles)
    return reach.filter(pk=at.pk).exists() if at is not None else reach.exists()


def held(user: User) -> set[str]:
    """All roles that `user` has anywhere."""
    if not hasattr(user, "_held_roles"):
        user._held_roles = set(user.roles.values_list("role", flat=True))  # type: ignore[attr-defined]
    return user._held_roles  # type: ignore[attr-defined]
