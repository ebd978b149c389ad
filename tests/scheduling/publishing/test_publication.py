"""Publishing: what it writes, what it refuses, whom it tells."""

from datetime import timedelta

import pytest
from django.utils import timezone

from experts.availability import time_keeping
from mdt_portal import outbox
from mdt_portal.errors import StalePlan
from mdt_portal.models import KeptMail, OutboxMessage, StatusEvent
from scheduling.models import AgendaItem, Attendance, Invitation, PublishedPlan, RoomBooking, Session
from scheduling.problem import snapshot
from scheduling.publishing import publication
from scheduling.sessions import invitations, session_services
from scheduling.solver import rules
from scheduling.solver.core.plan import Plan
from tests import factories
from tests.scheduling import worlds

pytestmark = pytest.mark.django_db


def published(cases: int = 3) -> worlds.World:
    world = worlds.small(cases)
    publication.publish(world.propose(), by=world.coordinator)
    return world


def test_publishing_creates_sessions_seats_and_invitations() -> None:
    world = worlds.small()
    proposal = world.propose()
    assert Session.objects.count() == 0
    outcome = publication.publish(proposal, by=world.coordinator)
    session = Session.objects.get()
    assert [change.kind for change in outcome.changes] == ["new"]
    assert session.team == world.team
    assert session.items.count() == 3
    assert {seat.attendance is not None for item in session.items.all() for seat in item.seats.all()} == {True}
    assert Invitation.objects.filter(status="pending").count() == session.attendances.count() == outcome.notified
    assert RoomBooking.objects.get().end - session.end == timedelta(minutes=world.hospital.changeover_min)
    assert {case.status for case in _fresh(world)} == {"planned"}
    assert PublishedPlan.objects.get(institution=world.hospital).version == 1


def _fresh(world: worlds.World) -> list:
    return [type(case).objects.get(pk=case.pk) for case in world.cases]


def test_the_published_plan_keeps_every_rule() -> None:
    world = worlds.small()
    proposal = world.propose()
    problem = snapshot.take(proposal.run).problem
    assert rules.violations(problem, Plan.from_json(proposal.plan)) == []


def test_each_expert_gets_one_mail_with_working_links() -> None:
    published()
    outbox.deliver()
    notified = set(Attendance.objects.values_list("expert__email", flat=True))
    assert sorted(KeptMail.objects.values_list("to", flat=True)) == sorted(notified)
    mail = KeptMail.objects.first()
    token = mail.body.split("/answer/")[1].split("/")[0]
    assert invitations.by_token(token).attendance.expert.email == mail.to


def test_each_referrer_hears_once_where_their_cases_stand() -> None:
    world = worlds.small()
    owner = factories.user("referrer", at=world.hospital, email="ward@example.org", language="en")
    type(world.cases[0]).objects.update(referrer=owner)
    publication.publish(world.propose(), by=world.coordinator)
    outbox.deliver()
    mail = KeptMail.objects.get(to=owner.email)
    assert mail.subject == "3 of your referrals have a new time"
    assert all(case.number in mail.body for case in world.cases)
    assert "lung" not in mail.body.replace("Lung MDT", "")
    session_services.cancel(Session.objects.get(), by=world.coordinator, reason="chair ill")
    outbox.deliver()
    assert "wait for a place again" in KeptMail.objects.filter(to=owner.email).first().body
    publication.publish(world.propose(), by=world.coordinator)
    publication.publish(world.propose(), by=world.coordinator)
    outbox.deliver()
    assert KeptMail.objects.filter(to=owner.email).count() == 3


def test_accepting_all_confirms_cases_and_session() -> None:
    world = published()
    for invitation in Invitation.objects.all():
        assert Session.objects.get().status == "published"
        invitations.accept(invitation, by=None)
    assert Session.objects.get().status == "confirmed"
    assert {case.status for case in _fresh(world)} == {"confirmed"}


def test_declining_opens_the_seat_frees_the_time_and_unconfirms() -> None:
    world = published()
    for invitation in Invitation.objects.all():
        invitations.accept(invitation, by=None)
    lost = Invitation.objects.filter(attendance__expert__qualifications__discipline__key="THORSURG").get()
    invitations.decline(lost, by=None, reason="theatre", note="list overruns")
    assert Session.objects.get().status == "published"
    assert {case.status for case in _fresh(world)} == {"planned"}
    assert not Attendance.objects.get(pk=lost.attendance_id).active
    assert AgendaItem.objects.first().seats.filter(attendance=None).count() == 1


def test_a_new_run_repairs_a_declined_seat_and_tells_only_the_new_person() -> None:
    world = published()
    outbox.deliver()
    lost = Invitation.objects.filter(attendance__expert__qualifications__discipline__key="RADIOL").first()
    before = {a.expert_id: a.public_id for a in Attendance.objects.active()}
    invitations.decline(lost, by=None, reason="away")
    outbox.deliver()
    KeptMail.objects.all().delete()
    publication.publish(world.propose(), by=world.coordinator)
    outbox.deliver()
    after = {a.expert_id: a.public_id for a in Attendance.objects.active()}
    joined = set(after) - set(before)
    assert len(joined) == 1
    assert lost.attendance.expert_id not in after
    assert all(after[pk] == uid for pk, uid in before.items() if pk in after)
    assert [mail.to for mail in KeptMail.objects.all()] == [
        world.experts[[e.pk for e in world.experts].index(*joined)].email
    ]


