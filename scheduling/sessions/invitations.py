"""Invitations: asked, asked again, accepted, declined, reminded, expired; and the link that answers without a login.

Silence is escalated at `answer_by` (the Today page and a reminder); the invitation itself stays open until the session
begins, so that a late yes still counts. A link holds the invitation's nonce: it dies with the first answer and with
every change of what was asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.core import signing
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from experts.availability.core.time_intervals import Stretch
from experts.models import Expert
from mdt_portal import audit, lifecycle, outbox
from mdt_portal.errors import Conflict, RuleError, StaleState
from mdt_portal.fields import new_public_id
from mdt_portal.models import User
from scheduling import locks
from scheduling.models import Attendance, Invitation
from scheduling.problem import published
from scheduling.sessions import confirmation, notified, suggestions
from scheduling.states import ANSWERED, LIVE_SESSIONS, InvitationStatus

SALT = "scheduling.invitation"
MAX_NOTE = 300


class DeclineReason(models.TextChoices):
    THEATRE = "theatre", gettext_lazy("In theatre or with patients")
    AWAY = "away", gettext_lazy("Away or on leave")
    CLASH = "clash", gettext_lazy("Another appointment")
    FIELD = "field", gettext_lazy("Not my field")
    OTHER = "other", gettext_lazy("Other")


class LinkDead(Conflict):
    """The link was used, or what it asked has changed since."""

    code = "link_dead"


# Asking ---------------------------------------------------------------------------------------------------------------


def invite(attendance: Attendance, *, roles: Iterable[str], by: User | None) -> bool:
    """Ask for one attendance; returns whether that is news, which the caller tells (notifications.notify).

    Who was asked the same before, and has not heard that it was withdrawn, goes on with the answer and the link that
    they have.
    """
    part = notified.part(attendance, roles)
    row = Invitation.objects.create(attendance=attendance, answer_by=_answer_by(attendance), sent_at=timezone.now())
    before = notified.left_off(attendance, part)
    if before is None:
        return True
    _take_over(row, before, by=by)
    return False


def ask_again(invitation: Invitation, *, roles: Iterable[str], by: User | None) -> bool:
    """Time, place or role changed: an earlier yes does not count any more, and earlier links are dead; returns whether
    that is news. Where the part is what the expert was last told, their earlier answer and link count again instead."""
    invitation.refresh_from_db(fields=["notified", "nonce", "status"])
    part = notified.part(invitation.attendance, roles)
    if invitation.notified is not None and invitation.notified["part"] == part:
        _restore(invitation, by=by)
        return False
    fields = {
        "nonce": notified.highest(invitation) + 1,
        "answer_by": _answer_by(invitation.attendance),
        "sent_at": timezone.now(),
        "reminded_at": None,
    }
    if invitation.status == InvitationStatus.ACCEPTED:
        lifecycle.move(
            invitation, InvitationStatus.PENDING, by=by, why="invitation.changed", answered_at=None, **fields
        )
    else:
        Invitation.objects.filter(pk=invitation.pk).update(**fields)
    return True


def _restore(invitation: Invitation, *, by: User | None) -> None:
    """Put back the answer and the link of what the expert was last told."""
    kept = invitation.notified
    assert kept is not None
    kept["highest"] = notified.highest(invitation)
    fields = {**notified.fields(kept), "notified": kept}
    if kept["status"] == InvitationStatus.ACCEPTED and invitation.status == InvitationStatus.PENDING:
        lifecycle.move(invitation, InvitationStatus.ACCEPTED, by=by, why="invitation.restored", **fields)
    else:
        Invitation.objects.filter(pk=invitation.pk).update(**fields)


def _take_over(invitation: Invitation, before: Invitation, *, by: User | None) -> None:
    """Go on with what was withdrawn: its link, answer and calendar entry belong to the new invitation from now on."""
    attendance, kept = invitation.attendance, {**(before.notified or {}), "highest": notified.highest(before)}
    _take_public_id(invitation, before)
    _take_public_id(attendance, before.attendance)
    attendance.sequence = before.attendance.sequence + 1
    attendance.save(update_fields=["sequence"])
    notified.forget([before.attendance_id])
    invitation.notified = kept
    _restore(invitation, by=by)


def _take_public_id(row: Invitation | Attendance, before: Invitation | Attendance) -> None:
    """A calendar and a link know a row by its public id; the one that is withdrawn gets another."""
    kept, rows = before.public_id, type(before)._default_manager
    rows.filter(pk=before.pk).update(public_id=new_public_id())
    rows.filter(pk=row.pk).update(public_id=kept)
    row.public_id = kept


def _answer_by(attendance: Attendance):  # type: ignore[no-untyped-def]
    """A day (the hospital's setting) from now, but well before the start."""
    session = attendance.session
    hours = session.institution.answer_within_h
    now = timezone.now()
    return min(now + timedelta(hours=hours), max(now, session.start - timedelta(hours=1)))


# Answering ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def accept(invitation: Invitation, *, by: User | None) -> Invitation:
    """Say yes. Confirms the case and the session when this was the last answer that they needed."""
    invitation = _open(invitation)
    lifecycle.move(
        invitation,
        InvitationStatus.ACCEPTED,
        by=by,
        why="invitation.accepted",
        answered_at=timezone.now(),
        nonce=invitation.nonce + 1,
    )
    notified.keep(invitation)
    confirmation.settle(invitation.attendance.meeting, by=by)
    audit.record("invitation.accepted", by=by, subject=invitation)
    return invitation


@transaction.atomic
def decline(
    invitation: Invitation,
    *,
    by: User | None,
    reason: str = DeclineReason.OTHER,
    note: str = "",
    offered: Sequence[Stretch] = (),
    deputy: Expert | None = None,
) -> Invitation:
    """Say no. The time is free again at once, the seat is open, and the coordinator sees it first.

    `offered` are other times at which one could come, `deputy` is a colleague who could take the seat.
    """
    if reason not in DeclineReason.values:
        raise RuleError(_("Please choose a reason."), fields={"reason": [_("Please choose a reason.")]})
    invitation = _open(invitation)
    lifecycle.move(
        invitation,
        InvitationStatus.DECLINED,
        by=by,
        why="invitation.declined",
        params={"reason": reason},
        answered_at=timezone.now(),
        nonce=invitation.nonce + 1,
        reason=reason,
        note=note.strip()[:MAX_NOTE],
        offered=suggestions.stored(offered),
        deputy=deputy,
    )
    suggestions.check(invitation.attendance, offered=offered, deputy=deputy)  # while the seats are still theirs
    _give_time_back(invitation, by=by)
    audit.record("invitation.declined", by=by, subject=invitation, reason=reason)
    outbox.put("notification.declined", invitation=invitation.pk)
    return invitation


def _open(invitation: Invitation) -> Invitation:
    """The invitation under lock, if it can still be answered."""
    invitation = _locked(invitation)
    session = invitation.attendance.meeting
    if session.status not in LIVE_SESSIONS or session.start <= timezone.now():
        raise StaleState(_("This session has begun or was called off; there is nothing to answer any more."))
    return invitation


def _locked(invitation: Invitation) -> Invitation:
    """The invitation as it is now, after the advisory locks that all who change its session take first."""
    attendance = invitation.attendance
    locks.take(plans=[attendance.meeting.institution_id], experts=[attendance.expert_id])
    return (
        Invitation.objects.select_for_update(of=("self",))
        .select_related("attendance__session__institution", "attendance__expert")
        .get(pk=invitation.pk)
    )


def _give_time_back(invitation: Invitation, *, by: User | None) -> None:
    attendance = invitation.attendance
    Attendance.objects.filter(pk=attendance.pk).update(active=False)
    attendance.seats.update(attendance=None)
    confirmation.settle(attendance.meeting, by=by)
    published.raise_version([attendance.session.institution_id])


# Links ----------------------------------------------------------------------------------------------------------------


def link(invitation: Invitation) -> str:
    """The path of the page that answers this invitation without a login."""
    token = signing.dumps([invitation.public_id, invitation.nonce], salt=SALT)
    return reverse("answer", args=[token])


def by_token(token: str) -> Invitation:
    """The invitation that a link asks about. Raises LinkDead when it was answered or changed, or is not ours."""
    invitation, nonce = _of_token(token)
    if invitation.nonce != nonce or invitation.status != InvitationStatus.PENDING:
        raise LinkDead(_("This link was used already, or the appointment has changed since. Please sign in to see it."))
    return invitation


def answered_by_token(token: str) -> Invitation | None:
    """The invitation that this very link has answered, as long as nothing has changed since; for the thank-you."""
    invitation, nonce = _of_token(token)
    answered = invitation.status in ANSWERED
    return invitation if answered and invitation.nonce == nonce + 1 else None


def expert_of_token(token: str) -> Expert | None:
    """Whom a link asks, whether or not it can still be answered."""
    try:
        return _of_token(token)[0].attendance.expert
    except LinkDead:
        return None


def _of_token(token: str) -> tuple[Invitation, int]:
    """The invitation and the nonce that a link carries. Raises LinkDead for what is not ours."""
    rows = Invitation.objects.select_related(
        "attendance__expert__user", "attendance__session__team", "attendance__session__room",
        "attendance__session__institution",
    )  # fmt: skip
    try:
        public_id, nonce = signing.loads(token, salt=SALT)
        return rows.get(public_id=public_id), nonce
    except (signing.BadSignature, ValueError, TypeError, Invitation.DoesNotExist):
        raise LinkDead(_("This link is not valid. Please open the newest message from your coordinator.")) from None


# The clock ------------------------------------------------------------------------------------------------------------


def expire() -> int:
    """Close the invitations of sessions that have begun without an answer; returns how many."""
    silent = Invitation.objects.filter(status=InvitationStatus.PENDING, attendance__session__start__lte=timezone.now())
    return sum(_expire(one) for one in silent.select_related("attendance__session"))


@transaction.atomic
def _expire(invitation: Invitation) -> bool:
    invitation = _locked(invitation)
    if invitation.status != InvitationStatus.PENDING or invitation.attendance.meeting.start > timezone.now():
        return False
    lifecycle.move(invitation, InvitationStatus.EXPIRED, by=None, why="invitation.expired", nonce=invitation.nonce + 1)
    _give_time_back(invitation, by=None)
    return True


@transaction.atomic
def remind() -> int:
    """Remind once, when half the time to answer is over; returns how many."""
    now = timezone.now()
    pending = (
        Invitation.objects.select_for_update(skip_locked=True)
        .filter(status=InvitationStatus.PENDING, reminded_at=None, sent_at__isnull=False)
        .annotate(passed=now - models.F("sent_at"), left=models.F("answer_by") - now)
        .filter(passed__gte=models.F("left"), answer_by__gt=now)
    )
    count = 0
    for invitation in pending:
        outbox.put("notification.reminder", invitation=invitation.pk)
        count += 1
    Invitation.objects.filter(pk__in=[one.pk for one in pending]).update(reminded_at=now)
    return count
