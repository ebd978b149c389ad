"""Changes of a plan -> rows: sessions, agenda, seats, attendances, invitations. Callers hold the locks."""

from __future__ import annotations

from collections.abc import Iterable

from cases.models import Case
from cases.states import WITH_A_PLACE, CaseStatus
from mdt_portal import lifecycle
from mdt_portal.models import User
from scheduling.models import Proposal
from scheduling.problem import snapshot
from scheduling.problem.core.plan_diff import ChangeKind, PlanChange
from scheduling.sessions import confirmation, notifications, session_services
from scheduling.solver.core.plan import PlannedSession


def replaced(changes: Iterable[PlanChange]) -> set[int]:
    """The cases that got, changed or lost their start or room."""

    def place(session: PlannedSession | None) -> set[tuple[int, int, int | None]]:
        return {(item.case, item.start_min, session.room) for item in session.cases} if session else set()

    before = {one for change in changes for one in place(change.old)}
    after = {one for change in changes for one in place(change.new)}
    return {case for case, _start, _room in before ^ after}


def roles(seen: snapshot.Snapshot) -> dict[tuple[int, int], str]:
    """The discipline of each place, by (case, place)."""
    found = {(case.id, seat.id): seat.discipline for case in seen.problem.cases for seat in case.seats}
    return found | {(case.id, one.id): one.discipline for case in seen.problem.cases for one in case.optional}


class Writer:
    """Writes changes session by session. Every case leaves its old place before any takes a new one."""

    def __init__(self, seen: snapshot.Snapshot, proposal: Proposal | None, by: User | None) -> None:
        self.seen, self.proposal, self.by = seen, proposal, by
        self.affected = notifications.Affected()
        self.cases = Case.objects.in_bulk(list(seen.problem.case_of))

    def write(self, changes: Iterable[PlanChange]) -> notifications.Affected:
        """Returns whom it asked and whom it set free."""
        wanted = [change for change in changes if change.kind != ChangeKind.SAME]
        for change in wanted:
            if change.old is not None:
                self._give_up(change)
        for change in wanted:
            if change.new is not None:
                self._take(change)
        self._return_fallen(wanted)
        return self.affected

    def _give_up(self, change: PlanChange) -> None:
        session = self.seen.sessions[change.old.id]  # type: ignore[union-attr]
        if change.new is None:
            self.affected.add(session_services.cancel_row(session, by=self.by, why="session.replanned"))
        else:
            kept = {item.case: item for item in change.new.cases}
            for item in session.items.all():
                if item.case_id not in kept:
                    session_services.drop_item(item)

    def _take(self, change: PlanChange) -> None:
        planned: PlannedSession = change.new  # type: ignore[assignment]
        session = self.seen.sessions[change.old.id] if change.old else None
        session = session_services.place(
            session,
            team_id=planned.team,
            institution_id=planned.site,
            room_id=planned.room,
            start=self.seen.horizon.moment(planned.start_min),
            end=self.seen.horizon.moment(planned.end_min),
            proposal=self.proposal,
        )
        agenda = [
            session_services.Entry(
                case=self.cases[item.case],
                start=self.seen.horizon.moment(item.start_min),
                people={**item.seats, **item.optional},
            )
            for item in planned.cases
        ]
        remote = {expert for expert in planned.people() if not self.seen.problem.on_site(expert, planned.site)}
        new_place = change.old is not None and change.old.room != planned.room
        self.affected.add(session_services.set_agenda(session, agenda, remote=remote, new_place=new_place, by=self.by))
        for item in planned.cases:
            if self.cases[item.case].status == CaseStatus.WAITING:
                lifecycle.move(self.cases[item.case], CaseStatus.PLANNED, by=self.by, why="case.planned")
        confirmation.settle(session, by=self.by)

    def _return_fallen(self, changes: Iterable[PlanChange]) -> None:
        """Cases that lost their place and got no other wait again."""
        lost = {item.case for change in changes if change.old for item in change.old.cases}
        for case in Case.objects.filter(pk__in=lost, status__in=WITH_A_PLACE).exclude(items__active=True):
            lifecycle.move(case, CaseStatus.WAITING, by=self.by, why="case.unplaced")
