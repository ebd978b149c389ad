"""PostgreSQL and the broker: given by DATABASE_URL and BROKER_URL, or our own."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mdt_portal.native.broker import Broker
from mdt_portal.native.console import CannotGoOn, say
from mdt_portal.native.postgres import Cluster
from mdt_portal.native.processes import Child, Program
from mdt_portal.native.workspace import Workspace

OWNER_STARTS_WITHIN_S = 60
# manage.py commands that touch neither database nor broker.
WITHOUT_SERVERS = {
    "check",
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "findstatic",
    "help",
    "makemessages",
    "messages",
    "spectacular",
    "startapp",
    "version",
    "--help",
    "--version",
    "-h",
}


@dataclass(slots=True, kw_only=True)
class Servers:
    """The servers that we must run ourselves, and the environment by which the portal finds all of them."""

    own: list[Cluster | Broker] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def at(cls, home: Path, *, password: str, log: Callable[[str], Path], careless: bool = False) -> "Servers":
        servers = cls()
        for variable, kind, name in (("DATABASE_URL", Cluster, "postgres"), ("BROKER_URL", Broker, "broker")):
            if given := os.environ.get(variable):
                servers.environment[variable] = given
            else:
                server = kind.at(home, password=password, log=log(name), careless=careless)
                servers.own.append(server)
                servers.environment[variable] = server.url()
        return servers

    @classmethod
    def of(cls, workspace: Workspace) -> "Servers":
        return cls.at(workspace.server_home(), password=workspace.secrets()["server_password"], log=workspace.log)

    def start(self, start: Callable[[Program], Child]) -> None:
        """Start them all, then wait until each answers."""
        started = [(server, start(server.program())) for server in self.own]
        for server, child in started:
            server.wait(child)


def stop(children: Sequence[Child]) -> None:
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.stop()


@contextmanager
def started(servers: Servers) -> Iterator[None]:
    """Our own servers, for the length of the block."""
    children: list[Child] = []

    def start(program: Program) -> Child:
        children.append(program.start())
        return children[-1]

    try:
        servers.start(start)
        yield
    finally:
        stop(children)


def portal_environment(workspace: Workspace) -> dict[str, str]:
    """What the settings need, besides the servers' addresses."""
    known = workspace.secrets()
    keys = {name: known[name] for name in ("SECRET_KEY", "FIELD_ENCRYPTION_KEY", "SEARCH_HASH_KEY")}
    return {"MDT_DEMO": "1", **keys, **{name: os.environ[name] for name in keys if os.environ.get(name)}}


@contextmanager
def for_command(arguments: Sequence[str]) -> Iterator[None]:
    """Let a manage.py command find the servers of `make run`, or start them for its length."""
    if any(os.environ.get(name) for name in ("SECRET_KEY", "MDT_DEMO", "MDT_TESTING")):
        yield  # the environment is complete: a container, a child of ours, or the tests
        return
    workspace = Workspace.default()
    os.environ.update(portal_environment(workspace))
    given = "DATABASE_URL" in os.environ and "BROKER_URL" in os.environ
    if given or not arguments or arguments[0] in WITHOUT_SERVERS or {"--help", "-h"} & set(arguments):
        yield
        return
    with _joined_or_started(workspace):
        yield


@contextmanager
def _joined_or_started(workspace: Workspace) -> Iterator[None]:
    deadline = time.monotonic() + OWNER_STARTS_WITHIN_S
    while True:
        with workspace.owned() as ours:
            if ours:
                servers = Servers.of(workspace)
                with started(servers):
                    os.environ.update(servers.environment)
                    workspace.announce(servers.environment)
                    try:
                        yield
                    finally:
                        workspace.forget_running()
                        workspace.wait_for_users()
                return
        with workspace.used():
            facts = workspace.running()
            if facts:
                os.environ.update(facts["environment"])
                yield
                return
        if time.monotonic() > deadline:
            raise CannotGoOn("Another command is starting the servers, but they do not come up. See .data/log/.")
        say("Another command is starting or stopping the servers; waiting for it")
        time.sleep(1)
