"""The crew of a planning run: this process's own hands, and whoever helps over the queue.

    own hands   a thread that always has work, so that a run needs nobody else
    porter      a thread that keeps the desk open, sends invitations (Celery tasks) and carries the helpers' messages in
    main        hands out work, takes results, checks and accepts them (`solve.Search`)

Work goes only to a helper who has said that it is ready, so nothing ever waits for somebody who does not exist. As soon
as an invitation is taken the next one is sent: two hosts or twenty, nobody needs to be counted. The work of a helper
that falls silent is lost, and its teams are free again; a late or repeated answer finds its work gone.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import redis
from kombu.exceptions import OperationalError

from mdt_portal.celery import app
from scheduling.distributed import helper
from scheduling.distributed.channel import Change, Desk, State
from scheduling.solver.core import reading
from scheduling.solver.core.plan import ID
from scheduling.solver.core.problem import Problem
from scheduling.solver.neighbourhood.crew import Lost, Result, TeamBounded, Work, do
from scheduling.solver.neighbourhood.decompose import Task, Worker, read_answer
from scheduling.solver.proof import bounds

logger = logging.getLogger(__name__)

SILENT_S = 12.0  # a helper at work gives a sign of life every few seconds; after this long it is gone
QUEUE = "improve"
OPEN_INVITATIONS = 2
INVITATION_S = 60
MOST_QUEUED = 40  # where nobody listens, messages must not pile up
RENEW_S = 5.0
PAUSE_S = 5.0  # before another try, when the broker is away
UNCHECKED = -1  # the version of no state: the coordinator then checks the answer against the rules

_TEAM_BOUND = reading.record(
    bounds.TeamBound,
    {
        "required_unplaced": reading.integer(),
        "required_late": reading.integer(),
        "suggested": reading.integer(),
        "effort": reading.nullable(reading.integer()),
    },
)
_TEAM_BOUNDED = reading.record(TeamBounded, {"team": ID, "part": _TEAM_BOUND})


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """From a helper, and the desk at which it came in."""

    desk: Desk
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Work, and the helper who has it."""

    work: Work
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A helper who is ready, and until when it waits."""

    who: str
    desk: Desk
    until: float


News = queue.SimpleQueue["Result | Message | Exception"]


class Spread:
    """A `crew.Crew` over hosts."""

    def __init__(self, problem: Problem, stop: Callable[[], bool]) -> None:
        self._news: News = queue.SimpleQueue()
        self._own = OwnHands(problem, stop, self._news)
        self._porter = Porter(problem, self._news)
        self._given: dict[str, Given] = {}
        self._waiting: deque[Waiting] = deque()
        self._written: Written | None = None
        self._heard: dict[str, float] = {}
        self.done = self.helped = self.lost = 0

    @property
    def workers(self) -> int:
        """Who is at work now: helpers heard of lately, and this process."""
        recent = time.monotonic() - 2 * helper.SHIFT_S
        return 1 + sum(heard > recent for heard in list(self._heard.values()))

    # What the search asks for ----------------------------------------------------------------------------------------

    def has_room(self) -> bool:
        now = time.monotonic()
        while self._waiting and self._waiting[0].until < now:
            self._waiting.popleft()
        return not self._own.busy or bool(self._waiting)

    def hand_out(self, work: Work) -> None:
        if not self._own.busy:
            self._own.take(work)
            return
        waiting = self._waiting.popleft()
        try:
            self._give(waiting, work)
        except redis.RedisError:
            logger.warning("work could not be handed out", exc_info=True)
            self._waiting.clear()
            self._news.put(Lost(work=work))

    def results(self) -> Iterator[Result]:
        with suppress(queue.Empty):
            news = self._news.get(timeout=0.1)
            while True:
                yield from self._understood(news)
                news = self._news.get_nowait()
        silent = time.monotonic() - SILENT_S
        for key in [key for key, given in self._given.items() if self._heard[given.who] < silent]:
            yield self._give_up(key)

    def dismiss(self) -> None:
        self._porter.dismiss()
        self._own.dismiss()

    # Helpers ---------------------------------------------------------------------------------------------------------

    def _give(self, waiting: Waiting, work: Work) -> None:
        body: dict[str, Any] = {"key": _key(work)}
        if isinstance(work, Task):
            if self._written is None or self._written.desk is not waiting.desk:
                self._written = Written(waiting.desk)
            body["step"] = self._written.up_to({session.id: session for session in work.sessions})
            body["task"] = reading.as_json(replace(work, sessions=()))
        else:
            body["bound"] = {"team": work.team, "seconds": work.seconds, "tight": work.tight}
        waiting.desk.hand(waiting.who, body)
        self._given[body["key"]] = Given(work=work, who=waiting.who)

    def _understood(self, news: Result | Message | Exception) -> Iterator[Result]:
        if isinstance(news, Exception):
            raise news
        if isinstance(news, Lost):
            yield news
        elif isinstance(news, Message):
            yield from self._heard_from(news)
        else:
            self._own.busy = False
            self.done += 1
            yield news

    def _heard_from(self, message: Message) -> Iterator[Result]:
        body, who, now = message.body, message.body["from"], time.monotonic()
        self._heard[who] = now
        if body.get("ready"):
            self._waiting = deque(waiting for waiting in self._waiting if waiting.who != who)
            self._waiting.append(Waiting(who=who, desk=message.desk, until=now + helper.WAIT_S - 1))
            yield from self._left_lying(who, body.get("key"))
        if body.get("gave_up") in self._given:
            yield self._give_up(body["gave_up"])
        elif body.get("key") in self._given:
            try:
                result = _read(body, self._given[body["key"]].work)
            except reading.ProblemError:
                logger.exception("an answer that cannot be read, or to something else")
                yield self._give_up(body["key"])
            else:
                del self._given[body["key"]]
                self.done += 1
                self.helped += 1
                yield result

    def _left_lying(self, who: str, done: str | None) -> Iterator[Lost]:
        """Work that came when the helper had gone already: it is back and ready, so it will never do that."""
        for key in [key for key, given in self._given.items() if given.who == who and key != done]:
            yield self._give_up(key)

    def _give_up(self, key: str) -> Lost:
        self.lost += 1
        return Lost(work=self._given.pop(key).work)


def _key(work: Work) -> str:
    return f"task-{work.id}" if isinstance(work, Task) else f"team-{work.team}"


def _read(body: Mapping[str, Any], work: Work) -> Result:
    """The answer to this work. Raises ProblemError: whoever helps may run other code, or speak of something else."""
    if isinstance(work, Task):
        answer = read_answer(body.get("answer"))
        if answer.task != work.id:
            raise reading.ProblemError([reading.Mistake(place="answer.task", code="other_work")])
        return replace(answer, version=UNCHECKED)
    bounded = reading.whole(_TEAM_BOUNDED, body.get("bounded"))
    if bounded.team != work.team:
        raise reading.ProblemError([reading.Mistake(place="bounded.team", code="other_work")])
    return bounded


@dataclass(slots=True)
class Written:
    """The state as far as it is written down at a desk."""

    desk: Desk
    state: State = field(default_factory=dict)
    steps: int = 0

    def up_to(self, state: State) -> int:
        """Write what has changed; returns the step at which readers know this state."""
        change = Change.between(self.state, state)
        if change.went or change.came:
            self.desk.publish(change)
            self.state, self.steps = state, self.steps + 1
        return self.steps


class OwnHands:
    """One piece of work at a time, in a thread: CP-SAT lets the others run meanwhile."""

    def __init__(self, problem: Problem, stop: Callable[[], bool], news: News) -> None:
        self._worker = Worker(problem, stop=lambda: self._dismissed or stop())
        self._news = news
        self._todo: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._dismissed = False
        self._thread = threading.Thread(target=self._work, name="own-hands", daemon=True)
        self._thread.start()
        self.busy = False

    def take(self, work: Work) -> None:
        self.busy = True
        self._todo.put(work)

    def dismiss(self) -> None:
        self._dismissed = True
        self._todo.put(None)
        self._thread.join(timeout=1)

    def _work(self) -> None:
        while (work := self._todo.get()) is not None:
            try:
                self._news.put(do(self._worker, work))
            except Exception as error:  # noqa: BLE001 - raised again where the run is
                self._news.put(error)


class Porter:
    """Keeps a desk open and helpers invited; the search goes on without it while the broker is away."""

    def __init__(self, problem: Problem, news: News) -> None:
        self._problem, self._news = problem, news
        self._ended = threading.Event()
        self._desk: Desk | None = None
        threading.Thread(target=self._carry, name="porter", daemon=True).start()

    def dismiss(self) -> None:
        """Closing the desk is what tells the helpers; the thread sees it within its next second."""
        self._ended.set()
        if self._desk is not None:
            with suppress(redis.RedisError):
                self._desk.close()

    def _carry(self) -> None:
        while not self._ended.is_set():
            try:
                self._desk = Desk.opened(self._problem)
                self._attend(self._desk)
            except (redis.RedisError, OperationalError):
                if self._ended.is_set():
                    return
                logger.warning("no helpers for now: the broker is away", exc_info=True)
                self._ended.wait(PAUSE_S)
        if self._desk is not None:
            with suppress(redis.RedisError):
                self._desk.close()  # it may have been opened while the search ended

    def _attend(self, desk: Desk) -> None:
        """Until the search ends, or the broker has forgotten the desk."""
        invited: dict[int, float] = {}
        number, renewed = 0, time.monotonic()
        while not self._ended.is_set():
            now = time.monotonic()
            if now - renewed > RENEW_S:
                renewed = now
                if not desk.renew():
                    return
            invited = {one: sent for one, sent in invited.items() if now - sent < INVITATION_S}
            while len(invited) < OPEN_INVITATIONS and _invite(desk, number):
                invited[number], number = now, number + 1
            body = desk.next_message(within_s=1)
            if body is not None:
                invited.pop(body.get("invitation", UNCHECKED), None)
                self._news.put(Message(desk=desk, body=body))


def _invite(desk: Desk, number: int) -> bool:
    if desk.queued(QUEUE) >= MOST_QUEUED:
        return False
    app.send_task("scheduling.tasks.improve", (desk.name, number), expires=INVITATION_S, retry=False)
    return True
