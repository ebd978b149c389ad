"""Each hard rule: a plan that keeps it and one that breaks it, and nothing else that is broken."""

from dataclasses import replace

import pytest

from scheduling.solver import rules
from scheduling.solver.core.problem import Choice, Reserved
from tests.solver.builders import (
    DAY,
    case,
    expert,
    optional,
    plan,
    planned,
    problem,
    room,
    session,
    team,
)

ONE = problem([case(1)])
TWO = problem([case(1), case(2, [[2]])])
GOOD = session(1, 480, 510, planned(1, 480, 1))


def codes(of, *sessions, **given):
    return {violation.code for violation in rules.violations(of, plan(of, *sessions, **given))}


def test_every_rule_has_a_sentence_and_a_pair_of_plans_here():
    assert set(rules.RULES) == set(rules.SENTENCES) == set(PAIRS)


@pytest.mark.parametrize("code", list(rules.RULES))
def test_rule_accepts_the_good_plan(code):
    of, good, *_ = PAIRS[code]
    assert codes(of, *good) == set()


@pytest.mark.parametrize("code", list(rules.RULES))
def test_rule_finds_the_bad_plan(code):
    of, _, bad, *other = PAIRS[code]
    found = rules.violations(*(other or [of]), bad if not isinstance(bad, tuple) else plan(of, *bad))
    assert code in {violation.code for violation in found}
    assert all(rules.sentence(violation) for violation in found)


def fixed_problem():
    return replace(TWO, fixed=(GOOD,))


def remote_problem(**given):
    return problem(
        [case(1, [[1], [2]], remote_ok=True)],
        sites=(1, 2),
        rooms=(room(equipment=frozenset({"video"})), room(2)),
        experts=(expert(1), expert(2, sites=frozenset({2}), remote=True)),
        **given,
    )


REMOTE = remote_problem()
NOT_REMOTE = replace(REMOTE, experts=(expert(1), expert(2, sites=frozenset({2}))))
NO_REMOTE_CASE = replace(REMOTE, cases=(replace(REMOTE.cases[0], remote_ok=False),))
BOTH = planned(1, 480, 1, 2)
TRAVEL = problem(
    [case(1), case(2, team=2)],
    sites=(1, 2),
    travel_min=((2, 1, 30),),
    teams=(team(), team(2, site=2)),
    rooms=(room(), room(2, site=2)),
    experts=(expert(1, sites=frozenset({1, 2})),),
)


def second(start, **given):
    return session(2, start, start + 30, planned(2, start, 1), **{"team": 2, "site": 2, "room": 2, **given})


HALL = problem(
    [case(1), case(2, team=2)],
    teams=(team(), team(2)),
    rooms=(room(), room(2)),
    experts=(expert(1, max_sessions_day=1, max_sessions_week=1, max_minutes_week=40), expert(2)),
)
NEXT_DAY = replace(HALL, teams=(team(windows=((480, 720), (DAY + 480, DAY + 720))), team(2)))
WEEK = replace(NEXT_DAY, cases=(case(1), case(2)), experts=(expert(1, max_sessions_week=1),))
MINUTES = replace(WEEK, experts=(expert(1, max_minutes_week=40),))
BREAKS = problem([case(1), case(2)], break_after_min=45, break_min=10)
OPTIONAL = problem([replace(case(1), optional=(optional(7, 2),))])

