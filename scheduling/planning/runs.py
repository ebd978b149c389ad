"""The life of a planning run: requested, claimed under a lease, kept alive, recovered, proposed or failed.

    request_run ──▶ queued ──claim──▶ running ──propose──▶ proposed
                      ▲                  │ lease ran out (the worker is gone)
                      └────── reap ──────┘  ... after MAX_ATTEMPTS: the best plan so far, or failed

Every write of a worker carries the fence that its claim gave it; a worker that was given up can write nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from experts.models import Institution
from mdt_portal import audit, lifecycle, outbox
from mdt_portal.celery import app
from mdt_portal.errors import RuleError, StaleState
from mdt_portal.models import User
from scheduling.models import Incumbent, PlanningRun, Proposal, RunTrigger
from scheduling.solver.core.plan import Plan
from scheduling.solver.core.problem import Problem
from scheduling.states import UNFINISHED_RUNS, RunStatus

if TYPE_CHECKING:
    from scheduling.planning.offers import Offer

LEASE = timedelta(seconds=20)
RESEND_AFTER = timedelta(seconds=60)
MAX_ATTEMPTS = 2  # to search; one more only offers the best plan that these have left
MAX_SECONDS = 1800


class LeaseLost(Exception):
    """The run was given to somebody else, or ended; whoever gets this must stop and write nothing."""


@transaction.atomic
def request_run(
    *,
    by: User | None,
    institutions: Iterable[Institution],
    horizon_start: date | None = None,
    horizon_days: int = 14,
    seconds: int | None = None,
    seed: int = 1,
    alternatives: bool = False,
    trigger: str = RunTrigger.MANUAL,
    idempotency_key: str = "",
    based_on: PlanningRun | None = None,
) -> PlanningRun:
    """Ask for a plan. The run and the message to the worker are one transaction; the same key gives the same run."""
    scope = list(institutions)
    if not scope:
        raise RuleError(_("Choose at least one hospital to plan for."), fields={"institutions": [_("Required.")]})
    first_day = horizon_start or timezone.now().astimezone(scope[0].tz).date()
    seconds = seconds or max(institution.solve_seconds for institution in scope)
    _check(horizon_days=horizon_days, seconds=seconds)
    fields = {
        "horizon_start": first_day - timedelta(days=first_day.weekday()),
        "horizon_days": horizon_days,
        "seconds": seconds,
        "seed": seed,
        "alternatives": alternatives,
        "trigger": trigger,
        "based_on": based_on,
        "lease_until": timezone.now() + RESEND_AFTER,
    }
    if idempotency_key:
        run, is_new = PlanningRun.objects.get_or_create(
            requested_by=by, idempotency_key=idempotency_key, defaults=fields
        )
        if not is_new:
            return run
    else:
        run = PlanningRun.objects.create(requested_by=by, **fields)
    run.institutions.set(scope)
    outbox.put("run.requested", run=run.pk)
    audit.record("run.requested", by=by, subject=run)
    return run


def request_again(run: PlanningRun, *, by: User | None, trigger: str = RunTrigger.MANUAL, key: str = "") -> PlanningRun:
    """The same question once more, with the pins, bans and other changes made since."""
    return request_run(
        by=by,
        institutions=run.institutions.order_by("pk"),
        horizon_start=run.horizon_start,
        horizon_days=run.horizon_days,
        seconds=run.seconds,
        seed=run.seed,
        alternatives=run.alternatives,
        trigger=trigger,
        idempotency_key=key,
        based_on=run,
    )


def _check(*, horizon_days: int, seconds: int) -> None:
    if not 1 <= horizon_days <= 56:
        message = _("A plan covers 1 to 56 days.")
        raise RuleError(message, fields={"horizon_days": [message]})
    if not 1 <= seconds <= MAX_SECONDS:
        message = _("The time limit lies between 1 and %(most)s seconds.") % {"most": MAX_SECONDS}
        raise RuleError(message, fields={"seconds": [message]})


@outbox.handles("run.requested")
def send_to_worker(run: int) -> None:
    app.send_task("scheduling.tasks.execute_run", (run,), ignore_result=True)


@transaction.atomic
def request_stop(run: PlanningRun, *, by: User | None) -> None:
    """Queued: cancelled at once. Running: the worker ends within seconds and proposes the best plan so far."""
    run.refresh_from_db()
    if run.status == RunStatus.QUEUED:
        Incumbent.objects.filter(run=run).delete()
        lifecycle.move(run, RunStatus.CANCELLED, by=by, why="run.stopped", finished_at=timezone.now())
    elif run.status == RunStatus.RUNNING:
        PlanningRun.objects.filter(pk=run.pk).update(stop_requested=True)
        run.stop_requested = True
    else:
        raise StaleState(_("The run has ended already."))
    audit.record("run.stop_requested", by=by, subject=run)


@transaction.atomic
def discard(run: PlanningRun, *, by: User | None) -> None:
    """Put the proposals aside; nothing of them is published."""
    lifecycle.move(run, RunStatus.DISCARDED, by=by, why="run.discarded")
    audit.record("run.discarded", by=by, subject=run)


# What the worker says -------------------------------------------------------------------------------------------------


def claim(run_id: int) -> PlanningRun | None:
    """Take a queued run; None if it is not queued any more (a redelivered task finds nothing to do)."""
    run = PlanningRun.objects.get(pk=run_id)
    if run.status != RunStatus.QUEUED:
        return None
    now = timezone.now()
    try:
        lifecycle.move(
            run,
            RunStatus.RUNNING,
            by=None,
            why="run.claimed",
            fence=run.fence + 1,
            attempts=run.attempts + 1,
            started_at=now,
            heartbeat_at=now,
            lease_until=now + LEASE,
            progress=[],
            problem=None,
        )
    except StaleState:
        return None
    return run


def held(run: PlanningRun):  # type: ignore[no-untyped-def]
    """The run's row, while its worker may still write."""
    return PlanningRun.objects.filter(pk=run.pk, fence=run.fence, status=RunStatus.RUNNING)


