"""What of an old plan is taken along when the world has moved on."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from scheduling.models import Incumbent, PlanningRun
from scheduling.planning import incumbents, runs, worker
from scheduling.problem import snapshot
from scheduling.solver import rules
from scheduling.solver.core.assembly import plan_of
from scheduling.solver.core.plan import Plan
from scheduling.solver.greedy import greedy
from scheduling.solver.rules import checking
from tests.scheduling import worlds

pytestmark = pytest.mark.django_db(transaction=True)


def test_sessions_that_still_fit_are_taken_along_and_others_are_not() -> None:
    problem = snapshot.take(worlds.wide(4, 2).request()).problem
    plan = greedy.first_plan(problem)
    gone = plan.sessions[0]
    lost = {item.case for item in gone.cases}
    smaller = replace(problem, cases=tuple(case for case in problem.cases if case.id not in lost))
    fitted = incumbents.fitting(smaller, plan.sessions)
    assert fitted is not None
    assert {session.id for session in fitted.sessions} == {session.id for session in plan.sessions} - {gone.id}
    assert rules.violations(smaller, fitted) == []


def test_who_went_on_leave_takes_their_sessions_out() -> None:
    problem = snapshot.take(worlds.wide(4, 2).request()).problem
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
    run = worlds.small(1).request()
    old = runs.claim(run.pk)
    assert old is not None
    type(run).objects.filter(pk=run.pk).update(fence=old.fence + 1)
    with pytest.raises(runs.LeaseLost):
        incumbents.keep(old, [], seconds=1)
    assert not Incumbent.objects.exists()


def test_after_two_lost_workers_the_best_plan_so_far_is_offered_without_a_search() -> None:
    run = worlds.wide(4, 2).request(seconds=600)
    problem = snapshot.take(run).problem
    first = greedy.first_plan(problem)
    kept = plan_of(problem, first.sessions[1:])  # no search would leave that session out
    for _ in range(runs.MAX_ATTEMPTS):
        held = runs.claim(run.pk)
        assert held is not None
        incumbents.keep(held, kept.sessions, seconds=1)
        lose_worker(run)
    worker.execute(run.pk)
    run.refresh_from_db()
    assert (run.status, run.attempts) == ("proposed", 3)
    offered = Plan.from_json(run.proposals.get().plan)
    assert offered.goals == kept.goals > first.goals
    assert rules.violations(checking.read_problem(run.problem), offered) == []
    assert not Incumbent.objects.exists()


def test_a_run_that_loses_even_the_worker_that_only_offers_fails() -> None:
    run = worlds.small(1).request()
    for _ in range(runs.MAX_ATTEMPTS + 1):
        held = runs.claim(run.pk)
        assert held is not None
        incumbents.keep(held, [], seconds=1)
        lose_worker(run)
    run.refresh_from_db()
    assert run.status == "failed"
    assert not Incumbent.objects.exists()


def lose_worker(run: PlanningRun) -> None:
    PlanningRun.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert runs.reap() == 1
