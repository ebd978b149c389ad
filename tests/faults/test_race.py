"""Fifty requests for one expert's time, at the same moment, through a threaded server on real PostgreSQL: one wins.

Three guards stand behind each other: sorted advisory locks, the versions and rules checked again under them, and the
exclusion constraint. Either the constraint alone or the other two alone suffice; without all three the test fails.
"""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer
from rest_framework.authtoken.models import Token

from experts.models import Affiliation, Expert, Institution, Role
from mdt_portal import lifecycle
from mdt_portal.models import StatusEvent, User
from scheduling import locks
from scheduling.models import Attendance, Hold, Invitation, Proposal, Seat, Session
from scheduling.problem.core.horizon import Horizon
from scheduling.publishing import earliest_slots, holds, publication
from scheduling.sessions import invitations
from scheduling.solver import rules
from scheduling.solver.core.plan import Goals, Plan, PlannedCase, PlannedSession
from tests import factories
from tests.scheduling import worlds

pytestmark = pytest.mark.django_db(transaction=True)

RIVALS = 50
HOSPITALS = 10
ONE_WINNER = {200: 1, 409: RIVALS - 1}
CONSTRAINT = "expert_in_one_place_at_a_time"


# The race -----------------------------------------------------------------------------------------------------------
def rush(server: LiveServer, user: User, paths: Iterable[str], body: str = "{}") -> Counter[int]:
    """Post to all `paths` at the same moment; how often each status was answered. A mapping gives each its own body."""
    host = urlsplit(server.url).netloc
    token, _ = Token.objects.get_or_create(user=user)
    headers = {"Authorization": f"Token {token.key}", "Content-Type": "application/json"}
    bodies = paths if isinstance(paths, Mapping) else {}
    paths = list(paths)
    start = threading.Barrier(len(paths))
    calls = [http.client.HTTPConnection(host, timeout=120) for _ in paths]
    for call in calls:  # one by one: the server's queue of new connections is short
        call.connect()

    def send(call: http.client.HTTPConnection, path: str) -> int:
        start.wait()
        call.request("POST", path.partition("#")[0], body=bodies.get(path, body), headers=headers)
        status = call.getresponse().status
        call.close()
        return status

    with ThreadPoolExecutor(len(paths)) as pool:
        return Counter(pool.map(send, calls, paths))


# One expert, wanted in ten hospitals by fifty plans ------------------------------------------------------------------
class Wanted:
    """Ten hospitals of an alliance want one expert at the same time, each in five proposals, for a team and room."""

    def __init__(self) -> None:
        alliance = factories.alliance()
        self.coordinator = factories.user(Role.COORDINATOR, at=alliance)
        hospitals = [factories.institution(alliance=alliance) for _ in range(HOSPITALS)]
        self.expert = factories.expert("RADIOL", at=hospitals[0])
        Affiliation.objects.bulk_create(
            Affiliation(expert=self.expert, institution=hospital, title=factories.title(3), home=False)
            for hospital in hospitals[1:]
        )
        self.proposals = [one for hospital in hospitals for one in proposals(hospital, self.expert)]

    def race(self, server: LiveServer) -> Counter[int]:
        return rush(server, self.coordinator, [f"/api/v1/proposals/{one.public_id}/publish/" for one in self.proposals])

    def check(self, server: LiveServer) -> None:
        """What must hold of the race: one winner, no 5xx, and the expert is in one place."""
        assert self.race(server) == ONE_WINNER
        assert Attendance.objects.active().filter(expert=self.expert).count() == 1
        assert Session.objects.live().count() == 1


