"""The fixtures of the whole suite work on the real thing."""

import psutil
import pytest

from mdt_portal.operations import health


@pytest.mark.parametrize("queue", health.QUEUES)
def test_worker_consumes_the_queue(worker, queue):
    assert str(worker.pid) in [life.split(":")[1] for life in health.workers(queue)]


def test_worker_forks(worker):
    assert len(psutil.Process(worker.pid).children()) == 2
