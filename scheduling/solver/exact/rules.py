"""The hard rules of the exact model: one function per rule, registered under the codes of `rules.RULES`.

Rules that hold by construction of the variables (ids, listing) have none.
"""

from collections import defaultdict
from collections.abc import Callable
from itertools import combinations
from typing import Any

from scheduling.solver.core.problem import Choice, Optional, Seat
from scheduling.solver.exact.variables import Exact

BY_CONSTRUCTION = {"unknown", "session_id", "unplaced_list", "case_once", "case_team", "session_empty", "session_site"}

Constraint = Callable[[Exact], None]
CONSTRAINTS: dict[str, Constraint] = {}


def constraint(*codes: str) -> Callable[[Constraint], Constraint]:
    def register(function: Constraint) -> Constraint:
        CONSTRAINTS.update(dict.fromkeys(codes, function))
        return function

    return register


@constraint("case_inside", "case_release", "reserved", "grain")
def _inside(exact: Exact) -> None:
    """The domain of a start holds release, reserved stretches and grain already."""
    for (ident, k), member in exact.member.items():
        end = exact.start[ident] + exact.problem.case_of[ident].duration_min
        exact.model.add(exact.first[k] <= exact.start[ident]).only_enforce_if(member)
        exact.model.add(exact.last[k] >= end).only_enforce_if(member)


@constraint("case_overlap", "team_overlap")
def _overlap(exact: Exact) -> None:
    for team in exact.problem.teams:
        cases = [case for case in exact.problem.cases if case.team == team.id]
        exact.model.add_no_overlap(
            [exact.model.new_optional_fixed_size_interval_var(exact.start[c.id], c.duration_min, exact.placed[c.id], "")
             for c in cases]
        )  # fmt: skip
        slots = [k for k, slot in enumerate(exact.slots) if slot.team == team.id]
        exact.model.add_no_overlap(
            [exact.model.new_optional_interval_var(exact.first[k], exact.length[k], exact.last[k], exact.live[k], "")
             for k in slots]
        )  # fmt: skip


@constraint("session_length", "session_window", "session_horizon")
def _windows(exact: Exact) -> None:
    for k, slot in enumerate(exact.slots):
        exact.model.add(exact.first[k] + exact.length[k] == exact.last[k])
        exact.inside(slot.windows, exact.first[k], exact.last[k], exact.live[k])


@constraint("break")
def _breaks(exact: Exact) -> None:
    """since[c]: where the stretch with case c begins at the latest; a close successor belongs to the same stretch."""
    problem, model = exact.problem, exact.model
    if not problem.break_after_min:
        return
    since = {}
    for case in problem.cases:
        since[case.id] = exact.minute()
        model.add(since[case.id] <= exact.start[case.id])
    for k in range(len(exact.slots)):
        for one, two in combinations(exact.cases_of(k), 2):
            both = [exact.member[one.id, k], exact.member[two.id, k]]
            first = exact.flag()
            for case, other, order in ((one, two, first), (two, one, first.negated())):
                end, apart = exact.start[case.id] + case.duration_min, exact.flag()
                model.add(exact.start[other.id] >= end).only_enforce_if(*both, order)
                model.add(exact.start[other.id] >= end + problem.break_min).only_enforce_if(*both, order, apart)
                close = [*both, order, apart.negated()]
                model.add(since[other.id] <= since[case.id]).only_enforce_if(close)
                stretch = exact.start[other.id] + other.duration_min - since[other.id]
                model.add(stretch <= problem.break_after_min).only_enforce_if(close)


@constraint("fixed")
def _fixed(exact: Exact) -> None:
    for k, slot in enumerate(exact.slots):
        if slot.fixed is None:
            continue
        exact.model.add(exact.first[k] == slot.fixed.start_min)
        exact.model.add(exact.last[k] >= slot.fixed.end_min)
        if slot.fixed.room is not None:
            exact.model.add(exact.room[k, slot.fixed.room] == 1)
        else:
            exact.model.add(sum(exact.rooms_of(k).values()) == 0)
        added = [exact.member[c.id, k] for c in exact.cases_of(k) if c.id not in exact.fixed_items]
        exact.model.add(exact.last[k] <= slot.fixed.end_min).only_enforce_if([flag.negated() for flag in added])
        for item in slot.fixed.cases:
            taken = {("seat", s, e) for s, e in item.seats.items()} | {
                ("optional", s, e) for s, e in item.optional.items()
            }
            for (ident, kind, place, expert), fills in exact.fills.items():
                if ident == item.case:
                    exact.model.add(fills == ((kind, place, expert) in taken))


