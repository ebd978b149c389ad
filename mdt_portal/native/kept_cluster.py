"""The tests' PostgreSQL cluster with the migrated database in it: made once, then copied for each run.

A copy takes less than a second, where a new cluster and all migrations take several for each process of pytest. Every
run has a copy of its own, so that two runs do not meet and none finds what another left behind. What the copy depends
on is hashed: a new migration, package or PostgreSQL makes it anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from mdt_portal.native import processes, servers, sources
from mdt_portal.native.console import CannotGoOn
from mdt_portal.native.postgres import DATABASE, Cluster
from mdt_portal.native.workspace import ROOT, Workspace

PASSWORD = "test"  # noqa: S105
TEMPLATE = DATABASE
"""The migrated database, from which each process of pytest makes its own."""
KEPT = 3
"""As many states of the migrations as one works on side by side."""


def prepare(home: Path) -> None:
    """Put a cluster with the migrated database into `home`."""
    kept = _folder() / _fingerprint()
    if not kept.exists():
        _make(home)
        _keep(home / "postgres", kept)
    else:
        kept.touch()  # the newest are kept
        _copy(kept, home / "postgres")


def _make(home: Path) -> None:
    cluster = Cluster.at(home, password=PASSWORD, log=home / "postgres.log", careless=True)
    environment = {"MDT_TESTING": "1", "DATABASE_URL": cluster.url(), "BROKER_URL": "redis://127.0.0.1:1"}
    with servers.started(servers.Servers(own=[cluster])):
        answer = subprocess.run(
            [sys.executable, "-W", "ignore", ROOT / "manage.py", "migrate", "--verbosity=0"],
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=False,
        )
    if answer.returncode:
        raise CannotGoOn(f"The migrations do not run:\n{answer.stderr[-4000:]}")


def _keep(made: Path, kept: Path) -> None:
    """Nobody sees half a copy, and a second run that made the same loses nothing."""
    draft = kept.with_name(f"{kept.name}.{os.getpid()}")
    _copy(made, draft)
    try:
        draft.rename(kept)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
    newest = sorted(kept.parent.iterdir(), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for old in newest[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


def _copy(source: Path, target: Path) -> None:
    """All files, which belong to the servers' account as before."""
    account = processes.account_for(source)
    shutil.copytree(source, target)
    if account:
        owner = processes.ids(account)
        for folder, _folders, files in os.walk(target):
            os.chown(folder, *owner)
            for name in files:
                os.chown(Path(folder) / name, *owner)
    with contextlib.suppress(FileNotFoundError):
        (target / "postmaster.pid").unlink()


def _folder() -> Path:
    folder = Workspace.default().folder / "test-clusters"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _fingerprint() -> str:
    """Of all that decides what the migrated database looks like."""
    migrations = sorted(path for path in ROOT.glob("*/migrations/*.py") if ".venv" not in path.parts)
    digest = hashlib.sha256(str(sources.postgres()).encode())
    for path in (*migrations, ROOT / "requirements" / "test.txt", Path(__file__)):
        digest.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]
