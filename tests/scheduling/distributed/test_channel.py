"""What answers from outside may do to a search: nothing, unless they are wanted, in time, and good."""

from __future__ import annotations

import copy
import json
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest
import redis
from celery import states
from django.conf import settings as configured

from mdt_portal.celery import app
from scheduling.distributed import distributed_crew
from scheduling.distributed.channel import Channel
from scheduling.distributed.helper import HelperSession
from scheduling.problem import snapshot
from scheduling.solver import rules
from scheduling.solver.core import assembly, reading
from scheduling.solver.core.plan import LEVELS, Bound, PlannedSession
from scheduling.solver.core.problem import Problem
from scheduling.solver.greedy import greedy
from scheduling.solver.neighbourhood import crew, decompose
from scheduling.solver.neighbourhood.decompose import Coordinator, Improver, Worker
from scheduling.solver.proof import bounds
from scheduling.solver.solve import Clock, Search
from tests.scheduling import worlds

pytestmark = pytest.mark.django_db
BEGUN = {"hostname": "helper@elsewhere", "pid": 7}


@pytest.fixture
def problem() -> Problem:
    world = worlds.wide(teams=8, cases=2)
    return snapshot.take(world.request()).problem


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    with redis.Redis.from_url(configured.BROKER_URL) as client:
        client.flushdb()
        yield client


@pytest.fixture
def search(problem: Problem) -> Coordinator:
    """From an empty week, so that each answer gains something."""
    return Coordinator.start(problem, assembly.plan_of(problem, ()))


@pytest.fixture
def crew_at_work(
    broker: redis.Redis, problem: Problem, search: Coordinator
) -> Iterator[distributed_crew.DistributedCrew]:
    team = distributed_crew.DistributedCrew(problem, lambda: search.sessions, lambda: False)
    yield team
    team.dismiss()


@pytest.fixture
def ticket(crew_at_work: distributed_crew.DistributedCrew, broker: redis.Redis) -> Ticket:
    return next_ticket(broker)


def test_what_a_helper_finds_is_checked_and_taken(
    crew_at_work: distributed_crew.DistributedCrew, search: Coordinator, ticket: Ticket, problem: Problem
) -> None:
    ticket.answer(improved(ticket, problem))
    [found] = wait_for(lambda: heard(crew_at_work, for_s=0.2))
    before = search.goals
    assert search.accept_unasked(found)
    assert search.goals < before
    assert rules.violations(problem, search.plan()) == []
    assert (crew_at_work.helped, crew_at_work.lost) == (1, 0)


def test_a_helper_begins_with_the_state_as_it_is_by_then(search: Coordinator, ticket: Ticket, problem: Problem) -> None:
    seen = Channel(ticket.search)
    assert seen.sessions() == ()
    while search.improved < 2:
        found = Improver(problem, Random(search.version), lambda: False).improve(tuple(search.sessions.values()), 0.5)
        assert found is not None
        search.accept_unasked(found)
    wait_for(lambda: by_id(seen.sessions()) == search.sessions)
    assert by_id(Channel(ticket.search).sessions()) == search.sessions


def test_nothing_found_is_an_answer_too(crew_at_work: distributed_crew.DistributedCrew, ticket: Ticket) -> None:
    ticket.answer(None)
    wait_for(lambda: crew_at_work.helped == 1)
    assert heard(crew_at_work, for_s=0.3) == []
    assert crew_at_work.lost == 0


def test_a_repeated_answer_is_not_heard(
    crew_at_work: distributed_crew.DistributedCrew, search: Coordinator, ticket: Ticket, problem: Problem
) -> None:
    said = improved(ticket, problem)
    ticket.answer(said)
    assert len(wait_for(lambda: heard(crew_at_work, for_s=0.2))) == 1
    ticket.answer(said)
    assert heard(crew_at_work, for_s=1.0) == []


def test_an_exchange_that_comes_twice_changes_nothing_the_second_time(
    search: Coordinator, ticket: Ticket, problem: Problem
) -> None:
    found = decompose.read_exchange(improved(ticket, problem))
    assert search.accept_unasked(found)
    state = dict(search.sessions)
    assert not search.accept_unasked(found)
    assert search.sessions == state


