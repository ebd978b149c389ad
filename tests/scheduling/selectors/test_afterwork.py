"""What waits after meetings: on the first page of coordinators, referrers and chairs, and how each line goes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cases.models import Case, FollowUp
from cases.services import aftercare
from experts.models import Role, Team
from mdt_portal.models import User
from scheduling.models import Session
from scheduling.selectors import afterwork
from scheduling.selectors.worklist import Entry
from tests import factories

pytestmark = pytest.mark.django_db


def kinds(user: User) -> list[str]:
    return [entry.kind for entry in afterwork.entries(user, timezone.now())]


def only(user: User) -> Entry:
    (entry,) = afterwork.entries(user, timezone.now())
    return entry


@pytest.fixture
def team() -> Team:
    return factories.team()


@pytest.fixture
def coordinator(team: Team) -> User:
    return factories.user(Role.COORDINATOR, at=team.institution)


def day(team: Team, days: int = 0) -> Any:
    return timezone.now().astimezone(team.institution.tz).date() + timedelta(days=days)


def test_a_session_that_is_over_wants_its_record(team: Team, coordinator: User) -> None:
    over = factories.meeting_over(team)
    entry = only(coordinator)
    assert entry.url == reverse("session_record", args=[over.public_id])
    assert entry.due == factories.moment(day(team, -1), "23:59", team.institution)
    Session.objects.update(status="cancelled")
    assert kinds(coordinator) == []


def test_a_session_that_is_under_way_wants_nothing_yet(team: Team, coordinator: User) -> None:
    factories.meeting_over(team, start=timezone.now() - timedelta(minutes=10))
    assert kinds(coordinator) == []


def test_a_discussed_case_wants_its_recommendation_until_it_is_signed(team: Team, coordinator: User) -> None:
    case = factories.case_discussed(team=team)
    entry = only(coordinator)
    assert (entry.kind, entry.due) == ("recommend", case.recommend_by)
    words = aftercare.Words(text="Operate.", next_follow_up_on=day(team, 7), who="Nurse Li")
    aftercare.draft(case, by=coordinator, words=words)
    assert kinds(coordinator) == ["recommend"]
    aftercare.conclude(case, by=coordinator, words=words)
    assert kinds(coordinator) == []


@pytest.mark.parametrize(("days", "shown"), [(-3, True), (0, True), (1, False)])
def test_a_follow_up_shows_from_its_day_on(team: Team, coordinator: User, days: int, shown: bool) -> None:
    case = factories.case_followed(team=team, due=day(team, days))
    assert kinds(coordinator) == ["follow_up"] * shown
    assert kinds(case.referrer) == ["follow_up"] * shown  # type: ignore[arg-type]


def test_a_taken_follow_up_is_gone(team: Team, coordinator: User) -> None:
    case = factories.case_followed(team=team)
    aftercare.record_follow_up(case, by=coordinator, outcome="out", next_follow_up_on=day(team, 5), who="Nurse Li")
    assert kinds(coordinator) == []


def test_each_line_stands_where_its_people_begin(client: Client, team: Team, coordinator: User) -> None:
    chair = factories.expert(at=team.institution, user=factories.user(Role.CHAIR, at=team.institution))
    Team.objects.update(chair=chair)
    case = factories.case_followed(team=team)
    factories.case_discussed(team=team)
    factories.meeting_over(team)

    def page(user: User) -> str:
        client.force_login(user)
        return client.get(reverse("today"), follow=True).content.decode()

    follow_up = reverse("case_follow_up", args=[case.public_id])
    assert follow_up in page(coordinator) and "Record missing" in page(coordinator)
    assert follow_up in page(case.referrer) and "Record missing" not in page(case.referrer)  # type: ignore[arg-type]
    assert follow_up in page(chair.user) and "Record missing" in page(chair.user)  # type: ignore[arg-type]
    manager = factories.user(Role.MANAGER, at=team.institution)
    assert follow_up not in page(manager)


def test_the_kinds_can_be_filtered(client: Client, team: Team, coordinator: User) -> None:
    factories.case_followed(team=team)
    factories.case_discussed(team=team)
    client.force_login(coordinator)
    groups = client.get(reverse("today"), {"kind": "follow_up"}).context["groups"]
    assert [entry.kind for group in groups for entry in group.entries] == ["follow_up"]


def test_many_lines_cost_as_much_as_few(team: Team, coordinator: User, django_assert_max_num_queries) -> None:
    def add(n: int) -> None:
        other = factories.team(f"g{n}", at=team.institution)
        factories.meeting_over(other, cases=1)
        factories.case_discussed(team=other)
        factories.case_followed(team=other, expert=factories.expert(at=team.institution))

    add(0)
    with django_assert_max_num_queries(10) as few:
        assert len(kinds(coordinator)) == 3
    for n in range(1, 10):
        add(n)
    with django_assert_max_num_queries(len(few)):
        assert len(kinds(coordinator)) == 30
    assert (Case.objects.filter(status="discussed").count(), FollowUp.objects.count()) == (10, 10)
