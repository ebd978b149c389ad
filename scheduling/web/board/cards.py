"""The HTML of a session's card on the board, kept for as long as the card's values stay the same.

Most cards of a week are the same at every look of every reader, and the template takes a hundred times longer than the
values do. So the HTML is a function of nothing but the card and the language, and the newest few thousand are kept.
"""

from __future__ import annotations

from functools import lru_cache

from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from scheduling.selectors.session_cards import Card

KEPT = 4096
"""Cards of about 2 KB: a full week by people, in both languages."""


def html(card: Card) -> SafeString:
    return _html(card, get_language())


@lru_cache(maxsize=KEPT)
def _html(card: Card, _language: str | None) -> SafeString:
    return mark_safe(  # noqa: S308  a template has escaped it
        get_template("scheduling/board/_card.html").render({"card": card, "hospital_zone": card.zone})
    )