def test_a_silent_helper_costs_its_ticket_and_its_late_answer_nothing(
    crew_at_work: distributed_crew.DistributedCrew, ticket: Ticket, problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = improved(ticket, problem)
    monkeypatch.setattr(distributed_crew, "LOST_S", 0.3)
    ticket.say(states.STARTED, BEGUN)
    wait_for(lambda: crew_at_work.lost == 1)
    ticket.answer(said)
    assert heard(crew_at_work, for_s=1.0) == []


def test_whoever_begins_a_ticket_is_counted_and_leaves_another_one_for_the_next(
    crew_at_work: distributed_crew.DistributedCrew, broker: redis.Redis, ticket: Ticket
) -> None:
    wait_for(lambda: broker.llen(distributed_crew.QUEUE) == distributed_crew.OPEN_TICKETS - 1)
    ticket.say(states.STARTED, BEGUN)
    wait_for(lambda: broker.llen(distributed_crew.QUEUE) == distributed_crew.OPEN_TICKETS)
    assert crew_at_work.workers == 2


def test_a_ticket_that_nobody_takes_is_replaced_until_too_many_lie_there(
    crew_at_work: distributed_crew.DistributedCrew, broker: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distributed_crew, "TICKET_S", 0.2)
    monkeypatch.setattr(distributed_crew, "MOST_QUEUED", 7)
    wait_for(lambda: broker.llen(distributed_crew.QUEUE) == 7)
    time.sleep(1)
    assert broker.llen(distributed_crew.QUEUE) == 7
    assert (crew_at_work.workers, crew_at_work.lost) == (1, 0)


@pytest.mark.parametrize("said", [[], "hello", 7, {}, {"out": []}, {"out": [], "into": [{}]}, {"out": {}, "into": []}])
def test_an_answer_that_cannot_be_read_counts_as_lost(
    said: Any, crew_at_work: distributed_crew.DistributedCrew, ticket: Ticket
) -> None:
    ticket.answer(said)
    wait_for(lambda: crew_at_work.lost == 1)
    assert heard(crew_at_work, for_s=0.2) == []


@pytest.mark.parametrize(
    "raw",
    [
        b"no json",
        b"[]",
        b"7",
        b"{}",
        b'{"status": "STARTED", "result": null}',
        b'{"status": "FAILURE", "result": {"exc_module": "os", "exc_type": "system", "exc_message": "true"}}',
        b'{"status": "FAILURE", "result": {"exc_module": "os", "exc_type": 7}}',
    ],
)
def test_what_is_no_result_of_celerys_counts_as_lost(
    raw: bytes, crew_at_work: distributed_crew.DistributedCrew, broker: redis.Redis, ticket: Ticket
) -> None:
    broker.set(app.backend.get_key_for_task(ticket.id), raw)
    wait_for(lambda: crew_at_work.lost == 1)
    assert heard(crew_at_work, for_s=0.2) == []


def test_a_helper_that_fails_costs_its_ticket(crew_at_work: distributed_crew.DistributedCrew, ticket: Ticket) -> None:
    ticket.say(states.FAILURE, ZeroDivisionError("division by zero"))
    wait_for(lambda: crew_at_work.lost == 1)
    assert heard(crew_at_work, for_s=0.2) == []


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 6))])
def test_an_answer_of_other_code_neither_ends_the_search_nor_spoils_its_plan(seed: int, problem: Problem) -> None:
    """Any numbers of an answer changed, any parts left out or sent twice."""
    rnd = Random(seed)
    search, helper = Coordinator.start(problem, assembly.plan_of(problem, ())), Improver(problem, rnd, lambda: False)
    for _ in range(12):
        found = helper.improve(tuple(search.sessions.values()), 0.2)
        if found is None:
            continue
        said = reading.as_json(found)
        for _change in range(rnd.randint(0, 3)):
            spoil(said[rnd.choice(("into", "into", "out"))], rnd)
        try:
            search.accept_unasked(decompose.read_exchange(said))
        except reading.ProblemError:
            continue
        assert rules.violations(problem, search.plan()) == []


def spoil(data: Any, rnd: Random) -> None:
    """Changes one number somewhere in this, takes something away, or says it twice."""
    places = [(at, key) for at in nested(data) for key in (at if isinstance(at, dict) else range(len(at)))]
    at, key = rnd.choice(places) if places else ([0], 0)
    if isinstance(at[key], int):
        at[key] = rnd.choice((-1, 0, 1, 10**9, at[key] + 15, at[key] - 5))
    elif isinstance(at, list) and rnd.random() < 0.5:
        at.append(copy.deepcopy(at[key]))
    elif isinstance(at, list):
        del at[key]


def nested(data: Any) -> Iterator[Any]:
    if isinstance(data, (dict, list)):
        yield data
        for part in data.values() if isinstance(data, dict) else data:
            yield from nested(part)


