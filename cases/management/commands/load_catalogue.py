"""`manage.py load_catalogue FILE`: read a catalogue file into versioned rules, or say everything that is wrong."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from cases.catalogue import files, rulebook, wording
from cases.catalogue.core import vocabulary
from mdt_portal.errors import DomainError
from mdt_portal.tables import handed_in


def day(text: str) -> date:
    return date.fromisoformat(text)


class Command(BaseCommand):
    help = "Load disease rules from a file (JSON, CSV or XLSX). Reports all mistakes at once, and then writes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        handed_in.add_arguments(parser, default=str(vocabulary.CATALOGUE_FILE))
        parser.add_argument("--publish-from", type=day, metavar="DATE", help="publish new versions from this day")
        parser.add_argument(
            "--without-approval",
            default="",
            metavar="WHY",
            help="publish also what a second person must approve; the reason stands in the history of each rule",
        )
        parser.add_argument("--reason", default="", help="why there is a new version")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["file"])
        found = files.read(handed_in.content(path), encoding=options["encoding"]).file
        handed_in.tell(self, found.sheet)
        for hint in found.hints:
            self.stderr.write(self.style.WARNING(wording.placed_text(hint)))
        if found.mistakes:
            lines = [f"{path}: {wording.placed_text(mistake)}" for mistake in found.mistakes]
            lines.append(_("%(count)d mistakes; nothing was written.") % {"count": len(found.mistakes)})
            raise CommandError("\n".join(lines))
        try:
            done = rulebook.load(
                found.raw,
                by=None,
                publish_from=options["publish_from"],
                reason=options["reason"] or path.name,
                unapproved=options["without_approval"],
            )
        except DomainError as error:
            if error.code == "needs_approval":
                way = _("Leave out --publish-from and ask on the catalogue's page, or say why with --without-approval.")
                raise CommandError(f"{path}: {error.message} {way}") from error
            raise CommandError(f"{path}: {error.message}") from error
        self.stdout.write(
            _("%(new)d new rules, %(changed)d changed, %(unchanged)d unchanged; %(published)d published.")
            % {name: len(getattr(done, name)) for name in ("new", "changed", "unchanged", "published")}
        )