PAIRS = {
    "unknown": (ONE, (GOOD,), (session(1, 480, 510, planned(1, 480, 99)),)),
    "session_id": (
        TWO,
        (session(1, 480, 540, planned(1, 480, 1), planned(2, 510, 2)),),
        (GOOD, session(1, 540, 570, planned(2, 540, 2))),
    ),
    "case_once": (ONE, (GOOD,), (GOOD, session(2, 540, 570, planned(1, 540, 1)))),
    "unplaced_list": (TWO, (GOOD,), plan(TWO, GOOD, unplaced=())),
    "case_team": (
        replace(ONE, teams=(team(), team(2))),
        (GOOD,),
        (replace(GOOD, team=2),),
    ),
    "case_release": (problem([case(1, release_min=480)]), (GOOD,), (session(1, 465, 495, planned(1, 465, 1)),)),
    "case_inside": (ONE, (GOOD,), (session(1, 480, 495, planned(1, 480, 1)),)),
    "case_overlap": (
        TWO,
        (session(1, 480, 540, planned(1, 480, 1), planned(2, 510, 2)),),
        (session(1, 480, 540, planned(1, 480, 1), planned(2, 495, 2)),),
    ),
    "session_empty": (ONE, (GOOD,), (GOOD, session(2, 600, 615))),
    "session_length": (ONE, (GOOD,), (session(1, 480, 615, planned(1, 480, 1)),)),
    "session_window": (ONE, (GOOD,), (session(1, 705, 735, planned(1, 705, 1)),)),
    "session_site": (
        problem(
            [case(1)], sites=(1, 2), rooms=(room(), room(2, site=2)), experts=(expert(1, sites=frozenset({1, 2})),)
        ),
        (GOOD,),
        (replace(GOOD, site=2, room=2),),
    ),
    "session_horizon": (
        replace(ONE, horizon_min=510),
        (GOOD,),
        (session(1, 495, 525, planned(1, 495, 1)),),
    ),
    "team_overlap": (
        replace(TWO, rooms=(room(), room(2))),
        (GOOD, session(2, 510, 540, planned(2, 510, 2), room=2)),
        (GOOD, session(2, 495, 525, planned(2, 495, 2), room=2)),
    ),
    "reserved": (
        problem([case(1)], teams=(team(reserved=(Reserved(from_min=540, to_min=600, classes=("A",)),)),)),
        (GOOD,),
        (session(1, 540, 570, planned(1, 540, 1)),),
    ),
    "grain": (ONE, (GOOD,), (session(1, 481, 511, planned(1, 481, 1)),)),
    "break": (
        BREAKS,
        (session(1, 480, 555, planned(1, 480, 1), planned(2, 525, 1)),),
        (session(1, 480, 540, planned(1, 480, 1), planned(2, 510, 1)),),
    ),
    "room_missing": (ONE, (GOOD,), (replace(GOOD, room=None),)),
    "room_site": (
        replace(ONE, sites=(1, 2), rooms=(room(), room(2, site=2))),
        (GOOD,),
        (replace(GOOD, room=2),),
    ),
    "room_free": (
        replace(ONE, rooms=(room(free=((480, 510),)),)),
        (GOOD,),
        (session(1, 495, 525, planned(1, 495, 1)),),
    ),
    "room_equipment": (
        problem([case(1, equipment=frozenset({"scope"}))], rooms=(room(equipment=frozenset({"scope"})), room(2))),
        (GOOD,),
        (replace(GOOD, room=2),),
    ),
    "room_video": (REMOTE, (session(1, 480, 510, BOTH),), (session(1, 480, 510, BOTH, room=2),)),
    "room_capacity": (
        problem([case(1, [[1], [2]])], rooms=(room(capacity=2), room(2, capacity=1))),
        (session(1, 480, 510, BOTH),),
        (session(1, 480, 510, BOTH, room=2),),
    ),
    "room_changeover": (
        TWO,
        (GOOD, session(2, 525, 555, planned(2, 525, 2))),
        (GOOD, session(2, 510, 540, planned(2, 510, 2))),
    ),
    "seat_filled": (
        problem([case(1, [[1], [2]])]),
        (session(1, 480, 510, BOTH),),
        (session(1, 480, 510, planned(1, 480, 1)),),
    ),
    "seat_candidate": (ONE, (GOOD,), (session(1, 480, 510, planned(1, 480, 2)),)),
    "seat_distinct": (
        problem([case(1, [[1, 2], [1, 2]])]),
        (session(1, 480, 510, BOTH),),
        (session(1, 480, 510, planned(1, 480, 1, 1)),),
    ),
    "chair": (
        problem([case(1, [[1, 2]])], teams=(team(chairs=(2,)),)),
        (session(1, 480, 510, planned(1, 480, 2)),),
        (GOOD,),
    ),
    "expert_free": (
        replace(ONE, experts=(expert(1, free=((480, 510),)),)),
        (GOOD,),
        (session(1, 495, 525, planned(1, 495, 1)),),
    ),
    "expert_overlap": (
        problem([case(1), case(2, team=2)], teams=(team(), team(2)), rooms=(room(), room(2))),
        (GOOD, second(510, site=1)),
        (GOOD, second(495, site=1)),
    ),
    "expert_travel": (TRAVEL, (GOOD, second(540)), (GOOD, second(525))),
    "expert_remote": (REMOTE, (session(1, 480, 510, BOTH),), (session(1, 480, 510, BOTH),), NOT_REMOTE),
    "case_remote": (REMOTE, (session(1, 480, 510, BOTH),), (session(1, 480, 510, BOTH),), NO_REMOTE_CASE),
    "cap_day": (
        replace(NEXT_DAY, experts=(expert(1, max_sessions_day=1),)),
        (session(1, DAY + 480, DAY + 510, planned(1, DAY + 480, 1)), second(480, site=1)),
        (GOOD, second(540, site=1)),
    ),
    "cap_week": (
        WEEK,
        (session(1, 480, 540, planned(1, 480, 1), planned(2, 510, 1)),),
        (GOOD, session(2, DAY + 480, DAY + 510, planned(2, DAY + 480, 1))),
    ),
    "cap_minutes": (
        MINUTES,
        (GOOD,),
        (GOOD, session(2, DAY + 480, DAY + 510, planned(2, DAY + 480, 1))),
    ),
    "fixed": (
        fixed_problem(),
        (session(1, 480, 540, planned(1, 480, 1), planned(2, 510, 2)),),
        (session(1, 480, 540, planned(1, 480, 1)),),
    ),
    "pin": (
        replace(ONE, pins=(Choice(case=1, from_min=480, to_min=481, expert=1, room=1),)),
        (GOOD,),
        (session(1, 495, 525, planned(1, 495, 1)),),
    ),
    "forbidden": (
        replace(ONE, forbidden=(Choice(case=1, expert=1, from_min=495),)),
        (GOOD,),
        (session(1, 495, 525, planned(1, 495, 1)),),
    ),
}


