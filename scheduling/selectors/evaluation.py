"""What can be said of meetings afterwards: on time or late, discussed or not, recommended, carried out. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, F, Q, QuerySet

from cases.models import FollowUp, FollowUpOutcome, Outcome
from scheduling.models import AgendaItem, Session
from scheduling.states import SessionStatus

ON_TIME = timedelta(minutes=5)
"""A meeting that begins this late at most began on time."""

DISCUSSED = Q(outcome=Outcome.DISCUSSED)
SIGNED = Q(case__recommendation__signed_at__isnull=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One meeting: `late_min` is 0 where it began on time and None without a record; then what was on its agenda."""

    late_min: int | None = None
    cases: int = 0
    discussed: int = 0
    signed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Sums over the meetings of a period; `wanted` are the recommendations that are signed or should be by now."""

    over: int
    held: int
    on_time: int
    cases: int
    discussed: int
    wanted: int
    in_time: int
    followed_up: int
    carried_out: int
    overdue: int


def late_min(session: Session) -> int | None:
    """By how many minutes it began late; 0 within the tolerance, None where nothing is recorded."""
    if session.status != SessionStatus.HELD or session.actual_start is None:
        return None
    late = session.actual_start - session.start
    return 0 if late <= ON_TIME else late // timedelta(minutes=1)


def of(sessions: Iterable[Session]) -> dict[int, Judged]:
    """Each meeting by id; one query."""
    rows = list(sessions)
    items = _recorded(AgendaItem.objects.filter(session__in=[one.pk for one in rows]))
    counted = items.order_by().values_list("session_id").annotate(
        n=Count("pk"), discussed=Count("pk", filter=DISCUSSED), signed=Count("pk", filter=DISCUSSED & SIGNED)
    )  # fmt: skip
    numbers = {pk: (n, discussed, signed) for pk, n, discussed, signed in counted}
    found = {}
    for one in rows:
        n, discussed, signed = numbers.get(one.pk, (0, 0, 0))
        found[one.pk] = Judged(late_min=late_min(one), cases=n, discussed=discussed, signed=signed)
    return found


def figures(sessions: QuerySet[Session], *, days: int, now: datetime, today: date) -> Figures:
    """Of those among `sessions` that were planned for the last `days`; follow-ups are overdue now. Four queries."""
    period = sessions.exclude(status=SessionStatus.CANCELLED).filter(end__lte=now, start__gt=now - timedelta(days=days))
    held = Q(status=SessionStatus.HELD)
    meetings = period.order_by().aggregate(
        over=Count("pk"),
        held=Count("pk", filter=held),
        on_time=Count("pk", filter=held & Q(actual_start__lte=F("start") + ON_TIME)),
    )
    items = _recorded(AgendaItem.objects.filter(session__in=period.values("pk")))
    judged = items.order_by().aggregate(
        cases=Count("pk"),
        discussed=Count("pk", filter=DISCUSSED),
        wanted=Count("pk", filter=DISCUSSED & (SIGNED | Q(case__recommend_by__lt=now))),
        in_time=Count("pk", filter=DISCUSSED & Q(case__recommendation__signed_at__lte=F("case__recommend_by"))),
    )
    newest = FollowUp.objects.taken().filter(case__in=items.filter(DISCUSSED).values("case"))
    outcomes = Counter(
        newest.order_by("case_id", "-taken_at", "-pk").distinct("case_id").values_list("outcome", flat=True)
    )
    mine = AgendaItem.objects.filter(DISCUSSED, session__in=sessions.values("pk")).values("case")
    return Figures(
        **meetings,
        **judged,
        followed_up=outcomes.total(),
        carried_out=outcomes[FollowUpOutcome.OUT],
        overdue=FollowUp.objects.overdue(today).filter(case__in=mine).count(),
    )


def _recorded(items: QuerySet[AgendaItem]) -> QuerySet[AgendaItem]:
    """What records speak of."""
    return items.exclude(outcome="")
