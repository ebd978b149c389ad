"""The lists for pickers, and the time that experts keep, over the API."""

import pytest

from experts.models import Role
from tests import factories

pytestmark = pytest.mark.django_db
TIME = "/api/v1/availability/"


@pytest.fixture
def hospital():
    return factories.institution()


@pytest.fixture
def expert(hospital):
    return factories.expert("RADIOL", at=hospital, user=factories.user(Role.EXPERT, at=hospital), hours=[])


# Time -----------------------------------------------------------------------------------------------------------------
def test_my_week(api, expert) -> None:
    client = api(expert.user)
    always = {"every": 1, "since": None}
    week = [
        {"weekday": 0, "start": "08:00", "end": "12:00"} | always,
        {"weekday": 3, "start": "14:00", "end": "16:30"} | always,
    ]
    assert client.put(TIME, {"week": week}).json()["week"] == week
    body = client.get(TIME).json()
    assert (body["expert"]["id"], body["zone"], body["week"]) == (expert.public_id, "Asia/Shanghai", week)
    wrong = [{"weekday": 0, "start": "08:00", "end": "12:00"}, {"weekday": 0, "start": "11:00", "end": "13:00"}]
    answer = client.put(TIME, {"week": wrong})
    assert (answer.status_code, answer.json()["code"]) == (400, "overlap")
    assert client.get(TIME).json()["week"] == week


def test_my_alternate_weeks(api, expert) -> None:
    client = api(expert.user)
    given = {"weekday": 1, "start": "08:00", "end": "24:00", "every": 2, "since": "2026-12-03"}
    other = given | {"since": "2026-12-07"}
    kept = given | {"since": "2026-11-30"}
    assert client.put(TIME, {"week": [given, other]}).json()["week"] == [kept, other]
    assert client.get(TIME).json()["week"] == [kept, other]
    for wrong, code, field in [
        ({"every": 2, "since": None}, "start_missing", "since"),
        ({"every": 5}, "invalid", "week"),
        ({"every": 4, "since": "2026-11-30"}, "overlap", "start"),
    ]:
        answer = client.put(TIME, {"week": [given, given | wrong]})
        assert (answer.status_code, answer.json()["code"]) == (400, code)
        assert field in str(answer.json()["fields"])
    assert client.get(TIME).json()["week"] == [kept, other]


def test_exceptions_and_leaves_come_and_go(api, expert) -> None:
    client = api(expert.user)
    given = {"date": "2027-03-01", "start": "08:00", "end": "10:00", "kind": "takes"}
    exception = client.post(f"{TIME}exceptions/", given).json()
    leave = client.post(f"{TIME}leaves/", {"first_day": "2027-04-01", "last_day": "2027-04-05", "note": "x"}).json()
    assert (exception["id"], leave["id"]) == ("2027-03-01-0800-takes", "2027-04-01")
    assert client.post(f"{TIME}exceptions/", given).json()["code"] == "overlap"
    body = client.get(TIME).json()
    assert (body["exceptions"], body["leaves"]) == ([exception], [leave])
    assert client.delete(f"{TIME}exceptions/{exception['id']}/").status_code == 204
    assert client.delete(f"{TIME}leaves/{leave['id']}/").status_code == 204
    body = client.get(TIME).json()
    assert (body["exceptions"], body["leaves"]) == ([], [])


@pytest.mark.parametrize(
    "entry", ["exceptions/2027-03-01-0800-takes/", "exceptions/x/", "leaves/2027-04-01/", "leaves/2027-13-01/"]
)
def test_what_is_not_there_cannot_be_removed(api, expert, entry) -> None:
    assert api(expert.user).delete(TIME + entry).status_code == 404


def test_the_coordinator_keeps_it_for_others_and_nobody_else_does(api, hospital, expert) -> None:
    path = f"/api/v1/experts/{expert.public_id}/availability/"
    leave = {"first_day": "2027-04-01", "last_day": "2027-04-05"}
    coordinator = api(factories.user(Role.COORDINATOR, at=hospital))
    assert coordinator.get(path).json()["expert"]["id"] == expert.public_id
    assert coordinator.post(f"{path}leaves/", leave).status_code == 201
    assert coordinator.get(TIME).status_code == 404
    colleague = api(factories.user(Role.EXPERT, at=hospital))
    assert colleague.get(path).status_code == 403
    assert colleague.post(f"{path}leaves/", leave).status_code == 403
    stranger = api(factories.user(Role.COORDINATOR, at=factories.institution()))
    assert stranger.get(path).status_code == 404


# Lists ----------------------------------------------------------------------------------------------------------------
def test_pickers_show_ones_own_alliance_in_ones_own_language(api, hospital, expert) -> None:
    factories.team(at=hospital, core=[expert])
    factories.team(at=factories.institution())
    room = factories.room(at=hospital)
    factories.discipline("RADIOL")
    client = api(expert.user)

    def names(path: str) -> list[str]:
        return [row["name"] for row in client.get(f"/api/v1/{path}").json()["results"]]

    assert names("institutions/") == [hospital.name_en]
    assert names("teams/?disease_group=lung") == ["Lung MDT"]
    assert names("rooms/") == [room.name_en]
    assert names(f"experts/?discipline=RADIOL&institution={hospital.public_id}") == [expert.name_en]
    assert names(f"experts/?search={expert.name_zh}") == [expert.name_en]
    assert names("experts/?discipline=PATH") == []
    chinese = client.get("/api/v1/teams/", headers={"Accept-Language": "zh-hans"}).json()["results"]
    assert [row["name"] for row in chinese] == ["lung多学科团队"]
    one = client.get(f"/api/v1/experts/{expert.public_id}/").json()
    assert (one["affiliations"][0]["rank"], one["qualifications"][0]["discipline"]) == (3, "RADIOL")
    assert "email" not in one


@pytest.mark.parametrize("rows", [1, 30])
@pytest.mark.parametrize(
    ("path", "queries"), [("institutions", 4), ("teams", 4), ("experts", 6), ("rooms", 4), ("disciplines", 3)]
)
def test_a_list_costs_the_same_for_one_row_and_for_thirty(api, rows, path, queries, django_assert_num_queries) -> None:
    alliance = factories.alliance()
    for number in range(rows):
        hospital = factories.institution(alliance=alliance)
        factories.team(at=hospital)
        factories.room(at=hospital)
        factories.expert(f"D{number}", at=hospital)
    client = api(factories.user(Role.COORDINATOR, at=alliance))
    with django_assert_num_queries(queries):
        assert len(client.get(f"/api/v1/{path}/").json()["results"]) >= rows
