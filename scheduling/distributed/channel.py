"""Where one search meets its helpers: a few keys in the broker that vanish with the search.

    problem    written once
    changes    the coordinator's versioned state as a list: the first entry brings the first plan, each later one says
               which sessions went and which came; who has read n entries knows the state n
    inbox      from the helpers: I am ready, still at work, an answer, a bound, I gave up
    for:<who>  to one helper: one piece of work

All of it is JSON, so nothing that lies in the broker can run as code. The keys live a little longer than their last
renewal: a coordinator that dies takes its desk along, and its helpers go home.
"""

from __future__ import annotations

import json
import logging
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import redis
from django.conf import settings
from django.utils.crypto import get_random_string

from scheduling.solver.core import reading
from scheduling.solver.core.plan import ID, SESSION, PlannedSession
from scheduling.solver.core.problem import Problem
from scheduling.solver.rules import checking

logger = logging.getLogger(__name__)

LIFE_S = 30
TIMEOUT_S = 8  # longer than any blocking read below

State = Mapping[int, PlannedSession]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """From one state to the next."""

    went: tuple[int, ...]
    came: tuple[PlannedSession, ...]

    @classmethod
    def between(cls, old: State, new: State) -> Change:
        went = tuple(ident for ident in old if ident not in new)
        return cls(went=went, came=tuple(s for ident, s in new.items() if old.get(ident) is not s))

    def applied_to(self, state: State) -> dict[int, PlannedSession]:
        kept = {ident: session for ident, session in state.items() if ident not in set(self.went)}
        return kept | {session.id: session for session in self.came}


_CHANGE = reading.record(Change, {"went": reading.many(ID), "came": reading.many(SESSION)})


def connect() -> redis.Redis:
    return redis.Redis.from_url(settings.BROKER_URL, socket_timeout=TIMEOUT_S, socket_connect_timeout=2)


class Desk:
    """Both sides of it; `redis.RedisError` means that the broker is away."""

    def __init__(self, name: str, broker: redis.Redis | None = None) -> None:
        self.name = name
        self._broker = broker or connect()

    # The coordinator's side ------------------------------------------------------------------------------------------

    @classmethod
    def opened(cls, problem: Problem) -> Desk:
        desk = cls(get_random_string(20))
        desk._broker.set(desk._key("problem"), _packed(problem.to_json()), ex=LIFE_S)
        return desk

    def renew(self) -> bool:
        """False: the broker has forgotten the desk."""
        with self._broker.pipeline(transaction=False) as pipe:
            for part in ("problem", "changes", "inbox"):
                pipe.expire(self._key(part), LIFE_S)
            return bool(pipe.execute()[0])

    def close(self) -> None:
        self._broker.delete(*map(self._key, ("problem", "changes", "inbox")))

    def publish(self, change: Change) -> None:
        self._push("changes", _packed(reading.as_json(change)))

    def hand(self, helper: str, work: Mapping[str, Any]) -> None:
        self._push(f"for:{helper}", _packed(work))

    def next_message(self, within_s: int) -> dict[str, Any] | None:
        """What is no message of a helper's is passed over: whoever helps may run other code."""
        try:
            body = self._next("inbox", within_s)
        except (zlib.error, ValueError):
            logger.warning("something lay in the inbox of %s that cannot be read", self.name)
            return None
        return body if _is_message(body) else None

    def queued(self, queue: str) -> int:
        """How many messages wait in a queue of Celery's, which is a list by the same name."""
        return int(self._broker.llen(queue))  # type: ignore[arg-type]

    # The helpers' side -----------------------------------------------------------------------------------------------

    def is_open(self) -> bool:
        return bool(self._broker.exists(self._key("problem")))

    def show_life(self, helper: str) -> bool:
        """Still at work; False: nobody is interested any more."""
        interested = self.is_open()
        if interested:
            self.tell({"from": helper})
        return interested

    def problem(self) -> Problem | None:
        """None: the search is over."""
        packed = self._broker.get(self._key("problem"))
        return None if packed is None else checking.read_problem(_unpacked(packed))  # type: ignore[arg-type]

    def changes(self, first: int, beyond: int) -> Sequence[Change]:
        packed = self._broker.lrange(self._key("changes"), first, beyond - 1)
        return [reading.whole(_CHANGE, _unpacked(one)) for one in packed]  # type: ignore[union-attr, arg-type]

    def arrive(self, helper: str) -> None:
        """What lies there for an earlier stay is not meant any more."""
        self._broker.delete(self._key(f"for:{helper}"))

    def tell(self, *messages: Mapping[str, Any]) -> None:
        self._push("inbox", *map(_packed, messages))

    def next_work(self, helper: str, within_s: int) -> dict[str, Any] | None:
        """None: there is nothing to do, or the search is over, which a helper that waits sees within a second."""
        for _ in range(within_s):
            work = self._next(f"for:{helper}", 1)
            if work is not None or not self.is_open():
                return work
        return None

    # Both ------------------------------------------------------------------------------------------------------------

    def _key(self, part: str) -> str:
        return f"mdt-desk:{self.name}:{part}"

    def _push(self, part: str, *packed: bytes) -> None:
        with self._broker.pipeline() as pipe:
            pipe.rpush(self._key(part), *packed)
            pipe.expire(self._key(part), LIFE_S)
            pipe.execute()

    def _next(self, part: str, within_s: int) -> dict[str, Any] | None:
        found = self._broker.blpop([self._key(part)], timeout=within_s)
        return None if found is None else _unpacked(found[1])  # type: ignore[index, arg-type]


def _is_message(body: Any) -> bool:
    return (
        isinstance(body, dict)
        and isinstance(body.get("from"), str)
        and isinstance(body.get("invitation", 0), int)
        and all(isinstance(body.get(name, ""), str) for name in ("key", "gave_up"))
    )


def _packed(data: Any) -> bytes:
    return zlib.compress(json.dumps(data, separators=(",", ":")).encode(), 1)


def _unpacked(data: bytes) -> Any:
    return json.loads(zlib.decompress(data))
