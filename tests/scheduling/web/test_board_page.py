"""The week board: rooms by days, closures, the rail, and how little it asks of the database."""

from collections.abc import Iterator
from datetime import date, timedelta
from http import HTTPStatus

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from experts.models import Institution, Role, Team
from scheduling.models import RoomClosure, Session
from scheduling.selectors.weeks import Week
from scheduling.states import InvitationStatus
from tests import factories

pytestmark = pytest.mark.django_db
NEXT = Week.around(factories.monday())


@pytest.fixture
def team() -> Team:
    return factories.team()


@pytest.fixture
def coordinator_client(client: Client, team: Team) -> Client:
    client.force_login(factories.user(Role.COORDINATOR, at=team.institution))
    return client


def meeting(team: Team, day: date, clock: str = "14:00", **fields: object) -> Session:
    start = factories.moment(day, clock, team.institution)
    return factories.session(team, start=start, **fields)  # type: ignore[arg-type]


def sample(team: Team, days: int) -> Iterator[Session]:
    """A session a day, in rooms and remote by turns, each with two cases and two people."""
    room = factories.room(at=team.institution)
    for index in range(days):
        people = [factories.expert("RADIOL", at=team.institution), factories.expert("PATH", at=team.institution)]
        cases = [factories.case_waiting(team=team) for _ in range(2)]
        yield meeting(team, NEXT.day(index), room=room if index % 2 else None, experts=people, cases=cases)


def test_a_session_stands_in_its_room_and_day(coordinator_client: Client, team: Team) -> None:
    room = factories.room(at=team.institution)
    expert = factories.expert("RADIOL", at=team.institution)
    session = meeting(team, NEXT.day(1), room=room, experts=[expert], cases=[factories.case_waiting(team=team)])
    board = coordinator_client.get(reverse("board"), {"week": str(NEXT)}).context["board"]
    row = next(row for row in board.rows if row.name == str(room))
    (card,) = row.cells[1].cards
    assert card.url == reverse("session", args=[session.public_id])
    assert (card.required, card.suggested, card.filled, card.seats) == (1, 0, 0, 1)
    assert (card.hue, card.state) == ("planned", "1 silent")
    assert board.days[1].note == "1 session, 25 % full"  # 30 of the 120 minutes that a session may last


def test_fill_is_that_of_the_block(coordinator_client: Client, team: Team) -> None:
    factories.block(team)
    meeting(team, NEXT.day(1), cases=[factories.case_waiting(team=team)], minutes=30)
    board = coordinator_client.get(reverse("board"), {"week": str(NEXT)}).context["board"]
    assert board.rows[-1].cells[1].cards[0].fill == 25


@pytest.mark.parametrize(
    ("status", "hue", "state"),
    [
        (InvitationStatus.PENDING, "planned", "1 silent"),
        (InvitationStatus.ACCEPTED, "planned", "Published"),
    ],
)
def test_the_hue_tells_who_has_answered(
    coordinator_client: Client, team: Team, status: str, hue: str, state: str
) -> None:
    expert = factories.expert("RADIOL", at=team.institution)
    session = meeting(team, NEXT.day(0), experts=[expert], cases=[factories.case_waiting(team=team)])
    invitation = session.attendances.get().invitation
    type(invitation).objects.update(status=status)
    card = coordinator_client.get(reverse("board"), {"week": str(NEXT)}).context["board"].rows[-1].cells[0].cards[0]
    assert (card.hue, card.state) == (hue, state)


def test_an_open_seat_is_broken_whatever_else(coordinator_client: Client, team: Team) -> None:
    expert = factories.expert("RADIOL", at=team.institution)
    session = meeting(team, NEXT.day(0), experts=[expert], cases=[factories.case_waiting(team=team) for _ in "ab"])
    for item in session.items.all():
        item.seats.update(attendance=None)
    card = coordinator_client.get(reverse("board"), {"week": str(NEXT)}).context["board"].rows[-1].cells[0].cards[0]
    assert (card.hue, card.state, card.seats) == ("broken", "1 seat open", 1)


