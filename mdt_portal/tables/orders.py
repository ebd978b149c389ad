"""The orders in which a list can be read, by name: the same names for a page (`?ordering=-due_at`) and for the API.

    ORDERS = {"due_at": ("due_at",), "team": (Named("team"),), "tier": (Ranked("tier", Tier.values),)}

Several terms decide one after the other, and the row's age last, so that pages of a list never overlap. What has no
value stands at the end, whichever way the list is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Case, Expression, F, QuerySet, Value, When
from django.db.models.functions import Coalesce, Collate, Lower, NullIf
from django.utils import translation

CHINESE = "mdt_chinese"
"""The collation by the sound of the signs (migration 0007)."""
Rows = TypeVar("Rows", bound=QuerySet)


@dataclass(frozen=True, slots=True)
class Named:
    """By the name in the reader's language of the row itself, or of what `path` leads to: Chinese names by pinyin."""

    path: str = ""

    @property
    def expression(self) -> Expression:
        before = f"{self.path}__" if self.path else ""
        chinese = is_chinese()
        first, second = ("name_zh", "name_en") if chinese else ("name_en", "name_zh")
        name = Coalesce(NullIf(F(before + first), Value("")), F(before + second))
        return Collate(name, CHINESE) if chinese else Lower(name)


@dataclass(frozen=True, slots=True)
class Ranked:
    """By the place of a field's value among `values`; any other value counts as none."""

    field: str
    values: Sequence[str]

    @property
    def expression(self) -> Expression:
        return Case(*(When(**{self.field: value}, then=number) for number, value in enumerate(self.values)))


Term = str | Named | Ranked | Expression
Order = Sequence[Term]
Orders = Mapping[str, Order]


def is_chinese() -> bool:
    return (translation.get_language() or "").startswith("zh")


def ordered(rows: Rows, order: Order, *, descending: bool = False) -> Rows:
    """The rows in this order."""
    terms = [_expression(term) for term in order]
    if descending:
        return rows.order_by(*(one.desc(nulls_last=True) for one in terms), "-pk")
    return rows.order_by(*(one.asc(nulls_last=True) for one in terms), "pk")


def _expression(term: Term) -> F | Expression:
    if isinstance(term, str):
        return F(term)
    return term.expression if isinstance(term, Named | Ranked) else term
