"""What leaving one session as it was would cost, tried for real: what a change of a new plan buys.

The session is put back, the rest of the plan is fitted around it (`neighbourhood.rebase`), and the two plans are
compared. A quick try: a longer search might lose less.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from scheduling.solver import rules
from scheduling.solver.core import objectives
from scheduling.solver.core.plan import Plan, PlannedSession
from scheduling.solver.core.problem import Problem
from scheduling.solver.neighbourhood import rebase
from scheduling.solver.rules import Violation


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What is lost where a session stays as it was.

    `broken`: why it cannot stay at all. `unplaced`: cases that would lose their place. `late`: minutes after the limit,
    by case, where that is more days than in the plan. `more`: what it would take beyond the plan: sessions,
    attendances, wait_days, unfair_min. All empty: nothing was found that the change buys.
    """

    broken: tuple[Violation, ...] = ()
    impossible: bool = False
    unplaced: tuple[int, ...] = ()
    late: Mapping[int, int] = field(default_factory=dict)
    more: Mapping[str, int] = field(default_factory=dict)

    @property
    def nothing(self) -> bool:
        return not (self.broken or self.impossible or self.unplaced or self.late or self.more)


def cost(problem: Problem, plan: Plan, old: PlannedSession, new: PlannedSession | None) -> Cost:
    """`new` is what `old` becomes in the plan, None: it is cancelled."""
    confirmed = [session for session in plan.sessions if session.id in problem.fixed_of and session.id != old.id]
    broken = _broken_alone(problem, old)
    if broken:
        return Cost(broken=broken)
    others = [replace(one, id=old.id) if new is not None and one.id == new.id else one for one in plan.sessions]
    found = rebase.around(problem, (*_with_room_for(confirmed, old), old), others)
    return Cost(impossible=True) if found is None else _compared(problem, plan, found.plan)


def _with_room_for(confirmed: list[PlannedSession], old: PlannedSession) -> list[PlannedSession]:
    """The confirmed sessions as the plan has them, without the cases of `old` that joined them."""
    taken = {item.case for item in old.cases}
    return [
        replace(session, cases=tuple(item for item in session.cases if item.case not in taken)) for session in confirmed
    ]


def _broken_alone(problem: Problem, old: PlannedSession) -> tuple[Violation, ...]:
    """The rules that the session breaks by itself, or beside what is fixed."""
    known = replace(problem, fixed=tuple({**problem.fixed_of, old.id: old}.values()), previous=())
    found = rules.violations(known, rebase.listed(known, known.fixed))
    return tuple(found)


def _compared(problem: Problem, plan: Plan, kept: Plan) -> Cost:
    before = {item.case: item.start_min for session in plan.sessions for item in session.cases}
    after = {item.case: item.start_min for session in kept.sessions for item in session.cases}
    unplaced = tuple(sorted(before.keys() - after.keys()))
    late = {
        case.id: after[case.id] - case.due_min
        for case in problem.cases
        if case.id in before.keys() & after.keys()
        and objectives.days_late(case, after[case.id]) > objectives.days_late(case, before[case.id])
    }
    if unplaced or late:
        return Cost(unplaced=unplaced, late=late)
    if kept.goals <= plan.goals:
        return Cost()
    return Cost(more={name: more for name, more in _more(problem, plan, kept).items() if more > 0})


def _more(problem: Problem, plan: Plan, kept: Plan) -> dict[str, int]:
    def figures(one: Plan) -> dict[str, int]:
        terms = objectives.effort_terms(problem, one.sessions)
        weights = problem.weights
        return {
            "sessions": len(one.sessions),
            "attendances": sum(len(session.people()) for session in one.sessions),
            "wait_days": terms["wait"] // weights.wait if weights.wait else 0,
            "unfair_min": terms["fairness"] // weights.fairness * objectives.FAIR_STEP_MIN if weights.fairness else 0,
        }

    then, now = figures(plan), figures(kept)
    return {name: now[name] - then[name] for name in then}
