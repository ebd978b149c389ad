"""The solver's codes in words: broken rules and reasons, with names for ids and clock times for minutes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from cases.models import Case
from experts.models import Discipline, Expert, Team
from mdt_portal import clock
from scheduling.clock import Horizon
from scheduling.models import Room
from scheduling.snapshot import Snapshot
from scheduling.solver.rules import Violation
from scheduling.solver.sentences import SENTENCES

MOMENTS = {"from", "to", "start", "earliest", "release"}


def violations_text(violations: Iterable[Violation], seen: Snapshot) -> str:
    """Broken rules as sentences, one after the other."""
    found = list(violations)
    names = names_of([violation.params for violation in found])
    return " ".join(_(SENTENCES[one.code]) % in_words(one.params, names, seen.horizon) for one in found)


def in_words(params: Mapping[str, Any], names: Mapping[tuple[str, int], str], horizon: Horizon) -> dict[str, Any]:
    """Parameters for a sentence: an id becomes a name where one is known, a minute becomes a clock time."""
    words = {}
    for key, value in params.items():
        if key in MOMENTS and isinstance(value, int):
            moment = horizon.moment(value).astimezone(horizon.zone)
            words[key] = f"{clock.day(moment.date())} {clock.hour(moment)}"
        else:
            words[key] = names.get((key, value), value) if isinstance(value, int | str) else value
    return words


def names_of(params: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int | str], str]:
    """The names of all people, rooms, teams, cases and disciplines that these parameters speak of; five queries."""
    ids: dict[str, set[int]] = {"expert": set(), "room": set(), "team": set(), "case": set()}
    for one in params:
        for kind, known in ids.items():
            if isinstance(one.get(kind), int):
                known.add(one[kind])
    names: dict[tuple[str, int | str], str] = {}
    for kind, model in (("expert", Expert), ("room", Room), ("team", Team), ("case", Case)):
        if ids[kind]:
            names |= {(kind, pk): str(row) for pk, row in model.objects.in_bulk(ids[kind]).items()}
    if any("discipline" in one for one in params):
        names |= {("discipline", row.key): row.name for row in Discipline.objects.all()}
    return names
