"""The world as the solver sees it: ORM -> Problem, in one consistent read. Nothing here writes.

A run and a commit take the same snapshot, so what the solver was promised is what the commit checks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import combinations
from math import gcd

from django.db import connection
from django.db.models import Count, Max, Q, prefetch_related_objects
from django.utils import timezone

from cases.models import Case, Tier, Urgency
from cases.selectors import material_state
from cases.states import MaterialStatus
from experts.availability import free_time, working_days
from experts.availability.core import time_intervals
from experts.models import Institution, Team, Travel, WeeklyTime
from scheduling.models import (
    Block,
    Hold,
    PlacementConstraint,
    PlacementConstraintKind,
    PlanningRun,
    PublishedPlan,
    Room,
    RoomBooking,
    Session,
)
from scheduling.problem import blocks, people, placement_constraints, published
from scheduling.problem.candidates import Pool
from scheduling.problem.core import plan_diff
from scheduling.problem.core.horizon import Horizon
from scheduling.problem.places import CasePlace, places
from scheduling.solver import rules
from scheduling.solver.core import problem as pure
from scheduling.solver.core.plan import Goals, Plan, PlannedSession, Unplaced
from scheduling.solver.core.timeline import minus

NOTICE = timedelta(hours=1)
"""A run plans nothing that would start sooner: time to review, publish and be told."""
NO_NOTICE = timedelta(0)
"""What is judged or chosen now may start now."""

ROOM_BEFORE_LIMIT = timedelta(days=1)
"""What a routine case must have left after its notice; else its limit counts for more."""

FAIR_MARGIN_MIN = 120
WEIGHTS = {Urgency.EMERGENCY: 8, Urgency.URGENT: 4, Urgency.ROUTINE: 2}
RARE_WEIGHT = {"A": 3, "B": 2, "C": 1, "": 0}

Busy = dict[int, list[tuple[datetime, datetime]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The problem, and what leads back from it: the horizon, and the published versions that it rests on."""

    problem: pure.Problem
    horizon: Horizon
    base_versions: dict[str, int]
    sessions: dict[int, Session]


def take(run: PlanningRun, *, now: datetime | None = None, notice: timedelta = NOTICE) -> Snapshot:
    """Everything that the run may plan, as of now. Call it inside a repeatable-read transaction or under locks."""
    institutions = list(run.institutions.order_by("pk"))
    horizon = Horizon.around(run.horizon_start, run.horizon_days, institutions[0].tz)
    return read(institutions, horizon, now=now, notice=notice, limits=pure.Limits(seconds=run.seconds, seed=run.seed))


def read(
    institutions: Sequence[Institution],
    horizon: Horizon,
    *,
    now: datetime | None = None,
    notice: timedelta = NOTICE,
    limits: pure.Limits | None = None,
) -> Snapshot:
    """The same for any hospitals and horizon."""
    return Reader(institutions, horizon, now or timezone.now()).snapshot(notice, limits or pure.Limits())


def repeatable_read() -> None:
    """Make the present transaction see one state of the database. Must be its first statement."""
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


