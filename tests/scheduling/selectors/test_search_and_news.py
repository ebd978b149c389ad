"""The search across everything, and what changed since one was last here."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases.identity.core import matching
from cases.models import Case
from cases.services import patients
from cases.states import CaseStatus
from experts.models import Institution, Role
from mdt_portal import lifecycle
from mdt_portal.models import AuditEvent, User
from scheduling.selectors import global_search, news
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def hospital() -> Institution:
    return factories.institution()


@pytest.fixture
def coordinator(hospital: Institution) -> User:
    return factories.user(Role.COORDINATOR, at=hospital)


def titles(text: str, user: User) -> dict[str, list[str]]:
    return {str(group.label): [hit.title for hit in group.hits] for group in global_search.find(text, user)}


# Search ---------------------------------------------------------------------------------------------------------------
def test_each_kind_is_found(hospital: Institution, coordinator: User) -> None:
    team = factories.team(at=hospital, name_en="Thorax board")
    case = factories.case_waiting(team=team, diagnosis="Cancer of the thorax")
    factories.expert("RADIOL", at=hospital, name_en="Thora Hansen")
    factories.session(team)
    assert titles("thora", coordinator) == {
        "Cases": [f"{case.number}, Cancer of the thorax"],
        "Sessions": ["Thorax board"],
        "People": ["Thora Hansen"],
    }


def test_nothing_of_strangers_is_found(hospital: Institution) -> None:
    case = factories.case_waiting(diagnosis="Cancer of the thorax")
    stranger = factories.user(Role.COORDINATOR, at=hospital)
    assert titles("thorax", stranger) == {} and titles(case.number, stranger) == {}


def test_a_whole_number_leads_to_the_case(client: Client, hospital: Institution, coordinator: User) -> None:
    case = factories.case_waiting(team=factories.team(at=hospital))
    client.force_login(coordinator)
    assert client.get("/search/", {"q": case.number}).headers["Location"] == f"/cases/{case.public_id}/"
    listed = client.get("/search/", {"q": case.number}, headers={"HX-Request": "true"}).content.decode()
    assert case.number in listed and "<html" not in listed


def test_a_patients_whole_name_finds_and_is_written_down(hospital: Institution, coordinator: User) -> None:
    team = factories.team(at=hospital)
    case = factories.case_waiting(team=team, patient=factories.patient(at=hospital, name="Li Na"))
    assert len(titles("Li Na", coordinator)["Cases"]) == 1 and titles("Li N", coordinator) == {}
    assert AuditEvent.objects.get(action="looked").subject_id == case.patient_id


def test_a_day_finds_its_sessions(hospital: Institution, coordinator: User) -> None:
    session = factories.session(factories.team(at=hospital))
    day = session.start.astimezone(hospital.tz).date()
    assert len(titles(day.isoformat(), coordinator)["Sessions"]) == 1
    assert titles((day + timedelta(days=1)).isoformat(), coordinator) == {}
    assert titles("2026-13-40", coordinator) == {}


def test_the_page_says_what_to_do(client: Client, coordinator: User) -> None:
    client.force_login(coordinator)
    assert "Type at least two characters" in client.get("/search/").content.decode()
    assert "Nothing fits" in client.get("/search/?q=zzzz").content.decode()


def test_queries_do_not_grow_with_the_hits(hospital: Institution, coordinator: User) -> None:
    team = factories.team(at=hospital, name_en="Thorax board")

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            global_search.find("thora", coordinator)
        return len(caught)

    factories.case_waiting(team=team, diagnosis="thorax")
    factories.expert("RADIOL", at=hospital, name_en="Thora One")
    queries()  # what is asked once per person (their roles) is not counted
    few = queries()
    for n in range(5):
        factories.case_waiting(team=team, diagnosis="thorax")
        factories.expert("RADIOL", at=hospital, name_en=f"Thora {n}")
    assert queries() == few


def test_people_teams_and_diagnoses_are_found_by_pinyin(hospital: Institution, coordinator: User) -> None:
    team = factories.team(at=hospital, name_en="Thorax board", name_zh="胸部肿瘤组")
    factories.session(team)
    case = factories.case_waiting(team=team, code="C34.1", code_raw="C34.100x001", diagnosis="")
    factories.expert("RADIOL", at=hospital, name_en="Fang", name_zh="郑芳")
    factories.expert("RADIOL", at=hospital, name_en="Shan", name_zh="单平")
    assert titles("zhengfang", coordinator) == titles("Zheng Fang", coordinator) == {"People": ["Fang"]}
    assert titles("shanping", coordinator) == {"People": ["Shan"]}
    assert titles("zf", coordinator)["People"] == ["Fang"]
    assert titles("xiongbu", coordinator)["Sessions"] == ["Thorax board"]
    for text in ("feiai", "肺癌", "bronchus", "C34.100x001", "c34.1"):
        found = titles(text, coordinator)["Cases"]
        assert found == [f"{case.number}, Malignant neoplasm: Upper lobe, bronchus or lung"], text


def test_a_record_number_finds_for_those_of_its_hospital_only(hospital: Institution, coordinator: User) -> None:
    team = factories.team(at=hospital)
    numbers = [(matching.record_system(hospital.public_id), "77-1234")]
    patient = patients.register(by=None, institution=hospital, name="Li Na", identifiers=numbers)
    case = factories.case_waiting(team=team, patient=patient)
    assert [title.split(",")[0] for title in titles("77-1234", coordinator)["Cases"]] == [case.number]
    assert AuditEvent.objects.get(action="looked").subject_id == case.patient_id
    assert titles("７７－1234", coordinator) == titles("77-1234", coordinator)
    expert = factories.user(Role.EXPERT, at=hospital)
    elsewhere = factories.user(Role.COORDINATOR, at=factories.institution())
    assert titles("77-1234", expert) == titles("77-1234", elsewhere) == {}
    assert titles("77-123", coordinator) == {}


# News -----------------------------------------------------------------------------------------------------------------
def withdraw(case: Case, by: User | None) -> None:
    lifecycle.move(case, CaseStatus.WITHDRAWN, by=by, why="case.withdrawn", params={"reason": "moved away"})


def test_what_others_did_is_news_until_it_is_seen(client: Client, hospital: Institution, coordinator: User) -> None:
    case = factories.case_waiting(team=factories.team(at=hospital))
    withdraw(case, factories.user(Role.COORDINATOR, at=hospital))
    client.force_login(coordinator)
    assert "One thing changed since" in client.get("/").content.decode()
    page = client.get("/changes/")
    assert case.number in page.content.decode() and "Withdrawn" in page.content.decode()
    client.post("/changes/seen/", {"until": page.context["until"].isoformat()})
    assert "Nothing new" in client.get("/changes/").content.decode()


def test_ones_own_actions_and_strangers_cases_are_no_news(hospital: Institution, coordinator: User) -> None:
    withdraw(factories.case_waiting(team=factories.team(at=hospital)), coordinator)
    withdraw(factories.case_waiting(), None)
    assert news.of(coordinator, timezone.now()) == []


def test_several_moves_are_one_line(hospital: Institution, coordinator: User) -> None:
    case = factories.case_waiting(team=factories.team(at=hospital))
    lifecycle.move(case, CaseStatus.PLANNED, by=None, why="case.planned")
    lifecycle.move(case, CaseStatus.CONFIRMED, by=None, why="case.all_accepted")
    [group] = news.of(coordinator, timezone.now())
    [item] = group.items
    assert (item.old, item.new) == (CaseStatus.WAITING, CaseStatus.CONFIRMED)


def test_what_is_back_where_it_was_is_no_news(hospital: Institution, coordinator: User) -> None:
    case = factories.case_waiting(team=factories.team(at=hospital))
    lifecycle.move(case, CaseStatus.PLANNED, by=None, why="case.planned")
    lifecycle.move(case, CaseStatus.WAITING, by=None, why="case.unplaced")
    assert news.of(coordinator, timezone.now()) == []


def test_seen_never_goes_back_nor_ahead(coordinator: User) -> None:
    now = timezone.now()
    news.mark_seen(by=coordinator, until=now + timedelta(days=1))
    coordinator.refresh_from_db()
    assert coordinator.seen_at is not None and coordinator.seen_at <= timezone.now()
    seen = coordinator.seen_at
    news.mark_seen(by=coordinator, until=now - timedelta(days=1))
    coordinator.refresh_from_db()
    assert coordinator.seen_at == seen


def test_queries_do_not_grow_with_the_news(hospital: Institution, coordinator: User) -> None:
    team = factories.team(at=hospital)

    def queries() -> int:
        reader = User.objects.get(pk=coordinator.pk)  # knows nothing from the last time
        with CaptureQueriesContext(connection) as caught:
            news.of(reader, timezone.now())
        return len(caught)

    withdraw(factories.case_waiting(team=team), None)
    few = queries()
    for _ in range(5):
        withdraw(factories.case_waiting(team=team), None)
    assert queries() == few
