"""One parent for all processes: restarts a dead child, and ends with all of them."""

import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import FrameType

from mdt_portal.native.console import CannotGoOn, say, tail
from mdt_portal.native.processes import Child, Program
from mdt_portal.native.servers import stop

LOOK_EVERY_S = 0.25
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
STEADY_AFTER_S = 60.0  # a child that lived so long starts with the first pause again


class Stopped(BaseException):
    """Somebody asked the parent to end; no `except Exception` may swallow it."""


@dataclass(slots=True)
class ChildSlot:
    """One child's place: it is filled again when the child dies."""

    child: Child
    started: float = field(default_factory=time.monotonic)
    pause_s: float = FIRST_PAUSE_S
    due: float | None = None  # when the next child starts; None while one lives

    def look(self, now: float) -> None:
        if self.due is None and not self.child.alive():
            self._bury(now)
        elif self.due is not None and now >= self.due:
            self.child = self.child.program.start()
            self.started, self.due = now, None

    def _bury(self, now: float) -> None:
        if now - self.started > STEADY_AFTER_S:
            self.pause_s = FIRST_PAUSE_S
        program = self.child.program
        say(f"{program.name} ended (code {self.child.process.returncode}); starting it again in {self.pause_s:g} s")
        self.child.stop()  # what it started itself
        self.due = now + self.pause_s
        self.pause_s = min(2 * self.pause_s, LONGEST_PAUSE_S)


@dataclass(slots=True)
class Supervisor:
    places: list[ChildSlot] = field(default_factory=list)

    def __enter__(self) -> "Supervisor":
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, _raise_stopped)
        return self

    def __exit__(self, *_: object) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # the end has begun; a second Ctrl-C must not cut it short
        stop(self._living(is_server=False))
        stop(self._living(is_server=True))

    def _living(self, *, is_server: bool) -> list[Child]:
        return [place.child for place in self.places if place.child.program.is_server == is_server]

    def start(self, program: Program) -> Child:
        self.places.append(ChildSlot(program.start()))
        return self.places[-1].child

    def start_all(self, programs: Iterable[Program]) -> None:
        for program in programs:
            self.start(program)

    def run(self, program: Program) -> None:
        """Run one program to its end, looking after the others meanwhile."""
        child = program.start()
        try:
            while child.alive():
                self.look()
        finally:
            child.stop()
        if child.process.returncode:
            raise CannotGoOn(f"{program.name} failed.{tail(program.log) if program.log else ''}")

    def look(self) -> None:
        now = time.monotonic()
        for place in self.places:
            place.look(now)
        time.sleep(LOOK_EVERY_S)

    def watch(self) -> None:
        """Until somebody asks for the end."""
        while True:
            self.look()


def _raise_stopped(number: int, frame: FrameType | None) -> None:
    raise Stopped
