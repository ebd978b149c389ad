"""Who could take an open seat of a published session, judged by the same rules as every plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from experts.models import Expert
from scheduling import snapshot
from scheduling.clock import Horizon
from scheduling.models import Seat
from scheduling.solver import problem as problem_format
from scheduling.solver import rules
from scheduling.solver.plan import Goals, Plan, PlannedCase, PlannedSession, Unplaced
from scheduling.solver.problem import Problem


def of(seat: Seat) -> list[Expert]:
    """The candidates of the seat who break no rule by taking it, least loaded first."""
    session = seat.item.session
    horizon = Horizon.around(session.start.astimezone(session.institution.tz).date(), 7, session.institution.tz)
    problem = snapshot.read([session.institution], horizon, notice=timedelta(0)).problem
    case = problem.case_of.get(seat.item.case_id)
    if case is None:
        return []
    every: list[problem_format.Seat | problem_format.Optional] = [*case.seats, *case.optional]
    wanted = next((one for one in every if one.id == seat.place), None)
    if wanted is None:  # the requirement was changed since; the next plan writes the seats anew
        return []
    before = _broken(problem, {})
    fitting = []
    for pk in wanted.candidates:
        after = _broken(problem, {(case.id, seat.place): pk}, optional=seat.optional)
        if after <= before:
            fitting.append(pk)
    fitting.sort(key=lambda pk: (problem.expert_of[pk].load_min, pk))
    found = Expert.objects.in_bulk(fitting)
    return [found[pk] for pk in fitting]


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
