"""Cases over the API: referring, editing, submitting, overriding, materials, identity, withdrawing; who sees what."""

import json
from datetime import date, timedelta

import pytest
from django.utils import timezone

from cases.catalogue import rulebook
from cases.catalogue.core import vocabulary
from cases.models import Case, Patient
from experts.models import Role
from mdt_portal.models import AuditEvent
from scheduling.models import Session
from scheduling.publishing import publication
from tests import factories
from tests.scheduling import worlds

pytestmark = pytest.mark.django_db
CASES = "/api/v1/cases/"


@pytest.fixture
def hospital():
    raws = json.loads(vocabulary.CATALOGUE_FILE.read_text(encoding="utf-8"))["rules"]
    rulebook.load(
        [raw for raw in raws if raw["id"] == "LUNG-3B"],
        by=None,
        unapproved="Tests begin so",
        publish_from=date(2026, 1, 1),
    )
    return factories.institution()


@pytest.fixture
def referrer(hospital):
    return factories.user(Role.REFERRER, at=hospital)


def referral(**fields):
    person = {"name": "Zoë O'Neil", "birth_date": "1961-04-01", "identifiers": [{"system": "mrn", "value": "77"}]}
    return {"patient": person, "code": "C34.1", "stage": "IIIB", "question": "Operate?"} | fields


def url(case: Case, *parts: str) -> str:
    return "/".join([CASES.rstrip("/"), case.public_id, *parts, ""])


# Referring ------------------------------------------------------------------------------------------------------------
def test_refer_and_submit_in_one_go(api, hospital, referrer) -> None:
    team = factories.team(at=hospital)
    answer = api(referrer).post(CASES, referral(submit=True))
    assert answer.status_code == 201
    body = answer.json()
    assert (body["status"], body["tier"], body["minutes"]) == ("waiting", "required", 20)
    assert body["team"]["id"] == team.public_id
    assert body["requirement"]["seats"][0]["discipline"] == "RESP"
    assert [event["new"] for event in body["events"]] == ["submitted", "waiting"]
    assert body["materials_missing"] == len(body["materials"]) > 0
    assert body["due_at"].endswith("Z")
    assert body["zone"] == "Asia/Shanghai"
    assert "Neil" not in answer.content.decode()


def test_another_rare_class_than_the_lists_needs_a_reason(api, hospital, referrer) -> None:
    client, rare = api(referrer), {"code": "G12.0", "stage": ""}
    answer = client.post(CASES, referral(**rare, rare_class="B"))
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["rare_reason"])
    assert not Case.objects.exists()
    answer = client.post(CASES, referral(**rare, rare_class=""))
    assert (answer.status_code, answer.json()["rare_class"]) == (201, "A"), "empty says nothing, and the list decides"
    address = f"{CASES}{answer.json()['id']}/"
    answer = client.patch(address, {"rare_class": ""})
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["rare_reason"])
    assert client.get(address).json()["rare_class"] == "A"
    answer = client.patch(address, {"rare_class": "", "rare_reason": "The gene test is negative"})
    assert (answer.status_code, answer.json()["rare_class"]) == (200, "")
    answer = client.post("/api/v1/catalogue/evaluate/", {"code": "G12.0", "rare_class": "C"})
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["rare_reason"])


def test_the_same_key_gives_the_same_case(api, referrer) -> None:
    client = api(referrer)
    first = client.post(CASES, referral(), headers={"Idempotency-Key": "abc"})
    again = client.post(CASES, referral(), headers={"Idempotency-Key": "abc"})
    other = api(factories.user(Role.REFERRER, at=Case.objects.get().institution))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert Case.objects.count() == 1
    assert other.post(CASES, referral(), headers={"Idempotency-Key": "abc"}).status_code == 201
    assert client.post(CASES, referral(), headers={"Idempotency-Key": "x" * 81}).json()["code"] == "invalid_key"


def test_a_known_patient_is_taken_again(api, referrer) -> None:
    client = api(referrer)
    first = client.post(CASES, referral()).json()
    by_identifier = client.post(CASES, referral()).json()
    sent = referral(patient_id=first["patient"]["id"], previous=first["id"])
    del sent["patient"]
    by_id = client.post(CASES, sent).json()
    assert first["patient"] == by_identifier["patient"] == by_id["patient"]
    assert by_id["previous"] == first["id"]
    assert Patient.objects.count() == 1


