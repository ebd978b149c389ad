"""Coordinators keep the standing times of their teams. Callers ask for `pool.edit` of the team first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.models import RareClass
from experts.availability.working_days import calendar
from experts.models import Team
from mdt_portal import audit
from mdt_portal.errors import RuleError
from mdt_portal.models import User
from scheduling.models import Block, BlockKind, Room
from scheduling.problem import blocks
from scheduling.problem.core import recurrence as rules
from scheduling.resources import recurrence_text

YEAR = 366
COLUMNS = ("team", "room", "first_day", "last_day", "start", "end", "recurrence", "reserved_class")


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of the rule; it falls out where the hospital does not work."""

    date: date
    falls_out: bool


def coming(block: Block, *, today: date, count: int = 8) -> list[Day]:
    """The next `count` days on which a block, saved or not, takes place; days on which it falls out stand between."""
    begin = max(today, block.first_day)
    known = calendar(block.team.institution)
    found: list[Day] = []
    for day in blocks.days(block, begin, 2 * YEAR):
        found.append(Day(date=day, falls_out=bool(block.recurrence) and not known.works(day)))
        if sum(not one.falls_out for one in found) == count:
            break
    return found


@transaction.atomic
def save(
    block: Block | None,
    *,
    team: Team,
    room: Room | None,
    first_day: date,
    last_day: date | None,
    start: time,
    end: time,
    recurrence: str,
    reserved_class: str = "",
    by: User | None,
) -> Block:
    """Write a standing time (an empty rule: one day only); None makes a new one.

    Sessions that are published already stay where they are. Refused: what ends before it starts, never takes place,
    lies in another hospital's room, or overlaps another time of the same team.
    """
    Team.objects.select_for_update(no_key=True).get(pk=team.pk)  # two changes of one team's times, one after the other
    row = Block(kind=BlockKind.STANDING) if block is None else Block.objects.select_for_update().get(pk=block.pk)
    values: dict[str, Any] = {
        "team": team,
        "room": room,
        "first_day": first_day,
        "last_day": last_day,
        "start": start,
        "end": end,
        "recurrence": written(recurrence, team),
        "reserved_class": reserved_class,
    }
    fields = [name for name in COLUMNS if block is None or getattr(row, name) != values[name]]
    for name, value in values.items():
        setattr(row, name, value)
    check(row)
    row.save()
    if fields:
        audit.record("block.added" if block is None else "block.changed", by=by, subject=row, fields=fields)
    return row


@transaction.atomic
def end(block: Block, *, by: User | None) -> Block | None:
    """From today on it takes place no more; one that has not begun vanishes (None)."""
    today = timezone.now().astimezone(block.team.institution.tz).date()
    audit.record("block.ended", by=by, subject=block, day=str(today))
    if block.first_day >= today:
        block.delete()
        return None
    yesterday = today - timedelta(days=1)
    block.last_day = min(block.last_day, yesterday) if block.last_day else yesterday
    block.save(update_fields=["last_day"])
    return block


def written(rule: str, team: Team) -> str:
    """A rule as it is kept: what calendars put around it falls away, its end is a day of the hospital's. One that does
    not hold stays as it was typed, so that `check` can say what is wrong."""
    text = rule.strip()
    try:
        return rules.read(text, zone=team.institution.tz).text if text else ""
    except rules.BadRule:
        return text


# What cannot be -------------------------------------------------------------------------------------------------------


def check(block: Block) -> None:
    """Raise RuleError with all that is wrong, by field."""
    wrong = _mistakes(block)
    if not wrong and (rival := _rival(block)):
        other, day = rival
        words = _("It overlaps another time of this team: %(day)s from %(start)s to %(end)s.")
        parts = {"day": day, "start": f"{other.start:%H:%M}", "end": f"{other.end:%H:%M}"}
        wrong["start"] = words % parts
    if wrong:
        listed = {name: [text] for name, text in wrong.items()}
        raise RuleError(" ".join(wrong.values()), code="invalid", fields=listed)


def _mistakes(block: Block) -> dict[str, str]:
    wrong = {}
    if block.end <= block.start:
        wrong["end"] = _("The end must lie after the start.")
    if block.last_day and block.last_day < block.first_day:
        wrong["last_day"] = _("The last day lies before the first day.")
    if block.room and block.room.institution_id != block.team.institution_id:
        wrong["room"] = _("The room belongs to another hospital than the team.")
    if block.reserved_class and block.reserved_class not in RareClass.values:
        wrong["reserved_class"] = _("There is no such class.")
    most = Block._meta.get_field("recurrence").max_length or 0
    try:
        if block.recurrence and len(rules.read(block.recurrence).text) > most:
            wrong["recurrence"] = _("The rule is too long: %(most)d characters at most.") % {"most": most}
    except rules.BadRule as error:
        wrong["recurrence"] = recurrence_text.wrong(error)
    if not wrong and not blocks.days(block, block.first_day, 2 * YEAR):
        wrong["recurrence"] = _("It would never take place between these days.")
    return wrong


def _rival(block: Block) -> tuple[Block, date] | None:
    """Another time of the team on the same day and hour, within two years of whichever begins later."""
    others = Block.objects.filter(team=block.team, start__lt=block.end, end__gt=block.start).exclude(pk=block.pk)
    today = timezone.now().date()
    for other in others:
        begin = max(block.first_day, other.first_day, today)
        shared = set(blocks.days(block, begin, 2 * YEAR)) & set(blocks.days(other, begin, 2 * YEAR))
        if shared:
            return other, min(shared)
    return None
