"""The experts of a snapshot: their free time and their caps, less what lies outside the problem. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from django.db.models import Q

from experts.availability import free_time
from experts.availability.core import time_intervals
from experts.models import Expert, Institution, Travel
from scheduling.models import Attendance, AttendanceMode
from scheduling.problem.candidates import Member, Pool
from scheduling.problem.core.horizon import Horizon
from scheduling.solver.core import problem as pure
from scheduling.states import InvitationStatus

LOAD_DAYS = 28

Stays = dict[int, list[tuple[datetime, datetime]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What the experts are read for: `inside` are the sessions (ids) that the problem holds, `kept` the stays in
    those of them that nothing moves, by expert."""

    horizon: Horizon
    now: datetime
    sites: Mapping[int, Institution]
    pool: Pool
    inside: Sequence[int]
    kept: Mapping[int, Sequence[pure.Span]]


def read(scene: Scene, wanted: Iterable[int]) -> tuple[pure.Expert, ...]:
    """These experts (ids of the pool). The number of queries is the same for one and for all."""
    horizon, sites = scene.horizon, set(scene.sites)
    members = [scene.pool.members[pk] for pk in sorted(set(wanted))]
    ids = [member.expert.pk for member in members]
    free = free_time.free([member.expert for member in members], horizon.start, horizon.end)
    outside, away = _outside(scene, {member.expert.pk: member.sites & sites for member in members})
    declined, load = _declined(scene, ids), _load(scene, ids)
    found = []
    for member in members:
        pk = member.expert.pk
        taken = [*away[pk], *declined[pk], *_gone(member, horizon)]
        spans = horizon.spans(time_intervals.subtract(free[pk], taken))
        caps = _caps(member.expert, outside[pk], scene.kept.get(pk, ()), horizon)
        found.append(
            pure.Expert(
                id=pk,
                sites=frozenset(member.sites & sites),
                remote=member.expert.remote,
                free=tuple(time_intervals.subtract(spans, caps.closed)),
                max_sessions_day=caps.sessions_day,
                max_sessions_week=caps.sessions_week,
                max_minutes_week=caps.minutes_week,
                load_min=load.get(pk, 0),
            )
        )
    return tuple(found)


# Time that is taken ---------------------------------------------------------------------------------------------------


def _outside(scene: Scene, sites: Mapping[int, set[int]]) -> tuple[Stays, Stays]:
    """Attendances that this problem does not hold: of other hospitals, of holds, of sessions that only occupy.

    By expert: as they are, to the end of the last week, since they count against its caps; and with the time that
    somebody who is elsewhere in person needs to come to `sites` and from there.
    """
    stays, away = defaultdict(list), defaultdict(list)
    rows = (
        Attendance.objects.active()
        .overlapping(scene.horizon.start, _whole_weeks(scene.horizon).end)
        .filter(expert__in=sites)
        .exclude(session__in=scene.inside)
        .exclude(hold__expires_at__lte=scene.now)
        .select_related("session", "hold__team")
    )
    travel = _travel_home(scene.sites)
    for row in rows:
        stays[row.expert_id].append((row.start, row.end))
        where = row.session.institution_id if row.session else row.hold.team.institution_id  # type: ignore[union-attr]
        on_the_way = timedelta()
        if row.mode == AttendanceMode.ON_SITE and where not in scene.sites:
            minutes = (travel.get((where, site), pure.ABSENT_TRAVEL_MIN) for site in sites[row.expert_id])
            on_the_way = timedelta(minutes=max(minutes, default=0))
        away[row.expert_id].append((row.start - on_the_way, row.end + on_the_way))
    return stays, away


def _travel_home(sites: Mapping[int, Institution]) -> dict[tuple[int, int], int]:
    """Minutes from other hospitals to those of the problem, as far as they are known."""
    rows = Travel.objects.filter(Q(origin__in=sites) ^ Q(destination__in=sites))
    pairs = list(rows.values_list("origin_id", "destination_id", "minutes"))
    return {(a, b): minutes for a, b, minutes in pairs} | {(b, a): minutes for a, b, minutes in pairs}


