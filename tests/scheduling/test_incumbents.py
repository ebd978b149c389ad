"""What of an old plan is taken along when the world has moved on."""

from dataclasses import replace

import pytest

from scheduling import incumbents, runs, snapshot
from scheduling.models import Incumbent
from scheduling.solver import greedy, rules
from tests.scheduling import world

pytestmark = pytest.mark.django_db(transaction=True)


def test_sessions_that_still_fit_are_taken_along_and_others_are_not() -> None:
    problem = snapshot.take(world.wide(4, 2).request()).problem
    plan = greedy.first_plan(problem)
    gone = plan.sessions[0]
    lost = {item.case for item in gone.cases}
    smaller = replace(problem, cases=tuple(case for case in problem.cases if case.id not in lost))
    fitted = incumbents.fitting(smaller, plan.sessions)
    assert fitted is not None
    assert {session.id for session in fitted.sessions} == {session.id for session in plan.sessions} - {gone.id}
    assert rules.violations(smaller, fitted) == []


def test_who_went_on_leave_takes_their_sessions_out() -> None:
    problem = snapshot.take(world.wide(4, 2).request()).problem
    plan = greedy.first_plan(problem)
    absent = next(iter(plan.sessions[0].people()))
    people = tuple(replace(one, free=()) if one.id == absent else one for one in problem.experts)
    changed = replace(problem, experts=people)
    fitted = incumbents.fitting(changed, plan.sessions)
    assert fitted is not None
    assert rules.violations(changed, fitted) == []
    assert all(absent not in session.people() for session in fitted.sessions)
    assert fitted.unplaced


def test_a_worker_that_was_given_up_keeps_nothing() -> None:
    run = world.small(1).request()
    old = runs.claim(run.pk)
    assert old is not None
    type(run).objects.filter(pk=run.pk).update(fence=old.fence + 1)
    with pytest.raises(runs.LeaseLost):
        incumbents.keep(old, [], seconds=1)
    assert not Incumbent.objects.exists()
