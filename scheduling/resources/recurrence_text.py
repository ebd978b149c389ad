"""A recurrence rule in the reader's language: `every second Thursday`, `2nd and 4th Thursday of the month`."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy

from experts.models import Weekday
from mdt_portal.i18n import phrases
from scheduling.resources.core import recurrence_rules

PLACES = {
    1: pgettext_lazy("weekday of the month", "1st"),
    2: pgettext_lazy("weekday of the month", "2nd"),
    3: pgettext_lazy("weekday of the month", "3rd"),
    4: pgettext_lazy("weekday of the month", "4th"),
    recurrence_rules.LAST: pgettext_lazy("weekday of the month", "last"),
}


def in_words(rule: str) -> str:
    """The rule in words; one that the form cannot say stays as it is written."""
    pattern = recurrence_rules.read(rule)
    if pattern is None:
        return rule
    if pattern.kind == recurrence_rules.ONCE:
        return _("once")
    days = {"days": phrases.listed(Weekday(day).label for day in pattern.weekdays)}
    if pattern.kind == recurrence_rules.MONTHLY:
        places = _counted(PLACES[place] for place in pattern.places)
        return _("%(places)s %(days)s of the month") % {**days, "places": places}
    return (_("every second week: %(days)s") if pattern.interval == 2 else _("every week: %(days)s")) % days


def _counted(places: Iterable[object]) -> str:
    return pgettext("list of ordinals", " and ").join(str(place) for place in places)
