"""The life of a run: requested once, claimed once, kept alive, recovered, stopped."""

from datetime import timedelta

import pytest
from django.utils import timezone

from mdt_portal import lifecycle
from mdt_portal.errors import RuleError, StaleState, TransitionNotAllowed
from mdt_portal.models import OutboxMessage, StatusEvent
from scheduling.models import PlanningRun, Proposal
from scheduling.planning import runs, worker
from scheduling.solver.core.plan import Plan
from scheduling.solver.rules import checking
from tests.scheduling import worlds

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_run_and_its_message_are_one_transaction() -> None:
    run = worlds.small(0).request()
    assert run.status == "queued"
    assert run.horizon_start.weekday() == 0
    assert OutboxMessage.objects.get(kind="run.requested").payload == {"run": run.pk}


def test_the_same_key_gives_the_same_run() -> None:
    world = worlds.small(0)
    assert world.request(idempotency_key="k1") == world.request(idempotency_key="k1")
    assert world.request(idempotency_key="k2").pk != world.request(idempotency_key="k1").pk
    assert PlanningRun.objects.count() == 2


@pytest.mark.parametrize("wrong", [{"seconds": 99999}, {"horizon_days": 0}, {"horizon_days": 99}])
def test_impossible_limits_are_refused_by_field(wrong: dict) -> None:
    with pytest.raises(RuleError) as refused:
        worlds.small(0).request(**wrong)
    assert set(refused.value.fields) == set(wrong)


def test_execute_stores_problem_plan_and_progress() -> None:
    world = worlds.small()
    run = world.executed()
    proposal = run.proposals.get()
    assert checking.read_problem(run.problem).to_json() == run.problem
    assert Plan.from_json(proposal.plan).status == "optimal"
    assert proposal.gap == 0
    assert run.progress
    assert run.heartbeat_at is not None


def test_every_unplaced_case_has_a_reason() -> None:
    world = worlds.small()
    from experts.models import Qualification

    Qualification.objects.filter(discipline__key="THORSURG").delete()
    plan = Plan.from_json(world.propose().plan)
    assert [left.case for left in plan.unplaced] == [case.pk for case in world.cases]
    assert all(left.reasons for left in plan.unplaced)


def test_only_one_worker_can_claim_a_run() -> None:
    run = worlds.small(0).request()
    first = runs.claim(run.pk)
    assert first is not None and first.status == "running"
    assert runs.claim(run.pk) is None


def test_a_redelivered_task_does_nothing() -> None:
    worker.execute(worlds.small(1).executed().pk)
    assert Proposal.objects.count() == 1


def test_the_reaper_brings_back_a_run_whose_lease_ran_out_and_refuses_the_old_worker() -> None:
    world = worlds.small(1)
    run = world.request()
    old = runs.claim(run.pk)
    assert old is not None
    PlanningRun.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert runs.reap() == 1
    run.refresh_from_db()
    assert run.status == "queued"
    with pytest.raises(runs.LeaseLost):
        runs.keep_alive(old)
    new = runs.claim(run.pk)
    assert new is not None and new.fence > old.fence
    with pytest.raises(runs.LeaseLost):
        runs.store_problem(old, checking.read_problem(world.propose().run.problem))


def test_after_two_lost_workers_the_run_fails_and_says_why() -> None:
    run = worlds.small(0).request()
    for _ in range(runs.MAX_ATTEMPTS):
        assert runs.claim(run.pk)
        PlanningRun.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
        runs.reap()
    run.refresh_from_db()
    assert run.status == "failed"
    assert run.failure["code"] == "run.worker_lost"


def test_a_queued_run_that_no_worker_took_is_sent_again() -> None:
    run = worlds.small(0).request()
    PlanningRun.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert runs.reap() == 1
    assert runs.reap() == 0
    assert OutboxMessage.objects.filter(kind="run.requested").count() == 2


def test_stopping_a_queued_run_cancels_it_and_a_finished_one_is_refused() -> None:
    run = worlds.small(0).request()
    runs.request_stop(run, by=None)
    assert run.status == "cancelled"
    with pytest.raises(StaleState):
        runs.request_stop(run, by=None)


def test_stopping_a_running_one_reaches_the_worker_with_its_next_heartbeat() -> None:
    run = worlds.small(0).request()
    held = runs.claim(run.pk)
    assert held is not None
    assert runs.keep_alive(held) is False
    runs.request_stop(run, by=None)
    assert runs.keep_alive(held) is True


def test_move_refuses_what_has_no_arrow_and_what_was_lost() -> None:
    run = worlds.small(0).request()
    with pytest.raises(TransitionNotAllowed):
        lifecycle.move(run, "published", by=None)
    twin = PlanningRun.objects.get(pk=run.pk)
    lifecycle.move(run, "cancelled", by=None, why="run.stopped")
    with pytest.raises(StaleState):
        lifecycle.move(twin, "running", by=None)
    event = StatusEvent.objects.get(subject_type="scheduling.planningrun", subject_id=run.pk)
    assert (event.old, event.new, event.code) == ("queued", "cancelled", "run.stopped")
