"""The hours of a week as people and hospitals give them: checked, and cut at midnight."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import time

from django.utils.translation import gettext as _

from experts.availability.core.time_intervals import over_midnight, split_at_midnight, too_long
from experts.models import Weekday
from mdt_portal.errors import RuleError

WeeklyHours = tuple[int, time, time]


def checked(hours: Iterable[WeeklyHours]) -> list[WeeklyHours]:
    """The hours (weekday with 0 = Monday, from, to) in order, none of them over midnight; an end at 00:00 is 24:00.

    Raises RuleError for an end that is a mistake, an unknown weekday, and stretches of one day that overlap.
    """
    given = list(hours)
    for weekday, start, end in given:
        ends_after(start, end, whole_day=True)
        if weekday not in Weekday.values:
            raise RuleError(_("There is no weekday %(number)s.") % {"number": weekday}, code="unknown_weekday")
    wanted = sorted(split_at_midnight(given))
    for first, second in itertools.pairwise(wanted):
        if first[0] == second[0] and (over_midnight(first[1:]) or second[1] < first[2]):
            raise overlap(
                _("%(weekday)s has two stretches that overlap: from %(first)s and from %(second)s.")
                % {"weekday": Weekday(first[0]).label, "first": f"{first[1]:%H:%M}", "second": f"{second[1]:%H:%M}"},
                field="start",
            )
    return wanted


def ends_after(start: time, end: time, *, whole_day: bool = False) -> None:
    """An end at or before the start lies past midnight, unless that would be a long time: then it is a mistake."""
    whole = start == end == time() and whole_day
    if (start == end and not whole) or too_long((start, end)):
        raise RuleError(
            _("The end must lie after the start."),
            code="ends_before_start",
            fields={"end": [_("Choose a time after %(start)s.") % {"start": f"{start:%H:%M}"}]},
        )


def overlap(message: str, *, field: str) -> RuleError:
    return RuleError(message, code="overlap", fields={field: [message]})