def keep_alive(run: PlanningRun, progress: Sequence[Mapping[str, Any]] | None = None) -> bool:
    """Renew the lease and store the progress; says whether a stop was asked for. Raises LeaseLost."""
    now = timezone.now()
    fields: dict[str, Any] = {"heartbeat_at": now, "lease_until": now + LEASE}
    if progress is not None:
        fields["progress"] = progress
    if not held(run).update(**fields):
        raise LeaseLost(run.pk)
    return held(run).filter(stop_requested=True).exists()


def store_problem(run: PlanningRun, problem: Problem) -> None:
    if not held(run).update(problem=problem.to_json()):
        raise LeaseLost(run.pk)


@transaction.atomic
def propose(run: PlanningRun, offers: Sequence[Offer], *, base_versions: Mapping[str, int]) -> list[Proposal]:
    """Store the plans, the balanced one first, and end the run. Raises LeaseLost, then nothing is stored."""
    locked = held(run).select_for_update().first()
    if locked is None:
        raise LeaseLost(run.pk)
    proposals = [_proposal(run, offer, base_versions) for offer in offers]
    Incumbent.objects.filter(run=run).delete()
    lifecycle.move(run, RunStatus.PROPOSED, by=None, why="run.proposed", finished_at=timezone.now())
    return proposals


@transaction.atomic
def propose_fitted(
    run: PlanningRun, *, by: User | None, problem: Problem, offer: Offer, base_versions: Mapping[str, int]
) -> Proposal:
    """A plan that was fitted to the present week at once, as a run of its own; it takes the place of `run`."""
    now = timezone.now()
    fitted = PlanningRun.objects.create(
        horizon_start=run.horizon_start,
        horizon_days=run.horizon_days,
        seconds=run.seconds,
        seed=run.seed,
        requested_by=by,
        based_on=run,
        problem=problem.to_json(),
        started_at=now,
    )
    fitted.institutions.set(run.institutions.all())
    lifecycle.move(fitted, RunStatus.RUNNING, by=by, why="run.claimed", attempts=1, lease_until=now + LEASE)
    proposal = _proposal(fitted, offer, base_versions)
    lifecycle.move(fitted, RunStatus.PROPOSED, by=by, why="run.proposed", finished_at=timezone.now())
    lifecycle.move(run, RunStatus.SUPERSEDED, by=by, why="run.superseded", params={"by": fitted.pk})
    return proposal


def _proposal(run: PlanningRun, offer: Offer, base_versions: Mapping[str, int]) -> Proposal:
    plan = offer.plan.to_json()
    return Proposal.objects.create(
        run=run,
        kind=offer.kind,
        plan=plan,
        goals=plan["goals"],
        bound=plan["bound"],
        gap=gap(offer.plan),
        figures=offer.figures,
        base_versions=dict(base_versions),
    )


@transaction.atomic
def fail(run: PlanningRun, *, code: str, **params: Any) -> None:
    """End the run without a plan; the code says why. A worker that was given up changes nothing."""
    if held(run).select_for_update().first() is not None:
        Incumbent.objects.filter(run=run).delete()
        lifecycle.move(
            run,
            RunStatus.FAILED,
            by=None,
            why=code,
            failure={"code": code, "params": params},
            finished_at=timezone.now(),
        )


def gap(plan: Plan) -> float | None:
    """How far the effort may be from the best, as a share; None if the levels above it are not proven."""
    bound, goals = plan.bound, plan.goals
    if bound is None or bound.effort is None or tuple(bound)[:3] != tuple(goals)[:3]:
        return None
    return (goals.effort - bound.effort) / goals.effort if goals.effort else 0.0


# Recovery -------------------------------------------------------------------------------------------------------------


def reap() -> int:
    """Bring back runs whose worker is gone, and send queued ones again that no worker took. Returns how many."""
    now = timezone.now()
    stuck = PlanningRun.objects.filter(status__in=UNFINISHED_RUNS, lease_until__lt=now)
    return sum(_recover(pk) for pk in list(stuck.values_list("pk", flat=True)))


def may_search(run: PlanningRun) -> bool:
    """Whoever loses its workers again and again is not searched any further."""
    return run.attempts <= MAX_ATTEMPTS


@transaction.atomic
def _recover(pk: int) -> bool:
    run = (
        PlanningRun.objects.select_for_update(skip_locked=True)
        .filter(pk=pk, status__in=UNFINISHED_RUNS, lease_until__lt=timezone.now())
        .first()
    )
    if run is None:
        return False
    again = timezone.now() + RESEND_AFTER
    if run.status == RunStatus.QUEUED:
        PlanningRun.objects.filter(pk=pk).update(lease_until=again)
        outbox.put("run.requested", run=pk)
    elif run.attempts < MAX_ATTEMPTS or (run.attempts == MAX_ATTEMPTS and Incumbent.objects.filter(run=run).exists()):
        # the fence rises, so that the old worker, should it live, is refused at its next word
        lifecycle.move(run, RunStatus.QUEUED, by=None, why="run.lease_ran_out", fence=F("fence") + 1, lease_until=again)
        outbox.put("run.requested", run=pk)
    else:
        fail(run, code="run.worker_lost", attempts=run.attempts)
    return True
