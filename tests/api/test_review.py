"""Over the API: alternatives, pins and bans, planning again, why not, remedies, and time asked of an expert."""

from datetime import timedelta

import pytest
from django.urls import reverse

from experts.models import Role
from scheduling.models import PlanningRun, Proposal, ProposalKind, TimeRequest
from tests import factories
from tests.scheduling import worlds

pytestmark = pytest.mark.django_db
RUNS, CONSTRAINTS, CASES = "/api/v1/runs/", "/api/v1/placement-constraints/", "/api/v1/cases/"


@pytest.fixture
def small() -> worlds.World:
    return worlds.small(cases=2)


def test_alternatives_with_their_figures(api, small: worlds.World) -> None:
    proposal = small.propose(seconds=1)
    Proposal.objects.create(
        run=proposal.run, kind=ProposalKind.FASTEST, plan=proposal.plan, goals=proposal.goals, base_versions={}
    )
    client = api(small.coordinator)
    rows = client.get(f"{RUNS}{proposal.run.public_id}/alternatives/").json()
    assert [row["kind"] for row in rows] == ["balanced", "fastest"]
    assert rows[0]["id"] == proposal.public_id
    assert (rows[0]["figures"]["required_placed"], rows[0]["figures"]["sessions"]) == (2, 1)
    assert (rows[1]["gains"], rows[1]["gives_up"]) == ([], [])
    assert client.get(f"{RUNS}{small.request().public_id}/alternatives/").json() == []


def test_pin_list_plan_again_and_withdraw(api, small: worlds.World) -> None:
    client = api(small.coordinator)
    case, room = small.cases[0], small.rooms[1]
    start = factories.moment(factories.monday() + timedelta(days=2), "14:00")
    sent = {"kind": "pin", "case": case.public_id, "room": room.public_id, "start": start.isoformat()}
    made = client.post(CONSTRAINTS, sent)
    assert made.status_code == 201, made.json()
    assert (made.json()["case"]["number"], made.json()["room"]["id"]) == (case.number, room.public_id)
    against = client.post(CONSTRAINTS, sent | {"room": small.rooms[0].public_id})
    assert (against.status_code, against.json()["code"]) == (400, "contradiction")
    assert list(against.json()["fields"]) == ["room"]
    first = small.request()
    again = client.post(f"{RUNS}{first.public_id}/again/", headers={"Idempotency-Key": "once"})
    assert (again.status_code, again.json()["based_on"]) == (201, first.public_id)
    assert client.post(f"{RUNS}{first.public_id}/again/", headers={"Idempotency-Key": "once"}).status_code == 201
    assert PlanningRun.objects.count() == 2
    url = f"{CONSTRAINTS}{made.json()['id']}/"
    assert client.post(f"{url}withdraw/").json()["ended_at"] is not None
    assert client.post(f"{url}withdraw/").status_code == 409
    assert client.get(CONSTRAINTS, {"in_force": "true"}).json()["results"] == []
    assert len(client.get(CONSTRAINTS, {"case": case.public_id}).json()["results"]) == 1


def test_who_may_not_pin(api, small: worlds.World) -> None:
    sent = {"kind": "pin", "case": small.cases[0].public_id, "room": small.rooms[0].public_id}
    assert api(factories.user(Role.MANAGER, at=small.hospital)).post(CONSTRAINTS, sent).status_code == 403
    assert (
        api(factories.user(Role.COORDINATOR)).post(CONSTRAINTS, sent).status_code == 400
    )  # the case is unknown to them
    assert api(small.cases[0].referrer).get(CONSTRAINTS).json()["results"] == []


