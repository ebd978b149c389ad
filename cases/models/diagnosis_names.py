"""The hospital's own names of diagnoses, and what a code is called where people read it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property, lru_cache

from django.db import models
from django.db.models import Count, Max
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from cases.core import icd10, icd10_titles
from experts.models import Named
from mdt_portal.web import memory


class DiagnosisName(Named):
    """One line of a hospital's own code list, loaded by `load_icd10_names`. Its code may be longer than WHO's."""

    code = models.CharField(_("ICD-10 code"), max_length=20, unique=True)
    who_code = models.CharField(_("code of WHO"), max_length=8, db_index=True)
    name_en = models.CharField(_("name (English)"), max_length=240, blank=True)
    name_zh = models.CharField(_("name (Chinese)"), max_length=240, blank=True)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("name of a diagnosis")
        verbose_name_plural = _("names of diagnoses")
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class OwnNames:
    """All names of the list. Rows are (code, WHO code, English, Chinese); a name may be empty in one language."""

    def __init__(self, rows: Sequence[tuple[str, str, str, str]]) -> None:
        self.rows = rows

    @cached_property
    def by_code(self) -> dict[str, tuple[str, str]]:
        """The English and the Chinese name of a WHO code, from the line that is the code itself."""
        return {code: (name_en, name_zh) for code, who_code, name_en, name_zh in self.rows if code == who_code}

    @cached_property
    def by_raw(self) -> dict[str, tuple[str, str, str]]:
        """WHO code and names of a code as the list writes it, in capital letters."""
        return {code.upper(): (who_code, name_en, name_zh) for code, who_code, name_en, name_zh in self.rows}

    def name(self, code: str, *, raw: str = "", language: str = "en") -> str:
        """The hospital's name of the code that was sent (`raw`), else of the WHO code in which it lies; else empty."""
        who_code, *names = self.by_raw.get(raw.strip().upper(), ("", "", ""))
        chinese = language.startswith("zh")
        return (names[chinese] if who_code == code else "") or self.by_code.get(code, ("", ""))[chinese]


@memory.once_a_request
def own_names() -> OwnNames:
    """The present list; one query, unless it has changed."""
    stamp = DiagnosisName.objects.aggregate(count=Count("pk"), newest=Max("changed_at"))
    return _own_names(stamp["count"], stamp["newest"])


@lru_cache(maxsize=1)
def _own_names(_count: int, _newest: datetime | None) -> OwnNames:
    rows = DiagnosisName.objects.order_by("code").values_list("code", "who_code", "name_en", "name_zh")
    return OwnNames(list(rows))


def title(code: str, *, raw: str = "", own: OwnNames | None = None, language: str = "") -> str:
    """What a WHO code is called in the reader's language (or another): by the hospital, else by its shipped title.

    `raw` is the code as it was sent, which the hospital's list may know better. What is no code is its own title.
    """
    wanted = language or get_language() or "en"
    named = (own_names() if own is None else own).name(code, raw=raw, language=wanted)
    return named or (icd10_titles.title(code, wanted) if icd10.exists(code) else code)
