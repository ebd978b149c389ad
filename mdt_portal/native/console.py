"""What the native stack says to the person who started it."""

import sys
from pathlib import Path


class CannotGoOn(Exception):
    """Set-up cannot continue; the message says why and what to do. Shown without a traceback."""


def say(message: str) -> None:
    print(f"· {message}", flush=True)


def done(message: str) -> None:
    print(f"✓ {message}", flush=True)


def stop(message: object) -> None:
    sys.exit(f"✗ {message}")


def tail(log: Path, lines: int = 8) -> str:
    """The end of a log, to be added to a message."""
    try:
        end = log.read_text(errors="replace").splitlines()[-lines:]
    except OSError:
        return ""
    return "".join(f"\n    {line}" for line in [f"{log} ends:", *end])
