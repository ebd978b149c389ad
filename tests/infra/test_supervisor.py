"""One parent: restarts a dead child, and leaves none behind, however it ends."""

import signal
import subprocess
import sys
import time

import psutil
import pytest

from mdt_portal.native.processes import Program
from mdt_portal.native.supervisor import ChildSlot

# Two children; the second starts one of its own and ignores SIGTERM.
PARENT = """
import sys
from mdt_portal.native.processes import Program
from mdt_portal.native.supervisor import Stopped, Supervisor

try:
    with Supervisor() as supervisor:
        supervisor.start(Program(name="first", argv=["sleep", "1000"]))
        supervisor.start(
            Program(name="stubborn", argv=["sh", "-c", "trap '' TERM; sleep 1000 & wait; wait"], patience_s=0.5)
        )
        print("ready", flush=True)
        supervisor.watch()
except Stopped:
    print("stopped", flush=True)
"""


@pytest.fixture
def parent():
    process = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def descendants(process, count):
    """The whole tree below, once it has that many members."""
    return wait_for(lambda: len(found := psutil.Process(process.pid).children(recursive=True)) == count and found)


def lives(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE  # a zombie waits for init only
    except psutil.NoSuchProcess:
        return False


def wait_for(probe, timeout_s=10):
    deadline = time.monotonic() + timeout_s
    while not (answer := probe()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return answer


def test_dead_child_is_restarted(parent):
    first = next(child for child in descendants(parent, 3) if child.cmdline() == ["sleep", "1000"])
    first.kill()
    wait_for(lambda: not psutil.pid_exists(first.pid))
    descendants(parent, 3)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_asked_to_end_it_leaves_no_process(parent, end):
    tree = descendants(parent, 3)
    parent.send_signal(end)
    assert parent.wait(10) == 0
    assert parent.stdout.read() == "stopped\n"
    assert not [process for process in tree if lives(process)]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_killed_it_takes_its_children_along(parent):
    direct = psutil.Process(parent.pid).children()
    parent.kill()
    first = next(child for child in direct if child.name() == "sleep")
    wait_for(lambda: not lives(first))


def test_pause_grows_with_each_death_and_shrinks_again():
    place = ChildSlot(Program(name="brief", argv=["true"]).start())
    pauses = []
    now = time.monotonic()
    for _ in range(7):
        place.child.process.wait()
        place.look(now)  # finds it dead
        pauses.append(place.due - now)
        now = place.due
        place.look(now)  # starts it again
    assert pauses == pytest.approx([1, 2, 4, 8, 16, 30, 30])
    place.child.process.wait()
    now += 61
    place.look(now)
    assert place.due - now == pytest.approx(1)
