"""A helper's part in a running search: read how it stands, improve one to three teams, answer.

Each ticket (a Celery task) is one such improvement of a few seconds at most, so that runs that wait get their turn.
Nobody waits for a helper and what it answers is checked; whatever happens here costs one improvement.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import redis

from scheduling.distributed.channel import Channel
from scheduling.solver.core import reading
from scheduling.solver.core.problem import Problem
from scheduling.solver.neighbourhood.decompose import Improver

logger = logging.getLogger(__name__)

IMPROVE_S = 8.0  # at most, once the sessions to choose from are there
LOOK_EVERY_S = 0.5  # whether the search still goes on


class HelperSession:
    """What a process keeps from ticket to ticket of one search: the problem, staffings seen, what was in vain."""

    def __init__(self, channel: Channel, problem: Problem, number: int) -> None:
        self.channel = channel
        self._improver = Improver(problem, Random(number), _closed(channel))  # noqa: S311

    def improve(self) -> dict[str, Any] | None:
        """An answer as JSON; None where nothing was found."""
        sessions = self.channel.sessions()
        found = None if sessions is None else self._improver.improve(sessions, IMPROVE_S)
        return None if found is None else reading.as_json(found)


@dataclass(slots=True)
class _Memory:
    """One session per process: that of the last search that this process helped."""

    name: str = ""
    session: HelperSession | None = None


_memory = _Memory()


def improve(search: str, number: int) -> dict[str, Any] | None:
    """What the ticket answers. A search that has ended is no error."""
    try:
        session = _session_of(search, number)
        return None if session is None else session.improve()
    except redis.RedisError:
        logger.warning("the broker went away while helping with %s", search, exc_info=True)
        return None


def _session_of(search: str, number: int) -> HelperSession | None:
    channel = _memory.session.channel if _memory.session and _memory.name == search else Channel(search)
    if _memory.name != search or not channel.is_open():
        _memory.name, _memory.session = search, None  # the memory of an ended search is free again
        problem = channel.problem()
        if problem is not None:
            _memory.session = HelperSession(channel, problem, number)
    return _memory.session


def _closed(channel: Channel) -> Callable[[], bool]:
    """Whether the search has ended, for a worker that asks often."""
    looked, closed = 0.0, False

    def look() -> bool:
        nonlocal looked, closed
        if not closed and time.monotonic() - looked > LOOK_EVERY_S:
            looked = time.monotonic()
            with contextlib.suppress(redis.RedisError):  # then the answer finds nobody either
                closed = not channel.is_open()
        return closed

    return look
