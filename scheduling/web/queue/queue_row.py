"""A line of the queue: plain values, and their HTML, which is kept for as long as the values stay the same.

A page has fifty lines, most of them the same at the next look and for the next reader; see `web.board.cards`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from cases.states import CaseStatus
from mdt_portal.i18n.clock import Countdown
from scheduling.selectors.names import Name

KEPT = 4096
"""Lines of about 2 KB: all of a large hospital's queue, in both languages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """All that the line shows; `id` is the case's, `hurry` the word of an urgency that is not routine.

    `held_back` says what keeps the case from being planned, or why the newest plan left it out; `explained`: Why not?
    has more to say about that. `missing` are the materials that are awaited. `tick`: the reader may choose the line.
    """

    id: str
    number: str
    code: str
    title: str
    whom: str
    hospital: Name
    team: Name | None
    tier: str
    due: datetime | None
    left: Countdown | None
    submitted: bool
    state: CaseStatus
    hurry: str
    held_back: str
    explained: bool
    missing: str
    tick: bool

    @property
    def html(self) -> SafeString:
        return _html(self, get_language())


@lru_cache(maxsize=KEPT)
def _html(line: QueueRow, _language: str | None) -> SafeString:
    return mark_safe(get_template("scheduling/queue/_row.html").render({"line": line}))  # noqa: S308  a template escaped it
