"""Today: emergencies first and printed, tiles that lead to what they count, work done in place, and what comes next."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from cases.models import Case, Urgency
from experts.models import Institution, Role
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def hospital() -> Institution:
    return factories.institution()


@pytest.fixture
def coordinator_client(client: Client, hospital: Institution) -> Client:
    client.force_login(factories.user(Role.COORDINATOR, at=hospital))
    return client


def entries(client: Client) -> list[Any]:
    return [entry for group in client.get("/").context["groups"] for entry in group.entries]


def waiting(hospital: Institution, hours: float, **fields: Any) -> Case:
    team = hospital.teams.first() or factories.team(at=hospital)
    return factories.case_waiting(team=team, due_at=timezone.now() + timedelta(hours=hours), **fields)


def test_an_emergency_stands_before_a_missing_record_and_is_printed(
    coordinator_client: Client, hospital: Institution
) -> None:
    factories.meeting_over(factories.team("stroke", at=hospital), days_ago=3)
    emergency = waiting(hospital, 5, urgency=Urgency.EMERGENCY)
    page = coordinator_client.get("/")
    first, *others = entries(coordinator_client)
    assert emergency.number in first.what and "record" in [entry.kind for entry in others]
    assert page.context["groups"][0].label == "Emergencies"
    assert "Emergency. " in first.detail and "Emergency. " in page.content.decode()


def test_a_draft_of_an_emergency_is_nobodys_alarm(client: Client, hospital: Institution) -> None:
    referrer = factories.user(Role.REFERRER, at=hospital)
    factories.case(at=hospital, referrer=referrer, status="draft", urgency=Urgency.EMERGENCY)
    client.force_login(referrer)
    assert [group.label for group in client.get("/").context["groups"]] == ["No hard limit"]


def test_each_tile_leads_to_what_it_counts(coordinator_client: Client, hospital: Institution) -> None:
    waiting(hospital, -2)
    waiting(hospital, 50)
    waiting(hospital, 70, missing=["imaging"])
    figures = {str(figure["label"]): figure for figure in coordinator_client.get("/").context["figures"]}
    for label, shown in (("In the queue", 3), ("Over their limit", 1), ("Held back", 1)):
        figure = figures[label]
        assert figure["value"] == shown
        assert coordinator_client.get(figure["url"]).context["page"].paginator.count == shown
    assert all(coordinator_client.get(figure["url"]).status_code == 200 for figure in figures.values())


def test_the_checklist_is_ticked_off_in_place(coordinator_client: Client, hospital: Institution) -> None:
    case = waiting(hospital, 20, missing=["imaging"])
    (entry,) = entries(coordinator_client)
    assert entry.dialog == f"/cases/{case.public_id}/materials/"
    dialog = coordinator_client.get(entry.dialog, headers={"HX-Request": "true"}).content.decode()
    assert "<dialog" in dialog and "Imaging" in dialog and "Received" in dialog
    answer = coordinator_client.post(entry.dialog, headers={"HX-Request": "true"})
    assert answer.headers["HX-Trigger"] == "case:checklist"
    assert "materials" not in [entry.kind for entry in entries(coordinator_client)]


def test_a_team_is_chosen_in_place(coordinator_client: Client, hospital: Institution) -> None:
    case = waiting(hospital, 20)
    team = case.team
    assert team is not None
    Case.objects.filter(pk=case.pk).update(status="submitted", team=None)
    (entry,) = entries(coordinator_client)
    headers = {"HX-Request": "true", "Referer": "http://testserver/"}
    answer = coordinator_client.post(entry.dialog, {"team": team.pk}, headers=headers)
    assert answer.headers["HX-Redirect"] == "/"


def test_after_saving_comes_the_next_of_the_list(coordinator_client: Client, hospital: Institution) -> None:
    team = factories.team("lung", at=hospital)
    first, second = (factories.meeting_over(team, cases=0, days_ago=days) for days in (3, 2))
    page = coordinator_client.get("/?kind=record").content.decode()
    assert f"/sessions/{first.public_id}/record/?then=record" in page
    form = coordinator_client.get(f"/sessions/{first.public_id}/record/").context["form"]
    typed = {name: form[name].value() for name in ("version", "start", "end", "came")}
    answer = coordinator_client.post(f"/sessions/{first.public_id}/record/?then=record", typed)
    answer = coordinator_client.get(answer.headers["Location"])
    assert answer.headers["Location"] == f"/sessions/{second.public_id}/record/?then=record"
    last = coordinator_client.get(f"/next/?then=record&done=/sessions/{second.public_id}/record/")
    assert last.headers["Location"] == "/"


def test_a_forged_way_on_leads_to_the_page_itself(coordinator_client: Client, hospital: Institution) -> None:
    session = factories.meeting_over(factories.team("lung", at=hospital), cases=0)
    form = coordinator_client.get(f"/sessions/{session.public_id}/record/").context["form"]
    typed = {name: form[name].value() for name in ("version", "start", "end", "came")}
    answer = coordinator_client.post(f"/sessions/{session.public_id}/record/?then=//example.org", typed)
    assert answer.headers["Location"] == f"/sessions/{session.public_id}/"
