"""The proposal: what publishing would change, publishing it, and a race that is lost."""

from http import HTTPStatus

import pytest
from django.test import Client
from django.urls import reverse

from cases.models import Case
from cases.states import CaseStatus
from experts.models import Role
from mdt_portal.models import StatusEvent
from scheduling.models import Proposal, Session
from scheduling.publishing import earliest_slots, holds, publication
from scheduling.states import RunStatus
from tests import factories
from tests.scheduling import worlds

pytestmark = pytest.mark.django_db


@pytest.fixture
def small() -> worlds.World:
    return worlds.small(cases=2)


@pytest.fixture
def coordinator_client(client: Client, small: worlds.World) -> Client:
    client.force_login(small.coordinator)
    return client


def url(name: str, proposal: Proposal) -> str:
    return reverse(name, args=[proposal.public_id])


def test_changes_and_people_are_shown_before_anything_is_sent(coordinator_client: Client, small: worlds.World) -> None:
    answer = coordinator_client.get(url("proposal", small.propose(seconds=1)))
    review = answer.context["review"]
    assert [row.kind for row in review.rows] == ["new"]
    assert {one.expert for one in review.notified} <= set(small.experts)
    assert review.obstacles == ""
    assert review.stale is False
    assert not Session.objects.exists()


def test_a_case_without_a_place_says_why(coordinator_client: Client, small: worlds.World) -> None:
    nobody = factories.case_waiting(team=small.team, seats=[("NEPHRO", 3)])
    review = coordinator_client.get(url("proposal", small.propose(seconds=1))).context["review"]
    assert [left.case for left in review.left] == [nobody]
    assert review.left[0].reasons
    assert all("NEPHRO" in reason or "Nephro" in reason for reason in review.left[0].reasons)


def test_publishing_leads_to_the_week(coordinator_client: Client, small: worlds.World) -> None:
    proposal = small.propose(seconds=1)
    answer = coordinator_client.post(url("proposal_publish", proposal), follow=True)
    assert answer.redirect_chain[0][0].startswith(reverse("board"))
    assert answer.context["board"].sessions == Session.objects.count() == 1
    assert "The plan is published." in answer.content.decode()
    assert set(Case.objects.values_list("status", flat=True)) == {CaseStatus.PLANNED}


def test_a_lost_race_is_shown_on_the_page(coordinator_client: Client, small: worlds.World) -> None:
    first, second = small.propose(seconds=1), small.propose(seed=2, seconds=1)
    publication.publish(first, by=small.coordinator)
    answer = coordinator_client.post(url("proposal_publish", second))
    assert answer.status_code == HTTPStatus.CONFLICT
    assert "Not published" in answer.content.decode()
    assert Session.objects.count() == 1


def test_publishing_twice_leads_to_the_week_and_tells_nobody_again(
    coordinator_client: Client, small: worlds.World
) -> None:
    proposal = small.propose(seconds=1)
    first = coordinator_client.post(url("proposal_publish", proposal))
    moves = StatusEvent.objects.count()
    second = coordinator_client.post(url("proposal_publish", proposal), follow=True)
    assert second.redirect_chain == [(first.headers["Location"], HTTPStatus.FOUND)]
    assert "already published" in second.content.decode()
    assert StatusEvent.objects.count() == moves


def test_a_stale_proposal_says_who_changed_what_and_offers_to_fit_it_or_to_plan_again(
    coordinator_client: Client, small: worlds.World
) -> None:
    proposal = small.propose(seconds=1)
    booked = book_something(small)
    page = coordinator_client.get(url("proposal", proposal)).content.decode()
    assert f"{small.coordinator} booked {booked.number}" in page
    assert f"{reverse('run_new')}?again={proposal.run.public_id}" in page
    assert url("proposal_fit", proposal) in page
    refused = coordinator_client.post(url("proposal_publish", proposal))
    assert refused.status_code == HTTPStatus.CONFLICT
    assert f"{small.coordinator} booked {booked.number}" in refused.context["conflict"].message


