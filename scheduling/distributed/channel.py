"""What the helpers of a running search read: two keys in the broker that vanish with the search.

    problem    written once
    state      a hash of the sessions by team; one read sees one state of the coordinator's as a whole

All of it is JSON, so nothing that lies in the broker can run as code. The keys live a little longer than their last
renewal: they vanish with their coordinator, which is also how helpers learn of a stop.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any

import redis
from django.conf import settings
from django.utils.crypto import get_random_string

from scheduling.solver.core import reading
from scheduling.solver.core.plan import SESSION, PlannedSession
from scheduling.solver.core.problem import Problem
from scheduling.solver.rules import checking

LIFE_S = 30
TIMEOUT_S = 2
WHOLE = b"whole"  # a field beside the teams: there is a state, if only of an empty week

_SESSIONS = reading.many(SESSION)
Sessions = tuple[PlannedSession, ...]


class Channel:
    """Both sides of it; `redis.RedisError` means that the broker is away."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._broker = redis.Redis.from_url(
            settings.BROKER_URL, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
        )
        self._shown: Mapping[int, PlannedSession] | None = None
        self._written: dict[int, Sessions] = {}
        self._packed: dict[bytes, bytes] = {}
        self._read: dict[bytes, Sessions] = {}

    # The coordinator's side ------------------------------------------------------------------------------------------

    @classmethod
    def opened(cls, problem: Problem) -> Channel:
        """Helpers find nothing to do in it until the first state is written."""
        channel = cls(get_random_string(20))
        channel._broker.set(channel._key("problem"), _packed(problem.to_json()), ex=LIFE_S)
        return channel

    def write(self, state: Mapping[int, PlannedSession]) -> None:
        """The teams whose sessions have changed since the last time."""
        if state is self._shown:
            return
        now: dict[int, Sessions] = dict.fromkeys(self._written, ())
        for session in state.values():
            now[session.team] = (*now.get(session.team, ()), session)
        changed = {team: theirs for team, theirs in now.items() if theirs != self._written.get(team)}
        fields = {str(team): _packed([reading.as_json(s) for s in theirs]) for team, theirs in changed.items()}
        self._broker.hset(self._key("state"), mapping={WHOLE: 1, **fields})  # type: ignore[dict-item]
        self._broker.expire(self._key("state"), LIFE_S)
        self._shown, self._written = state, now

    def renew(self) -> bool:
        """False: the broker has forgotten the search."""
        return all(self._broker.expire(self._key(part), LIFE_S) for part in ("problem", "state"))

    def close(self) -> None:
        self._broker.delete(self._key("problem"), self._key("state"))

    def queued(self, queue: str) -> int:
        """How many messages wait in a queue of Celery's, which is a list by the same name."""
        return int(self._broker.llen(queue))  # type: ignore[arg-type]

    # The helpers' side -----------------------------------------------------------------------------------------------

    def is_open(self) -> bool:
        return bool(self._broker.exists(self._key("problem")))

    def problem(self) -> Problem | None:
        """None: the search is over."""
        packed = self._broker.get(self._key("problem"))
        return None if packed is None else checking.read_problem(_unpacked(packed))  # type: ignore[arg-type]

    def sessions(self) -> Sessions | None:
        """As the coordinator has them now; only what has changed since the last time is unpacked. None: it is over."""
        packed: dict[bytes, bytes] = self._broker.hgetall(self._key("state"))  # type: ignore[assignment]
        if packed.pop(WHOLE, None) is None:
            return None
        for team, data in packed.items():
            if self._packed.get(team) != data:
                self._read[team] = reading.whole(_SESSIONS, _unpacked(data))
        self._packed = packed
        return tuple(session for team in packed for session in self._read[team])

    def _key(self, part: str) -> str:
        return f"mdt-search:{self.name}:{part}"


def _packed(data: Any) -> bytes:
    return zlib.compress(json.dumps(data, separators=(",", ":")).encode(), 1)


def _unpacked(data: bytes) -> Any:
    return json.loads(zlib.decompress(data))
