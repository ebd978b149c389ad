"""The best plan of a running run, kept in the database: a restarted search goes on from there instead of from nothing.

The world may have moved on in between. Only sessions are kept; what does not fit the present problem is left out, and
the rules judge the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import transaction

from scheduling.models import Incumbent, PlanningRun
from scheduling.planning import runs
from scheduling.solver.core import reading
from scheduling.solver.core.plan import SESSION, Plan, PlannedSession
from scheduling.solver.core.problem import Case, Problem
from scheduling.solver.neighbourhood import warm


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """Where an earlier attempt got to, and how many seconds of search lie behind it."""

    plan: Plan | None = None
    seconds: float = 0.0


@transaction.atomic
def keep(run: PlanningRun, sessions: Iterable[PlannedSession], *, seconds: float) -> None:
    """Only the run's present worker may; raises LeaseLost."""
    if not runs.held(run).select_for_update().exists():
        raise runs.LeaseLost(run.pk)
    fields = {"sessions": [reading.as_json(session) for session in sessions], "seconds": seconds}
    Incumbent.objects.update_or_create(run=run, defaults=fields)


def resume(run: PlanningRun, problem: Problem) -> Resumed:
    kept = Incumbent.objects.filter(run=run).first()
    if kept is None:
        return Resumed()
    sessions = reading.whole(reading.many(SESSION), kept.sessions)
    return Resumed(plan=fitting(problem, sessions), seconds=kept.seconds)


def fitting(problem: Problem, sessions: Iterable[PlannedSession]) -> Plan | None:
    """A valid plan of the sessions that still fit; None if that does not come about."""
    known = {s.id: s for s in sessions if _known(problem, s)}
    chosen = {
        **problem.fixed_of,
        **{ident: s for ident, s in known.items() if _extends(s, problem.fixed_of.get(ident))},
    }
    return warm.sound(problem, chosen.values())


def _known(problem: Problem, session: PlannedSession) -> bool:
    return (
        session.team in problem.team_of
        and (session.room is None or session.room in problem.room_of)
        and session.people() <= problem.expert_of.keys()
        and all(_places(problem.case_of.get(item.case)) >= {*item.seats, *item.optional} for item in session.cases)
    )


def _places(case: Case | None) -> set[int]:
    return {place.id for place in case.places} if case else set()


def _extends(session: PlannedSession, fixed: PlannedSession | None) -> bool:
    """A session by the number of a fixed one must be that one, perhaps with more cases."""
    if fixed is None:
        return True
    mine: Mapping[int, object] = {item.case: item for item in session.cases}
    return session.start_min == fixed.start_min and all(mine.get(item.case) == item for item in fixed.cases)
