"""A small hospital that can be planned: two radiologists, two pathologists, one surgeon, two rooms, one team."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from django.utils import timezone

from cases.models import Case
from experts.models import Expert, Institution, Role, Team
from mdt_portal.models import User
from scheduling.models import PlanningRun, Proposal, PublishedPlan, Room
from scheduling.planning import runs, worker
from scheduling.planning.search import SearchProgress
from scheduling.problem import snapshot
from scheduling.problem.core.horizon import Horizon
from scheduling.solver.core.plan import Goals, Plan, PlannedCase, PlannedSession
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

    def compute(self, **fields) -> PlanningRun:
        """Request a run and compute it here and now, in the transaction of the test.

        Without the lease that `worker.execute` keeps alive from a connection of its own, which could not see the run.
        """
        run = runs.claim(self.request(**fields).pk)
        assert run is not None
        searches: list[SearchProgress] = []
        solved = worker.solve(run, snapshot.take(run), watch=searches.append, should_stop=lambda: False)
        runs.keep_alive(run, searches[-1].points())
        worker.conclude(run, solved)
        run.refresh_from_db()
        assert run.status == "proposed", run.failure
        return run

    def executed(self, **fields) -> PlanningRun:
        """Request a run and let a worker's code do all of it, which needs a test that commits."""
        run = self.request(**fields)
        worker.execute(run.pk)
        run.refresh_from_db()
        assert run.status == "proposed", run.failure
        return run

    def propose(self, **fields) -> Proposal:
        return self.compute(**fields).proposals.get()

    def meeting(
        self, day: int, clock: str, people: Sequence[Mapping[int, Expert]], *, room: int = 0, number: int = 1
    ) -> PlannedSession:
        """A session on `day` of the week (0 = Monday): the first cases, 15 minutes each, with `people` by place."""
        monday = factories.monday()
        start = Horizon.around(monday, 7, self.hospital.tz).minute(
            factories.moment(monday + timedelta(days=day), clock, self.hospital)
        )
        cases = tuple(
            PlannedCase(
                case=self.cases[n].pk, start_min=start + 15 * n, seats={place: who.pk for place, who in seats.items()}
            )
            for n, seats in enumerate(people)
        )
        return PlannedSession(
            id=number,
            team=self.team.pk,
            site=self.hospital.pk,
            room=self.rooms[room].pk,
            start_min=start,
            end_min=start + 15 * len(cases),
            cases=cases,
        )

    @staticmethod
    def cut(session: PlannedSession, *numbers: int) -> PlannedSession:
        """The session with some of its cases only, counted from 0; they keep their starts."""
        return replace(session, cases=tuple(session.cases[number] for number in numbers))

    def offer(self, *sessions: PlannedSession) -> Proposal:
        """A proposal of exactly these sessions, on top of what is published now."""
        run = factories.run(self.hospital, status="proposed")
        goals = Goals(required_unplaced=0, required_late=0, suggested=0, effort=0)
        plan = Plan(status="feasible", goals=goals, sessions=sessions, unplaced=()).to_json()
        version = PublishedPlan.objects.filter(institution=self.hospital).values_list("version", flat=True).first() or 0
        base = {str(self.hospital.pk): version}
        return Proposal.objects.create(run=run, plan=plan, goals=plan["goals"], base_versions=base)


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


def wide(teams: int = 8, cases: int = 4) -> World:
    """As many teams with as many cases each, who share their people: work for more than one pair of hands.

    Every other case is urgent; the rest may come from ten or eleven of the planned Monday on. So there is something to
    search for whatever the weekday is: who takes each case as early as it goes meets twice.
    """
    world = small(0)
    notice_h = (factories.moment(factories.monday(), "11:00") - timezone.now()) // timedelta(hours=1)
    Institution.objects.filter(pk=world.hospital.pk).update(grain_min=15, answer_within_h=notice_h)
    for _ in range(teams):
        factories.expert("RADIOL", at=world.hospital)
        factories.expert("PATH", at=world.hospital)
        world.experts.append(factories.expert("THORSURG", at=world.hospital))
    seats = [("RADIOL", 3), ("PATH", 3), ("THORSURG", 2)]
    more = [factories.team(f"group{n}", at=world.hospital) for n in range(teams)]
    world.cases += [
        factories.case_waiting(team=team, seats=seats, urgency="routine" if number % 2 else "urgent")
        for team in more
        for number in range(cases)
    ]
    return world
