"""A recurrence rule in the reader's language: `every second Thursday`, `2nd and 4th Thursday of the month`."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from experts.models import Weekday
from mdt_portal.i18n import phrases
from scheduling.problem.core import recurrence
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


def wrong(error: recurrence.BadRule) -> str:
    """What is wrong with a text that is no rule, and what would be right."""
    values = {"part": error.part, "value": error.value}
    if error.why == "bounds":
        least, most = recurrence.bounds(error.part)
        return _("%(part)s must be a number from %(least)d to %(most)d, not %(value)s.") % {
            **values, "least": least, "most": most,
        }  # fmt: skip
    if error.why == "together" and error.part == "BYDAY":
        return _("Numbered weekdays such as 2TH go with FREQ=MONTHLY or YEARLY, not with %(value)s.") % values
    return str(_WRONG[error.why]) % values


_WRONG = {
    "shape": gettext_lazy("That is not a recurrence rule; an example is FREQ=WEEKLY;INTERVAL=2;BYDAY=TH."),
    "unknown": gettext_lazy("A recurrence rule has no part %(part)s."),
    "twice": gettext_lazy("%(part)s stands in the rule twice."),
    "frequency": gettext_lazy("The rule needs FREQ=DAILY, WEEKLY, MONTHLY or YEARLY."),
    "number": gettext_lazy("%(part)s needs a whole number, not “%(value)s”."),
    "weekday": gettext_lazy("“%(value)s” in %(part)s is not a weekday; they are MO, TU, WE, TH, FR, SA and SU."),
    "until": gettext_lazy("“%(value)s” is not a day for UNTIL; an example is UNTIL=20261231."),
    "together": gettext_lazy("%(part)s does not go with FREQ=%(value)s."),
    "count_and_until": gettext_lazy("A rule ends by COUNT or by UNTIL, not by both."),
    "times_of_day": gettext_lazy("%(part)s does not belong into the rule: the time of day has fields of its own."),
    "exceptions": gettext_lazy(
        "%(part)s cannot be taken: write the rule alone; single days off are set under Holidays."
    ),
    "positions": gettext_lazy("BYSETPOS needs another part that says among which days, such as BYDAY."),
}


def _counted(places: Iterable[object]) -> str:
    return pgettext("list of ordinals", " and ").join(str(place) for place in places)
