"""The Celery tasks of the portal itself. They are sent by name, so that only workers import this module."""

from celery import shared_task

from mdt_portal import outbox
from mdt_portal.web import kept_forms


@shared_task(ignore_result=True)
def deliver_outbox() -> int:
    return outbox.deliver()


@shared_task(ignore_result=True)
def forget_kept_forms() -> int:
    return kept_forms.forget_old()
