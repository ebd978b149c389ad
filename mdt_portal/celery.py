"""The Celery application: `celery -A mdt_portal worker`."""

import os
from typing import Any

from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mdt_portal.settings")

app = Celery("mdt_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.worker_process_init.connect
def end_with_the_worker(**_: Any) -> None:
    """A worker killed with -9 must not leave a solver behind that goes on for minutes."""
    from mdt_portal.native import processes

    processes.die_with_parent()


@signals.worker_ready.connect
@signals.heartbeat_sent.connect
def show_life(**_: Any) -> None:
    from mdt_portal.operations import health

    health.show_life(_consumed_queues())


@signals.worker_shutting_down.connect
def show_end(**_: Any) -> None:
    from mdt_portal.operations import health

    health.show_end(_consumed_queues())


def _consumed_queues() -> list[str]:
    return list(app.amqp.queues.consume_from)
