"""Nothing is guessed: what a program sends is read as the schema says, or refused with its place, always as JSON."""

import json

import pytest
from django.test import Client, override_settings
from django.urls import path
from drf_spectacular.generators import SchemaGenerator

from experts.models import Role
from mdt_portal.rest import gate
from mdt_portal.urls import urlpatterns as portal
from tests import factories
from tests.api.test_frame import ANY_ID, problem

pytestmark = pytest.mark.django_db
EVALUATE = "/api/v1/catalogue/evaluate/"


@pytest.fixture
def client(api):
    return api(factories.user(Role.COORDINATOR, at=factories.institution()))


def post(client, body: bytes | str, path: str = EVALUATE, content_type: str = "application/json"):
    return client.generic("POST", path, body, content_type=content_type)


# Addresses ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("address", ["/api/nothing", "/api/v1/nothing/", "/api/v1/cases/x/y/z", "/api/v1/cases/%00/"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_address_that_there_is_not_is_answered_in_json(client, address: str, method: str) -> None:
    assert problem(client.generic(method, address)) == (404, "not_found")


def test_no_token_against_forgery_is_asked_for_where_there_is_nothing() -> None:
    assert problem(Client(enforce_csrf_checks=True).post("/api/v1/nothing/", {})) == (404, "not_found")


def test_a_forgotten_slash_is_mended_for_reading_and_named_for_writing(client) -> None:
    found = client.get("/api/v1/cases?page=1")
    assert (found.status_code, found["Location"]) == (301, "/api/v1/cases/?page=1")
    refused = client.post("/api/v1/cases", {})
    assert problem(refused) == (404, "not_found")
    assert refused.json()["message"] == "Addresses of the API end with a slash."


def fail(request):
    raise RuntimeError("a bug")


class Broken:
    """The portal's addresses with one more, behind which there is a bug."""

    urlpatterns = [path("api/v1/broken/", fail), path("broken/", fail), *portal]
    handler500 = staticmethod(gate.server_error)


@override_settings(ROOT_URLCONF=Broken)
def test_a_bug_is_answered_in_json_too() -> None:
    client = Client(raise_request_exception=False)
    answer = client.get("/api/v1/broken/")
    assert problem(answer) == (500, "server_error")
    assert "a bug" not in answer.content.decode()
    assert client.get("/broken/")["Content-Type"].startswith("text/html")


# Query parameters -----------------------------------------------------------------------------------------------------
LISTS = [
    "cases",
    "runs",
    "sessions",
    "invitations",
    "moves",
    "rooms",
    "blocks",
    "placement-constraints",
    "time-requests",
    "saved-views",
    "institutions",
    "teams",
    "experts",
    "disciplines",
    "catalogue/rules",
]


def test_the_parameters_that_are_let_through_are_those_of_the_schema() -> None:
    generator = SchemaGenerator()
    paths = generator.get_schema(request=None, public=True)["paths"]
    named = {
        (view, method): {
            one["name"] for one in paths[address][method.lower()].get("parameters", ()) if one["in"] == "query"
        }
        for address, _pattern, method, view in generator.endpoints
        if address in paths
    }
    assert len(named) > 100
    assert {one: gate.known_parameters(*one) for one in named} == named


