"""The pools over the API: the same services and the same refusals as the pages."""

from datetime import timedelta

import pytest
from django.utils import timezone

from experts.models import Expert, Role, Team
from mdt_portal.models import AuditEvent
from scheduling.models import Block, Room, RoomClosure
from tests import factories

pytestmark = pytest.mark.django_db
V1 = "/api/v1/"


@pytest.fixture
def hospital():
    return factories.institution(name_en="General", name_zh="总医院")


@pytest.fixture
def coordinator_client(api, hospital):
    return api(factories.user(Role.COORDINATOR, at=hospital))


@pytest.fixture
def reader(api, hospital):
    return api(factories.user(Role.MANAGER, at=hospital))


def test_a_persons_card(coordinator_client, reader, hospital) -> None:
    factories.discipline("PATH")
    title = factories.title(3)
    card = {
        "name_en": "Ann",
        "email": "ann@example.org",
        "titles": [{"institution": hospital.public_id, "family": title.family, "title": title.name_en}],
        "skills": [{"discipline": "PATH", "sub_specialty": "lung"}],
    }
    answer = coordinator_client.post(f"{V1}experts/", card)
    body = answer.json()
    assert (answer.status_code, body["titles"], body["skills"]) == (201, card["titles"], card["skills"])
    path = f"{V1}experts/{body['id']}/card/"
    assert coordinator_client.get(path).json() == body
    changed = coordinator_client.patch(path, {"max_sessions_week": 4}).json()
    assert changed == body | {"max_sessions_week": 4}
    refused = coordinator_client.patch(path, {"email": "nothing", "skills": []}).json()
    assert (refused["code"], set(refused["fields"])) == ("invalid", {"email", "skills"})
    unknown = coordinator_client.patch(path, {"titles": [card["titles"][0] | {"title": "King"}]})
    assert (unknown.status_code, set(unknown.json()["fields"])) == (400, {"titles"})
    assert [client.get(path).status_code for client in (reader,)] == [403]
    assert reader.post(f"{V1}experts/", card).status_code == 403
    elsewhere = card | {"email": "b@example.org"}
    elsewhere["titles"] = [card["titles"][0] | {"institution": factories.institution().public_id}]
    assert (
        coordinator_client.post(f"{V1}experts/", elsewhere).status_code == 400
    )  # a hospital that does not exist for them


def test_somebody_leaves_a_hospital(coordinator_client, reader, hospital) -> None:
    ann = factories.expert(at=hospital)
    start = factories.moment(factories.monday(2), "09:00", hospital)
    session = factories.session(factories.team(at=hospital), experts=[ann], start=start)
    path = f"{V1}experts/{ann.public_id}/work/{hospital.public_id}/"
    assert coordinator_client.get(path).json() == {"until": None, "sessions": []}
    notified = {"until": str(factories.monday(1)), "sessions": [session.public_id]}
    assert coordinator_client.get(path, {"until": notified["until"]}).json() == notified
    assert coordinator_client.get(path).json()["until"] is None
    assert coordinator_client.get(path, {"until": "soon"}).status_code == 400
    assert (
        coordinator_client.put(path, {"until": notified["until"]}).json()
        == coordinator_client.get(path).json()
        == notified
    )
    assert coordinator_client.put(path, {}).status_code == 400
    assert reader.put(path, {"until": None}).status_code == 403
    assert coordinator_client.put(path, {"until": "2020-01-01"}).json()["fields"] == {
        "until": ["The last day lies more than a month back."]
    }
    yesterday = str(timezone.now().date() - timedelta(days=1))
    assert coordinator_client.put(path, {"until": yesterday}).json()["until"] == yesterday
    assert coordinator_client.put(path, {"until": None}).json()["until"] is None  # it was a mistake


def test_an_import_over_the_api(coordinator_client, reader, hospital) -> None:
    factories.discipline("PATH")
    factories.title(3)
    path, text = f"{V1}experts/import/", "邮箱,姓名,职称,学科\na@b.cn,李,副主任医师,PATH\n"
    tried = coordinator_client.post(path, {"text": text}).json()
    assert (tried["written"], [one["email"] for one in tried["new"]], Expert.objects.count()) == (False, ["a@b.cn"], 0)
    wrong = coordinator_client.post(path, {"text": text.replace("PATH", "X")}).json()
    assert wrong["mistakes"] == [{"line": 2, "column": "学科", "sentence": "There is no discipline “X”."}]
    refused = coordinator_client.post(path, {"text": text.replace("PATH", "X"), "confirm": True})
    assert (refused.status_code, refused.json()["code"]) == (400, "import_refused")
    assert coordinator_client.post(path, {"text": text, "confirm": True}).json()["written"]
    assert coordinator_client.post(path, {"text": text, "confirm": True}).json()["left"] == 1
    assert reader.post(path, {"text": text}).status_code == 403


