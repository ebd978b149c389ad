"""`manage.py load_code_map FILE.csv`: the hospital's own map of SNOMED CT or ICD-11, or everything that is wrong."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cases.diagnoses import code_files
from cases.management.code_list_command import CodeListCommand


class Command(CodeListCommand):
    help = (
        "Load a map of codes to WHO ICD-10 (CSV or XLSX with the columns system, code, display, icd10, source). It "
        "goes before the product's own map. Reports all mistakes at once, and then writes nothing."
    )
    kind = code_files.MAP
    counted = _("%(count)d rows; nothing was written.")
    done = _("%(new)d new rows, %(changed)d changed, %(unchanged)d unchanged.")
