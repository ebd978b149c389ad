"""A Chromium for the browser tests: on PATH, else Playwright's own, else the distribution's package.

python -m mdt_portal.native.browser      finds one, or installs one
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from mdt_portal.native.console import CannotGoOn, say, stop

ON_PATH = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = ["chromium", "fonts-wqy-microhei", "fonts-liberation"]  # Chinese glyphs; Latin ones with a bold
DRIVER_NEEDS = ["libatomic1"]  # by Playwright's driver; a minimal Debian lacks it
ARGUMENTS = [
    "--no-sandbox",  # Chromium's own sandbox does not work for root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


def find() -> Path:
    """The browser's program; raises with the command to run where there is none."""
    found = _on_path() or _playwrights_own()
    if found:
        return found
    raise CannotGoOn(
        "The browser tests need Chromium, and none was found.\n"
        "  Install one: .venv/bin/playwright install --with-deps chromium\n"
        f"  or, on Debian: apt-get install {' '.join(CHROMIUM)}"
    )


def find_or_install() -> Path:
    if not _driver_runs():
        say(f"Playwright's driver does not run; installing {' '.join(DRIVER_NEEDS)}")
        if not (_install_packages(DRIVER_NEEDS) and _driver_runs()):
            needs = f"on Debian: apt-get install {' '.join(DRIVER_NEEDS)}"
            raise CannotGoOn(
                f"Playwright's driver does not run here (.venv/bin/playwright --version says why);\n  {needs}"
            )
    found = _on_path() or _playwrights_own() or _download() or _packaged()
    return found or find()


def _driver_runs() -> bool:
    return _succeeds([sys.executable, "-m", "playwright", "--version"])


def _on_path() -> Path | None:
    return next((Path(path) for name in ON_PATH if (path := shutil.which(name)) and _runs(Path(path))), None)


def _playwrights_own() -> Path | None:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - installed for tests only

    with sync_playwright() as playwright:
        program = Path(playwright.chromium.executable_path)
    return program if program.exists() and _runs(program) else None


def _download() -> Path | None:
    say("No Chromium on PATH; trying Playwright's download")
    _succeeds([sys.executable, "-m", "playwright", "install", "chromium"])
    return _playwrights_own()


def _packaged() -> Path | None:
    say(f"Playwright's download failed; installing the packages {' and '.join(CHROMIUM)}")
    return _on_path() if _install_packages(CHROMIUM) else None


def _install_packages(names: list[str]) -> bool:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *names]
    # The list of packages may be missing or old.
    return _succeeds(install) or (_succeeds(["apt-get", "update"]) and _succeeds(install))


def _succeeds(command: list[str]) -> bool:
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0


def _runs(program: Path) -> bool:
    try:
        return subprocess.run([program, "--version"], capture_output=True, timeout=30, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


if __name__ == "__main__":
    try:
        print(f"✓ Browser: {find_or_install()}")
    except CannotGoOn as error:
        stop(error)
