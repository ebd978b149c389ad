"""The promise in hospital terms: the earliest times at which a case could be discussed, who would come, and whether
that is within the limit (R14). Reads only; `holds` keeps one of these times for a few minutes and books it.

    earliest_slots ──▶ standing.around: one snapshot ──▶ solver.promise.earliest ──▶ Slot, with a key
    holds.hold(key) ──▶ claimed(key) ──▶ judged against a fresh snapshot, under locks
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.core import signing
from django.utils.translation import gettext as _

from cases.models import Case, Tier
from cases.selectors import material_state
from cases.states import CaseStatus
from experts.models import Discipline, Expert
from mdt_portal import access
from mdt_portal.errors import Conflict, RuleError
from mdt_portal.models import User
from scheduling.models import AttendanceMode, Hold, Room, Session
from scheduling.problem import single_case
from scheduling.problem.places import places
from scheduling.problem.snapshot import Snapshot
from scheduling.solver import rules
from scheduling.solver.core.plan import Goals, Plan, PlannedCase, PlannedSession, Unplaced
from scheduling.solver.explain import earliest_slots as solver

SALT = "scheduling.promise"
OFFERED = 5
APART_MIN = 60
"""Sessions of its own are offered an hour apart: five starts of one free morning are no choice."""
MINUTE = timedelta(minutes=1)


class SlotTaken(Conflict):
    """The time was free when it was offered; it is not any more."""

    code = "slot_taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendee:
    """Who would come, as what."""

    expert: Expert
    discipline: Discipline | str
    optional: bool
    remote: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One time that can be kept. `session` is the one that the case joins, None a new one; no `room`: by video.

    `late` is how much after the response limit it begins. Whoever wants the slot gives back its `key` as it is.
    """

    start: datetime
    end: datetime
    session: Session | None
    room: Room | None
    attendees: tuple[Attendee, ...]
    late: timedelta
    key: str

    @property
    def late_min(self) -> int:
        return self.late // MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One case that would have to move: when it begins now, and when it would then."""

    case: Case
    before: datetime
    start: datetime

    @property
    def earlier(self) -> bool:
        return self.start < self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """What would open earlier if a session that nobody has confirmed yet made room.

    Who may not move cases learns only that there is such a time: then `slot` is None, and `moves` and `hidden` are
    empty. `hidden` counts the cases that would move and that the reader may not see.
    """

    slot: Slot | None
    moves: tuple[Move, ...] = ()
    hidden: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A slot as somebody wants it, in the database's terms; `people` by place id."""

    start: datetime
    session: int | None
    room: int | None
    people: dict[int, int]


def asks_for_a_time(case: Case) -> bool:
    """Whether a promise can be given at all: the case waits for a team that meets."""
    return (
        case.status == CaseStatus.WAITING
        and case.tier in (Tier.REQUIRED, Tier.SUGGESTED)
        and case.team is not None
        and case.team.active
        and bool(places(case))
    )


def held_back(case: Case) -> list[str]:
    """The materials (codes) without which nobody may book a time for the case; only a routine case is held back."""
    lacking = material_state.missing(case)
    return lacking if material_state.holds_back(case, len(lacking)) else []


def earliest_slots(
    case: Case, k: int = OFFERED, *, now: datetime | None = None, not_before: datetime | None = None
) -> list[Slot]:
    """The k earliest times that can be kept, for a case that is saved or not; materials count as complete today.

    Two weeks are read first; more only where those do not hold enough.
    """
    if not asks_for_a_time(case):
        return []
    for days in (single_case.SOON_DAYS, single_case.MOST_DAYS):
        seen = single_case.around(case, days=days, now=now)
        invited = seen.problem.case_of[case.pk or single_case.UNSAVED]
        if not_before is not None:
            release = max(invited.release_min, seen.horizon.minute_up(not_before))
            invited = replace(invited, release_min=release)
        cases = tuple(invited if one.id == invited.id else one for one in seen.problem.cases)
        problem = replace(seen.problem, cases=cases)
        found = solver.earliest(problem, plan_of(seen), invited, k, apart_min=APART_MIN)
        if len(found) == k:
            break
    return _in_words(case, seen, found)


def gain(case: Case, *, to: User, now: datetime | None = None) -> Gain | None:
    """What moving cases that are not confirmed yet would gain, as far as `to` may know; None where that is nothing."""
    if not asks_for_a_time(case):
        return None
    seen = single_case.around(case, days=single_case.SOON_DAYS, now=now)
    found = solver.gain(seen.problem, plan_of(seen), seen.problem.case_of[case.pk or single_case.UNSAVED])
    if found is None:
        return None
    if not access.can(to, "case.book", case):
        return Gain(slot=None)
    rows = access.visible(to, Case.objects.all()).in_bulk(found.moved)
    now_at = {item.case: item.start_min for session in plan_of(seen).sessions for item in session.cases}
    moment = seen.horizon.moment
    moves = [Move(case=case, before=moment(now_at[pk]), start=moment(found.moved[pk])) for pk, case in rows.items()]
    return Gain(
        slot=_in_words(case, seen, [found.slot])[0],
        moves=tuple(sorted(moves, key=lambda move: move.start)),
        hidden=len(found.moved) - len(moves),
    )


def plan_of(seen: Snapshot) -> Plan:
    """What is published, as a plan that leaves the case in question out."""
    sessions = (*seen.problem.fixed, *seen.problem.previous)
    placed = {item.case for session in sessions for item in session.cases}
    return Plan(
        status="feasible",
        goals=Goals(required_unplaced=0, required_late=0, suggested=0, effort=0),
        sessions=sessions,
        unplaced=tuple(Unplaced(case=case.id) for case in seen.problem.cases if case.id not in placed),
    )


