"""Builds a whole demo in one transaction. The same size, seed and day give the same data."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from cases.catalogue import rulebook
from cases.catalogue.core import vocabulary
from cases.catalogue.core.evaluation import Rule
from experts.availability import working_days
from scheduling.demo import accounts, hours, past, people, places, referrals, teams
from scheduling.demo.names import Names
from scheduling.demo.sizes import SIZES

CATALOGUE_IN_FORCE_DAYS = 90
TO_REVIEW = 3


@transaction.atomic
def seed(size_name: str, *, number: int, now: datetime) -> None:
    """Fill an empty database. `number` is the seed."""
    size = SIZES[size_name]
    today = now.astimezone(ZoneInfo(places.ZONE)).date()
    rules = _catalogue(today)
    names = Names(_stream(number, "names"))
    week = working_days.Calendar(country=places.COUNTRY).next_monday(today)
    sites = places.build(size, week=week, rng=_stream(number, "places"))
    hired = people.hire(sites, size, rules=rules, names=names, rng=_stream(number, "people"))
    formed = teams.form(sites, hired, size, week=week, rules=rules, rng=_stream(number, "teams"))
    hours.give(hired, formed, week=week, rng=_stream(number, "hours"))
    referrers = accounts.open_all(sites, hired, formed, names=names, rng=_stream(number, "accounts"))
    world = referrals.World(
        sites=sites,
        referrers=referrers,
        groups=referrals.groups_of((one.group for one in formed), size.others),
        rules=rules,
        names=names,
        rng=_stream(number, "referrals"),
        now=now,
        week_start=datetime.combine(week, places.MORNING[0], sites[0].row.tz),
    )
    referrals.send(size, world)
    past.hold(replace(world, rng=_stream(number, "past")), formed, hired)
    referrals.date_back()


def _catalogue(today: date) -> tuple[Rule, ...]:
    """The project's own rules, in force for a while already; some are due for review. Tests check the file; here that
    would cost seconds."""
    raws = json.loads(vocabulary.CATALOGUE_FILE.read_text(encoding="utf-8"))["rules"]
    since = today - timedelta(days=CATALOGUE_IN_FORCE_DAYS)
    for number, raw in enumerate(raws):
        raw["review_by"] = (since + timedelta(days=CATALOGUE_IN_FORCE_DAYS if number < TO_REVIEW else 365)).isoformat()
    why = "Starting catalogue"
    rulebook.load(raws, by=None, publish_from=since, reason=why, unapproved=why)
    return rulebook.in_force(today)


def _stream(number: int, part: str) -> random.Random:
    """Random numbers of one part, so that a change in one part leaves the others as they were."""
    return random.Random(f"{number}/{part}")  # noqa: S311  not for secrets
