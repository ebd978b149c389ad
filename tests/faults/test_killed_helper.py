"""A run over several workers of which one dies."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import psutil
import pytest
from django.utils import timezone

from mdt_portal import outbox
from scheduling.models import Incumbent, PlanningRun
from scheduling.planning import incumbents, runs
from scheduling.solver import rules
from scheduling.solver.core import objectives
from scheduling.solver.core.plan import Goals, Plan
from scheduling.solver.rules import checking
from tests.scheduling import worlds

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_a_helper_killed_in_mid_run_costs_its_task(start_worker: Callable) -> None:
    start_worker("solve")
    helper = start_worker("improve")
    run = worlds.wide(8, 6).request(seconds=25)
    outbox.deliver()
    wait_for(lambda: now(run).progress and now(run).progress[-1]["tasks_helped"], 30)
    kill_all(helper.pid)
    done = now(run).progress[-1]["tasks_done"]
    wait_for(lambda: now(run).finished, 40)
    assert now(run).progress[-1]["tasks_done"] > done
    assert_proposed(run)


def test_a_run_whose_coordinator_was_killed_goes_on_from_its_best_plan(start_worker: Callable) -> None:
    doomed = start_worker("solve", "improve")
    run = worlds.wide(8, 6).request(seconds=120)
    outbox.deliver()
    wait_for(lambda: Incumbent.objects.filter(run=run).exists(), 90)
    kill_all(doomed.pid)
    greedy, best = now(run).progress[0]["goals"], list(goals(run))
    assert best < greedy

    PlanningRun.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert runs.reap() == 1
    start_worker("solve", "improve")
    outbox.deliver()
    wait_for(lambda: now(run).attempts == 2 and now(run).progress, 30)
    assert now(run).progress[0]["goals"] == best
    runs.request_stop(now(run), by=None)
    wait_for(lambda: now(run).finished, 40)
    assert list(assert_proposed(run).goals) <= best
    assert not Incumbent.objects.exists()


def assert_proposed(run: PlanningRun) -> Plan:
    ended = now(run)
    assert ended.status == "proposed", ended.failure
    plan = Plan.from_json(run.proposals.get().plan)
    assert rules.violations(checking.read_problem(ended.problem), plan) == []
    return plan


def goals(run: PlanningRun) -> Goals:
    problem = checking.read_problem(now(run).problem)
    plan = incumbents.resume(run, problem).plan
    assert plan is not None
    return objectives.goals(problem, plan)


def now(run: PlanningRun) -> PlanningRun:
    return PlanningRun.objects.get(pk=run.pk)


def kill_all(pid: int) -> None:
    """Kill -9 the worker and the processes of its pool."""
    process = psutil.Process(pid)
    for one in [process, *process.children(recursive=True)]:
        one.kill()


def wait_for(true: Callable[[], object], timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, f"waited {timeout_s} s"
        time.sleep(0.1)
