"""What a Celery worker does when it starts, lives and ends. Loaded by workers (CELERY_IMPORTS)."""

from typing import Any

from celery import signals

from mdt_portal.celery import app
from mdt_portal.native import processes
from mdt_portal.operations import health


@signals.worker_process_init.connect
def end_with_the_worker(**_: Any) -> None:
    """A worker killed with -9 must not leave a solver behind that goes on for minutes."""
    processes.die_with_parent()


@signals.worker_ready.connect
@signals.heartbeat_sent.connect
def show_life(**_: Any) -> None:
    health.show_life(_consumed_queues())


@signals.worker_shutting_down.connect
def show_end(**_: Any) -> None:
    health.show_end(_consumed_queues())


def _consumed_queues() -> list[str]:
    return list(app.amqp.queues.consume_from)
