"""The day on a time axis: what stands where, who is free, and how to get there."""

from datetime import date, time

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from experts.models import Institution, Leave, Role
from scheduling.board.core.day_cells import Bar, axis, cells
from scheduling.selectors.days import board_day
from scheduling.selectors.weeks import Week
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def hospital() -> Institution:
    return factories.institution()


@pytest.fixture
def coordinator_client(client: Client, hospital: Institution) -> Client:
    client.force_login(factories.user(Role.COORDINATOR, at=hospital))
    return client


def bar(kind: str, start: str, end: str) -> Bar:
    def minutes(clock: str) -> int:
        return int(clock[:2]) * 60 + int(clock[3:])

    return Bar(kind=kind, start_min=minutes(start), end_min=minutes(end))


def drawn(bars: list[Bar], first: str = "08:00", last: str = "12:00") -> list[tuple[int, int, str]]:
    found = cells(bars, int(first[:2]) * 60, int(last[:2]) * 60)
    return [(cell.start_min, cell.span, cell.bar.kind if cell.bar else "") for cell in found]


def test_a_session_covers_the_slot_in_which_it_lies() -> None:
    assert drawn([bar("slot", "09:00", "11:00"), bar("session", "09:30", "10:00")]) == [
        (480, 12, ""), (540, 6, "slot"), (570, 6, "session"), (600, 12, "slot"), (660, 12, ""),
    ]  # fmt: skip


def test_the_row_is_as_wide_as_the_axis_whatever_lies_on_it() -> None:
    wide = [bar("free", "00:00", "23:59"), bar("busy", "07:00", "08:01"), bar("session", "11:58", "12:30")]
    assert sum(span for _start, span, _kind in drawn(wide)) == 48
    assert drawn([]) == [(480, 48, "")]


def test_the_axis_grows_with_a_late_session_but_not_with_a_night_off() -> None:
    rows = [[bar("session", "18:10", "19:05"), bar("away", "00:00", "24:00"), bar("free", "00:00", "24:00")]]
    assert axis(rows, ordinary=(480, 1080)) == (480, 1200)


def test_people_concerned_are_free_busy_or_away(coordinator_client: Client, hospital: Institution) -> None:
    monday = factories.monday()
    sits, spare, gone = (factories.expert("RADIOL", at=hospital, name_en=name) for name in ("Sits", "Spare", "Gone"))
    team = factories.team("lung", at=hospital)
    team.core_members.set([spare, gone])
    Leave.objects.create(expert=gone, first_day=monday, last_day=monday)
    session = factories.session(team, experts=[sits], cases=[factories.case_waiting(team=team)], minutes=30)
    page = coordinator_client.get(f"/week/day/?day={monday}&by=person")
    rows = {row.name: [cell.bar.kind for cell in row.cells if cell.bar] for row in page.context["board"].rows}
    assert rows == {"Sits": ["free", "session", "free"], "Spare": ["free", "free"], "Gone": ["away"]}
    assert f"/sessions/{session.public_id}/" in page.content.decode()


def test_standing_slots_are_seen_on_day_and_week(coordinator_client: Client, hospital: Institution) -> None:
    monday = factories.monday()
    team = factories.team("lung", at=hospital)
    factories.block(team, first_day=monday, start=time(14), end=time(16), recurrence="FREQ=WEEKLY;BYDAY=MO")
    found = board_day.of(coordinator_client.get("/").wsgi_request.user, hospital, monday, by="team")
    assert [(cell.start_min, cell.end_min) for row in found.rows for cell in row.cells if cell.bar] == [(840, 960)]
    week = coordinator_client.get(f"/week/?by=team&week={Week.around(monday)}").content.decode()
    assert "Slot 14:00–16:00" in week
    assert f"/week/day/?day={monday}" in week


def test_any_way_of_writing_a_day_leads_there(coordinator_client: Client, hospital: Institution) -> None:
    factories.team("lung", at=hospital)
    for text in ("24 Nov 2026", "2026-11-24", "2026年11月24日"):
        assert coordinator_client.get("/week/day/", {"day": text}).context["board"].day == date(2026, 11, 24)
    assert coordinator_client.get("/week/day/", {"day": "nonsense", "by": "nonsense"}).status_code == 200


def test_who_sees_no_plans_sees_no_day(client: Client, hospital: Institution) -> None:
    client.force_login(factories.user(Role.REFERRER, at=hospital))
    assert client.get("/week/day/").status_code == 403


@pytest.mark.parametrize("by", ["room", "team", "person"])
def test_a_full_day_costs_the_queries_of_an_empty_one(
    coordinator_client: Client, hospital: Institution, by: str
) -> None:
    monday = factories.monday()

    def fill(number: int) -> None:
        team = factories.team(f"g{number}", at=hospital)
        experts = [factories.expert("RADIOL", at=hospital) for _ in range(3)]
        room = factories.room(at=hospital)
        factories.session(team, experts=experts, cases=[factories.case_waiting(team=team)], room=room)
        factories.block(team, first_day=monday, recurrence="FREQ=WEEKLY;BYDAY=MO")

    address = f"/week/day/?day={monday}&by={by}"
    fill(0)
    coordinator_client.get(address)
    with CaptureQueriesContext(connection) as few:
        coordinator_client.get(address)
    for number in range(1, 10):
        fill(number)
    with CaptureQueriesContext(connection) as many:
        coordinator_client.get(address)
    assert len(many) == len(few)