class Reader:
    """One reading of the database; each method reads one kind of thing for all rows at once."""

    calm = True  # routine cases give people their time to answer

    def __init__(self, institutions: Sequence[Institution], horizon: Horizon, now: datetime) -> None:
        self.institutions, self.horizon, self.now = institutions, horizon, now
        self.sites = {institution.pk: institution for institution in institutions}
        self.pool = Pool(institutions, horizon.first_day)
        prefetch_related_objects(list(institutions), "opening_hours")
        self.calendars = working_days.calendars(institutions)
        self.teams = list(Team.objects.filter(institution__in=institutions, active=True).select_related("institution"))
        self.site_of_team = {team.pk: team.institution_id for team in self.teams}
        self.holds = list(Hold.objects.live(now).filter(team__in=self.teams).select_related("session"))
        self.fixed: dict[int, Session] = {}
        self.previous: dict[int, Session] = {}
        self.published = {session.pk: session for session in published.sessions(institutions, horizon)}
        promised = {hold.session_id for hold in self.holds}
        for session in self.published.values():
            if session.team_id not in self.site_of_team:
                continue  # of a team that was given up: it takes place as it is, so it only occupies
            stays = published.immovable(session, now) or session.pk in promised
            self._admit(session, complete=published.complete(session, self.pool.members), stays=stays)

    def _admit(self, session: Session, *, complete: bool, stays: bool) -> None:
        """Whether the session is a part of the problem that stays or one that may move."""
        if complete and stays:
            self.fixed[session.pk] = session
        elif session.start > self.now:
            self.previous[session.pk] = session
        # what has begun without a quorum can neither move nor be a rule-abiding part: it only occupies

    def snapshot(self, notice: timedelta, limits: pure.Limits) -> Snapshot:
        self.calm = self.calm and bool(notice)
        problem = self._problem(notice, limits)
        while broken := self._broken(problem):
            for pk in broken:
                self._loosen(pk)
            problem = self._problem(notice, limits)
        versions = dict(
            PublishedPlan.objects.filter(institution__in=self.sites).values_list("institution_id", "version")
        )
        return Snapshot(
            problem=problem,
            horizon=self.horizon,
            base_versions={str(pk): versions.get(pk, 0) for pk in self.sites},
            sessions=self.fixed | self.previous,
        )

    def _problem(self, notice: timedelta, limits: pure.Limits) -> pure.Problem:
        horizon, sites = self.horizon, list(self.sites.values())
        cases = self._cases()
        constrained = self._constraints(cases)
        experts = self._experts(cases, self.pool.members.keys() & {one.expert_id for one in constrained})
        rooms = self._rooms()
        known = {"experts": {one.id for one in experts}, "rooms": {one.id for one in rooms}}
        loads = [expert.load_min for expert in experts]
        return pure.Problem(
            horizon_min=horizon.length_min,
            now_min=max(0, horizon.minute_up(self.now + notice)),
            day_starts=horizon.day_starts,
            sites=tuple(self.sites),
            travel_min=_travel(self.sites),
            changeover_min=max(site.changeover_min for site in sites),
            grain_min=gcd(*(site.grain_min for site in sites)),
            max_session_min=min(site.max_session_min for site in sites),
            break_after_min=min((s.break_after_min for s in sites if s.break_after_min), default=0),
            break_min=max(site.break_min for site in sites),
            teams=self._teams(),
            rooms=rooms,
            experts=experts,
            cases=cases,
            fixed=self._planned(self.fixed),
            previous=self._planned(self.previous),
            pins=placement_constraints.as_choices(constrained, PlacementConstraintKind.PIN, horizon, **known),
            forbidden=placement_constraints.as_choices(constrained, PlacementConstraintKind.FORBID, horizon, **known),
            fair_target_min=round(sum(loads) / len(loads)) + FAIR_MARGIN_MIN if loads else None,
            limits=limits,
        )

    def _broken(self, problem: pure.Problem) -> set[int]:
        return broken_fixed(problem)

    def _loosen(self, pk: int) -> None:
        """A session that was to stay breaks a rule by now: it may move, or only occupies what has begun."""
        session = self.fixed.pop(pk)
        if session.start > self.now:
            self.previous[pk] = session

    def _planned(self, sessions: dict[int, Session]) -> tuple[PlannedSession, ...]:
        known = self.pool.members
        return tuple(published.as_planned(session, self.horizon, known) for session in sessions.values())

    # Teams and rooms -----------------------------------------------------------------------------------------------

    def _teams(self) -> tuple[pure.Team, ...]:
        horizon = self.horizon
        opening = {
            pk: horizon.spans(self._open_hours(site, list(site.opening_hours.all()))) for pk, site in self.sites.items()
        }
        standing: dict[int, list[pure.Span]] = defaultdict(list)
        reserved: dict[int, list[pure.Reserved]] = defaultdict(list)
        for block in Block.objects.filter(team__in=self.teams).select_related("team__institution"):
            known = self.calendars[block.team.institution_id]
            for start, end in horizon.spans(blocks.stretches(block, horizon.first_day, horizon.days, known=known)):
                standing[block.team_id].append((start, end))
                if block.reserved_class:
                    reserved[block.team_id].append(
                        pure.Reserved(from_min=start, to_min=end, classes=(block.reserved_class,))
                    )
        engaged = self._engaged()
        return tuple(
            pure.Team(
                id=team.pk,
                site=team.institution_id,
                windows=tuple(minus(pure.merged(opening[team.institution_id] + standing[team.pk]), engaged[team.pk])),
                standing=tuple(standing[team.pk]),
                reserved=tuple(reserved[team.pk]),
            )
            for team in self.teams
        )

    def _engaged(self) -> dict[int, list[pure.Span]]:
        """When teams meet outside the problem: in sessions that only occupy, and where a promise is held."""
        taken: Busy = defaultdict(list)
        for session in self.published.values():
            if session.pk not in self.fixed and session.pk not in self.previous:
                taken[session.team_id].append((session.start, session.end))
        for hold in self.holds:
            start = max(hold.start, hold.session.end) if hold.session else hold.start
            taken[hold.team_id].append((start, hold.end))
        return defaultdict(list, {team: self.horizon.spans(times) for team, times in taken.items()})

    def _rooms(self) -> tuple[pure.Room, ...]:
        horizon = self.horizon
        used = {session.room_id for session in [*self.fixed.values(), *self.previous.values()]}
        # a room that was given up stays known while sessions are in it, but is never free: they have to move
        wanted = Room.objects.filter(Q(active=True) | Q(pk__in=used - {None}), institution__in=self.sites)
        rooms = list(wanted.prefetch_related("hours", "closures"))
        taken: Busy = defaultdict(list)
        bookings = (
            RoomBooking.objects.filter(room__in=rooms, active=True, start__lt=horizon.end, end__gt=horizon.start)
            .exclude(session__in=[*self.fixed, *self.previous])
            .exclude(hold__expires_at__lte=self.now)
            .select_related("room")
        )
        for booking in bookings:
            before = timedelta(minutes=self.sites[booking.room.institution_id].changeover_min)
            taken[booking.room_id].append((booking.start - before, booking.end))
        found = []
        for room in rooms:
            site = self.sites[room.institution_id]
            rows: Sequence[WeeklyTime] = list(room.hours.all()) or list(site.opening_hours.all())
            hours = self._open_hours(site, rows) if room.active else []
            closed = [(closure.start, closure.end) for closure in room.closures.all()]
            free = time_intervals.subtract(hours, closed + taken[room.pk])
            found.append(
                pure.Room(
                    id=room.pk,
                    site=room.institution_id,
                    capacity=room.capacity,
                    equipment=frozenset(room.equipment),
                    free=tuple(horizon.spans(free)),
                )
            )
        return tuple(found)

    def _open_hours(self, site: Institution, rows: Iterable[WeeklyTime]) -> list[time_intervals.Stretch]:
        known = self.calendars[site.pk]
        return free_time.open_hours(site, rows, self.horizon.first_day, self.horizon.days, known=known)

    # Cases ---------------------------------------------------------------------------------------------------------

    def _cases(self) -> tuple[pure.Case, ...]:
        """Those that wait, and the cases of the sessions in the problem."""
        found = self._waiting()
        for session in [*self.fixed.values(), *self.previous.values()]:
            found += [self._case(item.case, release=submitted(item.case)) for item in session.items.all()]
        return tuple(found)

    def _waiting(self) -> list[pure.Case]:
        """Waiting cases that nothing holds back."""
        waiting = (
            Case.objects.waiting()
            .filter(team__in=self.teams)
            .exclude(pk__in=[hold.case_id for hold in self.holds])
            .select_related("institution")
            .annotate(
                materials_missing=Count("materials", filter=Q(materials__status=MaterialStatus.MISSING)),
                materials_at=Max("materials__changed_at"),
            )
            .order_by("pk")
        )
        calendars = working_days.calendars({case.institution for case in waiting} | set(self.institutions))
        found = []
        for case in waiting:
            if not material_state.holds_back(case, case.materials_missing):
                release = submitted(case)
                if case.materials_at:
                    complete_at = max(release, case.materials_at)
                    known = calendars[case.institution_id]
                    release = material_state.earliest_meeting(case, complete_at, known=known)
                found.append(self._case(case, release=release))
        return found

    def _constraints(self, cases: Iterable[pure.Case]) -> list[PlacementConstraint]:
        """Pins and bans of the cases that may still get or change their place."""
        settled = {item.case for session in self._planned(self.fixed) for item in session.cases}
        return placement_constraints.in_force(case.id for case in cases if case.id not in settled)

    def _case(self, case: Case, *, release: datetime) -> pure.Case:
        assert case.team_id and case.minutes and case.due_at, "the database holds this for every case in the pool"
        site = self.site_of_team[case.team_id]
        needed = places(case)
        return pure.Case(
            id=case.pk,
            team=case.team_id,
            tier="required" if case.tier == Tier.REQUIRED else "suggested",
            weight=WEIGHTS[Urgency(case.urgency)] + RARE_WEIGHT[case.rare_class],
            release_min=self.horizon.minute_up(self._calm(case, release, self.sites[site])),
            due_min=self.horizon.minute(case.due_at),
            duration_min=case.minutes,
            equipment=frozenset(case.equipment),
            remote_ok=case.remote_ok,
            seats=tuple(self._seat(place, case, site) for place in needed if not place.optional),
            optional=tuple(
                pure.Optional(id=place.id, discipline=place.discipline, candidates=self._who(place, case, site))
                for place in needed
                if place.optional
            ),
            rare_class=case.rare_class or None,  # type: ignore[arg-type]  # one of A, B, C
        )

    def _calm(self, case: Case, release: datetime, site: Institution) -> datetime:
        """A run gives people their time to answer."""
        answered = calm_from(case, self.now, site) if self.calm else None
        return release if answered is None else max(release, answered)

    def _seat(self, place: CasePlace, case: Case, site: int) -> pure.Seat:
        candidates = self._who(place, case, site)
        lower = self.pool.candidates(place, site=site, remote_ok=case.remote_ok, any_title=True)
        others = tuple(expert for expert in lower if expert not in candidates)
        return pure.Seat(
            id=place.id,
            discipline=place.discipline,
            candidates=candidates,
            relaxed=(pure.Relaxed(code="title", candidates=others),) if others else (),
        )

    def _who(self, place: CasePlace, case: Case, site: int) -> tuple[int, ...]:
        return self.pool.candidates(place, site=site, remote_ok=case.remote_ok)

    # Experts -------------------------------------------------------------------------------------------------------

    def _experts(self, cases: Iterable[pure.Case], constrained: Iterable[int]) -> tuple[pure.Expert, ...]:
        """Those who could sit anywhere or do already, with the time that nothing outside this problem takes."""
        wanted = {*constrained} | {expert for case in cases for seat in case.seats for expert in seat.candidates}
        wanted |= {expert for case in cases for place in case.optional for expert in place.candidates}
        wanted |= {other for case in cases for seat in case.seats for r in seat.relaxed for other in r.candidates}
        wanted |= {pk for planned in (self.fixed, self.previous) for s in self._planned(planned) for pk in s.people()}
        minutes = {case.id: case.duration_min for case in cases}
        kept: dict[int, list[pure.Span]] = defaultdict(list)
        for session in self._planned(self.fixed):
            for expert, stay in plan_diff.stays(session, minutes, {}).items():
                kept[expert].append((stay.start_min, stay.end_min))
        scene = people.Scene(
            horizon=self.horizon,
            now=self.now,
            sites=self.sites,
            pool=self.pool,
            inside=[*self.fixed, *self.previous],
            kept=kept,
        )
        return people.read(scene, wanted)


