"""`manage.py unmapped_codes`: the codes that arrived and lie in no code of WHO ICD-10, the most frequent first."""

from __future__ import annotations

import csv
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from cases.models import UnmappedCode

COLUMNS = ("system", "code", "display", "icd10", "source", "times", "last_seen")


class Command(BaseCommand):
    help = (
        "List the codes of diagnoses that no map holds, as CSV that load_code_map reads once icd10 and source are "
        "filled in. The most frequent come first."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--most", type=int, default=1000, help="so many lines at most")

    def handle(self, *args: Any, **options: Any) -> None:
        table = csv.writer(self.stdout, lineterminator="\n")
        table.writerow(COLUMNS)
        for row in UnmappedCode.objects.all()[: options["most"]]:
            seen = row.last_seen_at.date().isoformat()
            table.writerow([row.system, row.code, row.display, "", "", row.times, seen])
