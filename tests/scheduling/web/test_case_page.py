"""The case page: what everybody reads there, and its actions."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from cases.models import Case
from cases.services import workflow
from experts.models import Role
from mdt_portal.models import AuditEvent, User
from scheduling.models import Proposal, Seat
from tests import factories

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def case() -> Case:
    return factories.case_waiting(missing=["imaging"], received=["history"], seats=[("RADIOL", 3), ("PATH", 2)])


@pytest.fixture
def coordinator(case: Case) -> User:
    return factories.user(Role.COORDINATOR, at=case.institution)


@pytest.fixture
def coordinator_client(client: Client, coordinator: User) -> Client:
    client.force_login(coordinator)
    return client


def address(case: Case, action: str = "") -> str:
    return f"/cases/{case.public_id}/{action}"


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.COORDINATOR, 200), (Role.MANAGER, 200), (Role.AUDITOR, 200), (Role.REFERRER, 404), (Role.EXPERT, 404)],
)
def test_who_sees_it(client: Client, case: Case, role: str, status: int) -> None:
    client.force_login(factories.user(role, at=case.institution))
    assert client.get(address(case)).status_code == status


def test_the_referrer_and_the_seated_expert_see_it(client: Client, case: Case) -> None:
    expert = factories.expert("RADIOL", at=case.institution, user=factories.user())
    factories.session(case.team, experts=[expert], cases=[case])
    for person in (case.referrer, expert.user):
        assert person is not None
        client.force_login(person)
        assert client.get(address(case)).status_code == 200


def test_it_shows_needs_limit_materials_and_no_name(coordinator_client: Client, case: Case) -> None:
    text = text_of(coordinator_client.get(address(case)))
    for words in ("Lung cancer, Stage IIIB", "15 minutes, 2 seats, within 14 days", "associate chief or above"):
        assert words in text
    assert "Imaging (CT or MRI) with report" in text and "1 missing" not in text
    assert "Wang Fang" not in text


def test_what_comes_next_depends_on_the_materials(coordinator_client: Client, case: Case) -> None:
    text = text_of(coordinator_client.get(address(case)))
    assert "It is planned once its materials are complete: see the checklist." in text
    assert "Missing: Imaging" not in text  # the checklist says it, once
    assert 'href="#materials">Open checklist' in text
    case.materials.filter(status="missing").update(status="received")
    text = text_of(coordinator_client.get(address(case)))
    assert "It waits for Lung MDT and gets its place with the next plan." in text and "Open checklist" not in text


def times_missing(text: str) -> int:
    """How often something visible says of anything that it is missing."""
    visible = re.sub(r'<span class="visually-hidden">.*?</span>', "", text)
    return len(re.findall(r"(?i)\bmissing\b|缺少|缺 ?\d", re.sub(r"<[^>]*>", " ", visible)))


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_what_is_missing_is_said_once(coordinator_client: Client, coordinator: User, case: Case, language: str) -> None:
    """FAULTS: a case page said what is missing three times, and went on after all had come."""
    coordinator.language = language
    coordinator.save()
    coordinator_client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    main = text_of(coordinator_client.get(address(case))).partition("<main")[2].partition("</main")[0]
    assert times_missing(main) == case.materials.filter(status="missing").count() == 1
    case.materials.update(status="received")
    main = text_of(coordinator_client.get(address(case))).partition("<main")[2].partition("</main")[0]
    assert times_missing(main) == 0


def test_only_who_plans_is_offered_to_move_it(coordinator_client: Client, case: Case) -> None:
    button = f"/week/move/?case={case.public_id}"
    assert button in text_of(coordinator_client.get(address(case)))
    coordinator_client.force_login(factories.user(Role.MANAGER, at=case.institution))
    assert button not in text_of(coordinator_client.get(address(case)))


def test_a_planned_case_shows_its_people_and_its_place(coordinator_client: Client, case: Case) -> None:
    radiologist = factories.expert("RADIOL", at=case.institution, name_en="Lin Shuyi")
    session = factories.session(case.team, experts=[radiologist], cases=[case])
    Seat.objects.create(
        item=session.items.get(), place=9, discipline=factories.discipline("PATH"), min_rank=2, attendance=None
    )
    Case.objects.filter(pk=case.pk).update(status="planned")
    text = text_of(coordinator_client.get(address(case)))
    assert "Lin Shuyi" in text and "Associate chief" in text and "No answer yet" in text and "Seat open" in text
    assert f'href="/sessions/{session.public_id}/"' in text


def test_it_says_why_the_newest_plan_has_no_place(coordinator_client: Client, case: Case) -> None:
    run = factories.run(case.institution, status="proposed")
    reasons = [{"code": "seat_off_duty", "params": {"discipline": "RADIOL"}}]
    Proposal.objects.create(run=run, goals={}, plan={"unplaced": [{"case": case.pk, "reasons": reasons}]})
    assert "nobody who may take the seat is on duty" in text_of(coordinator_client.get(address(case)))


def test_history_is_in_words_with_who_and_when(coordinator_client: Client, case: Case, coordinator: User) -> None:
    draft = factories.case(at=case.institution)
    workflow.submit(draft, by=draft.referrer)
    text = text_of(coordinator_client.get(address(draft)))
    assert "Submitted" in text and "The catalogue answered: To be decided" in text
    assert str(draft.referrer) in text


def test_showing_the_patient_is_a_action_that_is_recorded(
    coordinator_client: Client, case: Case, coordinator: User
) -> None:
    assert coordinator_client.get(address(case, "patient/")).status_code == 405
    shown = coordinator_client.post(address(case, "patient/"), headers=HTMX)
    assert "Wang Fang" in text_of(shown) and "<html" not in text_of(shown)
    look = AuditEvent.objects.get(action="looked")
    assert (look.by, look.subject_id, look.params) == (coordinator, case.patient_id, {"page": "case"})
    assert "Looked at who the patient is" in text_of(coordinator_client.get(address(case)))


def test_managers_never_see_the_name(client: Client, case: Case) -> None:
    client.force_login(factories.user(Role.MANAGER, at=case.institution))
    assert "Your role sees the case, not the name." in text_of(client.get(address(case)))
    assert client.post(address(case, "patient/"), headers=HTMX).status_code == 403
    assert not AuditEvent.objects.filter(action="looked").exists()


def test_materials_are_ticked_off_and_put_back(coordinator_client: Client, case: Case) -> None:
    item = case.materials.get(code="imaging")
    action = address(case, f"materials/{item.pk}/")
    assert "complete" in text_of(coordinator_client.post(action, {"action": "receive"}, headers=HTMX))
    again = text_of(coordinator_client.post(action, {"action": "reopen"}, headers=HTMX))
    assert times_missing(again) == 1
    assert "complete" in text_of(coordinator_client.post(action, {"action": "waive"}, headers=HTMX))
    assert coordinator_client.post(action, {"action": "waive"}, headers=HTMX).status_code == 409
    assert coordinator_client.post(action, {"action": "burn"}, headers=HTMX).status_code == 400
    response = coordinator_client.post(action, {"action": "reopen"})
    assert response["Location"] == address(case) + "#materials"


def test_a_tick_says_what_comes_next_and_lets_the_page_look_for_times_again(
    coordinator_client: Client, case: Case
) -> None:
    item = case.materials.get(code="imaging")
    done = coordinator_client.post(address(case, f"materials/{item.pk}/"), {"action": "receive"}, headers=HTMX)
    assert done["HX-Trigger"] == "case:checklist"
    assert 'id="next-step" hx-swap-oob="true"' in text_of(done) and "gets its place with the next plan" in text_of(done)
    page = text_of(coordinator_client.get(address(case)))
    assert 'id="next-step"' in page and "case:checklist delay:600ms from:body" in page


def test_all_materials_are_received_with_one_click(coordinator_client: Client, case: Case) -> None:
    case.materials.create(code="pathology")
    action = address(case, "materials/")
    assert f'action="{action}"' in text_of(coordinator_client.get(address(case)))
    assert "complete" in text_of(coordinator_client.post(action, headers=HTMX))
    assert coordinator_client.post(action)["Location"] == address(case) + "#materials"
    assert set(case.materials.values_list("status", flat=True)) == {"received"}
    assert AuditEvent.objects.filter(action="material.received").count() == 2
    coordinator_client.force_login(factories.user(Role.MANAGER, at=case.institution))
    assert coordinator_client.post(action, headers=HTMX).status_code == 403


def test_an_emergency_reads_the_limit_that_it_really_has(coordinator_client: Client, case: Case) -> None:
    Case.objects.filter(pk=case.pk).update(urgency="emergency")
    assert f"2 seats, within {case.institution.emergency_limit_h} hours" in text_of(
        coordinator_client.get(address(case))
    )


def test_a_draft_is_submitted_once(client: Client, case: Case) -> None:
    draft = factories.case(at=case.institution)
    assert draft.referrer is not None
    client.force_login(draft.referrer)
    assert "This is a draft." in text_of(client.get(address(draft)))
    assert "is handed in." in text_of(client.post(address(draft, "submit/"), follow=True))
    again = client.post(address(draft, "submit/"))
    assert again.status_code == 409
    assert "cannot become" in text_of(again)


def test_the_tier_is_set_by_hand_with_a_reason(coordinator_client: Client, case: Case) -> None:
    assert "Tier of" in text_of(coordinator_client.get(address(case, "tier/")))
    refused = coordinator_client.post(
        address(case, "tier/"), {"tier": "suggested", "reason": "", "min_rank": "3"}, headers=HTMX
    )
    assert refused.status_code == 422
    done = coordinator_client.post(
        address(case, "tier/"), {"tier": "suggested", "reason": "Palliative", "min_rank": "3"}, headers=HTMX
    )
    assert done["HX-Redirect"] == address(case)
    text = text_of(coordinator_client.get(address(case)))
    assert "Tier set by hand" in text and "Palliative" in text and "Tier set by hand to “Suggested”" in text


def test_a_listed_case_needs_seats_to_be_pulled_in(coordinator_client: Client, case: Case) -> None:
    Case.objects.filter(pk=case.pk).update(
        status="listed", requirement=factories.requirement(tier="none", minutes=0, hours=0).to_json(), tier="none"
    )
    given = {"tier": "required", "reason": "Complex", "min_rank": "3"}
    refused = coordinator_client.post(address(case, "tier/"), given, headers=HTMX)
    assert refused.status_code == 422
    assert "The catalogue asks for no discussion here" in text_of(refused)
    seats = [factories.discipline("RADIOL").pk]
    done = coordinator_client.post(
        address(case, "tier/"), given | {"seats": seats, "minutes": 15, "hours": 48}, headers=HTMX
    )
    assert done["HX-Redirect"] == address(case)
    case.refresh_from_db()
    assert (case.status, case.minutes) == ("waiting", 15)


def test_a_team_is_chosen(coordinator_client: Client, case: Case) -> None:
    other = factories.team("breast", at=case.institution)
    assert "Breast MDT" in text_of(coordinator_client.get(address(case, "team/")))
    assert coordinator_client.post(address(case, "team/"), {"team": ""}, headers=HTMX).status_code == 422
    assert coordinator_client.post(address(case, "team/"), {"team": other.pk}, headers=HTMX)["HX-Redirect"] == address(
        case
    )
    assert "Given to Breast MDT" in text_of(coordinator_client.get(address(case)))


@pytest.mark.parametrize("planned", [False, True])
def test_a_case_is_withdrawn_with_a_reason_wherever_it_stands(
    coordinator_client: Client, case: Case, planned: bool
) -> None:
    if planned:
        factories.session(case.team, experts=[factories.expert(at=case.institution)], cases=[case])
        Case.objects.filter(pk=case.pk).update(status="planned")
        assert "It gives up its place" in text_of(coordinator_client.get(address(case, "withdraw/")))
    assert coordinator_client.post(address(case, "withdraw/"), {"reason": " "}, headers=HTMX).status_code == 422
    done = coordinator_client.post(address(case, "withdraw/"), {"reason": "Treated elsewhere"}, headers=HTMX)
    assert done["HX-Redirect"] == address(case)
    case.refresh_from_db()
    assert case.status == "withdrawn"
    assert "Withdrawn: Treated elsewhere" in text_of(coordinator_client.get(address(case)))


@pytest.mark.parametrize("action", ["submit/", "evaluate/", "tier/", "team/", "withdraw/", "patient/"])
def test_auditors_look_and_change_nothing(client: Client, case: Case, action: str) -> None:
    client.force_login(factories.user(Role.AUDITOR, at=case.institution))
    assert client.post(address(case, action)).status_code == 403


def test_queries_do_not_grow_with_the_case(
    coordinator_client: Client, case: Case, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(45) as first:
        coordinator_client.get(address(case))
    for _ in range(30):
        AuditEvent.objects.create(action="case.edited", subject_type="cases.case", subject_id=case.pk)
    with django_assert_max_num_queries(len(first.captured_queries)):
        assert "22 older entries" in text_of(coordinator_client.get(address(case)))


def test_it_is_there_in_chinese(coordinator_client: Client, case: Case) -> None:
    Case.objects.filter(pk=case.pk).update(due_at=timezone.now() - timedelta(hours=1))
    response = coordinator_client.get(address(case), headers={"Accept-Language": "zh-hans"})
    assert response.status_code == 200 and "影像" in text_of(response)
