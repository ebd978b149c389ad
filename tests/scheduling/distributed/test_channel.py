"""What answers from outside may do to a search: nothing, unless they are asked for, in time, and good."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest
import redis
from django.conf import settings

from scheduling.distributed import distributed_crew
from scheduling.distributed.channel import Desk
from scheduling.distributed.helper import Place
from scheduling.problem import snapshot
from scheduling.solver import rules
from scheduling.solver.core import assembly, reading
from scheduling.solver.core.plan import LEVELS, Bound
from scheduling.solver.core.problem import Problem
from scheduling.solver.greedy import greedy
from scheduling.solver.neighbourhood import crew, decompose
from scheduling.solver.neighbourhood.decompose import Coordinator, Worker
from scheduling.solver.proof import bounds
from scheduling.solver.solve import Clock, Search
from tests.scheduling import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def problem() -> Problem:
    w = world.wide(teams=8, cases=2)
    return snapshot.take(w.request()).problem


@pytest.fixture
def crew_at_work(problem: Problem) -> Iterator[distributed_crew.Spread]:
    with redis.Redis.from_url(settings.BROKER_URL) as broker:
        broker.flushdb()
    team = distributed_crew.Spread(problem, lambda: False)
    team._own.busy = True  # so that all work goes to helpers
    yield team
    team.dismiss()


@pytest.fixture
def search(problem: Problem) -> Coordinator:
    """From an empty week, so that each answer gains something."""
    return Coordinator.start(problem, assembly.plan_of(problem, ()))


@pytest.fixture
def desk(crew_at_work: distributed_crew.Spread) -> Desk:
    """As a helper finds it whose invitation names it."""
    with redis.Redis.from_url(settings.BROKER_URL) as broker:
        keys = wait_for(lambda: broker.keys("mdt-desk:*:problem"))
    return Desk(keys[0].decode().split(":")[1])


def test_a_helper_gets_work_and_its_answer_is_checked_and_taken(
    crew_at_work: distributed_crew.Spread, search: Coordinator, desk: Desk, problem: Problem
) -> None:
    answer = answered(crew_at_work, search, desk, honest(desk, problem))
    before = search.goals
    assert search.accept(answer.task, answer)
    assert search.goals < before
    assert rules.violations(problem, search.plan()) == []
    assert crew_at_work.helped == 1


def test_a_repeated_answer_is_not_heard(
    crew_at_work: distributed_crew.Spread, search: Coordinator, desk: Desk, problem: Problem
) -> None:
    work = honest(desk, problem)
    said: list[dict[str, Any]] = []

    def twice(given: dict[str, Any]) -> dict[str, Any]:
        said.append({"from": "helper", "key": given["key"], **work(given)})
        return said[0]

    answer = answered(crew_at_work, search, desk, twice)
    search.accept(answer.task, answer)
    state = dict(search.sessions)
    desk.tell(said[0])
    assert heard(crew_at_work, for_s=1.0) == []
    assert search.sessions == state


def test_a_silent_helper_costs_its_task_and_its_late_answer_nothing(
    crew_at_work: distributed_crew.Spread,
    search: Coordinator,
    desk: Desk,
    problem: Problem,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = handed(crew_at_work, search, desk)
    monkeypatch.setattr(distributed_crew, "SILENT_S", 0.3)
    [lost] = wait_for(lambda: [r for r in crew_at_work.results() if isinstance(r, crew.Lost)])
    assert f"task-{lost.work.id}" == given["key"]
    assert crew_at_work.lost == 1
    search.forget(lost.work.id)
    desk.tell({"from": "helper", "key": given["key"], **honest(desk, problem)(given)})
    assert heard(crew_at_work, for_s=1.0) == []


def test_work_that_came_too_late_for_a_helper_is_lost_when_it_returns(
    crew_at_work: distributed_crew.Spread, search: Coordinator, desk: Desk
) -> None:
    given = handed(crew_at_work, search, desk)
    desk.tell({"from": "helper", "ready": True, "invitation": 7})
    [lost] = wait_for(lambda: heard(crew_at_work, for_s=0.2))
    assert isinstance(lost, crew.Lost)
    assert f"task-{lost.work.id}" == given["key"]
    assert crew_at_work.has_room()


@pytest.mark.parametrize(
    "said", [{"answer": {"task": "x"}}, {"answer": {}}, {}, {"bounded": {"team": 1, "part": {}}}, {"bounded": {}}]
)
def test_an_answer_that_cannot_be_read_counts_as_lost(
    said: dict[str, Any], crew_at_work: distributed_crew.Spread, search: Coordinator, desk: Desk
) -> None:
    given = handed(crew_at_work, search, desk)
    desk.tell({"from": "helper", "key": given["key"], **said})
    [lost] = wait_for(lambda: heard(crew_at_work, for_s=0.2))
    assert isinstance(lost, crew.Lost)


@pytest.mark.parametrize(
    "said",
    [
        [],
        "hello",
        {"key": "task-1"},
        {"from": 7},
        {"from": "helper", "key": ["task-1"]},
        {"from": "helper", "gave_up": {}},
        {"from": "helper", "invitation": []},
    ],
)
def test_what_is_no_message_is_passed_over(said: Any, crew_at_work: distributed_crew.Spread, desk: Desk) -> None:
    with redis.Redis.from_url(settings.BROKER_URL) as broker:
        broker.rpush(f"mdt-desk:{desk.name}:inbox", b"no zip")
    desk.tell(said)
    desk.tell({"from": "helper", "ready": True})
    wait_for(lambda: heard(crew_at_work, for_s=0.1) or crew_at_work.has_room())


def test_an_answer_to_other_work_counts_as_lost(
    crew_at_work: distributed_crew.Spread, search: Coordinator, desk: Desk, problem: Problem
) -> None:
    given = handed(crew_at_work, search, desk)
    said = honest(desk, problem)(given)
    said["answer"]["task"] += 1
    desk.tell({"from": "helper", "key": given["key"], **said})
    [lost] = wait_for(lambda: heard(crew_at_work, for_s=0.2))
    assert isinstance(lost, crew.Lost)


@pytest.mark.parametrize("seed", range(6))
def test_an_answer_of_other_code_neither_ends_the_search_nor_spoils_its_plan(seed: int, problem: Problem) -> None:
    """Any numbers of an answer changed, any parts left out or sent twice."""
    rnd = Random(seed)
    search, worker = Coordinator.start(problem, assembly.plan_of(problem, ())), Worker(problem)
    for _ in range(12):
        task = search.next_task(0.2)
        assert task is not None
        said = reading.as_json(worker.work(task))
        for _change in range(rnd.randint(0, 3)):
            spoil(said["into"], rnd)
        answer = reading.whole(decompose._ANSWER, said)
        search.accept(task.id, replace(answer, version=distributed_crew.UNCHECKED))
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
    crew_at_work: distributed_crew.Spread, search: Coordinator, desk: Desk, problem: Problem
) -> None:
    def without_people(given: dict[str, Any]) -> dict[str, Any]:
        said = honest(desk, problem)(given)
        for session in said["answer"]["into"]:
            for item in session["cases"]:
                item["seats"] = dict(list(item["seats"].items())[:1])
        return said

    answer = answered(crew_at_work, search, desk, without_people)
    state = dict(search.sessions)
    assert not search.accept(answer.task, answer)
    assert search.sessions == state


def test_the_desk_vanishes_with_the_search(crew_at_work: distributed_crew.Spread, desk: Desk) -> None:
    assert desk.show_life("helper")
    crew_at_work.dismiss()
    assert not desk.show_life("helper")
    assert desk.problem() is None


def test_the_search_goes_on_at_a_new_desk_when_the_broker_has_forgotten_the_old_one(
    crew_at_work: distributed_crew.Spread,
    search: Coordinator,
    desk: Desk,
    problem: Problem,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(distributed_crew, "RENEW_S", 0.1)
    with redis.Redis.from_url(settings.BROKER_URL) as broker:
        broker.flushdb()
        wait_for(lambda: broker.keys("mdt-desk:*:problem"))
    assert not desk.is_open()
    with redis.Redis.from_url(settings.BROKER_URL) as broker:
        [key] = broker.keys("mdt-desk:*:problem")
    new = Desk(key.decode().split(":")[1])
    answer = answered(crew_at_work, search, new, honest(new, problem))
    assert search.accept(answer.task, answer)


# The test as a helper -------------------------------------------------------------------------------------------------


def honest(desk: Desk, problem: Problem) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return Place(desk, Worker(problem)).do


def handed(team: distributed_crew.Spread, search: Coordinator, desk: Desk) -> dict[str, Any]:
    """Work that the test has got, as a helper."""
    desk.tell({"from": "helper", "ready": True})
    wait_for(lambda: heard(team, for_s=0.1) or team.has_room())
    task = search.next_task(2.0)
    assert task is not None
    team.hand_out(task)
    given = desk.next_work("helper", 5)
    assert given is not None
    return given


def answered(
    team: distributed_crew.Spread, search: Coordinator, desk: Desk, work: Callable[..., dict[str, Any]]
) -> Any:
    given = handed(team, search, desk)
    desk.tell({"from": "helper", "key": given["key"], **work(given)})
    [answer] = wait_for(lambda: heard(team, for_s=0.2))
    return answer


def heard(team: distributed_crew.Spread, *, for_s: float) -> list[crew.Result]:
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
