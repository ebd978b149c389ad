"""Pins and bans of single cases: where, when and with whom a case must or must not be discussed.

    add ──▶ in force ──▶ obeyed by every later plan ──withdraw──▶ history

What contradicts itself is refused here. What merely cannot be kept leaves the case without a place; Why not? says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.models import Case
from cases.states import PLANNABLE
from experts.models import Expert
from mdt_portal import audit
from mdt_portal.errors import RuleError, StaleState
from mdt_portal.models import User
from scheduling.models import AgendaItem, PlacementConstraint, PlacementConstraintKind, Room
from scheduling.problem import published
from scheduling.problem.candidates import Pool
from scheduling.problem.places import places

Window = tuple[datetime | None, datetime | None]


@transaction.atomic
def add(
    case: Case,
    *,
    by: User | None,
    kind: str,
    expert: Expert | None = None,
    room: Room | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    reason: str = "",
) -> PlacementConstraint:
    """Pin or forbid a combination for `case`. Raises RuleError when it is empty, impossible or against another wish."""
    case = Case.objects.select_for_update(of=("self",)).select_related("team__institution").get(pk=case.pk)
    constraint = PlacementConstraint(
        kind=PlacementConstraintKind(kind),
        case=case,
        expert=expert,
        room=room,
        start=start,
        end=end,
        reason=reason.strip(),
        by=by,
    )
    _plannable(case)
    _possible(constraint)
    for other in case.placement_constraints.in_force().with_names():
        _agrees(constraint, other)
    if constraint.kind == PlacementConstraintKind.PIN and expert is not None:
        _seats_for_all(constraint)
    constraint.save(force_insert=True)
    audit.record(
        "placement_constraint.added",
        by=by,
        subject=case,
        constraint=constraint.pk,
        kind=constraint.kind,
        reason=constraint.reason,
    )
    return constraint


@transaction.atomic
def withdraw(constraint: PlacementConstraint, *, by: User | None) -> PlacementConstraint:
    """The next plan obeys it no more. Plans that were computed with it stay what they are."""
    ended = PlacementConstraint.objects.filter(pk=constraint.pk, ended_at=None).update(
        ended_at=timezone.now(), ended_by=by
    )
    if not ended:
        raise StaleState(_("This was withdrawn already."))
    constraint.refresh_from_db()
    audit.record("placement_constraint.withdrawn", by=by, subject=constraint.case, constraint=constraint.pk)
    return constraint


# What is refused ------------------------------------------------------------------------------------------------------


def _plannable(case: Case) -> None:
    if case.status not in PLANNABLE or case.team is None:
        raise RuleError(_("Only a case that waits for a place or has one can be pinned."), code="not_plannable")
    item = AgendaItem.objects.filter(case=case, active=True).select_related("session").first()
    if item is not None and published.immovable(item.session, timezone.now()):
        raise RuleError(
            _("%(case)s is confirmed or begins within a day: no plan moves it any more.") % {"case": case},
            code="immovable",
        )


def _possible(constraint: PlacementConstraint) -> None:
    if not constraint.parts:
        message = _("Choose a person, a room or a time.")
        raise RuleError(message, code="empty", fields={"expert": [message]})
    if constraint.start and constraint.end and constraint.end <= constraint.start:
        raise _wrong("end", _("The end must lie after the start."))
    if constraint.end and constraint.end <= timezone.now():
        raise _wrong("end", _("This time is over."))
    if constraint.room is not None:
        _room_fits(constraint, constraint.room)


def _room_fits(constraint: PlacementConstraint, room: Room) -> None:
    assert constraint.case.team is not None
    names = {"room": room.name, "case": constraint.case}
    if room.institution_id != constraint.case.team.institution_id:
        raise _wrong("room", _("%(room)s is not in the hospital of the case's team.") % names)
    if constraint.kind == PlacementConstraintKind.PIN and not room.active:
        raise _wrong("room", _("%(room)s is no longer in use.") % names)
    if constraint.kind == PlacementConstraintKind.PIN and not set(constraint.case.equipment) <= set(room.equipment):
        raise _wrong("room", _("%(room)s lacks equipment that %(case)s needs.") % names)


def _agrees(constraint: PlacementConstraint, other: PlacementConstraint) -> None:
    """Both can be kept at once, or RuleError."""
    if (constraint.kind, constraint.parts) == (other.kind, other.parts):
        raise RuleError(_("%(case)s has this pin or ban already.") % {"case": constraint.case}, code="known")
    if constraint.kind == other.kind == PlacementConstraintKind.PIN:
        if constraint.room_id and other.room_id and constraint.room_id != other.room_id:
            assert other.room is not None
            words = {"case": constraint.case, "room": other.room.name}
            raise _against("room", _("%(case)s is pinned to %(room)s. Withdraw that pin first.") % words)
        if not _meet((constraint.start, constraint.end), (other.start, other.end)):
            raise _against(
                "start", _("%(case)s is pinned to another time. Withdraw that pin first.") % {"case": constraint.case}
            )
    elif constraint.kind != other.kind:
        pin, ban = (constraint, other) if constraint.kind == PlacementConstraintKind.PIN else (other, constraint)
        if _rules_out(ban, pin):
            field = next(iter(constraint.parts))
            raise _against(field, _("One pin and one ban of %(case)s exclude each other.") % {"case": constraint.case})


def _meet(one: Window, other: Window) -> bool:
    """Whether the two half-open windows have a moment in common."""
    starts = [moment for moment in (one[0], other[0]) if moment]
    ends = [moment for moment in (one[1], other[1]) if moment]
    return not starts or not ends or max(starts) < min(ends)


def _rules_out(ban: PlacementConstraint, pin: PlacementConstraint) -> bool:
    """Whether whatever keeps the pin is banned: each part of the ban holds wherever the pin does."""
    return (
        ban.expert_id in (None, pin.expert_id)
        and ban.room_id in (None, pin.room_id)
        and (ban.start is None or (pin.start is not None and pin.start >= ban.start))
        and (ban.end is None or (pin.end is not None and pin.end <= ban.end))
    )


def _seats_for_all(constraint: PlacementConstraint) -> None:
    """Everybody who is pinned to the case can have a place of their own."""
    case, expert = constraint.case, constraint.expert
    assert case.team is not None
    assert expert is not None
    open_to = seatings(case)
    if not any(expert.pk in people for people in open_to.values()):
        words = {"expert": expert.name, "case": case}
        raise _wrong("expert", _("%(expert)s can take no seat of %(case)s.") % words)
    pinned = [
        *case.placement_constraints.in_force()
        .filter(kind=PlacementConstraintKind.PIN, expert__isnull=False)
        .values_list("expert", flat=True)
    ]
    if not _all_seated({*pinned, expert.pk}, open_to):
        words = {"expert": expert.name}
        raise _against("expert", _("Others are pinned to the seats that %(expert)s could take.") % words)


def seatings(case: Case) -> dict[int, tuple[int, ...]]:
    """By place of the case, the experts (ids) who may take it."""
    assert case.team is not None
    site = case.team.institution
    pool = Pool([site], timezone.now().astimezone(site.tz).date())
    return {place.id: pool.candidates(place, site=site.pk, remote_ok=case.remote_ok) for place in places(case)}


def _all_seated(people: Iterable[int], open_to: dict[int, tuple[int, ...]]) -> bool:
    """A bipartite matching that gives each of `people` a place of their own."""
    taken: dict[int, int] = {}

    def seat(person: int, tried: set[int]) -> bool:
        for place, candidates in open_to.items():
            if person in candidates and place not in tried:
                tried.add(place)
                if place not in taken or seat(taken[place], tried):
                    taken[place] = person
                    return True
        return False

    return all(seat(person, set()) for person in sorted(people))


def _wrong(field: str, message: str) -> RuleError:
    return RuleError(message, code="impossible", fields={field: [message]})


def _against(field: str, message: str) -> RuleError:
    return RuleError(message, code="contradiction", fields={field: [message]})
