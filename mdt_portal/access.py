"""Who may see and do what. Apps register their rules in `apps.ready`; views and the API only ask.

access.visible(user, Case.objects.all())      the rows that this person may see
access.can(user, "case.triage", case)         may they do this?
access.require(user, "case.triage", case)     ... or NotAllowed with a clear message
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import models
from django.utils.translation import gettext as _

from mdt_portal.errors import NotAllowed
from mdt_portal.models import User

Rows = TypeVar("Rows", bound=models.QuerySet)
Filter = Callable[[User, Any], Any]
Test = Callable[[User, Any], bool]

_visible: dict[type[models.Model], Filter] = {}
_permissions: dict[str, Test] = {}


def visibility_rule(model: type[models.Model]) -> Callable[[Filter], Filter]:
    """Register the filter that leaves what a user may see of `model`."""

    def register(rule: Filter) -> Filter:
        _visible[model] = rule
        return rule

    return register


def permission_rule(*permissions: str) -> Callable[[Test], Test]:
    """Register the test for these permissions; it gets the user and the object (or None)."""

    def register(test: Test) -> Test:
        _permissions.update(dict.fromkeys(permissions, test))
        return test

    return register


def visible(user: Any, queryset: Rows) -> Rows:
    """The rows of `queryset` that `user` may see; none for strangers; all for superusers."""
    if not user.is_authenticated:
        return queryset.none()
    if user.is_superuser:
        return queryset
    return _visible[queryset.model](user, queryset)


def can(user: Any, permission: str, obj: Any = None) -> bool:
    """Whether `user` may do `permission` to `obj`. An unknown permission is a bug and raises KeyError."""
    test = _permissions[permission]
    if not user.is_authenticated or not user.is_active:
        return False
    return user.is_superuser or test(user, obj)


def require(user: Any, permission: str, obj: Any = None) -> None:
    """Raise NotAllowed unless `user` may do `permission` to `obj`."""
    if not can(user, permission, obj):
        words = _("Your role does not allow this. Ask your coordinator if you need it.")
        raise NotAllowed(words, params={"permission": permission})
