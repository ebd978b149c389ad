"""The hours of a week as people and hospitals give them: checked, cut at midnight, and said in words."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import time

from django.utils.translation import gettext as _

from experts.availability.core import pattern_text, week_pattern, week_text
from experts.availability.core.time_intervals import over_midnight, split_at_midnight, too_long
from experts.availability.core.week_pattern import WeekSpan
from experts.availability.core.week_text import Unreadable
from experts.models import Every, Weekday
from mdt_portal.errors import RuleError
from mdt_portal.i18n import clock, phrases

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


def checked_pattern(pattern: Iterable[WeekSpan | WeeklyHours]) -> list[WeekSpan]:
    """The weeks of a person in order, checked like `checked` does; what never falls into one week may overlap.

    Raises RuleError also for a rhythm that is none, or that has no start. The start becomes the Monday of its week.
    """
    given = [WeekSpan(*one) for one in pattern]
    for span in given:
        ends_after(span.start, span.end, whole_day=True)
        if span.weekday not in Weekday.values:
            raise RuleError(_("There is no weekday %(number)s.") % {"number": span.weekday}, code="unknown_weekday")
        if span.every not in Every.values:
            text = _("Choose every week, or every second, third or fourth one.")
            raise RuleError(text, code="unknown_rhythm", fields={"every": [text]})
        if span.every != Every.WEEK and span.since is None:
            text = _("Say from which week on.")
            raise RuleError(text, code="start_missing", fields={"since": [text]})
    begun = (one._replace(since=week_pattern.monday(one.since)) if one.since else one for one in given)
    wanted = week_pattern.in_order(week_pattern.split_at_midnight(begun))
    if clash := week_pattern.overlapping(wanted):
        words = {"first": in_words(clash[0]), "second": in_words(clash[1])}
        raise overlap(_("Two stretches overlap: %(first)s, and %(second)s.") % words, field="start")
    return wanted


def read(text: str) -> list[WeekSpan]:
    """The weeks that a text says, in either language. Raises RuleError with what is not understood, and an example."""
    try:
        return pattern_text.read(text)
    except Unreadable as unreadable:
        words = {"part": unreadable.part}
        said = {
            "order": _("“%(part)s”: the end must lie after the start."),
            "overlap": _("“%(part)s” overlaps."),
            "rhythm": _("“%(part)s”: write every 2 weeks, every 3 weeks or every 4 weeks."),
            "since": _("“%(part)s”: say from which week on, as in every 2 weeks from 2026-11-30."),
        }.get(unreadable.code, _("“%(part)s” is no time of the week. Write %(example)s."))
        text = said % (
            words | {"example": _("Mon 08:00–12:00, 14:00–18:00; Tue 09:00–12:00 every 2 weeks from 2026-11-30")}
        )
        raise RuleError(text, code="unreadable_week", fields={"week": [text]}) from None


def in_words(span: WeekSpan) -> str:
    """`Monday 08:00–12:00, every second week from the week of 30 Nov 2026`"""
    said = f"{Weekday(span.weekday).label} {week_text.write([span.hours])}"
    rhythm = str(Every(span.every).label) if span.every != Every.WEEK else ""
    if span.since is not None:
        rhythm = _("%(rhythm)s from the week of %(day)s") % {
            "rhythm": rhythm or Every.WEEK.label,
            "day": clock.full_day(span.since),
        }
    return phrases.line(said, rhythm)


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
