"""Is the installation alive? Web, database, broker and a worker for each queue.

Workers show their life by a key in the broker that they keep renewing; so a look costs no round trip to a worker.
`python -m mdt_portal.operations.health` tells whether a worker lives on this host; a worker's container asks that.
"""

import os
import socket
import sys
from collections.abc import Callable, Iterable

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

NEEDED = ("default", "solve")
QUEUES = (*NEEDED, "improve")  # without help a run takes no harm
LIFE_S = 15  # workers renew it every few seconds
BROKER_TIMEOUT_S = 2


@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when everything is alive, else 503 naming what is not."""
    parts = {"web": "ok"} | {name: check() for name, check in CHECKS.items()}
    failing = [name for name, state in parts.items() if state != "ok"]
    return JsonResponse(
        {"status": "failing" if failing else "ok", "failing": failing, **parts}, status=503 if failing else 200
    )


def database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        connection.close()  # the next look shall try anew
        return f"no answer ({type(error).__name__})"
    return "ok"


def broker() -> str:
    try:
        with _broker() as client:
            client.ping()
    except redis.RedisError as error:
        return f"no answer ({type(error).__name__})"
    return "ok"


def worker() -> str:
    try:
        missing = [queue for queue in NEEDED if not workers(queue)]
    except redis.RedisError:
        return "unknown, the broker does not answer"
    return f"none for {', '.join(missing)}" if missing else "ok"


CHECKS: dict[str, Callable[[], str]] = {"database": database, "broker": broker, "worker": worker}


# The workers' side --------------------------------------------------------------------------------
def show_life(queues: Iterable[str]) -> None:
    with _broker() as client:
        for queue in queues:
            client.set(_key(queue), 1, ex=LIFE_S)


def show_end(queues: Iterable[str]) -> None:
    with _broker() as client:
        client.delete(*(_key(queue) for queue in queues))


def workers(queue: str) -> list[str]:
    """The live workers of a queue, as host:process."""
    prefix = f"mdt-worker:{queue}:"
    with _broker() as client:
        return sorted(key.decode().removeprefix(prefix) for key in client.scan_iter(prefix + "*", count=1000))


def _key(queue: str) -> str:
    return f"mdt-worker:{queue}:{socket.gethostname()}:{os.getpid()}"


def _broker() -> redis.Redis:
    return redis.Redis.from_url(
        settings.BROKER_URL, socket_timeout=BROKER_TIMEOUT_S, socket_connect_timeout=BROKER_TIMEOUT_S
    )


def lives_here() -> bool:
    here = f"{socket.gethostname()}:"
    return any(worker.startswith(here) for queue in QUEUES for worker in workers(queue))


if __name__ == "__main__":
    sys.exit(not lives_here())