def test_why_not_and_a_remedy_that_asks_an_expert(api, small: worlds.World) -> None:
    user = factories.user(Role.EXPERT, at=small.hospital)
    only = factories.expert("DERM", at=small.hospital, hours=[], user=user)
    case = factories.case_waiting(team=small.team, seats=[("DERM", 3)], remote_ok=False)
    client = api(small.coordinator)
    why = client.get(f"{CASES}{case.public_id}/why/").json()
    assert why["reasons"] == [f"Derm: no availability is entered for {only.name}."]
    assert [(gap["mend"], gap["experts"][0]["id"]) for gap in why["setup_gaps"]] == [("time", only.public_id)]
    assert [step["left"] for step in why["steps"]][-1] == 0
    assert [step["decides"] for step in why["steps"]].count(True) == 1
    (remedy,) = why["remedies"]
    assert (remedy["code"], remedy["expert"], remedy["needs_reason"]) == ("ask_expert", only.public_id, False)
    sent = {name: remedy[name] for name in ("code", "seat", "expert")}
    assert client.post(f"{CASES}{case.public_id}/remedies/", sent).status_code == 200
    assert client.post(f"{CASES}{case.public_id}/remedies/", sent | {"code": "relax_room"}).status_code == 409
    asked = TimeRequest.objects.get()
    own = f"/api/v1/time-requests/{asked.public_id}/"
    assert api(case.referrer).get(own).status_code == 404
    answer = api(user).post(f"{own}agree/")
    assert (answer.status_code, answer.json()["status"]) == (200, "agreed")
    assert api(user).post(f"{own}refuse/").status_code == 409
    again = client.get(f"{CASES}{case.public_id}/why/").json()
    assert again["reasons"][0].startswith("A place is open: ")


def test_a_remedy_that_weakens_a_demand_wants_a_reason(api, small: worlds.World) -> None:
    for room in small.rooms:
        room.equipment = []
        room.save()
    case = factories.case_waiting(team=small.team, seats=[("RADIOL", 3)], remote_ok=False, equipment=["display"])
    client = api(small.coordinator)
    url = f"{CASES}{case.public_id}/remedies/"
    refused = client.post(url, {"code": "relax_room"})
    assert (refused.status_code, list(refused.json()["fields"])) == (400, ["reason"])
    assert api(case.referrer).post(url, {"code": "relax_room", "reason": "no"}).status_code == 403
    done = client.post(url, {"code": "relax_room", "reason": "films are printed"})
    assert done.status_code == 200
    case.refresh_from_db()
    assert case.equipment == []


def test_it_is_in_the_schema(client) -> None:
    schema = client.get(reverse("api-schema"), headers={"Accept": "application/json"}).json()
    for path in (
        "runs/{id}/alternatives/",
        "runs/{id}/again/",
        "placement-constraints/",
        "placement-constraints/{id}/withdraw/",
        "cases/{id}/why/",
        "cases/{id}/remedies/",
        "time-requests/{id}/agree/",
    ):
        assert f"/api/v1/{path}" in schema["paths"]


def test_what_each_change_buys_and_a_plan_fitted_to_the_present_week(api, small: worlds.World) -> None:
    proposal = small.propose(seconds=1)
    client, path = api(small.coordinator), f"/api/v1/proposals/{proposal.public_id}/"
    assert [row["reason"] for row in client.get(f"{path}reasons/").json()] == ["It gives 2 waiting cases a place."]
    assert client.post(f"{path}fit/").json()["code"] == "not_needed"
    case = factories.case_waiting(team=small.team, seats=[("RADIOL", 3)])
    slot = client.get(f"{CASES}{case.public_id}/earliest-slots/").json()["slots"][0]["slot"]
    hold = client.post(f"{CASES}{case.public_id}/hold/", {"slot": slot}).json()
    assert client.post(f"/api/v1/holds/{hold['id']}/confirm/").status_code == 200
    refused = client.post(f"{path}publish/").json()
    assert f"booked {case.number}" in refused["message"]
    assert api(factories.user(Role.MANAGER, at=small.hospital)).post(f"{path}fit/").status_code == 403
    fitted = client.post(f"{path}fit/")
    assert (fitted.status_code, fitted.json()["lost"]) == (201, [])
    new = fitted.json()["proposal"]
    assert new["stale"] is False
    assert client.post(f"/api/v1/proposals/{new['id']}/publish/").status_code == 200
