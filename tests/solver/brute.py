"""Brute force over tiny problems, sharing nothing with the solver but the rules and the goals."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from scheduling.solver import rules
from scheduling.solver.core import objectives
from scheduling.solver.core.plan import Goals, Plan, PlannedCase, PlannedSession, Unplaced
from scheduling.solver.core.problem import Case, Problem


def optimum(problem: Problem) -> Goals:
    """The best goal tuple of all plans whose cases start on the grain inside a window."""
    best: list[Goals] = []
    choices = [[None, *_placings(problem, case)] for case in problem.cases]
    for chosen in _combined(problem, choices, []):
        for sessions in _grouped(problem, chosen):
            goals = objectives.goals_of(problem, sessions)
            if (not best or goals < best[0]) and any(not _broken(problem, s) for s in _roomed(problem, sessions)):
                best = [goals]
    return best[0]


def _combined(problem, choices, placed) -> Iterator[list[tuple[Case, PlannedCase]]]:
    if len(placed) == len(choices):
        yield [entry for entry in placed if entry is not None]
        return
    for entry in choices[len(placed)]:
        if entry is None or _alone(problem, [e for e in placed if e is not None], entry):
            yield from _combined(problem, choices, [*placed, entry])


def _alone(problem, placed, entry) -> bool:
    """Nobody in two places at once, no team either: prunes what no grouping could mend."""
    case, item = entry
    for other, theirs in placed:
        together = item.start_min < theirs.start_min + other.duration_min
        together = together and theirs.start_min < item.start_min + case.duration_min
        if together and (case.team == other.team or set(item.people()) & set(theirs.people())):
            return False
    return True


def _placings(problem: Problem, case: Case) -> Iterator[tuple[Case, PlannedCase]]:
    windows = next(team.windows for team in problem.teams if team.id == case.team)
    site = problem.team_of[case.team].site
    grain = problem.grain_min
    for a, b in windows:
        for start in range(-(-a // grain) * grain, b - case.duration_min + 1, grain):
            if start < max(case.release_min, problem.now_min):
                continue
            seats = [[e for e in s.candidates if _free(problem, case, e, site, start)] for s in case.seats]
            places = [[None, *(e for e in o.candidates if _free(problem, case, e, site, start))] for o in case.optional]
            for people in product(*seats, *places):
                there = [e for e in people if e is not None]
                if len(set(there)) == len(there):
                    seated = dict(zip((s.id for s in case.seats), people, strict=False))
                    extra = dict(zip((o.id for o in case.optional), people[len(seats) :], strict=True))
                    optional = {place: e for place, e in extra.items() if e is not None}
                    yield case, PlannedCase(case=case.id, start_min=start, seats=seated, optional=optional)


def _free(problem, case, expert, site, start) -> bool:
    person = problem.expert_of[expert]
    if site not in person.sites and not (person.remote and case.remote_ok):
        return False
    return any(a <= start and start + case.duration_min <= b for a, b in person.free)


def _grouped(problem: Problem, chosen: list[tuple[Case, PlannedCase]]) -> Iterator[tuple[PlannedSession, ...]]:
    """All ways to cut each team's agenda into sessions."""
    runs = []
    for team in problem.teams:
        mine = sorted((e for e in chosen if e[0].team == team.id), key=lambda e: e[1].start_min)
        cuts = product((False, True), repeat=max(0, len(mine) - 1))
        runs.append([_cut(mine, cut) for cut in cuts])
    for parts in product(*runs):
        sessions = [run for part in parts for run in part]
        yield tuple(
            PlannedSession(
                id=number,
                team=run[0][0].team,
                site=problem.team_of[run[0][0].team].site,
                room=None,
                start_min=run[0][1].start_min,
                end_min=max(item.start_min + case.duration_min for case, item in run),
                cases=tuple(item for _, item in run),
            )
            for number, run in enumerate(sessions, 1)
        )


def _roomed(problem: Problem, sessions: tuple[PlannedSession, ...]) -> Iterator[tuple[PlannedSession, ...]]:
    rooms = (None, *(room.id for room in problem.rooms))
    for given in product(rooms, repeat=len(sessions)):
        yield tuple(replace(session, room=room) for session, room in zip(sessions, given, strict=True))


def _cut(entries, cuts):
    runs = [[entries[0]]] if entries else []
    for entry, cut in zip(entries[1:], cuts, strict=True):
        if cut:
            runs.append([entry])
        else:
            runs[-1].append(entry)
    return runs


def _broken(problem: Problem, sessions: tuple[PlannedSession, ...]) -> bool:
    placed = {item.case for session in sessions for item in session.cases}
    left = tuple(Unplaced(case=case.id) for case in problem.cases if case.id not in placed)
    plan = Plan(status="feasible", goals=objectives.NOTHING, sessions=sessions, unplaced=left)
    return bool(rules.violations(problem, plan))
