"""What a session's card on the board shows, as plain values: two equal cards look the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scheduling.selectors.names import Name


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    id: str
    number: str
    start: datetime
    emergency: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """All that the card shows; `id` is the session's. No `room`: by video. Only a `movable` card has handles."""

    id: str
    url: str
    zone: str
    start: datetime
    end: datetime
    team: Name
    room: Name | None
    cases: tuple[CaseLine, ...]
    movable: bool
    hue: str
    state: str
    required: int
    suggested: int
    filled: int
    seats: int
    minutes: int
    capacity: int
    emergencies: int = 0
    hit: str = ""
    """Why it cannot stay as it is published; empty where nothing speaks against it."""

    @property
    def fill(self) -> int:
        """Percent of the block."""
        return round(100 * self.minutes / self.capacity)
