"""A table that is handed to a command on the server: its arguments, its bytes, and how it was read."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from mdt_portal.tables import wording
from mdt_portal.tables.core import encodings
from mdt_portal.tables.core.columns import Sheet


def add_arguments(parser: ArgumentParser, *, default: str = "") -> None:
    """`FILE` (needed unless there is a default) and `--encoding`."""
    if default:
        parser.add_argument("file", nargs="?", default=default, help="default: %(default)s")
    else:
        parser.add_argument("file")
    names = ", ".join(f"{key} ({name})" for key, name in encodings.NAMES.items())
    parser.add_argument(
        "--encoding",
        default="",
        choices=["", *encodings.NAMES],
        metavar="NAME",
        help=f"if it is not recognised: {names}",
    )


def content(path: Path) -> bytes:
    """The file's bytes. Raises CommandError where it cannot be opened."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error


def tell(command: BaseCommand, sheet: Sheet | None) -> None:
    """How the table was read, on the channel of warnings."""
    if sheet is not None and sheet.sample:
        command.stderr.write(wording.source_text(sheet))
        if rare := wording.rare_text(sheet):
            command.stderr.write(command.style.WARNING(rare))
