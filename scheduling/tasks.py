"""The Celery tasks of scheduling: an id in, one call. Sent by name, so that only workers import this module."""

from typing import Any

from celery import shared_task

from scheduling.distributed import helper
from scheduling.planning import runs, worker
from scheduling.publishing import holds
from scheduling.sessions import invitations


@shared_task(ignore_result=True)
def execute_run(run_id: int) -> None:
    worker.execute(run_id)


@shared_task(ignore_result=False, track_started=True)
def improve(search: str, number: int) -> dict[str, Any] | None:
    return helper.improve(search, number)


@shared_task(ignore_result=True)
def reap_runs() -> int:
    return runs.reap()


@shared_task(ignore_result=True)
def expire_holds() -> int:
    return holds.expire()


@shared_task(ignore_result=True)
def expire_invitations() -> int:
    return invitations.expire()


@shared_task(ignore_result=True)
def remind() -> int:
    return invitations.remind()
