"""Who could take an open seat of a published session, judged by the same rules as every plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from experts import titles
from experts.models import Expert
from scheduling.models import Attendance, Seat
from scheduling.problem import snapshot
from scheduling.problem.core.horizon import Horizon
from scheduling.solver import rules
from scheduling.solver.core import problem as problem_format
from scheduling.solver.core.plan import Goals, Plan, PlannedCase, PlannedSession, Unplaced
from scheduling.solver.core.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Deputy:
    """A colleague by name and title, for those who choose."""

    expert: Expert
    title: str


def together(seat: Seat) -> list[Seat]:
    """The open seats that one deputy would fill: this one, and its like in the other cases of the session."""
    like = Seat.objects.filter(
        item__session=seat.item.session_id,
        item__active=True,
        attendance=None,
        discipline=seat.discipline_id,
        min_rank=seat.min_rank,
        sub_specialty=seat.sub_specialty,
        optional=seat.optional,
    )
    of_case = {seat.item_id: seat}  # a case that lacks two of a discipline needs two people
    for row in like.select_related("item__case", "item__session__institution", "discipline").order_by("place"):
        of_case.setdefault(row.item_id, row)
    return sorted(of_case.values(), key=lambda one: one.item.start)


def of(*seats: Seat) -> list[Expert]:
    """Who may take all these seats of one session without breaking a rule, least loaded first."""
    session = seats[0].item.session
    horizon = Horizon.around(session.start.astimezone(session.institution.tz).date(), 7, session.institution.tz)
    problem = snapshot.read([session.institution], horizon, notice=timedelta(0)).problem
    before = _broken(problem, {})
    fitting = []
    for pk in set.intersection(*(_candidates(problem, seat) for seat in seats)):
        taken = {(seat.item.case_id, seat.place): pk for seat in seats}
        if _broken(problem, taken, optional=seats[0].optional) <= before:
            fitting.append(pk)
    fitting.sort(key=lambda pk: (problem.expert_of[pk].load_min, pk))
    found = Expert.objects.in_bulk(fitting)
    return [found[pk] for pk in fitting]


def instead_of(attendance: Attendance) -> list[Expert]:
    """Who could come in somebody's stead to all cases that need them, least loaded first."""
    seats = list(
        attendance.seats.filter(item__active=True).select_related(
            "item__case", "item__session__institution", "discipline"
        )
    )
    needed = [seat for seat in seats if not seat.optional] or seats
    return [one for one in of(*needed) if one.pk != attendance.expert_id] if needed else []


def titled(attendance: Attendance) -> list[Deputy]:
    """The same with their titles."""
    found = instead_of(attendance)
    known = titles.of([one.pk for one in found], at=attendance.meeting.institution_id)
    return [Deputy(expert=one, title=known.get(one.pk, "")) for one in found]


def _candidates(problem: Problem, seat: Seat) -> set[int]:
    """Those with the discipline and the title; nobody where the requirement was changed since: the next plan writes
    the seats anew."""
    case = problem.case_of.get(seat.item.case_id)
    if case is None:
        return set()
    every: list[problem_format.Seat | problem_format.Optional] = [*case.seats, *case.optional]
    return {pk for one in every if one.id == seat.place for pk in one.candidates}


def _broken(problem: Problem, seated: Mapping[tuple[int, int], int], *, optional: bool = False) -> set[str]:
    """What is wrong with the published plan when these places are taken, as comparable texts."""
    published = [_with(session, seated, optional=optional) for session in (*problem.fixed, *problem.previous)]
    placed = {item.case for session in published for item in session.cases}
    plan = Plan(
        status="feasible",
        goals=Goals(required_unplaced=0, required_late=0, suggested=0, effort=0),
        sessions=tuple(published),
        unplaced=tuple(Unplaced(case=one.id) for one in problem.cases if one.id not in placed),
    )
    return {str(violation) for violation in rules.violations(replace(problem, fixed=()), plan)}


def _with(session: PlannedSession, seated: Mapping[tuple[int, int], int], *, optional: bool) -> PlannedSession:
    def filled(item: PlannedCase) -> PlannedCase:
        added = {place: expert for (case, place), expert in seated.items() if case == item.case}
        if not added:
            return item
        if optional:
            return replace(item, optional={**item.optional, **added})
        return replace(item, seats={**item.seats, **added})

    return replace(session, cases=tuple(filled(item) for item in session.cases))
