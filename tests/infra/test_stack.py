"""`make run` and `manage.py` as a newcomer meets them: in a folder with a space, killed, started again."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from mdt_portal.native import processes
from mdt_portal.native.workspace import ROOT, Workspace

RUN = [sys.executable, "-m", "mdt_portal.native.run"]


class Portal:
    """One installation of its own: a data folder and a port."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.port = processes.free_port()
        ours = ("MDT_", "DATABASE_", "BROKER_", "SECRET_KEY")
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        self.env["MDT_DATA_DIR"] = str(folder)

    def run(self, *arguments: str, port: int | None = None) -> subprocess.Popen[str]:
        command = [*RUN, "--empty", "--port", str(port or self.port), *arguments]
        return subprocess.Popen(
            command, cwd=ROOT, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def start(self) -> subprocess.Popen[str]:
        process = self.run()
        said = []
        for line in process.stdout:
            said.append(line)
            if "is ready" in line:
                return process
        raise AssertionError("".join(said))

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False)

    def make_user(self, name: str) -> None:
        answer = self.shell(f"User.objects.create_user('{name}')")
        assert answer.returncode == 0, answer.stderr

    def users(self) -> str:
        return self.shell("print(*User.objects.values_list('username', flat=True).order_by('pk'))").stdout.strip()

    def shell(self, code: str) -> subprocess.CompletedProcess[str]:
        return self.manage("shell", "--verbosity=0", f"--command=from mdt_portal.models import User; {code}")

    def health(self) -> dict[str, object]:
        connection = http.client.HTTPConnection("localhost", self.port, timeout=10)
        try:
            connection.request("GET", "/healthz")
            return json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException):  # killed, perhaps in the middle of its answer
            return {}
        finally:
            connection.close()


@pytest.fixture(scope="module")
def portal():
    top = Path(tempfile.mkdtemp(prefix="mdt-stack-"))  # pytest's own folders shut out the servers' account
    top.chmod(0o755)
    yield Portal(top / "a folder" / ("long-" * 20))  # a socket's path would not fit
    shutil.rmtree(top)


def lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_for(probe, timeout_s=40):
    deadline = time.monotonic() + timeout_s
    while not (answer := probe()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return answer


def finish(process: subprocess.Popen[str], how: int = signal.SIGTERM) -> str:
    process.send_signal(how)
    said = process.stdout.read()
    process.wait(30)
    process.stdout.close()
    return said


@pytest.mark.slow
def test_life_of_a_stack(portal):
    process = portal.start()
    tree = psutil.Process(process.pid).children(recursive=True)
    assert portal.health()["status"] == "ok"

    # A second start says so, and a command joins the servers that run.
    rival = portal.run(port=processes.free_port())
    assert f"runs already at http://localhost:{portal.port}" in rival.communicate()[0]
    assert rival.returncode == 1
    portal.make_user("kept")

    # Whatever dies comes back.
    for child in psutil.Process(process.pid).children():
        child.kill()
    wait_for(lambda: portal.health().get("status") != "ok")
    wait_for(lambda: portal.health().get("status") == "ok")
    assert portal.users() == "kept"

    tree += psutil.Process(process.pid).children(recursive=True)
    assert "Stopped" in finish(process)
    assert process.returncode == 0
    assert [child for child in tree if lives(child)] == []

    # A command brings the servers for its length; the data were kept.
    assert portal.users() == "kept"
    assert Workspace.at(portal.folder).running() is None


@pytest.mark.slow
def test_killed_parent_takes_all_along_and_the_next_start_keeps_the_data(portal):
    process = portal.start()
    portal.make_user("late")
    tree = psutil.Process(process.pid).children(recursive=True)
    finish(process, signal.SIGKILL)
    wait_for(lambda: not [child for child in tree if lives(child)])
    process = portal.start()
    assert portal.users().endswith("late")
    finish(process)


@pytest.mark.slow
def test_two_commands_at_once_share_the_servers(portal):
    commands = [
        subprocess.Popen([sys.executable, "manage.py", "migrate", "--check"], cwd=ROOT, env=portal.env)
        for _ in range(2)
    ]
    assert [command.wait(60) for command in commands] == [0, 0]


@pytest.mark.slow
def test_secrets_are_private(portal):
    secrets = portal.folder / "secrets.json"
    assert secrets.stat().st_mode & 0o777 == 0o600


def test_used_port_is_told(portal):
    with processes.socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        rival = portal.run(port=taken.getsockname()[1])
        said = rival.communicate()[0]
    assert rival.returncode == 1
    assert "make run PORT=8123" in said


def test_command_without_data_starts_no_server(tmp_path):
    bare = Portal(tmp_path / "data")
    assert bare.manage("check").returncode == 0
    assert not (bare.folder / "postgres").exists()


def test_impossible_data_folder_is_told(tmp_path):
    (tmp_path / "file").touch()
    answer = Portal(tmp_path / "file" / "data").manage("check")
    assert answer.returncode == 1
    assert "MDT_DATA_DIR" in answer.stderr
