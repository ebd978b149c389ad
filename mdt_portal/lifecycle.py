"""The one function that writes a status. A move is a compare-and-swap, so of two rivals exactly one wins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from mdt_portal.errors import StaleState, TransitionNotAllowed
from mdt_portal.models import StatusEvent, User


def move(
    subject: models.Model,
    to: str,
    *,
    by: User | None,
    why: str = "",
    params: Mapping[str, Any] | None = None,
    **fields: Any,
) -> StatusEvent:
    """Bring `subject` into state `to`, together with `fields`, and leave an event: who, when, why (a code).

    Raises TransitionNotAllowed where there is no such arrow, StaleState where somebody moved it first.
    """
    old = str(subject.status)  # type: ignore[attr-defined]
    if not subject.lifecycle.allows(old, to):  # type: ignore[attr-defined]
        raise TransitionNotAllowed(
            _("%(what)s is “%(old)s” and cannot become “%(new)s”.")
            % {"what": subject, "old": _label(subject, old), "new": _label(subject, to)},
            params={"from": old, "to": str(to)},
        )
    with transaction.atomic():
        changed = type(subject)._base_manager.filter(pk=subject.pk, status=old).update(status=to, **fields)
        if not changed:
            raise StaleState(
                _("%(what)s was changed by somebody else in the meantime. Reload to see its present state.")
                % {"what": subject},
                params={"from": old, "to": str(to)},
            )
        event = StatusEvent.objects.create(
            subject_type=subject._meta.label_lower,
            subject_id=subject.pk,
            old=old,
            new=str(to),
            by=by,
            at=timezone.now(),
            code=why,
            params=dict(params or {}),
        )
    subject.status = type(subject)._meta.get_field("status").to_python(str(to))  # type: ignore[attr-defined]
    for name, value in fields.items():
        setattr(subject, name, value)
    return event


def _label(subject: models.Model, status: str) -> str:
    labels = dict(type(subject)._meta.get_field("status").flatchoices)  # type: ignore[union-attr]
    return str(labels.get(str(status), status))
