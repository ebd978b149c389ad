"""The agenda of a proposed plan, session by session: which case when, where and with whom, for pinning."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime

from cases.models import Case
from experts.models import Expert, Team
from mdt_portal import access
from mdt_portal.i18n import phrases
from mdt_portal.models import User
from scheduling.models import Proposal, Room
from scheduling.problem.core.horizon import Horizon
from scheduling.solver.core.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One case that the reader may see. `late`: it begins after its limit."""

    case: Case
    start: datetime
    people: str
    late: bool
    pinned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    team: Team
    room: Room | None
    start: datetime
    end: datetime
    items: list[Item]
    late: int


def of(proposal: Proposal, horizon: Horizon, user: User, *, constrained: Container[int]) -> list[Meeting]:
    """All sessions of the plan in the order of their starts; five queries, however many there are."""
    sessions = sorted(Plan.from_json(proposal.plan).sessions, key=lambda one: (one.start_min, one.id))
    teams = Team.objects.select_related("institution").in_bulk({one.team for one in sessions})
    rooms = Room.objects.in_bulk({one.room for one in sessions if one.room is not None})
    people = Expert.objects.in_bulk({pk for one in sessions for pk in one.people()})
    ids = [item.case for one in sessions for item in one.cases]
    cases = {case.pk: case for case in access.visible(user, Case.objects.filter(pk__in=ids))}
    found = []
    for session in sessions:
        items = [
            Item(
                case=cases[item.case],
                start=horizon.moment(item.start_min),
                people=phrases.listed(people[pk].name for pk in item.people() if pk in people),
                late=cases[item.case].overdue(horizon.moment(item.start_min)),
                pinned=item.case in constrained,
            )
            for item in session.cases
            if item.case in cases
        ]
        found.append(
            Meeting(
                team=teams[session.team],
                room=rooms.get(session.room) if session.room is not None else None,
                start=horizon.moment(session.start_min),
                end=horizon.moment(session.end_min),
                items=items,
                late=sum(item.late for item in items),
            )
        )
    return found
