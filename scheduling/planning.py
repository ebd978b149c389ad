"""What a worker does with a run, from claim to proposal."""

from __future__ import annotations

import logging
import threading
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction

from scheduling import runs, snapshot
from scheduling.models import PlanningRun

logger = logging.getLogger(__name__)

PULSE_S = 1.0


def execute(run_id: int) -> None:
    """Claim, read, solve outside any transaction, judge, propose. A redelivered or overtaken task does nothing."""
    from scheduling.solver import rules, solve  # heavy: OR-Tools comes with it

    run = runs.claim(run_id)
    if run is None:
        return
    try:
        with Pulse(run) as pulse:
            seen = _read(run)
            runs.store_problem(run, seen.problem)
            plan = solve.solve(seen.problem, on_progress=pulse.tell, should_stop=pulse.stop_wanted)
            broken = rules.violations(seen.problem, plan)
        if broken:
            runs.fail(run, code="run.plan_breaks_rules", rules=sorted({violation.code for violation in broken}))
        else:
            runs.propose(run, plan, base_versions=seen.base_versions)
    except runs.LeaseLost:
        logger.warning("run %s was taken over; this worker's result is dropped", run_id)
    except Exception as error:
        # the run must not look alive; the bug itself goes on to the log
        runs.fail(run, code="run.crashed", error=type(error).__name__)
        raise


def _read(run: PlanningRun) -> snapshot.Snapshot:
    with transaction.atomic():
        snapshot.repeatable_read()
        return snapshot.take(run)


class Pulse:
    """Keeps the run's lease alive from a thread of its own while the solver works, and carries progress and stop."""

    def __init__(self, run: PlanningRun) -> None:
        self._run = run
        self._points: list[dict[str, Any]] = []
        self._stop = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"pulse-{run.pk}", daemon=True)
        self.lost = False

    def __enter__(self) -> Pulse:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        if kind is None:
            if self.lost:
                raise runs.LeaseLost(self._run.pk)
            runs.keep_alive(self._run, self._points)

    def tell(self, progress: Any) -> None:
        """Note a better plan or bound: seconds, goals and bound as plain numbers."""
        self._points.append(
            {
                "seconds": round(progress.seconds, 2),
                "phase": progress.phase,
                "goals": list(progress.goals),
                "bound": list(progress.bound) if progress.bound else None,
            }
        )

    def stop_wanted(self) -> bool:
        return self._stop.is_set()

    def _beat(self) -> None:
        try:
            while not self._ended.wait(PULSE_S):
                self._renew()
        except runs.LeaseLost:
            self.lost = True
            self._stop.set()
        finally:
            connection.close()

    def _renew(self) -> None:
        try:
            if runs.keep_alive(self._run, list(self._points)):
                self._stop.set()
        except (OperationalError, InterfaceError):
            # the lease lasts for many pulses: a database that is away for a moment must not cost the run
            logger.warning("run %s: the lease could not be renewed", self._run.pk, exc_info=True)
            connection.close()
