"""What an expert has said yes to, and whether leave or taken time has come in its way since.

This app knows of no sessions, so those that give people appointments tell of them once, in `apps.ready`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from experts.availability import free_time
from experts.availability.core.time_intervals import Stretch, intersect, leave_stretches, on_day, union
from experts.models import ExceptionKind, Expert


@dataclass(frozen=True, slots=True, kw_only=True)
class Engagement:
    """One appointment that was accepted; `key` is its public id, `url` the page that declines it."""

    key: str
    what: str
    where: str
    start: datetime
    end: datetime
    url: str


_source: Callable[[Expert], list[Engagement]] = lambda expert: []  # noqa: E731  replaced by told_by


def read_from(function: Callable[[Expert], list[Engagement]]) -> None:
    """`function` gives the coming appointments of an expert."""
    global _source
    _source = function


def clashes(expert: Expert) -> list[Engagement]:
    """The coming appointments into which a leave or a time that was taken away falls."""
    engaged = _source(expert)
    if not engaged:
        return []
    away = _away(expert)
    return [one for one in engaged if intersect([(one.start, one.end)], away)]


def _away(expert: Expert) -> list[Stretch]:
    now = timezone.now()
    zone = free_time.zone_of(expert, now.date())
    since = now.date() - timedelta(days=1)  # the same moment is another date in another zone
    leaves = expert.leaves.filter(last_day__gte=since)
    taken = expert.availability_exceptions.filter(date__gte=since, kind=ExceptionKind.TAKES)
    return union(
        [
            *(away for one in leaves for away in leave_stretches(one.first_day, one.last_day, one.hours, zone)),
            *(on_day(one.date, (one.start, one.end), zone) for one in taken),
        ]
    )
