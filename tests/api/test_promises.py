"""The promise over the API: look, hold, book, let go; who may, and what a lost race answers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from experts.models import Role
from scheduling.models import Hold, Session
from tests import factories
from tests.scheduling import world
from tests.scheduling.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def w() -> World:
    return world.small(2)


def path(w: World, what: str, number: int = 0) -> str:
    return f"/api/v1/cases/{w.cases[number].public_id}/{what}/"


def slot(client, w: World, number: int = 0) -> str:
    return client.get(path(w, "earliest-slots", number)).json()["slots"][0]["slot"]


def test_the_earliest_times(api, w: World) -> None:
    body = api(w.coordinator).get(path(w, "earliest-slots"), {"count": 2}).json()
    assert (len(body["slots"]), body["lacking"], body["hold"]) == (2, [], None)
    first = body["slots"][0]
    assert set(first) == {"slot", "start", "end", "session", "room", "late_min", "attendees"}
    assert (first["session"], first["late_min"]) == (None, 0)
    assert [one["discipline"] for one in first["attendees"]] == ["RADIOL", "PATH", "THORSURG"]
    assert first["attendees"][0]["expert"]["id"] in {expert.public_id for expert in w.experts}


def test_count_is_bounded_and_unknown_parameters_are_refused(api, w: World) -> None:
    client = api(w.coordinator)
    assert client.get(path(w, "earliest-slots"), {"count": 21}).json()["fields"].keys() == {"count"}
    assert client.get(path(w, "earliest-slots"), {"cuont": 2}).status_code == 400


def test_hold_look_at_it_and_book(api, w: World) -> None:
    client = api(w.coordinator)
    held = client.post(path(w, "hold"), {"slot": slot(client, w)})
    assert held.status_code == 201
    hold = held.json()
    assert (hold["status"], hold["case"], hold["session"]) == ("held", w.cases[0].public_id, None)
    assert hold["by"] == str(w.coordinator)
    assert client.get(f"/api/v1/holds/{hold['id']}/").json() == hold
    promised = client.get(path(w, "earliest-slots")).json()
    assert (promised["slots"], promised["hold"]) == ([], hold)
    booked = client.post(f"/api/v1/holds/{hold['id']}/confirm/")
    assert booked.status_code == 200
    assert (booked.json()["status"], booked.json()["session"]) == ("booked", Session.objects.get().public_id)
    case = client.get(f"/api/v1/cases/{w.cases[0].public_id}/").json()
    assert (case["status"], case["place"]["session"]) == ("planned", Session.objects.get().public_id)
    again = client.post(f"/api/v1/holds/{hold['id']}/confirm/")
    assert (again.status_code, again.json()["code"]) == (409, "hold_over")


def test_let_go(api, w: World) -> None:
    client = api(w.coordinator)
    hold = client.post(path(w, "hold"), {"slot": slot(client, w)}).json()
    assert client.delete(f"/api/v1/holds/{hold['id']}/").status_code == 204
    assert Hold.objects.get().status == "released"
    assert client.get(path(w, "earliest-slots")).json()["slots"][0]["start"] == hold["start"]


def test_a_slot_that_was_taken_or_made_up(api, w: World) -> None:
    client = api(w.coordinator)
    lost = slot(client, w, 1)
    client.post(path(w, "hold"), {"slot": slot(client, w)})
    for language, said in (("en", "a moment ago"), ("zh-hans", "刚刚")):
        answer = client.post(path(w, "hold", 1), {"slot": lost}, headers={"Accept-Language": language})
        assert (answer.status_code, answer.json()["code"]) == (409, "slot_taken")
        assert said in answer.json()["message"]
    forged = client.post(path(w, "hold", 1), {"slot": "made:up"})
    assert (forged.status_code, forged.json()["code"]) == (400, "rule_broken")


def test_who_may(api, w: World) -> None:
    referrer, manager = w.cases[0].referrer, factories.user(Role.MANAGER, at=w.hospital)
    key = slot(api(w.coordinator), w)
    for user in (referrer, manager):
        assert api(user).get(path(w, "earliest-slots")).status_code == 200
        assert api(user).post(path(w, "hold"), {"slot": key}).status_code == 403
    stranger = api(factories.user(Role.COORDINATOR))
    assert stranger.get(path(w, "earliest-slots")).status_code == 404
    hold = api(w.coordinator).post(path(w, "hold"), {"slot": key}).json()
    for client, status in ((api(referrer), 403), (stranger, 404)):
        assert client.post(f"/api/v1/holds/{hold['id']}/confirm/").status_code == status
        assert client.delete(f"/api/v1/holds/{hold['id']}/").status_code == status


def test_a_hold_that_is_over(api, w: World) -> None:
    client = api(w.coordinator)
    hold = client.post(path(w, "hold"), {"slot": slot(client, w)}).json()
    Hold.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.post(f"/api/v1/holds/{hold['id']}/confirm/").json()["code"] == "hold_over"
    assert client.get(path(w, "earliest-slots")).json()["hold"] is None


def test_nothing_to_gain_where_nobody_is_in_the_way(api, w: World) -> None:
    assert api(w.coordinator).get(path(w, "earliest-slots/gain")).status_code == 204


def test_the_earliest_times_for_a_case_that_is_only_typed(api, w: World) -> None:
    typed = {"code": w.cases[0].code, "stage": w.cases[0].stage, "count": 2}
    client = api(w.coordinator)
    before = Hold.objects.count(), type(w.cases[0]).objects.count()
    body = client.post("/api/v1/earliest-slots/", typed)
    assert body.status_code == 200, body.json()
    assert set(body.json()) == {"slots", "lacking", "hold"}
    assert (Hold.objects.count(), type(w.cases[0]).objects.count()) == before
    assert client.post("/api/v1/earliest-slots/", {"code": "nine"}).json()["fields"].keys() == {"code"}
    assert api(factories.user(Role.AUDITOR, at=w.hospital)).post("/api/v1/earliest-slots/", typed).status_code == 403
