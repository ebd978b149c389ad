"""Sessions: the list, the agenda without identities, deputies, answers by phone, calling off."""

from datetime import timedelta
from http import HTTPStatus

import pytest
from django.test import Client
from django.urls import reverse

from cases.models import Case
from cases.states import CaseStatus
from experts.models import Role
from mdt_portal import lifecycle
from mdt_portal.models import OutboxMessage
from scheduling.models import Invitation, Seat, Session
from scheduling.selectors.session_table import ranges
from scheduling.sessions import invitations, session_services
from scheduling.states import InvitationStatus, SessionStatus
from tests import factories
from tests.scheduling import worlds

pytestmark = pytest.mark.django_db


@pytest.fixture
def small() -> worlds.World:
    return worlds.small(cases=2)


@pytest.fixture
def session(small: worlds.World) -> Session:
    """Both cases on one agenda, with the first radiologist, the first pathologist and the surgeon."""
    start = factories.moment(factories.monday(), "14:00", small.hospital)
    row = session_services.place(
        None,
        team_id=small.team.pk,
        institution_id=small.hospital.pk,
        room_id=small.rooms[0].pk,
        start=start,
        end=start + timedelta(minutes=30),
    )
    people = {1: small.experts[0].pk, 2: small.experts[2].pk, 3: small.experts[4].pk}
    agenda = [
        session_services.Entry(case=case, start=start + timedelta(minutes=15 * number), people=people)
        for number, case in enumerate(small.cases)
    ]
    session_services.set_agenda(row, agenda, remote=(), by=None)
    for case in small.cases:
        lifecycle.move(case, CaseStatus.PLANNED, by=None)
    return row


@pytest.fixture
def coordinator_client(client: Client, small: worlds.World) -> Client:
    client.force_login(small.coordinator)
    return client


def url(name: str, session: Session) -> str:
    return reverse(name, args=[session.public_id])


def open_seat(session: Session, discipline: str) -> Seat:
    """Somebody of a discipline declines; one of the seats that are open now."""
    attendance = session.attendances.filter(seats__discipline__key=discipline).first()
    assert attendance is not None
    invitations.decline(attendance.invitation, by=None, reason="away")
    seat = Seat.objects.filter(item__session=session, discipline__key=discipline).first()
    assert seat is not None
    return seat


def test_agenda_shows_cases_and_people_but_no_patient(coordinator_client: Client, session: Session) -> None:
    for name in ("session", "agenda"):
        page = coordinator_client.get(url(name, session)).content.decode()
        for case in Case.objects.all():
            assert case.number in page
            assert case.question in page
            assert case.patient.identity.name not in page
        for attendance in session.attendances.all():
            assert str(attendance.expert) in page


def test_list_has_coming_past_and_cancelled(coordinator_client: Client, session: Session) -> None:
    def listed(view: str) -> list[Session]:
        return [row.session for row in coordinator_client.get(reverse("sessions"), {"view": view}).context["rows"]]

    assert (listed("coming"), listed("past"), listed("cancelled")) == ([session], [], [])
    Session.objects.update(status=SessionStatus.CANCELLED)
    assert (listed("coming"), listed("past"), listed("cancelled")) == ([], [], [session])


def test_list_costs_the_same_for_many(
    coordinator_client: Client, small: worlds.World, session: Session, django_assert_max_num_queries
) -> None:
    with django_assert_max_num_queries(30) as one:
        coordinator_client.get(reverse("sessions"))
    for n in range(8):
        team = factories.team(f"g{n}", at=small.hospital)
        factories.session(
            team,
            experts=[factories.expert("RADIOL", at=small.hospital)],
            cases=[factories.case_waiting(team=team), factories.case_waiting(team=team)],
        )
    with django_assert_max_num_queries(len(one)):
        assert len(coordinator_client.get(reverse("sessions")).context["rows"]) == 9


def test_the_coordinator_notes_a_yes_from_the_phone(coordinator_client: Client, session: Session) -> None:
    invitation = Invitation.objects.first()
    assert invitation is not None
    answer = coordinator_client.post(reverse("invitation", args=[invitation.public_id]), {"answer": "accept"})
    invitation.refresh_from_db()
    assert invitation.status == InvitationStatus.ACCEPTED
    assert answer.headers["Location"] == url("session", session)


def test_the_last_yes_confirms_the_session(coordinator_client: Client, session: Session) -> None:
    for invitation in Invitation.objects.all():
        coordinator_client.post(reverse("invitation", args=[invitation.public_id]), {"answer": "accept"})
    assert coordinator_client.get(url("session", session)).context["state"] == SessionStatus.CONFIRMED


def test_an_open_seat_is_filled_by_a_deputy(coordinator_client: Client, session: Session) -> None:
    seat = open_seat(session, "RADIOL")
    address = reverse("seat_fill", args=[session.public_id, seat.item.case.number, seat.place])
    assert address in coordinator_client.get(url("session", session)).content.decode()
    (choice,) = coordinator_client.get(address).context["deputies"]
    deputy = choice.expert
    coordinator_client.post(address, {"expert": deputy.public_id})
    seat.refresh_from_db()
    assert seat.attendance is not None
    assert seat.attendance.expert == deputy
    again = coordinator_client.post(address, {"expert": deputy.public_id})
    assert again.status_code in (HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT)
    assert "Somebody sits on this seat already." in again.content.decode()


def test_where_nobody_fits_the_page_says_so(coordinator_client: Client, session: Session) -> None:
    seat = open_seat(session, "THORSURG")
    page = coordinator_client.get(reverse("seat_fill", args=[session.public_id, seat.item.case.number, seat.place]))
    assert "Nobody fits at this time" in page.content.decode()


def test_calling_off_asks_for_a_reason(coordinator_client: Client, session: Session) -> None:
    without = coordinator_client.post(url("session_cancel", session), {"reason": " "})
    assert without.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    coordinator_client.post(url("session_cancel", session), {"reason": "power cut"})
    session.refresh_from_db()
    assert session.status == SessionStatus.CANCELLED
    assert set(Case.objects.values_list("status", flat=True)) == {CaseStatus.WAITING}
    assert OutboxMessage.objects.filter(kind="notification.expert").exists()


@pytest.mark.parametrize("role", [Role.MANAGER, Role.AUDITOR])
def test_others_of_the_staff_look_but_change_nothing(
    client: Client, small: worlds.World, session: Session, role: Role
) -> None:
    client.force_login(factories.user(role, at=small.hospital))
    page = client.get(url("session", session))
    assert page.status_code == HTTPStatus.OK
    assert url("session_cancel", session) not in page.content.decode()
    assert client.post(url("session_cancel", session), {"reason": "no"}).status_code == HTTPStatus.FORBIDDEN


def test_strangers_do_not_find_it(client: Client, session: Session) -> None:
    client.force_login(factories.user(Role.COORDINATOR))
    assert client.get(url("session", session)).status_code == HTTPStatus.NOT_FOUND


def test_a_referrer_sees_their_own_case_only(client: Client, session: Session) -> None:
    mine, other = (item.case for item in session.items.select_related("case__referrer").order_by("start"))
    client.force_login(mine.referrer)
    page = client.get(url("session", session)).content.decode()
    assert mine.number in page
    assert other.number not in page
    assert "Another case" in page


def test_ranges() -> None:
    assert ranges([6, 1, 2, 3, 5]) == "1–3, 5–6"
    assert ranges([4]) == "4"
    assert ranges([]) == ""
