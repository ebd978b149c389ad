"""Starts PostgreSQL and the broker before pytest-django reads the settings.

One cluster for the whole run, a copy of the kept one (test_cluster.py) and thrown away after it; each xdist worker
makes a database of its own from the migrated one that lies in it, and has two of the broker: the even one, to which
nobody listens, and the odd one after it, for the tests that have workers (tests/conftest.py).
"""

import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from mdt_portal.i18n import translations
from mdt_portal.native import servers, test_cluster
from mdt_portal.native.console import CannotGoOn

_running = pytest.StashKey[ExitStack]()


@pytest.hookimpl(wrapper=True)  # a wrapper comes before pytest-django's own hook, which loads the settings
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    os.environ["MDT_TESTING"] = "1"
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if not worker:
        early_config.stash[_running] = _start()
    _take_broker_database(2 * int((worker or "gw0").removeprefix("gw")))
    return (yield)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _running in config.stash:
        config.stash[_running].close()


def _start() -> ExitStack:
    running = ExitStack()
    home = Path(tempfile.mkdtemp(prefix="mdt-test-"))
    home.chmod(0o711)  # the servers' account must get in
    running.callback(shutil.rmtree, home, ignore_errors=True)
    try:
        if "DATABASE_URL" not in os.environ:
            test_cluster.prepare(home)
            os.environ["MDT_TEST_TEMPLATE"] = test_cluster.TEMPLATE
        ours = servers.Servers.at(
            home, password=test_cluster.PASSWORD, log=lambda name: home / f"{name}.log", careless=True
        )
        running.enter_context(servers.started(ours))
    except CannotGoOn as error:
        running.close()
        raise pytest.UsageError(str(error)) from None
    os.environ.update(ours.environment)
    translations.compile_all()  # a fresh clone has none
    return running


def _take_broker_database(number: int) -> None:
    os.environ["BROKER_URL"] = urlunsplit(urlsplit(os.environ["BROKER_URL"])._replace(path=f"/{number}"))
