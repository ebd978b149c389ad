"""States and the one line that writes a status.

A model that has states declares `status = StatusField(...)` and `lifecycle = Lifecycle(...)`; nothing but `move` ever
writes the column afterwards. A move is a compare-and-swap, so of two rivals exactly one wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from mdt_portal.errors import StaleState, TransitionNotAllowed

if TYPE_CHECKING:
    from mdt_portal.models import StatusEvent, User


class Status(models.TextChoices):
    """A status with value, label and hue in one place: `NAME = "value", "hue", _("Label")`.

    Hues are the five of the style sheet: waiting, planned, confirmed, pending, declined.
    """

    hue: str

    def __new__(cls, value: str, hue: str = "waiting") -> Status:
        member = str.__new__(cls, value)
        member._value_ = value
        member.hue = hue
        return member


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Which arrows exist: from a status to those that may follow it."""

    moves: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, moves: Mapping[str, Iterable[str]]) -> Lifecycle:
        return cls({str(old): frozenset(str(new) for new in news) for old, news in moves.items()})

    def allows(self, old: str, new: str) -> bool:
        return str(new) in self.moves.get(str(old), frozenset())


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
    from mdt_portal.models import StatusEvent

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
