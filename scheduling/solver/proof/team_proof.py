"""The bound of one team, tightened: as if it were alone in the hospital, but with everybody's hours and its own rooms.

What other teams have confirmed takes its people and rooms; caps, and what others still plan, are left out. So every
plan of the whole is also one of the team alone, and the sum over teams stays a lower bound.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

from scheduling.solver.columns.pricing import Pricer
from scheduling.solver.core import presence
from scheduling.solver.core.plan import Bound
from scheduling.solver.core.problem import Problem, Span
from scheduling.solver.core.timeline import State, minus
from scheduling.solver.proof import bounds
from scheduling.solver.proof.bounds import TeamBound
from scheduling.solver.proof.proof import Proof

MOST_CASES = 15


def tightened(problem: Problem, team: int, seconds: float, stop: Callable[[], bool] = lambda: False) -> TeamBound:
    """The team's best levels 1 to 3, and the effort at these as far as it is found; None for teams that are too big."""
    levels, days = bounds.best_lateness(Pricer(state=State(problem, problem.fixed)), team)
    own = alone(problem, team)
    if len(own.cases) > MOST_CASES:
        return levels
    return replace(levels, effort=Proof(own, stop, days).effort(levels, seconds))


def higher(known: TeamBound, other: TeamBound) -> TeamBound:
    """Both are valid; levels 1 to 3 are the same."""
    efforts = [part.effort for part in (known, other) if part.effort is not None]
    return replace(known, effort=max(efforts, default=None))


def alone(problem: Problem, team: int) -> Problem:
    """The team's cases, people and rooms, without the time that confirmed sessions of others take."""
    others = [session for session in problem.fixed if session.team != team]
    site = problem.team_of[team].site
    busy: dict[int, list[Span]] = defaultdict(list)
    booked: dict[int, list[Span]] = defaultdict(list)
    for session in others:
        for stay in presence.presences(problem, session):
            on_site = stay.on_site and problem.on_site(stay.expert, site)
            travel = problem.travel(stay.site, site) if on_site else 0
            busy[stay.expert].append((stay.from_min - travel, stay.to_min + travel))
        if session.room is not None:
            gap = problem.changeover_min
            booked[session.room].append((session.start_min - gap, session.end_min + gap))
    cases = tuple(case for case in problem.cases if case.team == team)
    ids = {case.id for case in cases}
    people = {expert for case in cases for place in case.places for expert in place.candidates}
    return replace(
        problem,
        teams=(problem.team_of[team],),
        cases=cases,
        fixed=tuple(session for session in problem.fixed if session.team == team),
        previous=tuple(session for session in problem.previous if session.team == team),
        experts=tuple(replace(e, free=tuple(minus(e.free, busy[e.id]))) for e in problem.experts if e.id in people),
        rooms=tuple(replace(r, free=tuple(minus(r.free, booked[r.id]))) for r in problem.rooms if r.site == site),
        pins=tuple(choice for choice in problem.pins if choice.case in ids),
        forbidden=tuple(choice for choice in problem.forbidden if choice.case in ids),
    )


def full_bound(problem: Problem, seconds: float = 10.0) -> Bound:
    """All teams one after the other."""
    teams = sorted({case.team for case in problem.cases})
    parts = [higher(bounds.team_bound(problem, team, seconds), tightened(problem, team, seconds)) for team in teams]
    return bounds.bound(parts, bounds.fixed_part(problem))