def test_a_fitted_proposal_is_reviewed_again_and_can_be_published(
    coordinator_client: Client, small: worlds.World
) -> None:
    proposal = small.propose(seconds=1)
    booked = book_something(small)
    answer = coordinator_client.post(url("proposal_fit", proposal), follow=True)
    fitted = answer.context["proposal"]
    assert fitted != proposal
    assert (answer.context["review"].stale, answer.context["review"].obstacles) == (False, "")
    proposal.run.refresh_from_db()
    assert proposal.run.status == RunStatus.SUPERSEDED
    coordinator_client.post(url("proposal_publish", fitted))
    assert set(Case.objects.exclude(pk=booked.pk).values_list("status", flat=True)) == {CaseStatus.PLANNED}
    booked.refresh_from_db()
    assert booked.status == CaseStatus.PLANNED


def test_a_proposal_that_holds_needs_no_fitting(coordinator_client: Client, small: worlds.World) -> None:
    answer = coordinator_client.post(url("proposal_fit", small.propose(seconds=1)))
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert "still holds" in answer.content.decode()


def book_something(small: worlds.World) -> Case:
    """A coordinator books the earliest time for one more case."""
    case = Case.objects.get(pk=factories.case_waiting(team=small.team, seats=[("RADIOL", 3), ("PATH", 3)]).pk)
    slot = earliest_slots.earliest_slots(case, 1)[0]
    holds.confirm(holds.hold(case, slot.key, by=small.coordinator), by=small.coordinator)
    return case


def test_each_change_says_what_it_buys(coordinator_client: Client, small: worlds.World) -> None:
    proposal = small.propose(seconds=1)
    page = coordinator_client.get(url("proposal", proposal)).content.decode()
    assert url("proposal_reasons", proposal) in page
    answer = coordinator_client.get(url("proposal_reasons", proposal))
    assert [row.reason for row in answer.context["review"].rows] == ["It gives 2 waiting cases a place."]
    publication.publish(proposal, by=small.coordinator)
    gone = Session.objects.get().attendances.filter(seats__discipline__key="RADIOL").first().expert
    gone.weekly_availability.all().delete()
    again = small.propose(seed=2, seconds=1)
    (row,) = coordinator_client.get(url("proposal_reasons", again)).context["review"].rows
    assert row.reason.startswith(f"It cannot stay as it was: Expert {gone} is not free from")
    stranger = factories.user(Role.COORDINATOR)
    coordinator_client.force_login(stranger)
    assert coordinator_client.get(url("proposal_reasons", again)).status_code == HTTPStatus.NOT_FOUND


def test_what_breaks_a_rule_by_now_is_named(coordinator_client: Client, small: worlds.World) -> None:
    proposal = small.propose(seconds=1)
    for expert in small.experts:
        expert.weekly_availability.all().delete()
    review = coordinator_client.get(url("proposal", proposal)).context["review"]
    assert "is not free from" in review.obstacles
    assert coordinator_client.post(url("proposal_publish", proposal)).status_code == HTTPStatus.CONFLICT


def test_discarding_publishes_nothing(coordinator_client: Client, small: worlds.World) -> None:
    proposal = small.propose(seconds=1)
    assert coordinator_client.post(url("proposal_discard", proposal)).headers["Location"] == reverse("runs")
    proposal.run.refresh_from_db()
    assert proposal.run.status == RunStatus.DISCARDED
    assert not Session.objects.exists()
    assert coordinator_client.get(url("proposal", proposal)).status_code == HTTPStatus.OK


@pytest.mark.parametrize("name", ["proposal_publish", "proposal_discard", "proposal_fit"])
def test_only_coordinators_decide(client: Client, small: worlds.World, name: str) -> None:
    proposal = small.propose(seconds=1)
    client.force_login(factories.user(Role.MANAGER, at=small.hospital))
    assert client.get(url("proposal", proposal)).status_code == HTTPStatus.OK
    assert client.post(url(name, proposal)).status_code == HTTPStatus.FORBIDDEN
    client.force_login(factories.user(Role.COORDINATOR))
    assert client.post(url(name, proposal)).status_code == HTTPStatus.NOT_FOUND


def test_a_changed_plan_names_who_comes_instead_of_whom(coordinator_client: Client, small: worlds.World) -> None:
    publication.publish(small.propose(seconds=1), by=small.coordinator)
    session = Session.objects.get()
    gone = session.attendances.filter(seats__discipline__key="RADIOL").first().expert
    gone.weekly_availability.all().delete()
    review = coordinator_client.get(url("proposal", small.propose(seed=2, seconds=1))).context["review"]
    assert [row.kind for row in review.rows] == ["person"]
    assert review.rows[0].before == str(gone)
    assert review.rows[0].after not in ("", str(gone))
