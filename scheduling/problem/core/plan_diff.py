"""What a plan changes against what is published: sessions matched, and per person what they will notice. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from scheduling.solver.core.plan import SESSION, PlannedSession
from scheduling.solver.core.reading import as_json, whole

Place = tuple[int, int]
PEOPLE = ("joins", "leaves", "shifted")


class ChangeKind(StrEnum):
    NEW = "new"
    MOVED = "moved"
    PEOPLE = "people"
    AGENDA = "agenda"
    CANCELLED = "cancelled"
    SAME = "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """One expert's part of a session, minutes since the horizon's start; `places` are (case, place id)."""

    start_min: int
    end_min: int
    places: frozenset[Place]
    roles: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChange:
    """One session before and after; `joins`, `leaves` and `shifted` are expert ids."""

    kind: ChangeKind
    old: PlannedSession | None
    new: PlannedSession | None
    joins: frozenset[int] = frozenset()
    leaves: frozenset[int] = frozenset()
    shifted: frozenset[int] = frozenset()

    @property
    def notified(self) -> frozenset[int]:
        """Who gets a message."""
        return self.joins | self.leaves | self.shifted


def to_json(changes: Iterable[PlanChange]) -> list[dict[str, Any]]:
    """The changes as JSON, minutes since the horizon's start; what stays the same is left out but for its number."""
    rows = list(changes)
    kept: list[dict[str, Any]] = [
        {
            "kind": str(one.kind),
            "old": as_json(one.old) if one.old else None,
            "new": as_json(one.new) if one.new else None,
            **{name: sorted(getattr(one, name)) for name in PEOPLE},
        }
        for one in rows
        if one.kind != ChangeKind.SAME
    ]
    same = {"kind": str(ChangeKind.SAME), "old": None, "new": None, **{name: [] for name in PEOPLE}}
    return [*kept, *([same] * (len(rows) - len(kept)))]


def from_json(kept: Iterable[dict[str, Any]]) -> list[PlanChange]:
    """The inverse of to_json."""
    return [
        PlanChange(
            kind=ChangeKind(one["kind"]),
            old=whole(SESSION, one["old"]) if one["old"] else None,
            new=whole(SESSION, one["new"]) if one["new"] else None,
            joins=frozenset(one["joins"]),
            leaves=frozenset(one["leaves"]),
            shifted=frozenset(one["shifted"]),
        )
        for one in kept
    ]


def stays(session: PlannedSession, minutes: Mapping[int, int], roles: Mapping[Place, str]) -> dict[int, Stay]:
    """Each expert's part: from the first start to the last end of the cases that need them, and as what.

    `minutes` by case, `roles` by place (disciplines).
    """
    found: dict[int, Stay] = {}
    for item in session.cases:
        end = item.start_min + minutes[item.case]
        for place, expert in (*item.seats.items(), *item.optional.items()):
            known = found.get(expert)
            found[expert] = Stay(
                start_min=min(known.start_min, item.start_min) if known else item.start_min,
                end_min=max(known.end_min, end) if known else end,
                places=(known.places if known else frozenset()) | {(item.case, place)},
                roles=(known.roles if known else frozenset()) | {roles.get((item.case, place), "")},
            )
    return found


def compare(
    published: Iterable[PlannedSession],
    planned: Iterable[PlannedSession],
    minutes: Mapping[int, int],
    roles: Mapping[Place, str],
) -> list[PlanChange]:
    """All sessions of both plans, matched, in the order of their starts."""
    changes = [_change(old, new, minutes, roles) for old, new in match(list(published), list(planned))]
    return sorted(changes, key=lambda change: ((change.new or change.old).start_min, (change.new or change.old).id))  # type: ignore[union-attr]


def match(
    published: list[PlannedSession], planned: list[PlannedSession]
) -> list[tuple[PlannedSession | None, PlannedSession | None]]:
    """Pairs of the same session before and after: the same id of a team first, then the most shared cases.

    A session of which no case remains is cancelled, not turned into another one.
    """
    left = {session.id: session for session in published}
    pairs: list[tuple[PlannedSession | None, PlannedSession | None]] = []
    open_sessions = []
    for new in planned:
        old = left.get(new.id)
        if old is not None and old.team == new.team and _shared(old, new):
            pairs.append((left.pop(new.id), new))
        else:
            open_sessions.append(new)
    candidates = sorted(
        ((-_shared(old, new), abs(old.start_min - new.start_min), old.id, new.id) for new in open_sessions
         for old in left.values() if old.team == new.team and _shared(old, new)),
    )  # fmt: skip
    by_id = {new.id: new for new in open_sessions}
    for _, _, old_id, new_id in candidates:
        if old_id in left and new_id in by_id:
            pairs.append((left.pop(old_id), by_id.pop(new_id)))
    pairs += [(None, new) for new in by_id.values()]
    pairs += [(old, None) for old in left.values()]
    return pairs


def _shared(one: PlannedSession, other: PlannedSession) -> int:
    return len({item.case for item in one.cases} & {item.case for item in other.cases})


def _change(
    old: PlannedSession | None, new: PlannedSession | None, minutes: Mapping[int, int], roles: Mapping[Place, str]
) -> PlanChange:
    before = stays(old, minutes, roles) if old else {}
    after = stays(new, minutes, roles) if new else {}
    moved = bool(old and new and (old.start_min, old.room) != (new.start_min, new.room))
    both = before.keys() & after.keys()
    shifted = {expert for expert in both if moved or _noticed(before[expert], after[expert])}
    return PlanChange(
        kind=_kind(old, new, before=before, after=after, moved=moved),
        old=old,
        new=new,
        joins=frozenset(after.keys() - before.keys()),
        leaves=frozenset(before.keys() - after.keys()),
        shifted=frozenset(shifted),
    )


def _noticed(before: Stay, after: Stay) -> bool:
    return (before.start_min, before.end_min, before.roles) != (after.start_min, after.end_min, after.roles)


def _kind(
    old: PlannedSession | None,
    new: PlannedSession | None,
    *,
    before: Mapping[int, Stay],
    after: Mapping[int, Stay],
    moved: bool,
) -> ChangeKind:
    if old is None:
        return ChangeKind.NEW
    if new is None:
        return ChangeKind.CANCELLED
    if moved:
        return ChangeKind.MOVED
    if before.keys() != after.keys():
        return ChangeKind.PEOPLE
    starts = [(item.case, item.start_min) for item in old.cases] != [(item.case, item.start_min) for item in new.cases]
    swapped = any(before[expert].places != after[expert].places for expert in before)
    return ChangeKind.AGENDA if starts or swapped or old.end_min != new.end_min else ChangeKind.SAME
