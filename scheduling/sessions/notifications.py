"""Messages to people: one per person and cause, in their language, about what changed for them and nothing else.

Services promise a message through the outbox; the handlers here write and send it. What an expert was last told
(`notified`) decides what they still have to hear when a message is sent. No patient is named in any mail.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils import timezone, translation

from cases.models import Case
from cases.states import CaseStatus
from experts.models import Expert, Institution, Role, RoleAssignment
from mdt_portal import outbox
from mdt_portal.channels import mail
from mdt_portal.i18n import clock, phrases
from mdt_portal.models import OutboxMessage, OutboxStatus, User
from scheduling import locks
from scheduling.models import AgendaItem, Attendance, Invitation, NotifiedPlace, Session, TimeRequest
from scheduling.sessions import invitations, notified, suggestions
from scheduling.states import InvitationStatus, TimeRequestStatus

AT_ONCE = timedelta()


@dataclass(slots=True)
class Affected:
    """Whom an action asked (anew or again) and whom it set free, as attendances."""

    invited: list[Attendance] = field(default_factory=list)
    released: list[Attendance] = field(default_factory=list)

    def add(self, other: Affected) -> None:
        self.invited += other.invited
        self.released += other.released


@dataclass(slots=True)
class _News:
    """What one expert has to hear, as ids of attendances."""

    invited: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    released: list[int] = field(default_factory=list)


def notify(affected: Affected, *, within: timedelta = AT_ONCE) -> int:
    """Promise one message to everybody who was asked or set free; returns how many people that are.

    With `within`, the message waits that long, and what comes meanwhile joins it: several changes, one message.
    """
    news: dict[int, _News] = defaultdict(_News)
    for row in affected.invited:
        (news[row.expert_id].changed if row.sequence else news[row.expert_id].invited).append(row.pk)
    for row in affected.released:
        news[row.expert_id].released.append(row.pk)
    for expert, one in news.items():
        waiting = _waiting("notification.expert", expert=expert) if within else None
        if waiting is not None:
            _join(waiting, asdict(one))
        else:
            not_before = timezone.now() + within
            outbox.put("notification.expert", not_before=not_before, expert=expert, **asdict(one))
    return len(news)


def notify_referrers(cases: Iterable[int], *, within: timedelta = AT_ONCE) -> None:
    """Promise each referrer one message about those of their cases (ids) that got, changed or lost their place."""
    owned: dict[int, list[int]] = defaultdict(list)
    rows = Case.objects.filter(pk__in=list(cases), referrer__isnull=False).order_by("pk")
    for pk, referrer in rows.values_list("pk", "referrer_id"):
        owned[referrer].append(pk)
    for referrer, mine in owned.items():
        waiting = _waiting("notification.referrer", user=referrer) if within else None
        if waiting is not None:
            _join(waiting, {"cases": mine})
        else:
            outbox.put("notification.referrer", not_before=timezone.now() + within, user=referrer, cases=mine)


def _waiting(kind: str, **reader: int) -> OutboxMessage | None:
    """The message that somebody is going to get anyway."""
    rows = OutboxMessage.objects.select_for_update(skip_locked=True).filter(
        kind=kind, status=OutboxStatus.WAITING, not_before__gt=timezone.now(), attempts=0
    )
    return rows.filter(**{f"payload__{key}": value for key, value in reader.items()}).order_by("pk").first()


def _join(message: OutboxMessage, more: Mapping[str, list[int]]) -> None:
    """Add news to a message."""
    payload = message.payload
    for key, ids in more.items():
        payload[key] = list(dict.fromkeys([*payload[key], *ids]))
    message.save(update_fields=["payload"])


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


@outbox.handles("notification.expert")
def mail_expert(expert: int, invited: list[int], changed: list[int], released: list[int]) -> None:
    """Tell one expert all that a cause changed for them; what is out of date, or known to them, is left out."""
    locks.take(experts=[expert])  # nobody changes what they are told meanwhile
    person = Expert.objects.select_related("user").get(pk=expert)
    with translation.override(language_of(person)):
        asked, free = _unheard([*invited, *changed]), _free(released)
        anew = [_asks(row) for row in asked if row.invitation.notified is None]
        again = [_asks(row) for row in asked if row.invitation.notified is not None]
        if anew or again or free:
            words = {"invited": anew, "changed": again, "released": free, "answers_wanted": len(asked)}
            _send(person, "expert", words)
    notified.forget(released)
    for row in asked:
        notified.keep(row.invitation)


@outbox.handles("notification.reminder")
def mail_reminder(invitation: int) -> None:
    row = Invitation.objects.select_related("attendance__expert__user").get(pk=invitation)
    person = row.attendance.expert
    locks.take(experts=[person.pk])
    with translation.override(language_of(person)):
        silent = _silent([row.attendance_id])
        if silent:
            _send(person, "reminder", {"invited": [_asks(one) for one in silent]})
    for one in silent:
        notified.keep(one.invitation)


@outbox.handles("notification.referrer")
def mail_referrer(user: int, cases: list[int]) -> None:
    """Tell a referrer where their cases stand now: the time and place, or that they wait again. Of a case that stands
    where they were last told nothing is said."""
    known = dict(NotifiedPlace.objects.filter(case__in=cases).values_list("case_id", "place"))
    person = User.objects.get(pk=user)
    rows = AgendaItem.objects.filter(case__in=cases, active=True).select_related(
        "case", "session__team", "session__room", "session__institution"
    )
    with translation.override(person.language or settings.LANGUAGE_CODE):
        news = {item: _place(item) for item in rows.order_by("start") if known.get(item.case_id) != _place(item)}
        placed = [
            (item.case, _stretch(item.session, item.start, item.start + timedelta(minutes=item.minutes)))
            for item in news
        ]
        waiting = Case.objects.filter(pk__in=cases, status=CaseStatus.WAITING)
        unplaced = [case for case in waiting if known.get(case.pk) != {}]
        if placed or unplaced:
            words = {"placed": placed, "unplaced": unplaced, "url": settings.MDT_PUBLIC_URL + reverse("today")}
            _send(person, "referrer", words)
    for case, place in [*((item.case, place) for item, place in news.items()), *((case, {}) for case in unplaced)]:
        NotifiedPlace.objects.update_or_create(case=case, defaults={"place": place})


def _place(item: AgendaItem) -> dict[str, object]:
    """What a referrer is told of a case that has a place, as JSON."""
    session = item.session
    return {
        "team": session.team_id,
        "institution": session.institution_id,
        "room": session.room_id,
        "start": item.start.astimezone(UTC).isoformat(),
        "minutes": item.minutes,
    }


@outbox.handles("notification.time_request")
def mail_time_request(request: int) -> None:
    """Ask an expert for a time at which they are off duty."""
    row = TimeRequest.objects.select_related("expert__user", "case__team__institution", "by").get(pk=request)
    if row.status != TimeRequestStatus.OPEN:
        return
    zone = row.case.team.institution.tz
    first, last = row.start.astimezone(zone), row.end.astimezone(zone)
    with translation.override(language_of(row.expert)):
        line = Line(
            team=row.case.team.name,
            place=row.case.team.institution.name,
            day=clock.day(first.date()),
            hours=f"{first:%H:%M}–{last:%H:%M}",
            zone=clock.zone_words(first),
            link=settings.MDT_PUBLIC_URL + reverse("time_request", args=[row.public_id]),
        )
        _send(row.expert, "time_request", {"line": line, "by": str(row.by or "")})


@outbox.handles("notification.declined")
def notify_coordinators(invitation: int) -> None:
    """Promise a mail to each coordinator of the hospital; a broken address must not hold up the others."""
    row = Invitation.objects.select_related("attendance__session__institution").get(pk=invitation)
    for user in _coordinators(row.attendance.meeting.institution):
        outbox.put("notification.declined_to", invitation=invitation, user=user.pk)


@outbox.handles("notification.declined_to")
def mail_declined(invitation: int, user: int) -> None:
    """Tell a coordinator that a seat is open again, and what is suggested instead."""
    reader = User.objects.get(pk=user)
    row = Invitation.objects.select_related("attendance__expert", "deputy").get(pk=invitation)
    attendance = _with_session(Attendance.objects.filter(pk=row.attendance_id)).get()
    with translation.override(reader.language or settings.LANGUAGE_CODE):
        context = {
            "expert": row.attendance.expert.name,
            "reason": invitations.DeclineReason(row.reason).label,
            "note": row.note,
            "deputy": row.deputy.name if row.deputy else "",
            "times": suggestions.offer_words(row, attendance.meeting.institution.tz),
            "line": _line(attendance),
            "session_url": settings.MDT_PUBLIC_URL + reverse("session", args=[attendance.meeting.public_id]),
        }
        _send(reader, "declined", context)


def _silent(attendances: Iterable[int]) -> list[Attendance]:
    """Those of whom an answer is still wanted."""
    rows = Attendance.objects.active().filter(pk__in=list(attendances), invitation__status=InvitationStatus.PENDING)
    return list(_with_session(rows).select_related("invitation"))


def _unheard(attendances: Iterable[int]) -> list[Attendance]:
    """Those whose expert was last told something else, or nothing."""
    return [row for row in _silent(attendances) if not notified.knows(row.invitation, notified.present(row))]


def _asks(attendance: Attendance) -> Line:
    return _line(attendance, link=settings.MDT_PUBLIC_URL + invitations.link(attendance.invitation))


def _free(attendances: Iterable[int]) -> list[Line]:
    """What somebody is free from, at the time that they were told; who never heard of it hears nothing."""
    again = Attendance.objects.active().filter(session=OuterRef("session"), expert=OuterRef("expert"))
    rows = Attendance.objects.filter(~Exists(again), pk__in=list(attendances), active=False)
    known = _with_session(rows.filter(invitation__notified__isnull=False)).select_related("invitation")
    return [_stretch(row.meeting, *notified.stretch(row), room=False) for row in known]


def _with_session(rows: QuerySet[Attendance]) -> QuerySet[Attendance]:
    return rows.select_related("session__team", "session__room", "session__institution").order_by("start", "pk")


def _line(attendance: Attendance, *, link: str = "") -> Line:
    return _stretch(attendance.meeting, attendance.start, attendance.end, link=link)


def _stretch(session: Session, start: datetime, end: datetime, *, link: str = "", room: bool = True) -> Line:
    """A part of a session, by the hospital's clock."""
    zone = session.institution.tz
    first, last = start.astimezone(zone), end.astimezone(zone)
    place = phrases.line(session.institution.name, session.room.name if session.room and room else "")
    return Line(
        team=session.team.name,
        place=place,
        day=clock.day(first.date()),
        hours=f"{first:%H:%M}–{last:%H:%M}",
        zone=clock.zone_words(first),
        link=link,
    )


def _send(person: Expert | User, template: str, context: Mapping[str, object]) -> None:
    user = person if isinstance(person, User) else person.user
    to = person.email or (user.email if user else "")
    mail.send_template(template, to=to, user=user, words={**context, "name": str(person)})


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
