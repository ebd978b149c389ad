"""The month: what stands on its days, where they lead, and that a full one costs no more than an empty one."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from experts.models import Institution, Role
from scheduling.selectors.weeks import Month, Week
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def hospital() -> Institution:
    return factories.institution()


@pytest.fixture
def coordinator_client(client: Client, hospital: Institution) -> Client:
    client.force_login(factories.user(Role.COORDINATOR, at=hospital))
    return client


def test_a_month_has_every_week_that_touches_it() -> None:
    month = Month(date(2026, 2, 1))
    assert [str(week) for week in month.weeks()] == ["2026-W05", "2026-W06", "2026-W07", "2026-W08", "2026-W09"]
    assert (str(month.previous), str(month.next)) == ("2026-01", "2026-03")
    assert str(Month(date(2026, 12, 1)).next) == "2027-01"
    assert Week(date(2026, 8, 31)).month == Month(date(2026, 9, 1))


def test_days_say_what_stands_on_them_and_lead_there(coordinator_client: Client, hospital: Institution) -> None:
    team = factories.team("lung", at=hospital)
    day = factories.monday() + timedelta(days=1)
    session = factories.session(
        team, start=factories.moment(day, "14:00", hospital), cases=[factories.case_waiting(team=team)]
    )
    hospital.calendar_days.create(date=day + timedelta(days=1), working=False)
    hospital.calendar_days.create(date=day, working=True)
    page = coordinator_client.get("/week/month/", {"month": f"{day:%Y-%m}"})
    board = page.context["board"]
    days = {one.date: one for week in board.weeks for one in week.days}
    assert [one.url for one in days[day].sessions] == [f"/sessions/{session.public_id}/"]
    assert (days[day].off, days[day + timedelta(days=1)].off) == (False, True)
    assert board.sessions == sum(len(one.sessions) for one in days.values() if one.inside)
    assert board.open == sum(one.open for one in days.values() if one.inside)
    text = page.content.decode()
    for address in (f"/week/day/?day={day}", f"/week/?week={Week.around(day)}", f"/sessions/{session.public_id}/"):
        assert address in text


@pytest.mark.parametrize("month", ["", "nonsense", "0001-01", "9999-12", "2026-13"])
def test_what_is_no_month_shows_this_one(coordinator_client: Client, hospital: Institution, month: str) -> None:
    factories.team("lung", at=hospital)
    page = coordinator_client.get("/week/month/", {"month": month})
    assert page.context["board"].month == page.context["this_month"]


@pytest.mark.parametrize("address", ["/week/?week=0001-W01", "/week/?week=9999-W52", "/week/day/?day=0001-01-01"])
def test_days_without_neighbours_lead_nowhere(coordinator_client: Client, hospital: Institution, address: str) -> None:
    factories.team("lung", at=hospital)
    assert coordinator_client.get(address).status_code == 200


def test_who_sees_no_plans_sees_no_month(client: Client, hospital: Institution) -> None:
    client.force_login(factories.user(Role.REFERRER, at=hospital))
    assert client.get("/week/month/").status_code == 403


def test_a_full_month_costs_the_queries_of_an_empty_one(coordinator_client: Client, hospital: Institution) -> None:
    def fill(number: int) -> None:
        team = factories.team(f"g{number}", at=hospital)
        experts = [factories.expert("RADIOL", at=hospital) for _ in range(2)]
        room = factories.room(at=hospital)
        factories.session(team, experts=experts, cases=[factories.case_waiting(team=team)], room=room)

    address = f"/week/month/?month={factories.monday():%Y-%m}"
    fill(0)
    coordinator_client.get(address)
    with CaptureQueriesContext(connection) as few:
        coordinator_client.get(address)
    for number in range(1, 8):
        fill(number)
    with CaptureQueriesContext(connection) as many:
        coordinator_client.get(address)
    assert len(many) == len(few)