def test_a_patient_of_others_is_unknown(api, referrer) -> None:
    stranger = factories.patient()
    sent = referral(patient_id=stranger.public_id)
    del sent["patient"]
    answer = api(referrer).post(CASES, sent)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["patient_id"])


def test_a_refused_referral_leaves_nothing(api, referrer) -> None:
    assert api(referrer).post(CASES, referral(stage="nine")).status_code == 400
    assert api(referrer).post(CASES, {"code": "C34.1"}).json()["fields"].keys() == {"patient"}
    assert (Case.objects.count(), Patient.objects.count()) == (0, 0)


def test_one_refers_at_ones_own_hospital_only(api, referrer) -> None:
    elsewhere = factories.institution()
    answer = api(referrer).post(CASES, referral(institution=elsewhere.public_id))
    assert list(answer.json()["fields"]) == ["institution"]
    manager = factories.user(Role.MANAGER, at=elsewhere)
    assert api(manager).post(CASES, referral()).status_code == 403


# Changing -------------------------------------------------------------------------------------------------------------
def test_edit_refuses_a_stale_version(api, hospital, referrer) -> None:
    case = factories.case(at=hospital, referrer=referrer)
    client = api(referrer)
    etag = client.get(url(case))["ETag"]
    assert client.patch(url(case), {"stage": "IV"}, headers={"If-Match": etag}).json()["stage"] == "IV"
    late = client.patch(url(case), {"stage": "I"}, headers={"If-Match": etag})
    assert (late.status_code, late.json()["code"]) == (409, "stale_state")
    assert client.patch(url(case), {"stage": "I", "version": 1}).status_code == 409
    assert client.patch(url(case), {"stage": "I"}, headers={"If-Match": "x"}).status_code == 400


def test_submit_twice_is_a_conflict(api, hospital, referrer) -> None:
    factories.team(at=hospital)
    case = factories.case(at=hospital, referrer=referrer)
    assert api(referrer).post(url(case, "submit")).json()["status"] == "waiting"
    again = api(referrer).post(url(case, "submit"))
    assert (again.status_code, again.json()["code"]) == (409, "transition_not_allowed")


def test_override_needs_the_coordinator_and_a_reason(api, hospital, referrer) -> None:
    case = factories.case_waiting(team=factories.team(at=hospital), referrer=referrer)
    sent = {"tier": "none", "reason": "Palliative care was agreed."}
    assert api(referrer).post(url(case, "override"), sent).status_code == 403
    client = api(factories.user(Role.COORDINATOR, at=hospital))
    assert client.post(url(case, "override"), {"tier": "none"}).json()["fields"].keys() == {"reason"}
    body = client.post(url(case, "override"), sent).json()
    assert (body["status"], body["tier"], body["overridden"]) == ("listed", "none", sent["reason"])
    pulled = {"tier": "suggested", "reason": "New finding", "minutes": 10, "hours": 72}
    answer = client.post(url(case, "override"), pulled | {"seats": [{"discipline": "RADIOL", "min_rank": 3}]})
    assert (answer.json()["status"], answer.json()["minutes"]) == ("waiting", 10)


def test_materials_come_and_go(api, hospital, referrer) -> None:
    case = factories.case_waiting(team=factories.team(at=hospital), referrer=referrer, missing=["imaging", "history"])
    client = api(referrer)

    def after(code: str, action: str, **more: str) -> list[str]:
        body = client.post(url(case, "materials", code), {"action": action, **more}).json()
        return [item["status"] for item in body["materials"]]

    assert after("imaging", "receive", origin=hospital.public_id, note="CD") == ["received", "missing"]
    assert after("history", "waive") == ["received", "waived"]
    assert after("imaging", "reopen") == ["missing", "waived"]
    assert client.post(url(case, "materials", "imaging"), {"action": "reopen"}).status_code == 409
    assert client.post(url(case, "materials", "nothing"), {"action": "receive"}).status_code == 404
    assert client.post(url(case, "materials", "imaging"), {"action": "lose"}).status_code == 400


