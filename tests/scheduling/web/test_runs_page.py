"""Runs in the browser: asking for a plan, following it, stopping it."""

from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from experts.models import Role
from scheduling.models import PlanningRun
from scheduling.planning import runs
from scheduling.selectors.weeks import Week
from scheduling.states import RunStatus
from scheduling.web.planning.runs import STOP_POLLING
from tests import factories
from tests.scheduling import worlds

pytestmark = pytest.mark.django_db


@pytest.fixture
def small() -> worlds.World:
    return worlds.small(cases=1)


@pytest.fixture
def coordinator_client(client: Client, small: worlds.World) -> Client:
    client.force_login(small.coordinator)
    return client


def requested(small: worlds.World, **fields: object) -> dict[str, object]:
    defaults = {
        "institutions": [small.hospital.pk],
        "first_week": str(Week.around(factories.monday())),
        "horizon_days": 7,
        "seconds": 3,
        "token": "one-form",
    }
    return defaults | fields


def test_a_second_click_finds_the_first_run(coordinator_client: Client, small: worlds.World) -> None:
    first = coordinator_client.post(reverse("run_new"), requested(small))
    second = coordinator_client.post(reverse("run_new"), requested(small))
    run = PlanningRun.objects.get()
    assert first.headers["Location"] == second.headers["Location"] == reverse("run", args=[run.public_id])
    assert (run.horizon_start, run.horizon_days, run.seconds) == (factories.monday(), 7, 3)


def test_mistakes_stand_beside_their_field(coordinator_client: Client, small: worlds.World) -> None:
    answer = coordinator_client.post(reverse("run_new"), requested(small, seconds=0))
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "seconds" in answer.context["form"].errors
    assert not PlanningRun.objects.exists()


def test_the_form_can_be_filled_in_beforehand(coordinator_client: Client, small: worlds.World) -> None:
    run = small.request(horizon_days=21, seconds=77)
    page = coordinator_client.get(reverse("run_new"), {"again": run.public_id}).content.decode()
    assert 'value="77"' in page
    assert '<option value="21" selected>' in page


def test_one_plans_for_ones_own_hospitals_only(coordinator_client: Client, small: worlds.World) -> None:
    other = factories.team().institution
    answer = coordinator_client.post(reverse("run_new"), requested(small, institutions=[other.pk]))
    assert "institutions" in answer.context["form"].errors


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.COORDINATOR, HTTPStatus.OK),
        (Role.MANAGER, HTTPStatus.OK),
        (Role.AUDITOR, HTTPStatus.OK),
        (Role.REFERRER, HTTPStatus.FORBIDDEN),
        (Role.EXPERT, HTTPStatus.FORBIDDEN),
    ],
)
def test_who_sees_runs(client: Client, small: worlds.World, role: Role, status: HTTPStatus) -> None:
    run = small.request()
    client.force_login(factories.user(role, at=small.hospital))
    assert client.get(reverse("runs")).status_code == status
    found = HTTPStatus.OK if status == HTTPStatus.OK else HTTPStatus.NOT_FOUND
    assert client.get(reverse("run", args=[run.public_id])).status_code == found


def test_a_manager_looks_but_does_not_stop(client: Client, small: worlds.World) -> None:
    run = small.request()
    client.force_login(factories.user(Role.MANAGER, at=small.hospital))
    page = client.get(reverse("run", args=[run.public_id])).content.decode()
    assert reverse("run_stop", args=[run.public_id]) not in page
    assert client.post(reverse("run_stop", args=[run.public_id])).status_code == HTTPStatus.FORBIDDEN


@pytest.mark.django_db
def test_progress_goes_on_asking_until_the_run_has_ended(coordinator_client: Client, small: worlds.World) -> None:
    run = small.request()
    progress = reverse("run_progress", args=[run.public_id])
    waiting = coordinator_client.get(progress)
    assert waiting.status_code == HTTPStatus.OK
    assert 'hx-trigger="every 2s"' in waiting.content.decode()
    proposal = small.propose(seed=2, seconds=1)
    ended = coordinator_client.get(reverse("run_progress", args=[proposal.run.public_id]))
    page = ended.content.decode()
    assert ended.status_code == STOP_POLLING
    assert "hx-trigger" not in page
    assert reverse("proposal", args=[proposal.public_id]) in page
    assert "portal:say" in ended.headers["HX-Trigger"]


def test_progress_shows_the_best_plan_and_what_is_proven(coordinator_client: Client, small: worlds.World) -> None:
    run = runs.claim(small.request().pk)
    assert run is not None
    points = [
        {"seconds": 0.5, "phase": "greedy", "goals": [1, 0, 0, 90], "bound": None},
        {"seconds": 1.0, "phase": "search", "goals": [0, 0, 0, 120], "bound": [0, 0, 0, 60]},
        {"seconds": 2.0, "phase": "search", "goals": [0, 0, 0, 100], "bound": [0, 0, 0, 90]},
    ]
    runs.keep_alive(run, points)
    live = coordinator_client.get(reverse("run_progress", args=[run.public_id])).context["live"]
    assert live.quality == "within 10.0 % of the best possible"
    assert live.best == [(1.0, 120), (2.0, 100)]
    assert live.bound == [(1.0, 60), (2.0, 90)]