def test_publishing_the_same_plan_again_changes_and_tells_nothing() -> None:
    world = published()
    outbox.deliver()
    outcome = publication.publish(world.propose(), by=world.coordinator)
    assert {change.kind for change in outcome.changes} == {"same"}
    assert outcome.notified == 0
    assert OutboxMessage.objects.filter(status="waiting", kind__startswith="notice").count() == 0


def test_commit_refuses_plan_when_expert_became_unavailable() -> None:
    world = worlds.small()
    proposal = world.propose()
    surgeon = world.experts[4]
    time_keeping.add_leave(
        surgeon, first_day=factories.monday(), last_day=factories.monday() + timedelta(days=13), by=None
    )
    with pytest.raises(StalePlan) as refused:
        publication.publish(proposal, by=world.coordinator)
    assert refused.value.params["rules"] == ["expert_free"]
    assert surgeon.name in refused.value.message
    assert Session.objects.count() == 0


def test_commit_refuses_plan_when_a_case_was_withdrawn() -> None:
    world = worlds.small()
    proposal = world.propose()
    session_services.withdraw(world.cases[0], by=world.coordinator, reason="moved away")
    with pytest.raises(StalePlan):
        publication.publish(proposal, by=world.coordinator)
    assert Session.objects.count() == 0


def test_commit_refuses_a_plan_that_rests_on_an_older_one() -> None:
    world = worlds.small()
    older = world.propose()
    publication.publish(world.propose(), by=world.coordinator)
    older.run.refresh_from_db()
    assert older.run.status == "superseded"
    with pytest.raises(StalePlan, match="published week has changed"):
        publication.publish(older, by=world.coordinator)
    assert Session.objects.count() == 1


def test_a_case_that_came_in_meanwhile_does_not_make_the_plan_stale() -> None:
    world = worlds.small()
    proposal = world.propose()
    late = factories.case_waiting(team=world.team)
    publication.publish(proposal, by=world.coordinator)
    late.refresh_from_db()
    assert late.status == "waiting"


@pytest.mark.django_db(transaction=True)  # the database speaks at the end of the transaction
def test_the_database_refuses_a_double_booking_whatever_the_code_does() -> None:
    from django.db import IntegrityError, transaction

    world = published()
    one = Attendance.objects.active().first()
    other = factories.session(factories.team("breast", at=world.hospital), start=one.start)
    with pytest.raises(IntegrityError, match="expert_in_one_place_at_a_time"), transaction.atomic():
        Attendance.objects.create(session=other, expert=one.expert, start=one.start, end=one.end)
    booking = RoomBooking.objects.get()
    with pytest.raises(IntegrityError, match="room_used_once_at_a_time"), transaction.atomic():
        RoomBooking.objects.create(room=booking.room, session=other, start=booking.start, end=booking.end)
    with pytest.raises(IntegrityError, match="one_active_place_per_case"), transaction.atomic():
        AgendaItem.objects.create(session=other, case=world.cases[0], start=one.start, minutes=15)


def test_two_attendances_may_swap_within_one_transaction() -> None:
    from django.db import transaction

    world = worlds.small(0)
    expert = world.experts[0]
    first = factories.session(
        world.team, start=factories.moment(factories.monday(), "09:00", world.hospital), experts=[expert]
    )
    second = factories.session(
        world.team, start=factories.moment(factories.monday(), "10:00", world.hospital), experts=[expert]
    )
    a, b = first.attendances.get(), second.attendances.get()
    with transaction.atomic():
        Attendance.objects.filter(pk=a.pk).update(start=b.start, end=b.end)
        Attendance.objects.filter(pk=b.pk).update(start=a.start, end=a.end)
    assert Attendance.objects.get(pk=a.pk).start == b.start


def test_cancelling_a_session_returns_its_cases_and_tells_its_people() -> None:
    world = published()
    outbox.deliver()
    KeptMail.objects.all().delete()
    session = Session.objects.get()
    people = set(session.attendances.values_list("expert__email", flat=True))
    session_services.cancel(session, by=world.coordinator, reason="chair ill")
    outbox.deliver()
    assert {case.status for case in _fresh(world)} == {"waiting"}
    assert set(KeptMail.objects.values_list("to", flat=True)) == people
    assert not Attendance.objects.active().exists()
    event = StatusEvent.objects.filter(subject_type="scheduling.session").latest("pk")
    assert (event.new, event.by, event.code) == ("cancelled", world.coordinator, "session.cancelled")


def test_withdrawing_the_only_case_calls_the_session_off() -> None:
    world = published(1)
    case = session_services.withdraw(world.cases[0], by=world.coordinator, reason="declined treatment")
    assert case.status == "withdrawn"
    assert Session.objects.get().status == "cancelled"


def test_a_session_that_begins_soon_stays_where_it_is() -> None:
    world = published()
    session = Session.objects.get()
    soon = session.start - timedelta(hours=2)
    seen = snapshot.take(world.propose().run, now=soon, notice=timedelta(0))
    assert [one.id for one in seen.problem.fixed] == [session.pk]
    assert timezone.now() < soon
