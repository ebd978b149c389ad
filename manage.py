#!/usr/bin/env python3
"""Django's command line for MDT Portal; finds the servers of `make run`, or starts them for one command."""

import os
import sys
from pathlib import Path

ENVIRONMENT = Path(__file__).resolve().parent / ".venv"


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mdt_portal.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        use_virtual_environment()
        raise
    from mdt_portal.native import console, servers

    try:
        with servers.for_command(sys.argv[1:]):
            execute_from_command_line(sys.argv)
    except console.CannotGoOn as error:
        console.stop(error)


def use_virtual_environment() -> None:
    """Start again with the project's own Python, where it was not the one that was called."""
    python = ENVIRONMENT / "bin" / "python"
    if Path(sys.prefix) == ENVIRONMENT:
        return
    if not python.exists():
        sys.exit("✗ The packages are not installed yet. Do that first: make run, or make install")
    os.execv(python, [str(python), *sys.argv])


if __name__ == "__main__":
    main()
