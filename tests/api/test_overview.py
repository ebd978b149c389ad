"""What leads everywhere else, by API: the work that waits, the search, what changed; one's calendar address."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from cases.models import Case
from cases.services import workflow
from experts.models import Role
from mdt_portal.models import AuditEvent, User
from tests import factories
from tests.api.conftest import Api

pytestmark = pytest.mark.django_db


@pytest.fixture
def case() -> Case:
    return factories.case_waiting(due_at=timezone.now())


@pytest.fixture
def coordinator(case: Case) -> User:
    return factories.user(Role.COORDINATOR, at=case.institution)


def test_what_waits_is_what_today_shows(api: Api, case: Case, coordinator: User) -> None:
    factories.meeting_over(case.team)
    rows = api(coordinator).get("/api/v1/today/").json()
    assert {row["kind"] for row in rows} == {"case", "record"}
    assert [row["due"] for row in rows] == sorted(row["due"] for row in rows)
    assert all(row["url"].startswith("/") and row["action"] for row in rows)
    assert api(factories.user()).get("/api/v1/today/").json() == []


def test_the_search_finds_what_one_may_see(api: Api, case: Case, coordinator: User) -> None:
    (found,) = api(coordinator).get("/api/v1/search/", {"q": case.number}).json()
    assert [(hit["number"], hit["state"]) for hit in found["hits"]] == [(case.number, "waiting")]
    assert case.public_id in found["hits"][0]["url"]
    assert api(factories.user(Role.COORDINATOR)).get("/api/v1/search/", {"q": case.number}).json() == []
    assert api(coordinator).get("/api/v1/search/", {"q": "C"}).json() == []


def test_what_changed_is_news_until_it_was_seen(api: Api, case: Case, coordinator: User) -> None:
    workflow.withdraw(case, by=case.referrer, reason="moved away")
    coordinator_client = api(coordinator)
    found = coordinator_client.get("/api/v1/changes/").json()
    (item,) = found["groups"][0]["items"]
    assert (item["old"], item["new"], item["by"]) == ("waiting", "withdrawn", str(case.referrer))
    assert coordinator_client.post("/api/v1/changes/", {"until": found["until"]}).status_code == 204
    assert User.objects.get(pk=coordinator.pk).seen_at is not None
    coordinator_client = api(User.objects.get(pk=coordinator.pk))
    assert coordinator_client.get("/api/v1/changes/").json()["groups"] == []
    assert coordinator_client.post("/api/v1/changes/", {"until": "soon"}).json()["fields"].keys() == {"until"}


def test_an_expert_makes_renews_and_closes_the_calendar(api: Api, client: Client) -> None:
    expert = factories.expert(user=factories.user(Role.EXPERT))
    mine = api(expert.user)
    assert mine.get("/api/v1/calendar/").json() == {"address": ""}
    first = mine.post("/api/v1/calendar/").json()["address"]
    second = mine.post("/api/v1/calendar/").json()["address"]
    assert (client.get(first).status_code, client.get(second).status_code) == (404, 200)
    assert mine.get("/api/v1/calendar/").json() == {"address": second}
    assert mine.delete("/api/v1/calendar/").status_code == 204
    assert client.get(second).status_code == 404
    assert set(AuditEvent.objects.values_list("action", flat=True)) >= {"calendar.renewed", "calendar.closed"}
    assert api(factories.user()).get("/api/v1/calendar/").status_code == 404
