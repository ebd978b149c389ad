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
    invitation.told = {
        "part": present(invitation.attendance),
        "status": str(invitation.status),
        "nonce": invitation.nonce,
        "highest": highest(invitation),
        "answered_at": _text(invitation.answered_at),
        "answer_by": _text(invitation.answer_by),
        "reminded_at": _text(invitation.reminded_at),
    }
    Invitation.objects.filter(pk=invitation.pk).update(told=invitation.told)


def forget(attendances: Iterable[int]) -> None:
    """These people (by attendance) know that they are free."""
    Invitation.objects.filter(attendance__in=list(attendances)).update(told=None)


def knows(invitation: Invitation, now: Part) -> bool:
    """Whether this is what the expert was told, and what they were sent still counts."""
    told = invitation.told
    return told is not None and told["part"] == now and told["nonce"] == invitation.nonce


def highest(invitation: Invitation) -> int:
    """The highest nonce that a link of this invitation ever had: none is given out twice."""
    return max(invitation.nonce, invitation.told["highest"] if invitation.told else 0)


def left_off(attendance: Attendance, now: Part) -> Invitation | None:
    """The invitation of the same expert to the very same part that was withdrawn before they heard of it."""
    rows = Invitation.objects.filter(
        attendance__expert=attendance.expert_id, status=InvitationStatus.REPLACED, told__part=now
    )
    return rows.select_related("attendance").order_by("-pk").first()


def stretch(attendance: Attendance) -> tuple[datetime, datetime]:
    """From when to when the expert believes to be needed."""
    told = attendance.invitation.told
    if told is None:
        return attendance.start, attendance.end
    return datetime.fromisoformat(told["part"]["start"]), datetime.fromisoformat(told["part"]["end"])


def fields(told: dict[str, Any]) -> dict[str, Any]:
    """What an invitation gets back of what was told, but its status."""
    moments = {name: told[name] and datetime.fromisoformat(told[name]) for name in ("answered_at", "reminded_at")}
    return {"nonce": told["nonce"], "answer_by": datetime.fromisoformat(told["answer_by"]), **moments}


def _text(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None
