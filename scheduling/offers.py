"""What a run offers: the balanced plan, and others that are better in one respect and worse in another.

All keep the first three goals of the balanced plan; they differ in what they call effort. One that is no better in what
its name says, or the same as another, is not offered.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from scheduling.models import ProposalKind
from scheduling.solver import alternatives, objectives, presence, rules, solve
from scheduling.solver.plan import Plan
from scheduling.solver.problem import Problem

KINDS = {
    ProposalKind.FASTEST: "fastest",
    ProposalKind.LEAST_TIME: "least_expert_time",
    ProposalKind.FAIREST: "fairest",
    ProposalKind.LEAST_CHANGE: "least_change",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    kind: str
    plan: Plan
    figures: dict[str, Any]

    @classmethod
    def of(cls, problem: Problem, plan: Plan, kind: str = ProposalKind.BALANCED) -> Offer:
        return cls(kind=kind, plan=plan, figures=figures(problem, plan))


def further(problem: Problem, plan: Plan, *, seconds: float, seed: int, should_stop: Callable[[], bool]) -> list[Offer]:
    """The kinds that make sense for the problem, the time split evenly among them."""
    kinds = [kind for kind in KINDS if kind != ProposalKind.LEAST_CHANGE or problem.previous]
    found: list[Offer] = []
    for kind in kinds if plan.sessions else ():
        if should_stop():
            break
        other = alternatives.alternative(
            problem, plan, KINDS[kind], seconds=seconds / len(kinds), seed=seed, should_stop=should_stop
        )
        known = [plan, *(offer.plan for offer in found)]
        if other.measure < other.shared_measure and not any(_same(other.plan, one) for one in known):
            offered = replace(other.plan, unplaced=solve.reasons(problem, other.plan))
            if not rules.violations(problem, offered):
                found.append(Offer.of(problem, offered, kind))
    return found


def _same(one: Plan, other: Plan) -> bool:
    """Sessions and people alike, whatever the numbers of the sessions."""
    return {_content(session) for session in one.sessions} == {_content(session) for session in other.sessions}


def _content(session: Any) -> tuple[object, ...]:
    items = sorted(
        (item.case, item.start_min, *sorted(item.seats.items()), *sorted(item.optional.items()))
        for item in session.cases
    )
    return (session.team, session.room, session.start_min, session.end_min, *items)


def figures(problem: Problem, plan: Plan) -> dict[str, Any]:
    """What people compare plans by; minutes, and numbers of things."""
    placed = [item for session in plan.sessions for item in session.cases]
    minutes = presence.minutes_by_expert(plan.sessions, problem)
    waits = [max(0, item.start_min - problem.case_of[item.case].release_min) for item in placed]
    loads = [expert.load_min + minutes.get(expert.id, 0) for expert in problem.experts]
    one_each = replace(problem, weights=replace(problem.weights, moved_case=1, changed_person=1))
    terms = objectives.effort_terms(one_each, plan.sessions)
    return {
        "sessions": len(plan.sessions),
        "placed": len(placed),
        "unplaced": len(plan.unplaced),
        "attendances": sum(len(session.people()) for session in plan.sessions),
        "expert_min": sum(minutes.values()),
        "mean_wait_min": round(statistics.fmean(waits)) if waits else 0,
        "load_spread_min": round(statistics.pstdev(loads)) if loads else 0,
        "moved_cases": terms["moved_case"],
        "changed_people": terms["changed_person"],
    }
