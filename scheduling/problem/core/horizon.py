"""Clock time and the solver's integer minutes. The only place where one becomes the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Horizon:
    """`days` local days from the Monday `first_day`; minute 0 is its midnight. Minutes are elapsed, not wall, time."""

    first_day: date
    days: int
    zone: ZoneInfo

    @classmethod
    def around(cls, day: date, days: int, zone: ZoneInfo) -> Horizon:
        """The horizon of the week in which `day` lies."""
        return cls(day - timedelta(days=day.weekday()), days, zone)

    def midnight(self, index: int) -> datetime:
        return _midnight(self.first_day + timedelta(days=index), self.zone)

    @property
    def start(self) -> datetime:
        return self.midnight(0)

    @property
    def end(self) -> datetime:
        return self.midnight(self.days)

    @property
    def length_min(self) -> int:
        return self.minute(self.end)

    @property
    def day_starts(self) -> tuple[int, ...]:
        return tuple(self.minute(self.midnight(index)) for index in range(self.days))

    def minute(self, moment: datetime) -> int:
        """Full minutes since the start, rounded down; negative before it."""
        return (moment - self.start) // MINUTE

    def minute_up(self, moment: datetime) -> int:
        """Minutes since the start, rounded up."""
        return -((self.start - moment) // MINUTE)

    def moment(self, minute: int) -> datetime:
        return self.start + minute * MINUTE

    def spans(self, intervals: Iterable[tuple[datetime, datetime]]) -> list[tuple[int, int]]:
        """Intervals as minutes inside the horizon; what is too short or outside falls away."""
        inside = ((max(0, self.minute_up(a)), min(self.length_min, self.minute(b))) for a, b in intervals)
        return [(a, b) for a, b in inside if a < b]


@lru_cache(maxsize=1024)
def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """Asked for each interval that is read, so it is remembered."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