def test_teams(coordinator_client, reader, hospital) -> None:
    chair = factories.expert("RESP", at=hospital)
    factories.disease_group("lung")
    sent = {"name_en": "Lung", "disease_group": "lung", "lead_discipline": "RESP", "chair": chair.public_id}
    body = coordinator_client.post(f"{V1}teams/", sent | {"institution": hospital.public_id}).json()
    assert (body["chair"]["id"], body["core_members"]) == (chair.public_id, [])
    path = f"{V1}teams/{body['id']}/"
    assert (
        coordinator_client.put(path, sent | {"core_members": [chair.public_id]}).json()["core_members"][0]["id"]
        == chair.public_id
    )
    again = coordinator_client.post(f"{V1}teams/", sent | {"institution": hospital.public_id})
    assert (again.status_code, set(again.json()["fields"])) == (400, {"disease_group", "name_en"})
    assert reader.put(path, sent).status_code == 403
    assert Team.objects.count() == 1


def test_a_hospitals_settings_and_days(coordinator_client, reader, hospital) -> None:
    path = f"{V1}institutions/{hospital.public_id}/settings/"
    hours = [{"weekday": 0, "start": "08:00", "end": "12:00"}]
    body = coordinator_client.patch(path, {"answer_within_h": 48, "opening_hours": hours}).json()
    assert (body["answer_within_h"], body["opening_hours"]) == (48, hours)
    assert reader.get(path).json() == body
    assert coordinator_client.patch(path, {"emergency_limit_h": 9}).json()["code"] == "invalid"
    assert reader.patch(path, {}).status_code == 403
    days = f"{V1}institutions/{hospital.public_id}/special-days/"
    day = factories.monday(2).isoformat()
    assert coordinator_client.post(days, {"date": day, "working": True}).json()["code"] == "says_nothing_new"
    assert coordinator_client.post(days, {"date": day, "working": False, "name": "Move"}).status_code == 200
    assert coordinator_client.get(days).json() == [
        {"date": day, "kind": "off", "name": "Move", "public": False, "predicted": False, "own": True}
    ]
    assert [coordinator_client.delete(f"{days}{one}/").status_code for one in (day, day, "x")] == [204, 404, 404]


def test_rooms_and_closures(coordinator_client, reader, hospital) -> None:
    sent = {"name_en": "Red", "capacity": 8, "equipment": ["video"]}
    sent["hours"] = [{"weekday": 1, "start": "08:00", "end": "10:00"}]
    body = coordinator_client.post(f"{V1}rooms/", sent | {"institution": hospital.public_id}).json()
    assert (body["name"], body["hours"]) == ("Red", sent["hours"])
    path = f"{V1}rooms/{body['id']}/"
    assert coordinator_client.put(path, sent | {"capacity": 9, "hours": []}).json()["capacity"] == 9
    room = Room.objects.get()
    start = factories.moment(factories.monday(2), "09:00", hospital)
    session = factories.session(factories.team(at=hospital), room=room, experts=[], cases=[], start=start)
    given = {"start": start.isoformat(), "end": start.replace(hour=12).isoformat(), "reason": "Paint"}
    closure = coordinator_client.post(f"{path}closures/", given).json()
    assert closure["sessions"] == [session.public_id]
    assert reader.get(f"{path}closures/").json() == [closure]
    assert (
        coordinator_client.post(f"{path}closures/", given | {"end": given["start"]}).json()["code"]
        == "ends_before_start"
    )
    assert reader.post(f"{path}closures/", given).status_code == 403
    assert coordinator_client.delete(f"{path}closures/{closure['id']}/").status_code == 204
    assert not RoomClosure.objects.exists()


def test_standing_times(coordinator_client, reader, hospital, api) -> None:
    team = factories.team(at=hospital)
    sent = {"team": team.public_id, "first_day": factories.monday(1).isoformat(), "start": "14:00", "end": "16:00"}
    sent["recurrence"] = "FREQ=MONTHLY;BYDAY=2TH,4TH"
    body = coordinator_client.post(f"{V1}blocks/", sent).json()
    assert (body["words"], body["start"], body["room"]) == ("2nd and 4th Thursday of the month", "14:00", None)
    path = f"{V1}blocks/{body['id']}/"
    assert len(reader.get(f"{path}dates/").json()) == 8
    assert [one["id"] for one in reader.get(f"{V1}blocks/").json()["results"]] == [body["id"]]
    assert coordinator_client.post(f"{V1}blocks/", sent).json()["fields"].keys() == {"start"}
    assert (
        coordinator_client.put(path, sent | {"recurrence": "FREQ=WEEKLY;BYDAY=MO"}).json()["words"]
        == "every week: Monday"
    )
    assert (reader.put(path, sent).status_code, reader.delete(path).status_code) == (403, 403)
    stranger = api(factories.user(Role.COORDINATOR))
    assert (stranger.get(path).status_code, stranger.delete(path).status_code) == (404, 404)
    assert api(factories.user(Role.REFERRER, at=hospital)).get(f"{V1}blocks/").status_code == 403
    assert coordinator_client.delete(path).status_code == 204
    assert not Block.objects.exists()
    assert set(AuditEvent.objects.filter(action__startswith="block").values_list("action", flat=True)) == {
        "block.added",
        "block.changed",
        "block.ended",
    }
