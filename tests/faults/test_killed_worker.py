"""A worker that dies in mid-solve leaves no partial plan, and its run comes back within 60 s."""

import time
from collections.abc import Callable

import psutil
import pytest

from mdt_portal import outbox
from scheduling.models import PlanningRun, Proposal, Session
from scheduling.planning import runs
from tests.scheduling import worlds


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_mid_solve_loses_nothing(empty_queues: None, start_worker: Callable) -> None:
    world = worlds.small(24)
    doomed = start_worker("solve")
    run = world.request(seconds=25)
    outbox.deliver()
    wait_for(lambda: fresh(run).problem is not None, "the worker to begin", 30)
    kill_all(doomed.pid)
    killed_at = time.monotonic()
    assert fresh(run).status == "running"
    assert Proposal.objects.count() == Session.objects.count() == 0

    wait_for(runs.reap, "the lease to run out", 60)
    assert fresh(run).status == "queued"
    start_worker("solve")
    outbox.deliver()
    wait_for(lambda: fresh(run).status == "running", "another worker to take over", 60)
    assert time.monotonic() - killed_at < 60
    runs.request_stop(fresh(run), by=None)
    wait_for(lambda: fresh(run).status == "proposed", "the best plan so far", 30)
    assert fresh(run).attempts == 2
    assert Proposal.objects.count() == 1


def fresh(run: PlanningRun) -> PlanningRun:
    return PlanningRun.objects.get(pk=run.pk)


def kill_all(pid: int) -> None:
    """Kill -9 the worker and the processes of its pool."""
    process = psutil.Process(pid)
    for one in [process, *process.children(recursive=True)]:
        one.kill()


def wait_for(true: Callable[[], object], what: str, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, f"waited {timeout_s} s for {what}"
        time.sleep(0.2)
