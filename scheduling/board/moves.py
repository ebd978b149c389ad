"""Changes by hand: move a case or a session, place a case, take one off, undo. Checked before they are saved.

    check ──▶ warnings, people changed, who is notified ──▶ the same change with the check's fingerprint ──▶ written

An action goes the way of its check again, under the locks. If the week, or what the check found, has changed meanwhile,
it is refused (StaleMove) and nothing is overwritten.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.models import Case
from experts.models import Institution
from mdt_portal import audit
from mdt_portal.errors import Conflict, RuleError
from mdt_portal.models import User
from scheduling import locks
from scheduling.board import dry_run, editable_week, fixed_sessions
from scheduling.board.core.severity import Severity
from scheduling.board.dry_run import Check, Where
from scheduling.board.editable_week import EditableWeek
from scheduling.models import Move, MoveKind, PublishedPlan, Session
from scheduling.problem import published
from scheduling.problem.core.plan_diff import compare
from scheduling.problem.places import places
from scheduling.publishing import holds, writer
from scheduling.sessions import notifications

NOTIFY_WITHIN = timedelta(minutes=2)
"""So long a change waits before people hear of it: what is moved twice or undone at once costs one message or none."""

UNDO_WITHIN = timedelta(days=1)
NEEDS_ACKNOWLEDGEMENT = (Severity.BLOCKS_CONFIRMATION, Severity.WARN)


class StaleMove(Conflict):
    """The week, or what speaks against the change, is not what the coordinator saw."""

    code = "stale_move"


class NotAcknowledged(RuleError):
    """There are warnings that nobody has said yes to."""

    code = "not_acknowledged"


def check(subject: Case | Session, where: Where | None, *, again: EditableWeek | None = None) -> Check:
    """What moving a case or a session there would do; None takes a case off. Nothing is written. The week is not read
    once more where `again` has it."""
    if isinstance(subject, Session):
        return dry_run.of_session(subject, where or Where(), again=again)
    if where is None:
        return dry_run.of_take_off(subject, again=again)
    return dry_run.of_case(subject, where, again=again)


def place(case: Case, where: Where, *, by: User, acknowledged: bool = False, expected: str = "") -> Move:
    """Give a waiting case a place in a session or in one of its own.

    Raises RuleError with the reason where a warning blocks, NotAcknowledged where warnings want a word, StaleMove
    where `expected` (the fingerprint of a check) is not the present outcome any more. Then nothing is written.
    """
    if dry_run.place_of(case) is not None:
        raise StaleMove(_("%(case)s has got a place meanwhile. Look at it again.") % {"case": case})
    return _do(_home(case), lambda: check(case, where), by=by, acknowledged=acknowledged, expected=expected)


def move_case(case: Case, where: Where, *, by: User, acknowledged: bool = False, expected: str = "") -> Move:
    """Bring a case that has a place to another one. Raises what `place` raises."""
    if dry_run.place_of(case) is None:
        raise dry_run.no_place(case)
    return _do(_home(case), lambda: check(case, where), by=by, acknowledged=acknowledged, expected=expected)


def move_session(session: Session, where: Where, *, by: User, acknowledged: bool = False, expected: str = "") -> Move:
    """Bring a session to another time or room; whoever is not free then is replaced by somebody who is."""
    institution = session.institution_id
    return _do(institution, lambda: check(session, where), by=by, acknowledged=acknowledged, expected=expected)


def take_off(case: Case, *, by: User, acknowledged: bool = False, expected: str = "") -> Move:
    """Take a case off its agenda; it waits again."""
    return _do(_home(case), lambda: check(case, None), by=by, acknowledged=acknowledged, expected=expected)


@transaction.atomic
def undo(move: Move, *, by: User, acknowledged: bool = False, expected: str = "") -> Move:
    """Put back what one changed oneself, as long as nothing newer touches it. An undone undo does the change again."""
    if move.by_id != by.pk:
        raise RuleError(_("Only who made a change can undo it."))
    done = _do(move.institution_id, lambda: dry_run.of_undo(move), by=by, acknowledged=acknowledged, expected=expected)
    if not Move.objects.filter(pk=move.pk, undone_at=None).update(undone_at=timezone.now()):
        raise StaleMove(_("This change was undone already."))
    return done


def last(user: User, institution: Institution) -> Move | None:
    """The newest change of this user that could still be undone: the one behind the button."""
    rows = Move.objects.filter(by=user, institution=institution, undone_at=None).exclude(kind=MoveKind.UNDO)
    return rows.filter(made_at__gte=timezone.now() - UNDO_WITHIN).order_by("-pk").first()


def notified(move: Move) -> int:
    """How many people hear of a change: those whose time, place or part it touched, as its check said. One query."""
    rows = Case.objects.in_bulk(fixed_sessions.cases(move.before) | fixed_sessions.cases(move.after))
    starts = [*fixed_sessions.moments(move.before), *fixed_sessions.moments(move.after)]
    week = editable_week.horizon(move.institution, starts)
    before, after = fixed_sessions.from_json(move.before, week), fixed_sessions.from_json(move.after, week)
    minutes = {pk: case.minutes or 0 for pk, case in rows.items()}
    roles = {(pk, place.id): place.discipline for pk, case in rows.items() for place in places(case)}
    return len({expert for change in compare(before, after, minutes, roles) for expert in change.notified})


# The way of every change ----------------------------------------------------------------------------------------------


def _home(case: Case) -> int:
    if case.team is None:
        raise RuleError(_("This case has no team yet."))
    return case.team.institution_id


def _do(institution: int, checker: Callable[[], Check], *, by: User, acknowledged: bool, expected: str) -> Move:
    try:
        with transaction.atomic():
            locks.take(plans=[institution])
            holds.expire()
            move = _write(_passed(checker(), acknowledged=acknowledged, expected=expected), by=by)
            locks.check_constraints_now()
            return move
    except (IntegrityError, OperationalError) as error:
        raise StaleMove(_("Somebody else took one of these people or rooms at the same moment.")) from error


def _passed(found: Check, *, acknowledged: bool, expected: str) -> Check:
    if expected and expected != found.fingerprint:
        raise StaleMove(_("The week has changed since you looked. Nothing was saved; look at it again."))
    for warning in found.warnings:
        if warning.level == Severity.BLOCK:
            raise RuleError(warning.text, code="move_blocked", params={"rule": warning.code})
    open_ = [warning for warning in found.warnings if warning.level in NEEDS_ACKNOWLEDGEMENT]
    if open_ and not acknowledged:
        raise NotAcknowledged(open_[0].text, params={"rules": [warning.code for warning in open_]})
    return found


def _write(found: Check, *, by: User) -> Move:
    draft, seen, institution = found.draft, found.editable.seen, found.institution
    assert draft is not None, "what has no draft has a warning that blocks"
    sessions = (*draft.before, *draft.after)
    locks.take(
        rooms={session.room for session in sessions if session.room is not None},
        experts={expert for session in sessions for expert in session.people()},
    )
    cases = {item.case for session in sessions for item in session.cases}
    list(Case.objects.filter(pk__in=cases).order_by("pk").select_for_update().values("pk"))
    affected = writer.Writer(seen, None, by).write(found.changes)
    published.raise_version([institution.pk])
    notifications.notify(affected, within=NOTIFY_WITHIN)
    notifications.notify_referrers(writer.replaced(found.changes), within=NOTIFY_WITHIN)
    move = Move.objects.create(
        institution=institution,
        kind=found.kind,
        by=by,
        before=fixed_sessions.to_json(draft.before, seen.horizon),
        after=fixed_sessions.to_json(fixed_sessions.as_written(draft.after), seen.horizon),
        version=PublishedPlan.objects.get(institution=institution).version,
    )
    audit.record(f"board.{found.kind}", by=by, subject=move, cases=sorted(draft.cases))
    return move
