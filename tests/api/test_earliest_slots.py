"""The promise over the API: look, hold, book, let go; who may, and what a lost race answers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from experts.models import Role
from scheduling.models import Hold, Session
from tests import factories
from tests.scheduling import worlds
from tests.scheduling.worlds import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return worlds.small(2)


def path(world: World, what: str, number: int = 0) -> str:
    return f"/api/v1/cases/{world.cases[number].public_id}/{what}/"


def slot(client, world: World, number: int = 0) -> str:
    return client.get(path(world, "earliest-slots", number)).json()["slots"][0]["slot"]


def test_the_earliest_times(api, world: World) -> None:
    body = api(world.coordinator).get(path(world, "earliest-slots"), {"count": 2}).json()
    assert (len(body["slots"]), body["lacking"], body["hold"]) == (2, [], None)
    first = body["slots"][0]
    assert set(first) == {"slot", "start", "end", "session", "room", "late_min", "attendees"}
    assert (first["session"], first["late_min"]) == (None, 0)
    assert [one["discipline"] for one in first["attendees"]] == ["RADIOL", "PATH", "THORSURG"]
    assert first["attendees"][0]["expert"]["id"] in {expert.public_id for expert in world.experts}


def test_count_is_bounded_and_unknown_parameters_are_refused(api, world: World) -> None:
    client = api(world.coordinator)
    assert client.get(path(world, "earliest-slots"), {"count": 21}).json()["fields"].keys() == {"count"}
    assert client.get(path(world, "earliest-slots"), {"cuont": 2}).status_code == 400


def test_hold_look_at_it_and_book(api, world: World) -> None:
    client = api(world.coordinator)
    held = client.post(path(world, "hold"), {"slot": slot(client, world)})
    assert held.status_code == 201
    hold = held.json()
    assert (hold["status"], hold["case"], hold["session"]) == ("held", world.cases[0].public_id, None)
    assert hold["by"] == str(world.coordinator)
    assert client.get(f"/api/v1/holds/{hold['id']}/").json() == hold
    promised = client.get(path(world, "earliest-slots")).json()
    assert (promised["slots"], promised["hold"]) == ([], hold)
    booked = client.post(f"/api/v1/holds/{hold['id']}/confirm/")
    assert booked.status_code == 200
    assert (booked.json()["status"], booked.json()["session"]) == ("booked", Session.objects.get().public_id)
    case = client.get(f"/api/v1/cases/{world.cases[0].public_id}/").json()
    assert (case["status"], case["place"]["session"]) == ("planned", Session.objects.get().public_id)
    again = client.post(f"/api/v1/holds/{hold['id']}/confirm/")
    assert (again.status_code, again.json()["code"]) == (409, "hold_over")


def test_let_go(api, world: World) -> None:
    client = api(world.coordinator)
    hold = client.post(path(world, "hold"), {"slot": slot(client, world)}).json()
    assert client.delete(f"/api/v1/holds/{hold['id']}/").status_code == 204
    assert Hold.objects.get().status == "released"
    assert client.get(path(world, "earliest-slots")).json()["slots"][0]["start"] == hold["start"]


def test_a_slot_that_was_taken_or_made_up(api, world: World) -> None:
    client = api(world.coordinator)
    lost = slot(client, world, 1)
    client.post(path(world, "hold"), {"slot": slot(client, world)})
    for language, said in (("en", "a moment ago"), ("zh-hans", "刚刚")):
        answer = client.post(path(world, "hold", 1), {"slot": lost}, headers={"Accept-Language": language})
        assert (answer.status_code, answer.json()["code"]) == (409, "slot_taken")
        assert said in answer.json()["message"]
    forged = client.post(path(world, "hold", 1), {"slot": "made:up"})
    assert (forged.status_code, forged.json()["code"]) == (400, "rule_broken")


def test_who_may(api, world: World) -> None:
    referrer, manager = world.cases[0].referrer, factories.user(Role.MANAGER, at=world.hospital)
    key = slot(api(world.coordinator), world)
    for user in (referrer, manager):
        assert api(user).get(path(world, "earliest-slots")).status_code == 200
        assert api(user).post(path(world, "hold"), {"slot": key}).status_code == 403
    stranger = api(factories.user(Role.COORDINATOR))
    assert stranger.get(path(world, "earliest-slots")).status_code == 404
    hold = api(world.coordinator).post(path(world, "hold"), {"slot": key}).json()
    for client, status in ((api(referrer), 403), (stranger, 404)):
        assert client.post(f"/api/v1/holds/{hold['id']}/confirm/").status_code == status
        assert client.delete(f"/api/v1/holds/{hold['id']}/").status_code == status


def test_a_hold_that_is_over(api, world: World) -> None:
    client = api(world.coordinator)
    hold = client.post(path(world, "hold"), {"slot": slot(client, world)}).json()
    Hold.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.post(f"/api/v1/holds/{hold['id']}/confirm/").json()["code"] == "hold_over"
    assert client.get(path(world, "earliest-slots")).json()["hold"] is None


def test_nothing_to_gain_where_nobody_is_in_the_way(api, world: World) -> None:
    assert api(world.coordinator).get(path(world, "earliest-slots/gain")).status_code == 204


def test_the_earliest_times_for_a_case_that_is_only_typed(api, world: World) -> None:
    typed = {"code": world.cases[0].code, "stage": world.cases[0].stage, "count": 2}
    client = api(world.coordinator)
    before = Hold.objects.count(), type(world.cases[0]).objects.count()
    body = client.post("/api/v1/earliest-slots/", typed)
    assert body.status_code == 200, body.json()
    assert set(body.json()) == {"slots", "lacking", "hold"}
    assert (Hold.objects.count(), type(world.cases[0]).objects.count()) == before
    assert client.post("/api/v1/earliest-slots/", {"code": "nine"}).json()["fields"].keys() == {"code"}
    assert (
        api(factories.user(Role.AUDITOR, at=world.hospital)).post("/api/v1/earliest-slots/", typed).status_code == 403
    )
