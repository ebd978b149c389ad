"""Every action and every look at a patient is written down, in the transaction of the action."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models

from mdt_portal.models import AuditEvent, User


def record(action: str, *, by: User | None, subject: models.Model | None = None, **params: Any) -> AuditEvent:
    """Write down an action. `action` is a code such as `case.submitted`; `params` must be plain JSON without names."""
    return AuditEvent.objects.create(
        action=action,
        by=by,
        subject_type=subject._meta.label_lower if subject is not None else "",
        subject_id=subject.pk if subject is not None else None,
        params=params,
    )


def looked(subject: models.Model, *, by: User | None, page: str) -> AuditEvent:
    """Write down that somebody saw a patient's data on `page`."""
    return record("looked", by=by, subject=subject, page=page)


def looked_at_all(subjects: Iterable[models.Model], *, by: User | None, page: str) -> None:
    """Write down that somebody saw the data of several patients on one page."""
    AuditEvent.objects.bulk_create(
        AuditEvent(action="looked", by=by, subject_type=one._meta.label_lower, subject_id=one.pk, params={"page": page})
        for one in subjects
    )
