"""What a plan costs and gives, in figures that people compare: cases, waits, sessions, hours, changes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import pstdev

from scheduling.problem.core import plan_diff
from scheduling.problem.core.plan_diff import ChangeKind
from scheduling.solver.core import objectives, presence
from scheduling.solver.core.objectives import DAY_MIN
from scheduling.solver.core.plan import Plan, PlannedSession
from scheduling.solver.core.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What the goals weigh, as people count it: cases, started days after the limit, sessions, people in sessions."""

    required: int
    required_placed: int
    required_late: int
    required_late_days: int
    suggested: int
    suggested_placed: int
    suggested_late: int
    sessions: int
    attendances: int
    expert_hours: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures(Counts):
    """Waits run from release to start, over the cases that have a place. Spread: standard deviation of the load."""

    wait_mean_days: float
    wait_max_days: float
    spread_hours: float
    changed_sessions: int
    notified: int


def counts(problem: Problem, sessions: Sequence[PlannedSession]) -> Counts:
    """The counts of these sessions; quick enough to be taken while a search goes on."""
    starts = {item.case: item.start_min for session in sessions for item in session.cases}
    late = {case.id: objectives.days_late(case, starts[case.id]) for case in problem.cases if case.id in starts}
    required = [case for case in problem.cases if case.required]
    others = [case for case in problem.cases if not case.required]
    return Counts(
        required=len(required),
        required_placed=sum(case.id in starts for case in required),
        required_late=sum(late.get(case.id, 0) > 0 for case in required),
        required_late_days=sum(late.get(case.id, 0) for case in required),
        suggested=len(others),
        suggested_placed=sum(case.id in starts for case in others),
        suggested_late=sum(late.get(case.id, 0) > 0 for case in others),
        sessions=len(sessions),
        attendances=sum(len(session.people()) for session in sessions),
        expert_hours=sum(presence.minutes_by_expert(sessions, problem).values()) / 60,
    )


def of(problem: Problem, plan: Plan) -> Figures:
    """The figures of `plan`; what changes, against the sessions that were published when the problem was taken."""
    starts = {item.case: item.start_min for session in plan.sessions for item in session.cases}
    waits = [max(0, starts[case.id] - case.release_min) / DAY_MIN for case in problem.cases if case.id in starts]
    minutes = presence.minutes_by_expert(plan.sessions, problem)
    loads = [expert.load_min + minutes.get(expert.id, 0) for expert in problem.experts]
    changes = _changes(problem, plan)
    return Figures(
        **asdict(counts(problem, plan.sessions)),
        wait_mean_days=sum(waits) / len(waits) if waits else 0.0,
        wait_max_days=max(waits, default=0.0),
        spread_hours=pstdev(loads) / 60 if loads else 0.0,
        changed_sessions=sum(change.kind not in (ChangeKind.NEW, ChangeKind.SAME) for change in changes),
        notified=len({expert for change in changes if change.kind != ChangeKind.SAME for expert in change.notified}),
    )


def _changes(problem: Problem, plan: Plan) -> list[plan_diff.PlanChange]:
    minutes = {case.id: case.duration_min for case in problem.cases}
    roles = {(case.id, place.id): place.discipline for case in problem.cases for place in case.places}
    return plan_diff.compare([*problem.fixed, *problem.previous], plan.sessions, minutes, roles)
