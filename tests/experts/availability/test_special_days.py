"""China's holidays are predicted until the State Council's notice, and Today says when it is time to compare."""

from datetime import UTC, date, datetime

import pytest
from django.test import Client
from django.urls import reverse

from experts.availability import special_days
from experts.models import Institution, Role
from tests import factories

pytestmark = pytest.mark.django_db
NEW_YEAR = date(2027, 1, 1)


@pytest.fixture
def hospital() -> Institution:
    return factories.institution(holiday_country="CN")


def predicted(hospital: Institution, year: int) -> set[bool]:
    ahead = special_days.ahead(hospital, date(year, 1, 1))
    return {day.predicted for day in ahead if day.date.year == year and day.own is None}


def test_a_year_without_its_notice_is_predicted(hospital: Institution) -> None:
    assert predicted(hospital, 2026) == {False}
    assert predicted(hospital, 2040) == {True}
    hospital.holiday_country = "DE"
    assert predicted(hospital, 2040) == {False}


def test_the_notice_is_due_from_november_until_somebody_has_compared(hospital: Institution) -> None:
    def to_compare(now: datetime) -> list[int]:
        return [year for _one, year in special_days.to_compare([Institution.objects.get()], now)]

    assert to_compare(datetime(2039, 10, 31, 12, tzinfo=UTC)) == [2039]
    assert to_compare(datetime(2039, 11, 2, tzinfo=UTC)) == [2039, 2040]
    special_days.compared(hospital, 2040, by=None)
    assert to_compare(datetime(2039, 11, 2, tzinfo=UTC)) == []
    assert predicted(Institution.objects.get(), 2040) == {False}


def test_the_page_says_so_and_takes_the_answer(
    client: Client, hospital: Institution, monkeypatch: pytest.MonkeyPatch
) -> None:
    year = datetime.now(UTC).year
    monkeypatch.setattr(special_days, "public_days", lambda country, of: (frozenset({date(of, 10, 1)}), frozenset()))
    client.force_login(factories.user(Role.COORDINATOR, at=hospital))
    page = client.get(reverse("special_days")).content.decode()
    assert f"The holidays of {year} are predicted." in page
    today = client.get("/").content.decode()
    assert f"Holidays of {year}" in today
    client.post(f"{reverse('special_days')}?hospital={hospital.public_id}", {"compared": str(year)})
    assert f"The holidays of {year} are predicted." not in client.get(reverse("special_days")).content.decode()
    assert f"Holidays of {year}" not in client.get("/").content.decode()
