"""`manage.py unmapped_codes`: the codes that arrived and lie in no code of WHO ICD-10, the most frequent first."""

from __future__ import annotations

import csv
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from cases.diagnoses import code_maps
from cases.models import UnmappedCode


class Command(BaseCommand):
    help = (
        "List the codes of diagnoses that no map holds, as CSV that load_code_map reads once icd10 and source are "
        "filled in. The most frequent come first."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--most", type=int, default=1000, help="so many lines at most")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = UnmappedCode.objects.all()[: options["most"]]
        csv.writer(self.stdout, lineterminator="\n").writerows(code_maps.unmapped_lines(rows))
