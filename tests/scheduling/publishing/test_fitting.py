"""A proposal fitted to the present week: what still holds is kept, and what others did since stands."""

from datetime import timedelta

import pytest

from cases.models import Case
from experts.models import Leave
from mdt_portal.errors import RuleError
from scheduling.board import moves
from scheduling.board.dry_run import Where
from scheduling.explain import change_reasons
from scheduling.models import AgendaItem, Session
from scheduling.publishing import fitting, publication
from scheduling.solver.core.plan import Plan
from tests import factories
from tests.scheduling import worlds
from tests.scheduling.worlds import World

pytestmark = pytest.mark.django_db
TUESDAY, WEDNESDAY = 1, 2


def seated(world: World, *numbers: int) -> dict:
    return {place: world.experts[number] for place, number in enumerate(numbers, 1)}


def test_one_small_booking_leaves_the_rest_of_the_plan_publishable() -> None:
    """The plan has two sessions; somebody takes the room and the surgeon of one of them meanwhile."""
    world = worlds.small(3)
    first = world.cut(world.meeting(TUESDAY, "09:00", [seated(world, 0, 2, 4)] * 3), 0)
    second = world.cut(world.meeting(WEDNESDAY, "09:00", [seated(world, 0, 2, 4)] * 3, number=2), 1)
    whole = world.offer(first, second)
    when = factories.moment(factories.monday() + timedelta(days=WEDNESDAY), "09:00", world.hospital)
    moves.place(world.cases[2], Where(start=when, room=world.rooms[0]), by=world.coordinator, acknowledged=True)
    booked = Session.objects.get()
    assert publication.is_stale(whole)
    fitted = fitting.fit(whole, by=world.coordinator)
    assert (fitted.kept, fitted.lost) == (1, frozenset())
    publication.publish(fitted.proposal, by=world.coordinator)
    booked.refresh_from_db()
    assert AgendaItem.objects.get(case=world.cases[2], active=True).session == booked
    assert AgendaItem.objects.filter(active=True).count() == 3
    assert set(Case.objects.values_list("status", flat=True)) == {"planned"}


def test_a_leave_that_came_meanwhile_costs_one_person_not_the_plan() -> None:
    world = worlds.small(1)
    proposal = world.offer(world.meeting(TUESDAY, "09:00", [seated(world, 0, 2, 4)]))
    Leave.objects.create(expert=world.experts[0], first_day=factories.monday(), last_day=factories.monday(2))
    fitted = fitting.fit(proposal, by=world.coordinator)
    (session,) = Plan.from_json(fitted.proposal.plan).sessions
    assert session.cases[0].seats == {1: world.experts[1].pk, 2: world.experts[2].pk, 3: world.experts[4].pk}
    assert (fitted.kept, fitted.anew) == (0, 1)


def test_a_settled_plan_is_not_fitted() -> None:
    world = worlds.small(1)
    proposal = world.offer(world.meeting(TUESDAY, "09:00", [seated(world, 0, 2, 4)]))
    publication.publish(proposal, by=world.coordinator)
    proposal.run.refresh_from_db()
    with pytest.raises(RuleError, match="settled"):
        fitting.fit(proposal, by=world.coordinator)


def test_cases_of_others_are_counted_not_named() -> None:
    """What a change buys is told to who may see the cases; others learn how many there are."""
    world = worlds.small(3)
    publication.publish(world.offer(world.meeting(TUESDAY, "09:00", [seated(world, 0, 2, 4)])), by=world.coordinator)
    later = world.meeting(TUESDAY, "10:00", [seated(world, 0, 2, 4)])
    changes, seen = publication.preview(world.offer(later))
    cost = change_reasons.Cost(unplaced=(world.cases[1].pk, world.cases[2].pk))
    stranger = factories.user("coordinator")
    mine = change_reasons.texts(changes, {0: cost}, seen, world.coordinator)
    theirs = change_reasons.texts(changes, {0: cost}, seen, stranger)
    numbers = f"{world.cases[1].number}, {world.cases[2].number}"
    assert mine == [f"Left as it was, {numbers} would have no place."]
    assert theirs == ["Left as it was, 2 cases would have no place."]
