"""The data directory: secrets, server data, logs, and who uses the servers just now.

owner.lock     held by the process that runs the servers, for as long as it runs them
users.lock     shared by the commands that use another's servers; the owner waits for them
running.json   addresses of the owner's servers, readable by this account only
"""

import base64
import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mdt_portal.native import processes
from mdt_portal.native.console import CannotGoOn

ROOT = Path(__file__).resolve().parents[2]
FOR_ROOT = Path("/var/lib/mdt-portal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    folder: Path

    @classmethod
    def default(cls) -> "Workspace":
        return cls.at(Path(os.environ.get("MDT_DATA_DIR") or ROOT / ".data"))

    @classmethod
    def at(cls, folder: Path) -> "Workspace":
        try:
            (folder / "log").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CannotGoOn(f"{folder} cannot be made ({error.strerror}). Name another: MDT_DATA_DIR=…") from None
        if not os.access(folder, os.W_OK):
            raise CannotGoOn(f"{folder} belongs to another account. Name another folder: MDT_DATA_DIR=…")
        return cls(folder=folder.resolve())

    def log(self, name: str) -> Path:
        return self.folder / "log" / f"{name}.log"

    def server_home(self) -> Path:
        """Where the servers' files lie: here, or where their account can reach them."""
        made_here = (self.folder / "postgres").exists()
        if made_here or processes.server_account() is None or processes.reachable_by_others(self.folder):
            return self.folder
        home = FOR_ROOT / hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]
        home.mkdir(parents=True, exist_ok=True)
        return home

    # Secrets -------------------------------------------------------------------------------------
    def secrets(self) -> dict[str, str]:
        """Random keys and passwords, made once."""
        with self._locked("secrets.lock", fcntl.LOCK_EX):
            path = self.folder / "secrets.json"
            if not path.exists():
                write_private(path, json.dumps(_new_secrets(), indent=1))
            known: dict[str, str] = json.loads(path.read_text())
            return known

    # Who runs, who uses --------------------------------------------------------------------------
    @contextmanager
    def owned(self) -> Iterator[bool]:
        """Become the owner of the servers; False where somebody is already."""
        with self._locked("owner.lock", fcntl.LOCK_EX | fcntl.LOCK_NB) as ours:
            if ours:
                self.forget_running()
            try:
                yield ours
            finally:
                if ours:
                    self.forget_running()

    @contextmanager
    def used(self) -> Iterator[None]:
        with self._locked("users.lock", fcntl.LOCK_SH):
            yield

    def wait_for_users(self) -> None:
        with self._locked("users.lock", fcntl.LOCK_EX):
            pass

    @contextmanager
    def _locked(self, name: str, mode: int) -> Iterator[bool]:
        with (self.folder / name).open("w") as file:
            try:
                fcntl.flock(file, mode)
            except BlockingIOError:
                yield False
            else:
                yield True

    def announce(self, environment: dict[str, str], **facts: object) -> None:
        write_private(self._running_file, json.dumps({"environment": environment, "pid": os.getpid(), **facts}))

    def running(self) -> dict[str, Any] | None:
        """What the owner announced; None before it did so, or where there is none."""
        try:
            facts: dict[str, Any] = json.loads(self._running_file.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        return facts

    def forget_running(self) -> None:
        self._running_file.unlink(missing_ok=True)

    @property
    def _running_file(self) -> Path:
        return self.folder / "running.json"


def _new_secrets() -> dict[str, str]:
    return {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "FIELD_ENCRYPTION_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "SEARCH_HASH_KEY": secrets.token_urlsafe(32),
        "server_password": secrets.token_urlsafe(24),
    }


def write_private(path: Path, text: str, account: str | None = None) -> None:
    """Write a file that one account alone can read."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    if account:
        os.chown(draft, *processes.ids(account))
    draft.replace(path)