@constraint("room_missing", "room_site")
def _roomed(exact: Exact) -> None:
    for k in range(len(exact.slots)):
        for attends in exact.on_site(k).values():
            exact.model.add_bool_or([attends.negated(), *exact.rooms_of(k).values()])


@constraint("room_free", "room_changeover")
def _room_time(exact: Exact) -> None:
    for room in exact.problem.rooms:
        intervals = []
        for k in range(len(exact.slots)):
            if (k, room.id) not in exact.room:
                continue
            here = exact.room[k, room.id]
            exact.inside(exact.slots[k].near(room.free), exact.first[k], exact.last[k], here)
            until = exact.last[k] + exact.problem.changeover_min
            size = exact.length[k] + exact.problem.changeover_min
            intervals.append(exact.model.new_optional_interval_var(exact.first[k], size, until, here, ""))
        exact.model.add_no_overlap(intervals)


@constraint("room_equipment", "room_video", "room_capacity")
def _room_suits(exact: Exact) -> None:
    for (k, ident), here in exact.room.items():
        room = exact.problem.room_of[ident]
        for case in exact.cases_of(k):
            if not case.equipment <= room.equipment:
                exact.model.add_bool_or([here.negated(), exact.member[case.id, k].negated()])
        if "video" not in room.equipment:
            for attends in exact.on_site(k, False).values():
                exact.model.add_bool_or([here.negated(), attends.negated()])
        exact.model.add(sum(exact.on_site(k).values()) <= room.capacity).only_enforce_if(here)


@constraint("seat_filled", "seat_candidate", "seat_distinct")
def _seats(exact: Exact) -> None:
    for case in exact.problem.cases:
        for seat in case.seats:
            filled = _fills(exact, case.id, "seat", seat)
            exact.model.add(sum(filled) == exact.placed[case.id])
        for place in case.optional:
            filled = _fills(exact, case.id, "optional", place)
            exact.model.add(sum(filled) <= exact.placed[case.id])


def _fills(exact: Exact, case: int, kind: str, place: Seat | Optional) -> list[Any]:
    keys = ((case, kind, place.id, expert) for expert in dict.fromkeys(place.candidates))
    return [exact.fills[key] for key in keys if key in exact.fills]


@constraint("chair")
def _chairs(exact: Exact) -> None:
    for k, slot in enumerate(exact.slots):
        chairs = exact.problem.team_of[slot.team].chairs
        if chairs:
            present = [exact.attends[e, k] for e in chairs if (e, k) in exact.attends]
            exact.model.add_bool_or([*present, exact.live[k].negated()])


@constraint("expert_free", "expert_overlap")
def _expert_time(exact: Exact) -> None:
    intervals: dict[int, list[Any]] = defaultdict(list)
    for (expert, k), attends in exact.attends.items():
        come, go = exact.come[expert, k], exact.go[expert, k]
        exact.inside(exact.slots[k].near(exact.problem.expert_of[expert].free), come, go, attends)
        intervals[expert].append(exact.model.new_optional_interval_var(come, exact.minutes[expert, k], go, attends, ""))
    for theirs in intervals.values():
        exact.model.add_no_overlap(theirs)


@constraint("expert_travel")
def _travel(exact: Exact) -> None:
    for (expert, k), one in exact.attends.items():
        for (other, m), two in exact.attends.items():
            here, there = exact.slots[k].site, exact.slots[m].site
            if other != expert or k >= m or here == there:
                continue
            if exact.problem.on_site(expert, here) and exact.problem.on_site(expert, there):
                minutes, before = exact.problem.travel(here, there), exact.flag()
                exact.model.add(exact.go[expert, k] + minutes <= exact.come[expert, m]).only_enforce_if(
                    one, two, before
                )
                exact.model.add(exact.go[expert, m] + minutes <= exact.come[expert, k]).only_enforce_if(
                    one, two, before.negated()
                )


