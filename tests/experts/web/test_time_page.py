"""My time: the week as rows, single days that add or take time, leave."""

from datetime import time, timedelta
from http import HTTPStatus

import pytest
from django.test import Client
from django.urls import reverse

from experts.models import Expert, Role
from tests import factories

pytestmark = pytest.mark.django_db
MY_TIME = "my_time"
DAY = factories.monday()


@pytest.fixture
def expert() -> Expert:
    return factories.expert(user=factories.user(Role.EXPERT), hours=[(0, time(8), time(12))])


@pytest.fixture
def mine(client: Client, expert: Expert) -> Client:
    assert expert.user is not None
    client.force_login(expert.user)
    return client


def week(*cells: str, kept: tuple[str, ...] = ()) -> dict[str, object]:
    """Painted cells such as `2-0930`, and stretches beside the grid such as `0-0615-0700`."""
    return {"action": "week", "free": cells, "kept": kept}


def hours(expert: Expert) -> list[tuple[int, time, time]]:
    return list(expert.weekly_availability.values_list("weekday", "start", "end"))


def test_the_week_is_shown_and_replaced(mine: Client, expert: Expert) -> None:
    page = mine.get(reverse(MY_TIME)).content.decode()
    assert 'value="0-0800" aria-label="Monday 08:00–08:30" checked' in page
    assert 'value="0-1200" aria-label="Monday 12:00–12:30">' in page
    answer = mine.post(reverse(MY_TIME), week("2-0930", "2-0900", "2-1400"))
    assert answer.status_code == HTTPStatus.FOUND
    assert hours(expert) == [(2, time(9), time(10)), (2, time(14), time(14, 30))]


def test_time_beside_the_grid_is_kept_until_it_is_taken_off(mine: Client, expert: Expert) -> None:
    expert.weekly_availability.create(weekday=3, start=time(6, 15), end=time(8, 10))
    form = mine.get(reverse(MY_TIME)).context["week_form"]
    assert [value for value, _words in form.fields["kept"].choices] == ["3-0615-0700", "3-0800-0810"]
    mine.post(reverse(MY_TIME), week(*form["free"].value(), kept=("3-0615-0700", "3-0800-0810")))
    assert hours(expert) == [(0, time(8), time(12)), (3, time(6, 15), time(8, 10))]
    mine.post(reverse(MY_TIME), week("0-0800", kept=("3-0800-0810",)))
    assert hours(expert) == [(0, time(8), time(8, 30)), (3, time(8), time(8, 10))]


@pytest.mark.parametrize(
    "fields",
    [week("0-0815"), week("7-0800"), week("0-0800", kept=("0-1100-0900",)), week(kept=("0-2500-2600",)), week("x")],
)
def test_a_mistake_in_the_week_changes_nothing(mine: Client, expert: Expert, fields: dict[str, str]) -> None:
    answer = mine.post(reverse(MY_TIME), fields)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert answer.context["week_form"].errors
    assert hours(expert) == [(0, time(8), time(12))]


def test_what_was_painted_stays_when_it_is_wrong(mine: Client) -> None:
    page = mine.post(reverse(MY_TIME), week("1-1000", "x")).content.decode()
    assert 'value="1-1000" aria-label="Tuesday 10:00–10:30" checked' in page
    assert 'value="0-0800" aria-label="Monday 08:00–08:30">' in page


def exception(**fields: str) -> dict[str, str]:
    given = {"kind": "adds", "day": str(DAY), "start": "18:00", "end": "19:00", "note": ""} | fields
    return {"action": "exception"} | {f"exception-{name}": value for name, value in given.items()}


def test_a_day_adds_or_takes_time(mine: Client, expert: Expert) -> None:
    mine.post(reverse(MY_TIME), exception())
    mine.post(reverse(MY_TIME), exception(kind="takes", start="08:00", end="09:00", note="clinic"))
    assert sorted(expert.availability_exceptions.values_list("kind", flat=True)) == ["adds", "takes"]
    row = expert.availability_exceptions.get(kind="adds")
    mine.post(reverse(MY_TIME), {"action": "drop_exception", "row": row.pk})
    assert expert.availability_exceptions.get().note == "clinic"