def test_expert_without_remote_work_is_named():
    found = rules.violations(NOT_REMOTE, plan(NOT_REMOTE, session(1, 480, 510, BOTH)))
    assert [(v.code, v.expert) for v in found] == [("expert_remote", 2)]


def test_case_that_cannot_be_remote_is_named():
    found = rules.violations(NO_REMOTE_CASE, plan(NO_REMOTE_CASE, session(1, 480, 510, BOTH)))
    assert [(v.code, v.case) for v in found] == [("case_remote", 1)]


def test_now_binds_new_cases_but_not_confirmed_ones():
    later = replace(fixed_problem(), now_min=500)
    assert codes(later, GOOD) == set()
    assert codes(replace(ONE, now_min=500), GOOD) == {"case_release"}


def test_session_of_remote_people_needs_no_room():
    of = problem([case(1, remote_ok=True)], sites=(1, 2), experts=(expert(1, sites=frozenset({2}), remote=True),))
    assert codes(of, replace(GOOD, room=None)) == set()


def test_optional_people_count_as_attending():
    busy = planned(1, 480, 1, optional={7: 2})
    assert codes(OPTIONAL, session(1, 480, 510, busy)) == set()
    assert codes(OPTIONAL, session(1, 480, 510, planned(1, 480, 1, optional={7: 3}))) == {"seat_candidate"}
    small = replace(OPTIONAL, rooms=(room(capacity=1),))
    assert codes(small, session(1, 480, 510, busy)) == {"room_capacity"}


def test_presence_covers_the_time_between_two_cases():
    of = problem([case(1), case(2, [[2]]), case(3)], experts=(expert(1, free=((480, 510), (540, 570))), expert(2)))
    three = session(1, 480, 570, planned(1, 480, 1), planned(2, 510, 2), planned(3, 540, 1))
    assert codes(of, three) == {"expert_free"}


def test_long_single_case_needs_no_break():
    of = problem([case(1, duration_min=60)], break_after_min=45)
    assert codes(of, session(1, 480, 540, planned(1, 480, 1))) == set()


def test_confirmed_end_never_shrinks():
    of = replace(ONE, fixed=(session(1, 480, 540, planned(1, 480, 1)),))
    assert codes(of, GOOD) == {"fixed"}
