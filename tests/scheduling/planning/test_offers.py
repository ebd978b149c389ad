"""Alternatives of a run: each better in what it is called, none at the cost of a goal above effort."""

from collections.abc import Iterator

import pytest

from benchmarks import instances
from mdt_portal.errors import StalePlan
from scheduling.models import Proposal, ProposalKind, Session
from scheduling.planning import offers, runs
from scheduling.problem import snapshot
from scheduling.publishing import publication
from scheduling.solver import rules, solve
from scheduling.solver.core.plan import Plan
from scheduling.solver.greedy import greedy
from scheduling.solver.rules import checking
from scheduling.solver.rules.registry import RULES, Board, Violation
from tests.scheduling import worlds

BETTER_IN = {
    ProposalKind.FASTEST: "wait_mean_days",
    ProposalKind.LEAST_TIME: "attendances",
    ProposalKind.FAIREST: "spread_hours",
}


@pytest.mark.slow
def test_alternatives_keep_the_rules_and_the_goals_above_effort() -> None:
    problem = instances.load("S-1")
    plan = solve.solve(problem, seconds=6)
    balanced, *found = offers.offers(problem, plan, seconds=12, seed=1, should_stop=lambda: False)
    assert balanced.plan.goals <= plan.goals
    assert found
    for other in found:
        assert rules.violations(problem, other.plan) == []
        assert list(other.plan.goals)[:3] == list(balanced.plan.goals)[:3]
        assert other.plan.goals >= balanced.plan.goals
        assert (
            other.figures[BETTER_IN[ProposalKind(other.kind)]] < balanced.figures[BETTER_IN[ProposalKind(other.kind)]]
        )
    assert len({str(other.plan.sessions) for other in [balanced, *found]}) == 1 + len(found)


def test_a_stop_ends_the_alternatives_too() -> None:
    problem = instances.load("S-1")
    plan = greedy.first_plan(problem)
    [only] = offers.offers(problem, plan, seconds=60, seed=1, should_stop=lambda: True)
    assert only.plan.goals == plan.goals


@pytest.mark.django_db
def test_publishing_one_leaves_the_others_unpublished() -> None:
    world = worlds.wide(2, 2)
    run = runs.claim(world.request().pk)
    assert run is not None
    seen = snapshot.take(run)
    first, best = greedy.first_plan(seen.problem), solve.solve(seen.problem, seconds=3)
    offered = [
        offers.Offer.of(seen.problem, best),
        offers.Offer.of(seen.problem, first, ProposalKind.FASTEST),
    ]
    balanced, chosen = runs.propose(run, offered, base_versions=seen.base_versions)
    publication.publish(chosen, by=None)
    assert Session.objects.count() == chosen.figures["sessions"]
    assert list(Proposal.objects.exclude(published_at=None)) == [chosen]
    with pytest.raises(StalePlan):
        publication.publish(balanced, by=None)
    assert list(Proposal.objects.exclude(published_at=None)) == [chosen]


@pytest.mark.django_db
def test_a_run_looks_for_alternatives_when_asked_to() -> None:
    world = worlds.wide(2, 2)
    run = world.compute(alternatives=True)
    assert run.progress[-1]["phase"] == "alternatives"
    assert run.proposals.first().kind == "balanced"
    assert world.compute().proposals.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("alternatives", [False, True])
def test_a_rule_that_the_search_does_not_know_does_not_fail_the_run(
    alternatives: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody_meets_on_the_first_day_that_would_do(board: Board) -> Iterator[Violation]:
        first = min((session.start_min for session in board.sessions), default=0)
        for session in board.sessions:
            if session.start_min < first + 60 and len(board.sessions) > 1:
                yield Violation(code="session_window", session=session.id)

    world = worlds.wide(2, 2)
    monkeypatch.setitem(RULES, "new", nobody_meets_on_the_first_day_that_would_do)
    run = world.compute(alternatives=alternatives)
    problem = checking.read_problem(run.problem)
    for proposal in run.proposals.all():
        assert rules.violations(problem, Plan.from_json(proposal.plan)) == []
