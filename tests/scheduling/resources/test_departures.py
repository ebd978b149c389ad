"""Somebody leaves a hospital: the coordinator names the day, and sees which published sessions need another person."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from experts.models import Affiliation, Expert, Institution, Role
from experts.roster import person_cards
from mdt_portal.errors import RuleError
from mdt_portal.models import AuditEvent, User
from scheduling.models import Session
from scheduling.resources import impact
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def hospital() -> Institution:
    return factories.institution(name_en="General")


@pytest.fixture
def ann(hospital: Institution) -> Expert:
    return factories.expert("PATH", at=hospital, name_en="Ann")


@pytest.fixture
def coordinator(hospital: Institution) -> User:
    return factories.user(Role.COORDINATOR, at=hospital)


@pytest.fixture
def coordinator_client(client: Client, coordinator: User) -> Client:
    client.force_login(coordinator)
    return client


def work_of(expert: Expert) -> Affiliation:
    return expert.affiliations.order_by("pk")[0]


def day(index: int) -> date:
    return factories.monday(2) + timedelta(days=index)


def meets(expert: Expert, at: Institution, index: int) -> Session:
    team = at.teams.first() or factories.team(at=at)
    return factories.session(team, experts=[expert], start=factories.moment(day(index), "09:00", at))


def text(answer: Any) -> str:
    return answer.content.decode()


def address(expert: Expert) -> str:
    return reverse("person_leaves", args=[expert.public_id, work_of(expert).institution.public_id])


def hits(expert: Expert) -> str:
    query = f"?hospital={work_of(expert).institution.public_id}"
    return reverse("hits", args=["departure", expert.public_id]) + query


def test_the_sessions_after_the_last_day_are_hit(ann: Expert, hospital: Institution) -> None:
    last, after = meets(ann, hospital, 1), meets(ann, hospital, 2)
    meets(factories.expert(at=hospital), hospital, 3)
    assert impact.of_departure(work_of(ann), day(1)).sessions == [after]
    assert impact.of_departure(work_of(ann), day(0)).sessions == [last, after]


def test_what_one_joins_elsewhere_is_hit_while_one_works_nowhere_else(ann: Expert, hospital: Institution) -> None:
    here, there = meets(ann, hospital, 1), meets(ann, factories.institution(), 2)
    assert impact.of_departure(work_of(ann), day(0)).sessions == [here, there]
    other = factories.institution()
    second = Affiliation.objects.create(expert=ann, institution=other, title=factories.title(), home=False)
    assert impact.of_departure(work_of(ann), day(0)).sessions == [here]
    person_cards.end_work(second, until=day(1), by=None)
    assert impact.of_departure(work_of(ann), day(0)).sessions == [here, there]


def test_the_coordinator_sees_what_is_hit_before_and_after_saving(
    coordinator_client: Client, ann: Expert, hospital: Institution
) -> None:
    session = meets(ann, hospital, 3)
    person = reverse("person", args=[ann.public_id])
    assert address(ann) in text(coordinator_client.get(person))
    assert 'name="until"' in text(coordinator_client.get(address(ann)))
    link = reverse("session", args=[session.public_id])
    assert link in text(coordinator_client.get(f"{hits(ann)}&until={day(1)}"))
    assert "No published session is hit" in text(coordinator_client.get(f"{hits(ann)}&until={day(4)}"))
    answer = coordinator_client.post(address(ann), {"until": str(day(1))})
    assert answer.headers["HX-Redirect"] == person
    assert work_of(ann).until == day(1)
    page = text(coordinator_client.get(person))
    assert page.count(link) == 2  # among the seats ahead, and as one that needs another person
    assert "1 published session needs another person: see the list below." in page
    event = AuditEvent.objects.get(action="expert.work_ends")
    assert event.params == {"hospital": hospital.pk, "until": str(day(1))}
    coordinator_client.post(address(ann), {"until": ""})
    assert work_of(ann).until is None
    assert text(coordinator_client.get(person)).count(link) == 1


def test_who_has_left_is_no_candidate_any_more(ann: Expert, hospital: Institution, coordinator_client: Client) -> None:
    coordinator_client.post(address(ann), {"until": str(timezone.now().date() - timedelta(days=2))})
    assert not person_cards.present(ann.affiliations.all()).exists()
    assert coordinator_client.get(address(ann)).status_code == 200  # a mistyped day can still be mended
    ann.affiliations.update(until=timezone.now().date() - timedelta(days=32))
    assert coordinator_client.get(address(ann)).status_code == 404


def test_a_last_day_before_the_first_is_refused(coordinator_client: Client, ann: Expert) -> None:
    Affiliation.objects.update(since=day(2))
    answer = coordinator_client.post(address(ann), {"until": str(day(1))})
    assert answer.status_code == 422
    assert "The last day lies before the first day" in text(answer)


def test_one_main_employer_stays_the_only_one(ann: Expert) -> None:
    first = person_cards.end_work(work_of(ann), until=day(3), by=None)
    Affiliation.objects.create(expert=ann, institution=factories.institution(), title=factories.title())
    with pytest.raises(RuleError, match="Another hospital is the main employer"):
        person_cards.end_work(first, until=None, by=None)


def test_only_who_keeps_that_hospitals_pool_may_end_it(client: Client, ann: Expert, hospital: Institution) -> None:
    elsewhere = factories.institution(alliance=factories.alliance())
    Institution.objects.filter(pk=hospital.pk).update(alliance=elsewhere.alliance)
    client.force_login(factories.user(Role.COORDINATOR, at=elsewhere))
    assert client.post(address(ann), {"until": str(day(1))}).status_code == 403
    assert address(ann) not in text(client.get(reverse("person", args=[ann.public_id])))
    client.force_login(factories.user(Role.MANAGER, at=hospital))
    assert client.post(address(ann), {"until": str(day(1))}).status_code == 403
