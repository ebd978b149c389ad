"""The API's frame: who gets in, the one shape of errors, pages, the schema, the docs page."""

import io
import json
import re

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.test import Client, override_settings
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient, APIRequestFactory

from experts.models import Role
from mdt_portal import api as frame
from mdt_portal.models import AuditEvent
from tests import factories

pytestmark = pytest.mark.django_db

ANY_ID = "A" * 16


def problem(response) -> tuple[int, str]:
    body = response.json()
    assert set(body) == {"code", "message", "fields"}
    assert body["message"]
    return response.status_code, body["code"]


def test_schema_is_complete() -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=io.StringIO())


@pytest.mark.parametrize("sent", ["8", "08", "0800", "T08:00", "8:00", "08:00:00.5", "24:00", "08:00Z", 8])
def test_a_time_of_day_is_read_as_the_schema_says(api, sent: object) -> None:
    hospital = factories.institution()
    client = api(factories.user(Role.COORDINATOR, at=hospital))
    expert = factories.expert("ONC", at=hospital, hours=[])
    address = f"/api/v1/experts/{expert.public_id}/availability/"
    answer = client.put(address, {"week": [{"weekday": 0, "start": sent, "end": "24:00"}]}, format="json")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["week.0.start"])


def test_a_time_of_day_is_written_as_the_schema_says(api) -> None:
    """The schema's format `time` would be a time with its zone, which no clock on a wall has."""
    hospital = factories.institution()
    expert = factories.expert("ONC", at=hospital, hours=[])
    span = {"weekday": 0, "start": "08:00", "end": "24:00"}
    client = api(factories.user(Role.COORDINATOR, at=hospital))
    answer = client.put(f"/api/v1/experts/{expert.public_id}/availability/", {"week": [span]}, format="json")
    assert answer.json()["week"] == [span | {"every": 1, "since": None}]
    schemas = SchemaGenerator().get_schema(request=None, public=True)["components"]["schemas"]
    hours = schemas["WeekHours"]["properties"]
    assert all(re.fullmatch(hours[name]["pattern"], span[name]) for name in ("start", "end"))
    assert '"format": "time"' not in json.dumps(schemas)


def test_docs_page_keeps_the_content_security_policy(client: Client) -> None:
    response = client.get("/api/docs/")
    page = response.content.decode()
    assert response.status_code == 200
    assert "script-src 'self'" in response["Content-Security-Policy"]
    assert "<style" not in page
    assert "style=" not in page
    assert page.count("<script") == page.count("<script src=")
    assert client.get("/api/docs/?script=").status_code == 200


# Who gets in ----------------------------------------------------------------------------------------------------------
def test_token_for_username_and_password() -> None:
    user = factories.user()
    client = APIClient()
    given = client.post("/api/v1/auth/token/", {"username": user.username, "password": factories.PASSWORD})
    assert given.status_code == 200
    client.credentials(HTTP_AUTHORIZATION=f"Token {given.json()['token']}")
    assert client.get("/api/v1/cases/").status_code == 200
    assert AuditEvent.objects.get(action="token.issued").by == user


def test_wrong_password_is_refused() -> None:
    user = factories.user()
    answer = APIClient().post("/api/v1/auth/token/", {"username": user.username, "password": "wrong"})
    assert problem(answer) == (400, "wrong_credentials")


@override_settings(AXES_ENABLED=True, AXES_FAILURE_LIMIT=3)
def test_repeated_failures_lock_the_login() -> None:
    user = factories.user()
    client = APIClient()
    codes = [
        problem(client.post("/api/v1/auth/token/", {"username": user.username, "password": "wrong"})) for _ in range(4)
    ]
    assert codes[0] == (400, "wrong_credentials")
    assert codes[-1] == (429, "locked_out")
    right = client.post("/api/v1/auth/token/", {"username": user.username, "password": factories.PASSWORD})
    assert problem(right) == (429, "locked_out")


def test_session_of_the_web_login_works_too_and_needs_the_csrf_token() -> None:
    user = factories.user(Role.COORDINATOR)
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(user)
    assert client.get("/api/v1/runs/").status_code == 200
    assert problem(client.post("/api/v1/runs/", {})) == (403, "permission_denied")


# Errors ---------------------------------------------------------------------------------------------------------------
def test_each_refusal_has_one_shape(api) -> None:
    stranger, user = api(None), api(factories.user(Role.COORDINATOR))
    assert problem(stranger.get("/api/v1/cases/")) == (401, "not_authenticated")
    assert problem(user.get(f"/api/v1/cases/{ANY_ID}/")) == (404, "not_found")
    assert problem(user.get("/api/v1/nothing/")) == (404, "not_found")
    assert problem(user.delete("/api/v1/cases/")) == (405, "method_not_allowed")
    assert problem(user.post("/api/v1/cases/", "{", content_type="application/json")) == (400, "parse_error")
    assert problem(user.post("/api/v1/cases/", "x", content_type="text/csv")) == (415, "unsupported_media_type")
    assert problem(user.post("/api/v1/catalogue/evaluate/", {})) == (400, "invalid")
    assert problem(user.post("/api/v1/catalogue/evaluate/", [1], format="json")) == (400, "invalid")
    assert problem(api(factories.user()).post("/api/v1/runs/", {})) == (403, "not_allowed")
    assert problem(user.get("/api/v1/cases/?status=lost")) == (400, "invalid")
    assert problem(user.get("/api/v1/cases/?page=99")) == (404, "not_found")


def test_a_nested_mistake_names_its_place(api) -> None:
    coordinator = factories.user(Role.COORDINATOR, at=(hospital := factories.institution()))
    case = factories.case_waiting(team=factories.team(at=hospital))
    sent = {"tier": "required", "reason": "x", "seats": [{"discipline": "RADIOL"}, {"discipline": "NOSUCH"}]}
    answer = api(coordinator).post(f"/api/v1/cases/{case.public_id}/override/", sent)
    assert list(answer.json()["fields"]) == ["seats.1.discipline"]


def test_a_misspelt_field_is_noticed(api) -> None:
    answer = api(factories.user()).post("/api/v1/catalogue/evaluate/", {"code": "C34.1", "stadium": "IV"})
    assert answer.json()["fields"] == {"stadium": ["This field is not known."]}


def test_messages_follow_accept_language(api) -> None:
    client = api(factories.user())
    client.get("/api/v1/cases/")
    answer = client.get(f"/api/v1/cases/{ANY_ID}/", headers={"Accept-Language": "zh-hans"})
    assert answer.headers["Content-Language"] == "zh-hans"


@pytest.mark.parametrize(("pgcode", "status"), [("40P01", 409), ("40001", 409), ("23P01", 409), ("53300", None)])
def test_a_lost_race_in_the_database_is_a_conflict_and_nothing_else_is(pgcode: str, status: int | None) -> None:
    cause = type("Cause", (Exception,), {"pgcode": pgcode})()
    error = OperationalError()
    error.__cause__ = cause
    answer = frame.exception_handler(error, {"request": APIRequestFactory().get("/")})
    assert (answer.status_code if answer else None) == status


# Pages ----------------------------------------------------------------------------------------------------------------
def test_a_page_never_grows_beyond_its_limit(api) -> None:
    for number in range(3):
        factories.discipline(f"D{number}")
    client = api(factories.user())
    page = client.get("/api/v1/disciplines/?page_size=2").json()
    assert (page["count"], len(page["results"])) == (3, 2)
    assert client.get("/api/v1/disciplines/?page_size=100000").json()["fields"] == {
        "page_size": ["Write a number from 1 to 200."]
    }
