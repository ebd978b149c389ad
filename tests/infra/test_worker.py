"""The fixtures of the whole suite work on the real thing."""

from mdt_portal import health


def test_worker_consumes_both_queues(worker):
    assert len(health.workers("solve")) == 1
    assert len(health.workers("default")) == 1
