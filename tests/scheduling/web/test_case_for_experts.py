"""The case file as somebody with a seat reads it: the question first, no name, and the way through the session."""

import pytest
from django.test import Client
from django.urls import reverse

from experts.models import Expert, Role
from scheduling.models import AgendaItem, Session
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def expert() -> Expert:
    hospital = factories.institution()
    return factories.expert("RADIOL", at=hospital, user=factories.user(Role.EXPERT, at=hospital, language="en"))


@pytest.fixture
def session(expert: Expert) -> Session:
    team = factories.team(at=expert.affiliations.get().institution)
    cases = [factories.case_waiting(team=team, question=f"Question {n}?") for n in range(3)]
    return factories.session(team, experts=[expert], cases=cases)


def read(client: Client, item: AgendaItem) -> str:
    return client.get(reverse("case", args=[item.case.public_id])).content.decode()


def test_the_question_comes_first_and_no_name(client: Client, expert: Expert, session: Session) -> None:
    assert expert.user is not None
    client.force_login(expert.user)
    item = session.items.order_by("start")[0]
    page = read(client, item)
    places = [page.index(f'id="{name}"') for name in ("question-h", "facts-h", "seats-h", "needs-h", "limit-h")]
    assert places == sorted(places)
    assert page.count('id="question-h"') == 1
    assert item.case.patient.identity.name not in page


def test_one_walks_through_the_cases_of_the_session(client: Client, expert: Expert, session: Session) -> None:
    assert expert.user is not None
    client.force_login(expert.user)
    first, second, third = session.items.order_by("start")
    page = read(client, second)
    assert "Case 2 of 3" in page
    for rel, other in (("prev", first), ("next", third)):
        assert f'rel="{rel}" href="{reverse("case", args=[other.case.public_id])}"' in page
    assert 'rel="prev"' not in read(client, first)
    assert 'rel="next"' not in read(client, third)


def test_a_referrer_is_not_led_to_the_cases_of_others(client: Client, session: Session) -> None:
    referrer = factories.user(Role.REFERRER, at=session.institution)
    first = session.items.order_by("start")[0]
    first.case.referrer = referrer
    first.case.save()
    client.force_login(referrer)
    page = read(client, first)
    assert "Cases of this session" not in page
    assert page.index('id="needs-h"') < page.index('id="question-h"')
