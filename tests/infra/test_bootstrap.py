"""The first step of set-up, which runs with whatever Python there is."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from mdt_portal.native import bootstrap
from mdt_portal.native.workspace import ROOT

LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_lock_has_hashes_and_no_address(lock: Path):
    text = lock.read_text()
    requirements = re.findall(r"^\S.*(?:\n +--hash=sha256:[0-9a-f]{64}.*)*", text, flags=re.MULTILINE)
    assert len(requirements) > 40
    assert [line for line in requirements if "--hash=" not in line] == []
    assert "://" not in text


def test_too_old_python_is_told_so():
    program = (
        f"import runpy, sys; sys.version_info = (3, 9, 2); runpy.run_path({bootstrap.__file__!r})['require_python']()"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert "needs Python 3.11 or newer" in answer.stderr
    assert "PYTHON=" in answer.stderr


def test_unchanged_lock_installs_nothing(tmp_path, monkeypatch, capsys):
    lock = ROOT / "requirements" / "native.txt"
    venv = tmp_path / ".venv"
    venv.mkdir()
    mark = venv / "installed-native"
    mark.write_text(bootstrap.hashlib.sha256(lock.read_bytes()).hexdigest())
    monkeypatch.setattr(bootstrap, "VENV", venv)
    monkeypatch.setattr(bootstrap, "PYTHON", Path(sys.executable))
    bootstrap.main("requirements/native.txt")
    assert capsys.readouterr().out == ""


def test_a_package_is_taken_alone_from_the_lock_with_its_hashes(tmp_path, monkeypatch):
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    lines = bootstrap.alone("uv").read_text().splitlines()
    assert lines[0].startswith("uv==")
    assert len(lines) > 1
    assert all(line.strip().startswith("--hash=sha256:") for line in lines[1:])
    assert not lines[-1].endswith("\\")