@pytest.mark.parametrize("name", [*LISTS, "today", "load", "catalogue/export", f"cases/{ANY_ID}"])
def test_an_unknown_filter_is_refused_by_name(client, name: str) -> None:
    answer = client.get(f"/api/v1/{name}/?statsu=waiting")
    assert problem(answer) == (400, "invalid")
    assert answer.json()["fields"] == {"statsu": ["This parameter is not known."]}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=last", "page"),
        ("page=" + "9" * 400, "page"),
        ("page_size=0", "page_size"),
        ("page_size=201", "page_size"),
        ("page_size=ten", "page_size"),
        ("mine=banana", "mine"),
        ("mine=", "mine"),
        ("institution=", "institution"),
        ("due_before=yesterday", "due_before"),
        ("due_before=0001-01-01T00:00:00Z", "due_before"),
        ("updated_since=2026-13-01T00:00:00Z", "updated_since"),
        ("status=lost", "status"),
        ("follow_up_due_by=2026-02-30", "follow_up_due_by"),
        ("institution=%00", ""),
        ("institution=%ff", ""),
    ],
)
def test_a_parameter_that_is_not_understood_is_refused(client, query: str, field: str) -> None:
    answer = client.get(f"/api/v1/cases/?{query}")
    assert problem(answer) == (400, "invalid")
    assert list(answer.json()["fields"]) == [field]


def test_a_page_beyond_the_last_says_which_is_the_last(client) -> None:
    answer = client.get("/api/v1/cases/?page=99")
    assert problem(answer) == (404, "not_found")
    assert answer.json()["message"] == "There is no page 99: the last one is 1."


def test_a_parameter_that_must_be_there_is_asked_for(client) -> None:
    for address, field in (("catalogue/codes", "search"), ("search", "q"), ("catalogue/wanted-facts", "code")):
        answer = client.get(f"/api/v1/{address}/")
        assert (problem(answer), list(answer.json()["fields"])) == ((400, "invalid"), [field])


# Bodies ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("body", "code", "fields"),
    [
        (b'{"code": "C34.1"', "parse_error", []),
        (b'{"code": NaN}', "parse_error", []),
        (b'{"code": "\xff"}', "parse_error", []),
        (b"[" * 3000, "parse_error", []),
        (b"[" * 100_000, "parse_error", []),
        (b'{"code": "C34.1", "code": "C34.2"}', "invalid", ["code"]),
        (b'{"code": "C34\\u0000"}', "invalid", ["code"]),
        (b'{"code": "C34\\ud800"}', "invalid", ["code"]),
        (b'{"code": "C34.1", "scores": {"NI\\u0000": 1}}', "invalid", ["scores"]),
        (b'{"code": "C34.1", "age": ' + b"9" * 5000 + b"}", "invalid", ["age"]),
        (b'{"code": "C34.1", "scores": {"NIHSS": 1e308}}', "invalid", ["scores.NIHSS"]),
        (b'{"code": 341}', "invalid", ["code"]),
        (b'{"code": "C34.1", "age": "60"}', "invalid", ["age"]),
        (b'{"code": "C34.1", "age": true}', "invalid", ["age"]),
        (b'{"code": "C34.1", "age": 60.5}', "invalid", ["age"]),
        (b'{"code": "C34.1", "scores": {"NIHSS": "12"}}', "invalid", ["scores.NIHSS"]),
        (b'{"code": "C34.1", "flags": "recurrence"}', "invalid", ["flags"]),
        (b"[]", "invalid", [""]),
        (b"null", "invalid", [""]),
        (b'"C34.1"', "invalid", [""]),
    ],
)
def test_a_body_that_is_not_as_the_schema_says_is_refused_at_its_place(client, body, code, fields) -> None:
    answer = post(client, body)
    assert problem(answer) == (400, code)
    assert list(answer.json()["fields"]) == fields


def test_a_body_with_a_byte_order_mark_is_read(client) -> None:
    assert post(client, b"\xef\xbb\xbf" + b'{"code": "C34.1"}').status_code == 200


def test_a_body_beyond_all_measure_is_refused(client) -> None:
    assert problem(post(client, b'{"code": "' + b"x" * 10_000_001 + b'"}')) == (413, "too_large")


def test_an_encoding_that_there_is_not_is_refused(client) -> None:
    answer = post(client, b'{"code": "C34.1"}', content_type="application/json; charset=utf-16")
    assert problem(answer) == (400, "parse_error")


