"""`manage.py import_experts FILE [--dry-run]`: people from a table, or all that is wrong with it."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from experts.roster import people_import
from mdt_portal.tables import handed_in


class Command(BaseCommand):
    help = "Take people in from a table (CSV or XLSX). Reports all mistakes at once, and then writes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        handed_in.add_arguments(parser)
        parser.add_argument("--dry-run", action="store_true", help="say what would change, write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["file"])
        given = handed_in.content(path)
        found = people_import.read(given, by=None, encoding=options["encoding"])
        handed_in.tell(self, found.sheet)
        if found.mistakes:
            lines = [f"{path}:{one.line}: {one.column}: {one.sentence}" for one in found.mistakes]
            lines.append(_("%(count)d mistakes; nothing was written.") % {"count": len(found.mistakes)})
            raise CommandError("\n".join(lines))
        if not options["dry_run"]:
            found = people_import.take_in(given, by=None, encoding=options["encoding"])
        counts = {"new": len(found.new), "changed": len(found.changed), "left": found.left}
        self.stdout.write(_("%(new)d new people, %(changed)d changed, %(left)d left as they are.") % counts)