def proposals(hospital: Institution, expert: Expert) -> Iterator[Proposal]:
    """Rival plans of one hospital that all want `expert` on Tuesday at 14:30 for its only waiting case."""
    team, room = factories.team(at=hospital), factories.room(at=hospital)
    case = factories.case_waiting(team=team, seats=[("RADIOL", 3)])
    tuesday = factories.monday() + timedelta(days=1)
    start_min = Horizon.around(tuesday, 7, hospital.tz).minute(factories.moment(tuesday, "14:30", hospital))
    item = PlannedCase(case=case.pk, start_min=start_min, seats={1: expert.pk})
    session = PlannedSession(
        id=1, team=team.pk, site=hospital.pk, room=room.pk, start_min=start_min, end_min=start_min + 15, cases=(item,)
    )
    goals = Goals(required_unplaced=0, required_late=0, suggested=0, effort=0)
    plan = Plan(status="feasible", goals=goals, sessions=(session,), unplaced=()).to_json()
    for _ in range(RIVALS // HOSPITALS):
        run = factories.run(hospital, status="proposed")
        yield Proposal.objects.create(run=run, plan=plan, goals=plan["goals"], base_versions={str(hospital.pk): 0})


# Guards, taken away -------------------------------------------------------------------------------------------------
@contextmanager
def no_locks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(locks, "take", lambda **_keys: None)
        yield


@contextmanager
def no_checks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publication, "is_stale", lambda _proposal: False)
        patch.setattr(rules, "violations", lambda *_: [])
        yield


@contextmanager
def no_constraint() -> Iterator[None]:
    constraint = next(one for one in Attendance._meta.constraints if one.name == CONSTRAINT)
    with connection.schema_editor() as editor:
        editor.remove_constraint(Attendance, constraint)
    try:
        yield
    finally:
        Attendance.objects.all().delete()  # what overlaps could not be constrained again
        with connection.schema_editor() as editor:
            editor.add_constraint(Attendance, constraint)


def without(*guards: Callable) -> ExitStack:
    stack = ExitStack()
    for guard in guards:
        stack.enter_context(guard())
    return stack


@pytest.mark.slow
@pytest.mark.parametrize(
    "missing",
    [
        pytest.param((), id="all"),
        pytest.param((no_constraint,), id="no_constraint"),
        pytest.param((no_locks, no_checks), id="only_constraint"),
    ],
)
def test_fifty_publish_plans_for_one_experts_time_and_one_wins(live_server: LiveServer, missing: tuple) -> None:
    with without(*missing):
        Wanted().check(live_server)


@pytest.mark.slow
def test_without_any_guard_more_than_one_wins(live_server: LiveServer) -> None:
    wanted = Wanted()
    with without(no_locks, no_checks, no_constraint):
        with pytest.raises(AssertionError):
            wanted.check(live_server)
        assert Attendance.objects.active().filter(expert=wanted.expert).count() > 1


def test_the_database_has_its_constraint_back() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_constraint WHERE conname = %s", [CONSTRAINT])
        assert cursor.fetchone() == (1,)


# One invitation, answered fifty times --------------------------------------------------------------------------------
def invited() -> Invitation:
    expert = factories.expert("RADIOL", user=factories.user())
    session = factories.session(experts=[expert])
    return session.attendances.get().invitation


def accept_at_once(server: LiveServer, invitation: Invitation) -> Counter[int]:
    path = f"/api/v1/invitations/{invitation.public_id}/accept/"
    return rush(server, invitation.attendance.expert.user, [path] * RIVALS)


def test_fifty_accept_one_invitation_and_one_wins(live_server: LiveServer) -> None:
    invitation = invited()
    assert accept_at_once(live_server, invitation) == ONE_WINNER
    invitation.refresh_from_db()
    assert (invitation.status, invitation.nonce) == ("accepted", 1)


