"""One PostgreSQL cluster of our own, on a free loopback port."""

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from mdt_portal.native import processes, sources
from mdt_portal.native.console import CannotGoOn, tail
from mdt_portal.native.processes import Child, Program
from mdt_portal.native.workspace import write_private

USER = DATABASE = "mdt"
START_TIMEOUT_S = 60
# What a crash may take from tests, it may not take from people: for tests only.
CARELESS = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    source: sources.Postgres
    home: Path
    account: str | None
    password: str
    port: int
    log: Path
    careless: bool = False

    @classmethod
    def at(cls, home: Path, *, password: str, log: Path, careless: bool = False) -> "Cluster":
        """The cluster in that folder: of the version and account that made it, if it exists."""
        return cls(
            source=sources.postgres(_major_of_data(home / "postgres")),
            home=home,
            account=processes.account_for(home / "postgres"),
            password=password,
            port=processes.free_port(),
            log=log,
            careless=careless,
        )

    @property
    def folder(self) -> Path:
        return self.home / "postgres"

    def url(self, database: str = DATABASE) -> str:
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def program(self) -> Program:
        """The server, its cluster made first where there is none."""
        binaries = self._reachable_binaries()
        if not (self.folder / "PG_VERSION").exists():
            self._create(binaries)
        _forget_dead_postmaster(self.folder)
        settings = [
            f"port={self.port}",
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",  # a socket's path may not exceed 107 characters; ours might
            "max_connections=200",
            "timezone=UTC",
            *(CARELESS if self.careless else []),
        ]
        return Program(
            name="postgres",
            argv=[binaries / "postgres", "-D", self.folder, *(word for s in settings for word in ("-c", s))],
            account=self.account,
            log=self.log,
            stop_signal=signal.SIGINT,  # PostgreSQL's fast shutdown: it does not wait for its clients
            death_signal=signal.SIGINT,
            patience_s=30,
            is_server=True,
        )

    def wait(self, child: Child) -> None:
        """Until it answers; then make sure of the database."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                connection = psycopg2.connect(self.url("postgres"), connect_timeout=5)
                break
            except psycopg2.OperationalError as error:
                if not child.alive() or time.monotonic() > deadline or "authentication failed" in str(error):
                    raise CannotGoOn(f"{self.source} did not start: {error}{tail(self.log)}") from None
                time.sleep(0.05)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
                if cursor.fetchone() is None:
                    cursor.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            connection.close()

    def _create(self, binaries: Path) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        password_file = self.home / "password"
        write_private(password_file, self.password, self.account)
        if self.account:
            os.chown(self.folder, *processes.ids(self.account))
        answer = subprocess.run(
            [
                *(binaries / "initdb", "-D", self.folder, "-U", USER, f"--pwfile={password_file}"),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--no-locale"),
                *(["--no-sync"] if self.careless else []),
            ],
            capture_output=True,
            text=True,
            check=False,
            **processes.as_account(self.account),
        )
        password_file.unlink()
        if answer.returncode:
            shutil.rmtree(self.folder)
            raise CannotGoOn(f"{self.source} could not make its data in {self.folder}:\n{answer.stderr.strip()}")

    def _reachable_binaries(self) -> Path:
        """The binaries' folder; a copy where their account may not enter it (a project below /root)."""
        binaries = self.source.bin
        if self.account is None or processes.reachable_by_others(binaries):
            return binaries
        prefix = binaries.parent
        package = self.home / f"postgres-{self.source.major}-programs" / prefix.parent.name
        copy = package / prefix.name
        if not (copy / "bin" / "postgres").exists():
            libraries = prefix.parent.with_name(prefix.parent.name + ".libs")  # a wheel keeps its libraries beside it
            if libraries.exists():
                shutil.copytree(libraries, package.with_name(libraries.name), dirs_exist_ok=True)
            shutil.copytree(prefix, copy, symlinks=True, dirs_exist_ok=True)
        return copy / "bin"


def _major_of_data(folder: Path) -> int | None:
    try:
        return int((folder / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None
    except PermissionError:
        raise CannotGoOn(f"{folder} belongs to another account. Name another folder: MDT_DATA_DIR=…") from None


def _forget_dead_postmaster(folder: Path) -> None:
    """Wait for the server of an owner that was killed; drop its mark where another program now has its number."""
    mark = folder / "postmaster.pid"
    deadline = time.monotonic() + 20
    while mark.exists():
        process = Path("/proc") / mark.read_text().split("\n", 1)[0]
        if not process.parent.exists():
            return  # no /proc here: PostgreSQL's own check must do
        try:
            ours = (process / "cwd").resolve() == folder.resolve()
        except PermissionError:
            ours = False
        if not ours:
            mark.unlink()
        elif time.monotonic() > deadline:
            raise CannotGoOn(f"Another PostgreSQL (process {process.name}) runs in {folder}. Stop it first.")
        time.sleep(0.1)
