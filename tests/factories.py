"""Small valid rows for tests. Plain functions; every keyword of the model can be overridden.

    hospital = factories.institution()
    factories.expert("RADIOL", at=hospital, rank=3)
    case = factories.case_waiting(team=factories.team(at=hospital), seats=[("RADIOL", 3), ("PATH", 3)])

People are free Monday to Friday 8-12 and 14-18 and hospitals open then, unless told otherwise.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from cases.catalogue.core.requirement import Reason, Requirement, SeatNeed
from cases.models import Case, FollowUp, MaterialItem, Patient, PatientIdentity, Recommendation, Tier
from cases.states import CaseStatus, MaterialStatus
from experts.models import (
    Affiliation,
    Alliance,
    Discipline,
    DiseaseGroup,
    Expert,
    Institution,
    OpeningHours,
    Qualification,
    Role,
    RoleAssignment,
    Team,
    Title,
    WeeklyAvailability,
)
from mdt_portal.fields import search_hash
from mdt_portal.models import User
from scheduling.models import (
    AgendaItem,
    Attendance,
    Block,
    Invitation,
    PlanningRun,
    PublishedPlan,
    Room,
    RoomBooking,
    Seat,
    Session,
)
from scheduling.sessions import notified

PASSWORD = "correct horse battery"
OFFICE_HOURS = [(day, time(a), time(b)) for day in range(5) for a, b in ((8, 12), (14, 18))]

_numbers = itertools.count(1)
_limits = itertools.count()  # who came first is due first


def _n() -> int:
    return next(_numbers)


@cache
def _password_hash() -> str:
    return make_password(PASSWORD)


def monday(weeks: int = 1) -> date:
    """The Monday of this week plus `weeks`, by the hospitals' calendar: in the future unless told otherwise."""
    today = timezone.now().astimezone(Institution(zone="Asia/Shanghai").tz).date()
    return today + timedelta(days=7 * weeks - today.weekday())


def moment(day: date, clock: str = "09:00", at: Institution | None = None) -> datetime:
    """`clock` on `day` by the clock of institution `at` (Asia/Shanghai when None)."""
    hour, minute = map(int, clock.split(":"))
    zone = at.tz if at else Institution(zone="Asia/Shanghai").tz
    return datetime.combine(day, time(hour, minute), zone)


# Institutions and reference data -----------------------------------------------------------------
def alliance(**fields: Any) -> Alliance:
    n = _n()
    return Alliance.objects.create(**{"name_en": f"Alliance {n}", "name_zh": f"联盟{n}"} | fields)


def institution(*, hours: Iterable[tuple[int, time, time]] = OFFICE_HOURS, **fields: Any) -> Institution:
    n = _n()
    defaults = {"name_en": f"Hospital {n}", "name_zh": f"第{n}医院", "level": "tertiary", "beds": 1000}
    row = Institution.objects.create(**defaults | {"holiday_country": ""} | fields)
    OpeningHours.objects.bulk_create(
        OpeningHours(institution=row, weekday=weekday, start=start, end=end) for weekday, start, end in hours
    )
    return row


def discipline(key: str = "RADIOL", **fields: Any) -> Discipline:
    defaults = {"name_en": key.title(), "name_zh": key, "core": True}
    return Discipline.objects.get_or_create(key=key, defaults=defaults | fields)[0]


def disease_group(key: str = "lung", **fields: Any) -> DiseaseGroup:
    return DiseaseGroup.objects.get_or_create(key=key, defaults={"name_en": key.title(), "name_zh": key} | fields)[0]


def title(rank: int = 3) -> Title:
    names = ["Assistant physician", "Resident physician", "Attending physician", "Associate chief", "Chief physician"]
    defaults = {"rank": rank, "name_zh": ["医士", "住院医师", "主治医师", "副主任医师", "主任医师"][rank]}
    return Title.objects.get_or_create(family="医师", name_en=names[rank], defaults=defaults)[0]


# People ------------------------------------------------------------------------------------------
def user(role: str | None = None, *, at: Institution | Alliance | None = None, **fields: Any) -> User:
    """A user who can sign in with `PASSWORD`, with `role` at an institution or alliance (a new one when None)."""
    n = _n()
    defaults = {"username": f"user{n}", "name_en": f"User {n}", "name_zh": f"用户{n}", "password": _password_hash()}
    person = User.objects.create(**defaults | fields)
    if role is not None:
        assign(person, role, at=at or institution())
    return person


def assign(person: User, role: str, *, at: Institution | Alliance) -> RoleAssignment:
    place = {"alliance": at} if isinstance(at, Alliance) else {"institution": at}
    return RoleAssignment.objects.create(user=person, role=Role(role), **place)