# Slots in words, and their keys ---------------------------------------------------------------------------------------


def _in_words(case: Case, seen: Snapshot, slots: Iterable[solver.Slot]) -> list[Slot]:
    """Three queries for any number of slots."""
    found = list(slots)
    table = _Table(case, {pk for slot in found for pk in (*slot.seats.values(), *slot.optional.values())})
    rooms = Room.objects.in_bulk({slot.room for slot in found if slot.room is not None})
    site = seen.problem.sites[0]

    def slot_in_words(slot: solver.Slot) -> Slot:
        people = {**slot.seats, **slot.optional}
        remote = {expert for expert in people.values() if not seen.problem.on_site(expert, site)}
        start = seen.horizon.moment(slot.start_min)
        session = seen.sessions[slot.session] if slot.session is not None else None
        room = rooms[slot.room] if slot.room is not None else None
        return Slot(
            start=start,
            end=seen.horizon.moment(slot.end_min),
            session=session,
            room=room,
            attendees=table.attendees(people, remote),
            late=max(timedelta(), start - case.due_at) if case.due_at else timedelta(),
            key=_key(start, session, room, {place: table.experts[pk].public_id for place, pk in people.items()}),
        )

    return [slot_in_words(slot) for slot in found]


class _Table:
    """Who sits where, with names: two queries."""

    def __init__(self, case: Case, experts: Iterable[int]) -> None:
        self.places = {place.id: place for place in places(case)}
        self.experts = Expert.objects.in_bulk(set(experts))
        keys = {place.discipline for place in self.places.values()}
        self.disciplines = {row.key: row for row in Discipline.objects.filter(key__in=keys)}

    def attendees(self, people: Mapping[int, int], remote: Container[int]) -> tuple[Attendee, ...]:
        return tuple(
            Attendee(
                expert=self.experts[expert],
                discipline=self.disciplines.get(self.places[place].discipline, self.places[place].discipline),
                optional=self.places[place].optional,
                remote=expert in remote,
            )
            for place, expert in sorted(people.items())
        )


def attendees(case: Case, hold: Hold) -> tuple[Attendee, ...]:
    """Who is held for the case."""
    people = {int(place): expert for place, expert in hold.people.items()}
    remote = set(hold.attendances.filter(mode=AttendanceMode.REMOTE).values_list("expert_id", flat=True))
    return _Table(case, people.values()).attendees(people, remote)


def _key(start: datetime, session: Session | None, room: Room | None, people: dict[int, str]) -> str:
    """All that names the slot, by public ids, signed: nobody makes up a slot that was never offered."""
    named: Any = {
        "start": start.isoformat(),
        "session": session.public_id if session else None,
        "room": room.public_id if room else None,
        "people": people,
    }
    return signing.dumps(named, salt=SALT, compress=True)


def claimed(key: str) -> Claim:
    """What a key stands for. Raises RuleError for what is none, SlotTaken where somebody or something is gone."""
    try:
        named = signing.loads(key, salt=SALT)
    except signing.BadSignature as error:
        raise RuleError(_("This is no time that the portal has offered. Look for the earliest times again.")) from error
    experts = dict(Expert.objects.filter(public_id__in=named["people"].values()).values_list("public_id", "pk"))
    room = Room.objects.filter(public_id=named["room"]).values_list("pk", flat=True).first()
    session = Session.objects.filter(public_id=named["session"]).values_list("pk", flat=True).first()
    gone = (named["room"] and room is None) or (named["session"] and session is None)
    if gone or len(experts) < len(set(named["people"].values())):
        raise taken()
    return Claim(
        start=datetime.fromisoformat(named["start"]),
        session=session,
        room=room,
        people={int(place): experts[public_id] for place, public_id in named["people"].items()},
    )


def taken() -> SlotTaken:
    return SlotTaken(_("This time was taken a moment ago. These are the earliest times now."))


# A claim, judged by the rules -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A claim as the solver's session, before (None: a new one) and after."""

    old: PlannedSession | None
    new: PlannedSession


def fit(case: Case, claim: Claim, seen: Snapshot) -> Fit:
    """The claim against the world as `seen`. Raises SlotTaken where any rule would be broken by it."""
    published = plan_of(seen)
    old = next((session for session in published.sessions if session.id == claim.session), None)
    if claim.session is not None and old is None:
        raise taken()
    new = _with_case(case, claim, seen, old)
    sessions = (*(session for session in published.sessions if session is not old), new)
    unplaced = tuple(left for left in published.unplaced if left.case != case.pk)
    if rules.violations(seen.problem, replace(published, sessions=sessions, unplaced=unplaced)):
        raise taken()
    return Fit(old=old, new=new)


def _with_case(case: Case, claim: Claim, seen: Snapshot, old: PlannedSession | None) -> PlannedSession:
    invited = seen.problem.case_of[case.pk]
    start = seen.horizon.minute(claim.start)
    end = start + invited.duration_min
    required = {seat.id for seat in invited.seats}
    item = PlannedCase(
        case=case.pk,
        start_min=start,
        seats={place: expert for place, expert in claim.people.items() if place in required},
        optional={place: expert for place, expert in claim.people.items() if place not in required},
    )
    if old is not None:
        return replace(old, end_min=max(old.end_min, end), cases=(*old.cases, item))
    return PlannedSession(
        id=max([0, *seen.sessions]) + 1,
        team=invited.team,
        site=seen.problem.team_of[invited.team].site,
        room=claim.room,
        start_min=start,
        end_min=end,
        cases=(item,),
    )
