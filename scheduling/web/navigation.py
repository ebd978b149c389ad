"""The numbers beside the entries of the navigation; two cheap queries, since every page shows them."""

from __future__ import annotations

from django.db.models import Count
from django.utils import timezone

from cases.models import Case
from cases.selectors import case_queue
from cases.states import QUEUED
from mdt_portal import access, shell
from mdt_portal.models import User
from scheduling.models import PlanningRun
from scheduling.states import RunStatus


def numbers(user: User) -> dict[str, int | None]:
    """Today: cases without a place whose limit is broken, or breaks within a day. Queue: all of them. Plans: those that
    wait for a decision, for who plans."""
    if not user.is_authenticated:
        return {}
    queued = access.visible(user, Case.objects.filter(status__in=QUEUED))
    found = queued.aggregate(today=Count("pk", filter=case_queue.near(timezone.now())), queue=Count("pk"))
    if access.can(user, "plan.view", None):
        found["runs"] = access.visible(user, PlanningRun.objects.filter(status=RunStatus.PROPOSED)).count()
    return found


shell.counts(numbers)
