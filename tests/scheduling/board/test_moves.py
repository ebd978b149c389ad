"""Changes by hand: what is checked, what is written, who is told, and how a change is undone."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from cases.models import Case, MaterialItem
from cases.states import CaseStatus
from mdt_portal import outbox
from mdt_portal.errors import RuleError
from mdt_portal.models import KeptMail, OutboxMessage, User
from scheduling.board import dry_run, moves
from scheduling.board.core.severity import Severity
from scheduling.board.moves import NotAcknowledged, StaleMove, Where
from scheduling.models import Attendance, Invitation, Move, PublishedPlan, RoomBooking, Seat, Session
from scheduling.sessions import invitations, session_services
from tests import factories
from tests.scheduling.worlds import World, small

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    found = small(cases=3)
    found.hospital.zone = "Europe/London"  # where mails are written in English
    found.hospital.save()
    return found


def at(world: World, day: int, clock: str) -> datetime:
    return factories.moment(factories.monday() + timedelta(days=day), clock, world.hospital)


def placed(world: World, number: int = 0, *, day: int = 1, clock: str = "14:00", room: int = 0) -> Session:
    """The case in a session of its own."""
    where = Where(start=at(world, day, clock), room=world.rooms[room])
    moves.place(world.cases[number], where, by=world.coordinator)
    return session_of(world.cases[number])


def session_of(case: Case) -> Session:
    return Session.objects.live().get(items__case=case, items__active=True)


def start_of(case: Case) -> datetime:
    return case.items.get(active=True).start


def people(session: Session) -> set[int]:
    return set(session.attendances.active().values_list("expert", flat=True))


def notified() -> list[int]:
    return sorted(
        row.payload["expert"] for row in OutboxMessage.objects.filter(kind="notification.expert", status="waiting")
    )


def mails() -> dict[str, list[str]]:
    """What the experts get when the messages are due, by address."""
    OutboxMessage.objects.exclude(kind="notification.expert").delete()
    OutboxMessage.objects.update(not_before=timezone.now())
    outbox.deliver()
    found: dict[str, list[str]] = {}
    for mail in KeptMail.objects.all():
        found.setdefault(mail.to, []).append(mail.body)
    KeptMail.objects.all().delete()
    return found


def codes(check: dry_run.Check) -> list[tuple[str, str]]:
    return [(str(warning.level), warning.code) for warning in check.warnings]


# Placing --------------------------------------------------------------------------------------------------------------


def test_a_waiting_case_gets_a_session_of_its_own(world: World) -> None:
    session = placed(world)
    case = world.cases[0]
    case.refresh_from_db()
    assert (case.status, session.start, session.room) == (CaseStatus.PLANNED, at(world, 1, "14:00"), world.rooms[0])
    assert session.end == session.start + timedelta(minutes=15)
    assert len(people(session)) == Seat.objects.filter(item__case=case, attendance__isnull=False).count() == 3
    assert Invitation.objects.filter(status="pending").count() == 3
    assert notified() == sorted(people(session))
    assert PublishedPlan.objects.get().version == Move.objects.get().version == 1


def test_without_a_room_the_tightest_that_fits_is_taken(world: World) -> None:
    tight = factories.room(at=world.hospital, capacity=3)
    moves.place(world.cases[0], Where(start=at(world, 1, "14:00")), by=world.coordinator)
    assert session_of(world.cases[0]).room == tight


def test_a_case_joins_a_session_with_the_same_people(world: World) -> None:
    session = placed(world)
    before = people(session)
    moves.place(world.cases[1], Where(session=session), by=world.coordinator)
    session.refresh_from_db()
    assert people(session) == before
    assert [item.start for item in session.items.order_by("start")] == [session.start, at(world, 1, "14:15")]
    assert session.end == at(world, 1, "14:30") and RoomBooking.objects.get(active=True).end >= session.end


def test_a_gap_is_filled_before_the_end_is_extended(world: World) -> None:
    session = placed(world)
    moves.place(world.cases[1], Where(session=session, start=at(world, 1, "14:30")), by=world.coordinator)
    moves.place(world.cases[2], Where(session=session), by=world.coordinator)
    assert start_of(world.cases[2]) == at(world, 1, "14:15")


def test_a_case_that_has_a_place_is_not_placed_again(world: World) -> None:
    placed(world)
    with pytest.raises(StaleMove):
        moves.place(world.cases[0], Where(start=at(world, 2, "14:00")), by=world.coordinator)


def test_missing_materials_block_a_routine_case(world: World) -> None:
    MaterialItem.objects.create(case=world.cases[0], code="ct")
    Case.objects.update(urgency="routine")
    check = moves.check(world.cases[0], Where(start=at(world, 1, "14:00")))
    assert codes(check) == [("block", "materials")]
    Case.objects.update(urgency="urgent")
    world.cases[0].refresh_from_db()
    assert codes(moves.check(world.cases[0], Where(start=at(world, 1, "14:00")))) == []


# What speaks against it -----------------------------------------------------------------------------------------------


def test_a_room_that_is_taken_blocks_with_its_reason(world: World) -> None:
    placed(world)
    other = factories.team("breast", at=world.hospital)
    case = factories.case_waiting(team=other, seats=[("RADIOL", 3)])
    where = Where(start=at(world, 1, "14:05"), room=world.rooms[0])
    assert ("block", "room_changeover") in codes(moves.check(case, where))
    with pytest.raises(RuleError) as refused:
        moves.place(case, where, by=world.coordinator)
    assert (refused.value.code, str(world.rooms[0]) in refused.value.message) == ("move_blocked", True)
    assert Session.objects.count() == 1


def test_the_past_blocks(world: World) -> None:
    where = Where(start=at(world, -10, "14:00"), room=world.rooms[0])
    assert ("block", "past") in codes(moves.check(world.cases[0], where))


def test_nobody_at_all_blocks_and_one_open_seat_holds(world: World) -> None:
    sunday = Where(start=at(world, 6, "14:00"), room=world.rooms[0])
    assert ("block", "nobody") in codes(moves.check(world.cases[0], sunday))
    world.experts[4].weekly_availability.all().delete()
    check = moves.check(world.cases[0], Where(start=at(world, 1, "14:00"), room=world.rooms[0]))
    assert codes(check) == [("hold", "seat_filled")]
    assert "stays open" in check.warnings[0].text and "Thorsurg" in check.warnings[0].text


def test_a_warning_wants_a_word(world: World) -> None:
    Case.objects.update(due_at=at(world, 1, "10:00"))
    where = Where(start=at(world, 1, "14:00"), room=world.rooms[0])
    case = Case.objects.get(pk=world.cases[0].pk)
    assert codes(moves.check(case, where)) == [("warn", "late")]
    with pytest.raises(NotAcknowledged):
        moves.place(case, where, by=world.coordinator)
    moves.place(case, where, by=world.coordinator, acknowledged=True)
    assert session_of(case).start == at(world, 1, "14:00")


def test_a_person_over_their_limit_is_a_warning(world: World) -> None:
    surgeon = world.experts[4]
    surgeon.max_sessions_day = 1
    surgeon.save()
    placed(world, clock="09:00")
    check = moves.check(world.cases[1], Where(start=at(world, 1, "15:00"), room=world.rooms[0]))
    assert codes(check) == [("warn", "cap_day")]
    assert check.level == Severity.WARN


def test_what_was_broken_before_is_not_held_against_a_change(world: World) -> None:
    placed(world)
    invitations.decline(Invitation.objects.filter(attendance__expert=world.experts[4]).get(), by=None)
    assert codes(moves.check(world.cases[1], Where(start=at(world, 2, "14:00"), room=world.rooms[0]))) == []


# Moving ---------------------------------------------------------------------------------------------------------------


def test_a_session_moves_with_its_people_and_all_are_asked_again(world: World) -> None:
    session = placed(world)
    before = people(session)
    for invitation in Invitation.objects.all():
        invitations.accept(invitation, by=None)
    OutboxMessage.objects.all().delete()
    moves.move_session(session, Where(start=at(world, 2, "09:00"), room=world.rooms[1]), by=world.coordinator)
    session.refresh_from_db()
    assert (session.start, session.room, session.status) == (at(world, 2, "09:00"), world.rooms[1], "published")
    assert people(session) == before
    assert set(Invitation.objects.values_list("status", flat=True)) == {"pending"}
    assert notified() == sorted(before)


def test_who_is_not_free_is_replaced_and_nobody_else(world: World) -> None:
    session = placed(world)
    gone = next(e for e in world.experts[:2] if e.pk in people(session))
    deputy = next(e for e in world.experts[:2] if e != gone)
    gone.weekly_availability.filter(weekday=2).delete()
    check = moves.check(session, Where(start=at(world, 2, "14:00"), room=world.rooms[0]))
    (change,) = check.changes
    assert (change.leaves, change.joins) == ({gone.pk}, {deputy.pk})
    moves.move_session(
        session,
        Where(start=at(world, 2, "14:00"), room=world.rooms[0]),
        by=world.coordinator,
        expected=check.fingerprint,
    )
    assert gone.pk not in people(session) and deputy.pk in people(session)


def test_a_case_changes_its_session_and_those_who_notice_are_told(world: World) -> None:
    first, second = placed(world, 0), placed(world, 1, day=2)
    moves.place(world.cases[2], Where(session=first), by=world.coordinator)
    OutboxMessage.objects.all().delete()
    moves.move_case(world.cases[2], Where(session=second), by=world.coordinator)
    assert session_of(world.cases[2]) == second
    first.refresh_from_db()
    assert first.end == at(world, 1, "14:15")
    assert notified() == sorted(people(first))  # they stay less long there, and come to the second as well
    assert people(first) < people(second)


def test_the_last_case_takes_its_session_along(world: World) -> None:
    session = placed(world)
    moves.move_case(world.cases[0], Where(start=at(world, 3, "10:00"), room=world.rooms[0]), by=world.coordinator)
    assert session_of(world.cases[0]) == session
    moves.place(world.cases[1], Where(start=at(world, 3, "15:00"), room=world.rooms[0]), by=world.coordinator)
    moves.move_case(world.cases[0], Where(session=session_of(world.cases[1])), by=world.coordinator)
    session.refresh_from_db()
    assert session.status == "cancelled"


def test_only_the_person_that_is_gone_hears_of_a_case_taken_off(world: World) -> None:
    session = placed(world)
    other = factories.case_waiting(team=world.team, seats=[("RADIOL", 3)])
    moves.place(other, Where(session=session), by=world.coordinator)
    radiologist = Attendance.objects.active().get(seats__item__case=other).expert_id
    OutboxMessage.objects.all().delete()
    moves.take_off(other, by=world.coordinator)
    other.refresh_from_db()
    assert (other.status, notified()) == (CaseStatus.WAITING, [radiologist])  # comes for a shorter time


def test_a_session_that_has_begun_stays(world: World) -> None:
    session = placed(world)
    Session.objects.update(start=timezone.now() - timedelta(minutes=5))
    assert codes(moves.check(session, Where(start=at(world, 2, "14:00")))) == [("block", "begun")]


# Two at once ----------------------------------------------------------------------------------------------------------


def test_a_stale_fingerprint_is_refused_and_nothing_is_overwritten(world: World) -> None:
    where = Where(start=at(world, 1, "14:00"), room=world.rooms[0])
    seen = moves.check(world.cases[0], where)
    placed(world, 1, day=3)
    with pytest.raises(StaleMove):
        moves.place(world.cases[0], where, by=world.coordinator, expected=seen.fingerprint)
    moves.place(world.cases[0], where, by=world.coordinator, expected=moves.check(world.cases[0], where).fingerprint)


def test_a_leave_between_look_and_action_is_noticed(world: World) -> None:
    where = Where(start=at(world, 1, "14:00"), room=world.rooms[0])
    seen = moves.check(world.cases[0], where)
    assert seen.draft is not None
    chosen = {pk for one in seen.draft.after for pk in one.people()}
    next(e for e in world.experts[:2] if e.pk in chosen).weekly_availability.all().delete()
    with pytest.raises(StaleMove):
        moves.place(world.cases[0], where, by=world.coordinator, expected=seen.fingerprint)


# Undo -----------------------------------------------------------------------------------------------------------------


def test_undo_puts_everything_back(world: World) -> None:
    session = placed(world)
    before = people(session)
    move = moves.move_session(session, Where(start=at(world, 2, "09:00"), room=world.rooms[1]), by=world.coordinator)
    assert moves.last(world.coordinator, world.hospital) == move
    moves.undo(move, by=world.coordinator)
    session.refresh_from_db()
    assert (session.start, session.room, people(session)) == (at(world, 1, "14:00"), world.rooms[0], before)
    assert moves.last(world.coordinator, world.hospital) == Move.objects.get(kind="place")


def test_undo_of_a_place_and_of_a_taking_off(world: World) -> None:
    placed(world)
    case = world.cases[0]
    off = moves.take_off(case, by=world.coordinator)
    assert not Session.objects.live().exists()
    moves.undo(off, by=world.coordinator)
    assert start_of(case) == at(world, 1, "14:00")
    back = Move.objects.get(kind="undo")
    moves.undo(back, by=world.coordinator)
    case.refresh_from_db()
    assert case.status == CaseStatus.WAITING


def test_nobody_hears_of_what_was_undone_at_once(world: World) -> None:
    placed(world)
    assert len(notified()) == 3
    moves.undo(Move.objects.get(), by=world.coordinator)
    assert mails() == {}


def answered(session: Session) -> dict[int, tuple[str, str, int, str]]:
    """By expert: the answer, what the link in their mail carries, and the calendar entry."""
    rows = session.attendances.active().select_related("invitation")
    return {
        row.expert_id: (row.invitation.status, row.invitation.public_id, row.invitation.nonce, row.public_id)
        for row in rows
    }


def links_of(session: Session) -> list[str]:
    return [invitations.link(row.invitation) for row in session.attendances.active().select_related("invitation")]


def opens(link: str) -> str:
    """The answer that a link's invitation has, or that the link is dead."""
    token = link.rstrip("/").rpartition("/")[2]
    try:
        return str(invitations.by_token(token).status)
    except invitations.LinkDead:
        answered = invitations.answered_by_token(token)
        return f"was {answered.status}" if answered else "dead"


