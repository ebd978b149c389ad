"""One Redis-compatible server of our own, on a free loopback port."""

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import redis

from mdt_portal.native import processes, sources
from mdt_portal.native.console import CannotGoOn, tail
from mdt_portal.native.processes import Child, Program
from mdt_portal.native.workspace import write_private

START_TIMEOUT_S = 20
DATABASES = 64  # each worker of the test suite has one of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    source: sources.Broker
    home: Path
    account: str | None
    password: str
    port: int
    log: Path
    careless: bool = False

    @classmethod
    def at(cls, home: Path, *, password: str, log: Path, careless: bool = False) -> "Broker":
        return cls(
            source=sources.broker(),
            home=home,
            account=processes.account_for(home / "broker"),
            password=password,
            port=processes.free_port(),
            log=log,
            careless=careless,
        )

    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def program(self) -> Program:
        folder = self.home / "broker"
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.account:
            os.chown(folder, *processes.ids(self.account))
        config = folder / "broker.conf"  # a file, since everyone can read a command line
        write_private(config, self._config(folder), self.account)
        return Program(
            name="broker",
            argv=[self._reachable_program(), config],
            account=self.account,
            log=self.log,
            is_server=True,
        )

    def _config(self, folder: Path) -> str:
        return "\n".join(
            (
                "bind 127.0.0.1",
                f"port {self.port}",
                f"requirepass {self.password}",
                f'dir "{folder}"',
                f"databases {DATABASES}",
                'save ""',
                f"appendonly {'no' if self.careless else 'yes'}",  # queued tasks outlive a restart
                "",
            )
        )

    def wait(self, child: Child) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        with redis.Redis.from_url(self.url()) as client:
            while True:
                try:
                    client.ping()
                    return
                except redis.ConnectionError as error:  # still loading counts as one, too
                    if not child.alive() or time.monotonic() > deadline:
                        raise CannotGoOn(f"{self.source} did not start: {error}{tail(self.log)}") from None
                    time.sleep(0.05)

    def _reachable_program(self) -> Path:
        program = self.source.program.resolve()
        if self.account is None or processes.reachable_by_others(program.parent):
            return program
        copy = self.home / "broker-program" / program.name
        copy.parent.mkdir(exist_ok=True)
        if not copy.exists():
            shutil.copy2(program, copy)
        return copy
