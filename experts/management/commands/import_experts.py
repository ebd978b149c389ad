"""`manage.py import_experts FILE [--dry-run]`: people from a CSV file, or all that is wrong with it."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from experts.roster import people_import
from mdt_portal.errors import DomainError


class Command(BaseCommand):
    help = "Take people in from a CSV file (UTF-8 or GBK). Reports all mistakes at once, and then writes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file")
        parser.add_argument("--dry-run", action="store_true", help="say what would change, write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["file"])
        try:
            text = people_import.decode(path.read_bytes())
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from error
        except DomainError as error:
            raise CommandError(f"{path}: {error.message}") from error
        found = people_import.read(text, by=None)
        if found.mistakes:
            lines = [f"{path}:{one.line}: {one.column}: {one.sentence}" for one in found.mistakes]
            lines.append(_("%(count)d mistakes; nothing was written.") % {"count": len(found.mistakes)})
            raise CommandError("\n".join(lines))
        if not options["dry_run"]:
            found = people_import.take_in(text, by=None)
        counts = {"new": len(found.new), "changed": len(found.changed), "left": found.left}
        self.stdout.write(_("%(new)d new people, %(changed)d changed, %(left)d left as they are.") % counts)
