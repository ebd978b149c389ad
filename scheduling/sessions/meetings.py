"""The record of a meeting: when it began and ended, who came, and what became of each case on its agenda.

published | confirmed ──▶ in_progress ──▶ held        discussed cases go on to their recommendation,
                                                      the others back to the pool, or out of it
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.models import Case, Outcome
from cases.services import aftercare, materials
from cases.states import CaseStatus
from mdt_portal import audit, lifecycle
from mdt_portal.errors import RuleError, StaleState
from mdt_portal.i18n import phrases
from mdt_portal.models import User
from scheduling import locks
from scheduling.models import AgendaItem, Attendance, Session
from scheduling.problem import published
from scheduling.sessions import notifications, presence, session_services
from scheduling.sessions.presence import Presence
from scheduling.states import LIVE_SESSIONS, InvitationStatus, SessionStatus

CORRECTED_WITHIN = timedelta(days=1)
OFF_PLAN_AT_MOST = timedelta(hours=12)
QUORUM_REASON = Session._meta.get_field("quorum_reason").max_length or 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOutcome:
    """What the record says of one case; `missing` are codes of materials that turned out not to be at hand."""

    outcome: Outcome
    note: str = ""
    missing: frozenset[str] = frozenset()


def agenda(session: Session) -> QuerySet[AgendaItem]:
    """What the record is about."""
    return AgendaItem.objects.of_record().filter(session=session).select_related("case").order_by("start", "pk")


def invited(session: Session) -> QuerySet[Attendance]:
    """Who may have come: everybody who was asked and not replaced, with or without an answer."""
    rows = session.attendances.exclude(invitation__status=InvitationStatus.REPLACED)
    return rows.select_related("expert", "invitation").order_by("start", "pk")


def may_be_recorded(session: Session, now: datetime) -> bool:
    """Whether a meeting has begun and has no record yet, or one that may still be corrected."""
    if session.status in LIVE_SESSIONS:
        return session.start <= now
    return session.status == SessionStatus.HELD and now < _closes(session)


@transaction.atomic
def record(
    session: Session,
    *,
    by: User | None,
    start: datetime,
    end: datetime,
    came: Collection[int],
    cases: Mapping[int, CaseOutcome],
    quorum_reason: str = "",
    version: int | None = None,
    now: datetime | None = None,
) -> Session:
    """Write the record, or correct it within a day. `came` are ids of attendances, `cases` says of each case (by id)
    what became of it; `quorum_reason` why the meeting counts although nobody came, or a required seat of a discussed
    case was empty.

    Raises StaleState where somebody else was faster (`version` is the one seen), RuleError for what cannot have been.
    """
    now = now or timezone.now()
    session_services.lock(session)
    session.refresh_from_db()
    again = session.status == SessionStatus.HELD  # who corrects must have seen what they correct
    if version != session.version and (again or version is not None):
        raise StaleState(_("Somebody else has changed this session or its record in the meantime. Look at it first."))
    _check(session, start, end, cases, now=now)
    before = list(agenda(session).select_for_update(of=("self", "case")).select_related("case__team__institution"))
    if {item.case_id for item in before} != set(cases):
        raise StaleState(_("The agenda has changed in the meantime. Look at it first."))
    people = {one.pk for one in invited(session)}
    if unknown := set(came) - people:
        raise RuleError(_("Nobody with these numbers was asked to this meeting: %(n)s") % {"n": sorted(unknown)})
    present = _present(session, came, cases, reason=quorum_reason)
    back = [item.case_id for item in before if _settle(item, cases[item.case_id], session, by=by)]
    Attendance.objects.filter(pk__in=came).update(came=True)
    Attendance.objects.filter(pk__in=people - set(came)).update(came=False)
    _close(session, start, end, present=present, reason=quorum_reason, now=now, by=by)
    locks.check_constraints_now()
    published.raise_version([session.institution_id])
    notifications.notify_referrers(back)
    n, quorum = len(discussed(cases)), {} if present.met else {"quorum_reason": session.quorum_reason}
    audit.record("session.recorded", by=by, subject=session, discussed=n, cases=len(cases), **quorum)
    return session


def discussed(cases: Mapping[int, CaseOutcome]) -> set[int]:
    """The cases (ids) of which a record says that they were discussed."""
    return {case for case, said in cases.items() if said.outcome == Outcome.DISCUSSED}


def _closes(session: Session) -> datetime:
    """Until when the record may be corrected."""
    assert session.recorded_at is not None
    return session.recorded_at + CORRECTED_WITHIN


def _check(
    session: Session, start: datetime, end: datetime, cases: Mapping[int, CaseOutcome], *, now: datetime
) -> None:
    if session.status == SessionStatus.CANCELLED:
        raise StaleState(_("This session was called off; there is nothing to record."))
    if session.start > now:
        raise RuleError(_("This session has not begun yet."))
    if not may_be_recorded(session, now):
        raise RuleError(_("A record can be corrected for one day. This one is closed."))
    if start >= end:
        raise RuleError(_("The end lies before the beginning."), fields={"end": [_("Lies before the beginning.")]})
    if end > now:
        raise RuleError(_("The end lies in the future."), fields={"end": [_("Lies in the future.")]})
    if abs(start - session.start) > OFF_PLAN_AT_MOST:
        message = _("The beginning lies more than 12 hours from the plan.")
        raise RuleError(message, fields={"start": [message]})
    for case, said in cases.items():
        if said.outcome == Outcome.OTHER and not said.note.strip():
            message = _("Say why it was not discussed.")
            raise RuleError(message, fields={f"note_{case}": [message]})


def _present(session: Session, came: Collection[int], cases: Mapping[int, CaseOutcome], *, reason: str) -> Presence:
    """Who was there; refused where that was not enough and nobody says why the meeting counts all the same."""
    found = presence.of(session, came=set(came), discussed=discussed(cases))
    if len(reason.strip()) > QUORUM_REASON:
        message = _("At most %(n)d characters.") % {"n": QUORUM_REASON}
        raise RuleError(message, fields={"quorum_reason": [message]})
    if found.met or reason.strip():
        return found
    if not found.came:
        message = phrases.sentences(_("Nobody came."), _("Say why this meeting counts all the same."))
    else:
        message = phrases.sentences(
            _("Not every required seat of the discussed cases was filled."),
            _("%(sentence)s.") % {"sentence": found.absences()},
            _("Say why this meeting counts all the same."),
        )
    raise RuleError(message, code="quorum_missing", fields={"quorum_reason": [message]})


def _settle(item: AgendaItem, said: CaseOutcome, session: Session, *, by: User | None) -> bool:
    """Write what became of one case, and move it; returns whether it has just lost its place."""
    discussed = said.outcome == Outcome.DISCUSSED
    note = "" if discussed else said.note.strip()
    changed = item.outcome != said.outcome
    if changed and item.outcome and item.outcome != Outcome.DISCUSSED:
        _take_up_again(item.case, stays_out=not discussed, by=by)
    if changed and discussed:
        aftercare.discussed(item.case, by=by, ended=session.end)
    elif changed:
        aftercare.not_discussed(item.case, by=by, outcome=said.outcome, note=note)
        if said.outcome == Outcome.MATERIALS:
            materials.mark_missing(item.case, said.missing, by=by)
    AgendaItem.objects.filter(pk=item.pk).update(outcome=said.outcome, note=note, active=discussed)
    return changed and not discussed


def _take_up_again(case: Case, *, stays_out: bool, by: User | None) -> None:
    """Bring a case that was recorded as not discussed back to where the correction can speak of it."""
    elsewhere = AgendaItem.objects.filter(case=case, active=True).exists()
    if case.status != CaseStatus.WAITING or elsewhere:
        raise RuleError(_("%(case)s has gone on since; what the record says of it cannot change.") % {"case": case})
    if not stays_out:
        lifecycle.move(case, CaseStatus.PLANNED, by=by, why="case.record_corrected")


def _close(
    session: Session,
    start: datetime,
    end: datetime,
    *,
    present: Presence,
    reason: str,
    now: datetime,
    by: User | None,
) -> None:
    fields: dict[str, Any] = {
        "actual_start": start,
        "actual_end": end,
        "version": session.version + 1,
        "people_came": present.came,
        "seats_needed": present.needed,
        "seats_missing": list(present.missing),
        "quorum_reason": "" if present.met else reason.strip(),
    }
    if session.status == SessionStatus.HELD:
        Session.objects.filter(pk=session.pk).update(**fields)
        for name, value in fields.items():
            setattr(session, name, value)
        return
    if session.status != SessionStatus.IN_PROGRESS:
        lifecycle.move(session, SessionStatus.IN_PROGRESS, by=by, why="session.begun")
    lifecycle.move(session, SessionStatus.HELD, by=by, why="session.recorded", recorded_at=now, **fields)
