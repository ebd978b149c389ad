"""Why not: pins and bans as reasons, the funnel of the rules, late cases, and each kind of remedy tried for real."""

from dataclasses import replace

import pytest

from scheduling.solver.core.problem import Choice, Relaxed
from scheduling.solver.explain import explain
from scheduling.solver.explain.explain import Explainer
from tests.solver.builders import DAY, case, expert, plan, planned, problem, room, session, team


def codes(of, ident=1, *, on=None, until=None):
    return [reason.code for reason in Explainer(of, on or plan(of)).reasons(ident, until=until)]


def helped(of, ident=1, *, on=None, before=None, late=None):
    found = Explainer(of, on or plan(of), late=late).remedies(ident, before=before)
    return {remedy.code: remedy for remedy in found}


@pytest.mark.parametrize(
    ("pins", "bans", "expected"),
    [
        ([Choice(case=1, from_min=DAY)], [], ["pin_time"]),
        ([], [Choice(case=1, from_min=0, to_min=DAY)], ["ban_time"]),
        ([Choice(case=1, room=2)], [], ["pin_room_closed"]),
        ([], [Choice(case=1, room=1)], ["ban_room"]),
        ([Choice(case=1, expert=2)], [], ["pin_expert"]),
        ([], [Choice(case=1, expert=1)], ["ban_expert"]),
    ],
)
def test_a_pin_or_ban_that_cannot_be_kept_is_the_reason(pins, bans, expected):
    of = problem([case(1, [[1]])], rooms=(room(1), room(2, free=((0, 10),))), pins=tuple(pins), forbidden=tuple(bans))
    assert codes(of) == expected
    assert helped(of)["drop_constraints"].start_min == 480
    assert codes(replace(of, pins=(), forbidden=())) == ["place_missed"]


def test_a_room_is_needed_unless_all_can_come_by_video():
    far = expert(2, sites=frozenset({2}), remote=True)
    of = problem([case(1, [[1]], remote_ok=True)], sites=(1, 2), experts=(expert(1), far), rooms=())
    assert codes(of) == ["no_room_exists"]
    assert codes(replace(of, cases=(case(1, [[2]], remote_ok=True),))) == ["place_missed"]


def test_what_is_not_there_at_all_is_the_whole_explanation():
    display = frozenset({"display"})
    never = {"experts": (expert(1, free=()), expert(2)), "rooms": (room(1, free=()),)}
    for of, expected in (
        (problem([case(1, [[], [1]])]), ["seat_nobody"]),
        (problem([case(1, [[1], []])], rooms=()), ["seat_nobody", "no_room_exists"]),
        (problem([case(1, [[1]])], **never), ["seat_no_time", "room_never_open"]),
        (problem([case(1, [[1]], equipment=display)]), ["no_room_has"]),
        (problem([case(1, [[1]])], teams=(team(windows=()),), rooms=()), ["team_never_meets"]),
        (problem([case(1, [[1, 2]])], experts=(expert(1, free=()), expert(2))), ["place_missed"]),
    ):
        assert codes(of) == expected
    titled = problem([case(1, [[]])])
    seat = replace(titled.cases[0].seats[0], relaxed=(Relaxed(code="title", candidates=(2,)),))
    titled = replace(titled, cases=(replace(titled.cases[0], seats=(seat,)),))
    assert codes(titled) == ["seat_title"]
    assert helped(titled).keys() == {"relax_seat"}


def test_the_funnel_counts_what_each_rule_removes():
    """A morning of 240 minutes has 15 starts for 30 minutes; the room takes 4 of them, the expert what is left."""
    of = problem(
        [case(1, [[1]], release_min=495)],
        rooms=(room(1, free=((540, 720),)),),
        experts=(expert(1, free=((480, 540),)),),
    )
    steps = Explainer(of, plan(of)).funnel(1)
    told = [(step.reason.code, step.removed, step.left) for step in steps if step.removed or step is steps[0]]
    assert told == [("team_meets", 0, 15), ("too_early", 1, 14), ("no_room", 3, 11), ("seat_off_duty", 11, 0)]


def test_a_late_case_is_explained_up_to_its_limit():
    """The only expert is in another session until the limit is over."""
    of = problem(
        [case(1, [[1]], due_min=520), case(2, [[1]], team=2)], teams=(team(), team(2)), rooms=(room(1), room(2))
    )
    met = plan(
        of,
        session(1, 480, 600, planned(2, 480, 1), team=2, room=2),
        session(2, 600, 630, planned(1, 600, 1)),
    )
    met = replace(met, sessions=(replace(met.sessions[0], end_min=510), met.sessions[1]))
    late = Explainer(of, met, late=1)
    assert 1 not in late.state.placed
    assert [reason.code for reason in late.reasons(1, until=494)] == ["seat_busy"]
    steps = late.funnel(1, until=494)
    assert (steps[-1].reason.code, steps[-1].left) == ("after_limit", 0)
    assert steps[-1].removed == steps[-2].left > 0
    assert steps[-1].reason.params["first_free"] == 510
    assert codes(of, until=-1) == ["limit_over"]


def test_taking_a_case_out_leaves_the_rest_of_its_session():
    of = problem([case(1), case(2)])
    met = session(1, 480, 540, planned(1, 480, 1), planned(2, 510, 1))
    (left,) = explain.without(of, [met], 1)
    assert (left.start_min, left.end_min, [item.case for item in left.cases]) == (510, 540, [2])
    assert explain.without(of, [left], 2) == ()


def test_each_remedy_works_alone():
    display = problem([case(1, equipment=frozenset({"display"}))])
    assert helped(display)["relax_room"].start_min == 480
    far = expert(1, sites=frozenset({2}), remote=True)
    remote = problem([case(1)], sites=(1, 2), experts=(far,), rooms=(room(1, equipment=frozenset({"video"})),))
    assert helped(remote)["relax_remote"].start_min == 480
    noon = problem([case(1)], experts=(expert(1, free=((720, 780),)),))
    assert (helped(noon)["open_block"].start_min, helped(noon)["ask_expert"].start_min) == (720, 480)


def test_another_session_may_give_way():
    of = problem([case(1, [[1]], due_min=500), case(2, [[1]])], teams=(team(windows=((480, 600),)),))
    met = plan(of, session(1, 480, 510, planned(2, 480, 1)))
    found = helped(of, on=met)
    assert (found["move_others"].start_min, found["move_others"].params["moved"]) == (480, 1)


def test_a_remedy_for_a_late_case_starts_sooner():
    of = problem([case(1, [[1]], due_min=500)], experts=(expert(1, free=((600, 720),)),))
    met = plan(of, session(1, 600, 630, planned(1, 600, 1)))
    found = helped(of, on=met, late=1, before=600)
    assert found["ask_expert"].start_min == 480
    assert helped(of, on=met, late=1, before=480) == {}
