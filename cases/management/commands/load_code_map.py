"""`manage.py load_code_map FILE.csv`: the hospital's own map of SNOMED CT or ICD-11, or everything that is wrong."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from cases.catalogue import wording
from cases.diagnoses import code_maps
from cases.diagnoses.core import code_map
from mdt_portal.tables import handed_in


class Command(BaseCommand):
    help = (
        "Load a map of codes to WHO ICD-10 (CSV or XLSX with the columns system, code, display, icd10, source). It "
        "goes before the product's own map. Reports all mistakes at once, and then writes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        handed_in.add_arguments(parser)
        parser.add_argument("--dry-run", action="store_true", help="only say what is wrong, or how many rows there are")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["file"])
        found = code_map.read(handed_in.content(path), encoding=options["encoding"])
        handed_in.tell(self, found.sheet)
        if found.mistakes:
            lines = [f"{path}: {wording.placed_text(mistake)}" for mistake in found.mistakes]
            lines.append(_("%(count)d mistakes; nothing was written.") % {"count": len(found.mistakes)})
            raise CommandError("\n".join(lines))
        if options["dry_run"]:
            self.stdout.write(_("%(count)d rows; nothing was written.") % {"count": len(found.rows)})
            return
        done = code_maps.load(found.rows, by=None)
        self.stdout.write(
            _("%(new)d new rows, %(changed)d changed, %(unchanged)d unchanged.")
            % {"new": done.new, "changed": done.changed, "unchanged": done.unchanged}
        )
