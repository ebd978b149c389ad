"""A planning run over several workers: who did what, how it stops, and what a lost or late answer may do."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import redis
from django.utils import timezone

from mdt_portal import outbox
from scheduling.distributed import helper
from scheduling.models import PlanningRun
from scheduling.planning import runs
from scheduling.solver import rules
from scheduling.solver.core.plan import Plan
from scheduling.solver.core.problem import Problem
from scheduling.solver.greedy import greedy
from scheduling.solver.rules import checking
from tests.conftest import HEARD_URL
from tests.scheduling import worlds

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

StartWorker = Callable[..., Any]
STOPS_WITHIN_S = 2.0
IDLE_WITHIN_S = 5.0


def test_two_workers_do_tasks_of_one_run(start_worker: StartWorker) -> None:
    run = begin(worlds.wide(8, 6), start_worker, start_worker, seconds=10)
    wait_for(lambda: run_now(run).finished, 20)
    last = run_now(run).progress[-1]
    assert last["workers"] == 2
    assert 0 < last["tasks_helped"] < last["tasks_done"]
    assert last["tasks_lost"] == 0
    best = valid_plan(run)
    assert best.goals <= greedy.first_plan(problem_of(run)).goals


@pytest.mark.timed
def test_one_worker_with_one_process_does_all_of_it_within_its_limit(start_worker: StartWorker) -> None:
    run = begin(worlds.wide(8, 6), start_worker, seconds=5)
    wait_for(lambda: run_now(run).finished, 15)
    ended = run_now(run)
    assert (ended.finished_at - ended.started_at).total_seconds() < 5 + 2
    assert ended.progress[-1]["tasks_done"] > 0
    assert ended.progress[-1]["tasks_helped"] == 0
    assert valid_plan(run).goals <= greedy.first_plan(problem_of(run)).goals


@pytest.mark.timed
def test_a_stop_ends_the_run_and_its_helpers_within_two_seconds(start_worker: StartWorker) -> None:
    run = begin(worlds.wide(8, 6), start_worker, start_worker, seconds=60)
    wait_for(lambda: run_now(run).progress and run_now(run).progress[-1]["tasks_helped"], 30)
    asked = timezone.now()
    runs.request_stop(run_now(run), by=None)
    wait_for(lambda: run_now(run).finished, 10)
    assert (run_now(run).finished_at - asked).total_seconds() < STOPS_WITHIN_S
    with redis.Redis.from_url(HEARD_URL) as broker:
        wait_for(lambda: not broker.llen("improve") and not broker.hlen("unacked"), IDLE_WITHIN_S)
    valid_plan(run)


def test_a_run_that_waits_takes_a_helper_after_its_present_improvement(start_worker: StartWorker) -> None:
    world = worlds.wide(8, 6)
    first = begin(world, start_worker, start_worker, seconds=120)
    wait_for(lambda: run_now(first).progress and run_now(first).progress[-1]["tasks_helped"], 30)
    second = world.request(seconds=5)
    outbox.deliver()
    wait_for(lambda: run_now(second).started_at, helper.IMPROVE_S + 10)
    waited = run_now(second).started_at - second.created_at
    assert waited.total_seconds() < helper.IMPROVE_S + STOPS_WITHIN_S
    assert not run_now(first).finished
    runs.request_stop(run_now(first), by=None)
    wait_for(lambda: run_now(first).finished and run_now(second).finished, 40)


@pytest.mark.timed
def test_progress_is_no_older_than_a_second_or_so(start_worker: StartWorker) -> None:
    run = begin(worlds.wide(8, 6), start_worker, seconds=8)
    wait_for(lambda: run_now(run).progress, 20)
    seen = set()
    while not run_now(run).finished:
        seen.add(run_now(run).progress[-1]["seconds"])
        time.sleep(0.1)
    steps = sorted(seen)
    assert max(later - earlier for earlier, later in pairwise(steps)) < 2


def begin(world: worlds.World, *start: StartWorker, seconds: int) -> PlanningRun:
    for one in start:
        one("solve", "improve")
    run = world.request(seconds=seconds)
    outbox.deliver()
    return run


def run_now(run: PlanningRun) -> PlanningRun:
    return PlanningRun.objects.get(pk=run.pk)


def problem_of(run: PlanningRun) -> Problem:
    return checking.read_problem(run_now(run).problem)


def valid_plan(run: PlanningRun) -> Plan:
    assert run_now(run).status == "proposed", run_now(run).failure
    plan = Plan.from_json(run.proposals.get(kind="balanced").plan)
    assert rules.violations(problem_of(run), plan) == []
    return plan


def wait_for(true: Callable[[], object], timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)
