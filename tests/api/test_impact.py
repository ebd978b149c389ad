"""What does this hit, over the API: before something is saved, and as things stand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from experts.availability import time_keeping
from experts.models import Role
from tests import factories

pytestmark = pytest.mark.django_db
URL = "/api/v1/impact/"
DAY = factories.monday(2)


@pytest.fixture
def hospital():
    return factories.institution()


@pytest.fixture
def session(hospital):
    ann = factories.expert("PATH", at=hospital)
    room = factories.room(at=hospital)
    case = factories.case_waiting(team=factories.team(at=hospital), seats=[("PATH", 3)])
    start = factories.moment(DAY, "09:00", hospital)
    return factories.session(case.team, room=room, experts=[ann], cases=[case], start=start)


def changes(session: Any) -> list[tuple[str, str, dict[str, Any]]]:
    """A cause, the row, and what a change of each kind says."""
    ann = session.attendances.get().expert
    day, start = str(DAY), session.start.isoformat()
    return [
        ("leave", ann.public_id, {"first_day": day, "last_day": day}),
        ("leave", ann.public_id, {"first_day": day, "last_day": day, "start": "08:00", "end": "24:00"}),
        ("taken", ann.public_id, {"first_day": day, "start": "08:00", "end": "10:00"}),
        ("week", ann.public_id, {"week": [{"weekday": 4, "start": "08:00", "end": "24:00"}]}),
        ("person", ann.public_id, {}),
        ("skills", ann.public_id, {"disciplines": []}),
        (
            "departure",
            ann.public_id,
            {"hospital": session.institution.public_id, "last_day": str(DAY - timedelta(days=1))},
        ),
        ("holiday", session.institution.public_id, {"first_day": day}),
        ("closure", session.room.public_id, {"begin": start, "finish": session.end.isoformat()}),
        ("room", session.room.public_id, {}),
        ("team", session.team.public_id, {}),
    ]


def test_every_kind_of_change_can_be_tried(api, hospital, session) -> None:
    client = api(factories.user(Role.COORDINATOR, at=hospital))
    for change, of, more in changes(session):
        answer = client.post(URL, {"change": change, "of": of, **more})
        assert answer.status_code == 200, answer.json()
        assert [one["session"] for one in answer.json()["sessions"]] == [session.public_id], change
    assert client.get(URL).json() == []


def test_what_is_missing_or_unknown_is_named(api, hospital, session) -> None:
    client = api(factories.user(Role.COORDINATOR, at=hospital))
    for change, of, more in changes(session):
        if more:
            answer = client.post(URL, {"change": change, "of": of})
            needed = set(more) - ({"start", "end"} if change == "leave" else set())
            assert (answer.status_code, set(answer.json()["fields"])) == (400, needed)
        unknown = client.post(URL, {"change": change, "of": "0123456789abcdef", **more})
        assert (unknown.status_code, list(unknown.json()["fields"])) == (400, ["of"])


def test_only_who_may_change_it_may_try(api, hospital, session) -> None:
    client = api(factories.user(Role.EXPERT, at=hospital))
    for change, of, more in changes(session):
        assert client.post(URL, {"change": change, "of": of, **more}).status_code == 403, change
    assert client.get(URL).status_code == 403


def test_what_is_hit_as_things_stand(api, hospital, session) -> None:
    ann = session.attendances.get().expert
    time_keeping.add_leave(ann, first_day=DAY, last_day=DAY, by=None)
    client = api(factories.user(Role.COORDINATOR, at=hospital))
    (hit,) = client.get(URL, {"institution": hospital.public_id}).json()
    assert (hit["session"], hit["cause"], hit["expert"]["id"]) == (session.public_id, "leave", ann.public_id)
    foreign = factories.institution().public_id
    for unknown in ("0123456789abcdef", foreign, "x", ""):
        answer = client.get(URL, {"institution": unknown})
        assert (answer.status_code, list(answer.json()["fields"])) == (400, ["institution"]), unknown
    assert [one["kind"] for one in client.get("/api/v1/today/").json() if one["kind"] == "hit"] == ["hit"]
    assert api(factories.user(Role.COORDINATOR)).get(URL).json() == []