def expert(
    *disciplines: str,
    at: Institution | None = None,
    rank: int = 3,
    sub_specialty: str = "",
    hours: Iterable[tuple[int, time, time]] = OFFICE_HOURS,
    **fields: Any,
) -> Expert:
    """Somebody with a title of `rank` at `at`, qualified for `disciplines` (RADIOL when none), free in `hours`."""
    n = _n()
    defaults = {"name_en": f"Expert {n}", "name_zh": f"专家{n}", "email": f"expert{n}@example.org"}
    row = Expert.objects.create(**defaults | fields)
    Affiliation.objects.create(expert=row, institution=at or institution(), title=title(rank))
    Qualification.objects.bulk_create(
        Qualification(expert=row, discipline=discipline(key), sub_specialty=sub_specialty)
        for key in disciplines or ("RADIOL",)
    )
    WeeklyAvailability.objects.bulk_create(
        WeeklyAvailability(expert=row, weekday=weekday, start=start, end=end) for weekday, start, end in hours
    )
    return row


def team(
    group: str = "lung",
    *,
    at: Institution | None = None,
    core: Sequence[Expert] = (),
    lead: str = "RESP",
    **fields: Any,
) -> Team:
    defaults = {"name_en": f"{group.title()} MDT", "name_zh": f"{group}多学科团队"}
    row = Team.objects.create(
        institution=at or institution(),
        disease_group=disease_group(group),
        lead_discipline=discipline(lead),
        **defaults | fields,
    )
    row.core_members.set(core)
    return row


# Rooms and blocks --------------------------------------------------------------------------------
def room(*, at: Institution | None = None, **fields: Any) -> Room:
    n = _n()
    defaults = {"name_en": f"Room {n}", "name_zh": f"{n}号会议室", "capacity": 12, "equipment": ["display", "video"]}
    return Room.objects.create(institution=at or institution(), **defaults | fields)


def block(team: Team, **fields: Any) -> Block:
    """Every Tuesday from 14:00 to 16:00, unless told otherwise."""
    defaults: dict[str, Any] = {"first_day": monday(0), "start": time(14), "end": time(16)}
    return Block.objects.create(team=team, **defaults | {"recurrence": "FREQ=WEEKLY;BYDAY=TU"} | fields)


# Patients and cases ------------------------------------------------------------------------------
def patient(*, at: Institution | None = None, name: str = "Wang Fang", **fields: Any) -> Patient:
    row = Patient.objects.create(institution=at or institution(), **{"sex": "female", "birth_year": 1961} | fields)
    PatientIdentity.objects.create(patient=row, name=name, name_hash=search_hash("name", name))
    return row


def requirement(
    *seats: tuple[str, int], tier: str = "required", minutes: int = 15, group: str = "lung", **fields: Any
) -> Requirement:
    """A catalogue answer that asks for `seats` (discipline, lowest rank)."""
    defaults: dict[str, Any] = {"hours": 336, "care_level": "regional", "rules": (("TEST", 1),)}
    return Requirement(
        tier=tier,
        seats=tuple(SeatNeed(discipline=discipline(key).key, min_rank=rank) for key, rank in seats),
        minutes=minutes,
        disease_group=group,
        reasons=(Reason(code="matched", params={"rule": "TEST"}),),
        **defaults | fields,
    )


def case(*, at: Institution | None = None, **fields: Any) -> Case:
    """A draft."""
    at = at or institution()
    defaults: dict[str, Any] = {"code": "C34.1", "diagnosis": "Lung cancer", "stage": "IIIB", "question": "Operate?"}
    if "patient" not in fields:
        defaults["patient"] = patient(at=at)
    if "referrer" not in fields:
        defaults["referrer"] = user(Role.REFERRER, at=at)
    return Case.objects.create(institution=at, **defaults | fields)


def case_waiting(
    *,
    team: Team | None = None,
    seats: Sequence[tuple[str, int]] = (("RADIOL", 3),),
    missing: Sequence[str] = (),
    received: Sequence[str] = (),
    **fields: Any,
) -> Case:
    """A case in the pool that wants `seats`, to be met within the two weeks that tests plan, whatever day it is today.

    `missing` and `received` are codes of its materials.
    """
    row_team = team or globals()["team"]()
    now = timezone.now()
    needs = requirement(
        *seats,
        tier=fields.get("tier", "required"),
        minutes=fields.get("minutes", 15),
        group=row_team.disease_group.key,
        materials=(*missing, *received),
    )
    defaults: dict[str, Any] = {
        "at": row_team.institution,
        "team": row_team,
        "status": CaseStatus.WAITING,
        "tier": Tier.REQUIRED,
        "minutes": 15,
        "requirement": needs.to_json(),
        "evaluated_at": now,
        "submitted_at": now,
        "due_at": moment(monday(3), "00:00", row_team.institution) + timedelta(microseconds=next(_limits)),
    }
    row = case(**defaults | fields)
    MaterialItem.objects.bulk_create(
        [MaterialItem(case=row, code=code) for code in missing]
        + [MaterialItem(case=row, code=code, status=MaterialStatus.RECEIVED, changed_at=now) for code in received]
    )
    return row


