"""The agenda on paper: as a page, as a PDF, with and without the patients' names."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from experts.models import Role
from mdt_portal.models import AuditEvent
from scheduling.models import AgendaItem, Seat, Session
from scheduling.sessions import documents
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def session() -> Session:
    hospital = factories.institution()
    team = factories.team(at=hospital, name_zh="肺癌多学科团队")
    patient = factories.patient(at=hospital, name="Li Na")
    case = factories.case_waiting(team=team, patient=patient)
    return factories.session(team, experts=[factories.expert("RADIOL", at=hospital)], cases=[case])


@pytest.fixture
def coordinator_client(client: Client, session: Session) -> Client:
    client.force_login(factories.user(Role.COORDINATOR, at=session.institution))
    return client


def address(session: Session) -> str:
    return f"/sessions/{session.public_id}/agenda"


def test_no_name_without_asking(coordinator_client: Client, session: Session) -> None:
    page = coordinator_client.get(f"{address(session)}/").content.decode()
    assert "Li Na" not in page and "names=1" in page
    assert not AuditEvent.objects.filter(action="looked").exists()


def test_names_when_asked_for_are_on_record(coordinator_client: Client, session: Session) -> None:
    page = coordinator_client.get(f"{address(session)}/?names=1").content.decode()
    assert "Li Na" in page and "strictly confidential" in page
    assert AuditEvent.objects.get(action="looked").params == {"page": "agenda"}


@pytest.mark.parametrize(("pause_min", "rests"), [(5, 0), (10, 1)])
def test_a_break_stands_on_the_agenda(coordinator_client: Client, session: Session, pause_min: int, rests: int) -> None:
    first = session.items.get()
    later = first.start + timedelta(minutes=first.minutes + pause_min)
    AgendaItem.objects.create(session=session, case=factories.case_waiting(team=session.team), start=later, minutes=20)
    for page in (f"{address(session)}/", f"/sessions/{session.public_id}/"):
        assert coordinator_client.get(page).content.decode().count(">Break<") == rests


def test_an_open_seat_names_its_cases(coordinator_client: Client, session: Session) -> None:
    Seat.objects.create(item=session.items.get(), discipline=factories.discipline("PATH"), place=9, min_rank=1)
    assert "<td>seat open</td><td></td><td>1</td>" in coordinator_client.get(f"{address(session)}/").content.decode()


def test_an_expert_gets_no_names(client: Client, session: Session) -> None:
    expert = session.attendances.get().expert
    expert.user = factories.user(Role.EXPERT, at=session.institution)
    expert.save()
    client.force_login(expert.user)
    page = client.get(f"{address(session)}/?names=1").content.decode()
    assert "Li Na" not in page and "With patients" not in page
    assert not AuditEvent.objects.filter(action="looked").exists()


def test_names_cost_no_query_per_case(coordinator_client: Client, session: Session) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            coordinator_client.get(f"{address(session)}/?names=1")
        return len(caught)

    queries()
    few = queries()
    for n in range(3):
        case = factories.case_waiting(team=session.team)
        AgendaItem.objects.create(
            session=session, case=case, start=session.start + timedelta(minutes=30 + n), minutes=1
        )
    assert queries() == few


@pytest.mark.skipif(not documents.can_make_pdf(), reason="this machine has no Pango")
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_pdf_holds_the_agenda(coordinator_client: Client, session: Session, language: str) -> None:
    answer = coordinator_client.get(f"{address(session)}.pdf", headers={"Accept-Language": language})
    assert answer["Content-Type"] == "application/pdf" and answer.content.startswith(b"%PDF-")
    assert answer["Cache-Control"] == "no-store"
    assert "attachment" in answer["Content-Disposition"]
    assert len(answer.content) > 8000  # with its fonts


def test_a_machine_without_pango_says_so(
    coordinator_client: Client, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "can_make_pdf", lambda: False)
    assert "This server makes no PDF" in coordinator_client.get(f"{address(session)}/").content.decode()
    answer = coordinator_client.get(f"{address(session)}.pdf")
    assert answer.status_code == 501 and "Print the page instead" in answer.content.decode()


def test_nothing_is_fetched(coordinator_client: Client, session: Session) -> None:
    with pytest.raises(ValueError, match="everything with it"):
        documents._refuse("https://example.org/x.png")
