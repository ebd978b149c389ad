"""How much lies on people in single weeks, against what they may be asked for. Reads only; one query for all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from experts.models import Expert
from scheduling.models import Attendance

Week = tuple[datetime, datetime]


@dataclass(slots=True, kw_only=True)
class ExpertLoad:
    """One person's week: sessions and minutes at the table, and the most of both."""

    most_sessions: int
    most_minutes: int
    sessions: int = 0
    minutes: int = 0

    @property
    def percent(self) -> int:
        """The fuller of the two."""
        shares = [(self.sessions, self.most_sessions), (self.minutes, self.most_minutes)]
        return max(round(100 * used / most) if most else 100 * bool(used) for used, most in shares)

    @property
    def over(self) -> bool:
        return self.sessions > self.most_sessions or self.minutes > self.most_minutes


def of(experts: Iterable[Expert], weeks: Sequence[Week]) -> dict[int, list[ExpertLoad]]:
    """By the expert's id, one load for each week."""
    found = {
        one.pk: [ExpertLoad(most_sessions=one.max_sessions_week, most_minutes=one.max_minutes_week) for _ in weeks]
        for one in experts
    }
    rows = Attendance.objects.active().filter(expert__in=found, start__lt=weeks[-1][1], start__gte=weeks[0][0])
    for row in rows:
        for load, (begin, end) in zip(found[row.expert_id], weeks, strict=True):
            if begin <= row.start < end:
                load.sessions += 1
                load.minutes += row.length_min
    return found
