"""Fixtures that start real processes: Celery workers and the browser."""

import io
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import redis
from django.conf import settings
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import connection, transaction
from django.test import TransactionTestCase
from django.utils import translation
from playwright.sync_api import expect
from pytest_django.plugin import DjangoDbBlocker

from mdt_portal.celery import app
from mdt_portal.native import browser, commands
from mdt_portal.native.processes import Child, Program
from mdt_portal.operations import health
from tests import clocks, tables

os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's synchronous API runs an event loop in this thread

# A deadline measures the machine, and this one may be busy.
hypothesis.settings.register_profile("mdt", deadline=None)
hypothesis.settings.load_profile("mdt")
expect.set_options(timeout=30_000)  # like all other waiting of Playwright


def pytest_configure() -> None:
    clocks.start()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if not (NOT_PURE & set(getattr(item, "fixturenames", ())) or item.get_closest_marker("django_db")):
            item.add_marker("pure")
    if clocks.chosen():
        left_out = [item for item in items if clocks.have_their_own(item)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not clocks.have_their_own(item)]


NOT_PURE = frozenset(
    {
        *(
            "django_db_setup",
            "django_db_blocker",
            "db",
            "transactional_db",
            "live_server",
            "page",
            "context",
            "browser",
        ),
        *("worker", "start_worker"),
    }
)
StartWorker = Callable[..., Child]
QUIET_URL = settings.BROKER_URL  # nobody listens there: what a test without a worker sends, no worker may carry out
HEARD_URL = f"{QUIET_URL.rpartition('/')[0]}/{int(QUIET_URL.rpartition('/')[2]) + 1}"


# Database -----------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """A database is made from the one that has been migrated already, where there is one (mdt_portal/native)."""
    if template := os.environ.get("MDT_TEST_TEMPLATE"):
        settings.DATABASES["default"].setdefault("TEST", {})["TEMPLATE"] = template
        connection.settings_dict["TEST"]["TEMPLATE"] = template


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Nobody drops the databases one by one: their whole server goes at the end."""
    return True


@pytest.fixture(scope="session", autouse=True)
def tables_emptied_fast() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", tables.empty_after_test)
        yield


@pytest.fixture(scope="module")
def whole_catalogue(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The shipped catalogue, in force since the beginning of 2026, loaded once for the module.

    Each test runs in a transaction inside this one; none of the module may commit.
    """
    with django_db_blocker.unblock(), transaction.atomic():
        call_command(
            "load_catalogue",
            f"--publish-from={date(2026, 1, 1)}",
            "--without-approval=Tests begin so",
            stdout=io.StringIO(),
        )
        yield
        transaction.set_rollback(True)


@pytest.fixture
def one_person_publishes(settings: Any) -> None:
    """A portal in which no rule of the catalogue needs a second person's approval."""
    settings.MDT_CATALOGUE_APPROVAL = "nobody"


@pytest.fixture(autouse=True)
def the_clock_that_was_chosen() -> None:
    clocks.set_again()


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Django's test client leaves the language of its last request switched on."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def pages_at_rest(request: pytest.FixtureRequest) -> Iterator[None]:
    """A page that still asks for something would meet the emptying of the tables after its test, in a deadlock."""
    if not {"context", "live_server"} <= set(request.fixturenames):
        yield
        return
    request.getfixturevalue("transactional_db")
    context = request.getfixturevalue("context")
    yield
    for page in context.pages:
        page.goto("about:blank")
    _wait_for_requests()


@pytest.fixture(scope="session")
def at_rest() -> Callable[[], None]:
    """Waits until the server has answered all that pages asked."""
    return _wait_for_requests


def _wait_for_requests(quiet_s: float = 0.04) -> None:
    """A page that was left may have sent something that the server has not taken up yet: hence the quiet moment."""
    deadline = time.monotonic() + 10
    while time.monotonic() < min(requests_in_work.last_change + quiet_s, deadline) or requests_in_work.count:
        assert time.monotonic() < deadline, "the server still answers a page that was left"
        time.sleep(0.01)


@dataclass(slots=True)
class RequestsInWork:
    """How many requests the threads of the live server are answering."""

    count: int = 0
    last_change: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def began(self, **_: Any) -> None:
        self._changed(1)

    def ended(self, **_: Any) -> None:
        self._changed(-1)

    def _changed(self, by: int) -> None:
        if threading.current_thread() is not threading.main_thread():  # there the test's own client asks
            with self.lock:
                self.count += by
                self.last_change = time.monotonic()


requests_in_work = RequestsInWork()
request_started.connect(requests_in_work.began, weak=False)
request_finished.connect(requests_in_work.ended, weak=False)


# Celery -------------------------------------------------------------------------------------------
@dataclass(slots=True)
class Workers:
    """The worker processes of this pytest process, on its own databases of PostgreSQL and the broker."""

    logs: Path
    shared: Child | None = None
    count: int = 0

    def start(self, *queues: str, concurrency: int = 1, env: dict[str, str] | None = None) -> Child:
        name, self.count = f"test{self.count}", self.count + 1
        program = Program(
            name=name,
            argv=[sys.executable, "-m", *commands.worker(*queues, concurrency=concurrency, name=name)],
            env=os.environ
            | {"DATABASE_URL": test_database_url(), "BROKER_URL": HEARD_URL, "CACHE_URL": QUIET_URL, **(env or {})},
            log=self.logs / f"{name}.log",
            patience_s=2,
        )
        child = program.start()
        wait_for_life(child, queues)
        return child

    def share(self) -> Child:
        if not (self.shared and self.shared.alive()):
            self.shared = self.start(*health.QUEUES, concurrency=2)
        return self.shared

    def stop_shared(self) -> None:
        if self.shared:
            self.shared.stop()
            self.shared = None


@pytest.fixture(scope="session")
def workers(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    workers = Workers(tmp_path_factory.mktemp("workers"))
    yield workers
    workers.stop_shared()


@pytest.fixture
def worker(transactional_db: None, empty_queues: None, workers: Workers) -> Iterator[Child]:
    """A live worker of both queues, for tests that commit. It has ended all its tasks before the tables are emptied."""
    yield workers.share()
    wait_until_idle()


@pytest.fixture
def start_worker(transactional_db: None, empty_queues: None, workers: Workers) -> Iterator[StartWorker]:
    """Start workers of one's own, to be killed: `child = start_worker("solve", concurrency=1)`; there is no other."""
    workers.stop_shared()
    children: list[Child] = []

    def start(*queues: str, **options: Any) -> Child:
        children.append(workers.start(*(queues or health.QUEUES), **options))
        return children[-1]

    yield start
    for child in children:
        child.stop()


@pytest.fixture
def heard(settings: Any) -> Iterator[None]:
    """Tasks go where workers listen."""
    send_to(HEARD_URL)
    settings.BROKER_URL = HEARD_URL
    yield
    send_to(QUIET_URL)


def send_to(url: str) -> None:
    app.conf.broker_url = url
    app._pool = app.amqp._producer_pool = None  # made anew, with the new address


@pytest.fixture
def empty_queues(heard: None) -> None:
    """What earlier tests queued and nobody did is forgotten."""
    with redis.Redis.from_url(HEARD_URL) as broker:
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
    with redis.Redis.from_url(HEARD_URL) as broker:
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
