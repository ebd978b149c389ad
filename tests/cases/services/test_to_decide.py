"""The catalogue says "not needed" only where a rule says so; the rest, and every emergency, a person decides."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from cases.catalogue.core import requirement
from cases.catalogue.core.requirement import SeatNeed
from cases.models import Case
from cases.selectors import history, steps
from cases.services import workflow
from experts.models import Institution, Role
from mdt_portal.errors import RuleError
from mdt_portal.models import User
from scheduling.selectors import today, worklist
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def hospital(whole_catalogue: None) -> Institution:
    return factories.institution()


@pytest.fixture
def doctor(hospital: Institution) -> User:
    return factories.user(Role.REFERRER, at=hospital)


@pytest.fixture
def coordinator(hospital: Institution) -> User:
    return factories.user(Role.COORDINATOR, at=hospital, first_name="Li", last_name="Na")


def handed_in(doctor: User, hospital: Institution, code: str, **details) -> Case:
    patient = factories.patient(at=hospital)
    case = workflow.refer(by=doctor, institution=hospital, patient=patient, code=code, **details)
    return workflow.submit(case, by=doctor)


def test_a_code_without_a_rule_is_never_answered_none(doctor: User, hospital: Institution, coordinator: User) -> None:
    case = handed_in(doctor, hospital, "L60.0")
    assert (case.status, case.tier, case.due_at) == ("to_decide", "", None)
    assert "has no rule for L60.0" in steps.next_step(case)
    assert str(coordinator) in steps.next_step(case)


def test_facts_that_no_rule_speaks_of_are_decided_by_hand(doctor: User, hospital: Institution) -> None:
    answer = workflow.evaluate_facts(code="E66.9", institution=hospital, scores={"BMI": 22})
    assert (answer.tier, answer.without_rule) == ("none", True)


def test_a_rule_may_say_none(doctor: User, hospital: Institution) -> None:
    case = handed_in(doctor, hospital, "K35.8")
    assert (case.status, case.tier) == ("listed", "none")


def test_a_category_asks_for_its_child_and_the_child_decides(doctor: User, hospital: Institution) -> None:
    case = handed_in(doctor, hospital, "I71")
    answer = requirement.from_json(case.requirement)
    assert case.status == "needs_facts"
    assert (answer.missing, answer.could_be) == (("code",), "required")
    assert answer.children == ("I71.0", "I71.1", "I71.2", "I71.3", "I71.4", "I71.5", "I71.6", "I71.8", "I71.9")
    assert workflow.edit(case, by=doctor, code="I71.0").tier == "required"


def test_a_category_that_has_its_own_rule_needs_no_child(hospital: Institution) -> None:
    assert workflow.evaluate_facts(code="C34", stage="IV").tier == "required"


@pytest.mark.parametrize("code", ["K35.8", "L60.0"])
def test_an_emergency_is_never_only_listed(doctor: User, hospital: Institution, coordinator: User, code: str) -> None:
    case = handed_in(doctor, hospital, code, urgency="emergency")
    assert case.status == "to_decide"
    assert case.due_at == case.submitted_at + timedelta(hours=hospital.emergency_limit_h)
    factories.case_waiting(at=hospital, due_at=timezone.now() - timedelta(hours=3))
    first = today.work(coordinator, timezone.now())[0]
    assert (first.kind, first.emergency, first.action) == ("decision", True, "Decide")
    assert first.what.startswith(case.number)
    assert "Emergency" in first.detail
    assert worklist.grouped([first], timezone.now())[0].label == "Emergencies"


def test_an_emergency_leaves_today_once_a_person_has_decided(
    doctor: User, hospital: Institution, coordinator: User
) -> None:
    case = handed_in(doctor, hospital, "K35.8", urgency="emergency")
    case = workflow.override(case, by=coordinator, tier="none", reason="The surgeon operates now")
    assert (case.status, case.due_at) == ("listed", None)
    assert [entry.kind for entry in today.work(coordinator, timezone.now())] == []


def test_a_listed_case_that_turns_into_an_emergency_comes_back(
    doctor: User, hospital: Institution, coordinator: User
) -> None:
    case = handed_in(doctor, hospital, "K35.8")
    assert workflow.edit(case, by=doctor, urgency="emergency").status == "to_decide"
    case = workflow.override(case, by=coordinator, tier="none", reason="The surgeon operates now")
    workflow.edit(case, by=doctor, urgency="routine")
    case = workflow.edit(case, by=doctor, urgency="emergency")
    assert (case.status, case.override) == ("to_decide", None)


def test_who_refers_asks_for_the_discussion_of_a_listed_case(
    doctor: User, hospital: Institution, coordinator: User
) -> None:
    case = handed_in(doctor, hospital, "K35.8")
    with pytest.raises(RuleError):
        workflow.ask_for_discussion(case, by=doctor, reason="  ")
    case = workflow.ask_for_discussion(case, by=doctor, reason="Pregnant, 32 weeks")
    assert (case.status, case.discussion_request["reason"]) == ("to_decide", "Pregnant, 32 weeks")
    entry = today.work(coordinator, timezone.now())[0]
    assert entry.kind == "decision"
    assert "Pregnant, 32 weeks" in entry.detail
    assert any("Pregnant, 32 weeks" in event.text for event in history.of(case))
    case = workflow.edit(case, by=doctor, comorbidities=2)  # new facts do not make the question vanish
    assert case.status == "to_decide"
    asked = timezone.now()
    factories.team("general", at=hospital)
    case = workflow.override(
        case, by=coordinator, tier="suggested", reason="Agreed", hours=48, minutes=10,
        seats=[SeatNeed(discipline="SURG")],
    )  # fmt: skip
    assert (case.status, case.discussion_request) == ("waiting", None)
    assert case.due_at >= asked + timedelta(hours=47)  # the limit counts from the question, not from the old referral


def test_only_a_listed_case_can_be_asked_for(doctor: User, hospital: Institution) -> None:
    case = handed_in(doctor, hospital, "L60.0")
    with pytest.raises(RuleError):
        workflow.ask_for_discussion(case, by=doctor, reason="Please")


def test_the_dialog_asks_and_the_coordinator_decides(
    client: Client, doctor: User, hospital: Institution, coordinator: User
) -> None:
    case = handed_in(doctor, hospital, "K35.8")
    client.force_login(doctor)
    assert "Ask for a discussion" in client.get(f"/cases/{case.public_id}/").content.decode()
    assert client.post(f"/cases/{case.public_id}/ask/", {"reason": ""}).status_code == 422
    assert client.post(f"/cases/{case.public_id}/ask/", {"reason": "Pregnant"}).status_code in (200, 204, 302)
    case.refresh_from_db()
    assert case.status == "to_decide"
    client.force_login(coordinator)
    page = client.get(f"/cases/{case.public_id}/").content.decode()
    assert "Decide…" in page
    assert "asks for a discussion" in page
    assert "asks for a discussion" in client.get(f"/cases/{case.public_id}/tier/").content.decode()


def test_somebody_elses_case_cannot_be_asked_for(client: Client, doctor: User, hospital: Institution) -> None:
    case = handed_in(doctor, hospital, "K35.8")
    client.force_login(factories.user(Role.REFERRER, at=hospital))
    assert client.post(f"/cases/{case.public_id}/ask/", {"reason": "Curious"}).status_code == 404
