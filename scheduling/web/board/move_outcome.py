"""What a change by hand would do, in words: findings, people on the seats, and what others changed meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.cache import cache

from experts.models import Discipline
from scheduling.board import fixed_sessions, moves
from scheduling.board.core.severity import Severity
from scheduling.board.dry_run import Check
from scheduling.problem.core.plan_diff import ChangeKind, PlanChange, compare
from scheduling.selectors.review import ReviewRow, Words

KEEP_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatChange:
    """Who takes a seat before and after; no `after` means that it stays open."""

    discipline: Discipline | str
    before: str
    after: str

    @property
    def changed(self) -> bool:
        return bool(self.before) and self.before != self.after


def of(check: Check | None) -> dict[str, Any]:
    """What a check found, for the dialog; and the week as it was seen, kept for a while, to tell what changed since."""
    if check is None:
        return {"check": None}
    editable = check.editable
    week = fixed_sessions.to_json(editable.what_if.sessions.values(), editable.horizon)
    cache.set(_kept_key(check, editable.version), week, KEEP_S)
    changes = [change for change in check.changes if change.kind != ChangeKind.SAME]
    words = Words(editable.horizon, changes)
    levels = {warning.level for warning in check.warnings}
    return {
        "check": check,
        "warnings": check.warnings,
        "blocked": Severity.BLOCK in levels,
        "wants_word": bool(levels & set(moves.NEEDS_ACKNOWLEDGEMENT)),
        "rows": [words.row(change) for change in changes],
        "notified": words.notified(),
        "seats": _seats(check, words),
    }


def _seats(check: Check, words: Words) -> list[SeatChange]:
    """Who sits where in the cases that move; the same seat of several cases counts once."""
    draft = check.draft
    if draft is None:
        return []
    known = {row.key: row for row in Discipline.objects.all()}
    before = {item.case: item for session in draft.before for item in session.cases}
    found: dict[tuple[str, int | None, int | None], SeatChange] = {}
    for item in (item for session in draft.after for item in session.cases if item.case in draft.cases):
        old = before.get(item.case)
        for place in check.editable.seen.problem.case_of[item.case].seats:
            was, now = (old.seats.get(place.id) if old else None), item.seats.get(place.id)
            found[place.discipline, was, now] = SeatChange(
                discipline=known.get(place.discipline, place.discipline),
                before=str(words.people[was]) if was in words.people else "",
                after=str(words.people[now]) if now in words.people else "",
            )
    return sorted(found.values(), key=lambda seat: (not seat.changed, bool(seat.after)))


# What changed meanwhile -----------------------------------------------------------------------------------------------


def _kept_key(check: Check, version: int | str) -> str:
    horizon = check.editable.horizon
    return f"board:{check.institution.pk}:{version}:{horizon.first_day}:{horizon.days}"


def meanwhile(check: Check | None, fingerprint: str) -> list[ReviewRow]:
    """What others changed since the dialog was opened; nothing where the earlier week is not kept any more."""
    kept = cache.get(_kept_key(check, fingerprint.partition(".")[0])) if check else None
    if check is None or kept is None:
        return []
    editable = check.editable
    minutes = {case.id: case.duration_min for case in editable.seen.problem.cases}
    then = fixed_sessions.from_json(kept, editable.horizon)
    known = [replaced for replaced in then if all(item.case in minutes for item in replaced.cases)]
    changes: list[PlanChange] = compare(known, editable.what_if.sessions.values(), minutes, {})
    changed = [change for change in changes if change.kind != ChangeKind.SAME]
    words = Words(editable.horizon, changed)
    return [words.row(change) for change in changed]
