"""Who works on the tasks of one search: this process alone, or several processes of this machine.

A process that dies costs its task and nothing else: each has a pipe of its own, so that nobody can hold a lock.
"""

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

from scheduling.solver.core.problem import Problem
from scheduling.solver.neighbourhood.decompose import Answer, Exchange, Task, Worker
from scheduling.solver.proof import bounds, team_proof

LOST_AFTER_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundTask:
    """Asks for the bound of one team: the quick one, or the one with everybody's hours."""

    team: int
    seconds: float
    tight: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamBounded:
    team: int
    part: bounds.TeamBound


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """Nobody will answer this any more."""

    work: Task | BoundTask


Work = Task | BoundTask
Result = Answer | Exchange | TeamBounded | Lost


class Crew(Protocol):
    def has_room(self) -> bool: ...

    def hand_out(self, work: Work) -> None: ...

    def results(self) -> Iterator[Result]: ...

    def dismiss(self) -> None: ...


def do(worker: Worker, work: Work) -> Answer | TeamBounded:
    if isinstance(work, Task):
        return worker.work(work)
    bound = team_proof.tightened if work.tight else bounds.team_bound
    part = bound(worker.problem, work.team, work.seconds, worker.stop)
    return TeamBounded(team=work.team, part=part)


class Alone:
    """This process, one thing at a time."""

    def __init__(self, problem: Problem, stop: Callable[[], bool]) -> None:
        self._worker = Worker(problem, stop=stop)
        self._done: list[Result] = []

    def has_room(self) -> bool:
        return not self._done

    def hand_out(self, work: Work) -> None:
        self._done.append(do(self._worker, work))

    def results(self) -> Iterator[Result]:
        done, self._done = self._done, []
        yield from done

    def dismiss(self) -> None:
        return


class _ChildProcess:
    """One process with its pipe and what it works on."""

    def __init__(self, context: Any, problem: Problem) -> None:
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, problem), daemon=True)
        self.process.start()
        theirs.close()
        self.work: Work | None = None
        self.since = 0.0

    def close(self) -> None:
        self.pipe.close()
        self.process.kill()
        self.process.join(1)


class Processes:
    """Several processes of this machine; whoever dies or stays silent is replaced."""

    def __init__(self, problem: Problem, workers: int) -> None:
        self._context, self._problem = multiprocessing.get_context("spawn"), problem
        self._children = [_ChildProcess(self._context, problem) for _ in range(workers)]

    def has_room(self) -> bool:
        return any(child.work is None for child in self._children)

    def hand_out(self, work: Work) -> None:
        child = next(child for child in self._children if child.work is None)
        child.work, child.since = work, time.monotonic()
        try:
            child.pipe.send(work)
        except OSError:
            child.since = 0.0

    def results(self) -> Iterator[Result]:
        busy = {child.pipe: child for child in self._children if child.work is not None}
        ready = wait(list(busy), timeout=0.1) if busy else []
        for pipe in ready:
            child = busy[pipe]  # type: ignore[index]
            try:
                result = child.pipe.recv()
            except (EOFError, OSError):
                yield self._replaced(child)
                continue
            child.work = None
            yield result
        for child in busy.values():
            if child.work is not None and time.monotonic() - child.since > LOST_AFTER_S:
                yield self._replaced(child)

    def _replaced(self, child: _ChildProcess) -> Lost:
        work, child.work = child.work, None
        assert work is not None
        child.close()
        self._children[self._children.index(child)] = _ChildProcess(self._context, self._problem)
        return Lost(work=work)

    def dismiss(self) -> None:
        for child in self._children:
            child.close()


def _serve(pipe: Connection, problem: Problem) -> None:
    """A worker process: Ctrl-C is for the one that coordinates; it ends when the pipe does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker = Worker(problem)
    while True:
        try:
            work = pipe.recv()
            pipe.send(do(worker, work))
        except (EOFError, OSError):
            return
