"""Title ranks in words. A rank (0 to 4) means the same in every family of titles."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

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
