"""What an expert has said yes to: the load of their weeks, and the leave that comes in its way."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from experts.availability import engagements, time_keeping
from experts.models import Expert, Role
from scheduling.models import Hold, Invitation
from scheduling.selectors import commitments
from scheduling.sessions import invitations
from tests import factories

pytestmark = pytest.mark.django_db
NEXT = factories.monday(1)


@pytest.fixture
def expert() -> Expert:
    hospital = factories.institution()
    return factories.expert("RADIOL", at=hospital, user=factories.user(Role.EXPERT, at=hospital, language="en"))


def invited(expert: Expert, clock: str = "14:00", days: int = 1) -> Invitation:
    hospital = expert.affiliations.get().institution
    start = factories.moment(NEXT + timedelta(days=days), clock, hospital)
    team = factories.team(f"g{days}{clock[:2]}", at=hospital)
    return Invitation.objects.get(attendance__session=factories.session(team, start=start, experts=[expert]))


def wednesday_before(expert: Expert) -> datetime:
    return factories.moment(NEXT - timedelta(days=5), "10:00", expert.affiliations.get().institution)


# Load -----------------------------------------------------------------------------------------------------------------


def test_the_load_counts_what_is_asked_and_what_is_accepted(expert: Expert) -> None:
    invitations.accept(invited(expert), by=None)
    invited(expert, days=2)
    this, following = commitments.load(expert, now=wednesday_before(expert))
    assert (this.sessions, this.minutes, this.full) == (0, 0, False)
    assert (following.monday, following.sessions, following.minutes, following.unanswered) == (NEXT, 2, 120, 1)
    Expert.objects.filter(pk=expert.pk).update(max_sessions_week=2)
    assert commitments.load(Expert.objects.get(pk=expert.pk), now=wednesday_before(expert))[1].full


def test_what_was_declined_or_has_run_out_is_no_load(expert: Expert) -> None:
    invitations.decline(invited(expert), by=None, reason="away")
    team = factories.team("held", at=expert.affiliations.get().institution)
    start = factories.moment(NEXT, "09:00", team.institution)
    now = timezone.now()
    case = factories.case_waiting(team=team)
    fields = {"case": case, "team": team, "start": start, "end": start + timedelta(minutes=20)}
    hold = Hold.objects.create(**fields, expires_at=now + timedelta(minutes=5))
    expert.attendances.create(hold=hold, start=start, end=start + timedelta(minutes=20))
    assert commitments.load(expert, now=now)[-1].sessions + commitments.load(expert, now=now)[0].sessions == 1
    assert sum(week.sessions for week in commitments.load(expert, now=now + timedelta(minutes=6))) == 0


# Clashes --------------------------------------------------------------------------------------------------------------


def test_leave_and_taken_time_clash_with_what_was_accepted(expert: Expert) -> None:
    first, second, _open = invited(expert), invited(expert, days=2), invited(expert, days=3)
    for one in (first, second):
        invitations.accept(one, by=None)
    time_keeping.add_exception(
        expert, day=NEXT + timedelta(days=1), start=time(13), end=time(14, 5), kind="takes", by=None
    )
    assert [one.key for one in engagements.clashes(expert)] == [first.public_id]
    time_keeping.add_leave(expert, first_day=NEXT + timedelta(days=2), last_day=NEXT + timedelta(days=4), by=None)
    assert [one.key for one in engagements.clashes(expert)] == [first.public_id, second.public_id]
    invitations.decline(first, by=None, reason="away")
    assert [one.key for one in engagements.clashes(expert)] == [second.public_id]


@pytest.mark.parametrize("hours", [(time(12), time(14)), (time(15), time(16))])
def test_what_only_touches_does_not_clash(expert: Expert, hours: tuple[time, time]) -> None:
    invitations.accept(invited(expert), by=None)
    day = NEXT + timedelta(days=1)
    time_keeping.add_exception(expert, day=day, start=hours[0], end=hours[1], kind="takes", by=None)
    time_keeping.add_exception(expert, day=day, start=time(14), end=time(15), kind="adds", by=None)
    assert engagements.clashes(expert) == []


def test_a_leave_that_clashes_is_pointed_out_at_once(client: Client, expert: Expert) -> None:
    accepted = invited(expert)
    invitations.accept(accepted, by=None)
    assert expert.user is not None
    client.force_login(expert.user)
    leave = {"action": "leave", "leave-first_day": str(NEXT), "leave-last_day": str(NEXT + timedelta(days=4))}
    page = client.post(reverse("my_time"), leave, follow=True).content.decode()
    assert "An accepted seat lies in the time away" in page
    assert reverse("invitation", args=[accepted.public_id]) in page
    assert "You are away then" in client.get(reverse("my_seats")).content.decode()


# Pages ----------------------------------------------------------------------------------------------------------------


def test_my_seats_say_the_load_in_words(client: Client, expert: Expert) -> None:
    invited(expert, days=-6)
    assert expert.user is not None
    client.force_login(expert.user)
    page = client.get(reverse("my_seats")).content.decode()
    assert f"of at most {expert.max_sessions_week} sessions" in page
    assert "of at most 10 h" in page


def test_the_week_asks_no_more_for_more_clashes(client: Client, expert: Expert, django_assert_max_num_queries) -> None:
    assert expert.user is not None
    client.force_login(expert.user)
    for day in range(5):
        time_keeping.add_leave(
            expert, first_day=NEXT + timedelta(days=day), last_day=NEXT + timedelta(days=day), by=None
        )
    invitations.accept(invited(expert), by=None)
    with django_assert_max_num_queries(30) as one:
        client.get(reverse("my_time"))
    for day in (0, 2, 3, 4):
        invitations.accept(invited(expert, days=day), by=None)
    with django_assert_max_num_queries(len(one)):
        assert len(client.get(reverse("my_time")).context["clashes"]) == 5
