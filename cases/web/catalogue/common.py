"""What the pages of the catalogue's pages share: the day by the reader's clock, finding rules and drafts."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest

from cases.catalogue import rulebook
from cases.models import CatalogueRule, RuleApproval
from cases.states import RuleStatus
from experts.models import Role
from mdt_portal import access, shell
from mdt_portal.models import User


def today(request: HttpRequest) -> date:
    """The day at the reader's hospital."""
    return rulebook.today(getattr(shell.home(request.user), "zone", None))


def permissions(request: HttpRequest) -> dict[str, bool]:
    """What the reader may do at this desk."""
    return {
        "edit": access.can(request.user, "catalogue.edit"),
        "preview": access.can(request.user, "catalogue.preview"),
    }


def drafts() -> list[CatalogueRule]:
    """All open drafts, by key."""
    return list(CatalogueRule.objects.filter(status=RuleStatus.DRAFT).select_related("changed_by").order_by("key"))


def open_approvals() -> list[RuleApproval]:
    """The approvals that nobody has given or refused yet, the oldest first; their rules are read with them."""
    return list(RuleApproval.objects.open().select_related("requested_by").prefetch_related("rules"))


def another_administrator(request: HttpRequest) -> bool:
    """Whether anybody else may approve what the reader asks for."""
    keeps = Q(roles__role=Role.CATALOGUE_ADMIN) | Q(is_superuser=True)
    return User.objects.filter(keeps, is_active=True).exclude(pk=request.user.pk or 0).exists()


def versions_of(request: HttpRequest, key: str) -> list[CatalogueRule]:
    """All versions of one rule, the newest first; 404 where there is none."""
    rows = access.visible(request.user, CatalogueRule.objects.filter(key=key))
    found = list(rows.select_related("changed_by").order_by("-version"))
    if not found:
        raise Http404
    return found


def whole_number(text: Any) -> int | None:
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 10 else None
