"""A session's card on the board: plain values, and their HTML, which is kept for as long as the values stay the same.

Most cards of a week are the same at every look of every reader, and the template takes a hundred times longer than the
values do. So the HTML is a function of nothing but the card and the language, and the newest few thousand are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from scheduling.selectors.names import Name

KEPT = 4096
"""Cards of about 2 KB: a full week by people, in both languages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    id: str
    number: str
    start: datetime


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

    @property
    def fill(self) -> int:
        """Percent of the block."""
        return round(100 * self.minutes / self.capacity)

    @property
    def html(self) -> SafeString:
        return _html(self, get_language())


@lru_cache(maxsize=KEPT)
def _html(card: Card, _language: str | None) -> SafeString:
    return mark_safe(  # noqa: S308  a template has escaped it
        get_template("scheduling/board/_card.html").render({"card": card, "hospital_zone": card.zone})
    )
