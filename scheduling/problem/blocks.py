"""When a block takes place: its recurrence rule written out in the hospital's wall time."""

from __future__ import annotations

from datetime import date

from experts.availability.core.time_intervals import Stretch, on_day
from experts.availability.working_days import Calendar, calendar
from scheduling.models import Block
from scheduling.problem.core import recurrence


def days(block: Block, first_day: date, count: int) -> list[date]:
    """The days, of `count` from `first_day`, on which the block takes place, whatever the holidays.

    A rule that does not hold (kept before rules were checked in every part) takes place on no day.
    """
    last_day = date.fromordinal(min(first_day.toordinal() + count - 1, date.max.toordinal()))
    if block.last_day:
        last_day = min(last_day, block.last_day)
    if not block.recurrence:
        return [block.first_day] if first_day <= block.first_day <= last_day else []
    try:
        rule = recurrence.read(block.recurrence)
    except recurrence.BadRule:
        return []
    return recurrence.days(rule, block.first_day, first_day, last_day)


def stretches(block: Block, first_day: date, count: int, *, known: Calendar | None = None) -> list[Stretch]:
    """The block's stretches in UTC; a standing block does not take place on a day that is not worked.

    Pass the hospital's calendar as `known` when many blocks are asked about.
    """
    institution = block.team.institution
    known = known or calendar(institution)
    return [
        on_day(day, (block.start, block.end), institution.tz)
        for day in days(block, first_day, count)
        if known.works(day) or not block.recurrence
    ]
