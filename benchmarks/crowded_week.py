"""An alliance on a full Monday morning: the demo's 2,000 waiting cases, and sessions of four cases in one week."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from datetime import datetime, timedelta

from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from cases.models import Case
from cases.states import CaseStatus
from experts.models import Affiliation, Alliance, Expert, Institution, Role, RoleAssignment, Team
from mdt_portal.models import User
from scheduling.models import AgendaItem, Attendance, Invitation, PublishedPlan, Room, RoomBooking, Seat, Session
from scheduling.states import InvitationStatus

CASES, SEATS, MINUTES = 4, 5, 15
HOURS = range(8, 18)


def build(sessions: int, *, seed: int = 1) -> tuple[User, str]:
    """Fill the empty database; a coordinator of the whole alliance, and the week (2026-W48) that is full."""
    call_command("seed_demo", size="alliance", seed=seed)
    coordinator = User.objects.get(username="coordinator")
    RoleAssignment.objects.get_or_create(user=coordinator, role=Role.COORDINATOR, alliance=Alliance.objects.get())
    monday = timezone.now().date()
    monday += timedelta(days=7 - monday.weekday())
    with transaction.atomic():
        made = sum(_fill(slot, rng=random.Random(f"{seed}/{slot}")) for slot in _slots(monday, sessions))
    if made < sessions:
        raise SystemExit(f"only {made} of {sessions} sessions fit")
    return coordinator, f"{monday:%G-W%V}"


def _slots(monday: object, sessions: int) -> list[tuple[datetime, int]]:
    """Hours of the week, and how many sessions meet in each."""
    zone = Institution.objects.all()[0].tz
    hours = [
        datetime.combine(monday + timedelta(days=day), datetime.min.time(), zone) + timedelta(hours=hour)  # type: ignore[operator]
        for day, hour in itertools.product(range(5), HOURS)
    ]
    share, more = divmod(sessions, len(hours))
    return [(hour, share + (place < more)) for place, hour in enumerate(hours)]


def _fill(slot: tuple[datetime, int], *, rng: random.Random) -> int:
    """Let `count` teams meet at this hour, each in a room and with people of its own."""
    start, count = slot
    rooms: dict[int, list[Room]] = defaultdict(list)
    for room in Room.objects.filter(active=True):
        rooms[room.institution_id].append(room)
    people: dict[int, list[Expert]] = defaultdict(list)
    taken: set[int] = set()
    for row in Affiliation.objects.select_related("expert").prefetch_related("expert__qualifications__discipline"):
        people[row.institution_id].append(row.expert)
    teams = list(Team.objects.filter(active=True).select_related("institution"))
    rng.shuffle(teams)
    made = 0
    for team in teams:
        free = [one for one in people[team.institution_id] if one.pk not in taken and one.qualifications.all()]
        if made == count or not rooms[team.institution_id] or len(free) < SEATS:
            continue
        chosen = rng.sample(free, SEATS)
        taken.update(one.pk for one in chosen)
        _meet(team, rooms[team.institution_id].pop(), start, chosen, rng)
        made += 1
    return made


def _meet(team: Team, room: Room, start: datetime, people: list[Expert], rng: random.Random) -> None:
    end = start + timedelta(minutes=CASES * MINUTES - 15)
    session = Session.objects.create(
        team=team, institution=team.institution, room=room, start=start, end=start + timedelta(minutes=CASES * MINUTES)
    )
    PublishedPlan.objects.get_or_create(institution=team.institution)
    RoomBooking.objects.create(room=room, session=session, start=start, end=session.end)
    attendances = Attendance.objects.bulk_create(
        Attendance(session=session, expert=one, start=start, end=end) for one in people
    )
    Invitation.objects.bulk_create(
        Invitation(
            attendance=one,
            answer_by=start - timedelta(hours=24),
            status=rng.choice([InvitationStatus.ACCEPTED, InvitationStatus.PENDING]),
        )
        for one in attendances
    )
    for place in range(CASES):
        case = _case_of(team, rng)
        item = AgendaItem.objects.create(
            session=session, case=case, start=start + timedelta(minutes=place * MINUTES), minutes=MINUTES
        )
        Seat.objects.bulk_create(
            Seat(item=item, place=n, discipline=one.expert.qualifications.all()[0].discipline, attendance=one)
            for n, one in enumerate(attendances, start=1)
        )


def _case_of(team: Team, rng: random.Random) -> Case:
    """A planned case like one that waits; those that wait stay 2,000."""
    like = Case.objects.filter(status=CaseStatus.WAITING).select_related("patient")[rng.randrange(500)]
    fields = {
        field.attname: getattr(like, field.attname)
        for field in Case._meta.concrete_fields
        if field.attname not in ("id", "public_id", "number", "status", "team_id", "created_at")
    }
    return Case.objects.create(status=CaseStatus.PLANNED, team=team, **fields)
