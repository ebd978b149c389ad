"""What other programs need: their own ids on cases, a patient's cases, and what changed since they last asked."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases.models import Case, MaterialItem
from experts.models import Institution, Role, Team
from mdt_portal.models import AuditEvent
from scheduling.models import Invitation, Session
from scheduling.publishing import publication
from tests import factories
from tests.scheduling import worlds

pytestmark = pytest.mark.django_db
CASES = "/api/v1/cases/"


@pytest.fixture
def hospital():
    return factories.institution()


@pytest.fixture
def client(api, hospital):
    return api(factories.user(Role.REFERRER, at=hospital))


def referral(value: str = "REF-1", **fields):
    return {"code": "C34.1", "patient": {"name": "Zoë O'Neil"}, "external_id": value} | fields


# External ids ---------------------------------------------------------------------------------------------------------
def test_a_case_is_found_by_the_id_that_its_sender_gave_it(client) -> None:
    sent = client.post(CASES, referral(external_system="his")).json()
    assert sent["external_ids"] == [{"external_id": "REF-1", "external_system": "his"}]
    client.post(CASES, referral("REF-2"))
    found = client.get(f"{CASES}?external_id=REF-1").json()["results"]
    assert [case["id"] for case in found] == [sent["id"]]
    assert client.get(f"{CASES}?external_id=REF-1&external_system=his").json()["count"] == 1
    assert client.get(f"{CASES}?external_id=REF-1&external_system=lis").json()["count"] == 0
    assert client.get(f"{CASES}?external_system=his").json()["count"] == 1


def test_an_id_that_is_taken_is_a_clear_conflict_and_nothing_is_written(client, hospital) -> None:
    first = client.post(CASES, referral()).json()
    again = client.post(CASES, referral(patient={"name": "Li Na"}))
    assert (again.status_code, again.json()["code"]) == (409, "external_id_taken")
    assert again.json()["message"] == f"“REF-1” is {first['number']} already."
    assert list(again.json()["fields"]) == ["external_id"]
    assert Case.objects.count() == 1


def test_the_conflict_names_no_case_that_one_may_not_see(api, client, hospital) -> None:
    number = client.post(CASES, referral()).json()["number"]
    colleague = api(factories.user(Role.REFERRER, at=hospital))
    again = colleague.post(CASES, referral())
    assert (again.status_code, again.json()["code"]) == (409, "external_id_taken")
    assert number not in again.content.decode()


def test_hospitals_and_programs_do_not_share_ids(api, client) -> None:
    other = api(factories.user(Role.REFERRER, at=factories.institution()))
    assert client.post(CASES, referral()).status_code == 201
    assert client.post(CASES, referral(external_system="lis")).status_code == 201
    assert other.post(CASES, referral()).status_code == 201
    assert other.get(f"{CASES}?external_id=REF-1").json()["count"] == 1


def test_a_case_can_be_given_an_id_later(client) -> None:
    case = client.post(CASES, {"code": "C34.1", "patient": {"name": "Li Na"}}).json()
    taken = client.post(CASES, referral("REF-9")).json()
    changed = client.patch(f"{CASES}{case['id']}/", {"external_id": "REF-3"}).json()
    assert changed["external_ids"] == [{"external_id": "REF-3", "external_system": ""}]
    assert client.patch(f"{CASES}{case['id']}/", {"external_id": "REF-3"}).status_code == 200
    refused = client.patch(f"{CASES}{case['id']}/", {"external_id": "REF-9", "stage": "IV"})
    assert (refused.status_code, refused.json()["code"]) == (409, "external_id_taken")
    assert Case.objects.get(public_id=case["id"]).stage == ""
    assert taken["id"] != case["id"]


def test_a_program_without_an_id_is_refused(client) -> None:
    sent = {"code": "C34.1", "patient": {"name": "Li Na"}, "external_system": "his"}
    assert list(client.post(CASES, sent).json()["fields"]) == ["external_id"]


def test_ids_cost_the_list_no_more_queries_for_thirty_rows_than_for_one(api, hospital) -> None:
    coordinator = api(factories.user(Role.COORDINATOR, at=hospital))

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            coordinator.get(CASES)
        return len(seen)

    coordinator.post(CASES, referral("A"))
    one = queries()
    for number in range(5):
        coordinator.post(CASES, referral(f"B{number}"))
    assert queries() == one


# A patient's cases ----------------------------------------------------------------------------------------------------
def known(client) -> str:
    person = {"name": "Zoë O'Neil", "identifiers": [{"system": "mrn", "value": "77"}]}
    return client.post(CASES, {"code": "C34.1", "patient": person}).json()["id"]


def test_cases_are_found_by_the_patients_identifier_and_the_look_is_recorded(client) -> None:
    case = known(client)
    AuditEvent.objects.all().delete()
    found = client.post(f"{CASES}look-up/", {"system": "mrn", "value": " 77 "}).json()
    assert [one["id"] for one in found] == [case]
    assert "Neil" not in str(found)
    assert set(AuditEvent.objects.values_list("action", flat=True)) == {"patient.looked_up", "looked"}
    assert "77" not in str(list(AuditEvent.objects.values_list("params", flat=True)))


def test_who_may_not_know_the_patient_finds_nothing_and_that_is_recorded_too(api, client, hospital) -> None:
    known(client)
    AuditEvent.objects.all().delete()
    for stranger in (
        factories.user(Role.REFERRER, at=hospital),
        factories.user(Role.COORDINATOR, at=factories.institution()),
    ):
        assert api(stranger).post(f"{CASES}look-up/", {"system": "mrn", "value": "77"}).json() == []
    assert list(AuditEvent.objects.values_list("action", flat=True)) == ["patient.looked_up"] * 2
    manager = api(factories.user(Role.MANAGER, at=hospital))
    assert manager.post(f"{CASES}look-up/", {"system": "mrn", "value": "77"}).status_code == 403


# What changed ---------------------------------------------------------------------------------------------------------
def since(client, name: str, moment) -> list[str]:
    answer = client.get(f"/api/v1/{name}/", {"updated_since": moment.isoformat()})
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


@pytest.fixture
def long_ago():
    return timezone.now() - timedelta(hours=1)


def age(*models) -> None:
    """As if everything had last been written two hours ago."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # without triggers
        for model in models:
            cursor.execute(f"UPDATE {model._meta.db_table} SET updated_at = now() - interval '2 hours'")
        cursor.execute("SET session_replication_role = DEFAULT")


