"""What a worker does with a run, from claim to proposal."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction

from scheduling.models import PlanningRun
from scheduling.planning import incumbents, runs, search
from scheduling.planning.offers import Offer
from scheduling.planning.search import SearchProgress
from scheduling.problem import snapshot
from scheduling.problem.snapshot import Snapshot
from scheduling.solver import rules
from scheduling.solver.rules import Violation

logger = logging.getLogger(__name__)

HEARTBEAT_S = 0.8
KEEP_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """What a search found, the rules that its first plan breaks, and the published plans on which it rests."""

    offers: list[Offer]
    broken: Sequence[Violation]
    base_versions: dict[str, int]


def execute(run_id: int) -> None:
    """Claim, read, solve outside any transaction, judge, propose. A redelivered or overtaken task does nothing."""
    run = runs.claim(run_id)
    if run is None:
        return
    try:
        with Heartbeat(run) as heartbeat:
            solved = solve(run, _read(run), watch=heartbeat.watch, should_stop=heartbeat.stop_wanted)
        conclude(run, solved)
    except runs.LeaseLost:
        logger.warning("run %s was taken over; this worker's result is dropped", run_id)
    except Exception as error:
        # the run must not look alive; the bug itself goes on to the log
        runs.fail(run, code="run.crashed", error=type(error).__name__)
        raise


def solve(
    run: PlanningRun, seen: Snapshot, *, watch: Callable[[SearchProgress], None], should_stop: Callable[[], bool]
) -> Solved:
    """Search for plans of what was seen, and judge the first. The run keeps what was asked."""
    runs.store_problem(run, seen.problem)
    found = search.compute(run, seen.problem, watch=watch, should_stop=should_stop)
    return Solved(offers=found, broken=rules.violations(seen.problem, found[0].plan), base_versions=seen.base_versions)


def conclude(run: PlanningRun, solved: Solved) -> None:
    """Propose what was found; a plan that breaks a rule ends the run instead."""
    if solved.broken:
        runs.fail(run, code="run.plan_breaks_rules", rules=sorted({violation.code for violation in solved.broken}))
    else:
        runs.propose(run, solved.offers, base_versions=solved.base_versions)


def _read(run: PlanningRun) -> snapshot.Snapshot:
    with transaction.atomic():
        snapshot.repeatable_read()
        return snapshot.take(run)


class Heartbeat:
    """Keeps the run's lease alive from a thread of its own while the solver works, carries progress and stop, and puts
    the best plan so far aside for whoever would have to take over."""

    def __init__(self, run: PlanningRun) -> None:
        self._run = run
        self._progress: SearchProgress | None = None
        self._kept_version, self._kept_at = 0, -KEEP_S
        self._stop = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"heartbeat-{run.pk}", daemon=True)
        self.lost = False

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        if kind is None:
            if self.lost:
                raise runs.LeaseLost(self._run.pk)
            runs.keep_alive(self._run, self._points())

    def watch(self, progress: SearchProgress) -> None:
        """From now on the row shows this search."""
        self._progress = progress

    def stop_wanted(self) -> bool:
        return self._stop.is_set()

    def _points(self) -> list[dict[str, Any]]:
        return self._progress.points() if self._progress else []

    def _beat(self) -> None:
        try:
            while not self._ended.wait(HEARTBEAT_S):
                self._renew()
        except runs.LeaseLost:
            self.lost = True
            self._stop.set()
        finally:
            connection.close()

    def _renew(self) -> None:
        try:
            if runs.keep_alive(self._run, self._points()):
                self._stop.set()
            self._keep_incumbent()
        except (OperationalError, InterfaceError):
            # the lease lasts for many pulses: a database that is away for a moment must not cost the run
            logger.warning("run %s: the lease could not be renewed", self._run.pk, exc_info=True)
            connection.close()

    def _keep_incumbent(self) -> None:
        progress, now = self._progress, time.monotonic()
        if progress is not None and progress.version != self._kept_version and now - self._kept_at >= KEEP_S:
            version = progress.version
            incumbents.keep(self._run, progress.sessions(), seconds=progress.seconds)
            self._kept_version, self._kept_at = version, now
