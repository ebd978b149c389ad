"""Messages to people: one per person and cause, in their language, about what changed for them and nothing else.

Verbs promise a message through the outbox; the handlers here write and send it. No patient is named in any mail.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from experts.models import Expert, Institution, Role, RoleAssignment
from mdt_portal import clock, mail, outbox
from mdt_portal.models import User
from scheduling.differences import Change, ChangeKind
from scheduling.models import Attendance, Invitation, Session
from scheduling.states import InvitationStatus

if TYPE_CHECKING:
    from scheduling.snapshot import Snapshot

BLANK_LINES = re.compile(r"\n{3,}")


@dataclass(slots=True)
class _News:
    """What one expert has to hear: ids of attendances that are new or changed, and of sessions they are free from."""

    invited: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    released: list[int] = field(default_factory=list)


def tell(changes: Iterable[Change], seen: Snapshot, *, by: User | None) -> int:
    """One message for everybody whose time, place or role a commit changed; returns how many people that are."""
    news: dict[int, _News] = defaultdict(_News)
    for change in changes:
        if change.kind == ChangeKind.SAME:
            continue
        if change.old is not None:
            for expert in change.leaves:
                news[expert].released.append(change.old.id)
    fresh = Attendance.objects.active().filter(session__isnull=False, invitation__status=InvitationStatus.PENDING)
    for change in changes:
        if change.new is None or change.kind == ChangeKind.SAME:
            continue
        start = seen.horizon.moment(change.new.start_min)
        rows = fresh.filter(session__team=change.new.team, session__start=start, expert__in=change.told)
        for pk, expert, sequence in rows.values_list("pk", "expert_id", "sequence"):
            (news[expert].changed if sequence else news[expert].invited).append(pk)
    for expert, one in news.items():
        outbox.put("notice.expert", expert=expert, invited=one.invited, changed=one.changed, released=one.released)
    return len(news)


def tell_invited(session: Session, people: Iterable[Expert]) -> None:
    for attendance in session.attendances.active().filter(expert__in=list(people)):
        outbox.put("notice.expert", expert=attendance.expert_id, invited=[attendance.pk], changed=[], released=[])


def tell_released(session: Session, people: Iterable[Expert]) -> None:
    """These experts are free again: the session was called off, or their case left it."""
    for expert in people:
        outbox.put("notice.expert", expert=expert.pk, invited=[], changed=[], released=[session.pk])


# Writing and sending --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One appointment in a mail."""

    team: str
    place: str
    day: str
    hours: str
    zone: str
    link: str = ""


@outbox.handles("notice.expert")
def mail_expert(expert: int, invited: list[int], changed: list[int], released: list[int]) -> None:
    """Tell one expert all that a cause changed for them; what is out of date meanwhile is left out."""
    person = Expert.objects.select_related("user").get(pk=expert)
    with translation.override(language_of(person)):
        asked = _asked(invited)
        again = _asked(changed)
        sessions = Session.objects.filter(pk__in=released).select_related("team", "room", "institution")
        free = [_line(session, session.start, session.end) for session in sessions]
        if asked or again or free:
            words = {"invited": asked, "changed": again, "released": free, "asked": len(asked) + len(again)}
            _send(person, "expert", words)


@outbox.handles("notice.reminder")
def mail_reminder(invitation: int) -> None:
    row = Invitation.objects.select_related("attendance__expert__user").get(pk=invitation)
    person = row.attendance.expert
    with translation.override(language_of(person)):
        asked = _asked([row.attendance_id])
        if asked:
            _send(person, "reminder", {"invited": asked})


@outbox.handles("notice.declined")
def mail_declined(invitation: int) -> None:
    """Tell the coordinators of the hospital that a seat is open again."""
    from scheduling import invitations

    row = Invitation.objects.select_related(
        "attendance__expert",
        "attendance__session__institution",
        "attendance__session__team",
        "attendance__session__room",
    ).get(pk=invitation)
    session = row.attendance.meeting
    for user in _coordinators(session.institution):
        with translation.override(user.language or settings.LANGUAGE_CODE):
            context = {
                "expert": row.attendance.expert.name,
                "reason": invitations.DeclineReason(row.reason).label,
                "note": row.note,
                "line": _line(session, row.attendance.start, row.attendance.end),
                "session_url": settings.MDT_PUBLIC_URL + reverse("session", args=[session.public_id]),
            }
            _send(user, "declined", context)


def _asked(attendances: Iterable[int]) -> list[Line]:
    from scheduling import invitations

    rows = Attendance.objects.active().filter(
        pk__in=list(attendances), invitation__status=InvitationStatus.PENDING
    ).select_related("session__team", "session__room", "session__institution", "invitation")  # fmt: skip
    return [
        _line(row.meeting, row.start, row.end, link=settings.MDT_PUBLIC_URL + invitations.link(row.invitation))
        for row in rows.order_by("start")
    ]


def _line(session: Session, start: datetime, end: datetime, *, link: str = "") -> Line:
    zone = ZoneInfo(session.institution.zone)
    first, last = start.astimezone(zone), end.astimezone(zone)
    place = session.institution.name + (f", {session.room.name}" if session.room else "")
    return Line(
        team=session.team.name,
        place=place,
        day=clock.day(first.date()),
        hours=f"{first:%H:%M}–{last:%H:%M}",
        zone=clock.zone_words(first),
        link=link,
    )


def _send(person: Expert | User, template: str, context: dict[str, object]) -> None:
    user = person if isinstance(person, User) else person.user
    to = person.email or (user.email if user else "")
    words = {**context, "name": str(person)}
    subject = render_to_string(f"mail/{template}_subject.txt", words).strip().replace("\n", " ")
    body = BLANK_LINES.sub("\n\n", render_to_string(f"mail/{template}.txt", words).strip()) + "\n"
    mail.send(to=to, subject=subject, body=body, user=user)


def language_of(person: Expert) -> str:
    """The reader's own choice; else Chinese for who works where people read Chinese."""
    if person.user is not None and person.user.language:
        return person.user.language
    home = person.affiliations.select_related("institution").order_by("-home").first()
    return "zh-hans" if home and home.institution.zone == "Asia/Shanghai" else settings.LANGUAGE_CODE


def _coordinators(institution: Institution) -> list[User]:
    roles = RoleAssignment.objects.filter(role=Role.COORDINATOR)
    reach = roles.filter(institution=institution)
    if institution.alliance_id:
        reach = reach | roles.filter(alliance=institution.alliance_id)
    return list(User.objects.filter(pk__in=reach.values("user"), is_active=True))
