"""Hard rules of rooms, seats and experts: what a session takes up, and whom.

rooms r, experts e;  presence(e, s) = from the first start to the last end of the cases of s that need e
"""

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from scheduling.solver.rules.registry import Board, Violation, _, inside, neighbours, rule


@rule(_("Session %(session)s needs a room, because expert %(expert)s attends on site."))
def room_missing(board: Board) -> Iterator[Violation]:
    for session in board.sessions:
        if session.room is None:
            for expert in sorted(e for e in session.people() if board.problem.on_site(e, session.site)):
                params = {"session": session.id, "expert": expert}
                yield Violation(code="room_missing", params=params, session=session.id, expert=expert)


@rule(_("Room %(room)s is not at the site of session %(session)s."))
def room_site(board: Board) -> Iterator[Violation]:
    for session in board.sessions:
        if session.room is not None and board.problem.room_of[session.room].site != session.site:
            params = {"room": session.room, "session": session.id}
            yield Violation(code="room_site", params=params, session=session.id, room=session.room)


@rule(_("Room %(room)s is not free from %(from)s to %(to)s."))
def room_free(board: Board) -> Iterator[Violation]:
    for session in board.sessions:
        if session.room is None:
            continue
        if not inside(board.problem.room_of[session.room].free, session.start_min, session.end_min):
            params = {"room": session.room, "from": session.start_min, "to": session.end_min}
            yield Violation(code="room_free", params=params, session=session.id, room=session.room)


@rule(_("Room %(room)s lacks %(equipment)s, which case %(case)s needs."))
def room_equipment(board: Board) -> Iterator[Violation]:
    for session, _item, case in board.items():
        if session.room is None:
            continue
        lacking = case.equipment - board.problem.room_of[session.room].equipment
        if lacking:
            params = {"room": session.room, "equipment": ", ".join(sorted(lacking)), "case": case.id}
            yield Violation(code="room_equipment", params=params, session=session.id, case=case.id, room=session.room)


@rule(_("Room %(room)s has no video, yet expert %(expert)s attends remotely."))
def room_video(board: Board) -> Iterator[Violation]:
    for session in board.sessions:
        if session.room is None or "video" in board.problem.room_of[session.room].equipment:
            continue
        for expert in board.remote(session):
            params = {"room": session.room, "expert": expert}
            yield Violation(code="room_video", params=params, session=session.id, expert=expert, room=session.room)


@rule(_("Room %(room)s holds %(capacity)s people, yet %(people)s attend on site."))
def room_capacity(board: Board) -> Iterator[Violation]:
    for session in board.sessions:
        if session.room is None:
            continue
        people = sum(1 for expert in session.people() if board.problem.on_site(expert, session.site))
        capacity = board.problem.room_of[session.room].capacity
        if people > capacity:
            params = {"room": session.room, "capacity": capacity, "people": people}
            yield Violation(code="room_capacity", params=params, session=session.id, room=session.room)


@rule(_("Room %(room)s needs %(minutes)s minutes between sessions %(session)s and %(other)s."))
def room_changeover(board: Board) -> Iterator[Violation]:
    minutes = board.problem.changeover_min
    for one, two in neighbours(board, lambda session: session.room):
        if two.start_min - one.end_min < minutes:
            params = {"room": one.room, "minutes": minutes, "session": one.id, "other": two.id}
            yield Violation(code="room_changeover", params=params, session=two.id, room=one.room)


@rule(_("Seat %(seat)s of case %(case)s is not filled, or is not a seat of this case."))
def seat_filled(board: Board) -> Iterator[Violation]:
    """Every seat of the case has somebody, and nobody sits on a seat that the case does not have."""
    for session, item, case in board.items():
        differ = {seat.id for seat in case.seats} ^ set(item.seats)
        differ |= set(item.optional) - {place.id for place in case.optional}
        for seat in sorted(differ):
            params = {"seat": seat, "case": case.id}
            yield Violation(code="seat_filled", params=params, session=session.id, case=case.id)


@rule(_("Expert %(expert)s cannot take place %(seat)s of case %(case)s."))
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


@rule(_("Expert %(expert)s takes more than one place of case %(case)s."))
def seat_distinct(board: Board) -> Iterator[Violation]:
    for session, item, case in board.items():
        people = item.people()
        for expert in sorted({expert for expert in people if people.count(expert) > 1}):
            params = {"expert": expert, "case": case.id}
            yield Violation(code="seat_distinct", params=params, session=session.id, case=case.id, expert=expert)


