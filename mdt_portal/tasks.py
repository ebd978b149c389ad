"""Celery's doors to the portal's own verbs."""

from celery import shared_task

from mdt_portal import outbox


@shared_task(ignore_result=True)
def deliver_outbox() -> int:
    return outbox.deliver()
