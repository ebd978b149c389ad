"""Promises that are kept for a few minutes. What a hold owns is free again when it ends.

    hold ──▶ held ──confirm──▶ booked: a place in the published week, seats, invitations, notices
                  ──release, expire──▶ free again

A hold takes the same locks as publishing and asks the same rules of a fresh snapshot, and its attendances and its room
stand under the same exclusion constraints as those of sessions: a time is never held by two.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.models import Case
from cases.states import CaseStatus
from mdt_portal import audit, lifecycle
from mdt_portal.errors import Conflict, RuleError, StaleState
from mdt_portal.models import User
from scheduling import locks
from scheduling.models import Attendance, AttendanceMode, Hold, RoomBooking, Session
from scheduling.problem import published, single_case, snapshot
from scheduling.problem.core import plan_diff
from scheduling.problem.snapshot import Snapshot
from scheduling.publishing import earliest_slots, writer
from scheduling.publishing.earliest_slots import Claim, Fit
from scheduling.sessions import notifications
from scheduling.states import HoldStatus


class HoldOver(Conflict):
    """The promise has ended: its minutes are over, or it was let go."""

    code = "hold_over"


def of(case: Case) -> Hold | None:
    """The promise that is kept for the case right now."""
    rows = Hold.objects.live(timezone.now()).filter(case=case)
    return rows.select_related("room", "session", "team__institution", "by").first()


# Services -------------------------------------------------------------------------------------------------------------


def hold(case: Case, key: str, *, by: User | None) -> Hold:
    """Keep one of the promised times for some minutes (the hospital's setting); a slot's `key` says which.

    Another time that the same person holds for the case is let go. Raises SlotTaken when somebody was faster,
    StaleState when the case does not wait any more, Conflict when somebody else holds a time for it.
    """
    claim = earliest_slots.claimed(key)
    with _one_winner():
        return _hold(case, claim, by=by)


def _hold(case: Case, claim: Claim, *, by: User | None) -> Hold:
    _lock(case, claim)
    case = _waiting(case)
    expire()
    _let_go_of_former(case, by=by)
    now = timezone.now()
    seen = single_case.around(case, now=now, notice=snapshot.NO_NOTICE)
    fit = earliest_slots.fit(case, claim, seen)
    team = case.team
    assert team is not None
    row = Hold.objects.create(
        case=case,
        team=team,
        by=by,
        session_id=claim.session,
        room_id=claim.room,
        start=claim.start,
        end=claim.start + timedelta(minutes=case.minutes or 0),
        people={str(place): expert for place, expert in claim.people.items()},
        expires_at=now + timedelta(minutes=team.institution.hold_min),
    )
    _occupy(row, fit, seen)
    locks.check_constraints_now()
    audit.record("case.held", by=by, subject=case, start=claim.start.isoformat())
    return row


def confirm(hold: Hold, *, by: User | None) -> Case:
    """Turn the promise into a place in the published week: a session opens or its agenda grows, people are invited.

    Raises HoldOver when the time is not held any more, SlotTaken when a rule forbids it by now.
    """
    with _one_winner():
        return _confirm(hold, by=by)


def _confirm(row: Hold, *, by: User | None) -> Case:
    claim = _claim(row)
    _lock(row.case, claim)
    if row.expires_at <= timezone.now() or not _end(row.pk, HoldStatus.BOOKED, by=by, why="hold.booked"):
        raise HoldOver(_("This time is not held any more. Look for the earliest times again."))
    case = _waiting(row.case)
    seen = single_case.around(case, notice=snapshot.NO_NOTICE)
    fit = earliest_slots.fit(case, claim, seen)
    change = plan_diff.compare(
        [fit.old] if fit.old else [],
        [fit.new],
        {one.id: one.duration_min for one in seen.problem.cases},
        writer.roles(seen),
    )
    affected = writer.Writer(seen, None, by).write(change)
    row.session = Session.objects.get(items__case=case, items__active=True)
    row.save(update_fields=["session"])
    locks.check_constraints_now()
    published.raise_version([row.team.institution_id])
    notifications.notify(affected)
    notifications.notify_referrers([case.pk])
    audit.record("case.booked", by=by, subject=case, start=row.start.isoformat())
    case.refresh_from_db()
    return case


@transaction.atomic
def release(hold: Hold, *, by: User | None) -> None:
    """Let a promise go before its time. One that has ended already is no mistake."""
    _end(hold.pk, HoldStatus.RELEASED, by=by, why="hold.released")


def expire() -> int:
    """End all holds whose time is over; returns how many."""
    return sum(
        _end(pk, HoldStatus.EXPIRED, by=None, why="hold.expired")
        for pk in Hold.objects.filter(status=HoldStatus.HELD, expires_at__lte=timezone.now()).values_list(
            "pk", flat=True
        )
    )


# Under the locks ------------------------------------------------------------------------------------------------------


@contextmanager
def _one_winner() -> Iterator[None]:
    """One transaction; what the database's constraints refuse is a time that somebody else took."""
    try:
        with transaction.atomic():
            yield
    except (IntegrityError, OperationalError) as error:
        raise earliest_slots.taken() from error


def _lock(case: Case, claim: Claim) -> None:
    if case.team is None:
        raise RuleError(_("%(case)s belongs to no team yet.") % {"case": case})
    locks.take(
        plans=[case.team.institution_id],
        rooms=[claim.room] if claim.room is not None else [],
        experts=claim.people.values(),
        teams=[case.team.pk],
    )


def _waiting(case: Case) -> Case:
    """The case under lock, as it is now, if a time may be booked for it."""
    rows = Case.objects.select_for_update(of=("self",)).select_related("team__institution", "institution")
    case = rows.get(pk=case.pk)
    if case.status != CaseStatus.WAITING or not earliest_slots.asks_for_a_time(case):
        raise StaleState(_("%(case)s does not wait for a place any more.") % {"case": case})
    if earliest_slots.held_back(case):
        raise RuleError(
            _("Materials of %(case)s are missing. A time can be booked once they are here.") % {"case": case}
        )
    return case


def _let_go_of_former(case: Case, *, by: User | None) -> None:
    former = of(case)
    if former is None:
        return
    if by is None or former.by_id != by.pk:
        raise Conflict(_("%(who)s holds a time for %(case)s right now.") % {"who": former.by, "case": case})
    _end(former.pk, HoldStatus.RELEASED, by=by, why="hold.released")


def _occupy(row: Hold, fit: Fit, seen: Snapshot) -> None:
    """Take people and room for what the hold adds: those who sit in the session already stay on to the end."""
    there: dict[int, datetime] = {}
    if row.session_id is not None:
        there = dict(Attendance.objects.active().filter(session=row.session_id).values_list("expert_id", "end"))
    Attendance.objects.bulk_create(
        Attendance(
            hold=row,
            expert_id=expert,
            start=there.get(expert, row.start),
            end=row.end,
            mode=AttendanceMode.ON_SITE if seen.problem.on_site(expert, fit.new.site) else AttendanceMode.REMOTE,
        )
        for expert in set(row.people.values())
    )
    if row.room_id is None:
        return
    changeover = timedelta(minutes=row.team.institution.changeover_min)
    session = Session.objects.get(pk=row.session_id) if row.session_id else None
    start, end = session.end + changeover if session else row.start, row.end + changeover
    if start < end:
        RoomBooking.objects.create(hold=row, room_id=row.room_id, start=start, end=end)


def _claim(row: Hold) -> Claim:
    people = {int(place): expert for place, expert in row.people.items()}
    return Claim(start=row.start, session=row.session_id, room=row.room_id, people=people)


@transaction.atomic
def _end(pk: int, to: HoldStatus, *, by: User | None, why: str) -> bool:
    row = Hold.objects.select_for_update(skip_locked=True).filter(pk=pk, status=HoldStatus.HELD).first()
    if row is None:
        return False
    Attendance.objects.filter(hold=row).update(active=False)
    RoomBooking.objects.filter(hold=row).update(active=False)
    lifecycle.move(row, to, by=by, why=why)
    return True
