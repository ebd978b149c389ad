"""`make run`: the whole portal on one machine, with invented patients.

python -m mdt_portal.native.run --port 8000
"""

import argparse
import contextlib
import http.client
import os
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from mdt_portal.native import commands, console
from mdt_portal.native.console import CannotGoOn, done, say
from mdt_portal.native.processes import Program
from mdt_portal.native.servers import Servers, portal_environment
from mdt_portal.native.supervisor import Stopped, Supervisor
from mdt_portal.native.workspace import ROOT, Workspace

UP_WITHIN_S = 120
LARGEST_LOG = 5_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description="Run MDT Portal on this machine, with demo data.")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 lets other machines in")
    parser.add_argument("--empty", action="store_true", help="no demo data and no first plan")
    options = parser.parse_args()
    try:
        workspace = Workspace.default()
        with workspace.owned() as ours:
            if not ours:
                raise CannotGoOn(_who_owns(workspace))
            _require_free(options.host, options.port)
            with Supervisor() as supervisor:
                _serve(supervisor, workspace, options)
    except Stopped:
        say("Stopped; the data stay for the next time.")
    except CannotGoOn as error:
        console.stop(error)


def _who_owns(workspace: Workspace) -> str:
    facts = workspace.running() or {}
    if "address" in facts:
        return f"MDT Portal runs already at {facts['address']} (process {facts['pid']}). Stop that one first (Ctrl-C)."
    return "Another `make run` is starting, or a manage.py command has the servers. Try again when it is through."


def _require_free(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = f"Port {port} cannot be used ({error.strerror})."
            raise CannotGoOn(f"{reason} Choose another: make run PORT=8123") from None


def _serve(supervisor: Supervisor, workspace: Workspace, options: argparse.Namespace) -> None:
    began = time.monotonic()
    address = f"http://localhost:{options.port}"
    servers = Servers.of(workspace)
    for server in servers.own:
        say(f"Starting {server.source}")
    servers.start(supervisor.start)
    shared = {**servers.environment, "MDT_PUBLIC_URL": address}
    workspace.announce(shared)

    environment = {
        **os.environ,
        **portal_environment(workspace),
        **shared,
        "WEB_BIND": f"{options.host}:{options.port}",
    }
    if options.host not in ("127.0.0.1", "localhost"):
        environment["ALLOWED_HOSTS"] = os.environ.get("ALLOWED_HOSTS", "*")
    supervisor.run(_manage(environment, "set_up", *(["--empty"] if options.empty else [])))

    say("Starting the web server, two workers and the clock")
    supervisor.start_all(_processes(workspace, environment))
    _wait_until_alive(supervisor, workspace, options.port)
    workspace.announce(shared, address=address)
    if not options.empty:
        _plan_first_week(supervisor, environment)

    done(f"MDT Portal is ready after {time.monotonic() - began:.0f} s: {address}")
    if not options.empty:
        supervisor.run(_manage(environment, "demo_accounts"))
    else:
        say("The first account is made by: python manage.py createsuperuser")
    say(f"Stop it with Ctrl-C. Data and logs are in {workspace.folder}")
    supervisor.watch()


def _plan_first_week(supervisor: Supervisor, environment: Mapping[str, str]) -> None:
    try:
        supervisor.run(_manage(environment, "first_plan"))
    except CannotGoOn as error:  # the portal is of use without it
        say(f"{error} Going on without a first plan.")


def _manage(environment: Mapping[str, str], command: str, *arguments: str) -> Program:
    argv = [sys.executable, str(ROOT / "manage.py"), command, *arguments]
    return Program(name=f"manage.py {command}", argv=argv, env=environment)


def _processes(workspace: Workspace, environment: Mapping[str, str]) -> list[Program]:
    schedule = workspace.folder / "beat-schedule"
    solvers = int(environment.get("MDT_SOLVERS", "1"))
    parts = {
        "web": commands.WEB,
        "worker-solve": commands.worker("solve", "improve", concurrency=solvers, name="solve"),
        "worker-default": commands.worker("default", concurrency=2),
        "beat": [*commands.BEAT, "--schedule", str(schedule), "--pidfile="],
    }
    for name in parts:
        _shorten(workspace.log(name))
    return [
        Program(
            name=name,
            argv=[sys.executable, "-m", *command],
            env=environment,
            log=workspace.log(name),
            patience_s=3 if name == "worker-solve" else 8,  # a solve that is cut short comes back by its lease
        )
        for name, command in parts.items()
    ]


def _shorten(log: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > LARGEST_LOG:
            log.unlink()


def _wait_until_alive(supervisor: Supervisor, workspace: Workspace, port: int) -> None:
    deadline = time.monotonic() + UP_WITHIN_S
    while True:
        state, answer = _health(port)
        if state == http.HTTPStatus.OK:
            return
        if time.monotonic() > deadline:
            raise CannotGoOn(f"The portal did not come up: {answer}\n  See the logs in {workspace.folder / 'log'}")
        supervisor.look()


def _health(port: int) -> tuple[int, str]:
    connection = http.client.HTTPConnection("localhost", port, timeout=10)
    try:
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        return response.status, response.read().decode()
    except OSError as error:
        return 0, str(error)
    finally:
        connection.close()


if __name__ == "__main__":
    main()
