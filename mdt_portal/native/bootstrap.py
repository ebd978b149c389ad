"""Make the virtual environment and install the locked packages.

    python3 bootstrap.py requirements/native.txt

Runs before anything is installed, perhaps with an old Python: standard library and old syntax only.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
OLDEST = (3, 11)
LOCKED = ["--require-hashes", "--only-binary", ":all:", "-r"]


def main(lock_name: str) -> None:
    lock = ROOT / lock_name
    mark = VENV / ("installed-" + lock.stem)
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if PYTHON.exists() and mark.exists() and mark.read_text() == wanted:
        return
    require_python()
    make_venv()
    install(lock)
    mark.write_text(wanted)


def require_python() -> None:
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:3]))
        stop(
            "MDT Portal needs Python 3.11 or newer; {} is {}.".format(sys.executable, found),  # noqa: UP032
            "Install a newer one and name it: make run PYTHON=python3.12",
        )
    if not (importlib.util.find_spec("ensurepip") and importlib.util.find_spec("venv")):
        stop(
            "This Python has no venv or pip to make a virtual environment with.",
            "On Debian or Ubuntu: apt-get install python3-venv",
        )


def make_venv() -> None:
    if PYTHON.exists() and succeeds([PYTHON, "-c", "import pip"]):
        return
    say(f"Making the virtual environment {VENV}")
    if not succeeds([sys.executable, "-m", "venv", "--clear", VENV]):
        stop(f"The virtual environment could not be made in {VENV}.", "Is the disk full, or the folder not yours?")


def install(lock: Path) -> None:
    """With uv, in seconds; where uv does not get at the packages, with pip."""
    count = sum("==" in line for line in lock.read_text().splitlines())
    say(f"Installing {count} locked packages from {lock.name}")
    pip = [PYTHON, "-m", "pip", "install", "-qq", "--no-input", "--disable-pip-version-check"]
    uv = [PYTHON, "-m", "uv", "pip", "install", "--quiet", "--python", PYTHON]
    if succeeds([*pip, *LOCKED, alone("uv")]):
        if succeeds([*uv, *LOCKED, lock], stderr=subprocess.DEVNULL, env=os.environ | settings_of_uv()):
            return
        say("Once more with pip, which takes a minute")
    if not succeeds([*pip, *LOCKED, lock]):
        stop("The packages could not be installed (see above).", "Is a package index reachable from here?")


def settings_of_uv() -> dict[str, str]:
    """Little patience, since pip can try after it; the machine's certificates, as pip takes them; and the index and the
    certificate that pip is told of."""
    settings = {"UV_HTTP_TIMEOUT": "30", "UV_HTTP_RETRIES": "1", "UV_SYSTEM_CERTS": "1"}
    for name, asked in (("UV_DEFAULT_INDEX", "index-url"), ("SSL_CERT_FILE", "cert")):
        command = [str(PYTHON), "-m", "pip", "config", "get", "global." + asked]
        told = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
        if told := os.environ.get("PIP_" + asked.upper().replace("-", "_"), told):
            settings[name] = told
    return settings


def alone(package: str) -> Path:
    """A lock of this one package, as it stands in the lock of the tests."""
    lines = (ROOT / "requirements" / "test.txt").read_text().splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith(package + "=="))
    last = next(number for number in range(first, len(lines)) if not lines[number].endswith("\\"))
    lock = VENV / (package + ".txt")
    lock.write_text("\n".join(lines[first : last + 1]) + "\n")
    return lock


def succeeds(command: list[object], **settings: object) -> bool:
    return subprocess.run([str(part) for part in command], check=False, **settings).returncode == 0  # type: ignore[call-overload]


def say(message: str) -> None:
    print("· " + message, flush=True)


def stop(*lines: str) -> None:
    sys.exit("\n".join(("✗ " + lines[0], *("  " + line for line in lines[1:]))))


if __name__ == "__main__":
    main(sys.argv[1])