# What a published plan consists of ---------------------------------------------------------------
def session(
    team: Team | None = None,
    *,
    start: datetime | None = None,
    minutes: int = 60,
    room: Room | None = None,
    experts: Sequence[Expert] = (),
    cases: Sequence[Case] = (),
    **fields: Any,
) -> Session:
    """A published session; `experts` are invited for all of it, `cases` share its time evenly.

    Each case gets one seat per expert, in the expert's first discipline. Cases keep their status.
    """
    team = team or globals()["team"]()
    start = start or moment(monday(), "14:00", team.institution)
    end = start + timedelta(minutes=minutes)
    row = Session.objects.create(team=team, institution=team.institution, room=room, start=start, end=end, **fields)
    PublishedPlan.objects.get_or_create(institution=team.institution)
    if room is not None:
        RoomBooking.objects.create(room=room, session=row, start=start, end=end)
    attendances = [attendance(row, expert) for expert in experts]
    for place, each in enumerate(cases):
        share = minutes // len(cases)
        item = AgendaItem.objects.create(
            session=row, case=each, start=start + timedelta(minutes=place * share), minutes=min(share, 30)
        )
        for number, one in enumerate(attendances, start=1):
            first = one.expert.qualifications.first()
            assert first is not None
            Seat.objects.create(item=item, place=number, discipline=first.discipline, min_rank=3, attendance=one)
    return row


def attendance(session: Session, expert: Expert, **fields: Any) -> Attendance:
    """`expert` is invited for the whole session, knows it, and has not answered yet."""
    defaults: dict[str, Any] = {"start": session.start, "end": session.end}
    row = Attendance.objects.create(session=session, expert=expert, **defaults | fields)
    now = timezone.now()
    invitation = Invitation.objects.create(attendance=row, sent_at=now, answer_by=now + timedelta(hours=24))
    notified.keep(invitation)
    return row


def run(*institutions: Institution, **fields: Any) -> PlanningRun:
    """A queued run for the next week."""
    row = PlanningRun.objects.create(**{"horizon_start": monday(), "horizon_days": 7, "seconds": 5} | fields)
    row.institutions.set(institutions or [institution()])
    return row


# After the meeting -------------------------------------------------------------------------------
def meeting_over(
    team: Team | None = None, *, cases: int = 2, experts: Sequence[Expert] = (), days_ago: int = 1, **fields: Any
) -> Session:
    """A confirmed session of yesterday afternoon that has no record yet; everybody has accepted."""
    team = team or globals()["team"]()
    start = fields.pop("start", None) or moment(
        timezone.now().astimezone(team.institution.tz).date() - timedelta(days=days_ago), "14:00", team.institution
    )
    rows = [case_waiting(team=team, status=CaseStatus.CONFIRMED) for _ in range(cases)]
    people = list(experts) or [expert("RADIOL", at=team.institution), expert("PATH", at=team.institution)]
    row = session(team, start=start, experts=people, cases=rows, status="confirmed", **fields)
    Invitation.objects.filter(attendance__session=row).update(status="accepted")
    return row


def case_discussed(*, team: Team | None = None, **fields: Any) -> Case:
    """A case whose recommendation is still to be written, by tomorrow."""
    soon = timezone.now() + timedelta(days=1)
    return case_waiting(team=team, **{"status": CaseStatus.DISCUSSED, "recommend_by": soon} | fields)


def case_followed(
    *,
    team: Team | None = None,
    due: date | None = None,
    who: str = "Nurse Li",
    expert: Expert | None = None,
    **fields: Any,
) -> Case:
    """A case with a signed recommendation whose next look is `due` (today)."""
    now = timezone.now()
    row = case_discussed(team=team, **{"status": CaseStatus.FOLLOWING_UP} | fields)
    due = due or now.astimezone(row.institution.tz).date()
    signed = {"text": "Operate.", "next_follow_up_on": due, "who": who, "signed_at": now, "signed_by": row.referrer}
    Recommendation.objects.create(case=row, **signed)
    FollowUp.objects.create(case=row, due=due, who=who, expert=expert)
    return row
