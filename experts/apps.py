from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

REGISTERING = ("permissions",)
"""Modules that register something when they are imported: access rules, outbox handlers, numbers of the navigation."""


class ExpertsConfig(AppConfig):
    name = "experts"
    verbose_name = _("Experts and institutions")

    def ready(self) -> None:
        for module in REGISTERING:
            import_module(f"{self.name}.{module}")
