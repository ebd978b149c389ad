"""The hard rules: what every plan must satisfy, free of the solver. One function per code, all in `RULES`.

It guards each commit, checks each manual edit and judges the solver in tests. A rule answers its violations as
codes with parameters; `SENTENCES` puts them into words. A plan that names things which do not exist is only
judged by the first rule, since the others could not read it.

    sessions s, cases c, experts e, rooms r, teams t
    presence(e, s) = from the first start to the last end of the cases of s that need e
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from typing import Any

from scheduling.solver import presence
from scheduling.solver.plan import Plan, PlannedCase, PlannedSession
from scheduling.solver.presence import Presence
from scheduling.solver.problem import Case, Problem, Span
from scheduling.solver.sentences import SENTENCES

__all__ = ["RULES", "SENTENCES", "Violation", "sentence", "violations"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One broken rule: its code, what the sentence needs, and what it is about."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)
    session: int | None = None
    case: int | None = None
    expert: int | None = None
    room: int | None = None


class Board:
    """A plan as the rules read it: cases with their sessions, presences by expert."""

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self.problem = problem
        self.plan = plan
        self.sessions = plan.sessions
        self.by_expert: dict[int, list[Presence]] = defaultdict(list)

    def attend(self) -> None:
        for session in self.sessions:
            for stay in presence.presences(self.problem, session):
                self.by_expert[stay.expert].append(stay)
        for stays in self.by_expert.values():
            stays.sort(key=lambda stay: (stay.from_min, stay.session))

    def items(self) -> Iterator[tuple[PlannedSession, PlannedCase, Case]]:
        for session in self.sessions:
            for item in session.cases:
                yield session, item, self.problem.case_of[item.case]

    def end(self, item: PlannedCase) -> int:
        return item.start_min + self.problem.case_of[item.case].duration_min

    def stays(self) -> Iterator[Presence]:
        for stays in self.by_expert.values():
            yield from stays

    def remote(self, session: PlannedSession) -> list[int]:
        return sorted(e for e in session.people() if not self.problem.on_site(e, session.site))


Rule = Callable[[Board], Iterator[Violation]]
RULES: dict[str, Rule] = {}


def rule(function: Rule) -> Rule:
    """Registers a rule under its own name."""
    RULES[function.__name__.rstrip("_")] = function
    return function


def violations(problem: Problem, plan: Plan) -> list[Violation]:
    """All broken rules, in the order of the registry; an empty list means a valid plan."""
    board = Board(problem, plan)
    strangers = list(RULES["unknown"](board))
    if strangers:
        return strangers
    board.attend()
    return [violation for judge in RULES.values() for violation in judge(board)]


def sentence(violation: Violation) -> str:
    return SENTENCES[violation.code] % violation.params


def inside(spans: Sequence[Span], start: int, end: int) -> bool:
    """Whether one of the merged intervals holds `[start, end)` entirely."""
    return any(a <= start and end <= b for a, b in spans)


@rule
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


@rule
def session_id(board: Board) -> Iterator[Violation]:
    seen: set[int] = set()
    for session in board.sessions:
        if session.id in seen:
            yield Violation(code="session_id", params={"session": session.id}, session=session.id)
        seen.add(session.id)


@rule
def case_once(board: Board) -> Iterator[Violation]:
    seen: set[int] = set()
    for session, item, _ in board.items():
        if item.case in seen:
            yield Violation(code="case_once", params={"case": item.case}, session=session.id, case=item.case)
        seen.add(item.case)


@rule
def unplaced_list(board: Board) -> Iterator[Violation]:
    placed = {item.case for _, item, _ in board.items()}
    listed = [left.case for left in board.plan.unplaced]
    for case in board.problem.cases:
        if listed.count(case.id) != (case.id not in placed):
            yield Violation(code="unplaced_list", params={"case": case.id}, case=case.id)


@rule
def case_team(board: Board) -> Iterator[Violation]:
    for session, item, case in board.items():
        if case.team != session.team:
            params = {"case": item.case, "team": case.team, "other": session.team}
            yield Violation(code="case_team", params=params, session=session.id, case=item.case)


@rule
def case_release(board: Board) -> Iterator[Violation]:
    """Not before release; not before now either, unless confirmed."""
    fixed = {item.case for session in board.problem.fixed for item in session.cases}
    for session, item, case in board.items():
        earliest = case.release_min if item.case in fixed else max(case.release_min, board.problem.now_min)
        if item.start_min < earliest:
            params = {"case": item.case, "earliest": earliest, "start": item.start_min}
            yield Violation(code="case_release", params=params, session=session.id, case=item.case)


@rule
def case_inside(board: Board) -> Iterator[Violation]:
    for session, item, _ in board.items():
        if item.start_min < session.start_min or board.end(item) > session.end_min:
            params = {"case": item.case, "from": session.start_min, "to": session.end_min}
            yield Violation(code="case_inside", params=params, session=session.id, case=item.case)


@rule
def case_overlap(board: Board) -> Iterator[Violation]:
    for session in board.sessions:
        for one, two in pairwise(sorted(session.cases, key=lambda item: (item.start_min, board.end(item)))):
            if two.start_min < board.end(one):
                params = {"case": one.case, "other": two.case}
                yield Violation(code="case_overlap", params=params, session=session.id, case=two.case)


@rule
def session_empty(board: Board) -> Iterator[Violation]:
    for session in board.sessions:
        if not session.cases:
            yield Violation(code="session_empty", params={"session": session.id}, session=session.id)


@rule
def session_length(board: Board) -> Iterator[Violation]:
    most = board.problem.max_session_min
    for session in board.sessions:
        minutes = session.end_min - session.start_min
        if not 0 < minutes <= most:
            params = {"session": session.id, "minutes": minutes, "most": most}
            yield Violation(code="session_length", params=params, session=session.id)


@rule
def session_window(board: Board) -> Iterator[Violation]:
    for session in board.sessions:
        if not inside(board.problem.team_of[session.team].windows, session.start_min, session.end_min):
            params = {"session": session.id, "team": session.team}
            yield Violation(code="session_window", params=params, session=session.id)


@rule
def session_site(board: Board) -> Iterator[Violation]:
    for session in board.sessions:
        if session.site != board.problem.team_of[session.team].site:
            params = {"session": session.id, "team": session.team}
            yield Violation(code="session_site", params=params, session=session.id)


@rule
def session_horizon(board: Board) -> Iterator[Violation]:
    for session in board.sessions:
        if session.start_min < 0 or session.end_min > board.problem.horizon_min:
            yield Violation(code="session_horizon", params={"session": session.id}, session=session.id)


@rule
def team_overlap(board: Board) -> Iterator[Violation]:
    for one, two in _neighbours(board, lambda session: session.team):
        if two.start_min < one.end_min:
            params = {"team": one.team, "session": one.id, "other": two.id}
            yield Violation(code="team_overlap", params=params, session=two.id)


@rule
def reserved(board: Board) -> Iterator[Violation]:
    for session, item, case in board.items():
        for stretch in board.problem.team_of[session.team].reserved:
            if stretch.from_min <= item.start_min < stretch.to_min and case.rare_class not in stretch.classes:
                params = {"case": case.id, "classes": ", ".join(stretch.classes)}
                yield Violation(code="reserved", params=params, session=session.id, case=case.id)


@rule
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


@rule
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


@rule
def room_missing(board: Board) -> Iterator[Violation]:
    for session in board.sessions:
        if session.room is None:
            for expert in sorted(e for e in session.people() if board.problem.on_site(e, session.site)):
                params = {"session": session.id, "expert": expert}
                yield Violation(code="room_missing", params=params, session=session.id, expert=expert)


@rule
def room_site(board: Board) -> Iterator[Violation]:
    for session in board.sessions:
        if session.room is not None and board.problem.room_of[session.room].site != session.site:
            params = {"room": session.room, "session": session.id}
            yield Violation(code="room_site", params=params, session=session.id, room=session.room)


@rule
def room_free(board: Board) -> Iterator[Violation]:
    for session in board.sessions:
        if session.room is None:
            continue
        if not inside(board.problem.room_of[session.room].free, session.start_min, session.end_min):
            params = {"room": session.room, "from": session.start_min, "to": session.end_min}
            yield Violation(code="room_free", params=params, session=session.id, room=session.room)


@rule
def room_equipment(board: Board) -> Iterator[Violation]:
    for session, _, case in board.items():
        if session.room is None:
            continue
        lacking = case.equipment - board.problem.room_of[session.room].equipment
        if lacking:
            params = {"room": session.room, "equipment": ", ".join(sorted(lacking)), "case": case.id}
            yield Violation(code="room_equipment", params=params, session=session.id, case=case.id, room=session.room)


@rule
def room_video(board: Board) -> Iterator[Violation]:
    for session in board.sessions:
        if session.room is None or "video" in board.problem.room_of[session.room].equipment:
            continue
        for expert in board.remote(session):
            params = {"room": session.room, "expert": expert}
            yield Violation(code="room_video", params=params, session=session.id, expert=expert, room=session.room)


@rule
def room_capacity(board: Board) -> Iterator[Violation]:
    for session in board.sessions:
        if session.room is None:
            continue
        people = sum(1 for expert in session.people() if board.problem.on_site(expert, session.site))
        capacity = board.problem.room_of[session.room].capacity
        if people > capacity:
            params = {"room": session.room, "capacity": capacity, "people": people}
            yield Violation(code="room_capacity", params=params, session=session.id, room=session.room)


@rule
def room_changeover(board: Board) -> Iterator[Violation]:
    minutes = board.problem.changeover_min
    for one, two in _neighbours(board, lambda session: session.room):
        if two.start_min - one.end_min < minutes:
            params = {"room": one.room, "minutes": minutes, "session": one.id, "other": two.id}
            yield Violation(code="room_changeover", params=params, session=two.id, room=one.room)


@rule
def seat_filled(board: Board) -> Iterator[Violation]:
    """Every seat of the case has somebody, and nobody sits on a seat that the case does not have."""
    for session, item, case in board.items():
        differ = {seat.id for seat in case.seats} ^ set(item.seats)
        differ |= set(item.optional) - {place.id for place in case.optional}
        for seat in sorted(differ):
            params = {"seat": seat, "case": case.id}
            yield Violation(code="seat_filled", params=params, session=session.id, case=case.id)


@rule
def seat_candidate(board: Board) -> Iterator[Violation]:
    for session, item, case in board.items():
        for places, filled in ((case.seats, item.seats), (case.optional, item.optional)):
            for place in places:
                expert = filled.get(place.id)
                if expert is not None and expert not in place.candidates:
                    params = {"expert": expert, "seat": place.id, "case": case.id}
                    yield Violation(
                        code="seat_candidate", params=params, session=session.id, case=case.id, expert=expert
                    )


@rule
def seat_distinct(board: Board) -> Iterator[Violation]:
    for session, item, case in board.items():
        people = item.people()
        for expert in sorted({expert for expert in people if people.count(expert) > 1}):
            params = {"expert": expert, "case": case.id}
            yield Violation(code="seat_distinct", params=params, session=session.id, case=case.id, expert=expert)


@rule
def chair(board: Board) -> Iterator[Violation]:
    for session in board.sessions:
        chairs = board.problem.team_of[session.team].chairs
        if chairs and not session.people() & set(chairs):
            params = {"team": session.team, "session": session.id}
            yield Violation(code="chair", params=params, session=session.id)


@rule
def expert_free(board: Board) -> Iterator[Violation]:
    for stay in board.stays():
        if not inside(board.problem.expert_of[stay.expert].free, stay.from_min, stay.to_min):
            params = {"expert": stay.expert, "from": stay.from_min, "to": stay.to_min}
            yield Violation(code="expert_free", params=params, session=stay.session, expert=stay.expert)


@rule
def expert_overlap(board: Board) -> Iterator[Violation]:
    for expert, stays in board.by_expert.items():
        for one, two in combinations(stays, 2):
            if two.from_min >= one.to_min:
                continue
            params = {"expert": expert, "session": one.session, "other": two.session}
            yield Violation(code="expert_overlap", params=params, session=two.session, expert=expert)


@rule
def expert_travel(board: Board) -> Iterator[Violation]:
    for expert, stays in board.by_expert.items():
        for one, two in combinations([stay for stay in stays if stay.on_site], 2):
            minutes = board.problem.travel(one.site, two.site)
            if one.site != two.site and 0 <= two.from_min - one.to_min < minutes:
                params = {"expert": expert, "minutes": minutes, "session": one.session, "other": two.session}
                yield Violation(code="expert_travel", params=params, session=two.session, expert=expert)


@rule
def expert_remote(board: Board) -> Iterator[Violation]:
    for stay in board.stays():
        if not stay.on_site and not board.problem.expert_of[stay.expert].remote:
            params = {"expert": stay.expert}
            yield Violation(code="expert_remote", params=params, session=stay.session, expert=stay.expert)


@rule
def case_remote(board: Board) -> Iterator[Violation]:
    for session, item, case in board.items():
        for expert in () if case.remote_ok else item.people():
            if not board.problem.on_site(expert, session.site):
                params = {"case": case.id, "expert": expert}
                yield Violation(code="case_remote", params=params, session=session.id, case=case.id, expert=expert)


@rule
def cap_day(board: Board) -> Iterator[Violation]:
    for expert, stays in board.by_expert.items():
        most = board.problem.expert_of[expert].max_sessions_day
        for day, count in _counted((stay.day, 1) for stay in stays).items():
            if count > most:
                params = {"expert": expert, "sessions": count, "day": day, "most": most}
                yield Violation(code="cap_day", params=params, expert=expert)


@rule
def cap_week(board: Board) -> Iterator[Violation]:
    for expert, stays in board.by_expert.items():
        most = board.problem.expert_of[expert].max_sessions_week
        for week, count in _counted((stay.week, 1) for stay in stays).items():
            if count > most:
                params = {"expert": expert, "sessions": count, "week": week, "most": most}
                yield Violation(code="cap_week", params=params, expert=expert)


@rule
def cap_minutes(board: Board) -> Iterator[Violation]:
    for expert, stays in board.by_expert.items():
        most = board.problem.expert_of[expert].max_minutes_week
        for week, minutes in _counted((stay.week, stay.minutes) for stay in stays).items():
            if minutes > most:
                params = {"expert": expert, "minutes": minutes, "week": week, "most": most}
                yield Violation(code="cap_minutes", params=params, expert=expert)


@rule
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


@rule
def pin(board: Board) -> Iterator[Violation]:
    items = {item.case: (session, item) for session, item, _ in board.items()}
    for choice in board.problem.pins:
        if choice.case not in items:
            continue
        session, item = items[choice.case]
        for what, holds in held(choice, session, item):
            if not holds:
                params = {"case": choice.case, "what": what}
                yield Violation(code="pin", params=params, session=session.id, case=choice.case)


@rule
def forbidden(board: Board) -> Iterator[Violation]:
    items = {item.case: (session, item) for session, item, _ in board.items()}
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


def _neighbours(board: Board, key: Callable[[PlannedSession], Any]) -> Iterator[tuple[PlannedSession, PlannedSession]]:
    """Sessions of one team or room in order of start, each with the one before it that ends last."""
    last: dict[Any, PlannedSession] = {}
    for session in sorted(board.sessions, key=lambda s: (s.start_min, s.end_min, s.id)):
        about = key(session)
        if about is None:
            continue
        if about in last:
            yield last[about], session
        if about not in last or session.end_min > last[about].end_min:
            last[about] = session


def _counted(pairs: Any) -> dict[int, int]:
    total: dict[int, int] = defaultdict(int)
    for key, amount in pairs:
        total[key] += amount
    return dict(sorted(total.items()))
