"""Two Celery workers against one, on the same instance and for the same seconds.

    python -m benchmarks.workers --size XL --seconds 60 --seeds 5

Starts a broker of its own, and workers with one process each. The search runs as a task in the first worker, as a
planning run does; the others help. Which side begins changes from seed to seed.
"""

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks import instances
from mdt_portal.native import commands, servers
from mdt_portal.native.broker import Broker
from mdt_portal.native.processes import Program

SLACK_S = 120.0  # beyond the limit: to load, to judge, on a busy machine


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.workers")
    parser.add_argument("--size", choices=["M", "L", "XL"], default="XL")
    parser.add_argument("--only", help="one instance by name, such as XL-2; else the first of the size")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2, help="on the larger side")
    options = parser.parse_args()
    instance, more = options.only or instances.names(options.size)[0], options.workers
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"{instance}, {options.seconds} s a plan; {machine}, Python {platform.python_version()}")
    print(f"| seed | one worker | {more} workers | better | tasks of one | tasks of {more} (by helpers) |")
    print("| ---: | --- | --- | --- | ---: | ---: |")
    better = 0
    with broker() as home:
        for seed in range(1, options.seeds + 1):
            sides = (1, more) if seed % 2 else (more, 1)
            found = {count: planned(home, instance, options.seconds, seed, count) for count in sides}
            better += found[more]["goals"] < found[1]["goals"]
            print(row(seed, found[1], found[more]), flush=True)
    print(f"\nbetter with {more} workers: {better} of {options.seeds}")


def row(seed: int, one: dict[str, Any], more: dict[str, Any]) -> str:
    verdict = "yes" if more["goals"] < one["goals"] else "equal" if more["goals"] == one["goals"] else "no"
    goals = [" / ".join(map(str, side["goals"])) for side in (one, more)]
    return f"| {seed} | {goals[0]} | {goals[1]} | {verdict} | {one['done']} | {more['done']} ({more['helped']}) |"


@contextmanager
def broker() -> Iterator[Path]:
    """A broker for the length of the block, and the folder for logs and results; the portal's settings find it."""
    home = Path(tempfile.mkdtemp(prefix="mdt-benchmark-"))
    home.chmod(0o711)  # the broker's account must get in
    server = Broker.at(home, password="benchmark", log=home / "broker.log", careless=True)  # noqa: S106
    os.environ |= {"MDT_TESTING": "1", "BROKER_URL": server.url()}
    try:
        with servers.started(servers.Servers(own=[server])):
            yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def planned(home: Path, instance: str, seconds: int, seed: int, workers: int) -> dict[str, Any]:
    from benchmarks.planned import plan
    from mdt_portal.celery import app

    result = home / f"{instance}-{seed}-{workers}.json"
    with ExitStack() as running:
        children = [worker(home, f"solver{number}").start() for number in range(workers)]
        for child in children:
            running.callback(child.stop)
        _wait_for({str(child.pid) for child in children})
        app.set_current()
        plan.apply_async((instance, seconds, seed, str(result)))
        deadline = time.monotonic() + seconds + SLACK_S
        while not result.exists():
            if time.monotonic() > deadline or not all(child.alive() for child in children):
                raise SystemExit(f"no result\n{(home / 'solver0.log').read_text()[-3000:]}")
            time.sleep(0.2)
    found: dict[str, Any] = json.loads(result.read_text())
    if found["violations"]:
        raise SystemExit(f"seed {seed}, {workers} workers: {found['violations']} violations")
    return found


def worker(home: Path, name: str) -> Program:
    command = [*commands.worker("solve", "improve", concurrency=1, name=name), "--include", "benchmarks.planned"]
    return Program(name=name, argv=[sys.executable, "-m", *command], env=dict(os.environ), log=home / f"{name}.log")


def _wait_for(pids: set[str]) -> None:
    import django

    django.setup()
    from mdt_portal.operations import health

    deadline = time.monotonic() + SLACK_S
    while not pids <= {life.rpartition(":")[2] for life in health.workers("improve")}:
        if time.monotonic() > deadline:
            raise SystemExit("the workers did not come up")
        time.sleep(0.2)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mdt_portal.settings")
    main()