def test_progress_says_who_did_how_much(coordinator_client: Client, small: worlds.World) -> None:
    run = runs.claim(small.request().pk)
    assert run is not None
    point = {"seconds": 9.0, "phase": "search", "goals": [0, 0, 0, 90], "bound": None, "workers": 2}
    runs.keep_alive(run, [point | {"tasks_done": 312, "tasks_helped": 96, "tasks_lost": 1}])
    page = coordinator_client.get(reverse("run_progress", args=[run.public_id])).content.decode()
    for words in ("by 2 workers", "96 of them by other workers", "1 lost with their worker; others take their place"):
        assert words in page


def test_a_queued_run_is_stopped_at_once(coordinator_client: Client, small: worlds.World) -> None:
    run = small.request()
    answer = coordinator_client.post(reverse("run_stop", args=[run.public_id]), follow=True)
    run.refresh_from_db()
    assert run.status == RunStatus.CANCELLED
    assert "There is no plan" in answer.content.decode()


def test_a_failure_is_told_in_words(coordinator_client: Client, small: worlds.World) -> None:
    run = runs.claim(small.request().pk)
    assert run is not None
    runs.fail(run, code="run.crashed", error="ZeroDivisionError")
    page = coordinator_client.get(reverse("run", args=[run.public_id])).content.decode()
    assert "The computation broke off" in page
    assert "ZeroDivisionError" not in page


def test_a_lost_worker_is_told(coordinator_client: Client, small: worlds.World) -> None:
    run = runs.claim(small.request().pk)
    assert run is not None
    PlanningRun.objects.filter(pk=run.pk).update(lease_until=timezone.now())
    runs.reap()
    assert (
        "goes on from the best plan so far"
        in coordinator_client.get(reverse("run", args=[run.public_id])).content.decode()
    )


def test_the_list_says_how_many_cases_each_plan_places(coordinator_client: Client, small: worlds.World) -> None:
    run = factories.run(small.hospital, status="proposed", requested_by=small.coordinator)
    figures = {"required": 14, "required_placed": 12, "suggested": 5, "suggested_placed": 4}
    offer(run, figures=figures)
    offer(run, kind="fastest", figures=figures | {"required_placed": 11})
    text = words(coordinator_client)
    assert "12 of 14 required" in text and "4 of 5 suggested" in text and "3 cases without a place" in text
    run.proposals.filter(kind="fastest").update(published_at=timezone.now())
    assert "11 of 14 required" in words(coordinator_client)
    run.proposals.update(figures={})
    assert "required" not in words(coordinator_client)


def offer(run: PlanningRun, **fields: Any) -> None:
    goals = {"required_unplaced": 0, "required_late": 0, "suggested": 0, "effort": 0}
    run.proposals.create(plan={}, goals=goals, **fields)


def words(coordinator_client: Client) -> str:
    """The text of the list."""
    return " ".join(strip_tags(coordinator_client.get(reverse("runs")).content.decode()).split())


def test_list_asks_the_database_as_often_for_many_runs_as_for_one(
    coordinator_client: Client, small: worlds.World, django_assert_max_num_queries
) -> None:
    small.request()
    offer(factories.run(small.hospital, requested_by=small.coordinator))
    with django_assert_max_num_queries(40) as one:
        coordinator_client.get(reverse("runs"))
    for _ in range(15):
        offer(factories.run(small.hospital, requested_by=small.coordinator))
    with django_assert_max_num_queries(len(one)):
        assert len(coordinator_client.get(reverse("runs")).context["rows"]) == 17


def test_people_read_cases_and_days_and_find_points_in_the_details(
    coordinator_client: Client, small: worlds.World
) -> None:
    """17 points of the first goal were read as 17 cases."""
    run = runs.claim(small.request().pk)
    assert run is not None
    counts = {"required": 55, "required_placed": 52, "required_late": 2, "required_late_days": 5}
    counts |= {"suggested": 9, "suggested_placed": 8, "suggested_late": 0}
    counts |= {"sessions": 12, "attendances": 48, "expert_hours": 31.5}
    point = {"seconds": 9.0, "phase": "search", "goals": [17, 11, 30, 900], "bound": [17, 11, 30, None]}
    runs.keep_alive(run, [point | {"counts": counts}])
    live = coordinator_client.get(reverse("run_progress", args=[run.public_id])).context["live"]
    assert [level.counted for level in live.levels] == [
        "3 cases",
        "2 cases, 5 days in all",
        "1 without a place",
        "12 sessions, 48 attendances, 31.5 h",
    ]
    assert [level.proven for level in live.levels] == [True, True, True, False]
    assert live.quality == "3 of 4 goals are the best possible, the rest is not yet proven"
    page = coordinator_client.get(reverse("run", args=[run.public_id])).content.decode()
    before, details = page.split("In points, as the search weighs them")
    assert ">17<" not in before and ">17<" in details


def test_a_search_keeps_what_people_count(small: worlds.World) -> None:
    run = small.compute(seconds=1)
    counts = run.progress[-1]["counts"]
    assert (counts["required"], counts["required_placed"], counts["sessions"]) == (
        len(small.cases),
        len(small.cases),
        1,
    )
