"""Proposals side by side: the figures, what each gives up, choosing one, and planning again with pins."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from pytest_django import DjangoAssertNumQueries

from scheduling.models import PlacementConstraint, PlanningRun, Proposal, ProposalKind, Session
from scheduling.planning import comparison as side_by_side
from scheduling.planning.core import figures
from scheduling.solver import alternatives
from scheduling.solver.core.plan import Plan
from scheduling.solver.rules import checking
from tests import factories
from tests.scheduling import worlds
from tests.solver import builders

pytestmark = pytest.mark.django_db
KINDS = {"fastest": ProposalKind.FASTEST, "least_expert_time": ProposalKind.LEAST_TIME}


@pytest.fixture
def small() -> worlds.World:
    return worlds.small(cases=3)


@pytest.fixture
def coordinator_client(client: Client, small: worlds.World) -> Client:
    client.force_login(small.coordinator)
    return client


def with_others(proposal: Proposal) -> PlanningRun:
    """The run with real alternatives beside its balanced plan."""
    run = proposal.run
    run.refresh_from_db()
    problem = checking.read_problem(run.problem)
    for kind, name in KINDS.items():
        found = alternatives.alternative(problem, Plan.from_json(proposal.plan), kind, seconds=0.3)
        plan = found.plan.to_json()
        Proposal.objects.create(
            run=run, kind=name, plan=plan, goals=plan["goals"], base_versions=proposal.base_versions
        )
    return run


# Figures --------------------------------------------------------------------------------------------------------------


def test_figures_of_a_plan_one_can_count() -> None:
    """Two cases in one session on the second day, one person for both; a third case has no place."""
    of = builders.problem(
        experts=(builders.expert(1, load_min=60), builders.expert(2)),
        cases=[builders.case(1), builders.case(2, due_min=1440), builders.case(3)],
    )
    met = builders.session(1, 1440, 1500, builders.planned(1, 1440, 1), builders.planned(2, 1470, 1))
    found = figures.of(of, builders.plan(of, met))
    assert (found.required, found.required_placed, found.required_late) == (3, 2, 1)
    assert (found.suggested, found.suggested_placed) == (0, 0)
    assert found.wait_mean_days == pytest.approx((1440 + 1470) / 2 / 1440)
    assert (found.sessions, found.attendances, found.expert_hours) == (1, 1, 1.0)
    assert found.spread_hours == 1.0  # two hours against none
    assert (found.changed_sessions, found.notified) == (0, 1)


# The page -------------------------------------------------------------------------------------------------------------


def test_alternatives_stand_side_by_side_with_the_balanced_one_first(
    coordinator_client: Client, small: worlds.World
) -> None:
    run = with_others(small.propose(seconds=1))
    answer = coordinator_client.get(reverse("run", args=[run.public_id]))
    table = answer.context["table"]
    assert [column.proposal.kind for column in table.columns] == ["balanced", "fastest", "least_time"]
    assert {len(row.cells) for part in table.parts for row in part.rows} == {3}
    page = answer.content.decode()
    for column in table.columns:
        assert reverse("proposal", args=[column.proposal.public_id]) in page


def test_the_best_of_a_row_and_what_is_given_up(small: worlds.World) -> None:
    """The other plan lets everybody come a day later, in two sessions instead of one."""
    people = [{1: small.experts[0], 2: small.experts[2], 3: small.experts[4]}] * 3
    together = small.meeting(1, "09:00", people)
    balanced = small.offer(together)
    problem = small.propose(seconds=1).run.problem
    PlanningRun.objects.filter(pk=balanced.run.pk).update(problem=problem)
    apart = [small.cut(together, 0, 1), small.meeting(2, "09:00", people, number=2)]
    apart[1] = small.cut(apart[1], 2)
    plan = Plan.from_json(balanced.plan)
    other = Proposal.objects.create(
        run=balanced.run,
        kind=ProposalKind.FAIREST,
        plan=plan.to_json() | {"sessions": Plan(**_fields(plan, sessions=tuple(apart))).to_json()["sessions"]},
        goals=balanced.goals,
    )
    table = side_by_side.of(balanced.run, chosen=other)
    assert table is not None
    rows = {row.label: row for part in table.parts for row in part.rows}
    assert [cell.best for cell in rows["Sessions"].cells] == [True, False]
    assert [cell.text for cell in rows["Required cases placed"].cells] == ["3 of 3", "3 of 3"]
    assert [cell.best for cell in rows["Required cases placed"].cells] == [False, False]
    assert table.columns[1].gives_up == ["0.3 days longer wait on average", "1 more session"]
    assert table.columns[1].gains == []
    assert [column.chosen for column in table.columns] == [False, True]
    with translation.override("zh-hans"):
        again = side_by_side.of(balanced.run)
        assert again is not None
        assert again.columns[1].gives_up[1] == "多 1 场会诊"


def _fields(plan: Plan, **other: object) -> dict:  # type: ignore[type-arg]
    return {"status": plan.status, "goals": plan.goals, "unplaced": plan.unplaced} | other


def test_the_comparison_asks_no_more_for_more_proposals(
    small: worlds.World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    proposal = small.propose(seconds=1)
    run = PlanningRun.objects.get(pk=proposal.run_id)
    with django_assert_num_queries(1):  # the figures are stored with the offer
        side_by_side.of(run)
    with_others(proposal)
    with django_assert_num_queries(2):
        side_by_side.of(run)


def test_a_run_without_a_plan_has_no_table(coordinator_client: Client, small: worlds.World) -> None:
    answer = coordinator_client.get(reverse("run", args=[small.request().public_id]))
    assert answer.context["table"] is None


# Choose, pin, plan again ----------------------------------------------------------------------------------------------


def test_the_chosen_alternative_is_published(coordinator_client: Client, small: worlds.World) -> None:
    run = with_others(small.propose(seconds=1))
    chosen = run.proposals.get(kind=ProposalKind.LEAST_TIME)
    page = coordinator_client.get(reverse("proposal", args=[chosen.public_id])).content.decode()
    assert 'aria-current="page"' in page
    assert coordinator_client.post(reverse("proposal_publish", args=[chosen.public_id])).status_code == 302
    assert set(Session.objects.values_list("proposal", flat=True)) == {chosen.pk}


def test_pin_in_the_dialog_and_plan_again(coordinator_client: Client, small: worlds.World) -> None:
    proposal = small.propose(seconds=1)
    case = small.cases[0]
    dialog = f"{reverse('placement_constraint_add', args=[case.public_id])}?proposal={proposal.public_id}"
    form = coordinator_client.get(dialog).context["form"]
    assert form.initial["kind"] == "pin"
    assert form.initial["start"] < form.initial["end"]
    day = factories.monday() + timedelta(days=3)
    sent = {"kind": "pin", "start": f"{day}T14:00", "end": f"{day}T16:00", "room": small.rooms[1].pk}
    back = reverse("proposal", args=[proposal.public_id])
    answer = coordinator_client.post(dialog, sent, headers={"Referer": f"http://testserver{back}"})
    assert answer.headers["HX-Redirect"] == back
    constraint = PlacementConstraint.objects.get()
    assert constraint.start == factories.moment(day, "14:00", small.hospital)
    assert [one.constraint for one in coordinator_client.get(back).context["placement_constraints"]] == [constraint]
    coordinator_client.post(reverse("run_again", args=[proposal.run.public_id]))
    assert PlanningRun.objects.order_by("-pk")[0].based_on == proposal.run
    coordinator_client.post(reverse("placement_constraint_withdraw", args=[constraint.public_id]))
    assert coordinator_client.get(back).context["placement_constraints"] == []


def test_a_contradiction_keeps_what_was_typed(coordinator_client: Client, small: worlds.World) -> None:
    dialog = reverse("placement_constraint_add", args=[small.cases[0].public_id])
    coordinator_client.post(dialog, {"kind": "pin", "room": small.rooms[0].pk})
    answer = coordinator_client.post(dialog, {"kind": "pin", "room": small.rooms[1].pk, "reason": "closer"})
    assert answer.status_code == 422
    assert "is pinned to" in answer.content.decode()
    assert 'value="closer"' in answer.content.decode()


def test_who_may_not_pin(client: Client, small: worlds.World) -> None:
    for role in ("referrer", "manager"):
        client.force_login(factories.user(role, at=small.hospital))
        sent = {"kind": "pin", "room": small.rooms[0].pk}
        answer = client.post(reverse("placement_constraint_add", args=[small.cases[0].public_id]), sent)
        assert answer.status_code in (403, 404)
    assert not PlacementConstraint.objects.exists()


def test_the_pages_ask_no_more_for_more_pins_and_cases(
    coordinator_client: Client, django_assert_max_num_queries: Callable, small: worlds.World
) -> None:
    proposal = small.propose(seconds=1)
    url = reverse("proposal", args=[proposal.public_id])
    counts = []
    for case in (None, *small.cases):
        if case is not None:
            coordinator_client.post(
                reverse("placement_constraint_add", args=[case.public_id]),
                {"kind": "forbid", "room": small.rooms[1].pk},
            )
        with django_assert_max_num_queries(200) as counted:
            coordinator_client.get(url)
        counts.append(len(counted))
    assert counts[1] == counts[3]
