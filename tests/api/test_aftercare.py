"""After the meeting, by API: the record, the recommendation, the looks, and how meetings went."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from cases.models import Case
from experts.models import Role
from mdt_portal.models import User
from scheduling.models import Session
from scheduling.sessions import meetings
from tests import factories
from tests.api.conftest import Api

pytestmark = pytest.mark.django_db


@pytest.fixture
def over() -> Session:
    return factories.meeting_over()


@pytest.fixture
def coordinator(over: Session) -> User:
    return factories.user(Role.COORDINATOR, at=over.institution)


@pytest.fixture
def coordinator_client(api: Api, coordinator: User) -> APIClient:
    return api(coordinator)


def address(session: Session) -> str:
    return f"/api/v1/sessions/{session.public_id}/record/"


def body(session: Session, *outcomes: str, **fields: Any) -> dict[str, Any]:
    items = list(meetings.agenda(session))
    given = [*outcomes, *["discussed"] * (len(items) - len(outcomes))]
    cases = [{"case": item.case.public_id, "outcome": one} for item, one in zip(items, given, strict=True)]
    came = [one.expert.public_id for one in meetings.invited(session)]
    start = session.start + timedelta(minutes=8)
    return {"start": start.isoformat(), "end": session.end.isoformat(), "came": came, "cases": cases} | fields


def day(days: int = 0) -> date:
    return timezone.now().astimezone(factories.institution().tz).date() + timedelta(days=days)


# The record -----------------------------------------------------------------------------------------------------------


def test_a_meeting_is_recorded_and_judged(coordinator_client: APIClient, over: Session) -> None:
    given = body(over, "materials", quorum_reason="The pathologist's report was read out.")
    given["came"] = given["came"][:1]
    found = coordinator_client.post(address(over), given, format="json").json()
    assert (found["status"], found["version"]) == ("held", 2)
    assert found["evaluation"] == {"late_min": 8, "cases": 2, "discussed": 1, "signed": 0}
    assert [(item["outcome"], item["status"]) for item in found["agenda"]] == [
        ("materials", "waiting"),
        ("discussed", "discussed"),
    ]
    assert [one["came"] for one in found["attendances"]] == [True, False]


def test_who_records_without_quorum_says_why(coordinator_client: APIClient, over: Session) -> None:
    """FAULTS: a meeting that nobody attended, or without its quorum, was recorded as discussed without a word."""
    given = body(over)
    radiologist = given["came"][0]
    for came, words in (([], "Nobody came."), ([radiologist], "Not every required seat")):
        answer = coordinator_client.post(address(over), given | {"came": came}, format="json")
        assert (answer.status_code, answer.json()["code"]) == (400, "quorum_missing")
        assert answer.json()["fields"]["quorum_reason"][0].startswith(words)
    over.refresh_from_db()
    assert over.status == "confirmed"
    why = "The pathologist's report was read out."
    found = coordinator_client.post(
        address(over), given | {"came": [radiologist], "quorum_reason": why}, format="json"
    ).json()
    quorum = {"met": False, "came": 1, "seats_needed": 4, "seats_filled": 2, "missing": ["PATH", "PATH"]}
    assert (found["quorum"], found["quorum_reason"]) == (quorum, why)
    assert coordinator_client.get(f"/api/v1/sessions/{over.public_id}/").json()["quorum"] == quorum


def test_who_is_second_gets_409_and_corrects_with_the_version(coordinator_client: APIClient, over: Session) -> None:
    coordinator_client.post(address(over), body(over), format="json")
    second = coordinator_client.post(address(over), body(over, "no_time"), format="json")
    assert (second.status_code, second.json()["code"]) == (409, "stale_state")
    corrected = coordinator_client.post(address(over), body(over, "no_time", version=2), format="json")
    assert corrected.json()["evaluation"]["discussed"] == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"cases": [{"case": "AAAAAAAAAAAAAAAA", "outcome": "discussed"}]}, "cases"),
        ({"end": "2020-01-01T10:00:00Z"}, "end"),
        ({"start": "soon"}, "start"),
        ({"came": ["AAAAAAAAAAAAAAAA"]}, "came"),
        ({"minutes": 5}, "minutes"),
    ],
)
def test_what_cannot_be_is_named(
    coordinator_client: APIClient, over: Session, wrong: dict[str, Any], field: str
) -> None:
    answer = coordinator_client.post(address(over), body(over, **wrong), format="json")
    assert answer.status_code == 400
    assert any(name.startswith(field) for name in answer.json()["fields"])


def test_the_case_that_wants_a_note_is_named_by_its_place(coordinator_client: APIClient, over: Session) -> None:
    answer = coordinator_client.post(address(over), body(over, "discussed", "other"), format="json")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["cases.1.note"])


def test_a_case_is_named_once(coordinator_client: APIClient, over: Session) -> None:
    given = body(over)
    given["cases"].append(given["cases"][0])
    assert coordinator_client.post(address(over), given, format="json").status_code == 400


def test_a_stranger_was_not_there(coordinator_client: APIClient, over: Session) -> None:
    other = factories.expert(at=over.institution)
    answer = coordinator_client.post(address(over), body(over, came=[other.public_id]), format="json")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["came"])


def test_only_those_who_keep_the_minutes_record(api: Api, over: Session) -> None:
    manager = factories.user(Role.MANAGER, at=over.institution)
    assert api(manager).post(address(over), body(over), format="json").status_code == 403
    stranger = factories.user(Role.COORDINATOR)
    assert api(stranger).post(address(over), body(over), format="json").status_code == 404


def test_a_chair_without_a_seat_records_and_corrects(api: Api, over: Session) -> None:
    over.team.chair = factories.expert(at=over.institution, user=factories.user(Role.EXPERT, at=over.institution))
    over.team.save()
    chair = api(over.team.chair.user)
    assert len(chair.get(f"/api/v1/sessions/{over.public_id}/").json()["agenda"]) == 2
    assert chair.post(address(over), body(over, "no_time"), format="json").json()["status"] == "held"
    corrected = chair.post(address(over), body(over, version=2), format="json").json()
    assert [item["outcome"] for item in corrected["agenda"]] == ["discussed", "discussed"]


def test_what_has_no_record_is_found(coordinator_client: APIClient, over: Session) -> None:
    done = factories.meeting_over(over.team, days_ago=2)
    coordinator_client.post(address(done), body(done), format="json")
    missing = coordinator_client.get("/api/v1/sessions/", {"record_missing": "true"}).json()["results"]
    assert [row["id"] for row in missing] == [over.public_id]
    others = coordinator_client.get("/api/v1/sessions/", {"record_missing": "false"}).json()["results"]
    assert [row["id"] for row in others] == [done.public_id]


def test_figures_are_summed_up(coordinator_client: APIClient, over: Session) -> None:
    coordinator_client.post(address(over), body(over, "no_time"), format="json")
    found = coordinator_client.get("/api/v1/sessions/evaluation/", {"days": 30}).json()
    assert (found["over"], found["held"], found["on_time"], found["cases"], found["discussed"]) == (1, 1, 0, 2, 1)
    for days in ("0", "367", "many"):
        assert coordinator_client.get("/api/v1/sessions/evaluation/", {"days": days}).status_code == 400


# The recommendation and the looks -------------------------------------------------------------------------------------


def cases(case: Case, what: str = "") -> str:
    return f"/api/v1/cases/{case.public_id}/{what}"


def test_a_recommendation_is_drafted_and_signed(api: Api) -> None:
    case = factories.case_discussed()
    surgeon = factories.expert("THORSURG", at=case.institution)
    coordinator_client = api(factories.user(Role.COORDINATOR, at=case.institution))
    tasks = [
        {"what": "Operate", "expert": surgeon.public_id, "due": day(3).isoformat()},
        {"what": "Call the daughter", "who": "Nurse Li"},
    ]
    words = {"text": "Resect.", "tasks": tasks, "version": 0}
    draft = coordinator_client.post(cases(case, "recommendation/"), words, format="json").json()
    assert (draft["status"], draft["recommendation"]["signed_at"]) == ("discussed", None)
    assert [(task["what"], task["who"]) for task in draft["recommendation"]["tasks"]] == [
        ("Operate", str(surgeon)),
        ("Call the daughter", "Nurse Li"),
    ]
    assert api(case.referrer).get(cases(case)).json()["recommendation"] is None
    lacking = coordinator_client.post(cases(case, "recommendation/sign/"), words | {"version": 1}, format="json")
    assert (lacking.status_code, set(lacking.json()["fields"])) == (400, {"who", "next_follow_up_on"})
    whole = words | {"version": 1, "next_follow_up_on": day(14).isoformat(), "who": "Nurse Li"}
    signed = coordinator_client.post(cases(case, "recommendation/sign/"), whole, format="json").json()
    assert (signed["status"], signed["recommendation"]["in_time"]) == ("following_up", True)
    assert [(follow_up["due"], follow_up["who"]) for follow_up in signed["follow_ups"]] == [
        (day(14).isoformat(), "Nurse Li")
    ]
    assert api(case.referrer).get(cases(case)).json()["recommendation"]["text"] == "Resect."
    again = coordinator_client.post(cases(case, "recommendation/sign/"), whole, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "stale_state")


def test_an_addendum_is_signed_and_read(api: Api) -> None:
    """FAULTS: signing was irrevocable."""
    case = factories.case_followed()
    coordinator_client = api(factories.user(Role.COORDINATOR, at=case.institution))
    way = cases(case, "recommendation/addenda/")
    since = timezone.now().isoformat()
    for number, text in enumerate(("The left side was meant.", "Chemotherapy first.")):
        found = coordinator_client.post(way, {"text": text, "seen": number}, format="json").json()
    assert found["recommendation"]["text"] == "Operate."
    added = api(case.referrer).get(cases(case)).json()["recommendation"]["addenda"]
    assert [one["text"] for one in added] == ["The left side was meant.", "Chemotherapy first."]
    stale = coordinator_client.post(way, {"text": "Third", "seen": 1}, format="json")
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_state")
    for wrong in ({"text": "  "}, {}, {"text": "x", "seen": -1}):
        assert coordinator_client.post(way, wrong, format="json").status_code == 400
    assert api(case.referrer).post(way, {"text": "x"}, format="json").status_code == 403
    changed = coordinator_client.get("/api/v1/cases/", {"updated_since": since}).json()["results"]
    assert [row["id"] for row in changed] == [case.public_id]
    unsigned = factories.case_discussed(team=case.team)
    answer = coordinator_client.post(cases(unsigned, "recommendation/addenda/"), {"text": "x"}, format="json")
    assert (answer.status_code, "not signed yet" in answer.json()["message"]) == (400, True)


def test_the_referrer_follows_up_and_closes_but_does_not_recommend(api: Api) -> None:
    case = factories.case_followed()
    client = api(case.referrer)
    assert client.post(cases(case, "recommendation/"), {"text": "x"}, format="json").status_code == 403
    follow_up = client.get(cases(case)).json()["follow_ups"][0]["id"]
    given = {"outcome": "not", "follow_up": follow_up, "next_follow_up_on": day(7).isoformat(), "who": "Nurse Li"}
    answer = client.post(cases(case, "follow-ups/"), given, format="json")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["note"])
    found = client.post(cases(case, "follow-ups/"), given | {"note": "No bed"}, format="json").json()
    assert [(one["outcome"], one["note"]) for one in found["follow_ups"]] == [("not", "No bed"), ("", "")]
    assert [one["taken_by"] is None for one in found["follow_ups"]] == [False, True]
    stale = client.post(cases(case, "follow-ups/"), {"outcome": "out", "follow_up": follow_up}, format="json")
    assert stale.status_code == 409
    assert client.post(cases(case, "follow-ups/"), {"outcome": "out"}, format="json").json()["status"] == "closed"


def test_follow_ups_that_are_due_are_found(api: Api) -> None:
    due = factories.case_followed(due=day(-1))
    factories.case_followed(team=due.team, due=day(3))
    coordinator_client = api(factories.user(Role.COORDINATOR, at=due.institution))
    rows = coordinator_client.get("/api/v1/cases/", {"follow_up_due_by": day().isoformat()}).json()["results"]
    assert [row["id"] for row in rows] == [due.public_id]


def test_it_all_stands_in_the_schema(coordinator_client: APIClient) -> None:
    paths = coordinator_client.get("/api/schema/", {"format": "json"}, HTTP_ACCEPT="application/json").json()["paths"]
    for path in (
        "sessions/{id}/record/", "sessions/evaluation/", "cases/{id}/recommendation/",
        "cases/{id}/recommendation/sign/", "cases/{id}/recommendation/addenda/", "cases/{id}/follow-ups/",
    ):  # fmt: skip
        assert f"/api/v1/{path}" in paths