@pytest.mark.parametrize(
    ("day", "clock", "room"), [(2, "09:00", 0), (1, "15:00", 0), (1, "14:00", 1)], ids=["day", "hour", "room"]
)
def test_who_was_told_and_is_moved_back_hears_nothing_and_keeps_answer_and_link(
    world: World, day: int, clock: str, room: int
) -> None:
    """FAULTS: move then undo after the message was sent sent a second identical invitation."""
    session = placed(world)
    assert len(mails()) == 3
    links = links_of(session)
    yes = session.attendances.active().order_by("expert")[0]
    invitations.accept(yes.invitation, by=None)
    before = answered(session)
    move = moves.move_session(session, Where(start=at(world, day, clock), room=world.rooms[room]), by=world.coordinator)
    assert {status for status, *_rest in answered(Session.objects.live().get()).values()} == {"pending"}
    assert [opens(link) for link in links] == ["dead"] * 3
    moves.undo(move, by=world.coordinator, acknowledged=True)
    assert answered(Session.objects.live().get()) == before
    assert mails() == {}
    assert sorted(opens(link) for link in links) == ["pending", "pending", "was accepted"]


def test_who_was_told_of_the_move_is_told_of_the_way_back(world: World) -> None:
    session = placed(world)
    mails()
    move = moves.move_session(session, Where(start=at(world, 2, "09:00"), room=world.rooms[0]), by=world.coordinator)
    assert all("has changed" in body and "09:00" in body for (body,) in mails().values())
    moves.undo(move, by=world.coordinator, acknowledged=True)
    back = mails()
    assert len(back) == 3
    assert all("has changed" in body and "14:00" in body and "09:00" not in body for (body,) in back.values())