@pytest.mark.parametrize("above", [0, 10**6])
def test_a_bound_above_what_a_plan_reaches_is_not_believed(above: int, problem: Problem) -> None:
    search = Search(problem, Clock(limit_s=60), lambda _: None)
    search.start(greedy.first_plan(problem), 1)
    honest_parts = {team: bounds.team_bound(problem, team) for team in list(search.unbounded)}
    for team, part in honest_parts.items():
        search._take(crew.TeamBounded(team=team, part=replace(part, required_late=part.required_late + above)))
    assert (search.bound is None) == bool(above)
    assert search.finish().goals <= greedy.first_plan(problem).goals


def test_a_bound_that_a_better_plan_goes_below_is_forgotten(problem: Problem) -> None:
    search, worker = Search(problem, Clock(limit_s=60), lambda _: None), Worker(problem)
    search.start(assembly.plan_of(problem, ()), 1)
    now = search.coordinator
    search.bound = Bound(**dict(zip(LEVELS, now.goals, strict=True)))
    while now.improved == 0:
        task = now.next_task(0.5)
        assert task is not None
        search._take(worker.work(task))
    assert search.bound is None


def test_an_answer_that_breaks_a_rule_is_refused_however_good_it_looks(
    search: Coordinator, ticket: Ticket, problem: Problem
) -> None:
    said = improved(ticket, problem)
    assert search.accept_unasked(decompose.read_exchange(said))
    search = Coordinator.start(problem, assembly.plan_of(problem, ()))
    for session in said["into"]:
        for item in session["cases"]:
            item["seats"] = dict(list(item["seats"].items())[:1])
    assert not search.accept_unasked(decompose.read_exchange(said))
    assert search.sessions == {}


def test_the_channel_vanishes_with_the_search(
    crew_at_work: distributed_crew.DistributedCrew, broker: redis.Redis, ticket: Ticket
) -> None:
    channel = Channel(ticket.search)
    assert channel.is_open()
    crew_at_work.dismiss()
    assert not channel.is_open()
    assert channel.problem() is None
    assert channel.sessions() is None
    assert broker.keys("mdt-search:*") == []


def test_the_search_goes_on_in_a_new_channel_when_the_broker_has_forgotten_the_old_one(
    crew_at_work: distributed_crew.DistributedCrew,
    broker: redis.Redis,
    ticket: Ticket,
    problem: Problem,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(distributed_crew, "RENEW_S", 0.1)
    broker.flushdb()
    new = wait_for(lambda: another if (another := next_ticket(broker)).search != ticket.search else None)
    assert not Channel(ticket.search).is_open()
    new.answer(improved(new, problem))
    assert len(wait_for(lambda: heard(crew_at_work, for_s=0.2))) == 1


def test_without_a_broker_the_run_goes_on_alone(problem: Problem, search: Coordinator, settings: Any) -> None:
    settings.BROKER_URL = "redis://127.0.0.1:1/0"  # nobody listens there
    alone = distributed_crew.DistributedCrew(problem, lambda: search.sessions, lambda: False)
    task = search.next_task(0.5)
    assert task is not None
    alone.hand_out(task)
    [answer] = wait_for(lambda: heard(alone, for_s=0.2))
    assert search.accept(task.id, answer)
    before = time.monotonic()
    alone.dismiss()
    assert time.monotonic() - before < 2
    assert (alone.done, alone.helped, alone.workers) == (1, 0, 1)


# The test as a helper -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A message of Celery's that the test has taken from the queue."""

    id: str
    search: str

    def answer(self, said: Any) -> None:
        self.say(states.SUCCESS, said)

    def say(self, state: str, said: Any) -> None:
        app.backend.store_result(self.id, said, state)


def next_ticket(broker: redis.Redis) -> Ticket:
    taken = broker.blpop([distributed_crew.QUEUE], timeout=20)
    assert taken is not None
    message = json.loads(taken[1])
    [search, _number], *_ = json.loads(b64decode(message["body"]))
    return Ticket(id=message["headers"]["id"], search=search)


def improved(ticket: Ticket, problem: Problem) -> dict[str, Any]:
    """What an honest helper answers."""
    said = HelperSession(Channel(ticket.search), problem, 1).improve()
    assert said is not None
    return said


def by_id(sessions: tuple[PlannedSession, ...] | None) -> dict[int, PlannedSession]:
    return {session.id: session for session in sessions or ()}


def heard(team: distributed_crew.DistributedCrew, *, for_s: float) -> list[crew.Result]:
    """What comes in within this time."""
    found: list[crew.Result] = []
    deadline = time.monotonic() + for_s
    while time.monotonic() < deadline:
        found += team.results()
    return found


def wait_for(true: Callable[[], Any], timeout_s: float = 20) -> Any:
    deadline = time.monotonic() + timeout_s
    while not (found := true()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found
