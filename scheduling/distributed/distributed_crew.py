"""The crew of a planning run: this process's own hands, and whoever helps through Celery.

    own hands   a thread that always has work, so that a run needs nobody else
    gateway     a thread that shows helpers how the search stands, keeps tickets queued and brings their answers in
    main        hands out work, takes results, checks and accepts them (`solve.Search`)

A ticket is a Celery task with `expires`; its answer comes through the result backend. It names the search and no work:
the helper reads the state when it starts and chooses what to improve. So no team waits for somebody who does not come,
and a ticket that is lost, late, repeated or answered with nonsense costs itself. As soon as a ticket is begun the next
one is sent: two hosts or twenty, nobody needs to be counted.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import redis
from celery import states
from celery.exceptions import SecurityError
from kombu.exceptions import DecodeError, OperationalError

from mdt_portal.celery import app
from scheduling.distributed.channel import Channel
from scheduling.solver.core.plan import PlannedSession
from scheduling.solver.core.problem import Problem
from scheduling.solver.neighbourhood.crew import Result, Work, do
from scheduling.solver.neighbourhood.decompose import Exchange, Worker, read_exchange

logger = logging.getLogger(__name__)

QUEUE = "improve"
OPEN_TICKETS = 3
TICKET_S = 60
LOST_S = 30.0  # a ticket that was begun and has no answer yet; nothing waits for it, so there is no hurry
RECENT_S = 15.0  # who was heard of within this time counts as at work
MOST_QUEUED = 40  # where nobody listens, messages must not pile up
LOOK_EVERY_S = 0.05
RENEW_S = 5.0
PAUSE_S = 5.0  # before another try, when the broker is away
# What Celery and our own reader raise where no result, no answer, or an "exception" of any kind lies in its place.
UNREADABLE = (DecodeError, SecurityError, ValueError, LookupError, TypeError, AttributeError)

State = Mapping[int, PlannedSession]  # of one moment: the search replaces it and never changes it
News = queue.SimpleQueue["Result | Exception"]


class DistributedCrew:
    """A `crew.Crew` over hosts; `state` answers the sessions as the search has them now."""

    def __init__(self, problem: Problem, state: Callable[[], State], stop: Callable[[], bool]) -> None:
        self._news: News = queue.SimpleQueue()
        self._own = OwnHands(problem, stop, self._news)
        self._gateway = HelperGateway(problem, state, self._news)
        self._own_done = 0

    @property
    def done(self) -> int:
        return self._own_done + self.helped

    @property
    def helped(self) -> int:
        return self._gateway.answered

    @property
    def lost(self) -> int:
        return self._gateway.lost

    @property
    def workers(self) -> int:
        """Who is at work now: helpers heard of lately, and this process."""
        recent = time.monotonic() - RECENT_S
        return 1 + sum(heard > recent for heard in list(self._gateway.heard.values()))

    def has_room(self) -> bool:
        return not self._own.busy

    def hand_out(self, work: Work) -> None:
        self._own.take(work)

    def results(self) -> Iterator[Result]:
        with suppress(queue.Empty):
            news = self._news.get(timeout=0.1)
            while True:
                if isinstance(news, Exception):
                    raise news
                if not isinstance(news, Exchange):
                    self._own.busy = False
                    self._own_done += 1
                yield news
                news = self._news.get_nowait()

    def dismiss(self) -> None:
        self._gateway.dismiss()
        self._own.dismiss()


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


class HelperGateway:
    """Keeps tickets queued and brings answers in; the search goes on without it while the broker is away."""

    def __init__(self, problem: Problem, state: Callable[[], State], news: News) -> None:
        self._problem, self._state, self._news = problem, state, news
        self._ended = threading.Event()
        self.heard: dict[str, float] = {}
        self.answered = self.lost = 0
        self._thread = threading.Thread(target=self._serve, name="helper-gateway", daemon=True)
        self._thread.start()

    def dismiss(self) -> None:
        """The thread closes the channel, which is what tells the helpers."""
        self._ended.set()
        self._thread.join(timeout=1)

    def _serve(self) -> None:
        while not self._ended.is_set():
            try:
                self._attend()
            except (redis.RedisError, OperationalError):
                logger.warning("no helpers for now: the broker is away", exc_info=True)
                self._ended.wait(PAUSE_S)

    def _attend(self) -> None:
        """Until the search ends, or the broker has forgotten it."""
        channel = Channel.opened(self._problem)
        tickets, number, renewed = dict[str, Ticket](), 0, time.monotonic()
        try:
            while not self._ended.wait(LOOK_EVERY_S):
                channel.write(self._state())
                for ident, ticket in list(tickets.items()):
                    if self._look_at(ident, ticket):
                        del tickets[ident]
                if sum(ticket.begun is None for ticket in tickets.values()) < OPEN_TICKETS:
                    number += 1
                    tickets |= _sent(channel, number)
                if time.monotonic() - renewed > RENEW_S:
                    renewed = time.monotonic()
                    if not channel.renew():
                        return
        finally:
            channel.close()

    def _look_at(self, ident: str, ticket: Ticket) -> bool:
        """Whether this ticket is settled. What cannot be read counts as lost: whoever helps may run other code."""
        now = time.monotonic()
        try:
            found = app.backend.get_task_meta(ident)
            status, said = found["status"], found["result"]
            if status == states.SUCCESS:
                if said is not None:
                    self._news.put(read_exchange(said))
                self.answered += 1
            elif status == states.STARTED and ticket.begun is None:
                ticket.begun = now
                self.heard[f"{said['hostname']}:{said['pid']}"] = now
        except UNREADABLE:
            logger.exception("an answer that cannot be read")
            status = states.FAILURE
        given_up = now - ticket.begun > LOST_S if ticket.begun else now - ticket.sent > TICKET_S
        self.lost += status == states.FAILURE or bool(given_up and ticket.begun)
        return given_up or status in states.READY_STATES


@dataclass(slots=True)
class Ticket:
    sent: float = field(default_factory=time.monotonic)
    begun: float | None = None


def _sent(channel: Channel, number: int) -> dict[str, Ticket]:
    if channel.queued(QUEUE) >= MOST_QUEUED:
        return {}
    sent = app.send_task("scheduling.tasks.improve", (channel.name, number), expires=TICKET_S, retry=False)
    return {sent.id: Ticket()}
