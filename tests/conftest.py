"""Fixtures that start real processes: Celery workers and the browser."""

import os
import sys
import time
from collections.abc import Callable, Iterator

import pytest
import redis
from django.conf import settings
from django.db import connection

from mdt_portal import health
from mdt_portal.celery import app
from mdt_portal.native import browser, commands
from mdt_portal.native.processes import Child, Program

os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's synchronous API runs an event loop in this thread

StartWorker = Callable[..., Child]


# Celery -------------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def start_worker(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartWorker]:
    """Start a prefork worker on the test database: `child = start_worker("solve", concurrency=1)`; may be killed."""
    logs = tmp_path_factory.mktemp("workers")
    children: list[Child] = []

    def start(*queues: str, concurrency: int = 1, env: dict[str, str] | None = None) -> Child:
        queues = queues or ("solve", "default")
        name = f"test{len(children)}"
        program = Program(
            name=name,
            argv=[sys.executable, "-m", *commands.worker(*queues, concurrency=concurrency, name=name)],
            env=os.environ | {"DATABASE_URL": test_database_url(), **(env or {})},
            log=logs / f"{name}.log",
        )
        child = program.start()
        children.append(child)
        wait_for_life(child, queues)
        return child

    yield start
    for child in children:
        child.stop()


@pytest.fixture(scope="session")
def shared_worker(start_worker: StartWorker) -> Child:
    return start_worker("solve", "default", concurrency=2)


@pytest.fixture
def worker(transactional_db: None, empty_queues: None, shared_worker: Child) -> Iterator[Child]:
    """A live worker of both queues, for tests that commit. It has ended all its tasks before the tables are emptied."""
    yield shared_worker
    wait_until_idle()


@pytest.fixture
def empty_queues() -> None:
    """What earlier tests queued and nobody did is forgotten."""
    with redis.Redis.from_url(settings.BROKER_URL) as broker:
        broker.delete(*health.QUEUES, "unacked", "unacked_index")


def test_database_url() -> str:
    given = connection.settings_dict
    host = f"{given['HOST']}:{given['PORT']}" if given["PORT"] else given["HOST"]
    return f"postgresql://{given['USER']}:{given['PASSWORD']}@{host}/{given['NAME']}"


test_database_url.__test__ = False  # type: ignore[attr-defined]


def wait_for_life(child: Child, queues: tuple[str, ...], timeout_s: float = 30) -> None:
    deadline = time.monotonic() + timeout_s
    while not all(any(life.endswith(f":{child.pid}") for life in health.workers(queue)) for queue in queues):
        assert child.alive() and time.monotonic() < deadline, child.program.log.read_text()
        time.sleep(0.05)


def wait_until_idle(timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    with redis.Redis.from_url(settings.BROKER_URL) as broker:
        while any(broker.llen(queue) for queue in health.QUEUES) or broker.hlen("unacked"):
            assert time.monotonic() < deadline, f"the worker is still busy: {app.control.inspect().active()}"
            time.sleep(0.05)


# Browser ------------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, object]) -> dict[str, object]:
    """Playwright's launch: the Chromium of this machine, quiet towards the network."""
    return {**browser_type_launch_args, "executable_path": str(browser.find()), "args": browser.ARGUMENTS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, object]) -> dict[str, object]:
    return {**browser_context_args, "viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"}
