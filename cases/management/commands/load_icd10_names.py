"""`manage.py load_icd10_names FILE.csv`: the hospital's own names of diagnoses, or everything that is wrong."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cases.diagnoses import code_files
from cases.management.code_list_command import CodeListCommand


class Command(CodeListCommand):
    help = (
        "Load a code list (CSV or XLSX with the columns code, name_en, name_zh) for the search of diagnoses. "
        "Reports all mistakes at once, and then writes nothing."
    )
    kind = code_files.NAMES
    counted = _("%(count)d names; nothing was written.")
    done = _("%(new)d new names, %(changed)d changed, %(unchanged)d unchanged.")
