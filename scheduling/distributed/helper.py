"""A helper's shift at the desk of a running search: say that one is ready, take work, answer; then make way for others.

    invited ──▶ desk still open? ──▶ ready ──▶ work ──▶ answer ──▶ ready ... for SHIFT_S seconds

A helper writes nothing but answers, and the coordinator checks each of them; whatever happens here costs one task.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import redis

from scheduling.distributed.channel import Desk
from scheduling.solver.core import reading
from scheduling.solver.core.plan import PlannedSession
from scheduling.solver.neighbourhood import crew
from scheduling.solver.neighbourhood.decompose import Answer, Worker, read_task

logger = logging.getLogger(__name__)

SHIFT_S = 5.0
WAIT_S = 3  # for work; the coordinator believes in a waiting helper for a second less
LOOK_EVERY_S = 0.5  # whether the search still goes on


class Place:
    """What a helper keeps from shift to shift: the problem, staffings seen, and the state as far as it was read."""

    def __init__(self, desk: Desk, worker: Worker) -> None:
        self.desk, self.worker = desk, worker
        self._state: dict[int, PlannedSession] = {}
        self._read = 0

    def do(self, given: Mapping[str, Any]) -> dict[str, Any]:
        if "bound" in given:
            bounded = crew.do(self.worker, crew.BoundTask(**given["bound"]))
            return {"bounded": reading.as_json(bounded)}
        task = read_task({**given["task"], "sessions": []})
        answer = crew.do(self.worker, replace(task, sessions=tuple(self._state_at(given["step"]).values())))
        assert isinstance(answer, Answer)
        return {"answer": reading.as_json(answer)}

    def _state_at(self, step: int) -> dict[int, PlannedSession]:
        for change in self.desk.changes(self._read, step):
            self._state = change.applied_to(self._state)
            self._read += 1
        if self._read != step:
            raise LookupError("the desk does not hold the state that the task begins with")
        return self._state


@dataclass(slots=True)
class _Memory:
    """One place per process: the last desk that this process helped at."""

    name: str = ""
    place: Place | None = None


_memory = _Memory()


def help_at(name: str, invitation: int) -> int:
    """One shift; returns how many pieces of work were done. A search that has ended is no error."""
    try:
        place = _place_at(name)
        return 0 if place is None else _shift(place, invitation)
    except redis.RedisError:
        logger.warning("the broker went away while helping at %s", name, exc_info=True)
        return 0


def _place_at(name: str) -> Place | None:
    desk = Desk(name)
    if _memory.name != name or not desk.is_open():
        _memory.name, _memory.place = name, None  # the memory of an ended search is free again
        problem = desk.problem()
        if problem is not None:
            _memory.place = Place(desk, Worker(problem, stop=_ended(desk)))
    return _memory.place


def _ended(desk: Desk) -> Callable[[], bool]:
    """Whether the desk is closed, for a worker that asks often; a look at it is also a sign of life."""
    looked, closed = 0.0, False

    def look() -> bool:
        nonlocal looked, closed
        if not closed and time.monotonic() - looked > LOOK_EVERY_S:
            looked = time.monotonic()
            with contextlib.suppress(redis.RedisError):  # then the answer finds nobody either
                closed = not desk.show_life(_me())
        return closed

    return look


def _me() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def _shift(place: Place, invitation: int) -> int:
    me, desk = _me(), place.desk
    ends, done = time.monotonic() + SHIFT_S, 0
    desk.arrive(me)
    desk.tell({"from": me, "ready": True, "invitation": invitation})
    while (given := desk.next_work(me, WAIT_S)) is not None:
        try:
            result = place.do(given)
        except Exception:
            desk.tell({"from": me, "gave_up": given["key"]})
            raise
        done += 1
        going_on = time.monotonic() < ends
        desk.tell({"from": me, "ready": going_on, "key": given["key"], **result})
        if not going_on:
            break
    return done
