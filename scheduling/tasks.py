"""Celery's doors: an id in, one call."""

from typing import Any

from celery import shared_task


@shared_task(ignore_result=True)
def execute_run(run_id: int) -> None:
    from scheduling import planning

    planning.execute(run_id)


@shared_task(ignore_result=False, track_started=True)
def improve(search: str, number: int) -> dict[str, Any] | None:
    from scheduling import helper

    return helper.improve(search, number)


@shared_task(ignore_result=True)
def reap_runs() -> int:
    from scheduling import runs

    return runs.reap()


@shared_task(ignore_result=True)
def expire_holds() -> int:
    from scheduling import holds

    return holds.expire()


@shared_task(ignore_result=True)
def expire_invitations() -> int:
    from scheduling import invitations

    return invitations.expire()


@shared_task(ignore_result=True)
def remind() -> int:
    from scheduling import invitations

    return invitations.remind()
