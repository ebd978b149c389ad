"""Why a case has no place, or only a late one, worked out now: the rules tried and what would help. Reads only.

Against a proposal: the problem and plan of its run. Else against what is published now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from cases.models import Case
from cases.states import PLANNABLE, WITH_A_PLACE, CaseStatus
from mdt_portal.errors import RuleError
from scheduling.explain import time_requests
from scheduling.models import AgendaItem, PlanningRun, Proposal
from scheduling.problem import single_case, snapshot
from scheduling.problem.core.horizon import Horizon
from scheduling.solver.core import objectives
from scheduling.solver.core.plan import Plan, Reason, Unplaced
from scheduling.solver.core.problem import Problem
from scheduling.solver.explain.explain import Explainer, Remedy, Step
from scheduling.solver.rules import checking

LEAST_DAYS = 14
DEMANDS = ("relax_seat", "relax_room", "relax_remote")
"""They change what the case asks for, which only a case without a place may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What is judged: a problem, a plan for it, and the clock that both count by."""

    problem: Problem
    plan: Plan
    horizon: Horizon
    proposal: Proposal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who could take the seat that decides, and from when (a minute, None: not in these days)."""

    expert: int
    seat: int
    next_free: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyNot:
    """`start` is where the case has its late place; None: it has none. `reasons` are empty where a place is open."""

    basis: Basis
    start: datetime | None
    reasons: tuple[Reason, ...]
    steps: tuple[Step, ...]
    remedies: tuple[Remedy, ...]
    people: tuple[Person, ...]
    on_time: bool
    looked_at: datetime


def of(case: Case, *, proposal: Proposal | None = None) -> WhyNot:
    """Raises RuleError for a case that is in no plan's reach: not waiting, not planned, or not in the proposal."""
    basis = _of_proposal(proposal) if proposal else _as_published(case)
    if case.pk not in basis.problem.case_of:
        raise RuleError(_unknown(case, proposal), code="not_planned_for")
    starts = {item.case: item.start_min for session in basis.plan.sessions for item in session.cases}
    start, pure = starts.get(case.pk), basis.problem.case_of[case.pk]
    if start is not None and start <= pure.due_min:
        return _fine(basis, start)
    late = start is not None
    until = pure.due_min if late else None
    explainer = Explainer(basis.problem, basis.plan, late=case.pk if late else None)
    reasons = explainer.reasons(case.pk, until=until)
    return WhyNot(
        basis=basis,
        start=basis.horizon.moment(start) if start is not None else None,
        reasons=reasons,
        steps=explainer.funnel(case.pk, until=until),
        remedies=_possible(case, explainer.remedies(case.pk, before=start), start, basis.horizon),
        people=_people(explainer, case.pk, reasons),
        on_time=False,
        looked_at=timezone.now(),
    )


def missing_now(case: Case) -> set[tuple[str, int | None]]:
    """What is not there at all beside what is published now, as (code, seat): a plan may be older than its mending."""
    if case.status not in PLANNABLE:
        return set()
    basis = _as_published(case)
    found = Explainer(basis.problem, basis.plan).missing(basis.problem.case_of[case.pk])
    return {(reason.code, reason.seat) for reason in found}


def _unknown(case: Case, proposal: Proposal | None) -> str:
    if proposal is not None:
        return _("%(case)s was not yet part of this plan.") % {"case": case}
    return _("%(case)s is not waiting for a place.") % {"case": case}


def _fine(basis: Basis, start: int) -> WhyNot:
    moment = basis.horizon.moment(start)
    nothing: dict[str, tuple] = {"reasons": (), "steps": (), "remedies": (), "people": ()}
    return WhyNot(basis=basis, start=moment, on_time=True, looked_at=timezone.now(), **nothing)


def _of_proposal(proposal: Proposal) -> Basis:
    run = proposal.run
    stored = PlanningRun.objects.values_list("problem", flat=True).get(pk=run.pk)
    horizon = Horizon.around(run.horizon_start, run.horizon_days, run.institutions.order_by("pk")[0].tz)
    return Basis(
        problem=checking.read_problem(stored), plan=Plan.from_json(proposal.plan), horizon=horizon, proposal=proposal
    )


def _as_published(case: Case) -> Basis:
    if case.team is None or case.due_at is None or case.status not in PLANNABLE:
        raise RuleError(_unknown(case, None), code="not_planned_for")
    seen = single_case.around(case) if case.status == CaseStatus.WAITING else _around_its_place(case)
    sessions = (*seen.problem.fixed, *seen.problem.previous)
    placed = {item.case for session in sessions for item in session.cases}
    left = tuple(Unplaced(case=one.id) for one in seen.problem.cases if one.id not in placed)
    plan = Plan(status="feasible", goals=objectives.NOTHING, sessions=sessions, unplaced=left)
    return Basis(problem=seen.problem, plan=plan, horizon=seen.horizon, proposal=None)


def _around_its_place(case: Case) -> snapshot.Snapshot:
    assert case.team is not None
    hospital = case.team.institution
    item = AgendaItem.objects.filter(case=case, active=True).first()
    today = timezone.now().astimezone(hospital.tz).date()
    last = item.start.astimezone(hospital.tz).date() if item else today
    days = max(LEAST_DAYS, (last - today).days + 7)
    return snapshot.read([hospital], Horizon.around(today, -(-days // 7) * 7, hospital.tz))


def _possible(case: Case, found: Sequence[Remedy], start: int | None, horizon: Horizon) -> tuple[Remedy, ...]:
    """Those that can be applied: no asking of who is away, no new demands for a case in the plan; the limit last."""
    moment = horizon.moment
    asked = {
        expert: (moment(one.start_min), moment(one.end_min))
        for one in found
        if one.code == "ask_expert" and (expert := expert_of(one)) is not None
    }
    away = time_requests.away(asked)
    kept = [
        remedy
        for remedy in found
        if not (remedy.code in DEMANDS and case.status in WITH_A_PLACE)
        and not (remedy.code == "ask_expert" and expert_of(remedy) in away)
    ]
    if start is not None:
        kept.append(Remedy(code="extend_limit", start_min=start, end_min=start, days_late=0))
    return tuple(kept)


def expert_of(remedy: Remedy) -> int | None:
    """Whom a remedy asks or found (an id)."""
    expert = remedy.params.get("expert")
    return expert if isinstance(expert, int) else None


def _people(explainer: Explainer, case: int, reasons: tuple[Reason, ...]) -> tuple[Person, ...]:
    """Who could take the seats that the reasons name; whoever is free first comes first."""
    seats = {reason.seat for reason in reasons}
    found = [
        Person(expert=expert, seat=seat.id, next_free=explainer.next_free(case, expert))
        for seat in explainer.problem.case_of[case].seats
        if seat.id in seats
        for expert in seat.candidates
    ]
    never = explainer.problem.horizon_min
    return tuple(sorted(found, key=lambda one: (one.seat, never if one.next_free is None else one.next_free)))
