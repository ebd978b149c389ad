"""Title ranks in words. A rank (0 to 4) means the same in every family of titles."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from experts.models import Affiliation

LOWEST = {
    0: _("any title"),
    1: _("resident or above"),
    2: _("attending or above"),
    3: _("associate chief or above"),
    4: _("chief"),
}


def lowest(rank: int) -> str:
    """The lowest title that a seat asks for: `attending or above`."""
    return str(LOWEST[rank])


def of(experts: Iterable[int], *, at: int) -> dict[int, str]:
    """The title of each expert (id) at an institution (id), or that of their main employer."""
    rows = Affiliation.objects.filter(expert__in=list(experts)).select_related("title")
    ordered = sorted(rows, key=lambda row: (row.institution_id == at, row.home))
    return {row.expert_id: str(row.title) for row in ordered}  # the last one wins