def test_a_closed_room_says_why(coordinator_client: Client, team: Team) -> None:
    room = factories.room(at=team.institution)
    day = NEXT.day(4)
    RoomClosure.objects.create(
        room=room,
        start=factories.moment(day, "13:00", team.institution),
        end=factories.moment(day + timedelta(days=3), "09:00", team.institution),
        reason="display being repaired",
    )
    board = coordinator_client.get(reverse("board"), {"week": str(NEXT)}).context["board"]
    assert board.rows[0].cells[4].closed == ["Closed 13:00–00:00: display being repaired"]
    assert [cell.closed for cell in board.rows[0].cells[:4]] == [[], [], [], []]


def test_a_weekend_is_shown_when_something_happens(coordinator_client: Client, team: Team) -> None:
    assert len(coordinator_client.get(reverse("board"), {"week": str(NEXT)}).context["board"].days) == 5
    meeting(team, NEXT.day(5))
    assert len(coordinator_client.get(reverse("board"), {"week": str(NEXT)}).context["board"].days) == 6


def test_default_week_has_something_left(coordinator_client: Client, team: Team) -> None:
    this = Week.around(timezone.now().astimezone(team.institution.tz).date())
    assert coordinator_client.get(reverse("board")).context["board"].week == this
    meeting(team, this.plus(3).day(2))
    assert coordinator_client.get(reverse("board")).context["board"].week == this.plus(3)


def test_nonsense_weeks_are_the_default(coordinator_client: Client) -> None:
    assert (
        coordinator_client.get(reverse("board"), {"week": "2026-W99", "institution": "?"}).status_code == HTTPStatus.OK
    )


def test_rail_has_the_nearest_limits_first(coordinator_client: Client, team: Team) -> None:
    now = timezone.now()
    late = factories.case_waiting(team=team, due_at=now + timedelta(days=9))
    soon = factories.case_waiting(team=team, due_at=now + timedelta(days=1))
    factories.case_waiting()  # of another hospital
    context = coordinator_client.get(reverse("board")).context
    assert [one.case for one in context["waiting"]] == [soon, late]
    assert context["waiting_count"] == 2


def test_rail_says_which_materials_a_case_waits_for(coordinator_client: Client, team: Team) -> None:
    case = factories.case_waiting(team=team, missing=["imaging"])
    assert "Missing: Imaging (CT or MRI) with report" in coordinator_client.get(reverse("board")).content.decode()
    case.materials.update(status="received")
    assert "Missing:" not in coordinator_client.get(reverse("board")).content.decode()


def test_hospitals_can_be_switched(client: Client) -> None:
    alliance = factories.alliance()
    hospitals = [factories.team(at=factories.institution(alliance=alliance)).institution for _ in range(2)]
    client.force_login(factories.user(Role.COORDINATOR, at=alliance))
    assert shown(client) == hospitals[0]
    assert shown(client, institution=hospitals[1].public_id) == hospitals[1]


def shown(client: Client, **query: str) -> Institution:
    return client.get(reverse("board"), query).context["hospital"]


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.MANAGER, HTTPStatus.OK), (Role.REFERRER, HTTPStatus.FORBIDDEN), (Role.EXPERT, HTTPStatus.FORBIDDEN)],
)
def test_who_sees_the_board(client: Client, team: Team, role: Role, status: HTTPStatus) -> None:
    client.force_login(factories.user(role, at=team.institution))
    assert client.get(reverse("board")).status_code == status


def test_a_full_week_costs_no_more_queries_than_an_empty_one(
    coordinator_client: Client, team: Team, django_assert_max_num_queries
) -> None:
    list(sample(team, days=1))
    with django_assert_max_num_queries(37) as one:
        coordinator_client.get(reverse("board"), {"week": str(NEXT)})
    for _ in range(4):
        list(sample(factories.team(f"g{_}", at=team.institution), days=5))
    with django_assert_max_num_queries(len(one)):
        board = coordinator_client.get(reverse("board"), {"week": str(NEXT)}).context["board"]
    assert board.sessions == 21
