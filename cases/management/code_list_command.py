"""What the commands that take in a code list share: `FILE`, `--encoding`, `--dry-run`, and all mistakes at once."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from cases.catalogue import wording
from cases.diagnoses import code_files
from mdt_portal.tables import handed_in


class CodeListCommand(BaseCommand):
    """A list of `kind`; the sentences count its lines."""

    kind: ClassVar[code_files.Kind]
    counted: ClassVar[str | Promise]
    done: ClassVar[str | Promise]

    def add_arguments(self, parser: ArgumentParser) -> None:
        handed_in.add_arguments(parser)
        parser.add_argument("--dry-run", action="store_true", help="only say what is wrong, or how many there are")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["file"])
        found = code_files.read(self.kind, handed_in.content(path), encoding=options["encoding"])
        handed_in.tell(self, found.sheet)
        if found.mistakes:
            lines = [f"{path}: {wording.placed_text(mistake)}" for mistake in found.mistakes]
            lines.append(_("%(count)d mistakes; nothing was written.") % {"count": len(found.mistakes)})
            raise CommandError("\n".join(lines))
        if options["dry_run"]:
            self.stdout.write(str(self.counted) % {"count": len(found.rows)})
            return
        done = code_files.take_in(found, by=None)
        words = {"new": done.new, "changed": done.changed, "unchanged": done.unchanged}
        self.stdout.write(str(self.done) % words)
