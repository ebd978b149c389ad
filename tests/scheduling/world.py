"""A small hospital that can be planned: two radiologists, two pathologists, one surgeon, two rooms, one team."""

from __future__ import annotations

from dataclasses import dataclass, field

from cases.models import Case
from experts.models import Expert, Institution, Role, Team
from mdt_portal.models import User
from scheduling import planning, runs
from scheduling.models import PlanningRun, Proposal, Room
from tests import factories


@dataclass
class World:
    hospital: Institution
    team: Team
    rooms: list[Room]
    experts: list[Expert]
    cases: list[Case]
    coordinator: User = field(init=False)

    def __post_init__(self) -> None:
        self.coordinator = factories.user(Role.COORDINATOR, at=self.hospital)

    def request(self, **fields) -> PlanningRun:
        fields = {"horizon_start": factories.monday(), "horizon_days": 7, "seconds": 3} | fields
        return runs.request_run(by=self.coordinator, institutions=[self.hospital], **fields)

    def propose(self, **fields) -> Proposal:
        """Request a run and compute it in this process."""
        run = self.request(**fields)
        planning.execute(run.pk)
        run.refresh_from_db()
        assert run.status == "proposed", run.failure
        return run.proposals.get()


def small(cases: int = 3) -> World:
    hospital = factories.institution(grain_min=5)
    team = factories.team(at=hospital)
    experts = [
        factories.expert("RADIOL", at=hospital),
        factories.expert("RADIOL", at=hospital),
        factories.expert("PATH", at=hospital),
        factories.expert("PATH", at=hospital),
        factories.expert("THORSURG", at=hospital),
    ]
    seats = [("RADIOL", 3), ("PATH", 3), ("THORSURG", 2)]
    return World(
        hospital=hospital,
        team=team,
        rooms=[factories.room(at=hospital), factories.room(at=hospital)],
        experts=experts,
        cases=[factories.case_waiting(team=team, seats=seats) for _ in range(cases)],
    )
