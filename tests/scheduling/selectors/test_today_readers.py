"""Today for those who look but do not act, and for those who have nothing here: no link leads to a refusal."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from cases.models import Case
from experts.models import Role
from mdt_portal.models import User
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", [Role.MANAGER, Role.AUDITOR])
def test_who_only_looks_is_offered_nothing_to_change(client: Client, role: Role) -> None:
    hospital = factories.institution()
    case = factories.case_waiting(team=factories.team(at=hospital))
    Case.objects.filter(pk=case.pk).update(status="needs_facts")
    client.force_login(factories.user(role, at=hospital))

    page = client.get("/").content.decode()

    assert case.number in page
    assert "/edit/" not in page
    links = set(re.findall(r'href="(/(?:cases|sessions|plans)/[^"]*)"', page))
    assert {client.get(link).status_code for link in links} == {200}


def test_who_keeps_the_catalogue_is_led_to_it(client: Client) -> None:
    keeper = factories.user(Role.CATALOGUE_ADMIN, at=factories.institution())
    User.objects.filter(pk=keeper.pk).update(is_staff=True)
    client.force_login(keeper)

    page = client.get("/").content.decode()

    assert "You have no cases yet" not in page
    assert page.count(f'href="{reverse("admin:index")}"') == 3  # navigation, own menu, the page itself


def test_an_administrator_without_seats_is_not_sent_to_a_calendar_they_lack(client: Client) -> None:
    client.force_login(factories.user(is_superuser=True))
    page = client.get(reverse("my_seats"))
    assert page.status_code == 200
    assert reverse("my_time") not in page.content.decode()