def stretch(**fields: str) -> dict[str, str]:
    given = {"weekday": "1", "start": "08:00", "end": "12:00", "every": "2", "since": "2026-12-03"} | fields
    return {"action": "stretch"} | {f"stretch-{name}": value for name, value in given.items()}


def test_alternate_weeks_are_added_shown_and_removed_and_outlive_the_painted_week(mine: Client, expert: Expert) -> None:
    assert mine.post(reverse(MY_TIME), stretch()).status_code == HTTPStatus.FOUND
    mine.post(reverse(MY_TIME), stretch(since="2026-12-07", end="11:00"))
    mine.post(reverse(MY_TIME), week("2-0930"))
    page = mine.get(reverse(MY_TIME))
    assert [one["words"] for one in page.context["others"]] == [
        "Tuesday 08:00–12:00, every second week from the week of 30 Nov 2026",
        "Tuesday 08:00–11:00, every second week from the week of 7 Dec 2026",
    ]
    assert 'value="1-0800" aria-label="Tuesday 08:00–08:30">' in page.content.decode()
    assert (
        "星期二 08:00–12:00，每两周，自2026年11月30日所在周起"
        in mine.get(reverse(MY_TIME), headers={"Accept-Language": "zh-hans"}).content.decode()
    )
    mine.post(reverse(MY_TIME), {"action": "drop_stretch", "row": page.context["others"][0]["pk"]})
    assert hours(expert) == [(1, time(8), time(11)), (2, time(9, 30), time(10))]


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"weekday": "0"}, "start"), ({"end": "08:00"}, "end"), ({"every": "5"}, "every"), ({"since": ""}, "since")],
)
def test_a_mistake_in_an_alternate_week_changes_nothing(
    mine: Client, expert: Expert, fields: dict[str, str], field: str
) -> None:
    answer = mine.post(reverse(MY_TIME), stretch(**fields))
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert list(answer.context["stretch_form"].errors) == [field]
    assert hours(expert) == [(0, time(8), time(12))]


def test_an_overlap_stands_beside_its_field(mine: Client) -> None:
    mine.post(reverse(MY_TIME), exception())
    answer = mine.post(reverse(MY_TIME), exception(start="18:30"))
    assert "start" in answer.context["exception_form"].errors


def test_leave_is_added_and_removed(mine: Client, expert: Expert) -> None:
    leave = {"action": "leave", "leave-first_day": str(DAY), "leave-last_day": str(DAY + timedelta(days=4))}
    mine.post(reverse(MY_TIME), leave)
    row = expert.leaves.get()
    assert "leave-last_day" not in mine.get(reverse(MY_TIME)).context["leave_form"].errors
    again = mine.post(reverse(MY_TIME), leave)
    assert "first_day" in again.context["leave_form"].errors
    mine.post(reverse(MY_TIME), {"action": "drop_leave", "row": row.pk})
    assert not expert.leaves.exists()


def test_the_coordinator_keeps_it_for_others(client: Client, expert: Expert) -> None:
    hospital = expert.affiliations.get().institution
    address = reverse("expert_time", args=[expert.public_id])
    client.force_login(factories.user(Role.COORDINATOR, at=hospital))
    client.post(address, week("4-0900"))
    assert hours(expert) == [(4, time(9), time(9, 30))]
    client.force_login(factories.user(Role.EXPERT, at=hospital))
    assert client.get(address).status_code == HTTPStatus.FORBIDDEN


def test_rows_of_others_are_out_of_reach(mine: Client) -> None:
    other = factories.expert()
    row = other.leaves.create(first_day=DAY, last_day=DAY)
    assert mine.post(reverse(MY_TIME), {"action": "drop_leave", "row": row.pk}).status_code == HTTPStatus.NOT_FOUND
    assert other.leaves.exists()


def test_only_experts_have_time_to_keep(client: Client) -> None:
    client.force_login(factories.user(Role.COORDINATOR))
    assert client.get(reverse(MY_TIME)).status_code == HTTPStatus.FORBIDDEN
