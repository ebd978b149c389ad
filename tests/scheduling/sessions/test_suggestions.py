"""Who declines may name a deputy or other times; the coordinator sees it and invites with one click."""

from datetime import timedelta
from http import HTTPStatus

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from experts.models import ExceptionKind, Expert
from mdt_portal.errors import RuleError, TransitionNotAllowed
from mdt_portal.models import KeptMail
from scheduling.models import Attendance, Invitation, Seat
from scheduling.publishing import publication
from scheduling.selectors import worklist
from scheduling.sessions import invitations, notifications, substitutes, suggestions
from tests import factories
from tests.scheduling import worlds
from tests.scheduling.worlds import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    """Two cases in one session: one radiologist sits, the other one is free."""
    world = worlds.small(2)
    people = [{1: world.experts[0], 2: world.experts[2], 3: world.experts[4]}] * 2
    publication.publish(world.offer(world.meeting(1, "09:00", people)), by=world.coordinator)
    return world


@pytest.fixture
def invited(world: World) -> Invitation:
    return Invitation.objects.get(attendance__expert=world.experts[0])


@pytest.fixture
def colleague(world: World) -> Expert:
    return world.experts[1]


def later(hours: int = 0):  # type: ignore[no-untyped-def]
    start = factories.moment(factories.monday(1) + timedelta(days=2), "14:00") + timedelta(hours=hours)
    return start, start + timedelta(hours=1)


# The service ----------------------------------------------------------------------------------------------------------


def test_a_deputy_is_somebody_else_who_is_qualified_and_free(invited: Invitation, colleague: Expert) -> None:
    assert substitutes.instead_of(invited.attendance) == [colleague]
    day = invited.attendance.start.astimezone(invited.attendance.meeting.institution.tz).date()
    colleague.leaves.create(first_day=day, last_day=day)
    assert substitutes.instead_of(invited.attendance) == []


def test_a_no_keeps_what_is_suggested(world: World, invited: Invitation, colleague: Expert) -> None:
    second, first = later(24), later()
    invitations.decline(invited, by=None, reason="theatre", offered=[second, first], deputy=colleague)
    invited.refresh_from_db()
    assert invited.deputy == colleague
    assert suggestions.offers(invited) == [first, second]
    assert Seat.objects.filter(attendance=None).count() == 2


def test_what_cannot_be_is_refused_and_nothing_happens(world: World, invited: Invitation, colleague: Expert) -> None:
    over = timezone.now() - timedelta(hours=2), timezone.now() - timedelta(hours=1)
    wrong = [
        ({"deputy": world.experts[2]}, "deputy"),
        ({"deputy": world.experts[0]}, "deputy"),
        ({"offered": [over]}, "offered"),
        ({"offered": [later()[::-1]]}, "offered"),
        ({"offered": [later(n) for n in range(3)]}, "offered"),
    ]
    for given, field in wrong:
        with pytest.raises(RuleError) as refused:
            invitations.decline(Invitation.objects.get(pk=invited.pk), by=None, reason="away", **given)  # type: ignore[arg-type]
        assert field in refused.value.fields
    invited.refresh_from_db()
    assert (invited.status, invited.offered, invited.deputy) == ("pending", [], None)
    assert not Seat.objects.filter(attendance=None).exists()


def test_who_has_declined_already_hears_that(invited: Invitation, colleague: Expert) -> None:
    invitations.decline(invited, by=None, reason="away")
    with pytest.raises(TransitionNotAllowed):
        invitations.decline(invited, by=None, reason="away", deputy=colleague)


# By the link ----------------------------------------------------------------------------------------------------------


def test_by_the_link_a_colleague_is_named(client: Client, invited: Invitation, colleague: Expert) -> None:
    address = invitations.link(invited)
    page = " ".join(client.get(f"{address}?no").content.decode().split())
    assert f'name="deputy" value="{colleague.public_id}"' in page
    assert str(colleague.affiliations.get().title.name_zh) in page
    answer = {"answer": "decline", "reason": "away", "instead": "deputy", "deputy": colleague.public_id}
    assert client.post(address, answer).status_code == HTTPStatus.FOUND
    invited.refresh_from_db()
    assert (invited.status, invited.deputy) == ("declined", colleague)
    assert client.post(address, answer).status_code == HTTPStatus.CONFLICT


def test_by_the_link_other_times_are_offered_by_the_hospitals_clock(client: Client, invited: Invitation) -> None:
    first, second = later(), later(24)
    zone = invited.attendance.meeting.institution.tz
    answer = {"answer": "decline", "reason": "clash", "instead": "time"}
    for number, (start, end) in enumerate((first, second)):
        local, last = start.astimezone(zone), end.astimezone(zone)
        answer |= {f"day_{number}": str(local.date()), f"start_{number}": f"{local:%H:%M}"}
        answer[f"end_{number}"] = f"{last:%H:%M}"
    assert client.post(invitations.link(invited), answer).status_code == HTTPStatus.FOUND
    invited.refresh_from_db()
    assert suggestions.offers(invited) == [first, second]