@constraint("expert_remote", "case_remote")
def _remote(exact: Exact) -> None:
    for (ident, expert), at in exact.at.items():
        case = exact.problem.case_of[ident]
        site = exact.problem.team_of[case.team].site
        person = exact.problem.expert_of[expert]
        if site not in person.sites and not (person.remote and case.remote_ok):
            exact.model.add(at == 0)


@constraint("cap_day", "cap_week", "cap_minutes")
def _caps(exact: Exact) -> None:
    problem = exact.problem
    days = {k: _days(exact, k) for k in range(len(exact.slots))}
    for expert in {e for e, _ in exact.attends}:
        person = problem.expert_of[expert]
        per_day: dict[int, list[Any]] = defaultdict(list)
        per_week: dict[int, list[Any]] = defaultdict(list)
        stay: dict[int, list[Any]] = defaultdict(list)
        for k in [k for e, k in exact.attends if e == expert]:
            for day, on in days[k].items():
                both = exact.flag()
                exact.model.add_bool_or([exact.attends[expert, k].negated(), on.negated(), both])
                per_day[day].append(both)
                per_week[day // 7].append(both)
                spent = exact.model.new_int_var(0, problem.max_session_min, "")
                exact.model.add(spent >= exact.minutes[expert, k]).only_enforce_if(both)
                stay[day // 7].append(spent)
        for flags in per_day.values():
            exact.model.add(sum(flags) <= person.max_sessions_day)
        for flags in per_week.values():
            exact.model.add(sum(flags) <= person.max_sessions_week)
        for spent_all in stay.values():
            exact.model.add(sum(spent_all) <= person.max_minutes_week)


def _days(exact: Exact, k: int) -> dict[int, Any]:
    """Per local day whether the session starts on it; only days on which it could."""
    problem, chosen = exact.problem, {}
    windows = exact.slots[k].windows
    for day in sorted({d for a, b in windows for d in range(problem.day(a), problem.day(b - 1) + 1)}):
        begin = problem.day_starts[day]
        end = problem.day_starts[day + 1] if day + 1 < len(problem.day_starts) else problem.horizon_min + 1
        chosen[day] = exact.flag()
        exact.model.add(exact.first[k] >= begin).only_enforce_if(chosen[day])
        exact.model.add(exact.first[k] < end).only_enforce_if(chosen[day])
    exact.model.add_exactly_one([*chosen.values(), exact.live[k].negated()])
    return chosen


@constraint("pin", "forbidden")
def _choices(exact: Exact) -> None:
    for choice in exact.problem.pins:
        for held in _held(exact, choice):
            exact.model.add_implication(exact.placed[choice.case], held)
    for choice in exact.problem.forbidden:
        flags = _held(exact, choice)
        exact.model.add_bool_or([*(flag.negated() for flag in flags), exact.placed[choice.case].negated()])


def _held(exact: Exact, choice: Choice) -> list[Any]:
    """One flag per given key, true exactly where the key holds."""
    held, start = [], exact.start[choice.case]
    for minute, holds, fails in (
        (choice.from_min, lambda m: start >= m, lambda m: start < m),
        (choice.to_min, lambda m: start < m, lambda m: start >= m),
    ):
        if minute is not None:
            flag = exact.flag()
            exact.model.add(holds(minute)).only_enforce_if(flag)
            exact.model.add(fails(minute)).only_enforce_if(flag.negated())
            held.append(flag)
    if choice.expert is not None:
        held.append(exact.at.get((choice.case, choice.expert), exact.model.new_constant(0)))
    if choice.room is not None:
        flag, there = exact.flag(), []
        for k in exact.slots_of(exact.problem.case_of[choice.case]):
            if (k, choice.room) in exact.room:
                both = exact.flag()
                pair = [exact.member[choice.case, k], exact.room[k, choice.room]]
                exact.model.add_bool_and(pair).only_enforce_if(both)
                exact.model.add_bool_or([*(p.negated() for p in pair), both])
                there.append(both)
        exact.model.add(sum(there) == flag)
        held.append(flag)
    return held


def post(exact: Exact) -> None:
    for constrain in dict.fromkeys(CONSTRAINTS.values()):
        constrain(exact)
