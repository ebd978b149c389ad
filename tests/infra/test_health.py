"""/healthz says what is not alive."""

import socket
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from mdt_portal.operations import health


@pytest.fixture
def nobody_works(settings):
    """A broker database in which no worker shows its life."""
    settings.BROKER_URL = urlunsplit(urlsplit(settings.BROKER_URL)._replace(path="/63"))


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_all_alive(client, worker):
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "failing": [],
        "web": "ok",
        "database": "ok",
        "broker": "ok",
        "worker": "ok",
    }


@pytest.mark.django_db
def test_missing_worker_is_named(client, nobody_works):
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["failing"] == ["worker"]
    assert answer.json()["worker"] == "none for default, solve"


@pytest.mark.django_db
def test_missing_worker_of_one_queue_is_named(client, nobody_works):
    health.show_life(["default"])
    assert client.get("/healthz").json()["worker"] == "none for solve"
    health.show_end(["default"])
    assert client.get("/healthz").json()["worker"] == "none for default, solve"


@pytest.mark.django_db
def test_dead_broker_is_named(client, settings):
    settings.BROKER_URL = f"redis://127.0.0.1:{closed_port()}/0"
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["failing"] == ["broker", "worker"]


@pytest.mark.django_db(transaction=True)
def test_dead_database_is_named(client, worker):
    connection.close()
    port, connection.settings_dict["PORT"] = connection.settings_dict["PORT"], str(closed_port())
    try:
        answer = client.get("/healthz")
    finally:
        connection.settings_dict["PORT"] = port
    assert answer.status_code == 503
    assert answer.json()["failing"] == ["database"]


def test_answer_is_never_cached(client, worker):
    assert "no-store" in client.get("/healthz").headers["Cache-Control"]