def test_what_was_typed_stays_when_it_is_wrong(client: Client, invited: Invitation, colleague: Expert) -> None:
    address = invitations.link(invited)
    base = {"answer": "decline", "reason": "away", "note": "keep me"}
    wrong = [
        {"instead": "deputy", "deputy": ""},
        {"instead": "deputy", "deputy": invited.attendance.expert.public_id},
        {"instead": "time"},
        {"instead": "time", "day_0": "2020-01-01", "start_0": "09:00", "end_0": "10:00"},
        {"instead": "time", "day_0": "2090-01-01", "start_0": "10:00", "end_0": "09:00"},
        {"instead": "time", "day_0": "2090-01-01", "start_0": "10:00", "end_0": ""},
    ]
    for one in wrong:
        answer = client.post(address, base | one)
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY, one
        page = " ".join(answer.content.decode().split())
        assert "keep me" in page
        assert f'name="instead" value="{one["instead"]}" checked' in page
    invited.refresh_from_db()
    assert invited.status == "pending"


# What the coordinator sees --------------------------------------------------------------------------------------------


def test_the_session_invites_the_suggested_deputy_with_one_click(
    client: Client, world: World, invited: Invitation, colleague: Expert
) -> None:
    invitations.decline(invited, by=None, reason="away", deputy=colleague, offered=[later()])
    client.force_login(world.coordinator)
    session = invited.attendance.meeting
    page = client.get(reverse("session", args=[session.public_id]))
    (gap,) = page.context["table"].open
    assert [one.attendance.expert for one in gap.suggested] == [world.experts[0]]
    assert f"Suggests {colleague.name}." in page.content.decode()
    assert "14:00–15:00" in page.content.decode()
    fill = reverse("seat_fill", args=[session.public_id, gap.case, gap.seat.place])
    client.post(fill, {"cases": "all", "expert": colleague.public_id})
    assert Attendance.objects.active().get(expert=colleague).seats.count() == 2
    assert client.get(reverse("session", args=[session.public_id])).context["table"].open == []


def test_a_deputy_who_declined_as_well_is_not_suggested_again(
    client: Client, world: World, invited: Invitation, colleague: Expert
) -> None:
    invitations.decline(invited, by=None, reason="away", deputy=colleague)
    session = invited.attendance.meeting
    client.force_login(world.coordinator)
    gap = client.get(reverse("session", args=[session.public_id])).context["table"].open[0]
    fill = reverse("seat_fill", args=[session.public_id, gap.case, gap.seat.place])
    client.post(fill, {"cases": "all", "expert": colleague.public_id})
    invitations.decline(Invitation.objects.get(attendance__expert=colleague), by=None, reason="away")
    (gap,) = client.get(reverse("session", args=[session.public_id])).context["table"].open
    assert gap.suggested == []


def test_today_and_the_mail_say_what_is_suggested(world: World, invited: Invitation, colleague: Expert) -> None:
    world.coordinator.language, world.coordinator.email = "en", "office@example.org"
    world.coordinator.save()
    invitations.decline(invited, by=None, reason="away", deputy=colleague, offered=[later()])
    (entry,) = (one for one in worklist.entries(world.coordinator, timezone.now()) if one.kind == "seat")
    assert f"{world.experts[0].name}: Suggests {colleague.name}. Could come:" in entry.detail
    notifications.mail_declined(invitation=invited.pk, user=world.coordinator.pk)
    sent = KeptMail.objects.get()
    assert f"Suggested deputy: {colleague.name}" in sent.body
    assert "14:00–15:00" in sent.body


def test_the_session_page_asks_no_more_for_more_suggestions(
    client: Client, world: World, invited: Invitation, colleague: Expert, django_assert_max_num_queries
) -> None:
    client.force_login(world.coordinator)
    address = reverse("session", args=[invited.attendance.meeting.public_id])
    invitations.decline(invited, by=None, reason="away", deputy=colleague)
    client.get(address)
    with django_assert_max_num_queries(60) as one:
        client.get(address)
    other = Invitation.objects.get(attendance__expert=world.experts[2])
    invitations.decline(other, by=None, reason="away", deputy=world.experts[3])
    with django_assert_max_num_queries(len(one)):
        assert all(gap.suggested for gap in client.get(address).context["table"].open)


def test_a_time_that_somebody_takes_away_makes_them_no_deputy(invited: Invitation, colleague: Expert) -> None:
    start, end = (
        moment.astimezone(invited.attendance.meeting.institution.tz)
        for moment in (invited.attendance.start, invited.attendance.end)
    )
    colleague.availability_exceptions.create(
        date=start.date(), start=start.time(), end=end.time(), kind=ExceptionKind.TAKES
    )
    with pytest.raises(RuleError):
        invitations.decline(invited, by=None, reason="away", deputy=colleague)
