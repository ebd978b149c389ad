"""Runs the tests by another clock: MDT_TEST_CLOCK=sunday pytest …; `make test-clocks` tries all of them.

The clock of this process is set before the tests are read, and again before each test, so that a slow machine does not
come to the next day. PostgreSQL keeps its own time, which no code of ours asks for. Celery's workers, commands and
browsers are processes with clocks of their own: their tests are left out.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine

HOSPITAL = ZoneInfo("Asia/Shanghai")
CLOCKS = {
    "sunday": datetime(2026, 11, 29, 23, 30, tzinfo=HOSPITAL),
    "sunday-utc": datetime(2026, 11, 29, 23, 30, tzinfo=UTC),  # the hospitals have Monday already
    "thursday": datetime(2026, 11, 26, 11, 30, tzinfo=HOSPITAL),
    "holiday": datetime(2026, 10, 1, 7, 0, tzinfo=HOSPITAL),  # the National Day, whose week is free; UTC has yesterday
    "december": datetime(2026, 12, 31, 16, 0, tzinfo=HOSPITAL),
}
OTHER_PROCESSES = frozenset({"worker", "start_worker", "workers", "page", "context", "browser"})

_traveller: time_machine.Traveller | None = None


def chosen() -> datetime | None:
    name = os.environ.get("MDT_TEST_CLOCK")
    if not name:
        return None
    if name not in CLOCKS:
        raise pytest.UsageError(f"MDT_TEST_CLOCK is {name}; known are {', '.join(CLOCKS)}")
    return CLOCKS[name]


def start() -> None:
    global _traveller
    if moment := chosen():
        _traveller = time_machine.travel(moment).start()


def set_again() -> None:
    """Before each test."""
    if _traveller and (moment := chosen()):
        _traveller.move_to(moment)


def have_their_own(item: pytest.Item) -> bool:
    """Whether a test looks at the clock of another process."""
    folders = set(item.path.parts)
    return bool(OTHER_PROCESSES & set(getattr(item, "fixturenames", ()))) or bool({"infra", "faults"} & folders)
