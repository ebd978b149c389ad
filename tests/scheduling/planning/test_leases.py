"""What a worker that is late, or whose database goes away for a moment, may still write."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from scheduling.models import PlanningRun
from scheduling.planning import runs, worker
from tests.scheduling import worlds

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_late_worker_does_not_end_the_run_of_its_successor() -> None:
    run = worlds.small(0).request()
    late = runs.claim(run.pk)
    assert late is not None

    def report_failure() -> None:
        try:
            runs.fail(late, code="run.crashed", error="KeyError")
        finally:
            connection.close()

    rival = threading.Thread(target=report_failure)
    with transaction.atomic():
        PlanningRun.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
        assert runs.reap() == 1
        assert runs.claim(run.pk)
        rival.start()
        time.sleep(0.5)  # by now it waits for the row, having seen its own lease
    rival.join(timeout=10)
    run.refresh_from_db()
    assert run.status == "running"


def test_the_lease_outlives_a_database_connection_that_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "HEARTBEAT_S", 0.1)
    run = runs.claim(worlds.small(0).request().pk)
    assert run is not None
    with worker.Heartbeat(run) as heartbeat:
        _wait_until(lambda: _renewed(run) > run.heartbeat_at)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            assert cursor.fetchone()[0] >= 1
        broken_at = timezone.now()
        _wait_until(lambda: _renewed(run) > broken_at)
        assert not heartbeat.lost


def _renewed(run: PlanningRun):
    return PlanningRun.objects.values_list("heartbeat_at", flat=True).get(pk=run.pk)


def _wait_until(holds) -> None:
    deadline = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
