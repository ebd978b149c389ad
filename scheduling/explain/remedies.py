"""Apply what Why not? found to help: each remedy by the service that it needs. Applying one tries it once more.

ask_expert    the expert is asked; only their yes adds the time     open_block    the team gets an extra block once
relax_seat    a lower title for one seat of this case               extend_limit  a later limit
relax_room    without the equipment       relax_remote  by video    drop_constraints   the case's pins and bans end
open_place, move_others   nothing to apply: the next plan does it
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from cases.catalogue.core import requirement
from cases.catalogue.core.requirement import Requirement, SeatNeed
from cases.models import Case
from cases.services import relaxing, workflow
from experts.models import Affiliation, Expert
from mdt_portal import audit
from mdt_portal.errors import RuleError, StaleState
from mdt_portal.models import User
from scheduling.explain import time_requests, why_not
from scheduling.explain.why_not import WhyNot
from scheduling.models import Block, BlockKind, Proposal
from scheduling.planning import placement_constraints
from scheduling.problem.placement_constraints import in_force

if TYPE_CHECKING:
    from scheduling.solver.explain.explain import Remedy

WITH_REASON = ("relax_seat", "relax_room", "relax_remote", "open_block", "extend_limit")
"""What weakens a demand is kept with its reason."""

NEXT_PLAN = ("open_place", "move_others")


def apply(
    case: Case,
    *,
    by: User,
    code: str,
    seat: int | None = None,
    expert: int | None = None,
    reason: str = "",
    proposal: Proposal | None = None,
) -> Remedy:
    """Try the remedy again, then do what it needs. `expert` is an id. Raises StaleState where it no longer helps."""
    found = why_not.of(case, proposal=proposal)
    remedy = next((one for one in found.remedies if _key(one) == (code, seat, expert)), None)
    if remedy is None:
        raise StaleState(_("This would not help any more. Look again what would."))
    if code in WITH_REASON and not reason.strip():
        message = _("Please give a reason; it is kept.")
        raise RuleError(message, fields={"reason": [message]})
    with transaction.atomic():
        _ACTIONS[code](case, remedy, found, by, reason.strip())
    return remedy


def _key(remedy: Remedy) -> tuple[str, int | None, int | None]:
    return remedy.code, remedy.seat, why_not.expert_of(remedy)


def _ask(case: Case, remedy: Remedy, found: WhyNot, by: User, reason: str) -> None:
    expert = Expert.objects.get(pk=remedy.params["expert"])  # type: ignore[misc]  # an id
    time_requests.ask(
        case, by=by, expert=expert, start=_at(found, remedy.start_min), end=_at(found, remedy.end_min), note=reason
    )


def _relax_seat(case: Case, remedy: Remedy, _found: WhyNot, by: User, reason: str) -> None:
    """The title falls only as far as the person needs whom the remedy found."""
    answer = requirement.from_json(case.requirement or {})
    assert isinstance(answer, Requirement), "a case in the pool has one"
    ranks = Affiliation.objects.filter(expert=why_not.expert_of(remedy)).select_related("title")
    rank = max((row.title.rank for row in ranks), default=0)
    assert remedy.seat is not None
    seats = _lowered(answer.seats, remedy.seat, rank)
    workflow.override(case, by=by, tier=answer.tier, reason=reason, seats=seats)


def _lowered(seats: tuple[SeatNeed, ...], place: int, rank: int) -> list[SeatNeed]:
    """The needs with the seat of this number (counted from 1, as `places` does) at a lower rank."""
    lowered: list[SeatNeed] = []
    number = 0
    for need in seats:
        mine = number < place <= number + need.count
        number += need.count
        if mine and need.count > 1:
            lowered.append(replace(need, count=need.count - 1))
        lowered.append(replace(need, count=1, min_rank=min(rank, need.min_rank)) if mine else need)
    return lowered


def _relax_room(case: Case, _remedy: Remedy, _found: WhyNot, by: User, reason: str) -> None:
    relaxing.without_equipment(case, by=by, reason=reason)


def _relax_remote(case: Case, _remedy: Remedy, _found: WhyNot, by: User, reason: str) -> None:
    relaxing.by_video(case, by=by, reason=reason)


def _open_block(case: Case, remedy: Remedy, found: WhyNot, by: User, reason: str) -> None:
    assert case.team is not None
    zone = case.team.institution.tz
    start, end = (_at(found, minute).astimezone(zone) for minute in (remedy.start_min, remedy.end_min))
    block = Block.objects.create(
        team=case.team,
        kind=BlockKind.OPENED,
        first_day=start.date(),
        last_day=start.date(),
        start=start.time(),
        end=end.time(),
    )
    audit.record("block.opened", by=by, subject=block, case=case.pk, reason=reason)


def _extend(case: Case, remedy: Remedy, found: WhyNot, by: User, reason: str) -> None:
    relaxing.extend_limit(case, by=by, due_at=_at(found, remedy.start_min), reason=reason)


def _drop_constraints(case: Case, _remedy: Remedy, _found: WhyNot, by: User, _reason: str) -> None:
    for constraint in in_force([case.pk]):
        placement_constraints.withdraw(constraint, by=by)


def _nothing(_case: Case, _remedy: Remedy, _found: WhyNot, _by: User, _reason: str) -> None:
    """The next plan does it."""


def _at(found: WhyNot, minute: int) -> datetime:
    return found.basis.horizon.moment(minute)


_ACTIONS: dict[str, Callable[[Case, Remedy, WhyNot, User, str], None]] = {
    "ask_expert": _ask,
    "relax_seat": _relax_seat,
    "relax_room": _relax_room,
    "relax_remote": _relax_remote,
    "open_block": _open_block,
    "extend_limit": _extend,
    "drop_constraints": _drop_constraints,
    "open_place": _nothing,
    "move_others": _nothing,
}
