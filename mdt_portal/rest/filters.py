"""How the API narrows its lists down."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters.rest_framework import DjangoFilterBackend, FilterSet
from rest_framework import exceptions
from rest_framework.request import Request

from mdt_portal import strictness
from mdt_portal.tables import orders

MAY_BE_EMPTY = ("search",)
"""What people type into; every other parameter without a value is a mistake of the program that sends it."""


class Filters(DjangoFilterBackend):
    """The view's FilterSet, strictly: what is not understood is refused instead of left out."""

    def filter_queryset(self, request: Request, queryset: QuerySet, view: Any) -> QuerySet:
        filters = self.get_filterset(request, queryset, view)
        if filters is not None:
            if wrong := _not_understood(filters):
                raise exceptions.ValidationError(wrong)
            if filters.is_valid():
                strictness.refuse_far_days(filters.form.cleaned_data)
        return super().filter_queryset(request, queryset, view)


def _not_understood(filters: FilterSet) -> dict[str, list[str]]:
    """Parameters that forms take for "not given": nothing at all, and what is neither true nor false."""
    found = {}
    for name, one in filters.filters.items():
        given = filters.data.get(name) if filters.data else None
        if given is None or (given == "" and name in MAY_BE_EMPTY):
            continue
        if given == "":
            found[name] = [_("Give a value, or leave the parameter out.")]
        elif isinstance(one, django_filters.BooleanFilter) and given.lower() not in ("true", "false"):
            found[name] = [_("Write true or false.")]
    return found


class Ordering(django_filters.ChoiceFilter):
    """`?ordering=due_at` or `-due_at`: one of the orders that the list's page knows too. `changed`: or `updated_at`."""

    def __init__(self, known: orders.Orders | None = None, *, changed: bool = True) -> None:
        self.known: orders.Orders = {**(known or {}), **({"updated_at": ("updated_at",)} if changed else {})}
        choices = [(name, name) for key in self.known for name in (key, f"-{key}")]
        super().__init__(choices=choices, label=gettext_lazy("the order of the rows; with a minus the other way"))

    def filter(self, qs: QuerySet, value: Any) -> QuerySet:
        if not value:
            return qs
        return orders.ordered(qs, self.known[value.removeprefix("-")], descending=value.startswith("-"))


class Changed(FilterSet):
    """A list whose rows know when they were last written (`updated_at`), in any order that it knows."""

    changed_with: ClassVar[tuple[str, ...]] = ()
    """Look-ups of what is shown with a row; its changes count as the row's."""

    ordering = Ordering()
    updated_since = django_filters.IsoDateTimeFilter(
        method="since", label=gettext_lazy("changed at this moment or later, with what is shown of it")
    )

    def since(self, rows: QuerySet, name: str, value: Any) -> QuerySet:
        fits = Q(updated_at__gte=value)
        for path in self.changed_with:
            fits |= Q(**{f"{path}__updated_at__gte": value})
        return rows.filter(pk__in=rows.model._base_manager.filter(fits).values("pk"))
