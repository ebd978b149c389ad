"""What the native stack says to the person who started it."""

import sys


class CannotGoOn(Exception):
    """Set-up cannot continue; the message says why and what to do. Shown without a traceback."""


def say(message: str) -> None:
    print(f"· {message}", flush=True)


def done(message: str) -> None:
    print(f"✓ {message}", flush=True)


def stop(message: object) -> None:
    sys.exit(f"✗ {message}")
