"""Tags of the week board."""

from django import template
from django.utils.safestring import SafeString

from scheduling.selectors.session_cards import Card
from scheduling.web.board import cards

register = template.Library()


@register.simple_tag
def board_card(card: Card) -> SafeString:
    """A session's card on the board."""
    return cards.html(card)