def test_a_misspelt_field_deep_inside_is_noticed(client) -> None:
    sent = {"code": "C34.1", "patient": {"name": "Li Na", "birthdate": "1961-04-01"}}
    assert client.post("/api/v1/cases/", sent).json()["fields"] == {"patient.birthdate": ["This field is not known."]}
    identifiers = [{"system": "mrn", "value": "1"}, {"system": "mrn", "value": "2", "valeu": "3"}]
    sent = {"code": "C34.1", "patient": {"name": "Li Na", "identifiers": identifiers}}
    assert list(client.post("/api/v1/cases/", sent).json()["fields"]) == ["patient.identifiers.1.valeu"]


def test_an_identifier_that_is_sent_twice_is_named(client) -> None:
    one = {"system": "mrn", "value": "77"}
    sent = {"code": "C34.1", "patient": {"name": "Li Na", "identifiers": [one, {"system": "mrn ", "value": "77"}]}}
    answer = client.post("/api/v1/cases/", sent)
    assert problem(answer) == (400, "invalid")
    assert answer.json()["fields"] == {"patient.identifiers.1.value": ["This identifier stands here twice."]}


def test_days_of_other_centuries_are_refused(client) -> None:
    sent = {"code": "C34.1", "patient": {"name": "Li Na", "birth_date": "0001-01-01"}}
    assert list(client.post("/api/v1/cases/", sent).json()["fields"]) == ["patient.birth_date"]
    assert list(client.post("/api/v1/runs/", {"horizon_start": "9999-12-31"}).json()["fields"]) == ["horizon_start"]


def test_refusals_are_in_the_language_that_is_asked_for(client) -> None:
    answer = client.get("/api/v1/cases/?statsu=1", headers={"Accept-Language": "zh-hans"})
    assert answer.json()["fields"] == {"statsu": ["没有这个查询参数。"]}


# The schema -----------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def schema() -> dict:
    return Client().get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}).json()


def operations(schema: dict):
    for address, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {address}", operation


def test_the_schema_says_where_the_portal_is(schema) -> None:
    assert [server["url"] for server in schema["servers"]] == ["http://testserver"]


def test_every_operation_names_the_refusals_that_all_share(schema) -> None:
    for name, operation in operations(schema):
        open_to_all = name == "post /api/v1/auth/token/"
        assert ("401" in operation["responses"]) != open_to_all, name
        assert "400" in operation["responses"], name
        assert ("415" in operation["responses"]) == ("requestBody" in operation), name
        if "{" in name:
            assert "404" in operation["responses"], name


def test_every_list_can_be_asked_for_what_changed(schema) -> None:
    for name in LISTS:
        parameters = schema["paths"][f"/api/v1/{name}/"]["get"]["parameters"]
        assert "updated_since" in [one["name"] for one in parameters], name


def test_a_check_and_a_change_take_the_same_body(schema) -> None:
    bodies = [
        schema["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        for path in ("/api/v1/moves/", "/api/v1/moves/check/")
    ]
    assert bodies[0] == bodies[1]
    (name,) = [part.rpartition("/")[2] for part in bodies[0].values()]
    shapes = schema["components"]["schemas"][name]["oneOf"]
    needed = [schema["components"]["schemas"][one["$ref"].rpartition("/")[2]]["required"] for one in shapes]
    assert needed == [["case", "start"], ["case", "into"], ["case", "take_off"], ["session"]]


def test_the_schema_shows_how_requests_look(schema) -> None:
    for address in ("/api/v1/cases/", "/api/v1/moves/", "/api/v1/runs/", "/api/v1/moves/check/"):
        content = schema["paths"][address]["post"]["requestBody"]["content"]["application/json"]
        assert content["examples"], address


def test_objects_of_the_schema_are_closed_as_unknown_fields_are_refused(schema) -> None:
    assert schema["components"]["schemas"]["Referral"]["additionalProperties"] is False
    assert json.dumps(schema)  # plain JSON
