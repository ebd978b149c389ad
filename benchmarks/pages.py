"""How long the queue and the board take at the server, with 2,000 waiting cases and 300 sessions in the week.

    python -m benchmarks.pages [--users 20] [--requests 15] [--sessions 300] [--think 2]

Starts PostgreSQL, a broker and gunicorn (as in production: 2 processes, 4 threads each) of its own. `--users` people
work at the same time: each asks for a page, looks at it for `--think` seconds (half to one and a half of that), and
asks again; with 0 each asks without a pause, which shows the machine's limit. A bare Django page is asked in the same
way, before and after: compare the ratios, not the milliseconds, between machines.
"""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mdt_portal.native import servers
from mdt_portal.native.processes import Program, free_port

PATIENCE_S = 60.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages")
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--requests", type=int, default=15, help="of each user, for each page")
    parser.add_argument("--sessions", type=int, default=300)
    parser.add_argument("--think", type=float, default=2.0, help="seconds between two pages of one user")
    options = parser.parse_args()
    with _portal() as start:
        from benchmarks import crowded_week

        coordinator, week = crowded_week.build(options.sessions)
        cookie = _signed_in(coordinator)
        portal, bare = start("mdt_portal.wsgi"), start("benchmarks.bare")
        machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
        print(f"{options.users} users, {options.think:g} s between pages, {options.sessions} sessions; {machine}")
        pages = {
            "bare Django page": (bare, "/"),
            "queue": (portal, "/queue/"),
            "queue, one filter": (portal, "/queue/?tier=required&q=cancer"),
            "board": (portal, f"/week/?week={week}"),
            "Today": (portal, "/"),
            "bare Django page again": (bare, "/"),
        }
        print("| page | median | p95 | p95 / bare | alone, median |\n| --- | ---: | ---: | ---: | ---: |")
        yardstick = 0.0
        for name, (port, path) in pages.items():
            alone = statistics.median(_times(port, path, cookie, 5, think=0))
            taken = sorted(_crowd(port, path, cookie, options))
            p95 = taken[int(len(taken) * 0.95) - 1]
            yardstick = yardstick or p95
            median, ratio = statistics.median(taken), p95 / yardstick
            print(f"| {name} | {median:.0f} ms | {p95:.0f} ms | {ratio:.0f} | {alone:.0f} ms |", flush=True)


def _crowd(port: int, path: str, cookie: str, options: argparse.Namespace) -> Iterator[float]:
    def user(_number: int) -> list[float]:
        return _times(port, path, cookie, options.requests, think=options.think)

    with ThreadPoolExecutor(options.users) as people:
        for taken in people.map(user, range(options.users)):
            yield from taken


def _times(port: int, path: str, cookie: str, requests: int, *, think: float) -> list[float]:
    """Milliseconds of each request of one user."""
    connection, taken = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S), []
    for _request in range(requests):
        time.sleep(think * random.uniform(0.5, 1.5))
        began = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": cookie})
        answer = connection.getresponse()
        body = answer.read()
        taken.append((time.perf_counter() - began) * 1000)
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status}\n{body[:500].decode()}")
    connection.close()
    return taken


def _signed_in(user: object) -> str:
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(user)  # type: ignore[arg-type]
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


@contextmanager
def _portal() -> Iterator[Callable[[str], int]]:
    """An empty portal; the value starts a web server for a module and says its port."""
    home = Path(tempfile.mkdtemp(prefix="mdt-benchmark-"))
    home.chmod(0o711)  # the servers' account must get in
    with ExitStack() as running:
        running.callback(shutil.rmtree, home, ignore_errors=True)
        ours = servers.Servers.at(home, password="benchmark", log=lambda name: home / f"{name}.log", careless=True)  # noqa: S106
        running.enter_context(servers.started(ours))
        os.environ.update(ours.environment, MDT_TESTING="1", DJANGO_SETTINGS_MODULE="mdt_portal.settings")
        import django
        from django.core.management import call_command

        from mdt_portal.i18n import translations

        translations.compile_all()
        django.setup()
        call_command("migrate", verbosity=0)

        def start(module: str) -> int:
            port = free_port()
            argv = [
                sys.executable,
                "-m",
                "gunicorn",
                f"{module}:application",
                "--config",
                "python:mdt_portal.operations.gunicorn_settings",
            ]
            environment = _as_in_earnest() | {"WEB_BIND": f"127.0.0.1:{port}"}
            child = Program(name=module, argv=argv, env=environment, log=home / f"{module}.log").start()
            running.callback(child.stop)
            _wait(port)
            return port

        yield start


def _as_in_earnest() -> dict[str, str]:
    """The environment of a portal that is used: what tests switch off, such as lasting connections, is on."""
    from django.conf import settings

    secrets = {
        "SECRET_KEY": settings.SECRET_KEY,
        "FIELD_ENCRYPTION_KEY": ",".join(settings.FIELD_ENCRYPTION_KEYS),
        "SEARCH_HASH_KEY": settings.SEARCH_HASH_KEY,
    }
    given = {name: value for name, value in os.environ.items() if name != "MDT_TESTING"}
    return given | secrets | {"MDT_DEMO": "1"}


def _wait(port: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/login/")
            connection.getresponse().read()
        except OSError:
            if time.monotonic() > deadline:
                raise SystemExit("the web server did not come up") from None
            time.sleep(0.2)
        else:
            return


if __name__ == "__main__":
    main()