@rule(_("None of the chairs of team %(team)s attends session %(session)s."))
def chair(board: Board) -> Iterator[Violation]:
    for session in board.sessions:
        chairs = board.problem.team_of[session.team].chairs
        if chairs and not session.people() & set(chairs):
            params = {"team": session.team, "session": session.id}
            yield Violation(code="chair", params=params, session=session.id)


@rule(_("Expert %(expert)s is not free from %(from)s to %(to)s."))
def expert_free(board: Board) -> Iterator[Violation]:
    for stay in board.stays():
        if not inside(board.problem.expert_of[stay.expert].free, stay.from_min, stay.to_min):
            params = {"expert": stay.expert, "from": stay.from_min, "to": stay.to_min}
            yield Violation(code="expert_free", params=params, session=stay.session, expert=stay.expert)


@rule(_("Expert %(expert)s is needed in sessions %(session)s and %(other)s at once."))
def expert_overlap(board: Board) -> Iterator[Violation]:
    for expert, stays in board.by_expert.items():
        for one, two in combinations(stays, 2):
            if two.from_min >= one.to_min:
                continue
            params = {"expert": expert, "session": one.session, "other": two.session}
            yield Violation(code="expert_overlap", params=params, session=two.session, expert=expert)


@rule(_("Expert %(expert)s needs %(minutes)s min between sessions %(session)s and %(other)s to travel."))
def expert_travel(board: Board) -> Iterator[Violation]:
    for expert, stays in board.by_expert.items():
        for one, two in combinations([stay for stay in stays if stay.on_site], 2):
            minutes = board.problem.travel(one.site, two.site)
            if one.site != two.site and 0 <= two.from_min - one.to_min < minutes:
                params = {"expert": expert, "minutes": minutes, "session": one.session, "other": two.session}
                yield Violation(code="expert_travel", params=params, session=two.session, expert=expert)


@rule(_("Expert %(expert)s does not work at this site and cannot attend remotely."))
def expert_remote(board: Board) -> Iterator[Violation]:
    for stay in board.stays():
        if not stay.on_site and not board.problem.expert_of[stay.expert].remote:
            params = {"expert": stay.expert}
            yield Violation(code="expert_remote", params=params, session=stay.session, expert=stay.expert)


@rule(_("Case %(case)s cannot be discussed remotely, yet expert %(expert)s attends remotely."))
def case_remote(board: Board) -> Iterator[Violation]:
    for session, item, case in board.items():
        for expert in () if case.remote_ok else item.people():
            if not board.problem.on_site(expert, session.site):
                params = {"case": case.id, "expert": expert}
                yield Violation(code="case_remote", params=params, session=session.id, case=case.id, expert=expert)


@rule(_("Expert %(expert)s has %(sessions)s sessions on day %(day)s; at most %(most)s are allowed."))
def cap_day(board: Board) -> Iterator[Violation]:
    for expert, stays in board.by_expert.items():
        most = board.problem.expert_of[expert].max_sessions_day
        for day, count in _counted((stay.day, 1) for stay in stays).items():
            if count > most:
                params = {"expert": expert, "sessions": count, "day": day, "most": most}
                yield Violation(code="cap_day", params=params, expert=expert)


@rule(_("Expert %(expert)s has %(sessions)s sessions in week %(week)s; at most %(most)s are allowed."))
def cap_week(board: Board) -> Iterator[Violation]:
    for expert, stays in board.by_expert.items():
        most = board.problem.expert_of[expert].max_sessions_week
        for week, count in _counted((stay.week, 1) for stay in stays).items():
            if count > most:
                params = {"expert": expert, "sessions": count, "week": week, "most": most}
                yield Violation(code="cap_week", params=params, expert=expert)


@rule(_("Expert %(expert)s is present %(minutes)s minutes in week %(week)s; at most %(most)s are allowed."))
def cap_minutes(board: Board) -> Iterator[Violation]:
    for expert, stays in board.by_expert.items():
        most = board.problem.expert_of[expert].max_minutes_week
        for week, minutes in _counted((stay.week, stay.minutes) for stay in stays).items():
            if minutes > most:
                params = {"expert": expert, "minutes": minutes, "week": week, "most": most}
                yield Violation(code="cap_minutes", params=params, expert=expert)


def _counted(pairs: Any) -> dict[int, int]:
    total: dict[int, int] = defaultdict(int)
    for key, amount in pairs:
        total[key] += amount
    return dict(sorted(total.items()))
