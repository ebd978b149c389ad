"""What an expert does on the phone, over the API: load, clashes, a no with a suggestion."""

from datetime import timedelta

import pytest

from experts.availability import time_keeping
from experts.models import Role
from scheduling.models import Invitation
from scheduling.publishing import publication
from scheduling.sessions import invitations
from tests import factories
from tests.scheduling import worlds

pytestmark = pytest.mark.django_db
NEXT = factories.monday(1)


@pytest.fixture
def world():  # type: ignore[no-untyped-def]
    found = worlds.small(1)
    people = [{1: found.experts[0], 2: found.experts[2], 3: found.experts[4]}]
    publication.publish(found.offer(found.meeting(1, "09:00", people)), by=found.coordinator)
    found.experts[0].user = factories.user(Role.EXPERT, at=found.hospital)
    found.experts[0].save()
    return found


@pytest.fixture
def requested(world) -> Invitation:  # type: ignore[no-untyped-def]
    return Invitation.objects.get(attendance__expert=world.experts[0])


def test_load_and_clashes(api, world, requested) -> None:  # type: ignore[no-untyped-def]
    expert = world.experts[0]
    invitations.accept(requested, by=None)
    time_keeping.add_leave(expert, first_day=NEXT, last_day=NEXT + timedelta(days=4), by=None)
    mine = api(expert.user)
    weeks = mine.get("/api/v1/load/").json()
    assert [week["max_sessions"] for week in weeks] == [8, 8]
    assert [week["sessions"] for week in weeks if week["monday"] == str(NEXT)] == [1]
    (clash,) = mine.get("/api/v1/availability/").json()["clashes"]
    assert clash["invitation"] == requested.public_id
    path = f"/api/v1/experts/{expert.public_id}/load/"
    assert api(world.coordinator).get(path).json() == weeks
    assert api(factories.user(Role.EXPERT, at=world.hospital)).get(path).status_code == 403


def test_a_no_with_a_suggestion(api, world, requested) -> None:  # type: ignore[no-untyped-def]
    mine, path = api(world.experts[0].user), f"/api/v1/invitations/{requested.public_id}/"
    (colleague,) = mine.get(f"{path}deputies/").json()
    assert (colleague["id"], bool(colleague["title"])) == (world.experts[1].public_id, True)
    later = {"start": f"{NEXT}T23:00:00Z", "end": f"{NEXT}T23:30:00Z"}
    nobody = mine.post(f"{path}decline/", {"reason": "away", "deputy": "nobody"})
    assert (nobody.status_code, "deputy" in nobody.json()["fields"]) == (400, True)
    over = {"start": "2020-01-01T09:00:00Z", "end": "2020-01-01T10:00:00Z"}
    assert mine.post(f"{path}decline/", {"reason": "away", "offered": [over]}).json()["code"] == "offered_impossible"
    given = {"reason": "away", "deputy": colleague["id"], "offered": [later]}
    body = mine.post(f"{path}decline/", given).json()
    assert (body["status"], body["deputy"]["id"]) == ("declined", colleague["id"])
    assert len(body["offered"]) == 1
    assert api(factories.user(Role.EXPERT, at=world.hospital)).get(f"{path}deputies/").status_code == 404
