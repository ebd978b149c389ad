"""The transactional outbox: an effect is promised with its cause, and carried out at least once afterwards.

    service ── put() ──▶ OutboxMessage ──(commit)──▶ deliver() ──▶ handler(payload)

A handler must bear being called twice. One that fails is tried again, later and later, then given up and shown.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from mdt_portal import lifecycle
from mdt_portal.celery import app
from mdt_portal.models import OutboxMessage, OutboxStatus

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 28  # with the waits below about 17 hours: longer than a mail server is away
LONGEST_WAIT_S = 3600
_handlers: dict[str, Callable[..., None]] = {}


def handles(kind: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register the function that carries out messages of `kind`; it gets the payload as keywords."""

    def register(handler: Callable[..., None]) -> Callable[..., None]:
        _handlers[kind] = handler
        return handler

    return register


def put(kind: str, *, not_before: datetime | None = None, **payload: Any) -> OutboxMessage:
    """Promise an effect. Must run inside the transaction of its cause."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("outbox.put needs the transaction of its cause")
    message = OutboxMessage.objects.create(kind=kind, payload=payload, not_before=not_before or timezone.now())
    if not any(function is _wake for _, function, *_ in transaction.get_connection().run_on_commit):
        transaction.on_commit(_wake, robust=True)  # once for all messages of a transaction
    return message


def _wake() -> None:
    """Ask a worker to deliver at once. Beat delivers anyway, so a lost call only costs seconds."""
    app.send_task("mdt_portal.tasks.deliver_outbox", retry=False, ignore_result=True)


def deliver(limit: int = 100) -> int:
    """Carry out what is due; return how many messages were tried. Many deliverers may run at once."""
    tried = 0
    while tried < limit and _deliver_one():
        tried += 1
    return tried


@transaction.atomic
def _deliver_one() -> bool:
    message = (
        OutboxMessage.objects.select_for_update(skip_locked=True)
        .filter(status=OutboxStatus.WAITING, not_before__lte=timezone.now())
        .order_by("not_before", "pk")
        .first()
    )
    if message is None:
        return False
    try:
        with transaction.atomic():
            _handlers[message.kind](**message.payload)
    except Exception as error:  # a handler's failure must not stop the messages behind it
        logger.exception("outbox message %s failed", message.pk)
        _postpone(message, error)
    else:
        lifecycle.move(message, OutboxStatus.DONE, by=None)
    return True


def _postpone(message: OutboxMessage, error: Exception) -> None:
    message.attempts += 1
    message.last_error = f"{type(error).__name__}: {error}"[:2000]
    message.not_before = timezone.now() + timedelta(seconds=min(LONGEST_WAIT_S, 2**message.attempts))
    message.save(update_fields=["attempts", "last_error", "not_before"])
    if message.attempts >= MAX_ATTEMPTS:
        lifecycle.move(message, OutboxStatus.DEAD, by=None, why="outbox.gave_up")
