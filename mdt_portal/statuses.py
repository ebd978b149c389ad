"""What a status is: a value with its label and hue, and the arrows between statuses. Pure but for Django's choices.

A model that has states declares `status = StatusField(...)` and `lifecycle = Lifecycle(...)`; nothing but
`lifecycle.move` ever writes the column afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import models


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