def calm_from(case: Case, now: datetime, site: Institution) -> datetime | None:
    """When people have had their time to answer; None for a case that is pressing, or whose limit is near."""
    answered = now + timedelta(hours=site.answer_within_h)
    pressing = case.urgency != Urgency.ROUTINE or case.due_at < answered + ROOM_BEFORE_LIMIT  # type: ignore[operator]
    return None if pressing else answered


def submitted(case: Case) -> datetime:
    assert case.submitted_at, "a case in the pool was submitted"
    return case.submitted_at


def _travel(sites: Iterable[int]) -> tuple[tuple[int, int, int], ...]:
    pairs = list(combinations(sorted(sites), 2))
    if not pairs:
        return ()
    known = {
        (a, b): minutes
        for a, b, minutes in Travel.objects.filter(origin__in=sites, destination__in=sites).values_list(
            "origin_id", "destination_id", "minutes"
        )
    }
    return tuple((a, b, minutes) for (a, b) in pairs if (minutes := known.get((a, b))) is not None)


def broken_fixed(problem: pure.Problem) -> set[int]:
    """Fixed sessions that break a rule by themselves: a leave or a closed room has come between."""
    if not problem.fixed:
        return set()
    placed = {item.case for session in problem.fixed for item in session.cases}
    alone = Plan(
        status="feasible",
        goals=Goals(required_unplaced=0, required_late=0, suggested=0, effort=0),
        sessions=problem.fixed,
        unplaced=tuple(Unplaced(case=case.id) for case in problem.cases if case.id not in placed),
    )
    known = {session.id for session in problem.fixed}
    found = rules.violations(replace(problem, pins=(), forbidden=()), alone)
    broken = {violation.session for violation in found if violation.session in known}
    if found and not broken:  # a rule about a person's day or week names no session: free all that they attend
        people = {violation.expert for violation in found}
        broken = {session.id for session in problem.fixed if session.people() & people}
    return broken or ({session.id for session in problem.fixed} if found else set())
