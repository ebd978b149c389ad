"""The Celery tasks of the portal itself. They are sent by name, so that only workers import this module."""

from celery import shared_task

from mdt_portal import outbox


@shared_task(ignore_result=True)
def deliver_outbox() -> int:
    return outbox.deliver()
