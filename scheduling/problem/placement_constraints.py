"""The pins and bans in force, in the solver's terms. Reads only; `planning.placement_constraints` writes them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from scheduling.models import Wish
from scheduling.problem.core.horizon import Horizon
from scheduling.solver.core import problem as pure


def in_force(cases: Iterable[int]) -> list[Wish]:
    """What the next plan has to obey for these cases (ids)."""
    return list(Wish.objects.in_force().filter(case__in=list(cases)).order_by("pk"))


def as_choices(
    wishes: Sequence[Wish], kind: str, horizon: Horizon, *, experts: Collection[int], rooms: Collection[int]
) -> tuple[pure.Choice, ...]:
    """The wishes of one kind in the solver's terms. One whose person or room is gone has no effect any more."""
    return tuple(
        pure.Choice(case=wish.case_id, expert=wish.expert_id, room=wish.room_id, **_minutes(wish, horizon))
        for wish in wishes
        if wish.kind == kind
        and (wish.expert_id is None or wish.expert_id in experts)
        and (wish.room_id is None or wish.room_id in rooms)
    )


def _minutes(wish: Wish, horizon: Horizon) -> dict[str, Any]:
    def inside(moment: datetime | None) -> int | None:
        return None if moment is None else min(max(horizon.minute_up(moment), 0), horizon.length_min)

    return {"from_min": inside(wish.start), "to_min": inside(wish.end)}
