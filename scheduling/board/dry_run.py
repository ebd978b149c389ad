"""What a change by hand would do: found out in full, written nowhere. The actions (`moves`) go the same way again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.models import Case
from cases.selectors import material_state
from cases.states import MaterialStatus
from experts.models import Institution
from mdt_portal.errors import Conflict, RuleError
from mdt_portal.i18n import clock
from scheduling.board import editable_week, fixed_sessions, move_warnings
from scheduling.board.core import severity
from scheduling.board.core.severity import Severity
from scheduling.board.core.what_if_week import ANY_ROOM, Draft, Target
from scheduling.board.editable_week import EditableWeek
from scheduling.board.move_warnings import MoveWarning
from scheduling.models import AgendaItem, Hold, Move, MoveKind, Room, Session
from scheduling.problem.core.plan_diff import PlanChange, compare
from scheduling.publishing import writer
from scheduling.solver.core.reading import as_json
from scheduling.states import LIVE_SESSIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A place on the board: a session, or a start (and a room) of its own. Without a room, the tightest that fits."""

    session: Session | None = None
    start: datetime | None = None
    room: Room | None = None
    remote: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What a change would do. `fingerprint` names exactly this state and outcome."""

    kind: MoveKind
    institution: Institution
    editable: EditableWeek
    draft: Draft | None
    changes: tuple[PlanChange, ...]
    warnings: tuple[MoveWarning, ...]
    fingerprint: str

    @property
    def level(self) -> Severity:
        levels = {warning.level for warning in self.warnings}
        return next((level for level in Severity if level in levels), Severity.IGNORE)

    @property
    def blocked(self) -> bool:
        return self.level == Severity.BLOCK


# Checks ---------------------------------------------------------------------------------------------------------------


def of_case(case: Case, where: Where, *, again: EditableWeek | None = None) -> Check:
    """Whether a case may go there, from the rail or from another session; nothing is written. For `again` see
    `editable_week.read`."""
    item = place_of(case)
    institution = _institution_of(case, where)
    moments = [moment for moment in (item and item.start, where.session and where.session.start, where.start) if moment]
    editable = editable_week.read(institution, moments, cases=[case.pk], again=again)
    kind = MoveKind.MOVE_CASE if item else MoveKind.PLACE
    against = [*_about_case(case, item, editable), *_about_session(where.session, editable)]
    return _check(
        kind, institution, editable, against, lambda: editable.what_if.move_case(case.pk, _target(where, editable))
    )


def of_session(session: Session, where: Where, *, again: EditableWeek | None = None) -> Check:
    """Whether a session may go to another time or room."""
    moments = [session.start, where.start or session.start]
    editable = editable_week.read(session.institution, moments, again=again)
    against = _about_session(session, editable)
    return _check(
        MoveKind.MOVE_SESSION,
        session.institution,
        editable,
        against,
        lambda: editable.what_if.move_session(session.pk, _target(where, editable)),
    )


def of_take_off(case: Case, *, again: EditableWeek | None = None) -> Check:
    item = place_of(case)
    if item is None:
        raise no_place(case)
    session = item.session
    editable = editable_week.read(session.institution, [session.start], again=again)
    return _check(
        MoveKind.TAKE_OFF,
        session.institution,
        editable,
        _about_session(session, editable),
        lambda: editable.what_if.take_off(case.pk),
    )


def of_undo(move: Move) -> Check:
    """Whether what an earlier change touched is still as it left it, and may be put back."""
    moments = [moment for side in (move.before, move.after) for moment in fixed_sessions.moments(side)]
    cases = fixed_sessions.cases(move.before) | fixed_sessions.cases(move.after)
    editable = editable_week.read(move.institution, moments, cases=cases)
    before, after = (
        fixed_sessions.from_json(move.before, editable.horizon),
        fixed_sessions.from_json(move.after, editable.horizon),
    )
    fresh = move.undone_at is None and fixed_sessions.untouched(editable.what_if, before, after)
    against = [] if fresh else [move_warnings.own("newer")]
    return _check(MoveKind.UNDO, move.institution, editable, against, lambda: editable.what_if.put_back(before, after))


def _check(
    kind: MoveKind,
    institution: Institution,
    editable: EditableWeek,
    against: list[MoveWarning],
    draw: Callable[[], Draft],
) -> Check:
    """`against` is what speaks against any such change; then the change itself is drawn and judged."""
    draft: Draft | None = None
    changes: tuple[PlanChange, ...] = ()
    codes = [warning.code for warning in against]
    found = list(against)
    if not against:
        draft = draw()
        broken = severity.judge(editable.what_if, draft)
        found = move_warnings.of(broken, editable.what_if, draft, editable.seen)
        minutes = {case.id: case.duration_min for case in editable.seen.problem.cases}
        changes = tuple(compare(draft.before, draft.after, minutes, writer.roles(editable.seen)))
        codes = [str(violation) for violation in broken]
    fingerprint = _fingerprint(editable, draft, codes)
    return Check(
        kind=kind,
        institution=institution,
        editable=editable,
        draft=draft,
        changes=changes,
        warnings=tuple(found),
        fingerprint=fingerprint,
    )


def _fingerprint(editable: EditableWeek, draft: Draft | None, codes: Iterable[str]) -> str:
    sessions = [replace(one, id=0) for one in draft.after] if draft else []
    said = repr([editable.horizon, [as_json(one) for one in sessions], sorted(codes)])
    return f"{editable.version}.{hashlib.sha256(said.encode()).hexdigest()[:16]}"


def present(subject: Case | Session) -> list[datetime]:
    """When a case or session is planned now: the weeks that a change of it has to know."""
    if isinstance(subject, Session):
        return [subject.start]
    item = place_of(subject)
    return [item.start] if item else []


def against(subject: Case | Session, editable: EditableWeek) -> list[MoveWarning]:
    """What speaks against any change of it, wherever to."""
    if isinstance(subject, Session):
        return _about_session(subject, editable)
    return _about_case(subject, place_of(subject), editable)


# What speaks against any change of a case or session ------------------------------------------------------------------


def _about_case(case: Case, item: AgendaItem | None, editable: EditableWeek) -> list[MoveWarning]:
    if item is not None:
        return _about_session(item.session, editable)
    if case.pk not in editable.seen.problem.case_of:
        return [move_warnings.own("gone", case=case)]
    hold = Hold.objects.live(timezone.now()).filter(case=case).first()
    if hold is not None:
        until = clock.hour(hold.expires_at.astimezone(editable.horizon.zone))
        return [move_warnings.own("held", case=case, until=until)]
    missing = case.materials.aggregate(n=Count("pk", filter=Q(status=MaterialStatus.MISSING)))["n"]
    return [move_warnings.own("materials", case=case)] if material_state.holds_back(case, missing) else []


def _about_session(session: Session | None, editable: EditableWeek) -> list[MoveWarning]:
    return [] if session is None or session.pk in editable.what_if.sessions else [move_warnings.own("begun")]


def place_of(case: Case) -> AgendaItem | None:
    rows = AgendaItem.objects.filter(case=case, active=True, session__status__in=LIVE_SESSIONS)
    return rows.select_related("session__institution", "session__team", "session__room").first()


def no_place(case: Case) -> Conflict:
    return Conflict(_("%(case)s has no place any more. Reload to see the present week.") % {"case": case})


def _institution_of(case: Case, where: Where) -> Institution:
    if case.team is None:
        raise RuleError(_("This case has no team yet."))
    institution = case.team.institution
    if where.session is not None and where.session.institution_id != institution.pk:
        raise RuleError(_("This session belongs to another hospital."))
    return institution


def _target(where: Where, editable: EditableWeek) -> Target:
    if where.session is not None:
        start = editable.horizon.minute(where.start) if where.start else None
        return Target(session=where.session.pk, start_min=start)
    room = None if where.remote else (where.room.pk if where.room else ANY_ROOM)
    return Target(start_min=editable.horizon.minute(where.start) if where.start else None, room=room)
