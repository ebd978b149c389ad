"""Several cases at once and saved views, through the API."""

from experts.models import Role
from mdt_portal.models import AuditEvent
from tests import factories
from tests.api.conftest import Api


def test_referrers_are_asked_for_what_is_missing(api: Api) -> None:
    case = factories.case_waiting(missing=["imaging"])
    client = api(factories.user(Role.COORDINATOR, at=case.institution))
    answer = client.post("/api/v1/cases/bulk/", {"action": "remind", "cases": [case.public_id]}, format="json")
    assert answer.json() == {"level": "ok", "message": "The referrer of 1 case gets a mail."}
    assert AuditEvent.objects.get(action="case.reminded").subject_id == case.pk


def test_a_misspelt_action_is_refused(api: Api) -> None:
    client = api(factories.user(Role.COORDINATOR))
    answer = client.post("/api/v1/cases/bulk/", {"action": "chaise", "cases": ["x"]}, format="json")
    assert answer.status_code == 400 and "action" in answer.json()["fields"]


def test_views_are_kept_listed_and_dropped(api: Api) -> None:
    client = api(factories.user(Role.COORDINATOR))
    asked = {"name": "Required", "filters": {"tier": "required", "q": "Wang"}}
    kept = client.post("/api/v1/saved-views/", asked, format="json")
    assert kept.status_code == 201 and kept.json()["query"] == "tier=required"
    assert [row["name"] for row in client.get("/api/v1/saved-views/").json()["results"]] == ["Required"]
    assert api(factories.user()).get("/api/v1/saved-views/").json()["results"] == []
    assert client.delete(f"/api/v1/saved-views/{kept.json()['id']}/").status_code == 204
    assert client.get("/api/v1/saved-views/").json()["results"] == []
