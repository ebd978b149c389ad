"""What each person was last told of their part of a session: it decides whom to tell, and what a change back restores.

A message, a reminder or an answer makes the present part the one that was told. While a part is again what somebody
was told, they hear nothing: their answer and the link in their mail count as before.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from scheduling.models import Attendance, AttendanceMode, Invitation
from scheduling.states import InvitationStatus

Part = dict[str, Any]


def part(attendance: Attendance, roles: Iterable[str]) -> Part:
    """What a message says of one attendance, as JSON: time, place and seats (`roles` are keys of disciplines). The room
    is nothing to those who come by video."""
    session = attendance.meeting
    return {
        "team": session.team_id,
        "institution": session.institution_id,
        "room": session.room_id if attendance.mode == AttendanceMode.ON_SITE else None,
        "mode": str(attendance.mode),
        "start": _text(attendance.start),
        "end": _text(attendance.end),
        "roles": sorted(roles),
    }


def present(attendance: Attendance) -> Part:
    """The part as it is now; one query."""
    seats = attendance.seats.filter(item__active=True)
    return part(attendance, set(seats.values_list("discipline__key", flat=True)))


def keep(invitation: Invitation) -> None:
    """The expert knows the present part, the answer and the link that go with it."""
    invitation.notified = {
        "part": present(invitation.attendance),
        "status": str(invitation.status),
        "nonce": invitation.nonce,
        "highest": highest(invitation),
        "answered_at": _text(invitation.answered_at),
        "answer_by": _text(invitation.answer_by),
        "reminded_at": _text(invitation.reminded_at),
    }
    Invitation.objects.filter(pk=invitation.pk).update(notified=invitation.notified)


def forget(attendances: Iterable[int]) -> None:
    """These people (by attendance) know that they are free."""
    Invitation.objects.filter(attendance__in=list(attendances)).update(notified=None)


def knows(invitation: Invitation, now: Part) -> bool:
    """Whether this is what the expert was told, and what they were sent still counts."""
    notified = invitation.notified
    return notified is not None and notified["part"] == now and notified["nonce"] == invitation.nonce


def highest(invitation: Invitation) -> int:
    """The highest nonce that a link of this invitation ever had: none is given out twice."""
    return max(invitation.nonce, invitation.notified["highest"] if invitation.notified else 0)


def left_off(attendance: Attendance, now: Part) -> Invitation | None:
    """The invitation of the same expert to the very same part that was withdrawn before they heard of it."""
    rows = Invitation.objects.filter(
        attendance__expert=attendance.expert_id, status=InvitationStatus.REPLACED, notified__part=now
    )
    return rows.select_related("attendance").order_by("-pk").first()


def stretch(attendance: Attendance) -> tuple[datetime, datetime]:
    """From when to when the expert believes to be needed."""
    notified = attendance.invitation.notified
    if notified is None:
        return attendance.start, attendance.end
    return datetime.fromisoformat(notified["part"]["start"]), datetime.fromisoformat(notified["part"]["end"])


def fields(notified: dict[str, Any]) -> dict[str, Any]:
    """What an invitation gets back of what was told, but its status."""
    moments = {
        name: notified[name] and datetime.fromisoformat(notified[name]) for name in ("answered_at", "reminded_at")
    }
    return {"nonce": notified["nonce"], "answer_by": datetime.fromisoformat(notified["answer_by"]), **moments}


def _text(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None
