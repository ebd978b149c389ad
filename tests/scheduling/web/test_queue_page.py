"""The queue: who sees which cases, in which order, and why they wait."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from cases.models import Case
from experts.models import Role
from mdt_portal.models import AuditEvent, User
from scheduling.models import Proposal
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def coordinator() -> User:
    return factories.user(Role.COORDINATOR)


@pytest.fixture
def coordinator_client(client: Client, coordinator: User) -> Client:
    client.force_login(coordinator)
    return client


def waiting(coordinator: User, **fields: Any) -> Case:
    """A case that waits at the coordinator's hospital."""
    hospital = coordinator.roles.get().institution
    team = hospital.teams.first() or factories.team(at=hospital)
    return factories.case_waiting(team=team, **fields)


def numbers(response: Any) -> list[str]:
    return [line.number for line in response.context["lines"]]


def test_strangers_must_sign_in(client: Client) -> None:
    assert client.get("/queue/").status_code == 302


def test_the_nearest_limit_comes_first(coordinator_client: Client, coordinator: User) -> None:
    now = timezone.now()
    far, over, near = (waiting(coordinator, due_at=now + timedelta(hours=hours)) for hours in (90, -2, 5))
    response = coordinator_client.get("/queue/")
    assert numbers(response) == [over.number, near.number, far.number]
    assert "2 h 0 min over" in response.content.decode() or "over" in response.content.decode()


def test_each_reader_sees_what_is_theirs(client: Client) -> None:
    own, other = factories.case_waiting(), factories.case_waiting()
    assert own.referrer is not None
    client.force_login(own.referrer)
    assert numbers(client.get("/queue/")) == [own.number]
    client.force_login(factories.user(Role.COORDINATOR, at=other.institution))
    assert numbers(client.get("/queue/")) == [other.number]


def test_what_keeps_a_case_back_is_said_in_words(coordinator_client: Client, coordinator: User) -> None:
    hospital = coordinator.roles.get().institution
    facts = factories.case(at=hospital, status="needs_facts", requirement=undecided(), due_at=timezone.now())
    homeless = waiting(coordinator)
    Case.objects.filter(pk=homeless.pk).update(status="submitted", team=None)
    lacking = waiting(coordinator, missing=["imaging"])
    urgent = waiting(coordinator, missing=["imaging"], urgency="urgent")
    said = {line.number: line.held_back for line in coordinator_client.get("/queue/").context["lines"]}
    assert said == {
        facts.number: "Missing: stage, NIHSS score",
        homeless.number: "No team for Lung",
        lacking.number: "Missing: Imaging (CT or MRI) with report",
        urgent.number: "",
    }


def undecided() -> dict[str, Any]:
    return {
        "kind": "undecided",
        "missing": ["stage", "score:NIHSS"],
        "at_least": None,
        "could_be": "required",
        "hours": 24,
        "disease_group": "lung",
        "reasons": [],
    }


def test_the_newest_plan_says_why_it_left_a_case_out(coordinator_client: Client, coordinator: User) -> None:
    case = waiting(coordinator)
    run = factories.run(case.institution, status="proposed")
    reasons = [{"code": "room_booked", "params": {"equipment": []}}]
    Proposal.objects.create(run=run, goals={}, plan={"unplaced": [{"case": case.pk, "reasons": reasons}]})
    assert "All fitting rooms are booked" in coordinator_client.get("/queue/").content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("tier=required", ["a"]),
        ("tier=suggested", ["b"]),
        ("urgency=urgent", ["b"]),
        ("group=lung", ["a", "b"]),
        ("group=breast", []),
        ("blocked=materials", ["a"]),
        ("blocked=nothing", ["b"]),
        ("view=blocked", ["a"]),
        ("view=near", ["b"]),
        ("status=planned", []),
        ("status=any", ["a", "b"]),
        ("q=C50", ["b"]),
        ("q=breast+c", ["b"]),
        ("q=nothing+of+this", []),
        ("page=nonsense&status=&tier=wrong", ["a", "b"]),
    ],
)
def test_filters(coordinator_client: Client, coordinator: User, query: str, found: list[str]) -> None:
    cases = {
        "a": waiting(coordinator, missing=["imaging"]),
        "b": waiting(
            coordinator,
            tier="suggested",
            urgency="urgent",
            code="C50.1",
            diagnosis="Breast cancer",
            due_at=timezone.now() + timedelta(hours=2),
        ),
    }
    assert sorted(numbers(coordinator_client.get(f"/queue/?{query}"))) == sorted(cases[key].number for key in found)


def test_a_number_is_found_with_and_without_its_letter(coordinator_client: Client, coordinator: User) -> None:
    case = waiting(coordinator)
    waiting(coordinator)
    for text in (case.number, case.number.removeprefix("C-"), case.number.lower()):
        assert numbers(coordinator_client.get("/queue/", {"q": text})) == [case.number]


def test_a_patients_name_finds_only_when_whole_and_is_recorded(coordinator_client: Client, coordinator: User) -> None:
    hospital = coordinator.roles.get().institution
    case = waiting(coordinator, patient=factories.patient(at=hospital, name="Wang Fang"))
    assert numbers(coordinator_client.get("/queue/", {"q": "Wang"})) == []
    assert not AuditEvent.objects.filter(action="looked").exists()
    assert numbers(coordinator_client.get("/queue/", {"q": "wang fang"})) == [case.number]
    look = AuditEvent.objects.get(action="looked")
    assert (look.by, look.subject_id, look.params) == (coordinator, case.patient_id, {"page": "queue"})


def test_those_who_may_not_know_the_name_cannot_search_by_it(client: Client) -> None:
    case = factories.case_waiting()
    client.force_login(factories.user(Role.AUDITOR, at=case.institution))
    assert numbers(client.get("/queue/")) == [case.number]
    assert numbers(client.get("/queue/", {"q": "Wang Fang"})) == []


def test_htmx_gets_the_list_alone(coordinator_client: Client, coordinator: User) -> None:
    waiting(coordinator)
    text = coordinator_client.get("/queue/", headers={"HX-Request": "true"}).content.decode()
    assert text.lstrip().startswith('<div id="queue">')


def test_the_empty_queue_says_what_to_do(coordinator_client: Client) -> None:
    assert "The queue is empty" in coordinator_client.get("/queue/").content.decode()
    assert "No case fits" in coordinator_client.get("/queue/?tier=required").content.decode()


def test_it_is_paged_at_fifty(coordinator_client: Client, coordinator: User) -> None:
    for _ in range(51):
        waiting(coordinator)
    assert len(numbers(coordinator_client.get("/queue/"))) == 50
    assert len(numbers(coordinator_client.get("/queue/?page=2"))) == 1


def test_queries_do_not_grow_with_the_list(
    coordinator_client: Client, coordinator: User, django_assert_max_num_queries: Any
) -> None:
    waiting(coordinator, missing=["imaging"])
    with django_assert_max_num_queries(40) as first:
        coordinator_client.get("/queue/")
    for _ in range(29):
        waiting(coordinator, missing=["imaging"])
    with django_assert_max_num_queries(len(first.captured_queries)):
        assert len(numbers(coordinator_client.get("/queue/"))) == 30


def test_it_is_there_in_chinese(coordinator_client: Client, coordinator: User) -> None:
    waiting(coordinator)
    response = coordinator_client.get("/queue/", headers={"Accept-Language": "zh-hans"})
    assert response.status_code == 200
    assert 'lang="zh-Hans"' in response.content.decode()
