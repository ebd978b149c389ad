"""On call: one hospital's week by its own clock, whatever the clock of the server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from experts.availability import on_call
from experts.models import Expert, Institution, OnCallDuty, Role
from mdt_portal.errors import RuleError
from tests import factories

pytestmark = pytest.mark.django_db
URL = "/on-call/"
DAY = factories.monday(2)


@pytest.fixture
def hospital() -> Institution:
    return factories.institution(zone="Asia/Shanghai")


@pytest.fixture
def ann(hospital: Institution) -> Expert:
    return factories.expert("PATH", at=hospital, name_en="Ann", phone="+86 10 1234")


@pytest.fixture
def coordinator_client(client: Client, hospital: Institution) -> Client:
    client.force_login(factories.user(Role.COORDINATOR, at=hospital))
    return client


def typed(ann: Expert, **fields: str) -> dict[str, str]:
    night = {"first_day": str(DAY), "start": "20:00", "last_day": str(DAY + timedelta(days=1)), "end": "08:00"}
    return {"expert": ann.public_id, "answers_for": "", **night, **fields}


def test_a_shift_over_midnight_is_kept_and_shown_by_the_hospitals_clock(
    coordinator_client: Client, ann: Expert, hospital: Institution
) -> None:
    coordinator_client.post(URL, typed(ann, answers_for="discipline:PATH"))
    duty = OnCallDuty.objects.get()
    assert duty.start == datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC)  # 20:00 in China
    assert (duty.end - duty.start, duty.discipline, duty.disease_group) == (
        timedelta(hours=12),
        factories.discipline("PATH"),
        None,
    )
    year, week, _day = DAY.isocalendar()
    page = coordinator_client.get(URL, {"week": f"{year}-W{week:02}"}).content.decode()
    assert "20:00" in page and "08:00" in page and "tel:+86 10 1234" in page
    assert "12:00" not in page.partition("<tbody>")[2].partition("</tbody>")[0]
    assert list(coordinator_client.get(URL, {"week": "2020-W10"}).context["rows"]) == []
    coordinator_client.post(URL, {"drop": duty.public_id})
    assert not OnCallDuty.objects.exists()


def test_what_was_typed_stays_beside_what_is_wrong(coordinator_client: Client, ann: Expert) -> None:
    answer = coordinator_client.post(URL, typed(ann, last_day=str(DAY), end="08:00"))
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"end"}
    assert 'value="20:00"' in answer.content.decode()
    coordinator_client.post(URL, typed(ann))
    again = coordinator_client.post(URL, typed(ann, start="22:00"))
    assert set(again.context["form"].errors) == {"start"}


def test_only_who_works_there_and_has_the_discipline(ann: Expert, hospital: Institution) -> None:
    start = factories.moment(DAY, "20:00", hospital)
    shift = {"start": start, "end": start + timedelta(hours=12), "by": None}
    for wrong, field in (
        ({"expert": factories.expert("PATH")}, "expert"),
        ({"expert": ann, "discipline": factories.discipline("RADIOL")}, "discipline"),
        ({"expert": ann, "end": start + timedelta(days=15)}, "end"),
        ({"expert": ann, "start": start - timedelta(days=60), "end": start - timedelta(days=59)}, "end"),
    ):
        with pytest.raises(RuleError) as raised:
            on_call.add(hospital, **{**shift, **wrong})
        assert set(raised.value.fields) == {field}


def test_who_answers_for_a_discipline_comes_before_who_answers_for_anything(ann: Expert, hospital: Institution) -> None:
    now = timezone.now()
    shift = {"institution": hospital, "start": now - timedelta(hours=1), "end": now + timedelta(hours=1)}
    anything = OnCallDuty.objects.create(expert=ann, **shift)
    of_path = OnCallDuty.objects.create(expert=ann, discipline=factories.discipline("PATH"), **shift)
    of_lung = OnCallDuty.objects.create(expert=ann, disease_group=factories.disease_group("lung"), **shift)
    assert list(on_call.at([hospital], now, discipline=factories.discipline("PATH"))) == [of_path, anything]
    assert list(on_call.at([hospital], now, disease_group=factories.disease_group("lung"))) == [of_lung, anything]
    assert set(on_call.at([hospital], now)) == {anything, of_path, of_lung}
    assert not on_call.at([hospital], now + timedelta(hours=1)).exists()


@pytest.mark.parametrize(("role", "read", "write"), [(Role.MANAGER, 200, 403), (Role.EXPERT, 403, 403)])
def test_who_reads_and_who_changes(
    client: Client, ann: Expert, hospital: Institution, role: str, read: int, write: int
) -> None:
    client.force_login(factories.user(role, at=hospital))
    assert client.get(URL).status_code == read
    assert client.post(URL, typed(ann)).status_code == write
    assert not OnCallDuty.objects.exists()


def test_thirty_duties_cost_the_queries_of_one(
    coordinator_client: Client, ann: Expert, hospital: Institution, django_assert_max_num_queries
) -> None:
    start = factories.moment(factories.monday(0), "08:00", hospital)
    OnCallDuty.objects.create(expert=ann, institution=hospital, start=start, end=start + timedelta(days=6))
    with django_assert_max_num_queries(40) as one:
        coordinator_client.get(URL)
    for _ in range(29):
        person = factories.expert("PATH", at=hospital)
        OnCallDuty.objects.create(expert=person, institution=hospital, start=start, end=start + timedelta(days=6))
    with django_assert_max_num_queries(len(one)):
        assert coordinator_client.get(URL).content.decode().count("Expert ") >= 29


def test_the_page_opens_from_the_pools(coordinator_client: Client) -> None:
    assert f'href="{URL}"' in coordinator_client.get(reverse("teams")).content.decode()
