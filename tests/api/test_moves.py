"""Changes by hand through the API: the same checks, the same words, the same actions as on the board."""

from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from experts.models import Role
from scheduling.board import moves
from scheduling.board.moves import Where
from scheduling.models import Move, Session
from tests import factories
from tests.scheduling.worlds import World, small

pytestmark = pytest.mark.django_db
URL = "/api/v1/moves/"


@pytest.fixture
def world() -> World:
    return small(cases=2)


@pytest.fixture
def coordinator_client(world: World) -> APIClient:
    client = APIClient()
    client.force_authenticate(world.coordinator)
    return client


def at(world: World, day: int, clock: str) -> str:
    return factories.moment(factories.monday() + timedelta(days=day), clock, world.hospital).isoformat()


def target(world: World, number: int = 0, *, day: int = 1, clock: str = "14:00") -> dict[str, Any]:
    room = world.rooms[0].public_id
    return {"case": world.cases[number].public_id, "start": at(world, day, clock), "room": room}


def test_check_then_place_then_undo(coordinator_client: APIClient, world: World) -> None:
    check = coordinator_client.post(f"{URL}check/", target(world), format="json").json()
    assert (check["level"], check["warnings"]) == ("ignore", [])
    (change,) = check["changes"]
    assert (change["kind"], change["session"], len(change["joins"])) == ("new", None, 3)
    done = coordinator_client.post(URL, target(world) | {"expected": check["fingerprint"]}, format="json")
    assert (done.status_code, done.json()["kind"]) == (201, "place")
    back = coordinator_client.post(f"{URL}{done.json()['id']}/undo/check/", format="json").json()
    assert [change["kind"] for change in back["changes"]] == ["cancelled"]
    undone = coordinator_client.post(
        f"{URL}{done.json()['id']}/undo/", {"expected": back["fingerprint"]}, format="json"
    )
    assert (undone.status_code, undone.json()["kind"]) == (200, "undo")
    assert not Session.objects.live().exists()


def test_a_case_joins_moves_and_leaves(coordinator_client: APIClient, world: World) -> None:
    coordinator_client.post(URL, target(world), format="json")
    session = Session.objects.get()
    case = world.cases[1].public_id
    assert coordinator_client.post(URL, {"case": case, "into": session.public_id}, format="json").status_code == 201
    other = coordinator_client.post(URL, {"case": case, "start": at(world, 2, "09:00")}, format="json")
    assert other.json()["kind"] == "move_case"
    assert coordinator_client.post(URL, {"case": case, "take_off": True}, format="json").json()["kind"] == "take_off"
    moved = coordinator_client.post(URL, {"session": session.public_id, "start": at(world, 3, "09:00")}, format="json")
    assert moved.json()["kind"] == "move_session"
    kinds = [row["kind"] for row in coordinator_client.get(URL).json()["results"]]
    assert kinds == ["move_session", "take_off", "move_case", "place", "place"]


def test_a_block_is_refused_in_words(coordinator_client: APIClient, world: World) -> None:
    answer = coordinator_client.post(URL, target(world, day=-10), format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "move_blocked")
    assert "passed already" in answer.json()["message"]


def test_a_warning_wants_a_word(coordinator_client: APIClient, world: World) -> None:
    world.experts[4].weekly_availability.all().delete()
    answer = coordinator_client.post(URL, target(world), format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "not_acknowledged")
    assert coordinator_client.post(URL, target(world) | {"acknowledged": True}, format="json").status_code == 201


def test_an_old_fingerprint_is_a_lost_race(coordinator_client: APIClient, world: World) -> None:
    fingerprint = coordinator_client.post(f"{URL}check/", target(world), format="json").json()["fingerprint"]
    start = factories.moment(factories.monday() + timedelta(days=3), "14:00", world.hospital)
    moves.place(world.cases[1], Where(start=start), by=world.coordinator)
    answer = coordinator_client.post(URL, target(world) | {"expected": fingerprint}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "stale_move")


def test_places_of_a_week(coordinator_client: APIClient, world: World) -> None:
    coordinator_client.post(URL, target(world), format="json")
    query = {"case": world.cases[1].public_id, "week": f"{factories.monday():%G-W%V}"}
    found = coordinator_client.get(f"{URL}places/", query).json()
    assert (found["refused"], [one["level"] for one in found["sessions"]]) == ("", ["ignore"])
    rooms = {one["room"]["id"] for one in found["cells"] if one["level"] == "ignore"}
    assert rooms == {room.public_id for room in world.rooms}
    assert coordinator_client.get(f"{URL}places/", query | {"week": "soon"}).json()["code"] == "invalid"


@pytest.mark.parametrize("wrong", [{}, {"case": "x", "session": "y"}, {"case": "0000000000000000", "take_off": True}])
def test_nonsense_is_refused(coordinator_client: APIClient, wrong: dict[str, Any]) -> None:
    assert coordinator_client.post(URL, wrong, format="json").json()["code"] == "invalid"


def test_who_may(world: World, coordinator_client: APIClient) -> None:
    coordinator_client.post(URL, target(world), format="json")
    manager = APIClient()
    manager.force_authenticate(factories.user(Role.MANAGER, at=world.hospital))
    session = {"session": Session.objects.get().public_id, "start": at(world, 2, "09:00")}
    assert manager.post(URL, session, format="json").status_code == 403
    assert len(manager.get(URL).json()["results"]) == 1
    stranger = APIClient()
    stranger.force_authenticate(factories.user(Role.COORDINATOR))
    assert stranger.get(URL).json()["results"] == []
    assert stranger.post(f"{URL}{Move.objects.get().public_id}/undo/", {}, format="json").status_code == 404
