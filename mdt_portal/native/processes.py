"""Children that end with their parent, and the account that the servers run under."""

import contextlib
import ctypes
import os
import pwd
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(death_signal: int = signal.SIGKILL) -> None:
    """Ask the kernel to signal this process when its parent dies, kill -9 included (Linux only)."""
    if _libc:
        _libc.prctl(PR_SET_PDEATHSIG, death_signal)


def _before_exec(death_signal: int) -> Callable[[], None]:
    parent = os.getpid()

    def prepare() -> None:
        die_with_parent(death_signal)
        if os.getppid() != parent:  # it died before the kernel knew
            os.kill(os.getpid(), signal.SIGKILL)

    return prepare


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to start, and how it is stopped."""

    name: str
    argv: Sequence[str | Path]
    env: Mapping[str, str] | None = None
    account: str | None = None
    log: Path | None = None
    stop_signal: int = signal.SIGTERM
    death_signal: int = signal.SIGTERM
    patience_s: float = 8.0
    is_server: bool = False  # stopped last: the others need it

    def start(self) -> "Child":
        with contextlib.ExitStack() as files:
            output = files.enter_context(self.log.open("ab")) if self.log else None
            process = subprocess.Popen(
                [str(part) for part in self.argv],
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                start_new_session=True,  # Ctrl-C reaches the parent alone, which stops its children in order
                preexec_fn=_before_exec(self.death_signal),
                **as_account(self.account),
            )
        return Child(program=self, process=process)


@dataclass(slots=True, kw_only=True)
class Child:
    program: Program
    process: subprocess.Popen[bytes] = field(repr=False)

    @property
    def pid(self) -> int:
        return self.process.pid

    def alive(self) -> bool:
        return self.process.poll() is None

    def ask_to_stop(self) -> None:
        if self.alive():
            self.process.send_signal(self.program.stop_signal)

    def stop(self) -> None:
        """Ask, wait, then kill it with all that it started."""
        self.ask_to_stop()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(self.program.patience_s)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()


def as_account(name: str | None) -> dict[str, Any]:
    """Popen's arguments to run as that account."""
    if name is None:
        return {}
    user, group = ids(name)
    return {"user": user, "group": group, "extra_groups": []}


def ids(account: str) -> tuple[int, int]:
    entry = pwd.getpwnam(account)
    return entry.pw_uid, entry.pw_gid


def server_account() -> str | None:
    """PostgreSQL refuses to run as root: then another account's name, else None for one's own."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    return None


def account_for(folder: Path) -> str | None:
    """The account that the server whose data lie in the folder must have: the one that made them, if they exist."""
    chosen = server_account()
    if chosen and folder.exists() and folder.stat().st_uid:
        return pwd.getpwuid(folder.stat().st_uid).pw_name
    return chosen


def reachable_by_others(path: Path) -> bool:
    """May another account walk into the folder?"""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
