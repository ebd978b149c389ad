"""What is published with somebody who leaves a hospital: the sessions that need another person. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from experts.models import Affiliation
from experts.roster import person_cards
from scheduling.models import Attendance, Session
from scheduling.states import LIVE_SESSIONS


def hit(work: Affiliation, until: date) -> QuerySet[Session]:
    """The coming sessions at which they sit after that day: those of the hospital, and wherever they join from there
    while they work nowhere else."""
    lost = Q(session__institution=work.institution_id)
    last = _last_elsewhere(person_cards.present(work.expert.affiliations.exclude(pk=work.pk)))
    if last is not None:
        lost |= Q(start__gte=_midnight(work, last))
    seats = Attendance.objects.active().filter(lost, expert=work.expert_id, start__gte=_midnight(work, until))
    coming = Session.objects.filter(status__in=LIVE_SESSIONS, start__gt=timezone.now())
    return coming.filter(pk__in=seats.values("session")).select_related("team").order_by("start")


def _midnight(work: Affiliation, last_day: date) -> datetime:
    """When that day is over, by the hospital's clock."""
    return datetime.combine(last_day + timedelta(days=1), time(), work.institution.tz)


def _last_elsewhere(others: Iterable[Affiliation]) -> date | None:
    """The last day of any other work: long ago where there is none, None where one has no end."""
    days = [other.until for other in others]
    return None if None in days else max((day for day in days if day), default=date(1970, 1, 1))
