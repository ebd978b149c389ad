"""Hard rules of cases and sessions: when and where a team meets, and what is decided already.

sessions s, cases c, teams t
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from scheduling.solver.core.plan import PlannedCase, PlannedSession
from scheduling.solver.rules.registry import Board, Violation, _, inside, neighbours, rule


@rule(_("%(kind)s %(id)s is not part of the problem."))
def unknown(board: Board) -> Iterator[Violation]:
    problem = board.problem

    def missing(kind: str, ident: int, known: Any, session: PlannedSession | None = None) -> Iterator[Violation]:
        if ident not in known:
            yield Violation(code="unknown", params={"kind": kind, "id": ident}, session=session.id if session else None)

    for session in board.sessions:
        yield from missing("team", session.team, problem.team_of, session)
        yield from missing("site", session.site, problem.sites, session)
        if session.room is not None:
            yield from missing("room", session.room, problem.room_of, session)
        for item in session.cases:
            yield from missing("case", item.case, problem.case_of, session)
            for expert in item.people():
                yield from missing("expert", expert, problem.expert_of, session)
    for left in board.plan.unplaced:
        yield from missing("case", left.case, problem.case_of)


@rule(_("Session id %(session)s is used more than once."))
def session_id(board: Board) -> Iterator[Violation]:
    seen: set[int] = set()
    for session in board.sessions:
        if session.id in seen:
            yield Violation(code="session_id", params={"session": session.id}, session=session.id)
        seen.add(session.id)


@rule(_("Case %(case)s is planned more than once."))
def case_once(board: Board) -> Iterator[Violation]:
    seen: set[int] = set()
    for session, item, _case in board.items():
        if item.case in seen:
            yield Violation(code="case_once", params={"case": item.case}, session=session.id, case=item.case)
        seen.add(item.case)


@rule(_("Case %(case)s must be listed as unplaced if and only if no session discusses it."))
def unplaced_list(board: Board) -> Iterator[Violation]:
    placed = {item.case for _, item, _ in board.items()}
    listed = [left.case for left in board.plan.unplaced]
    for case in board.problem.cases:
        if listed.count(case.id) != (case.id not in placed):
            yield Violation(code="unplaced_list", params={"case": case.id}, case=case.id)


@rule(_("Case %(case)s belongs to team %(team)s, not to team %(other)s."))
def case_team(board: Board) -> Iterator[Violation]:
    for session, item, case in board.items():
        if case.team != session.team:
            params = {"case": item.case, "team": case.team, "other": session.team}
            yield Violation(code="case_team", params=params, session=session.id, case=item.case)


@rule(_("Case %(case)s cannot start before %(earliest)s, yet it starts at %(start)s."))
def case_release(board: Board) -> Iterator[Violation]:
    """Not before release; not before now either, unless confirmed."""
    fixed = {item.case for session in board.problem.fixed for item in session.cases}
    for session, item, case in board.items():
        earliest = case.release_min if item.case in fixed else max(case.release_min, board.problem.now_min)
        if item.start_min < earliest:
            params = {"case": item.case, "earliest": earliest, "start": item.start_min}
            yield Violation(code="case_release", params=params, session=session.id, case=item.case)


@rule(_("Case %(case)s lies outside its session from %(from)s to %(to)s."))
def case_inside(board: Board) -> Iterator[Violation]:
    for session, item, _case in board.items():
        if item.start_min < session.start_min or board.end(item) > session.end_min:
            params = {"case": item.case, "from": session.start_min, "to": session.end_min}
            yield Violation(code="case_inside", params=params, session=session.id, case=item.case)


@rule(_("Cases %(case)s and %(other)s overlap."))
def case_overlap(board: Board) -> Iterator[Violation]:
    for session in board.sessions:
        for one, two in pairwise(sorted(session.cases, key=lambda item: (item.start_min, board.end(item)))):
            if two.start_min < board.end(one):
                params = {"case": one.case, "other": two.case}
                yield Violation(code="case_overlap", params=params, session=session.id, case=two.case)


@rule(_("Session %(session)s discusses no case."))
def session_empty(board: Board) -> Iterator[Violation]:
    for session in board.sessions:
        if not session.cases:
            yield Violation(code="session_empty", params={"session": session.id}, session=session.id)


@rule(_("Session %(session)s lasts %(minutes)s minutes; at most %(most)s are allowed."))
def session_length(board: Board) -> Iterator[Violation]:
    most = board.problem.max_session_min
    for session in board.sessions:
        minutes = session.end_min - session.start_min
        if not 0 < minutes <= most:
            params = {"session": session.id, "minutes": minutes, "most": most}
            yield Violation(code="session_length", params=params, session=session.id)


@rule(_("Session %(session)s lies outside the windows of team %(team)s."))
def session_window(board: Board) -> Iterator[Violation]:
    for session in board.sessions:
        if not inside(board.problem.team_of[session.team].windows, session.start_min, session.end_min):
            params = {"session": session.id, "team": session.team}
            yield Violation(code="session_window", params=params, session=session.id)


@rule(_("Session %(session)s is not at the site of team %(team)s."))
def session_site(board: Board) -> Iterator[Violation]:
    for session in board.sessions:
        if session.site != board.problem.team_of[session.team].site:
            params = {"session": session.id, "team": session.team}
            yield Violation(code="session_site", params=params, session=session.id)


@rule(_("Session %(session)s does not lie within the planning horizon."))
def session_horizon(board: Board) -> Iterator[Violation]:
    for session in board.sessions:
        if session.start_min < 0 or session.end_min > board.problem.horizon_min:
            yield Violation(code="session_horizon", params={"session": session.id}, session=session.id)


@rule(_("Team %(team)s has two sessions at once, %(session)s and %(other)s."))
def team_overlap(board: Board) -> Iterator[Violation]:
    for one, two in neighbours(board, lambda session: session.team):
        if two.start_min < one.end_min:
            params = {"team": one.team, "session": one.id, "other": two.id}
            yield Violation(code="team_overlap", params=params, session=two.id)


@rule(_("Case %(case)s starts in a stretch reserved for classes %(classes)s."))
def reserved(board: Board) -> Iterator[Violation]:
    for session, item, case in board.items():
        for stretch in board.problem.team_of[session.team].reserved:
            if stretch.from_min <= item.start_min < stretch.to_min and case.rare_class not in stretch.classes:
                params = {"case": case.id, "classes": ", ".join(stretch.classes)}
                yield Violation(code="reserved", params=params, session=session.id, case=case.id)


@rule(_("Start %(start)s is not a multiple of %(grain)s minutes."))
def grain(board: Board) -> Iterator[Violation]:
    step = board.problem.grain_min
    for session in board.sessions:
        if session.start_min % step:
            params = {"start": session.start_min, "grain": step}
            yield Violation(code="grain", params=params, session=session.id)
        for item in session.cases:
            if item.start_min % step:
                params = {"start": item.start_min, "grain": step}
                yield Violation(code="grain", params=params, session=session.id, case=item.case)


@rule(_("From %(from)s to %(to)s there is no break of %(break)s minutes."))
def break_(board: Board) -> Iterator[Violation]:
    """A stretch runs on over gaps shorter than `break_min`; a single case may be longer than allowed."""
    problem = board.problem
    for session in board.sessions if problem.break_after_min else ():
        stretch: list[PlannedCase] = []
        for item in [*sorted(session.cases, key=lambda item: item.start_min), None]:
            if item and stretch and item.start_min - board.end(stretch[-1]) < problem.break_min:
                stretch.append(item)
                continue
            if len(stretch) > 1 and board.end(stretch[-1]) - stretch[0].start_min > problem.break_after_min:
                params = {"from": stretch[0].start_min, "to": board.end(stretch[-1]), "break": problem.break_min}
                yield Violation(code="break", params=params, session=session.id)
            stretch = [item] if item else []


@rule(_("Session %(session)s is confirmed and may only be extended; %(what)s differs."))
def fixed(board: Board) -> Iterator[Violation]:
    """A confirmed session keeps all it has; its end may grow, but only with added cases."""
    now = {session.id: session for session in board.sessions}
    for old in board.problem.fixed:
        new = now.get(old.id)
        for what in ["session"] if new is None else _differences(old, new):
            yield Violation(code="fixed", params={"session": old.id, "what": what}, session=old.id)


def _differences(old: PlannedSession, new: PlannedSession) -> Iterator[str]:
    for what in ("team", "site", "room", "start_min"):
        if getattr(old, what) != getattr(new, what):
            yield what
    kept = {item.case: item for item in new.cases}
    for item in old.cases:
        same = kept.get(item.case)
        if same is None or same.start_min != item.start_min:
            yield f"case {item.case}"
        elif dict(same.seats) != dict(item.seats) or dict(same.optional) != dict(item.optional):
            yield f"people of case {item.case}"
    grown = new.end_min > old.end_min and len(new.cases) > len(old.cases)
    if new.end_min != old.end_min and not grown:
        yield "end_min"


@rule(_("Case %(case)s is pinned to another %(what)s."))
def pin(board: Board) -> Iterator[Violation]:
    items = {item.case: (session, item) for session, item, _case in board.items()}
    for choice in board.problem.pins:
        if choice.case not in items:
            continue
        session, item = items[choice.case]
        for what, holds in held(choice, session, item):
            if not holds:
                params = {"case": choice.case, "what": what}
                yield Violation(code="pin", params=params, session=session.id, case=choice.case)


@rule(_("Case %(case)s is planned in a combination that is forbidden."))
def forbidden(board: Board) -> Iterator[Violation]:
    items = {item.case: (session, item) for session, item, _case in board.items()}
    for choice in board.problem.forbidden:
        if choice.case in items and all(holds for _, holds in held(choice, *items[choice.case])):
            session, _ = items[choice.case]
            yield Violation(code="forbidden", params={"case": choice.case}, session=session.id, case=choice.case)


def held(choice: Any, session: PlannedSession, item: PlannedCase) -> Iterator[tuple[str, bool]]:
    """Each key that the choice gives, and whether it holds; `from_min <= start < to_min`."""
    if choice.expert is not None:
        yield "expert", choice.expert in item.people()
    if choice.room is not None:
        yield "room", choice.room == session.room
    if choice.from_min is not None:
        yield "from_min", choice.from_min <= item.start_min
    if choice.to_min is not None:
        yield "to_min", item.start_min < choice.to_min
