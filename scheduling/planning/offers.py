"""What a run offers: the balanced plan, and others that are better in one respect and worse in another.

All keep the first three goals of the balanced plan; they differ in what they call effort. One that is no
better in what its name says, or the same as another, is not offered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from scheduling.models import ProposalKind
from scheduling.planning.core import figures
from scheduling.solver import alternatives, rules, solve
from scheduling.solver.core.plan import Plan
from scheduling.solver.core.problem import Problem

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
        return cls(kind=kind, plan=plan, figures=asdict(figures.of(problem, plan)))


def offers(problem: Problem, plan: Plan, *, seconds: float, seed: int, should_stop: Callable[[], bool]) -> list[Offer]:
    """The balanced plan first, then one per kind that makes sense, the time split evenly among them. Should the search
    for another kind come upon a plan that is better by the goals themselves, that one is the balanced plan."""
    kinds = [kind for kind in KINDS if kind != ProposalKind.LEAST_CHANGE or problem.previous]
    found: dict[ProposalKind, Plan] = {}
    for kind in kinds if plan.sessions else ():
        if not should_stop():
            other = alternatives.alternative(
                problem, plan, KINDS[kind], seconds=seconds / len(kinds), seed=seed, should_stop=should_stop
            )
            found[kind] = replace(other.plan, unplaced=solve.reasons(problem, other.plan))
    valid = {kind: own for kind, own in found.items() if not rules.violations(problem, own)}
    balanced = _with_proof_of(plan, min([plan, *valid.values()], key=lambda one: one.goals))
    chosen = [Offer.of(problem, balanced)]
    for kind, own in valid.items():
        measure = alternatives.KINDS[KINDS[kind]].measure
        better = measure(problem, own) < measure(problem, balanced)
        if better and not any(_same(own, offer.plan) for offer in chosen):
            chosen.append(Offer.of(problem, own, kind))
    return chosen


def _with_proof_of(searched: Plan, best: Plan) -> Plan:
    bound = solve.valid_bound(searched.bound, best.goals)
    status: Literal["optimal", "feasible"] = "optimal" if bound and bound.proves(best.goals) else "feasible"
    return replace(best, status=status, bound=bound, seconds=searched.seconds, first_plan_s=searched.first_plan_s)


def _same(one: Plan, other: Plan) -> bool:
    """Sessions and people alike, whatever the numbers of the sessions."""
    return {_content(session) for session in one.sessions} == {_content(session) for session in other.sessions}


def _content(session: Any) -> tuple[object, ...]:
    items = sorted(
        (item.case, item.start_min, *sorted(item.seats.items()), *sorted(item.optional.items()))
        for item in session.cases
    )
    return (session.team, session.room, session.start_min, session.end_min, *items)