def test_three_moves_in_a_row_are_one_message_of_the_last_place(world: World) -> None:
    session = placed(world)
    mails()
    for day, clock in ((2, "09:00"), (3, "10:00"), (2, "15:00")):
        moves.move_session(session, Where(start=at(world, day, clock), room=world.rooms[0]), by=world.coordinator)
    told = mails()
    assert len(told) == 3
    assert all("15:00" in body and "10:00" not in body for (body,) in told.values())
    assert mails() == {}


def test_a_case_that_comes_back_to_a_session_that_was_given_up_brings_the_same_invitations(world: World) -> None:
    """Taking the only case off ends the session; its undo makes another one, and nobody notices."""
    session = placed(world)
    mails()
    links = links_of(session)
    invitations.accept(session.attendances.active().order_by("expert")[0].invitation, by=None)
    before = answered(session)
    off = moves.take_off(world.cases[0], by=world.coordinator, acknowledged=True)
    assert [opens(link) for link in links].count("pending") == 0
    moves.undo(off, by=world.coordinator, acknowledged=True)
    again = Session.objects.live().get()
    assert again != session
    assert answered(again) == before
    assert mails() == {}
    assert sorted(opens(link) for link in links) == ["pending", "pending", "was accepted"]


def test_the_referrer_of_what_was_moved_back_hears_nothing(world: World) -> None:
    def read() -> list[str]:
        OutboxMessage.objects.exclude(kind="notification.referrer").delete()
        OutboxMessage.objects.update(not_before=timezone.now())
        outbox.deliver()
        bodies = list(KeptMail.objects.values_list("body", flat=True))
        KeptMail.objects.all().delete()
        return bodies

    User.objects.filter(pk=world.cases[0].referrer_id).update(email="ward@example.org", language="en")
    session = placed(world)
    (body,) = read()
    assert "14:00" in body
    move = moves.move_session(session, Where(start=at(world, 2, "09:00"), room=world.rooms[0]), by=world.coordinator)
    moves.undo(move, by=world.coordinator, acknowledged=True)
    assert read() == []
    off = moves.take_off(world.cases[0], by=world.coordinator, acknowledged=True)
    assert len(read()) == 1
    moves.undo(off, by=world.coordinator, acknowledged=True)
    (body,) = read()
    assert "14:00" in body


