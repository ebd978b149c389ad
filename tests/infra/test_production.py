"""Production's processes and settings, without containers: gunicorn, a manifest of static files, secrets demanded."""

import fcntl
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from django.db import connection

from mdt_portal.native import commands, processes
from mdt_portal.native.workspace import ROOT
from tests.conftest import HEARD_URL
from tests.conftest import test_database_url as database_url

pytestmark = pytest.mark.slow  # collects and compresses all static files, and starts processes
SECRETS = {"SECRET_KEY": "prod-" * 13, "FIELD_ENCRYPTION_KEY": "b" * 43 + "=", "SEARCH_HASH_KEY": "c" * 43}


@pytest.fixture(scope="module")
def production(django_db_setup, django_db_blocker, tmp_path_factory):
    """The environment of a container, and static files collected as the image has them.

    Once for all processes of pytest, since compressing them takes half a minute.
    """
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("MDT_", "DATABASE_", "BROKER_"))}
    env = bare | SECRETS
    env |= {"DATABASE_URL": database_url(), "BROKER_URL": HEARD_URL, "ALLOWED_HOSTS": "mdt.example"}
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    env |= {"MDT_BEHIND_PROXY": "1", "MDT_STATIC_ROOT": str(shared / "static"), "MDT_DEMO": "0"}
    with (shared / "static.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "static" / "staticfiles.json").exists():
            manage(env, "collectstatic", "--noinput")
    return env


def manage(env, *arguments, check=True):
    return subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env=env, capture_output=True, text=True, check=check
    )


@pytest.fixture(scope="module")
def site(production, tmp_path_factory):
    port = processes.free_port()
    program = processes.Program(
        name="web",
        argv=[sys.executable, "-m", *commands.WEB],
        env=production | {"WEB_BIND": f"127.0.0.1:{port}", "WEB_WORKERS": "1"},
        log=tmp_path_factory.mktemp("web") / "web.log",
    )
    child = program.start()
    yield f"http://127.0.0.1:{port}"
    child.stop()


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def get(url, **headers):
    opener = urllib.request.build_opener(NoRedirect)
    for _ in range(200):
        try:
            with opener.open(urllib.request.Request(url, headers=headers), timeout=10) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()
        except urllib.error.URLError:
            time.sleep(0.05)
    raise AssertionError("gunicorn did not come up")


BEHIND_PROXY = {"Host": "mdt.example", "X-Forwarded-Proto": "https"}


def test_healthz_answers_the_container_itself(site, worker):
    status, _, body = get(f"{site}/healthz", Host="localhost:8000")
    assert (status, body) == (200, body)
    assert b'"failing": []' in body


def test_plain_http_is_sent_to_https(site):
    status, headers, _ = get(f"{site}/api/schema/", Host="mdt.example")
    assert (status, headers["Location"]) == (301, "https://mdt.example/api/schema/")


def test_unknown_host_is_refused(site):
    assert get(f"{site}/", **BEHIND_PROXY | {"Host": "evil.example"})[0] == 400


def test_static_file_is_served_under_its_manifest_name(site, production):
    name = manage(
        production,
        "shell",
        "--verbosity=0",
        "--command=from django.templatetags.static import static; print(static('admin/css/base.css'))",
    ).stdout.strip()
    assert name != "/static/admin/css/base.css"
    status, headers, body = get(f"{site}{name}", **BEHIND_PROXY)
    assert status == 200
    assert "immutable" in headers["Cache-Control"]
    assert len(body) > 1000


@pytest.mark.parametrize("name", [*SECRETS, "DATABASE_URL", "BROKER_URL", "ALLOWED_HOSTS"])
def test_missing_variable_is_named(production, name):
    answer = manage({**production, name: ""}, "check", check=False)
    assert answer.returncode != 0
    assert f"Set the environment variable {name}" in answer.stderr


def test_equal_secrets_are_refused(production):
    answer = manage({**production, "SEARCH_HASH_KEY": SECRETS["SECRET_KEY"]}, "check", "--deploy", check=False)
    assert answer.returncode == 1
    assert "mdt_portal.E001" in answer.stderr


def test_worker_and_web_use_the_same_database(production):
    assert connection.settings_dict["NAME"] in production["DATABASE_URL"]