@pytest.mark.slow
def test_without_its_guards_an_invitation_is_accepted_more_than_once(
    live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_blindly(subject, to, *, by, why="", params=None, **fields) -> None:
        type(subject).objects.filter(pk=subject.pk).update(status=to, **fields)

    invitation = invited()
    monkeypatch.setattr(invitations, "_open", lambda invitation: invitation)
    monkeypatch.setattr(lifecycle, "move", write_blindly)
    assert accept_at_once(live_server, invitation)[200] > 1


# One open seat -------------------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_fifty_fill_one_seat_and_one_wins(live_server: LiveServer) -> None:
    world = worlds.small(1)
    publication.publish(world.propose(), by=world.coordinator)
    lost = Invitation.objects.filter(attendance__expert__qualifications__discipline__key="RADIOL").get()
    invitations.decline(lost, by=world.coordinator)
    seat = Seat.objects.select_related("item__session", "item__case").get(attendance=None)
    deputy = next(expert for expert in world.experts[:2] if expert != lost.attendance.expert)
    session, case = seat.item.session, seat.item.case
    path = f"/api/v1/sessions/{session.public_id}/cases/{case.public_id}/seats/{seat.place}/fill/"
    statuses = rush(live_server, world.coordinator, [path] * RIVALS, body=f'{{"expert": "{deputy.public_id}"}}')
    assert statuses == ONE_WINNER
    assert Attendance.objects.active().filter(expert=deputy, start__gte=timezone.now()).count() == 1


# One promised time ---------------------------------------------------------------------------------------------------
class Promised:
    """Ten hospitals whose first free time needs the same expert; each has five waiting cases, each with its slot."""

    def __init__(self) -> None:
        alliance = factories.alliance()
        self.coordinator = factories.user(Role.COORDINATOR, at=alliance)
        hospitals = [factories.institution(alliance=alliance) for _ in range(HOSPITALS)]
        self.expert = factories.expert("RADIOL", at=hospitals[0])
        Affiliation.objects.bulk_create(
            Affiliation(expert=self.expert, institution=hospital, title=factories.title(3), home=False)
            for hospital in hospitals[1:]
        )
        self.wanted: dict[str, str] = {}
        for hospital in hospitals:
            team, _room = factories.team(at=hospital), factories.room(at=hospital)
            for _ in range(RIVALS // HOSPITALS):
                case = factories.case_waiting(team=team, seats=[("RADIOL", 3)])
                slot = earliest_slots.earliest_slots(case, 1)[0]
                self.wanted[f"/api/v1/cases/{case.public_id}/hold/"] = json.dumps({"slot": slot.key})

    def race(self, server: LiveServer) -> Counter[int]:
        return rush(server, self.coordinator, self.wanted)


@pytest.mark.slow
def test_fifty_want_one_promised_time_and_one_gets_it(live_server: LiveServer) -> None:
    wanted = Promised()
    assert wanted.race(live_server) == {201: 1, 409: RIVALS - 1}
    assert Hold.objects.filter(status="held").count() == 1
    assert Attendance.objects.active().filter(expert=wanted.expert).count() == 1


@pytest.mark.slow
@pytest.mark.parametrize("missing", [(no_constraint,), (no_locks, no_checks)], ids=["no_constraint", "only_constraint"])
def test_a_promised_time_is_guarded_twice(live_server: LiveServer, missing: tuple) -> None:
    with without(*missing):
        assert Promised().race(live_server) == {201: 1, 409: RIVALS - 1}


@pytest.mark.slow
def test_without_any_guard_a_promised_time_is_held_more_than_once(live_server: LiveServer) -> None:
    with without(no_locks, no_checks, no_constraint):
        assert Promised().race(live_server)[201] > 1


@pytest.mark.slow
def test_fifty_book_one_held_time_and_one_books_it(live_server: LiveServer) -> None:
    world = worlds.small(1)
    hold = holds.hold(world.cases[0], earliest_slots.earliest_slots(world.cases[0], 1)[0].key, by=world.coordinator)
    assert rush(live_server, world.coordinator, [f"/api/v1/holds/{hold.public_id}/confirm/"] * RIVALS) == ONE_WINNER
    assert Session.objects.count() == 1


# Two coordinators record one meeting ---------------------------------------------------------------------------------
@pytest.mark.slow
def test_a_meeting_is_recorded_once_however_many_save_at_the_same_moment(live_server: LiveServer) -> None:
    over = factories.meeting_over(cases=4)
    coordinator = factories.user(Role.COORDINATOR, at=over.institution)
    outcomes = ["discussed", "no_time"]
    items = list(over.items.select_related("case").order_by("start"))

    def outcome_of(number: int) -> str:
        cases = [{"case": item.case.public_id, "outcome": outcomes[number % 2]} for item in items]
        times = {"start": over.start.isoformat(), "end": over.end.isoformat()}
        return json.dumps({**times, "came": [], "cases": cases, "quorum_reason": "Decided by telephone."})

    path = f"/api/v1/sessions/{over.public_id}/record/"
    bodies = {f"{path}#{number}": outcome_of(number) for number in range(RIVALS)}
    assert rush(live_server, coordinator, bodies) == ONE_WINNER
    over.refresh_from_db()
    assert (over.status, over.version) == ("held", 2)
    assert len(set(over.items.values_list("outcome", flat=True))) == 1  # all of it is one person's record
    assert StatusEvent.objects.filter(subject_type="cases.case").count() == 4