def test_who_has_heard_that_they_are_free_is_invited_anew(world: World) -> None:
    placed(world)
    mails()
    off = moves.take_off(world.cases[0], by=world.coordinator, acknowledged=True)
    assert all("free again" in body for (body,) in mails().values())
    moves.undo(off, by=world.coordinator, acknowledged=True)
    again = mails()
    assert len(again) == 3 and all("offered to you" in body for (body,) in again.values())


def test_who_never_heard_of_a_place_is_not_set_free_from_it(world: World) -> None:
    placed(world)
    moves.take_off(world.cases[0], by=world.coordinator, acknowledged=True)
    assert mails() == {}


def test_who_is_set_free_from_a_move_that_they_never_heard_of_reads_the_time_that_they_knew(world: World) -> None:
    session = placed(world)
    mails()
    moves.move_session(session, Where(start=at(world, 2, "09:00"), room=world.rooms[0]), by=world.coordinator)
    moves.take_off(world.cases[0], by=world.coordinator, acknowledged=True)
    told = mails()
    assert len(told) == 3
    assert all("free again" in body and "14:00" in body and "09:00" not in body for (body,) in told.values())


def test_a_link_of_a_place_that_was_undone_never_answers_for_another(world: World) -> None:
    """Who had the page of the moved session open holds a link to it; the numbers of links are not given out twice."""
    session = placed(world)
    mails()
    move = moves.move_session(session, Where(start=at(world, 2, "09:00"), room=world.rooms[0]), by=world.coordinator)
    stale = links_of(Session.objects.live().get())
    moves.undo(move, by=world.coordinator, acknowledged=True)
    assert [opens(link) for link in stale] == ["dead"] * 3
    moves.move_session(
        Session.objects.live().get(), Where(start=at(world, 3, "10:00"), room=world.rooms[0]), by=world.coordinator
    )
    assert [opens(link) for link in stale] == ["dead"] * 3


def test_undo_is_refused_when_something_newer_touches_it(world: World) -> None:
    session = placed(world)
    move = Move.objects.get()
    moves.place(world.cases[1], Where(session=session), by=world.coordinator)
    with pytest.raises(RuleError, match="newer"):
        moves.undo(move, by=world.coordinator)
    session_services.withdraw(world.cases[1], by=world.coordinator, reason="by mistake")


def test_undo_is_ones_own_and_checked(world: World) -> None:
    session = placed(world)
    move = moves.move_session(session, Where(start=at(world, 2, "09:00"), room=world.rooms[1]), by=world.coordinator)
    with pytest.raises(RuleError, match="Only who made"):
        moves.undo(move, by=factories.user("coordinator", at=world.hospital))
    world.experts[4].weekly_availability.filter(weekday=1).delete()
    with pytest.raises(RuleError) as refused:
        moves.undo(move, by=world.coordinator)
    assert refused.value.code == "move_blocked"