def test_a_case_counts_as_changed_when_anything_of_it_was_written(api, long_ago) -> None:
    team = factories.team(at=(hospital := factories.institution()))
    cases = [factories.case_waiting(team=team, missing=["imaging"]) for _ in range(3)]
    client = api(factories.user(Role.COORDINATOR, at=hospital))
    age(Case, MaterialItem)
    assert since(client, "cases", long_ago) == []
    Case.objects.filter(pk=cases[0].pk).update(question="Operate?")  # a statement that no model sees
    cases[1].materials.update(note="CD")
    assert set(since(client, "cases", long_ago)) == {cases[0].public_id, cases[1].public_id}


def test_sessions_and_invitations_change_with_each_other(api, long_ago) -> None:
    world = worlds.small(1)
    publication.publish(world.propose(seconds=1), by=world.coordinator)
    client = api(world.coordinator)
    assert len(since(client, "sessions", long_ago)) == 1
    tables = (Session, Invitation, *(Session.attendances.rel.related_model, Session.items.rel.related_model))
    age(*tables)
    assert since(client, "sessions", long_ago) == since(client, "invitations", long_ago) == []
    invitation = Invitation.objects.first()
    assert invitation is not None
    Invitation.objects.filter(pk=invitation.pk).update(note="Late train")
    assert since(client, "invitations", long_ago) == [invitation.public_id]
    assert len(since(client, "sessions", long_ago)) == 1


def test_reference_lists_say_what_changed(api, long_ago) -> None:
    hospital = factories.institution()
    team = factories.team(at=hospital)
    client = api(factories.user(Role.COORDINATOR, at=hospital))
    age(Institution, Team)
    assert since(client, "institutions", long_ago) == since(client, "teams", long_ago) == []
    team.name_en = "Lung"
    team.save()
    assert since(client, "teams", long_ago) == [team.public_id]
    assert since(client, "teams", timezone.now() + timedelta(hours=1)) == []
