"""What publishing drafts, or withdrawing a version, would do to the cases of this house. Reads only.

A constant number of queries, however many cases there are.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q

from cases.catalogue import rulebook
from cases.catalogue.core import effect, requirement
from cases.catalogue.core.effect import DisciplineLoad, Effect, EvaluatedCase, TierChange
from cases.catalogue.core.evaluation import Rule
from cases.catalogue.core.requirement import Requirement
from cases.models import Case, CatalogueRule
from cases.selectors import case_facts
from cases.states import NOT_EVALUATED, QUEUED
from experts import roles
from experts.models import Role
from mdt_portal import access
from mdt_portal.models import User

DAYS = 90
LISTED = 50
_FACTS = ("pk", "code", "urgency", *case_facts.COLUMNS)
_ORDER = ("required", "suggested", effect.UNDECIDED, "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """How many cases would go from one tier to another."""

    before: str
    after: str
    waiting: int
    recent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A waiting case that would change tier; `link` says whether the reader may open it."""

    case: Case
    before: str
    after: str
    link: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The effect in figures. `named` are the first waiting cases that change, as far as the reader may know them."""

    on: date
    waiting: int
    recent: int
    moves: tuple[Moved, ...]
    otherwise: int
    by_hand: int
    loads: tuple[DisciplineLoad, ...]
    named: tuple[Named, ...]
    waiting_changed: int
    seconds: float


def of_drafts(drafts: Sequence[CatalogueRule], *, on: date, now: datetime, reader: User) -> Preview:
    """What it would change if `drafts` counted from day `on`."""
    before = rulebook.in_force(on)
    keys = {draft.key for draft in drafts}
    words = rulebook.known_words()
    after = [*(rule for rule in before if rule.key not in keys), *(rulebook.parsed(row, words) for row in drafts)]
    return _of(before, after, on=on, now=now, reader=reader)


def of_withdrawal(row: CatalogueRule, *, on: date, now: datetime, reader: User) -> Preview:
    """What it would change if a version did not count any more."""
    return _of(rulebook.in_force(on), rulebook.in_force(on, without=row), on=on, now=now, reader=reader)


def _of(before: Sequence[Rule], after: Sequence[Rule], *, on: date, now: datetime, reader: User) -> Preview:
    started = time.monotonic()
    found = effect.compare(_evaluated(now), before, after, weeks=DAYS / 7)
    waiting = [change for change in found.changes if change.case.waiting]
    return Preview(
        on=on,
        waiting=found.waiting,
        recent=found.recent,
        moves=_moves(found),
        otherwise=found.otherwise,
        by_hand=found.by_hand,
        loads=tuple(sorted(found.loads, key=_weight)),
        named=_named(waiting, reader),
        waiting_changed=len(waiting),
        seconds=time.monotonic() - started,
    )


def _evaluated(now: datetime) -> list[EvaluatedCase]:
    """The waiting cases and those of the last 90 days; two queries."""
    since = now - timedelta(days=DAYS)
    rows = Case.objects.exclude(status__in=NOT_EVALUATED).filter(Q(status__in=QUEUED) | Q(submitted_at__gte=since))
    by_hand = {
        pk: requirement.from_json(raw)
        for pk, raw in rows.filter(override__isnull=False).values_list("pk", "requirement")
        if raw
    }
    return [
        EvaluatedCase(
            key=case.pk,
            facts=case_facts.facts_of(case),  # type: ignore[arg-type]  # a row with just what it reads
            waiting=case.status in QUEUED,
            recent=case.submitted_at is not None and case.submitted_at >= since,
            by_hand=answer if isinstance(answer := by_hand.get(case.pk), Requirement) else None,
        )
        for case in rows.order_by().values_list(*_FACTS, "status", "submitted_at", named=True)
    ]


def _moves(found: Effect) -> tuple[Moved, ...]:
    waiting = Counter((one.before, one.after) for one in found.changes if one.case.waiting)
    recent = Counter((one.before, one.after) for one in found.changes if one.case.recent)
    pairs = sorted({*waiting, *recent}, key=lambda pair: (_ORDER.index(pair[1]), _ORDER.index(pair[0])))
    return tuple(Moved(before=old, after=new, waiting=waiting[old, new], recent=recent[old, new]) for old, new in pairs)


def _weight(load: DisciplineLoad) -> tuple[float, float, str]:
    """The largest change first, then the busiest."""
    return -abs(load.minutes_after - load.minutes_before), -load.minutes_after, load.discipline


def _named(changes: Sequence[TierChange], reader: User) -> tuple[Named, ...]:
    """Cases by their number: those that one may see, and those of the hospitals whose catalogue one keeps."""
    by_key = {change.case.key: change for change in changes}
    rows = Case.objects.filter(pk__in=by_key).select_related("institution")
    open_to = set(access.visible(reader, rows).values_list("pk", flat=True))
    kept = roles.reach(reader, Role.CATALOGUE_ADMIN)
    listed = rows.filter(Q(pk__in=open_to) | Q(institution__in=kept)).nearest_limit_first()[:LISTED]  # type: ignore[attr-defined]
    return tuple(
        Named(case=case, before=by_key[case.pk].before, after=by_key[case.pk].after, link=case.pk in open_to)
        for case in listed
    )
