"""What is to be done after meetings: records, recommendations, looks. For Today and My seats. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, tzinfo

from django.urls import reverse
from django.utils.translation import gettext as _

from cases import permissions as case_permissions
from cases.models import Case, FollowUp
from cases.selectors import case_queue
from cases.states import CaseStatus
from mdt_portal.i18n import clock, phrases
from mdt_portal.models import User
from scheduling import permissions
from scheduling.models import Session
from scheduling.selectors.worklist import MOST, Entry, about

LAST_MINUTE = time(23, 59)
ONE_DAY = timedelta(days=1)


def entries(user: User, now: datetime) -> list[Entry]:
    """All that waits for this reader's own hand. A constant number of queries."""
    return [*_records(user, now), *_recommendations(user), *_follow_ups(user, now)]


def _records(user: User, now: datetime) -> Iterator[Entry]:
    """Meetings that are over and not recorded; wanted by the end of their day."""
    rows = permissions.recordable(user, Session.objects.live().filter(end__lte=now))
    for session in rows.select_related("team", "institution").order_by("end", "pk")[:MOST]:
        start = session.start.astimezone(session.institution.tz)
        yield Entry(
            kind="record",
            what=phrases.line(session.team.name, clock.when(start, now=now.astimezone(session.institution.tz))),
            detail=_("The session is over. Say who came and what became of each case."),
            url=reverse("session_record", args=[session.public_id]),
            action=_("Record the meeting"),
            due=_end_of(start.date(), session.institution.tz),
        )


def _recommendations(user: User) -> Iterator[Entry]:
    """Discussed cases whose recommendation nobody has signed."""
    rows = case_permissions.recommendable(user, Case.objects.filter(status=CaseStatus.DISCUSSED))
    for case in case_queue.rows(rows).order_by("recommend_by", "pk")[:MOST]:
        yield Entry(
            kind="recommend",
            what=about(case),
            detail=_("The team has discussed it; what it recommends is not signed yet."),
            url=reverse("case_recommendation", args=[case.public_id]),
            action=_("Write recommendation"),
            due=case.recommend_by,
        )


def _follow_ups(user: User, now: datetime) -> Iterator[Entry]:
    """Looks of today and those that are overdue, by the clock of the hospital that looks after the case."""
    mine = case_permissions.lookable(user, Case.objects.filter(status=CaseStatus.FOLLOWING_UP)).values("pk")
    tomorrow = (now + ONE_DAY).date()  # the farthest date that is today somewhere
    rows = FollowUp.objects.open().filter(case__in=mine, due__lte=tomorrow).select_related(
        "expert", "case__patient", "case__institution", "case__team__institution"
    )  # fmt: skip
    for follow_up in rows.order_by("due", "pk")[:MOST]:
        hospital = follow_up.case.team.institution if follow_up.case.team else follow_up.case.institution
        if follow_up.due > now.astimezone(hospital.tz).date():
            continue
        yield Entry(
            kind="follow_up",
            what=about(follow_up.case),
            detail=_("Was the plan carried out? %(who)s calls.") % {"who": follow_up.person},
            url=reverse("case_follow_up", args=[follow_up.case.public_id]),
            action=_("Record follow-up"),
            due=_end_of(follow_up.due, hospital.tz),
        )


def _end_of(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, LAST_MINUTE, zone)
