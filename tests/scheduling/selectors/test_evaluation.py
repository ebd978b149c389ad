"""How past meetings went: each of them, and the sums of a period."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cases.models import Case, FollowUp, Outcome
from cases.services import aftercare
from cases.services.aftercare import Words
from experts.models import Role, Team
from mdt_portal.models import User
from scheduling.models import Session
from scheduling.selectors import evaluation
from scheduling.selectors.past_meetings import start_words
from scheduling.sessions import meetings
from scheduling.sessions.meetings import CaseOutcome
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Team:
    return factories.team()


@pytest.fixture
def coordinator(team: Team) -> User:
    return factories.user(Role.COORDINATOR, at=team.institution)


def held(team: Team, *outcomes: str, late: int = 0, days_ago: int = 1) -> Session:
    """A meeting that is on record, with these outcomes of its cases."""
    over = factories.meeting_over(team, cases=len(outcomes), days_ago=days_ago)
    start = over.start + timedelta(minutes=late)
    items = meetings.agenda(over)
    said = {item.case_id: CaseOutcome(outcome=Outcome(one)) for item, one in zip(items, outcomes, strict=True)}
    came = [one.pk for one in meetings.invited(over)]
    return meetings.record(over, by=None, start=start, end=over.end + timedelta(minutes=30), came=came, cases=said)


def today(team: Team) -> date:
    return timezone.now().astimezone(team.institution.tz).date()


def sign(case: Case, by: User, *, at: datetime | None = None, follow_up: int = 0) -> None:
    words = Words(text="Operate.", next_follow_up_on=today(case.team) + timedelta(days=follow_up), who="Nurse Li")
    aftercare.conclude(case, by=by, words=words, at=at)


def figures(team: Team, days: int = 30) -> dict[str, int]:
    rows = Session.objects.filter(team=team)
    return asdict(evaluation.figures(rows, days=days, now=timezone.now(), today=today(team)))


@pytest.mark.parametrize(
    ("late", "judged", "words"),
    [(-3, 0, "On time"), (0, 0, "On time"), (5, 0, "On time"), (6, 6, "6 minutes late"), (21, 21, "21 minutes late")],
)
def test_five_minutes_are_on_time(team: Team, late: int, judged: int, words: str) -> None:
    session = held(team, "discussed", late=late)
    assert evaluation.late_min(session) == judged
    assert start_words(judged)[1] == words


def test_each_meeting_counts_its_cases_and_signatures(team: Team, coordinator: User) -> None:
    session = held(team, "discussed", "discussed", "no_time")
    sign(Case.objects.filter(status="discussed")[0], coordinator)
    unrecorded = factories.meeting_over(team, days_ago=2)
    judged = evaluation.of([session, unrecorded])
    assert judged[session.pk] == evaluation.Judged(late_min=0, cases=3, discussed=2, signed=1)
    assert judged[unrecorded.pk] == evaluation.Judged()


def test_the_sums_of_a_period(team: Team, coordinator: User) -> None:
    held(team, "discussed", "discussed", "no_time", days_ago=1)
    held(team, "discussed", late=9, days_ago=20)
    held(team, "discussed", days_ago=40)
    factories.meeting_over(team, days_ago=3)
    factories.meeting_over(team, days_ago=4, cases=0)
    Session.objects.filter(items=None).update(status="cancelled")
    early, late = Case.objects.filter(status="discussed").order_by("pk")[:2]
    sign(early, coordinator)
    old = Case.objects.filter(status="discussed", items__session__actual_start__lt=timezone.now() - timedelta(days=5))
    for case in old:
        sign(case, coordinator)  # of weeks ago: far too late
    found = figures(team)
    assert (found["over"], found["held"], found["on_time"]) == (3, 2, 1)
    assert (found["cases"], found["discussed"]) == (4, 3)
    assert (found["wanted"], found["in_time"]) == (2, 1)  # the other one still has its day
    assert figures(team, 90)["held"] == 3
    assert late.status == "discussed"


def test_a_recommendation_that_is_overdue_counts_as_not_in_time(team: Team) -> None:
    held(team, "discussed")
    assert figures(team)["wanted"] == 0
    Case.objects.update(recommend_by=timezone.now() - timedelta(minutes=1))
    assert (figures(team)["wanted"], figures(team)["in_time"]) == (1, 0)


def test_the_last_look_says_whether_a_plan_was_carried_out(team: Team, coordinator: User) -> None:
    held(team, "discussed", "discussed", "discussed")
    first, second, third = Case.objects.order_by("pk")
    for case in (first, second, third):
        sign(case, coordinator)
    again = {"next_follow_up_on": today(team) + timedelta(days=3), "who": "Nurse Li"}
    aftercare.record_follow_up(first, by=coordinator, outcome="not", note="No bed", **again)  # type: ignore[arg-type]
    aftercare.record_follow_up(first, by=coordinator, outcome="out")
    aftercare.record_follow_up(second, by=coordinator, outcome="partly", note="No bed")
    FollowUp.objects.filter(case=third).update(due=today(team) - timedelta(days=1))
    found = figures(team)
    assert (found["followed_up"], found["carried_out"], found["overdue"]) == (2, 1, 1)


# The page -------------------------------------------------------------------------------------------------------------


def past(client: Client, user: User, **query: str) -> str:
    client.force_login(user)
    return client.get(reverse("sessions"), {"view": "past", **query}).content.decode()


def test_the_page_says_how_each_went_and_sums_up(client: Client, team: Team, coordinator: User) -> None:
    held(team, "discussed", "no_time", late=11)
    open_one = factories.meeting_over(team, days_ago=2)
    page = past(client, coordinator)
    for words in ("11 minutes late", "1 of 2", "The last 30 days", "goal 95 %", "No record yet"):
        assert words in page
    assert reverse("session_record", args=[open_one.public_id]) in page
    assert "The last 90 days" in past(client, coordinator, days="90")
    assert "The last 30 days" in past(client, coordinator, days="17 or so")


def test_who_may_not_record_is_not_asked_to(client: Client, team: Team) -> None:
    open_one = factories.meeting_over(team)
    manager = factories.user(Role.MANAGER, at=team.institution)
    page = past(client, manager)
    assert "No record yet" in page
    assert reverse("session_record", args=[open_one.public_id]) not in page


def test_an_empty_page_says_what_comes_next(client: Client, coordinator: User) -> None:
    page = past(client, coordinator)
    assert "No session is over yet" in page and "?view=coming" in page


def test_sums_are_of_what_one_may_see(client: Client, team: Team) -> None:
    held(team, "discussed")
    client.force_login(factories.user(Role.COORDINATOR))
    figures = client.get(reverse("sessions"), {"view": "past"}).context["figures"]
    assert figures[0]["value"] == 0


def test_many_sessions_cost_as_much_as_one(
    client: Client, team: Team, coordinator: User, django_assert_max_num_queries
) -> None:
    held(team, "discussed", "no_time")
    factories.meeting_over(team, days_ago=2)
    past(client, coordinator)  # signs in
    with django_assert_max_num_queries(40) as few:
        past(client, coordinator)
    for n in range(12):
        other = factories.team(f"g{n}", at=team.institution)
        held(other, "discussed", "no_time")
        factories.meeting_over(other, days_ago=2)
    with django_assert_max_num_queries(len(few)):
        past(client, coordinator)
