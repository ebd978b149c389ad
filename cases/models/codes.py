"""Codes of other systems: the hospital's own map to WHO ICD-10, and what arrived without one."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class CodeMapping(models.Model):
    """One code of another system and the WHO code in which it lies, loaded from a file or entered by hand."""

    system = models.CharField(_("code system"), max_length=200)
    code = models.CharField(_("code"), max_length=80)
    display = models.CharField(_("name"), max_length=240, blank=True)
    who_code = models.CharField(_("code of WHO"), max_length=8, blank=True)
    details = models.JSONField(_("details"), default=dict, blank=True)
    source = models.CharField(_("source"), max_length=240)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("mapping of a code")
        verbose_name_plural = _("mappings of codes")
        ordering = ["system", "code"]
        constraints = [models.UniqueConstraint(fields=["system", "code"], name="code_mapped_once")]

    def __str__(self) -> str:
        return f"{self.system} {self.code} → {self.who_code or '-'}"


class UnmappedCode(models.Model):
    """A code of a diagnosis that arrived and lies in no code of WHO that we know; counted, without whose it was."""

    system = models.CharField(_("code system"), max_length=200, blank=True)
    code = models.CharField(_("code"), max_length=80)
    display = models.CharField(_("name"), max_length=240, blank=True)
    times = models.PositiveIntegerField(_("times seen"), default=0)
    last_seen_at = models.DateTimeField(_("last seen"))

    class Meta:
        verbose_name = _("code without a mapping")
        verbose_name_plural = _("codes without a mapping")
        ordering = ["-times", "system", "code"]
        constraints = [models.UniqueConstraint(fields=["system", "code"], name="unmapped_code_once")]

    def __str__(self) -> str:
        return f"{self.system} {self.code}"
