"""The numbers beside the entries of the navigation: one cheap query each."""

from __future__ import annotations

from django.utils import timezone

from cases import queues
from cases.models import Case
from mdt_portal import access, shell
from mdt_portal.models import User
from scheduling.models import PlanningRun
from scheduling.states import RunStatus


def near_limit(user: User) -> int:
    """Cases without a place whose limit is broken, or breaks within a day."""
    return access.visible(user, Case.objects.filter(queues.near(timezone.now()), status__in=queues.QUEUED)).count()


def queued(user: User) -> int:
    return access.visible(user, Case.objects.filter(status__in=queues.QUEUED)).count()


def to_review(user: User) -> int | None:
    """Plans that wait for a decision; nothing for those who do not plan."""
    if not access.can(user, "plan.look", None):
        return None
    return access.visible(user, PlanningRun.objects.filter(status=RunStatus.PROPOSED)).count()


shell.counts("today", near_limit)
shell.counts("queue", queued)
shell.counts("runs", to_review)
