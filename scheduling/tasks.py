"""Celery's doors: an id in, one call."""

from celery import shared_task


@shared_task(ignore_result=True)
def execute_run(run_id: int) -> None:
    from scheduling.planning import worker

    worker.execute(run_id)


@shared_task(ignore_result=True)
def improve(desk: str, invitation: int) -> None:
    from scheduling.distributed import helper

    helper.help_at(desk, invitation)


@shared_task(ignore_result=True)
def reap_runs() -> int:
    from scheduling.planning import runs

    return runs.reap()


@shared_task(ignore_result=True)
def expire_holds() -> int:
    from scheduling.publishing import holds

    return holds.expire()


@shared_task(ignore_result=True)
def expire_invitations() -> int:
    from scheduling.sessions import invitations

    return invitations.expire()


@shared_task(ignore_result=True)
def remind() -> int:
    from scheduling.sessions import invitations

    return invitations.remind()
