"""Several cases at once, and views that are kept: what a coordinator does with a long queue."""

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation

from cases.models import Case
from cases.services import reminders
from experts.models import Role
from mdt_portal import outbox, saved_views
from mdt_portal.errors import RuleError
from mdt_portal.models import AuditEvent, KeptMail, SavedView, User
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def coordinator() -> User:
    return factories.user(Role.COORDINATOR)


@pytest.fixture
def coordinator_client(client: Client, coordinator: User) -> Client:
    client.force_login(coordinator)
    return client


def waiting(coordinator: User, **fields: Any) -> Case:
    hospital = coordinator.roles.get().institution
    team = hospital.teams.first() or factories.team(at=hospital)
    return factories.case_waiting(team=team, **fields)


def message(response: Any) -> str:
    return json.loads(response.headers["HX-Trigger"])["portal:say"]["text"]


def post(coordinator_client: Client, action: str, *cases: Case, **fields: Any) -> Any:
    data = {"action": action, "case": [case.public_id for case in cases], **fields}
    return coordinator_client.post("/queue/bulk/", data, headers={"HX-Request": "true"})


def test_each_referrer_is_asked_once_for_what_is_missing(coordinator_client: Client, coordinator: User) -> None:
    referrer = factories.user(Role.REFERRER, at=coordinator.roles.get().institution, email="r@example.org")
    first = waiting(coordinator, missing=["imaging"], referrer=referrer)
    second = waiting(coordinator, missing=["pathology"], referrer=referrer)
    whole = waiting(coordinator, referrer=referrer)
    answer = post(coordinator_client, "remind", first, second, whole)
    assert message(answer) == f"The referrers of 2 cases get a mail. {whole.number}: nothing is missing."
    assert "queue:changed" in answer.headers["HX-Trigger"]
    outbox.deliver()
    mail = KeptMail.objects.get(to="r@example.org")
    assert first.number in mail.body and second.number in mail.body and whole.number not in mail.body
    assert "Imaging" in mail.body
    assert "asked within the last 12 hours" in message(post(coordinator_client, "remind", first))
    outbox.deliver()
    assert KeptMail.objects.count() == 1
    assert AuditEvent.objects.filter(action="case.reminded").count() == 2


def test_what_came_meanwhile_is_not_asked_for(coordinator: User) -> None:
    case = waiting(coordinator, missing=["imaging"])
    Case.objects.filter(pk=case.pk).update(due_at=timezone.now())
    reminders.remind([case], by=coordinator)
    case.materials.all().delete()
    outbox.deliver()
    assert not KeptMail.objects.exists()


def test_a_mail_is_in_the_referrers_language(coordinator: User) -> None:
    referrer = factories.user(Role.REFERRER, email="r@example.org", language="zh-hans")
    reminders.remind([waiting(coordinator, missing=["imaging"], referrer=referrer)], by=coordinator)
    outbox.deliver()
    assert KeptMail.objects.get().subject.startswith("请补齐")


def test_cases_are_given_to_a_team_at_once(coordinator_client: Client, coordinator: User) -> None:
    hospital = coordinator.roles.get().institution
    cases = [waiting(coordinator) for _ in range(2)]
    other = factories.team("breast", at=hospital)
    dialog = coordinator_client.get("/queue/bulk/team/", {"case": [case.public_id for case in cases]})
    assert all(case.number in dialog.content.decode() for case in cases)
    assert message(post(coordinator_client, "team", *cases, team=other.public_id)) == "Done for 2 cases."
    assert {case.team for case in Case.objects.all()} == {other}


def test_what_is_refused_is_named_and_the_rest_is_done(coordinator_client: Client, coordinator: User) -> None:
    case, gone = waiting(coordinator), waiting(coordinator)
    Case.objects.filter(pk=gone.pk).update(status="withdrawn")
    text = message(post(coordinator_client, "evaluate", case, gone))
    assert text.startswith("Done for 1 case. Not done for 1 case.") and gone.number in text


def test_nothing_ticked_and_strangers_cases_are_refused(coordinator_client: Client) -> None:
    assert post(coordinator_client, "remind").json()["message"] == "Tick at least one case."
    foreign = factories.case_waiting(missing=["imaging"])
    assert message(post(coordinator_client, "remind", foreign)).startswith("The referrers of 0 cases")
    assert not AuditEvent.objects.filter(action="case.reminded").exists()


def test_a_referrer_has_no_bulk_actions(client: Client) -> None:
    case = factories.case_waiting(missing=["imaging"])
    assert case.referrer is not None
    client.force_login(case.referrer)
    assert "data-tick-all" not in client.get("/queue/").content.decode()
    assert post(client, "remind", case).status_code == 403


def test_a_view_keeps_filters_but_no_words(coordinator_client: Client, coordinator: User) -> None:
    case = waiting(coordinator)
    answer = coordinator_client.post(
        "/queue/views/?tier=required&q=Wang", {"name": "Mine to do"}, headers={"HX-Request": "true"}
    )
    assert answer.headers["HX-Redirect"] == "/queue/?tier=required"
    view = SavedView.objects.get()
    assert view.query == "tier=required"
    page = coordinator_client.get("/queue/?tier=required").content.decode()
    assert "Mine to do" in page and "Delete this view" in page and "/queue/views/?" not in page
    assert (
        'aria-current="page">All' not in page
        and 'aria-current="page">All' in coordinator_client.get("/queue/").content.decode()
    )
    coordinator_client.post(f"/queue/views/{view.public_id}/drop/")
    assert not SavedView.objects.exists() and Case.objects.get() == case


def test_a_view_is_its_owners(client: Client, coordinator: User) -> None:
    view = saved_views.keep(by=coordinator, page="queue", name="x", filters={"tier": "required"}, known=["tier"])
    client.force_login(factories.user(Role.COORDINATOR))
    assert client.post(f"/queue/views/{view.public_id}/drop/").status_code == 404


@pytest.mark.parametrize(("name", "filters"), [("", {"tier": "required"}), ("x" * 41, {"tier": "required"}), ("x", {})])
def test_a_view_needs_a_name_and_a_filter(coordinator: User, name: str, filters: dict[str, str]) -> None:
    with pytest.raises(RuleError):
        saved_views.keep(by=coordinator, page="queue", name=name, filters=filters, known=["tier"])


def test_the_same_name_replaces_the_view(coordinator: User) -> None:
    for tier in ("required", "suggested"):
        saved_views.keep(by=coordinator, page="queue", name="x", filters={"tier": tier}, known=["tier"])
    assert SavedView.objects.get().query == "tier=suggested"


def test_the_referring_hospital_can_be_chosen(coordinator_client: Client, coordinator: User) -> None:
    own = waiting(coordinator)
    guest = waiting(coordinator)
    Case.objects.filter(pk=guest.pk).update(institution=factories.institution())
    guest.refresh_from_db()
    response = coordinator_client.get("/queue/", {"institution": guest.institution.public_id})
    assert [line.number for line in response.context["lines"]] == [guest.number]
    with translation.override("en"):
        assert own.institution.name in response.content.decode()
