"""The pins and bans in force, in the solver's terms. Reads only; `planning.placement_constraints` writes them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from scheduling.models import PlacementConstraint
from scheduling.problem.core.horizon import Horizon
from scheduling.solver.core import problem as pure


def in_force(cases: Iterable[int]) -> list[PlacementConstraint]:
    """What the next plan has to obey for these cases (ids)."""
    return list(PlacementConstraint.objects.in_force().filter(case__in=list(cases)).order_by("pk"))


def as_choices(
    placement_constraints: Sequence[PlacementConstraint],
    kind: str,
    horizon: Horizon,
    *,
    experts: Collection[int],
    rooms: Collection[int],
) -> tuple[pure.Choice, ...]:
    """The wishes of one kind in the solver's terms. One whose person or room is gone has no effect any more."""
    return tuple(
        pure.Choice(
            case=constraint.case_id,
            expert=constraint.expert_id,
            room=constraint.room_id,
            **_minutes(constraint, horizon),
        )
        for constraint in placement_constraints
        if constraint.kind == kind
        and (constraint.expert_id is None or constraint.expert_id in experts)
        and (constraint.room_id is None or constraint.room_id in rooms)
    )


def _minutes(constraint: PlacementConstraint, horizon: Horizon) -> dict[str, Any]:
    def inside(moment: datetime | None) -> int | None:
        return None if moment is None else min(max(horizon.minute_up(moment), 0), horizon.length_min)

    return {"from_min": inside(constraint.start), "to_min": inside(constraint.end)}