def test_identity_is_recorded_and_kept_from_managers(api, hospital, referrer) -> None:
    case = factories.case(at=hospital, referrer=referrer, patient=factories.patient(at=hospital, name="Li Na"))
    answer = api(referrer).get(url(case, "identity"))
    assert answer.json()["name"] == "Li Na"
    assert answer["Cache-Control"] == "no-store"
    look = AuditEvent.objects.get(action="looked")
    assert (look.by, look.subject_id) == (referrer, case.patient_id)
    assert api(factories.user(Role.MANAGER, at=hospital)).get(url(case, "identity")).status_code == 403
    assert AuditEvent.objects.filter(action="looked").count() == 1


@pytest.mark.django_db
def test_a_planned_case_shows_its_place_and_can_be_withdrawn(api) -> None:
    world = worlds.small(2)
    publication.publish(world.propose(seconds=1), by=world.coordinator)
    client = api(world.coordinator)
    place = client.get(url(world.cases[0])).json()["place"]
    session = Session.objects.get()
    assert place["session"] == session.public_id
    assert len(place["seats"]) == 3
    assert {seat["answer"] for seat in place["seats"]} == {"pending"}
    refused = client.post(url(world.cases[0], "override"), {"tier": "none", "reason": "x"})
    assert (refused.status_code, refused.json()["code"]) == (400, "rule_broken")
    body = client.post(url(world.cases[0], "withdraw"), {"reason": "moved away"}).json()
    assert (body["status"], body["place"]) == ("withdrawn", None)
    assert session.items.filter(active=True).count() == 1


# Seeing ---------------------------------------------------------------------------------------------------------------
def test_nobody_learns_of_cases_that_are_not_theirs(api, hospital) -> None:
    case = factories.case_waiting(team=factories.team(at=hospital), missing=["imaging"])
    stranger = api(factories.user(Role.COORDINATOR, at=factories.institution()))
    assert stranger.get(CASES).json()["count"] == 0
    answers = [stranger.get(url(case)), stranger.get(url(case, "identity")), stranger.patch(url(case), {})]
    for action in ("submit", "withdraw", "override", "materials/imaging"):
        answers.append(stranger.post(url(case, action), {}))  # noqa: PERF401
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


def test_lists_filter(api, hospital) -> None:
    team = factories.team(at=hospital)
    now = timezone.now()
    late = factories.case_waiting(team=team, due_at=now - timedelta(hours=1), urgency="urgent", diagnosis="Lung mass")
    soon = factories.case_waiting(team=team, due_at=now + timedelta(hours=1), tier="suggested")
    draft = factories.case(at=hospital)
    client = api(factories.user(Role.COORDINATOR, at=hospital))

    def found(query: str) -> list[str]:
        return [row["number"] for row in client.get(f"{CASES}?{query}").json()["results"]]

    assert found("") == [draft.number, soon.number, late.number]
    assert found("order=due_at&status=waiting") == [late.number, soon.number]
    assert found("overdue=true") == [late.number]
    assert found("tier=suggested") == [soon.number]
    assert found("urgency=urgent&urgency=emergency") == [late.number]
    assert found("search=mass") == found("search=" + late.number) == [late.number]
    assert found(f"team={team.public_id}&disease_group=lung") == [soon.number, late.number]
    assert found("institution=AAAAAAAAAAAAAAAA") == []
    assert found(f"due_before={now:%Y-%m-%dT%H:%M:%SZ}") == [late.number]
    assert found("mine=true") == []
    routine = factories.case_waiting(team=team, missing=["imaging"])
    assert found("blocked=materials") == [routine.number]
    assert set(found("blocked=nothing")) == {late.number, soon.number}


@pytest.mark.parametrize("rows", [1, 30])
def test_a_list_costs_the_same_for_one_row_and_for_thirty(api, hospital, rows, django_assert_num_queries) -> None:
    team = factories.team(at=hospital)
    for _ in range(rows):
        factories.case_waiting(team=team, missing=["imaging"])
    client = api(factories.user(Role.COORDINATOR, at=hospital))
    with django_assert_num_queries(6):  # token, roles, own seats, count, page, external ids
        assert len(client.get(CASES).json()["results"]) == rows