def _declined(scene: Scene, experts: Iterable[int]) -> Stays:
    """Who said no to a session is not asked again for its time: that of which they were asked, if it moved since."""
    busy = defaultdict(list)
    rows = Attendance.objects.overlapping(scene.horizon.start, scene.horizon.end).filter(
        expert__in=experts, active=False, invitation__status=InvitationStatus.DECLINED
    )
    for row in rows.select_related("session"):
        session = row.meeting
        unmoved = session.start <= row.start and row.end <= session.end
        busy[row.expert_id].append((session.start, session.end) if unmoved else (row.start, row.end))
    return busy


def _gone(member: Member, horizon: Horizon) -> list[tuple[datetime, datetime]]:
    """From when on somebody works at no hospital of the pool any more."""
    if member.until is None:
        return []
    left = time_intervals.local_moment(member.until + time_intervals.ONE_DAY, time(), horizon.zone)
    return [(left, horizon.end)] if left < horizon.end else []


def _load(scene: Scene, experts: Iterable[int]) -> dict[int, int]:
    """Minutes attended in the four weeks before the horizon."""
    load: dict[int, int] = defaultdict(int)
    start = scene.horizon.start
    rows = Attendance.objects.active().filter(
        expert__in=experts, start__lt=start, start__gte=start - timedelta(days=LOAD_DAYS)
    )
    for expert, begin, end in rows.values_list("expert_id", "start", "end"):
        load[expert] += int((end - begin).total_seconds() // 60)
    return load


# Caps -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Caps:
    sessions_day: int
    sessions_week: int
    minutes_week: int
    closed: list[pure.Span]


def _whole_weeks(horizon: Horizon) -> Horizon:
    return replace(horizon, days=-(-horizon.days // 7) * 7)


def _caps(
    expert: Expert, outside: Iterable[tuple[datetime, datetime]], kept: Sequence[pure.Span], horizon: Horizon
) -> _Caps:
    """Caps that leave room for what lies outside the problem, and the time that is closed so that all are kept.

    The format has one cap per kind, so the fullest day or week counts for all: cautious, never over the cap. But what
    is fixed stays possible: the cap is as large as that asks for, and fuller days or weeks are closed but for it.
    """
    whole = _whole_weeks(horizon)
    starts = [*whole.day_starts, whole.length_min]
    stays = [(whole.minute(a), whole.minute_up(b)) for a, b in outside if a >= horizon.start]

    def day(minute: int) -> int:
        return max(index for index, start in enumerate(starts) if start <= minute)

    def closing(most: int, amount: Callable[[pure.Span], int], days: int) -> tuple[int, list[pure.Span]]:
        used, fixed = _amounts(stays, amount, day, days), _amounts(kept, amount, day, days)
        partly = [amount for amount in used.values() if amount < most]
        least = max((amount for amount in fixed.values()), default=0)
        cap = min(most, max(most - max(partly, default=0), least))
        full = [period for period, amount in used.items() if most - amount < cap]
        return cap, [(starts[period * days], starts[(period + 1) * days]) for period in full]

    sessions_day, full_days = closing(expert.max_sessions_day, _once, 1)
    sessions_week, full_weeks = closing(expert.max_sessions_week, _once, 7)
    minutes_week, long_weeks = closing(expert.max_minutes_week, _length, 7)
    return _Caps(
        sessions_day=sessions_day,
        sessions_week=sessions_week,
        minutes_week=minutes_week,
        closed=time_intervals.subtract([*full_days, *full_weeks, *long_weeks], kept),
    )


def _amounts(
    stays: Iterable[pure.Span], amount: Callable[[pure.Span], int], day: Callable[[int], int], days: int
) -> dict[int, int]:
    """How much falls on each day (`days` 1) or week (7)."""
    found: dict[int, int] = defaultdict(int)
    for stay in stays:
        found[day(stay[0]) // days] += amount(stay)
    return found


def _once(_stay: pure.Span) -> int:
    return 1


def _length(stay: pure.Span) -> int:
    return stay[1] - stay[0]
