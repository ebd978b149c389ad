"""A planning run over several workers: who did what, how it stops, and what a lost or late answer may do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from mdt_portal import outbox
from scheduling.models import PlanningRun
from scheduling.solver import greedy, rules
from scheduling.solver.plan import Plan
from scheduling.solver.problem import Problem
from tests.scheduling import world

pytestmark = pytest.mark.django_db(transaction=True)

StartWorker = Callable[..., Any]


def test_two_workers_do_tasks_of_one_run(start_worker: StartWorker) -> None:
    run = begin(world.wide(), start_worker, start_worker, seconds=10)
    wait_for(lambda: run_now(run).finished, 20)
    last = run_now(run).progress[-1]
    assert last["workers"] == 2
    assert 0 < last["tasks_helped"] < last["tasks_done"]
    assert last["tasks_lost"] == 0
    best = valid_plan(run)
    assert best.goals <= greedy.first_plan(problem_of(run)).goals


def test_one_worker_with_one_process_does_all_of_it_within_its_limit(start_worker: StartWorker) -> None:
    run = begin(world.wide(), start_worker, seconds=5)
    wait_for(lambda: run_now(run).finished, 15)
    ended = run_now(run)
    assert (ended.finished_at - ended.started_at).total_seconds() < 5 + 2
    assert ended.progress[-1]["tasks_done"] > 0
    assert ended.progress[-1]["tasks_helped"] == 0
    assert valid_plan(run).goals <= greedy.first_plan(problem_of(run)).goals


def begin(w: world.World, *start: StartWorker, seconds: int) -> PlanningRun:
    for one in start:
        one("solve", "improve")
    run = w.request(seconds=seconds)
    outbox.deliver()
    return run


def run_now(run: PlanningRun) -> PlanningRun:
    return PlanningRun.objects.get(pk=run.pk)


def problem_of(run: PlanningRun) -> Problem:
    return Problem.from_json(run_now(run).problem)


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
